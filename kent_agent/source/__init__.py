"""Code as text and trees: symbols, issues, edits, diffs, history. Knows nothing of hypervectors."""
