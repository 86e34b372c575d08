"""Where layernorm's numbers go wrong, and what helps: real runs against float64. `python -m ttlearn.study` prints it."""
