"""The fused row-major layernorm: golden sums, the CB table, its kernels, its phases, the op."""
