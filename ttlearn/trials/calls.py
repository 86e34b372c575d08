"""What each RISC of a run called, in the order of its program: name, arguments, line.

Read from the trace, the waits and the engine's queues. Left out: calls that leave no trace (pointers, local semaphores),
and addresses, which differ between programs that do the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..host.run import Run
from ..sim.device import Core
from ..sim.sched import Risc
from ..sim.trace import Event, Site
from ..sim.trisc import Trisc
from ..sim.work import Kind, Marker, Work

MOVES = {"push": "cb_push_back", "pop": "cb_pop_front"}
_RANK = {"cb_push_back": 0, "cb_pop_front": 0, "noc_read": 2, "noc_write": 2, "noc_atomic": 2}  # within one cycle
_SECTION = {Kind.MATH: ("tile_regs_acquire", "tile_regs_commit"), Kind.SFPU: ("tile_regs_acquire", "tile_regs_commit"),
            Kind.PACK: ("tile_regs_wait", "tile_regs_release")}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call. Two are the same if name and arguments are; `stuck`: it never came back. `time` in cycles."""

    name: str
    args: tuple[str, ...]
    stuck: bool = False
    time: int = field(default=0, compare=False)
    site: Site | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.args)})"


def by_core(run: Run) -> dict[tuple[int, int], list[Event]]:
    """The trace's facts, a list a core."""
    facts: dict[tuple[int, int], list[Event]] = {}
    for fact in run.trace.facts:
        facts.setdefault(fact.core, []).append(fact)
    return facts


def calls(facts: list[Event], risc: Risc) -> list[Call]:
    """Every call of a RISC. `facts`: its core's."""
    found = [*_issued(risc)] if isinstance(risc, Trisc) else [*_moved(facts, risc)]
    found += [Call(name, tuple(map(str, args)), False, begin, site) for begin, name, args, site in risc.waits]
    found.sort(key=lambda call: (call.time, _RANK.get(call.name, 1)))
    if risc.waiting is not None:
        wait = risc.waiting
        found.append(Call(wait.call, tuple(map(str, wait.args)), True, risc.t, wait.site))
    return found


def _moved(facts: list[Event], risc: Risc) -> Iterator[Call]:
    """Pushes, pops and transfers of a data-movement RISC."""
    mine = [f for f in facts if f.risc == risc.name]
    yield from (_move(fact) for fact in mine if fact.what in MOVES)
    for fact in mine:
        if fact.what.startswith("noc "):
            size, stamp, _, *place = fact.detail
            where = f"DRAM page {place[2]}" if place[0] == "dram" else f"core ({place[1]}, {place[2]})"
            yield Call(f"noc_{fact.what[4:]}", (f"{size} B", where), False, stamp, fact.site)


def _move(fact: Event) -> Call:
    return Call(MOVES[fact.what], (f"c_{fact.detail[0]}", str(fact.detail[1])), False, fact.start, fact.site)


def _issued(risc: Trisc) -> Iterator[Call]:
    """A TRISC's entries, tile by tile, with the sections that runs take themselves."""
    for entry in risc.queue:
        if isinstance(entry, Marker):
            yield _mark(entry)
            continue
        opens, closes = _SECTION.get(entry.kind, ("", ""))
        for k in range(entry.n):
            if entry.per and k % entry.per == 0:
                yield Call(opens, (), False, entry.opened(k), entry.opens.site if entry.opens else None)
            yield Call(_name(entry), _operands(risc.core, entry, k), False, entry.stamp_of(k), entry.site)
            if entry.per and (k + 1) % entry.per == 0:
                yield Call(closes, (), False, entry.stamp_of(k), entry.closes.site if entry.closes else None)


def _mark(entry: Marker) -> Call:
    if entry.detail is None:
        return Call(f"tile_regs_{entry.kind.value}", (), False, entry.stamp, entry.site)
    ring, _, pages, _ = entry.detail
    return Call(MOVES[entry.kind.value], (str(ring.cb), str(pages)), False, entry.stamp, entry.site)


def _name(work: Work) -> str:
    return work.detail if isinstance(work.detail, str) else getattr(work.detail, "__name__", work.kind.value)


def _operands(core: Core, work: Work, k: int) -> tuple[str, ...]:
    if work.kind is Kind.UNPACK:
        return (_cb(core, work.a + k * work.da),)
    into = (_cb(core, work.a + k * work.da),) if work.kind is Kind.PACK else ()
    return (f"DST {work.target(k)}", *into)


def _cb(core: Core, address: int) -> str:
    return str(core.cb_at(address) or f"L1 {address}")
