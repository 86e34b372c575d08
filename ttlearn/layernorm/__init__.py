"""The fused row-major layernorm and RMSNorm: golden sums, CB tables of two designs, kernels, phases, the op."""
