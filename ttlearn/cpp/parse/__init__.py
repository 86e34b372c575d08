"""C++ text to Python text, one construct a file."""
