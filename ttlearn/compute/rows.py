"""Between sticks and tiles: tilize, untilize, pack_untilize.

The block calls move no CB counter: the caller waits, reserves, pushes and pops. They take their own DST
sections inside, so they must not stand between tile_regs_acquire and tile_regs_release. Left out:
narrow and dense rows, fast_tilize's own timing (it is tilize here).
"""

from __future__ import annotations

from ..errors import KernelError, Violation
from ..kernel import integer
from ..sim.formats import Format
from ..sim.roles import Math, Pack, Unpack
from ..sim.trisc import Trisc
from ..sim.work import Kind, Shape, Work
from . import programs
from .copy import copy_init
from .state import cb_format, engine

__all__ = [
    "fast_tilize_block",
    "fast_tilize_init",
    "fast_tilize_uninit",
    "pack_untilize_block",
    "pack_untilize_dest",
    "pack_untilize_dest_init",
    "pack_untilize_init",
    "pack_untilize_uninit",
    "tilize_block",
    "tilize_init",
    "tilize_uninit",
    "untilize_block",
    "untilize_init",
    "untilize_uninit",
]


def _alone(risc: Trisc, call: str) -> None:
    if isinstance(risc, (Math, Pack)) and risc.open and risc.strict:
        raise Violation(
            f"{call} takes its DST sections itself: it must not stand between tile_regs_acquire() and "
            "tile_regs_release(); close the section first"
        )


def _rows_need(risc: Trisc, call: str, cb: int, instead: str) -> None:
    """Rows are of bf16 or fp32; the kernel library asserts it (W, tilize_helpers.inl, untilize_helpers.inl)."""
    if cb_format(risc, cb, call) is Format.BFLOAT8_B:
        raise KernelError(
            f"{call}: c_{cb} holds bfloat8_b, in which the 16 elements of a face's row share an exponent, so it has no "
            f"row-major form; {instead}"
        )


_SAY_IN = "keep the sticks in tt.bfloat16 or tt.float32 and give the tiles' CB tt.bfloat8_b"
_SAY_OUT = "give the rows' CB tt.bfloat16 or tt.float32 (its tiles may be tt.bfloat8_b)"


def _run(risc: Trisc, kind: Kind, call: str, n: int, own: bool) -> Work:
    """One block entry of n tiles, issued by the kernel's line."""
    work = risc.put(kind, 2, risc.conf, call)  # type: ignore[attr-defined]
    work.n, work.per = n, int(own)
    risc.t += (n - 1) * risc.cost
    if kind is not Kind.PACK and work.conf.program is not None:
        program = work.conf.program
        per_run = (program.gives_a, program.gives_b) if kind is Kind.UNPACK else (program.takes_a, program.takes_b)
        work.halves = Shape(2 if call == "tilize_block" and kind is Kind.UNPACK else 1).of(per_run)
    return work


# ---- tilize -----------------------------------------------------------------------------------------------


def tilize_init(icb: int, block: int, ocb: int) -> None:
    """Program tilize for sticks that are `block` tiles wide."""
    risc = engine("tilize_init")
    _rows_need(risc, "tilize_init", icb, _SAY_IN)
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_TILIZE, rows=True, block=block)
    elif isinstance(risc, Math):
        risc.configure(program=programs.COPY)
    elif isinstance(risc, Pack):
        risc.configure(untilize=False)


