"""Element-wise operations: copy, add, subtract, multiply, and their broadcasts.

An init programs UNPACK and MATH for one operation; the op then unpacks its operands (UNPACK) and runs the
program into a DST tile (MATH). PACK has no part. add and sub overwrite DST, mul adds to it. Old and new
names are the same object. Left out: DST as an operand (reuse_dest), accumulating add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..sim.fpu import BroadcastType, EltwiseBinaryType, MathFidelity
from ..sim.trisc import Math, Unpack
from ..sim.waits import Role, now
from . import programs
from .state import compute_kernel_hw_startup, engine

__all__ = [
    "BroadcastType",
    "EltwiseBinaryType",
    "add_bcast_cols_init",
    "add_bcast_cols_init_short",
    "add_bcast_rows_init",
    "add_bcast_rows_init_short",
    "add_bcast_scalar_init",
    "add_bcast_scalar_init_short",
    "add_block",
    "add_init",
    "add_tiles",
    "add_tiles_bcast",
    "add_tiles_bcast_cols",
    "add_tiles_bcast_rows",
    "add_tiles_bcast_scalar",
    "add_tiles_init",
    "bcast_init",
    "copy_block",
    "copy_init",
    "copy_tile",
    "copy_tile_init",
    "copy_tile_to_dst_init_short",
    "copy_tile_to_dst_init_short_with_dt",
    "init_bcast",
    "mul_bcast_cols_init",
    "mul_bcast_cols_init_short",
    "mul_bcast_rows_init",
    "mul_bcast_rows_init_short",
    "mul_bcast_scalar_init",
    "mul_bcast_scalar_init_short",
    "mul_block",
    "mul_init",
    "mul_tiles",
    "mul_tiles_bcast",
    "mul_tiles_bcast_cols",
    "mul_tiles_bcast_rows",
    "mul_tiles_bcast_scalar",
    "mul_tiles_init",
    "sub_bcast_cols_init",
    "sub_bcast_cols_init_short",
    "sub_bcast_rows_init",
    "sub_bcast_rows_init_short",
    "sub_bcast_scalar_init",
    "sub_bcast_scalar_init_short",
    "sub_block",
    "sub_init",
    "sub_tiles",
    "sub_tiles_bcast",
    "sub_tiles_bcast_cols",
    "sub_tiles_bcast_rows",
    "sub_tiles_bcast_scalar",
    "sub_tiles_init",
]


Init = Callable[[int, int], None]
Op = Callable[[int, int, int, int, int], None]

_U, _M, _P = Role.UNPACK, Role.MATH, Role.PACK


# ---- copy -------------------------------------------------------------------------------------------------


def copy_init(cbid: int, transpose: int = 0, transpose_within_16x16_face: bool = False) -> None:
    """Program a copy of tiles from a CB to DST."""
    risc = engine("copy_init")
    if isinstance(risc, Unpack):
        program = programs.UNPACK_TRANSPOSED if transpose else programs.UNPACK_A
        risc.conf = risc.conf._replace(program=program)
    elif isinstance(risc, Math):
        risc.conf = risc.conf._replace(program=programs.TRANSPOSE if transpose else programs.COPY)


copy_tile_init = copy_tile_to_dst_init_short = copy_init


def copy_tile_to_dst_init_short_with_dt(old_cbid: int, new_cbid: int, transpose: int = 0) -> None:
    """`copy_init` that also sets SrcA's format to the new CB's."""
    risc = engine("copy_tile_to_dst_init_short_with_dt")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(format_a=risc.ring(new_cbid, "copy_tile_to_dst_init_short_with_dt").cb.format)
    copy_init(new_cbid, transpose)


def copy_tile(in_cb_id: int, in_tile_index: int, dst_tile_index: int) -> None:
    """Tile `in_tile_index` at the front of the CB to DST tile `dst_tile_index`."""
    role = now.role
    if role is _U:
        now.risc.unpack(in_cb_id, in_tile_index, in_cb_id, in_tile_index, "copy_tile")
    elif role is _M:
        now.risc.math(dst_tile_index, "copy_tile")
    elif role is not _P:
        engine("copy_tile")


def copy_block(in_cb_id: int, start_in_tile_index: int, start_dst_tile_index: int, ntiles: int) -> None:
    """`ntiles` copies in one call, from and to consecutive tiles."""
    risc = engine("copy_block")
    if isinstance(risc, Unpack):
        page = risc.ring(in_cb_id, "copy_block").page
        risc.unpack(in_cb_id, start_in_tile_index, in_cb_id, start_in_tile_index, "copy_block")
        risc.grow(ntiles, da=page, db=page)
    elif isinstance(risc, Math):
        risc.math(start_dst_tile_index, "copy_block")
        risc.check_dst("copy_block", start_dst_tile_index + ntiles - 1)
        risc.grow(ntiles, ddst=1)


# ---- two operands -----------------------------------------------------------------------------------------


def _init(name: str, op: EltwiseBinaryType, bcast: BroadcastType) -> Init:
    multiplies = op is EltwiseBinaryType.ELWMUL

    def init(icb0: int, icb1: int) -> None:
        risc = engine(name)
        if isinstance(risc, Unpack):
            risc.conf = risc.conf._replace(program=programs.UNPACK_AB[bcast])
        elif isinstance(risc, Math):
            high = multiplies and risc.fidelity is not MathFidelity.LoFi
            risc.conf = risc.conf._replace(program=programs.binary(op, bcast, high))

    return _named(init, name, f"Program `{op.value}`{_how(bcast)}.")


def _op(name: str, op: EltwiseBinaryType, bcast: BroadcastType) -> Op:
    shapes = programs.binary_shapes(op, bcast)

    def tiles(icb0: int, icb1: int, itile0: int, itile1: int, idst: int) -> None:
        role = now.role
        if role is _U:
            now.risc.unpack(icb0, itile0, icb1, itile1, name)
        elif role is _M:
            now.risc.math(idst, name, shapes)
        elif role is not _P:
            engine(name)

    sign = {"add": "+", "sub": "-", "mul": "*"}[op.value]
    doc = f"DST[idst] {'+=' if sign == '*' else '='} icb0[itile0] {sign} icb1[itile1]{_how(bcast)}."
    return _named(tiles, name, doc)


def _block(name: str, op: EltwiseBinaryType) -> Callable[[int, int, int, int, int, int], None]:
    shapes = programs.binary_shapes(op, BroadcastType.NONE)

    def block(icb0: int, icb1: int, start_itile0: int, start_itile1: int, start_idst: int, ntiles: int) -> None:
        risc = engine(name)
        if isinstance(risc, Unpack):
            risc.unpack(icb0, start_itile0, icb1, start_itile1, name)
            risc.grow(ntiles, da=risc.ring(icb0, name).page, db=risc.ring(icb1, name).page)
        elif isinstance(risc, Math):
            risc.math(start_idst, name, shapes)
            risc.check_dst(name, start_idst + ntiles - 1)
            risc.grow(ntiles, ddst=1)

    return _named(block, name, f"`ntiles` times {op.value}_tiles, on consecutive tiles.")


F = TypeVar("F", bound=Callable[..., None])


def _named(function: F, name: str, doc: str) -> F:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _how(bcast: BroadcastType) -> str:
    return {
        BroadcastType.NONE: "",
        BroadcastType.ROW: ", with row 0 of the second operand for all rows",
        BroadcastType.COL: ", with column 0 of the second operand for all columns",
        BroadcastType.SCALAR: ", with element [0, 0] of the second operand for all",
    }[bcast]


ADD, SUB, MUL = EltwiseBinaryType.ELWADD, EltwiseBinaryType.ELWSUB, EltwiseBinaryType.ELWMUL
NONE, ROW, COL, SCALAR = BroadcastType.NONE, BroadcastType.ROW, BroadcastType.COL, BroadcastType.SCALAR

add_init = add_tiles_init = _init("add_init", ADD, NONE)
sub_init = sub_tiles_init = _init("sub_init", SUB, NONE)
mul_init = mul_tiles_init = _init("mul_init", MUL, NONE)
add_tiles = _op("add_tiles", ADD, NONE)
sub_tiles = _op("sub_tiles", SUB, NONE)
mul_tiles = _op("mul_tiles", MUL, NONE)
add_block = _block("add_block", ADD)
sub_block = _block("sub_block", SUB)
mul_block = _block("mul_block", MUL)

add_bcast_rows_init = add_bcast_rows_init_short = _init("add_bcast_rows_init", ADD, ROW)
add_bcast_cols_init = add_bcast_cols_init_short = _init("add_bcast_cols_init", ADD, COL)
add_bcast_scalar_init = add_bcast_scalar_init_short = _init("add_bcast_scalar_init", ADD, SCALAR)
sub_bcast_rows_init = sub_bcast_rows_init_short = _init("sub_bcast_rows_init", SUB, ROW)
sub_bcast_cols_init = sub_bcast_cols_init_short = _init("sub_bcast_cols_init", SUB, COL)
sub_bcast_scalar_init = sub_bcast_scalar_init_short = _init("sub_bcast_scalar_init", SUB, SCALAR)
mul_bcast_rows_init = mul_bcast_rows_init_short = _init("mul_bcast_rows_init", MUL, ROW)
mul_bcast_cols_init = mul_bcast_cols_init_short = _init("mul_bcast_cols_init", MUL, COL)
mul_bcast_scalar_init = mul_bcast_scalar_init_short = _init("mul_bcast_scalar_init", MUL, SCALAR)

add_tiles_bcast_rows = _op("add_tiles_bcast_rows", ADD, ROW)
add_tiles_bcast_cols = _op("add_tiles_bcast_cols", ADD, COL)
add_tiles_bcast_scalar = _op("add_tiles_bcast_scalar", ADD, SCALAR)
sub_tiles_bcast_rows = _op("sub_tiles_bcast_rows", SUB, ROW)
sub_tiles_bcast_cols = _op("sub_tiles_bcast_cols", SUB, COL)
sub_tiles_bcast_scalar = _op("sub_tiles_bcast_scalar", SUB, SCALAR)
mul_tiles_bcast_rows = _op("mul_tiles_bcast_rows", MUL, ROW)
mul_tiles_bcast_cols = _op("mul_tiles_bcast_cols", MUL, COL)
mul_tiles_bcast_scalar = _op("mul_tiles_bcast_scalar", MUL, SCALAR)


def _bcast(op: EltwiseBinaryType) -> Callable[..., None]:
    name, shapes = f"{op.value}_tiles_bcast", {dim: programs.binary_shapes(op, dim) for dim in BroadcastType}

    def tiles(icb0: int, icb1: int, itile0: int, itile1: int, idst: int, *, tBcastDim: BroadcastType) -> None:
        role = now.role
        if role is _U:
            now.risc.unpack(icb0, itile0, icb1, itile1, name)
        elif role is _M:
            now.risc.math(idst, name, shapes[tBcastDim])
        elif role is not _P:
            engine(name)

    return _named(tiles, name, f"{op.value} with a broadcast second operand; `tBcastDim` says which.")


add_tiles_bcast, sub_tiles_bcast, mul_tiles_bcast = _bcast(ADD), _bcast(SUB), _bcast(MUL)


def bcast_init(icb0: int, icb1: int, *, op: EltwiseBinaryType, tBcastDim: BroadcastType) -> None:
    """Program `op` with a broadcast second operand."""
    _init("bcast_init", op, tBcastDim)(icb0, icb1)


def init_bcast(icb0: int, icb1: int, ocb: int, *, op: EltwiseBinaryType, tBcastDim: BroadcastType) -> None:
    """The older full start-up: `compute_kernel_hw_startup` and `bcast_init`."""
    compute_kernel_hw_startup(icb0, icb1, ocb)
    bcast_init(icb0, icb1, op=op, tBcastDim=tBcastDim)
