"""Simple edits: one term in one of a function's slots, and how likely that is, all of them compared at once."""