def tilize_block(icb: int, block: int, ocb: int, input_tile_index: int = 0, output_tile_index: int = 0) -> None:
    """32 sticks of `block` tiles at the front of `icb` to `block` tile pages at the back of `ocb`."""
    risc = engine("tilize_block")
    _rows_need(risc, "tilize_block", icb, _SAY_IN)
    _alone(risc, "tilize_block")
    if integer("tilize_block", "block", block) == 0:
        raise KernelError("tilize_block: block is 0; give the width of the sticks in tiles")
    if isinstance(risc, Unpack):
        ring = risc.ring(icb, "tilize_block")
        tile_row, tile = divmod(input_tile_index, block)
        offset = (tile_row * block * 32 + tile) * 32 * ring.cb.format.itemsize
        work = _run(risc, Kind.UNPACK, "tilize_block", block, own=False)
        work.a = work.b = ring.rd + offset
        work.da = work.db = ring.cb.format.tile_bytes
    elif isinstance(risc, Math):
        _run(risc, Kind.MATH, "tilize_block", block, own=True)
    elif isinstance(risc, Pack):
        ring = risc.ring(ocb, "tilize_block")
        work = _run(risc, Kind.PACK, "tilize_block", block, own=True)
        work.a, work.da = ring.wr + output_tile_index * ring.page, ring.page


def tilize_uninit(icb: int, ocb: int) -> None:
    """Let the unpacker read whole tiles again. The program itself stays: the next op needs its own init."""
    risc = engine("tilize_uninit")
    if isinstance(risc, Unpack):
        risc.configure(rows=False)


fast_tilize_init, fast_tilize_block = tilize_init, tilize_block


def fast_tilize_uninit(icb: int, ocb: int, full_dim: int = 1) -> None:
    """As `tilize_uninit`."""
    tilize_uninit(icb, ocb)


# ---- untilize by the unpacker -----------------------------------------------------------------------------


def untilize_init(icb: int) -> None:
    """Program untilize in the unpacker (deprecated; pack_untilize is faster)."""
    risc = engine("untilize_init")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_UNTILIZE)
    elif isinstance(risc, Math):
        risc.configure(program=programs.COPY)


def untilize_block(icb: int, full_ct_dim: int, ocb: int, *, block_ct_dim: int = 1) -> None:
    """`full_ct_dim` tiles at the front of `icb` to 32 row-major rows at the back of `ocb`."""
    risc = engine("untilize_block")
    _rows_need(risc, "untilize_block", ocb, _SAY_OUT)
    _alone(risc, "untilize_block")
    if isinstance(risc, Unpack):
        ring = risc.ring(icb, "untilize_block")
        work = _run(risc, Kind.UNPACK, "untilize_block", full_ct_dim, own=False)
        work.a, work.da, work.b, work.db = ring.rd, ring.page, ring.rd, ring.page
    elif isinstance(risc, Math):
        _run(risc, Kind.MATH, "untilize_block", full_ct_dim, own=True)
    elif isinstance(risc, Pack):
        ring = risc.ring(ocb, "untilize_block")
        work = _run(risc, Kind.PACK, "untilize_block", full_ct_dim, own=True)
        work.a, work.da = ring.wr, ring.page


def untilize_uninit(icb: int) -> None:
    """End of untilize."""
    engine("untilize_uninit")


# ---- untilize by the packer -------------------------------------------------------------------------------


def _check_block(risc: Math | Pack, call: str, block: int, full: int) -> None:
    if full % block:
        raise KernelError(
            f"{call}: full_ct_dim {full} is no multiple of block_ct_dim {block}; choose a divisor of {full}"
        )
    if block > risc.limit and risc.strict:
        raise Violation(
            f"{call}: block_ct_dim {block} is more than a DST section holds ({risc.limit} tiles): the chip does not "
            f"check this and corrupts data; use a divisor of {full} that is at most {risc.limit} and loop over the blocks"
        )


def pack_untilize_init(icb: int, ocb: int, *, block_ct_dim: int = 8, full_ct_dim: int | None = None) -> None:
    """Program the packer to write row-major rows, `full_ct_dim` tiles wide, in blocks of `block_ct_dim` tiles."""
    engine("pack_untilize_init")
    copy_init(icb)
    pack_untilize_dest_init(ocb, block_ct_dim=block_ct_dim, full_ct_dim=full_ct_dim)


