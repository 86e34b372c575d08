"""One operand to DST: tiles as they are, or a row, a column or an element of a tile for all of it.

An fp32 tile loses its low 13 bits on its way through SrcA, unless its CB is UnpackToDestFp32. Left out: transposing
within a face alone.
"""

from __future__ import annotations

from ..errors import KernelError
from ..sim.fpu import BroadcastType
from ..sim.roles import Math, Unpack
from ..sim.waits import Role, now
from . import programs
from .state import engine

__all__ = [
    "copy_block",
    "copy_init",
    "copy_tile",
    "copy_tile_init",
    "copy_tile_to_dst_init_short",
    "copy_tile_to_dst_init_short_with_dt",
    "dummy_unpack",
    "unary_bcast",
    "unary_bcast_init",
    "unary_bcast_uninit",
]

_U, _M, _P = Role.UNPACK, Role.MATH, Role.PACK
_BCAST = {dim: programs.unary_bcast(dim) for dim in programs.UNPACK_BCAST}


def copy_init(cbid: int, transpose: int = 0, transpose_within_16x16_face: bool = False) -> None:
    """Program a copy of tiles from a CB to DST."""
    risc = engine("copy_init")
    if isinstance(risc, Unpack):
        program = programs.UNPACK_TO_DEST if risc.ring(cbid, "copy_init").cb.to_dest else programs.UNPACK_A
        risc.configure(program=programs.UNPACK_TRANSPOSED if transpose else program)
    elif isinstance(risc, Math):
        risc.configure(program=programs.TRANSPOSE if transpose else programs.COPY)


copy_tile_init = copy_tile_to_dst_init_short = copy_init


def copy_tile_to_dst_init_short_with_dt(old_cbid: int, new_cbid: int, transpose: int = 0) -> None:
    """`copy_init` that also sets SrcA's format to the new CB's."""
    risc = engine("copy_tile_to_dst_init_short_with_dt")
    if isinstance(risc, Unpack):
        risc.configure(format_a=risc.ring(new_cbid, "copy_tile_to_dst_init_short_with_dt").cb.format)
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


def dummy_unpack(cb_id: int) -> None:
    """Nothing on these chips but a flush of SrcA for debugging, which is left out."""
    engine("dummy_unpack")


# ---- broadcasts -------------------------------------------------------------------------------------------


def _broadcasts(call: str, bcast_type: BroadcastType) -> None:
    if bcast_type not in _BCAST:
        raise KernelError(f"{call}(bcast_type={bcast_type}): nothing to broadcast; use copy_init and copy_tile")


def unary_bcast_init(icb: int, *, bcast_type: BroadcastType) -> None:
    """Program a copy of row 0 to all rows, of column 0 to all columns, or of element [0, 0] to all."""
    risc = engine("unary_bcast_init")
    _broadcasts("unary_bcast_init", bcast_type)
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_BCAST[bcast_type])
    elif isinstance(risc, Math):
        risc.configure(program=_BCAST[bcast_type][0])


def unary_bcast(icb: int, in_tile_index: int, dst_tile_index: int, *, bcast_type: BroadcastType) -> None:
    """DST[dst_tile_index] = icb[in_tile_index], broadcast as `unary_bcast_init` says. The tile goes through SrcB."""
    _broadcasts("unary_bcast", bcast_type)
    role = now.role
    if role is _U:
        now.risc.unpack(icb, in_tile_index, icb, in_tile_index, "unary_bcast")
    elif role is _M:
        now.risc.math(dst_tile_index, "unary_bcast", _BCAST[bcast_type][1])
    elif role is not _P:
        engine("unary_bcast")


def unary_bcast_uninit(icb: int, *, bcast_type: BroadcastType) -> None:
    """End of `unary_bcast`: nothing to undo on Wormhole."""
    engine("unary_bcast_uninit")
