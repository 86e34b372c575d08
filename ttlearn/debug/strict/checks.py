"""Strict mode: hazards that hardware passes over in silence, found by who is known to come after whom.

Every release (push, pop, semaphore) hands on what its RISC has heard of, every wait takes it in. Two
accesses to the same 16 bytes of L1, one of them a write, need such an order between them; bytes under way
are ordered by their barrier only. Nothing depends on lucky times. Marks of L1 hold numbers of records in
`accesses`; number 0 means never written. Left out: two writes to one DRAM page.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Violation
from ...sim.cb import CircularBuffer, Ring
from ...sim.device import Core, Device, Observer
from ...sim.formats import POISON
from ...sim.l1 import Buffer
from ...sim.noc import Target, Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from . import faults, words
from .between import Pair
from .shadow import NEVER, Access, Shadow, Span, place, place_for
from .steps import issued

SAME_LINES = 8  # findings of the same two lines that are listed where none is raised


class Checks(Observer):
    """The observer that looks. With `strict` a finding is raised, else it is listed once."""

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.violations: list[str] = []
        self.accesses: list[Access] = [Access(None, 0, None, "")]
        self.shadows: dict[Core, Shadow] = {}
        self.spans: dict[Core, Span] = {}  # transfers not yet looked at
        self.rings: dict[Core, tuple[list[int], list[CircularBuffer]]] = {}  # each core's CBs by address
        self.outstanding: dict[Risc, list[Transfer]] = {}
        self.poison_read: Access | None = None
        self.output_pages: dict[int, tuple[Transfer, Access]] = {}  # who wrote them, and who had written the bytes
        self.dram: dict[tuple[int, int], Access] = {}  # last write of a page
        self.spread: set[Core] = set()  # whose engine has read again what poison became
        self.buffers: list[Buffer] = []
        self.told: dict[tuple[Any, ...], set[int]] = {}  # of pairs of lines, at which addresses
        self.words_out: dict[Risc, Site] = {}  # multicasts of a semaphore's word without a write barrier since
        self._latest: dict[int, int] = {}

    def start(self, device: Device, buffers: list[Buffer]) -> None:
        self.buffers = buffers
        for core in device.cores.values():
            self.shadows[core] = Shadow()
            for risc in core.riscs:
                risc.order = {risc.number: 1}
                self.outstanding[risc] = []

    def violate(self, text: str, site: Site | None) -> None:
        text = words.spoken(text)
        if self.strict:
            error = Violation(text)
            error.places = () if site is None else (site.place,)
            raise error
        if text not in self.violations:
            self.violations.append(text)

    # ---- order ----------------------------------------------------------------------------------------------

    def release(self, risc: Risc) -> Order:
        order = risc.order
        risc.order = {**order, risc.number: order[risc.number] + 1}
        return order

    def acquire(self, risc: Risc, order: Order | None) -> None:
        if order:
            risc.order = self.join(risc.order, order)

    def join(self, one: Order, other: Order) -> Order:
        if one is other or not other:
            return one
        if not one:
            return other
        merged = None
        for actor, epoch in other.items():
            if one.get(actor, -1) < epoch:
                merged = merged or dict(one)
                merged[actor] = epoch
        return merged or one

    # ---- L1 accesses ----------------------------------------------------------------------------------------

    def _number(self, risc: Risc, order: Order, site: Site, verb: str) -> int:
        """The access record of this RISC, line and epoch; the latest is used again if it is the same."""
        number = self._latest.get(risc.number, NEVER)
        access, epoch = self.accesses[number], order[risc.number]
        if number and access.epoch == epoch and access.site == site and access.verb == verb:
            return number
        self.accesses.append(Access(risc, epoch, site, verb))
        self._latest[risc.number] = len(self.accesses) - 1
        return len(self.accesses) - 1

    def read(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        self._look(risc.core)
        shadow = self.shadows[risc.core]
        wrote = shadow.writes.seen(low, high)
        for number in wrote:
            self._check_read(risc, risc.core, low, high, number, site, order)
        fresh = NEVER in wrote and low >= risc.core.device.arch.cb_base  # below it lies what host and firmware wrote
        if fresh:
            self._saw_poison(risc, low, high, site, order)
        if self.poison_read is not None and any(self.accesses[number].poison is not None for number in wrote):
            self.spread.add(risc.core)
        number = self._number(risc, order, site, "read")
        shadow.reads.mark(low, high, number)
        if fresh:
            self.accesses[number].early = low, high

    def _saw_poison(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        """Keep the first: later ones often follow from it."""
        if self.poison_read is None:
            low = self.shadows[risc.core].writes.first(low, high, NEVER)
            self.poison_read = Access(risc, order[risc.number], site, "read")
            self.poison_read.where = place(risc.core, low)
            self.poison_read.early = low, low + 1

    def _check_read(self, risc: Risc, core: Core, low: int, high: int, number: int, site: Site, order: Order) -> None:
        wrote = self.accesses[number]
        if number == NEVER:
            return
        if not wrote.before(risc.number, order):
            low = self.shadows[core].writes.first(low, high, number)
            self._unordered(risc, core, low, high, site, wrote, order, "read")
        elif wrote.actor != risc.number:
            moves = [self.accesses[n] for n in self.shadows[core].moved.seen(low, high)]
            pops = [move for move in moves if move.verb == "pop"]
            if pops and pops[0].actor == risc.number:
                self.violate(self._popped(risc, core, low, high, site, pops[0], order), site)

    def _unordered(
        self, risc: Risc, core: Core, low: int, high: int, site: Site, other: Access, order: Order, verb: str
    ) -> None:
        """Tell of two accesses without an order between them; of the same two lines for a few pages only."""
        pages = self.told.setdefault((risc.number, site, other.actor, other.site, verb), set())
        if not self.strict and (low in pages or len(pages) == SAME_LINES):
            return
        pages.add(low)
        moves = [self.accesses[n] for n in self.shadows[core].moved.seen(low, high)]
        pushed = any(m.verb == "push" and m.actor == other.actor and m.before(risc.number, order) for m in moves)
        self.violate(str(Pair(risc, core, low, high, site, other, order, verb, self.outstanding, pushed)), site)

    def _popped(self, risc: Risc, core: Core, low: int, high: int, site: Site, pop: Access, order: Order) -> str:
        """It reads what it has given back: the page at `low`, or what lies behind the end of its CB."""
        cb = next((cb for cb in core.cbs.values() if cb.base <= low < cb.limit), None)
        if cb is not None and cb.limit < high:
            own = self.shadows[core].moved.seen(low, cb.limit)
            if not any(self.accesses[n].verb == "pop" for n in own):
                time = issued(risc, site, order[risc.number], [], low)
                ask = faults.fewer(risc, cb, low, high, time)
                return words.reads_past(risc, cb, low, high, place(core, cb.limit), site, ask)
        ring = risc.rings[cb.index] if cb is not None and core is risc.core else None
        pushing = ring is not None and ring.wr == low != ring.rd
        return words.after_pop(risc, place_for(risc, core, low), site, pop, pushing)

    def write(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        self._look(risc.core)
        self._check_write(risc, risc.core, low, high, site, order)
        self.shadows[risc.core].writes.mark(low, high, self._number(risc, order, site, "write"))

    def _check_write(
        self, risc: Risc, core: Core, low: int, high: int, site: Site, order: Order, verb: str = "write"
    ) -> None:
        shadow = self.shadows[core]
        for marks in (shadow.writes, shadow.reads):
            for number in marks.seen(low, high):
                if number != NEVER and not self.accesses[number].before(risc.number, order):
                    other, at = self.accesses[number], marks.first(low, high, number)
                    self._unordered(risc, core, at, high, site, other, order, verb)

    # ---- circular buffers -----------------------------------------------------------------------------------

    def published(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> None:
        high, lacks = low + pages * ring.page, "write" if popped else "read"
        if high > ring.limit:
            self.violate(words.past_ring(risc, ring, low, pages, popped, site), site)
        for transfer in self.outstanding[risc]:
            if transfer.kind != lacks or not transfer.record.open:
                continue
            if low < transfer.local + transfer.size and transfer.local < high:
                self.violate((words.popped_early if popped else words.pushed_early)(ring, pages, site, transfer), site)

    def moved(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site, order: Order) -> None:
        self._look(risc.core)
        if popped and ring.cb.aliased:
            return
        self.accesses.append(Access(risc, order[risc.number], site, "pop" if popped else "push"))
        self.shadows[risc.core].moved.mark(low, low + pages * ring.page, len(self.accesses) - 1)

    # ---- transfers ------------------------------------------------------------------------------------------

    def sent(self, transfer: Transfer, call: str) -> None:
        """Bytes are under way, here and at the other end."""
        if transfer.kind == "read":
            self._past_end(transfer, call)
        risc, span = transfer.risc, self.spans.get(transfer.risc.core)
        if span is None or not span.extend(transfer):
            self._look(risc.core)
            record = self._under_way(transfer, "noc read" if transfer.kind == "read" else "noc write")
            span = self.spans[risc.core] = Span(transfer, record, len(self.accesses) - 1)
        transfer.record = span.record
        self._far_end(transfer, transfer.target, transfer.kind == "read")
        self.outstanding[risc].append(transfer)

    def _past_end(self, transfer: Transfer, call: str) -> None:
        """A read that begins in a CB must end in it."""
        core, low = transfer.risc.core, transfer.local
        if core not in self.rings:
            cbs = sorted(core.cbs.values(), key=lambda cb: cb.base)
            self.rings[core] = [cb.base for cb in cbs], cbs
        bases, cbs = self.rings[core]
        at = bisect_right(bases, low)
        cb = cbs[at - 1] if at else None
        if cb is not None and low < cb.limit < low + transfer.size:
            self.violate(words.past_end(transfer, call, cb, place(core, cb.limit)), transfer.site)

    def _under_way(self, transfer: Transfer, verb: str) -> Access:
        epoch = transfer.risc.order[transfer.risc.number]
        self.accesses.append(Access(transfer.risc, epoch, transfer.site, verb, open=True))
        return self.accesses[-1]

    def _look(self, core: Core) -> None:
        """Check and mark the stretch that transfers have opened on this core since the last look."""
        span = self.spans.pop(core, None)
        if span is None:
            return
        shadow = self.shadows[core]
        if span.reading:
            self._check_write(span.risc, core, span.low, span.high, span.site, span.order, "noc read")
        else:
            self._check_source(span.risc, span, shadow)
        (shadow.writes if span.reading else shadow.reads).mark(span.low, span.high, span.number)

    def _check_source(self, risc: Risc, span: Span, shadow: Shadow) -> None:
        """Are the bytes of these writes there?"""
        wrote = shadow.writes.seen(span.low, span.high)
        for number in wrote:
            self._check_read(risc, risc.core, span.low, span.high, number, span.site, span.order)
        if NEVER in wrote:
            span.record.early = span.low, span.high
        for transfer in span.transfers:
            if transfer.target.buffer is self.buffers[-1]:
                own = wrote
                if len(wrote) > 1:
                    own = shadow.writes.seen(transfer.local, transfer.local + transfer.size)
                source = self.accesses[own[0]]  # NEVER, the smallest number, comes first
                if own[0] == NEVER and len(own) > 1:
                    source = Access(None, 0, None, "")
                    source.where = self._bare(risc.core, transfer, shadow)
                if source.before(risc.number, span.order):
                    self.output_pages[transfer.target.page] = (transfer, source)

    def _bare(self, core: Core, transfer: Transfer, shadow: Shadow) -> str:
        """Which of these bytes nobody has written: the first stretch of them, counted in their CB's page."""
        ends = range(transfer.local, transfer.local + transfer.size, 16)
        bare = [at for at in ends if shadow.writes.seen(at, at + 1)[0] == NEVER]
        last = next(at for at in bare if at + 16 not in bare) + 15
        cb = next((cb for cb in core.cbs.values() if cb.base <= transfer.local < cb.limit), None)
        start = transfer.local if cb is None else cb.base + (bare[0] - cb.base) // cb.page_size * cb.page_size
        return f"bytes {bare[0] - start} to {min(last, transfer.local + transfer.size - 1) - start}"

    def _far_end(self, transfer: Transfer, target: Target, reading: bool) -> None:
        """The other end: a page of DRAM, or bytes of a core's L1, read or written until the barrier."""
        risc, site, order = transfer.risc, transfer.site, transfer.risc.order
        if target.core is None:
            self._dram_end(transfer, target, reading)
            return
        self._look(target.core)
        shadow, low, high = self.shadows[target.core], target.address, target.address + transfer.size
        if reading:
            for number in shadow.writes.seen(low, high):
                self._check_read(risc, target.core, low, high, number, site, order)
        else:
            self._check_write(risc, target.core, low, high, site, order)
        transfer.arrival = self._under_way(transfer, "noc read there" if reading else "noc write there")
        (shadow.reads if reading else shadow.writes).mark(low, high, len(self.accesses) - 1)

    def _dram_end(self, transfer: Transfer, target: Target, reading: bool) -> None:
        risc, page = transfer.risc, (id(target.buffer), target.page)
        if reading:
            wrote = self.dram.get(page)
            if wrote is not None and not wrote.before(risc.number, risc.order):
                self.violate(
                    words.unordered(risc, self._dram_page(target), transfer.site, wrote, risc.order, True),
                    transfer.site,
                )
            return
        last = self.outstanding[risc][-1:]
        again = last and last[0].site == transfer.site and last[0].target.core is None and last[0].arrival
        transfer.arrival = again if again and again.open else self._under_way(transfer, "noc write there")
        self.dram[page] = transfer.arrival

    def _dram_page(self, target: Target) -> str:
        number = next(k for k, buffer in enumerate(self.buffers) if buffer is target.buffer)
        return f"page {target.page} of " + ("the output" if number == len(self.buffers) - 1 else f"tensor {number}")

    def barrier(self, risc: Risc, kinds: tuple[str, ...]) -> None:
        self._look(risc.core)
        epoch, left = risc.order[risc.number], []
        if "write" in kinds:
            self.words_out.pop(risc, None)
        for transfer in self.outstanding[risc]:
            if transfer.kind in kinds or (transfer.kind == "write" and "flush" in kinds):
                transfer.record.close(epoch)
            if transfer.kind not in kinds:
                left.append(transfer)
            elif transfer.arrival is not None:
                transfer.arrival.close(epoch)
        self.outstanding[risc] = left

    def signal(self, risc: Risc, target: Target, path: Any, site: Site, multicast: bool = False) -> None:
        """A semaphore goes out: what travels ahead of it on the same path (Blackhole: flushed) arrives before it."""
        if multicast:
            self.words_out[risc] = site
        keeps_order = risc.core.device.arch.keeps_order
        for transfer in self.outstanding[risc]:
            same = transfer.kind == "write" and transfer.target.core is target.core and transfer.rectangle == path
            if same and transfer.arrival is not None and (keeps_order or not transfer.record.open):
                transfer.arrival.close(risc.order[risc.number])

    # ---- the end --------------------------------------------------------------------------------------------

    def finished(self, device: Device) -> None:
        for core in device.cores.values():
            self._look(core)
        for risc, transfers in self.outstanding.items():
            if transfers:
                self.violate(words.under_way_at_end(risc, transfers), transfers[0].site)
        for risc, site in self.words_out.items():
            self.violate(words.word_under_way_at_end(risc, site), site)
        output = self.buffers[-1]
        patterns = output.pages[:, : output.page_size // 2 * 2].view(np.uint16)
        for page in np.flatnonzero((patterns == POISON).any(axis=1)).tolist():
            if page in self.output_pages:
                writer, source = self.output_pages[page]
                why = self._why_bare(writer.risc, writer.site, writer.local, writer.stamp) if source.actor < 0 else ""
                self.violate(words.poisoned(page, writer, source, why), writer.site)
        self._spread(output)

    # ---- poison in the engine -------------------------------------------------------------------------------

    def packed(self, risc: Risc, address: int, tiles: NDArray[np.float32]) -> None:
        """Did poison get into these tiles? As NaN; as inf too, where the engine reads again what it became."""
        if self.poison_read is None or np.isfinite(tiles).all():
            return
        if np.isnan(tiles).any() or risc.core in self.spread:
            number = self.shadows[risc.core].writes.seen(address, address + 1)[0]
            self.accesses[number].poison = self.poison_read

    def _spread(self, output: Buffer) -> None:
        """Poison that went through the engine comes out as inf. Inputs that hold inf or NaN excuse it."""
        found = {page: source.poison for page, (_, source) in self.output_pages.items() if source.poison is not None}
        if not found or any(_infinite(buffer).any() for buffer in self.buffers[:-1]):
            return
        infinite = _infinite(output)
        for page, read in sorted(found.items(), key=lambda item: item[0]):
            if infinite[page]:
                self.violate(words.spread(page, read, self._why_early(read)), read.site)

    def _why_early(self, read: Access) -> str:
        """What was wrong with the first read of bytes that nobody had written."""
        if read.risc is None or read.site is None or read.early is None:
            return ""
        low = read.early[0]
        return self._why_bare(read.risc, read.site, low, issued(read.risc, read.site, read.epoch, [], low))

    def _why_bare(self, risc: Risc, site: Site, low: int, time: int) -> str:
        """Whose fault it is that `risc` read bytes that nobody had written; empty if that cannot be told."""
        fault = faults.reading(risc, site, low, low + 1, time)
        if fault is not None and fault.what:
            return str(fault)
        pushed = faults.unfilled(risc, low)
        return fault.step if fault is not None and pushed else pushed


def _infinite(buffer: Buffer) -> NDArray[np.bool_]:
    """Which pages have an all-ones exponent in them?"""
    words = np.ascontiguousarray(buffer.pages[:, : buffer.page_size]).view(np.uint16)
    high = words if buffer.format16 else words[:, 1::2]
    found: NDArray[np.bool_] = ((high & 0x7F80) == 0x7F80).any(axis=1)
    return found