def pack_untilize_dest_init(ocb: int, *, block_ct_dim: int = 8, full_ct_dim: int | None = None) -> None:
    """The packer's part of `pack_untilize_init`, for tiles that are in DST already."""
    risc = engine("pack_untilize_dest_init")
    _rows_need(risc, "pack_untilize_init", ocb, _SAY_OUT)
    if isinstance(risc, Pack):
        full = full_ct_dim or block_ct_dim
        _check_block(risc, "pack_untilize_init", block_ct_dim, full)
        risc.configure(format=cb_format(risc, ocb, "pack_untilize_init"), untilize=True, block=block_ct_dim, full=full)


def pack_untilize_block(
    icb: int,
    block_rt_dim: int,
    ocb: int,
    block_c_index: int = 0,
    *,
    block_ct_dim: int = 8,
    full_ct_dim: int | None = None,
) -> None:
    """Tiles 0 … block_ct_dim-1 at the front of `icb` to 32 rows at the back of `ocb`, as column block `block_c_index`.

    With block_rt_dim above 1 the chip repeats the same block, and so does this.
    """
    risc = engine("pack_untilize_block")
    _alone(risc, "pack_untilize_block")
    full = full_ct_dim or block_ct_dim
    for _ in range(block_rt_dim):
        if isinstance(risc, Unpack):
            ring = risc.ring(icb, "pack_untilize_block")
            work = _run(risc, Kind.UNPACK, "pack_untilize_block", block_ct_dim, own=False)
            work.a, work.da, work.b, work.db = ring.rd, ring.page, ring.rd, ring.page
        elif isinstance(risc, Math):
            _check_block(risc, "pack_untilize_block", block_ct_dim, full)
            risc.mark(Kind.ACQUIRE, 1, risc.conf)
            for first in range(0, block_ct_dim, risc.limit):  # beyond the section the chip writes over its start
                work = _run(risc, Kind.MATH, "pack_untilize_block", min(risc.limit, block_ct_dim - first), own=False)
                work.ddst = 1
            risc.mark(Kind.COMMIT, 1, risc.conf)
        elif isinstance(risc, Pack):
            risc.mark(Kind.WAIT, 1)
            _pack_rows(risc, "pack_untilize_block", ocb, block_ct_dim, block_c_index, 0)
            risc.mark(Kind.RELEASE, 1)


def pack_untilize_dest(
    ocb: int,
    block_rt_dim: int = 1,
    block_c_index: int = 0,
    tile_dst_rt_offset: int = 0,
    *,
    block_ct_dim: int = 8,
    full_ct_dim: int | None = None,
) -> None:
    """DST tiles 0 … block_ct_dim-1 to 32 rows at the back of `ocb`; inside wait … release."""
    risc = engine("pack_untilize_dest")
    if isinstance(risc, Pack):
        _check_block(risc, "pack_untilize_dest", block_ct_dim, full_ct_dim or block_ct_dim)
        if not risc.open:
            risc.check_dst("pack_untilize_dest", 0)
        for r in range(block_rt_dim):
            first = (tile_dst_rt_offset + r) * block_ct_dim
            _pack_rows(risc, "pack_untilize_dest", ocb, block_ct_dim, block_c_index, first)


def _pack_rows(risc: Pack, call: str, ocb: int, block: int, block_index: int, first: int) -> None:
    ring = risc.ring(ocb, call)
    _rows_need(risc, call, ocb, _SAY_OUT)
    width = 32 * ring.cb.format.itemsize
    start = ring.wr + block_index * block * width
    for done in range(0, block, risc.limit):
        work = risc.put(Kind.PACK, 2, risc.conf, call)
        work.n = min(risc.limit, block - done)
        work.a, work.da, work.dst, work.ddst = start + done * width, width, first, 1
        work.b = ring.wr


def pack_untilize_uninit(ocb: int) -> None:
    """Let the packer write whole tiles again."""
    risc = engine("pack_untilize_uninit")
    if isinstance(risc, Pack):
        risc.configure(format=cb_format(risc, ocb, "pack_untilize_uninit"), untilize=False)
