"""What a kernel prints of its CBs: parts of a tile, and a CB's record. For data movement and compute alike.

`DPRINT("{}\\n", TileSlice(cb, tile, SliceRange(0, 4, 1, 0, 4, 1)))` shows what lies in L1 at that moment: between wait and
pop at the front, between reserve and push at the back. A TRISC runs ahead of its engine, so what PACK has only just packed
is seen by whoever waits for it, not by PACK. Names and limits are the chip's (api/debug/dprint_tile.h, dump.h, W); numbers
are written with six digits. Left out: block formats, tiles by L1 address.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import KernelError
from ..kernel import DPRINT, integer, running
from ..sim import bfp8
from ..sim.formats import Format, bf16_values
from ..sim.sched import Risc
from ..sim.tile import TILE, index
from ..sim.waits import Role
from .interface import LocalCBInterface

__all__ = [
    "TSLICE_INPUT_CB",
    "TSLICE_OUTPUT_CB",
    "TSLICE_RD_PTR",
    "TSLICE_WR_PTR",
    "SliceRange",
    "TileSlice",
    "debug_dump_cb",
]

TSLICE_INPUT_CB, TSLICE_OUTPUT_CB = True, False  # the format is the CB's own either way
TSLICE_RD_PTR, TSLICE_WR_PTR = True, False


@dataclass(frozen=True)
class SliceRange:
    """Rows h0 to h1 in steps of hs, columns w0 to w1 in steps of ws, as in numpy's [h0:h1:hs, w0:w1:ws]."""

    h0: int
    h1: int
    hs: int
    w0: int
    w1: int
    ws: int

    def __post_init__(self) -> None:
        for letter, first, last, step in (("h", self.h0, self.h1, self.hs), ("w", self.w0, self.w1, self.ws)):
            if not (0 <= first <= last <= TILE and step > 0):
                raise KernelError(
                    f"SliceRange: {letter}0={first}, {letter}1={last}, {letter}s={step}; a tile has rows and columns 0 to "
                    f"{TILE - 1}, so give 0 <= {letter}0 <= {letter}1 <= {TILE} and a step of at least 1"
                )

    @property
    def rows(self) -> range:
        return range(self.h0, self.h1, self.hs)

    @property
    def columns(self) -> range:
        return range(self.w0, self.w1, self.ws)

    @staticmethod
    def hw0_32_16() -> SliceRange:
        """Every 16th row and column."""
        return SliceRange(0, 32, 16, 0, 32, 16)

    @staticmethod
    def hw0_32_8() -> SliceRange:
        """Every 8th row and column."""
        return SliceRange(0, 32, 8, 0, 32, 8)

    @staticmethod
    def hw0_32_4() -> SliceRange:
        """Every 4th row and column."""
        return SliceRange(0, 32, 4, 0, 32, 4)

    @staticmethod
    def h0_w0_32() -> SliceRange:
        """The first row."""
        return SliceRange(0, 1, 1, 0, 32, 1)

    @staticmethod
    def h0_32_w0() -> SliceRange:
        """The first column."""
        return SliceRange(0, 32, 1, 0, 1, 1)

    @staticmethod
    def h0_32_w1() -> SliceRange:
        """The second column."""
        return SliceRange(0, 32, 1, 1, 2, 1)

    @staticmethod
    def hw041() -> SliceRange:
        """The top left 4 x 4."""
        return SliceRange(0, 4, 1, 0, 4, 1)


