"""Hyperdimensional computing: the algebra alone. Nothing here knows of code, issues or repositories."""
