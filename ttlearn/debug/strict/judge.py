"""One access to L1 against those before it: does its RISC know that they are over?

Two accesses to the same 16 bytes, one of them a write, need such an order. A reader must not have given its page back
either. Left out: which accesses there are (`checks`, `transfers`), and whose fault a missing order is (`between`).
"""

from __future__ import annotations

from typing import Any

from ...sim.device import Core
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from . import faults, words
from .between import Pair
from .findings import Findings
from .memory import Memory
from .pushes import unreserved
from .shadow import NEVER, Access, place, place_for
from .steps import issued, side

SAME_LINES = 8  # findings of the same two lines that are listed where none is raised


class Judge:
    """Judges accesses one by one, and marks none. An access is of `risc`, to bytes `low` to `high` of `core`."""

    def __init__(self, memory: Memory, findings: Findings) -> None:
        self.memory, self.findings = memory, findings
        self.accesses, self.shadows = memory.accesses, memory.shadows
        self.told: dict[tuple[Any, ...], set[int]] = {}  # of pairs of lines, at which addresses

    def read(self, risc: Risc, core: Core, low: int, high: int, number: int, site: Site, order: Order) -> None:
        """A read of bytes of which some were written by access `number`."""
        wrote = self.accesses[number]
        if number == NEVER:
            return
        if not wrote.before(risc.number, order):
            low = self.shadows[core].writes.first(low, high, number)
            self._unordered(risc, core, low, high, site, wrote, order, "read")
        elif wrote.actor != risc.number:
            pops = [move for move in self.memory.moves(core, low, high) if move.verb == "pop"]
            if pops and pops[0].actor == risc.number:
                self.findings.violate(self._popped(risc, core, low, high, site, pops[0], order), site)

    def write(self, risc: Risc, core: Core, low: int, high: int, site: Site, order: Order, verb: str = "write") -> None:
        shadow = self.shadows[core]
        for marks in (shadow.writes, shadow.reads):
            for number in marks.seen(low, high):
                if number != NEVER and not self.accesses[number].before(risc.number, order):
                    other, at = self.accesses[number], marks.first(low, high, number)
                    self._unordered(risc, core, at, high, site, other, order, verb)

    def _unordered(
        self, risc: Risc, core: Core, low: int, high: int, site: Site, other: Access, order: Order, verb: str
    ) -> None:
        """Tell of two accesses without an order between them; of the same two lines for a few pages only."""
        pages = self.told.setdefault((risc.number, site, other.actor, other.site, verb), set())
        if not self.findings.strict and (low in pages or len(pages) == SAME_LINES):
            return
        pages.add(low)
        moves = self.memory.moves(core, low, high)
        pushed = any(m.verb == "push" and m.actor == other.actor and m.before(risc.number, order) for m in moves)
        pair = Pair(risc, core, low, high, site, other, order, verb, self.memory.outstanding, pushed)
        self.findings.violate(str(pair), site)

    def _popped(self, risc: Risc, core: Core, low: int, high: int, site: Site, pop: Access, order: Order) -> str:
        """It reads what it has given back: the page at `low`, or what lies behind the end of its CB."""
        cb = core.cb_at(low)
        if (
            cb is not None
            and cb.limit < high
            and not any(move.verb == "pop" for move in self.memory.moves(core, low, cb.limit))
        ):
            ask = faults.fewer(risc, cb, low, high, issued(risc, site, order[risc.number], [], low))
            return words.reads_past(risc, cb, low, high, place(core, cb.limit), site, ask)
        mine = faults.reading(risc, site, low, low + 1, issued(risc, site, order[risc.number], [], low))
        pusher = unreserved(risc, low) if mine is None and core is risc.core else ""
        if pusher:
            return f"{risc.label} reads {place(core, low)} at {site}, where nothing new was written; {pusher}"
        found = side(risc, cb, True, risc.t) if cb is not None and core is risc.core else None
        if found is not None and found.over is not None and found.asked:
            return words.popped_too_many(risc, place(core, low), site, found.cb, *found.over)
        ring = risc.rings[cb.index] if cb is not None and core is risc.core else None
        pushing = ring is not None and ring.wr == low != ring.rd
        return words.after_pop(risc, place_for(risc, core, low), site, pop, pushing)
