"""The math thread's arithmetic bit for bit: what `fpu` offers, under the same names, with every rounding of the chip."""

from ..fpu import to_source, transpose_wh
from .dots import matmul_accumulate, reduce_accumulate
from .eltwise import eltwise
from .numbers import from_l1

__all__ = ["eltwise", "from_l1", "matmul_accumulate", "reduce_accumulate", "to_source", "transpose_wh"]
