"""The helper library: whole phases as one call, with every wait and pop in the open.

Written with `ttlearn.compute` calls only (and `ttlearn.dataflow` for the scaler), like kernel_lib of TT-Metal,
whose policies these are. C++ template arguments come first. Each helper sets the formats it needs, programs
its operation and takes its marks off again. Left out: SFPU reductions.
"""

from .accumulate import reduce_accumulate
from .binary import InputPolicy, OutputPolicy, binary, square
from .reduce import PostOp, ReduceInputPolicy, reduce
from .rows import WaitMode, dest_block, tilize, untilize
from .scaler import calculate_and_prepare_reduce_scaler, prepare_reduce_scaler, prepare_scalar_tile

__all__ = [
    "InputPolicy",
    "OutputPolicy",
    "PostOp",
    "ReduceInputPolicy",
    "WaitMode",
    "binary",
    "calculate_and_prepare_reduce_scaler",
    "dest_block",
    "prepare_reduce_scaler",
    "prepare_scalar_tile",
    "reduce",
    "reduce_accumulate",
    "square",
    "tilize",
    "untilize",
]
