"""Element-wise operations of two CBs: add, subtract, multiply, and their broadcasts.

An init programs UNPACK and MATH for one operation; the op then unpacks its operands (UNPACK) and runs the
program into a DST tile (MATH). PACK has no part. add and sub overwrite DST, mul adds to it. Old and new
names are the same object. Left out: DST as an operand (reuse).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..sim.fpu import BroadcastType, EltwiseBinaryType, MathFidelity
from ..sim.roles import Math, Unpack
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
    "binary_tiles_init",
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


def _init(name: str, op: EltwiseBinaryType, bcast: BroadcastType) -> Init:
    def init(icb0: int, icb1: int) -> None:
        _program(name, op, bcast)

    return named(init, name, f"Program `{op.value}`{_how(bcast)}.")


def _program(name: str, op: EltwiseBinaryType, bcast: BroadcastType, adds: bool = False, unpack: bool = True) -> None:
    risc = engine(name)
    if isinstance(risc, Unpack) and unpack:
        risc.configure(program=programs.UNPACK_AB[bcast])
    elif isinstance(risc, Math):
        high = op is EltwiseBinaryType.ELWMUL and risc.fidelity is not MathFidelity.LoFi
        risc.configure(program=programs.binary(op, bcast, high, adds))


def binary_tiles_init(
    icb0: int, icb1: int, acc_to_dest: bool = False, *, full_init: bool, eltwise_binary_type: EltwiseBinaryType
) -> None:
    """Program add, sub or mul; `acc_to_dest` adds to DST; `full_init=False` programs MATH only."""
    _program("binary_tiles_init", eltwise_binary_type, BroadcastType.NONE, acc_to_dest, full_init)


def add_init(icb0: int, icb1: int, acc_to_dest: bool = False) -> None:
    """Program `add`; with `acc_to_dest` DST += the sum."""
    _program("add_init", ADD, BroadcastType.NONE, acc_to_dest)


def sub_init(icb0: int, icb1: int, acc_to_dest: bool = False) -> None:
    """Program `sub`; with `acc_to_dest` DST += the difference."""
    _program("sub_init", SUB, BroadcastType.NONE, acc_to_dest)


def mul_init(icb0: int, icb1: int, acc_to_dest: bool = True) -> None:
    """Program `mul`, which adds to DST whatever `acc_to_dest` says."""
    _program("mul_init", MUL, BroadcastType.NONE)


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
    return named(tiles, name, doc)


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

    return named(block, name, f"`ntiles` times {op.value}_tiles, on consecutive tiles.")


F = TypeVar("F", bound=Callable[..., None])


def named(function: F, name: str, doc: str) -> F:
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

add_tiles_init, sub_tiles_init, mul_tiles_init = add_init, sub_init, mul_init
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

    return named(tiles, name, f"{op.value} with a broadcast second operand; `tBcastDim` says which.")


add_tiles_bcast, sub_tiles_bcast, mul_tiles_bcast = _bcast(ADD), _bcast(SUB), _bcast(MUL)


def bcast_init(icb0: int, icb1: int, *, op: EltwiseBinaryType, tBcastDim: BroadcastType) -> None:
    """Program `op` with a broadcast second operand."""
    _init("bcast_init", op, tBcastDim)(icb0, icb1)


def init_bcast(icb0: int, icb1: int, ocb: int, *, op: EltwiseBinaryType, tBcastDim: BroadcastType) -> None:
    """The older full start-up: `compute_kernel_hw_startup` and `bcast_init`."""
    compute_kernel_hw_startup(icb0, icb1, ocb)
    bcast_init(icb0, icb1, op=op, tBcastDim=tBcastDim)
