"""Real C++ kernels in, real C++ kernels out."""
