"""What one RISC had asked of a CB, and moved, by the time of an access: the evidence for saying who is at fault.

Worked out when a finding is made, from the waits, the pushes and pops and the engine queue that a run keeps anyway.
Left out: kernels that set their own pointers; of them nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ...sim.cb import CircularBuffer
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.trisc import Trisc
from ...sim.work import Kind, Work


class Step(NamedTuple):
    """A wait, a reserve, a push or a pop: when it was called (cycles of its RISC), how many pages, and where."""

    time: int
    pages: int
    site: Site


@dataclass(frozen=True)
class Side:
    """One side of a CB as one RISC had used it: waits and pops of a consumer, or reserves and pushes of a producer."""

    cb: CircularBuffer
    page: int  # bytes
    asked: tuple[Step, ...]
    moved: tuple[Step, ...]

    @property
    def pointer(self) -> int:
        """L1 address of its next page: get_read_ptr, or get_write_ptr."""
        return self.cb.base + sum(step.pages for step in self.moved) * self.page % self.cb.size

    @property
    def promised(self) -> int:
        """Pages from its pointer on for which it has waited."""
        farthest = before = at = 0
        for ask in self.asked:  # both are in the order of their times
            while at < len(self.moved) and self.moved[at].time < ask.time:
                before, at = before + self.moved[at].pages, at + 1
            farthest = max(farthest, before + ask.pages)
        return max(0, farthest - sum(step.pages for step in self.moved))

    @property
    def given(self) -> Step | None:
        """The pop, or push, that came after its last wait."""
        if not self.moved or not self.asked or self.moved[-1].time < self.asked[-1].time:
            return None
        return self.moved[-1]

    @property
    def over(self) -> tuple[Step, int, int] | None:
        """The first pop, or push, of more pages than it had asked for; how many it had moved with it, and might have."""
        farthest = before = at = 0
        for move in self.moved:  # both are in the order of their times
            while at < len(self.asked) and self.asked[at].time <= move.time:
                farthest, at = max(farthest, before + self.asked[at].pages), at + 1
            before += move.pages
            if before > farthest:
                return move, before, farthest
        return None

    def covers(self, move: Step, address: int) -> bool:
        """Does the page at `address` belong to those of this pop, or push?"""
        before = sum(step.pages for step in self.moved[: self.moved.index(move)])
        first = self.cb.base + before * self.page % self.cb.size
        return (address - first) % self.cb.size < move.pages * self.page

    def index(self, address: int) -> int:
        """Which page from its pointer on lies at `address`: 0 is the first."""
        return (address - self.pointer) % self.cb.size // self.page


def side(risc: Risc, cb: CircularBuffer, front: bool, time: int) -> Side | None:
    """None where its pointer is not where its pushes or pops have brought it: the kernel has set it."""
    ring = risc.rings[cb.index]
    call = "cb_wait_front" if front else "cb_reserve_back"
    if ring is None or ring.size != cb.size or ring.page * ring.num_pages != ring.size:
        return None
    moves = list(_moves(risc, cb, front))
    if Side(cb, ring.page, (), tuple(moves)).pointer != (ring.rd if front else ring.wr):
        return None
    asked = [
        Step(t, args[1], site) for t, name, args, site in risc.waits if name == call and args[0] is cb and t <= time
    ]
    return Side(cb, ring.page, tuple(asked), tuple(move for move in moves if move.time <= time))


def _moves(risc: Risc, cb: CircularBuffer, popped: bool) -> Iterator[Step]:
    """All pops, or pushes, that this RISC has called: a TRISC's wait in its queue for the engine."""
    if isinstance(risc, Trisc):
        kind = Kind.POP if popped else Kind.PUSH
        for entry in risc.queue:
            if entry.kind is kind and entry.detail[0].cb is cb:
                yield Step(entry.stamp, entry.detail[2], entry.site)
        return
    what = "pop" if popped else "push"
    for fact in risc.core.device.trace.facts:
        if (fact.what, fact.risc, fact.core) == (what, risc.name, risc.core.xy) and fact.detail[0] == cb.index:
            assert fact.site is not None
            yield Step(fact.start, fact.detail[1], fact.site)


def issued(risc: Risc, site: Site, epoch: int, under_way: list[Transfer], low: int) -> int:
    """When the access at `site` was called, in this RISC's own time. It may be carried out much later."""
    if isinstance(risc, Trisc):
        return max(_stamps(risc, site, epoch, low), default=(0, risc.t))[1]
    same = [t.stamp for t in under_way if t.site == site and t.local <= low < t.local + t.size]
    return same[-1] if same else risc.t


def _stamps(risc: Trisc, site: Site, epoch: int, low: int) -> Iterator[tuple[int, int]]:
    """(where an operand begins, when its tile was issued): of the entries of this line, those that may reach `low`."""
    for work in risc.queue:
        if isinstance(work, Work) and work.site == site and work.order.get(risc.number) == epoch:
            for begin, step in ((work.a, work.da), (work.b, work.db)):
                if begin <= low:
                    yield begin, work.stamp_of(min((low - begin) // step, work.n - 1) if step > 0 else 0)


def entries(risc: Risc, site: Site) -> list[Work]:
    """What the engine's call at this line has put into its queue."""
    return [work for work in getattr(risc, "queue", ()) if isinstance(work, Work) and work.site == site]


def operand(risc: Risc, site: Site, low: int) -> int:
    """Whether the engine's tile at `low` is the line's first operand (0) or its second (1); 0 if that cannot be told."""
    for work in reversed(entries(risc, site)):
        for number, begin, step in ((0, work.a, work.da), (1, work.b, work.db)):
            if begin <= low <= begin + (work.n - 1) * step or begin == low:
                return number
    return 0


def begins(risc: Risc, site: Site, low: int, high: int) -> int | None:
    """Where the engine's rows of a tilize begin that reach from `low` to `high`; None if this line's call reads tiles one by one."""
    works = [work for work in entries(risc, site) if work.kind is Kind.UNPACK and work.conf.rows and work.a <= low]
    ending = [work for work in works if work.a + work.n * work.da == high]  # later calls may have been issued by now
    return max((work.a for work in ending or works), default=None)


def then(risc: Risc, site: Site, epoch: int, under_way: list[Transfer], low: int) -> int | None:
    """When an earlier access to `low` was called; None if that is not known any more."""
    if isinstance(risc, Trisc) or any(t.site == site for t in under_way) or epoch == risc.order[risc.number]:
        return issued(risc, site, epoch, under_way, low)
    for fact in reversed(risc.core.device.trace.facts):
        if fact.site == site and fact.risc == risc.name and fact.what.startswith("noc ") and fact.core == risc.core.xy:
            size, stamp, local = fact.detail[:3]
            if local <= low < local + size:
                return int(stamp)
    return None
