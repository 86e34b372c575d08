"""Memories as bytes: a core's L1 and the DRAM behind the NOC.

A transfer's bytes land at their own time: they wait in `pending` and are written when somebody looks at
the memory at or after that time. Fresh memory is poison. Left out: caches, and who may look when (checks).
"""

from __future__ import annotations

import bisect
import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import KernelError
from .arch import Arch
from .formats import POISON

Bytes = NDArray[np.uint8]

_TILES = (1088, 2048, 4096)  # bytes of a bfp8_b, a bf16 and an fp32 tile
ZEROS = 512  # bytes from `zeros_base` on that are 0 (W, MEM_ZEROS_SIZE)


def poison(count: int) -> Bytes:
    """`count` bytes (even) of the NaN pattern that marks memory nobody has written."""
    return np.full(count // 2, POISON, np.uint16).view(np.uint8)


class Memory:
    """Bytes with transfers under way to them."""

    def __init__(self) -> None:
        self.pending: list[tuple[int, int, Bytes, Bytes, Memory | None]] = []
        self._count = 0

    def land(self, time: int, target: Bytes, source: Bytes, origin: Memory | None) -> None:
        """At `time`, `target` (a view of this memory) becomes `source` (a view of `origin`, or a copy)."""
        self._count += 1
        heapq.heappush(self.pending, (time, self._count, target, source, origin))

    def settle(self, time: float) -> None:
        """Write what has landed by `time`."""
        pending = self.pending
        while pending and pending[0][0] <= time:
            due, _, target, source, origin = heapq.heappop(pending)
            if origin is not None and origin.pending:
                origin.settle(due)
            target[:] = source


class L1(Memory):
    """One core's SRAM. CBs are placed in order from `cb_base`, 32-byte aligned, as the host does (SIM).

    Its bytes are poisoned when `view` first gets there: few programs use them all, and 64 cores have 96 MB.
    """

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        self.data = np.empty(arch.l1_bytes, np.uint8)  # what nobody has touched costs no memory
        self.poisoned = 0  # bytes, from the first on; behind them only `view` may look
        self._poison(arch.cb_base)
        self.data[arch.semaphores.start : arch.semaphores.stop] = 0
        self.data[arch.zeros_base : arch.zeros_base + ZEROS] = 0
        self.top = arch.cb_base

    def place(self, size: int) -> int:
        base, self.top = self.top, -(-(self.top + size) // 32) * 32
        return base

    def view(self, address: int, size: int, what: str) -> Bytes:
        if address < 0 or address + size > len(self.data) or size < 0:
            raise KernelError(
                f"{what}: bytes {address} to {address + size} lie outside the core's L1 (0 to {len(self.data)}); "
                "take addresses from get_write_ptr, get_read_ptr or get_semaphore"
            )
        if address + size > self.poisoned:
            self._poison(max(address + size, self.top))
        return self.data[address : address + size]

    def let_go(self) -> None:
        """Nobody will look again."""
        self.pending.clear()
        self.data = np.empty(0, np.uint8)

    def _poison(self, end: int) -> None:
        end = min(end + end % 2, len(self.data))
        self.data[self.poisoned : end].view(np.uint16)[:] = POISON
        self.poisoned = end


@dataclass(eq=False)
class Buffer:
    """An interleaved DRAM buffer: page p lives in bank p mod banks, at base + (p div banks)·stride."""

    base: int
    page_size: int
    num_pages: int
    stride: int
    end: int  # first offset after it, in every bank
    format16: bool  # bf16 elements, else 32-bit

    def __post_init__(self) -> None:
        # a page is followed by padding up to `stride`; whole-page reads fetch that too (W)
        self.pages = poison(self.num_pages * self.stride).reshape(self.num_pages, self.stride)
        self.written = np.zeros(self.num_pages, np.int64)  # bytes that arrived, a page


class Dram(Memory):
    """All banks. A NOC address names a bank and an offset; `find` turns that into a page."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        self.arch = arch
        self.buffers: list[Buffer] = []
        self._last: Buffer | None = None

    def attach(self, buffer: Buffer) -> Buffer:
        """Take a tensor's buffer in."""
        bisect.insort(self.buffers, buffer, key=lambda b: b.base)
        return buffer

    def find(self, bank: int, offset: int, size: int, what: str) -> tuple[Buffer, int, int]:
        """(buffer, page, byte in the page) of `size` bytes at `offset` of `bank`; refuses to leave the page."""
        buffer = self._last
        if buffer is None or not buffer.base <= offset < buffer.end:
            k = bisect.bisect_right(self.buffers, offset, key=lambda b: b.base) - 1
            if k < 0:
                raise KernelError(
                    f"{what}: DRAM address {offset} belongs to no tensor; use the tensor's buffer address"
                )
            buffer = self._last = self.buffers[k]
        row, byte = divmod(offset - buffer.base, buffer.stride)
        page = row * self.arch.dram_banks + bank
        if page >= buffer.num_pages:
            raise KernelError(
                f"{what}: page {page} of a tensor that has {buffer.num_pages} pages (0 to {buffer.num_pages - 1})"
            )
        if byte + size > buffer.stride:
            tiled = "; a tensor whose pages are tiles is made with layout=tt.TILE_LAYOUT" if size in _TILES else ""
            raise KernelError(
                f"{what}: {size} bytes from byte {byte} of page {page} run past the page, which has "
                f"{buffer.page_size} bytes; move at most {buffer.page_size - byte}{tiled}"
            )
        return buffer, page, byte
