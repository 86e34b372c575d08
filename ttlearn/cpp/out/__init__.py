"""Python kernels out as C++: a partial evaluator over the Python source."""