class TileSlice:
    """Part of tile `tile_idx`, counted from this RISC's pointer into `cb`, as it is now; `DPRINT` writes it row by row.

    BRISC and UNPACK take the front, NCRISC and PACK the back. As in C++ the rest differs: on a data-movement RISC
    (cb_type, ptr_type, endl_rows, print_untilized), in a compute kernel (endl_rows, print_untilized).
    `print_untilized=False` takes the elements in the order in which they lie. At most MAX_BYTES are shown.
    """

    def __init__(
        self, cb: int, tile_idx: int, slice_range: SliceRange, *more: bool, MAX_BYTES: int = 64, **named: bool
    ) -> None:
        risc: Risc = running("TileSlice")
        names = ["cb_type", "ptr_type"] * (risc.role is Role.MOVER) + ["endl_rows", "print_untilized"]
        if len(more) > len(names) or not set(named) <= set(names[len(more) :]):
            raise KernelError(f"TileSlice takes, on {risc.label}, (cb, tile_idx, slice_range, {', '.join(names)})")
        given = {**dict(zip(names, more, strict=False)), **named}
        self.endl_rows = given.get("endl_rows", True)
        self.rows: list[list[float]] = []
        self.note = "TileSlice: MATH has no CBs; print in UNPACK or PACK" if risc.role is Role.MATH else ""
        if not self.note:
            front = given.get("ptr_type", TSLICE_RD_PTR if risc.name in ("BRISC", "TRISC0") else TSLICE_WR_PTR)
            values = _tile(risc, cb, integer("TileSlice", "tile_idx", tile_idx), front)
            held = risc.ring(cb, "TileSlice").cb.format
            count = MAX_BYTES // max(2, held.itemsize)  # a bfloat8_b element is sent with its exponent (W)
            self._take(values, slice_range, given.get("print_untilized", True), count)

    def _take(self, values: NDArray[np.float32], part: SliceRange, untilized: bool, count: int) -> None:
        left = count
        for h in part.rows:
            row = [float(values[index(h, w) if untilized else h * TILE + w]) for w in part.columns][:left]
            left -= len(row)
            if row:
                self.rows.append(row)
        if len(part.rows) * len(part.columns) > count:
            self.note = f"<TileSlice data truncated due to exceeding max count ({count})>"

    def __str__(self) -> str:
        lines = [" ".join(f"{value:.6g}" for value in row) for row in self.rows]
        lines = lines if self.endl_rows else [" ".join(lines)] * bool(lines)
        return "\n".join([*lines, self.note] if self.note else lines)


def _tile(risc: Risc, cb: int, tile_idx: int, front: bool) -> NDArray[np.float32]:
    """The 1024 elements in the order in which they lie."""
    ring = risc.ring(cb, "TileSlice")
    size, l1 = ring.cb.format.tile_bytes, risc.core.l1
    l1.settle(risc.t)
    raw = l1.view((ring.rd if front else ring.wr) + tile_idx * size, size, "TileSlice")
    if ring.cb.format is Format.BFLOAT8_B:
        return bfp8.unpack(raw).reshape(-1)
    return raw.view(np.float32) if ring.cb.format is Format.FLOAT32 else bf16_values(raw.view(np.uint16))


def debug_dump_cb(cb_id: int, num_words: int = 0) -> None:
    """Print this RISC's record of a CB, and `num_words` words from its read pointer on.

    Sizes and pointers are in bytes on a data-movement RISC, in words of 16 bytes in a compute kernel. ack and rcv are the
    pages that this RISC itself has popped and pushed (a data-movement RISC of the chip keeps its own at 0).
    """
    risc: Risc = running("debug_dump_cb")
    if risc.role is Role.MATH:
        DPRINT("debug_dump_cb: not available on math thread\n")
        return
    ring = risc.ring(cb_id, "debug_dump_cb")
    own = LocalCBInterface(ring)
    DPRINT(
        "CB{} sz={} rd={} wr={} ack={} rcv={}\n",
        *(cb_id, own.fifo_size, own.fifo_rd_ptr, own.fifo_wr_ptr, ring.acked & 0xFFFF, ring.received & 0xFFFF),
    )
    risc.core.l1.settle(risc.t)
    for k, word in enumerate(risc.core.l1.view(ring.rd, 4 * num_words, "debug_dump_cb").view(np.uint32).tolist()):
        DPRINT("  [{}] {:#010x}\n", k, word)
