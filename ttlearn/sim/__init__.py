"""The chip: clocks, memory, NOC, circular buffers and the Tensix engine."""
