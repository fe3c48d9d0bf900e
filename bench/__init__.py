"""How fast: measured on real processes, in one go."""
