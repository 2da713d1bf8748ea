"""The decoder: what surrounds an edit as numbers, the network that points and writes, and the search for edits."""
