"""Counting pages without running: sums over loops, kept as polynomials in the kernel's own names."""
