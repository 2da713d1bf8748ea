"""The decoder: a bounded vocabulary, the network, verification in HDC space, and the search over all three."""
