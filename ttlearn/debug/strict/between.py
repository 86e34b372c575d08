"""The sentence on two accesses to the same bytes that nothing puts into an order.

By the fault of one of the two, if it is known; else by what an order would need. Left out: finding them (`judge`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...sim.device import Core
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from . import words
from .parties import READS, Party, told
from .shadow import Access, place_for
from .stale import stale
from .steps import issued, then


@dataclass(frozen=True)
class Pair:
    """An access of `risc` to bytes `low` … `high`-1 of `core`, and an earlier one of another, of which it knows nothing.

    `verb`: "read", "write", or "noc read" for bytes that the NOC brings. `pushed`: the other has handed the page on.
    """

    risc: Risc
    core: Core
    low: int
    high: int
    site: Site
    other: Access
    order: Order
    verb: str
    under_way: dict[Risc, list[Transfer]]
    pushed: bool

    @property
    def begun(self) -> bool:
        """Does `risc` at least know that the other's transfer was started?"""
        return self.other.verb in words.UNDER_WAY and self.other.begun(self.risc.number, self.order)

    def __str__(self) -> str:
        where = place_for(self.risc, self.core, self.low)
        return self._overlapping(where) or self._by_fault(where) or self._by_signal(where) or self._plain(where)

    def _plain(self, where: str) -> str:
        reading = self.verb == "read"
        pushed = self.pushed and reading
        return words.unordered(self.risc, where, self.site, self.other, self.order, reading, pushed, self.low)

    def _overlapping(self, where: str) -> str:
        same = self.other.actor == self.risc.number and self.begun
        if not same or not self.verb == self.other.verb == "noc read":
            return ""
        return words.overlapping(self.risc, where, self.site, self.other)

    def _by_fault(self, where: str) -> str:
        """Both on the core whose bytes they are: what had each of them asked for?"""
        other = self.other
        near = self.core is self.risc.core is other.core and other.actor != self.risc.number
        if not near or self.begun or other.risc is None or other.site is None:
            return ""
        mine = issued(self.risc, self.site, self.order[self.risc.number], self.under_way.get(self.risc, []), self.low)
        me = Party(self.risc, self.site, mine, self.high, self.verb == "read")
        them = Party(other.risc, other.site, self._then(other.risc, other.site), self.low + 1, other.verb in READS)
        return told(me, them, where, self.low, other.was_early(self.low))

    def _then(self, risc: Risc, site: Site) -> int | None:
        return then(risc, site, self.other.issued, self.under_way.get(risc, []), self.low)

    def _by_signal(self, where: str) -> str:
        """On different cores: has an old value of a semaphore let one of them, or who tells them, go on too early?"""
        other = self.other
        if other.core is None or other.core is self.risc.core or self.begun or other.risc is None or other.site is None:
            return ""
        movers = [(risc, None) for core in (self.risc.core, other.core) for risc in (core.brisc, core.ncrisc)]
        for risc, until in ((other.risc, self._then(other.risc, other.site)), (self.risc, None), *movers):
            met = stale(risc, until)
            if met is not None:
                return words.met_by_the_last(self.risc, where, self.site, other, self.verb == "read", risc, *met)
        return ""
