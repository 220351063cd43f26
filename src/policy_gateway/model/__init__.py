"""The nouns: frozen, without I/O, clock or randomness. Everything above speaks in these words."""
