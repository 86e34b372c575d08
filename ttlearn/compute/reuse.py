"""Element-wise operations with one operand in DST: it goes back to SrcA or SrcB, the other comes from a CB.

The result takes the DST operand's place; unlike `mul_tiles` a multiplication here does not add to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from ..errors import KernelError
from ..sim.fpu import EltwiseBinaryType
from ..sim.roles import Math, Unpack
from ..sim.waits import Role, now
from . import programs
from .eltwise import ADD, MUL, SUB, named
from .state import engine

__all__ = [
    "EltwiseBinaryReuseDestType",
    "add_reuse_dest_init",
    "add_reuse_dest_tiles",
    "binary_dest_reuse_tiles",
    "binary_dest_reuse_tiles_init",
    "mul_reuse_dest_init",
    "mul_reuse_dest_tiles",
    "sub_reuse_dest_init",
    "sub_reuse_dest_tiles",
]


class EltwiseBinaryReuseDestType(Enum):
    """Where the DST operand goes: to SrcA it is the first operand, to SrcB the second."""

    NONE = 0
    DEST_TO_SRCA = 1
    DEST_TO_SRCB = 2


def _first(call: str, reuse_dest: EltwiseBinaryReuseDestType) -> bool:
    if reuse_dest is EltwiseBinaryReuseDestType.NONE:
        raise KernelError(f"{call}: reuse_dest is NONE; say DEST_TO_SRCA or DEST_TO_SRCB, or use the two-operand call")
    return reuse_dest is EltwiseBinaryReuseDestType.DEST_TO_SRCA


def _program(call: str, op: EltwiseBinaryType, reuse_dest: EltwiseBinaryReuseDestType) -> None:
    risc, dst_first = engine(call), _first(call, reuse_dest)
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_REUSE[dst_first])
    elif isinstance(risc, Math):
        risc.configure(program=programs.reuse(op, dst_first))


def _init(op: EltwiseBinaryType) -> Callable[..., None]:
    name = f"{op.value}_reuse_dest_init"

    def init(icb: int, *, reuse_dest: EltwiseBinaryReuseDestType) -> None:
        _program(name, op, reuse_dest)

    return named(init, name, f"Program `{op.value}` with one operand in DST.")


def _tiles(op: EltwiseBinaryType) -> Callable[..., None]:
    name = f"{op.value}_reuse_dest_tiles"

    def tiles(
        in_cb_id: int, in_tile_index: int, dst_tile_index: int, *, reuse_dest: EltwiseBinaryReuseDestType
    ) -> None:
        role = now.role
        if role is Role.UNPACK:
            now.risc.unpack(in_cb_id, in_tile_index, in_cb_id, in_tile_index, name)
        elif role is Role.MATH:
            now.risc.math(dst_tile_index, name, programs.REUSE_CALL)
        elif role is not Role.PACK:
            engine(name)

    sign = {"add": "+", "sub": "-", "mul": "*"}[op.value]
    doc = f"DST[i] = DST[i] {sign} tile with DEST_TO_SRCA, tile {sign} DST[i] with DEST_TO_SRCB, as the init says."
    return named(tiles, name, doc)


add_reuse_dest_init, add_reuse_dest_tiles = _init(ADD), _tiles(ADD)
sub_reuse_dest_init, sub_reuse_dest_tiles = _init(SUB), _tiles(SUB)
mul_reuse_dest_init, mul_reuse_dest_tiles = _init(MUL), _tiles(MUL)


# ---- the older names ----------------------------------------------------------------------------------------


def binary_dest_reuse_tiles_init(
    icb0: int, *, eltwise_binary_type: EltwiseBinaryType, binary_reuse_dest: EltwiseBinaryReuseDestType
) -> None:
    """The older form of `add_reuse_dest_init` and its like."""
    _program("binary_dest_reuse_tiles_init", eltwise_binary_type, binary_reuse_dest)


def binary_dest_reuse_tiles(
    in_cb_id: int,
    in_tile_index: int,
    dst_tile_index: int,
    *,
    eltwise_binary_type: EltwiseBinaryType,
    binary_reuse_dest: EltwiseBinaryReuseDestType,
) -> None:
    """The older form of `add_reuse_dest_tiles` and its like."""
    name, role = "binary_dest_reuse_tiles", now.role
    if role is Role.UNPACK:
        now.risc.unpack(in_cb_id, in_tile_index, in_cb_id, in_tile_index, name)
    elif role is Role.MATH:
        now.risc.math(dst_tile_index, name, programs.REUSE_CALL)
    elif role is not Role.PACK:
        engine(name)
