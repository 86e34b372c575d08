"""Bytes that nobody has written, on their way: read by the engine or a mover, packed as NaN or inf, sent to the output.

Only what reaches the output is told, with the first read that was too early. Left out: a page of the output that no
kernel writes, and infinities in tensors that hold some from the start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...sim.device import Core
from ...sim.formats import POISON
from ...sim.l1 import Buffer
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from . import faults, words
from .findings import Findings
from .memory import Memory
from .pushes import unfilled
from .shadow import NEVER, Access, Span, place
from .steps import issued


class Poison:
    """Follows poison through one run. `first`: the first read of it; later ones often follow from that."""

    def __init__(self, memory: Memory, findings: Findings) -> None:
        self.memory, self.findings = memory, findings
        self.accesses, self.shadows = memory.accesses, memory.shadows
        self.first: Access | None = None
        self.spread: set[Core] = set()  # whose engine has read again what poison became
        self.output_pages: dict[int, tuple[Transfer, Access]] = {}  # who wrote them, and who had written the bytes

    # ---- on its way -----------------------------------------------------------------------------------------

    def read(self, risc: Risc, low: int, high: int, site: Site, order: Order, wrote: list[int], number: int) -> None:
        """Access `number` has read bytes that the accesses `wrote` had written."""
        if NEVER in wrote and low >= risc.core.device.arch.cb_base:  # below it lies what host and firmware wrote
            self.accesses[number].early = low, high
            if self.first is None:
                self.first = self._first_read(risc, low, high, site, order)
        if self.first is not None and any(self.accesses[number].poison is not None for number in wrote):
            self.spread.add(risc.core)

    def _first_read(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> Access:
        low = self.shadows[risc.core].writes.first(low, high, NEVER)
        read = Access(risc, order[risc.number], site, "read")
        read.where = self._bare_from(risc.core, low, high)
        read.early = low, low + 1
        return read

    def _bare_from(self, core: Core, low: int, high: int) -> str:
        """The page of the bytes from `low` on, which nobody has written; of a page that is half filled, which bytes."""
        cb, where = core.cb_at(low), place(core, low)
        if cb is None:
            return where
        page = cb.base + (low - cb.base) // cb.page_size * cb.page_size
        writes, end = self.shadows[core].writes, min(high, page + cb.page_size)
        if low == page or NEVER in writes.seen(page, low) or writes.seen(low, end) != [NEVER]:
            return where
        return f"bytes {low - page} to {end - page - 1} of {where}"

    def packed(self, risc: Risc, address: int, tiles: NDArray[np.float32]) -> None:
        """Did poison get into these tiles? As NaN; as inf too, where the engine reads again what it became."""
        if self.first is None or np.isfinite(tiles).all():
            return
        if np.isnan(tiles).any() or risc.core in self.spread:
            number = self.shadows[risc.core].writes.seen(address, address + 1)[0]
            self.accesses[number].poison = self.first

    def sent(self, span: Span, wrote: list[int]) -> None:
        """Writes whose bytes the accesses `wrote` had written: keep whose bytes go to the output."""
        shadow = self.shadows[span.risc.core]
        for transfer in span.transfers:
            if transfer.target.buffer is self.memory.buffers[-1]:
                own = wrote
                if len(wrote) > 1:
                    own = shadow.writes.seen(transfer.local, transfer.local + transfer.size)
                source = self.accesses[own[0]]  # NEVER, the smallest number, comes first
                if own[0] == NEVER and len(own) > 1:
                    source = Access(None, 0, None, "")
                    source.where = self._bare(span.risc.core, transfer)
                if source.before(span.risc.number, span.order):
                    self.output_pages[transfer.target.page] = (transfer, source)

    def _bare(self, core: Core, transfer: Transfer) -> str:
        """Which of these bytes nobody has written: the first stretch of them, counted in their CB's page."""
        ends, writes = range(transfer.local, transfer.local + transfer.size, 16), self.shadows[core].writes
        bare = [at for at in ends if writes.seen(at, at + 1)[0] == NEVER]
        last = next(at for at in bare if at + 16 not in bare) + 15
        cb = core.cb_at(transfer.local)
        start = transfer.local if cb is None else cb.base + (bare[0] - cb.base) // cb.page_size * cb.page_size
        return f"bytes {bare[0] - start} to {min(last, transfer.local + transfer.size - 1) - start}"

    # ---- the end --------------------------------------------------------------------------------------------

    def finished(self) -> None:
        output = self.memory.buffers[-1]
        # half of an fp32 number may look like a poisoned bf16 one
        size, poison = (2, POISON) if output.format16 else (4, POISON << 16 | POISON)
        patterns = output.pages[:, : output.page_size // size * size].view(f"u{size}")
        for page in np.flatnonzero((patterns == poison).any(axis=1)).tolist():
            if page in self.output_pages:
                writer, source = self.output_pages[page]
                why = _why_bare(writer.risc, writer.site, writer.local, writer.stamp) if source.actor < 0 else ""
                self.findings.violate(words.poisoned(page, writer, source, why), writer.site)
        self._came_out(output)

    def _came_out(self, output: Buffer) -> None:
        """Poison that went through the engine comes out as inf. Inputs that hold inf or NaN excuse it."""
        found = {page: source.poison for page, (_, source) in self.output_pages.items() if source.poison is not None}
        if not found or any(_infinite(buffer).any() for buffer in self.memory.buffers[:-1]):
            return
        infinite = _infinite(output)
        for page, read in sorted(found.items(), key=lambda item: item[0]):
            if infinite[page]:
                self.findings.violate(words.spread(page, read, _why_early(read)), read.site)


def _why_early(read: Access) -> str:
    """What was wrong with the first read of bytes that nobody had written."""
    if read.risc is None or read.site is None or read.early is None:
        return ""
    low = read.early[0]
    return _why_bare(read.risc, read.site, low, issued(read.risc, read.site, read.epoch, [], low))


def _why_bare(risc: Risc, site: Site, low: int, time: int) -> str:
    """Whose fault it is that `risc` read bytes that nobody had written; empty if that cannot be told."""
    fault = faults.reading(risc, site, low, low + 1, time)
    if fault is not None and fault.what:
        return str(fault)
    pushed = unfilled(risc, low)
    return fault.step if fault is not None and pushed else pushed


def _infinite(buffer: Buffer) -> NDArray[np.bool_]:
    """Which pages have an all-ones exponent in them?"""
    words = np.ascontiguousarray(buffer.pages[:, : buffer.page_size]).view(np.uint16)
    high = words if buffer.format16 else words[:, 1::2]
    found: NDArray[np.bool_] = ((high & 0x7F80) == 0x7F80).any(axis=1)
    return found
