"""The two models of the math thread's arithmetic, under the names that a program chooses by.

"float": float32 arithmetic on the operands' kept bits (fpu). "exact": every rounding of the chip (exact).
"""

from __future__ import annotations

from typing import Protocol

from . import exact, fpu
from .formats import Floats
from .fpu import BroadcastType, EltwiseBinaryType, MathFidelity, PoolType, ReduceDim


class Arithmetic(Protocol):
    """What the math programs call; the functions are described in `fpu`."""

    def from_l1(self, x: Floats, /) -> Floats: ...

    def to_source(self, x: Floats, fp32_dest: bool, /) -> Floats: ...

    def eltwise(
        self,
        op: EltwiseBinaryType,
        a: Floats,
        b: Floats,
        bcast: BroadcastType,
        fidelity: MathFidelity,
        fp32_dest: bool,
        dst: Floats | None = None,
        /,
    ) -> Floats: ...

    def matmul_accumulate(
        self, dst: Floats, a: Floats, b: Floats, fp32_dest: bool, fidelity: MathFidelity, /
    ) -> Floats: ...

    def reduce_accumulate(
        self,
        pool: PoolType,
        dim: ReduceDim,
        dst: Floats | None,
        a: Floats,
        scaler: Floats,
        fp32_dest: bool,
        fidelity: MathFidelity,
        /,
    ) -> Floats: ...


ARITHMETIC: dict[str, Arithmetic] = {"float": fpu, "exact": exact}
