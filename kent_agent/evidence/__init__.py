"""Evidence: what in an issue speaks for which file and which symbol, as columns over the candidates."""
