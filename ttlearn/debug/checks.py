"""Strict mode: hazards that hardware passes over in silence, found by who is known to come after whom.

Every release (push, pop, semaphore) hands on what its RISC has heard of, every wait takes it in. Two
accesses to the same 16 bytes of L1, one of them a write, need such an order between them; bytes under way
are ordered by their barrier only. Nothing depends on lucky times. Left out: DRAM races, partly shared
16-byte granules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Violation
from ..sim.cb import Ring
from ..sim.device import Core, Device, Observer
from ..sim.l1 import Buffer
from ..sim.noc import Target, Transfer
from ..sim.sched import Order, Risc
from ..sim.trace import Site

GRANULE = 4  # address bits of 16 bytes
NEVER = 0  # record number of bytes that nobody has written


class Access:
    """Who touched some bytes, in which epoch of its own, and from which line. `open`: still under way."""

    __slots__ = ("actor", "epoch", "open", "site", "verb", "who")

    def __init__(self, risc: Risc | None, epoch: int, site: Site | None, verb: str, open: bool = False) -> None:
        self.actor = risc.number if risc is not None else -1
        self.who = risc.label if risc is not None else "nobody"
        self.epoch, self.site, self.verb, self.open = epoch, site, verb, open

    def before(self, actor: int, order: Order) -> bool:
        """Is this access known to `actor` to be over?"""
        return not self.open and (self.actor in (actor, -1) or order.get(self.actor, -1) >= self.epoch)


class Shadow:
    """Of each granule of one core's L1: the last write, the last read, and who has popped it since its push."""

    def __init__(self, size: int) -> None:
        self.writes = np.zeros(size >> GRANULE, np.int32)
        self.reads = np.zeros(size >> GRANULE, np.int32)
        self.popped = np.zeros(size >> GRANULE, np.int32)


class Span:
    """Transfers of one line whose L1 bytes lie side by side."""

    def __init__(self, transfer: Transfer, record: Access, number: int) -> None:
        self.low, self.high = transfer.local, transfer.local + transfer.size
        self.site, self.order, self.reading = transfer.site, transfer.risc.order, transfer.kind == "read"
        self.record, self.number, self.transfers = record, number, [transfer]

    def extend(self, transfer: Transfer) -> bool:
        same = transfer.site == self.site and transfer.risc.order is self.order
        if not same or transfer.local != self.high or (transfer.kind == "read") != self.reading:
            return False
        self.high += transfer.size
        self.transfers.append(transfer)
        return True


