"""The wait-for graph of a stuck device: who could keep whose promise, and where the chains end.

An edge goes from a `Stop` to a `Stop` or to a party that has ended. A chain ends in something that can never be, in
parties that have all ended, or in a circle. Left out: what to call it (`causes`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...count.made import Made
from ...sim.device import Device
from ...sim.sched import Risc
from ...sim.trace import OURS
from ...sim.trisc import Trisc
from ...sim.work import Kind
from .promises import Promises
from .stops import Reason, Stop, pending, stops


@dataclass(frozen=True, eq=False)
class Ended:
    """A RISC that will not help any more: its kernel has finished, or `total` pages are all that its text ever moves.

    `made` is the call by which it helped, if its text has one.
    """

    risc: Risc
    made: Made | None = None
    total: int | None = None


@dataclass
class Graph:
    """All stops of a device, and for each the parties that could help it."""

    device: Device
    promises: Promises = field(default_factory=Promises)
    stops: list[Stop] = field(default_factory=list)
    helpers: dict[Stop, list[Stop | Ended]] = field(default_factory=dict)

    @classmethod
    def of(cls, device: Device) -> Graph:
        graph = cls(device)
        graph.stops = [graph._told(stop) for stop in stops(device)]
        graph._at = {(stop.risc, stop.engine): stop for stop in graph.stops}
        for stop in graph.stops:
            graph.helpers[stop] = graph._who(stop)
        return graph

    _at: dict[tuple[Risc, bool], Stop] = field(default_factory=dict)

    def _told(self, stop: Stop) -> Stop:
        """With the learner's own line, where a kernel and a helper of this package issued what the engine cannot do."""
        ours = all(code.co_filename.startswith(OURS) for code in (stop.site.code, stop.site.kernel))
        if not stop.engine or not ours:
            return stop
        return replace(stop, site=self.promises.learners_line(stop.risc, stop.site))

    def waits_for(self, stop: Stop) -> list[Stop]:
        """The stops among its helpers."""
        return [helper for helper in self.helpers[stop] if isinstance(helper, Stop)]

    def ended(self, stop: Stop) -> list[Ended]:
        return [helper for helper in self.helpers[stop] if isinstance(helper, Ended)]

    def circles(self) -> list[list[Stop]]:
        """A circle from each group of stops that wait for each other and for nobody else, in the order of their waiting."""
        return [self._ordered(group[0], group) for group in self.groups() if self._closed(group)]

    def ends(self) -> list[Stop]:
        """Stops that nobody else's going on could help."""
        return [stop for stop in self.stops if hopeless(stop) or not self.waits_for(stop)]

    def before(self, roots: list[Stop]) -> list[Stop]:
        """Every stop that waits, through others, for one of `roots`."""
        known = set(roots)
        grown = True
        while grown:
            more = {s for s in self.stops if s not in known and any(h in known for h in self.waits_for(s))}
            known |= more
            grown = bool(more)
        return [stop for stop in self.stops if stop in known and stop not in roots]

    # ---- helpers --------------------------------------------------------------------------------------------

    def _who(self, stop: Stop) -> list[Stop | Ended]:
        core, engine = stop.core, stop.core.engine
        if stop.reason in (Reason.FRONT, Reason.BACK):
            return self._for_cb(stop)
        if stop.reason is Reason.SEMAPHORE:
            return self._for_semaphore(stop)
        if stop.reason is Reason.MAIL:
            return self._party(core.unpack, None, engine.unpack.work() is not None)
        if stop.reason is Reason.SRC_EMPTY:
            return self._party(core.unpack, None, pending(engine.unpack, Kind.UNPACK) or not engine.room())
        if stop.reason is Reason.SRC_FULL:
            return self._party(core.math, None, pending(engine.math, Kind.MATH))
        if stop.reason is Reason.DST_FULL:
            return self._party(core.pack, None, pending(engine.pack, Kind.RELEASE))
        if stop.reason is Reason.DST_EMPTY:
            return self._party(core.math, None, pending(engine.math, Kind.COMMIT))
        return []

    def _party(self, risc: Risc, made: Made | None, in_engine: bool) -> list[Stop | Ended]:
        """One RISC as a helper: its engine if the deed is in its queue, else the RISC, else that it has ended."""
        for engine in (True, False) if in_engine else (False,):
            stop = self._at.get((risc, engine))
            if stop is not None:
                return [stop]
        return [Ended(risc, made)] if risc.coro is not None else []

    def _for_cb(self, stop: Stop) -> list[Stop | Ended]:
        assert stop.cb is not None
        front = stop.reason is Reason.FRONT
        call, kind = ("cb_push_back", Kind.PUSH) if front else ("cb_pop_front", Kind.POP)
        known = stop.cb.producer if front else stop.cb.consumer
        found = self.promises.who(stop.core, call, stop.cb)
        if not found and known is not None:
            found = [(risc, None) for risc in stop.core.riscs if risc.name == known]  # type: ignore[misc]
        parties: list[Stop | Ended] = [] if found else self._perhaps(stop, call)
        for risc, made in found:
            total = self.promises.total(risc, call, stop.cb)
            if total is not None and total < needed(stop) and not risc.done:
                parties.append(Ended(risc, made, total))
                continue
            queued = isinstance(risc, Trisc) and pending(risc.thread, kind, stop.cb)
            parties += self._party(risc, made, queued)
        return parties

    def _perhaps(self, stop: Stop, call: str) -> list[Stop | Ended]:
        """RISCs that stand still, and of which nobody can tell whether they would help later."""
        riscs = self.promises.doubtful(stop.core, call)
        found = (self._party(risc, None, False) for risc in riscs if risc is not stop.risc)
        return [party for parties in found for party in parties if isinstance(party, Stop)]

    def _for_semaphore(self, stop: Stop) -> list[Stop | Ended]:
        address = semaphore_address(stop)
        parties: list[Stop | Ended] = []
        found = self.promises.setters(stop.core, address, list(self.device.cores.values()))
        for risc, made in found:
            if self.promises.never_signals(risc, stop.core, address):
                continue
            party = self._party(risc, made, False)
            if risc is not stop.risc:
                parties += [p for p in party if p not in parties]
        return parties

    # ---- circles --------------------------------------------------------------------------------------------

    def groups(self) -> list[list[Stop]]:
        """Strongly connected groups of stops."""
        reach = {stop: self._reached(stop) for stop in self.stops}
        groups: list[list[Stop]] = []
        for stop in self.stops:
            if any(stop in group for group in groups):
                continue
            group = [other for other in self.stops if other in reach[stop] and stop in reach[other]]
            if group:
                groups.append([stop, *(other for other in group if other is not stop)])
        return groups

    def _reached(self, stop: Stop) -> set[Stop]:
        seen: set[Stop] = set()
        todo = self.waits_for(stop)
        while todo:
            other = todo.pop()
            if other not in seen:
                seen.add(other)
                todo += self.waits_for(other)
        return seen

    def _ordered(self, first: Stop, group: list[Stop]) -> list[Stop]:
        order = [first]
        while True:
            following = [s for s in self.waits_for(order[-1]) if s in group and s not in order]
            if not following:
                return order
            order.append(following[0])

    def _closed(self, group: list[Stop]) -> bool:
        return all(helper in group for stop in group for helper in self.waits_for(stop))


def hopeless(stop: Stop) -> bool:
    """A request that cannot be met whatever anybody does."""
    return stop.cb is not None and stop.pages > stop.cb.num_pages


def needed(stop: Stop) -> int:
    """The count that the other side of a CB must reach, in pages since the start."""
    assert stop.cb is not None
    ring = stop.risc.rings[stop.cb.index]
    assert ring is not None
    return ring.acked + stop.pages if stop.reason is Reason.FRONT else ring.received + stop.pages - stop.cb.num_pages


def semaphore_address(stop: Stop) -> int:
    """The L1 address of the semaphore that is waited for."""
    history = next(
        (h for h in stop.core.semaphores.values() if stop.wait is not None and h.sleepers is stop.wait.on), None
    )
    return next((a for a, h in stop.core.semaphores.items() if h is history), 0)