class Checks(Observer):
    """The observer that looks. With `strict` a finding is raised, else it is listed once."""

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.violations: list[str] = []
        self.accesses: list[Access] = [Access(None, 0, None, "")]
        self.shadows: dict[Core, Shadow] = {}
        self.outstanding: dict[Risc, list[Transfer]] = {}
        self.poison_read: Access | None = None
        self.poison_pages: dict[tuple[int, int], Access] = {}
        self.buffers: list[Buffer] = []
        self._latest: dict[int, int] = {}
        self.spans: dict[Risc, Span] = {}

    def start(self, device: Device, buffers: list[Buffer]) -> None:
        self.buffers = buffers
        for core in device.cores.values():
            self.shadows[core] = Shadow(device.arch.l1_bytes)
            for risc in core.riscs:
                risc.order = {risc.number: 1}
                self.outstanding[risc] = []

    def violate(self, text: str) -> None:
        if self.strict:
            raise Violation(text)
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
        if access.epoch == epoch and access.site == site and access.verb == verb and number:
            return number
        self.accesses.append(Access(risc, epoch, site, verb))
        self._latest[risc.number] = len(self.accesses) - 1
        return len(self.accesses) - 1

    def _seen(self, numbers: NDArray[np.int32]) -> list[int]:
        """The different numbers in a stretch. They stand in runs: 6 us where np.unique takes 30."""
        if len(numbers) == 1:
            return [int(numbers[0])]
        breaks = np.flatnonzero(numbers[1:] != numbers[:-1])
        first = int(numbers[0])
        return [first] if not len(breaks) else sorted({first, *numbers[breaks + 1].tolist()})

    def read(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        if self.spans:
            self._look(risc.core)
        shadow, part = self.shadows[risc.core], slice(low >> GRANULE, (high + 15) >> GRANULE)
        for number in self._seen(shadow.writes[part]):
            self._check_read(risc, low, number, site, order, shadow.popped[part])
        shadow.reads[part] = self._number(risc, order, site, "read")

    def _check_read(self, risc: Risc, low: int, number: int, site: Site, order: Order, popped: Any) -> None:
        wrote = self.accesses[number]
        if number == NEVER:
            self.poison_read = self.poison_read or Access(risc, 0, site, _where(risc.core, low))
        elif not wrote.before(risc.number, order):
            self._unordered(risc, low, site, wrote, reading=True)
        elif wrote.actor != risc.number and popped.any():
            pops = [self.accesses[n] for n in self._seen(popped) if n]
            if pops and pops[0].actor == risc.number:
                self.violate(
                    f"{risc.label} reads {_where(risc.core, low)} after giving it back: read at {site}, "
                    f"popped at {pops[0].site}; the producer may be writing there already, so pop after the last read"
                )

    def write(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        if self.spans:
            self._look(risc.core)
        shadow, part = self.shadows[risc.core], slice(low >> GRANULE, (high + 15) >> GRANULE)
        self._check_write(risc, shadow, part, low, site, order)
        shadow.writes[part] = self._number(risc, order, site, "write")

    def _check_write(self, risc: Risc, shadow: Shadow, part: slice, low: int, site: Site, order: Order) -> None:
        for numbers in (shadow.writes[part], shadow.reads[part]):
            for number in self._seen(numbers):
                if number != NEVER and not self.accesses[number].before(risc.number, order):
                    self._unordered(risc, low, site, self.accesses[number], reading=False)

    def _unordered(self, risc: Risc, low: int, site: Site, other: Access, reading: bool) -> None:
        """`other` touched the same bytes and nothing says that it is over."""
        where, verb = _where(risc.core, low), "reads" if reading else "writes"
        if other.open and other.verb == "noc read":
            cause = f"the noc_async_read of {other.who} at {other.site} may not have landed"
            step = "put `await noc_async_read_barrier()` between them"
        elif other.open:
            cause = f"the noc_async_write of {other.who} at {other.site} may not have taken its bytes away"
            step = "put `await noc_async_writes_flushed()` or `await noc_async_write_barrier()` between them"
        elif reading:
            cause = f"{other.who} wrote it at {other.site} and nothing says that it has finished"
            step = f"wait for its push first: `await cb_wait_front(...)` in {risc.name}"
        elif other.verb in ("read", "noc write"):
            cause = f"{other.who} reads it at {other.site} and nothing says that it has finished"
            step = f"wait for its pop first: `await cb_reserve_back(...)` in {risc.name}"
        else:
            cause = f"{other.who} writes it too, at {other.site}, with no order between the two"
            step = "let one wait for the other, or give each its own bytes"
        self.violate(f"{risc.label} {verb} {where} at {site}, but {cause}: {step}")

    # ---- circular buffers -----------------------------------------------------------------------------------

    def published(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> None:
        high, cb, call = low + pages * ring.page, ring.cb, "cb_pop_front" if popped else "cb_push_back"
        if high > ring.limit:
            self.violate(
                f"{call}({cb}, {pages}) at {site}: the pointer of {risc.name} is at page "
                f"{(low - cb.base) // ring.page} of {ring.num_pages}, so {pages} pages run past the ring's end into "
                f"the neighbour's memory; let the counts of one trip round the ring add up to {ring.num_pages}"
            )
        for transfer in self.outstanding[risc]:
            if transfer.record.open and low < transfer.local + transfer.size and transfer.local < high:
                self._published_early(risc, ring, pages, popped, site, transfer)

    def _published_early(
        self, risc: Risc, ring: Ring, pages: int, popped: bool, site: Site, transfer: Transfer
    ) -> None:
        if not popped and transfer.kind == "read":
            self.violate(
                f"cb_push_back({ring.cb}, {pages}) at {site} hands on a page whose noc_async_read at {transfer.site} may "
                "not have landed: put `await noc_async_read_barrier()` before the push"
            )
        elif popped and transfer.kind == "write":
            self.violate(
                f"cb_pop_front({ring.cb}, {pages}) at {site} gives back a page whose bytes the noc_async_write at "
                f"{transfer.site} may not have taken away: put `await noc_async_writes_flushed()` (or a write barrier) "
                "before the pop"
            )

    def moved(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site, order: Order) -> None:
        part = slice(low >> GRANULE, (low + pages * ring.page + 15) >> GRANULE)
        if popped and ring.cb.aliased:
            return
        shadow = self.shadows[risc.core]
        if popped:
            self.accesses.append(Access(risc, order[risc.number], site, "pop"))
        shadow.popped[part] = len(self.accesses) - 1 if popped else NEVER

    # ---- transfers ------------------------------------------------------------------------------------------

    def sent(self, transfer: Transfer, call: str) -> None:
        """Bytes are under way. Neighbouring transfers of one line are looked at together, as one stretch."""
        risc = transfer.risc
        span = self.spans.get(risc)
        if span is None or not span.extend(transfer):
            if self.spans:
                self._look(risc.core)
            verb = "noc read" if transfer.kind == "read" else "noc write"
            self.accesses.append(Access(risc, 0, transfer.site, verb, open=True))
            span = self.spans[risc] = Span(transfer, self.accesses[-1], len(self.accesses) - 1)
        transfer.record = span.record
        self.outstanding[risc].append(transfer)
        if transfer.kind == "write" and transfer.target.core is not None:
            self._arrives(transfer, transfer.target)

    def _look(self, core: Core) -> None:
        """Check and mark the stretches that are open on this core."""
        for risc in (core.brisc, core.ncrisc):
            span = self.spans.pop(risc, None)
            if span is None:
                continue
            shadow, part = self.shadows[core], slice(span.low >> GRANULE, (span.high + 15) >> GRANULE)
            if span.reading:
                self._check_write(risc, shadow, part, span.low, span.site, span.order)
                shadow.writes[part] = span.number
            else:
                self._check_source(risc, span, shadow, part)
                shadow.reads[part] = span.number

    def _check_source(self, risc: Risc, span: Span, shadow: Shadow, part: slice) -> None:
        numbers = self._seen(shadow.writes[part])
        if NEVER in numbers or self.poison_pages:
            self._check_poison(risc, span, shadow)
        for number in numbers:
            if number != NEVER:
                self._check_read(risc, span.low, number, span.site, span.order, shadow.popped[part])

    def _check_poison(self, risc: Risc, span: Span, shadow: Shadow) -> None:
        """Which DRAM pages get bytes that nobody has written, and which no longer do."""
        for transfer in span.transfers:
            if transfer.target.core is not None:
                continue
            page, local = (id(transfer.target.buffer), transfer.target.page), transfer.local
            self.poison_pages.pop(page, None)
            if (shadow.writes[local >> GRANULE : (local + transfer.size + 15) >> GRANULE] == NEVER).any():
                self.poison_pages[page] = Access(risc, 0, span.site, _where(risc.core, local))

    def _arrives(self, transfer: Transfer, target: Target) -> None:
        """A write into another core's L1: a write there, under way until the barrier."""
        assert target.core is not None
        if self.spans:
            self._look(target.core)
        shadow = self.shadows[target.core]
        part = slice(target.address >> GRANULE, (target.address + transfer.size + 15) >> GRANULE)
        self._check_write(transfer.risc, shadow, part, target.address, transfer.site, transfer.risc.order)
        self.accesses.append(Access(transfer.risc, 0, transfer.site, "noc write there", open=True))
        transfer.arrival = self.accesses[-1]
        shadow.writes[part] = len(self.accesses) - 1

    def barrier(self, risc: Risc, kinds: tuple[str, ...]) -> None:
        if self.spans:
            self._look(risc.core)
        epoch, left = risc.order[risc.number], []
        for transfer in self.outstanding[risc]:
            if transfer.kind in kinds or (transfer.kind == "write" and "flush" in kinds):
                _close(transfer.record, epoch)
            if transfer.kind in kinds:
                if transfer.arrival is not None:
                    _close(transfer.arrival, epoch)
            else:
                left.append(transfer)
        self.outstanding[risc] = left

    def signal(self, risc: Risc, target: Target, path: Any, site: Site) -> None:
        """A semaphore goes out: what it announces must have arrived, or travel ahead of it on the same path."""
        for transfer in self.outstanding[risc]:
            if transfer.kind != "write" or transfer.target.core is not target.core or transfer.arrival is None:
                continue
            if transfer.rectangle == path:
                _close(transfer.arrival, risc.order[risc.number])
            elif transfer.arrival.open:
                self.violate(
                    f"{risc.label} signals core {target.core.xy if target.core else ''} at {site} before its "
                    f"noc_async_write at {transfer.site} has arrived there: the signal may overtake the data; "
                    "put `await noc_async_write_barrier()` between them"
                )

    # ---- the end --------------------------------------------------------------------------------------------

    def finished(self, device: Device) -> None:
        for core in device.cores.values():
            self._look(core)
        for risc, transfers in self.outstanding.items():
            if transfers:
                kind = transfers[0].kind
                self.violate(
                    f"{risc.label} ends with {len(transfers)} {kind}s under way, the first started at "
                    f"{transfers[0].site}: put `await noc_async_{kind}_barrier()` before the end"
                )
        output = self.buffers[-1]
        for (buffer, page), access in sorted(self.poison_pages.items(), key=lambda item: item[0][1]):
            if buffer == id(output):
                self.violate(
                    f"page {page} of the output holds poison: {access.who} wrote it at {access.site} from "
                    f"{access.verb}, which nobody had written; fill that page first, and wait until it is there"
                )
        self._spread(output)

    def _spread(self, output: Buffer) -> None:
        """Poison that went through the engine comes out as inf or NaN."""
        read = self.poison_read
        if read is None or any(_infinite(b) for b in self.buffers[:-1]) or not _infinite(output):
            return
        self.violate(
            f"the output holds inf or NaN that comes from poison: {read.who} read {read.verb} at {read.site}, "
            "which nobody had written; fill it first, or wait until it is there"
        )


def _close(access: Access, epoch: int) -> None:
    if access.open:
        access.open, access.epoch = False, epoch


def _where(core: Core, address: int) -> str:
    """The learner's name of an L1 address."""
    for cb in core.cbs.values():
        if cb.base <= address < cb.limit:
            return f"page {(address - cb.base) // cb.page_size} of {cb}"
    return f"L1 address {address}"


def _infinite(buffer: Buffer) -> bool:
    """Is there a written page with an all-ones exponent?"""
    pages = buffer.pages[buffer.written > 0, : buffer.page_size // 2 * 2] if buffer.written.any() else buffer.pages
    if not buffer.format16:
        high = pages[:, : buffer.page_size // 4 * 4].view(np.uint32) >> 16
        return bool(((high & 0x7F80) == 0x7F80).any())
    return bool(((np.ascontiguousarray(pages).view(np.uint16) & 0x7F80) == 0x7F80).any())
