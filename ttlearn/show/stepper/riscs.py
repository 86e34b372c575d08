"""What the five RISCs of a core do, from call to call: at a line, waiting, done.

A RISC's line is that of its last call that left a trace: waits, pushes, pops, transfers, and what a TRISC issues.
Left out: calls without a trace (inits, pointers, arguments).
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from ...debug.hang.stops import kernel, role
from ...sim.device import Core
from ...sim.sched import Risc
from ...sim.trace import Event, Site
from ...sim.work import Kind, Marker, Work
from . import words
from .change import Change, Jump
from .places import Places

ENDS, LINE, BEGINS = 1, 2, 3  # the order of a RISC's own changes in one cycle
Moves = dict[tuple[bool, int], list[tuple[int, int]]]  # (pops?, CB) -> (when the RISC called, its count since)


class Call(NamedTuple):
    """A wait call that was kept, or not yet (`end` is None)."""

    begin: int
    end: int | None
    name: str
    args: tuple[Any, ...]
    site: Site


def changes(core: Core, places: Places) -> Iterator[Change]:
    """Of every RISC that has a kernel, and of the pages that its waits grant it."""
    facts = [fact for fact in core.device.trace.facts if fact.core == core.xy]
    for risc in core.riscs:
        if risc.coro is not None:
            mine = [fact for fact in facts if fact.risc == risc.name]
            given = [entry for entry in core.device.trace.tiles if entry.risc is risc]
            calls = list(_calls(risc))
            yield from _lane(risc, calls, [*_requests(mine), *_issued(given)], places)
            yield from _granted(calls, _moves(mine, given))


def _calls(risc: Risc) -> Iterator[Call]:
    names = {name for _, name, _, _ in risc.waits}
    ends = [end for _, end, name in risc.calls if name in names]
    for (begin, name, args, site), end in zip(risc.waits, ends, strict=True):
        yield Call(begin, end, name, args, site)
    if risc.waiting is not None and not risc.done:
        yield Call(risc.t, None, risc.waiting.call, risc.waiting.args, risc.waiting.site)


def _requests(facts: list[Event]) -> Iterator[tuple[int, Site]]:
    """When a data-movement RISC called: a transfer's own start may be later."""
    for fact in facts:
        if fact.site is not None and not fact.what.startswith("wait ") and not fact.risc.startswith("TRISC"):
            yield (fact.detail[1] if fact.what.startswith("noc ") else fact.start), fact.site


def _issued(given: list[Work | Marker]) -> Iterator[tuple[int, Site]]:
    """When a TRISC issued what stands in its queue; of a run that takes its DST sections itself, each section."""
    for entry in given:
        yield entry.stamp, entry.site
        if isinstance(entry, Work) and entry.per:
            for k in range(0, entry.n, entry.per):
                if entry.opens is not None:
                    yield entry.opened(k), entry.opens.site
                yield entry.stamp_of(k), entry.site
                if entry.closes is not None:
                    yield entry.closed(k), entry.closes.site


def _lane(risc: Risc, calls: list[Call], lines: list[tuple[int, Site]], places: Places) -> list[Change]:
    who, key = role(risc), f"risc {risc.name}"
    first = places.start(risc)
    found = [
        (0, Change(0, key, ["launch", first, f"starts at cycle {risc.start:,}"])),
        (0, Change(risc.start, key, ["run", first, ""], f"{who} starts {kernel(risc)}")),
    ]
    found += [(LINE, Change(cycle, key, ["run", places.place(site), ""])) for cycle, site in lines]
    for each in calls:
        found += _wait(who, key, each, places.place(each.site))
    found.sort(key=lambda item: (item[1].cycle, item[0]))
    if risc.done:
        last = found[-1][1].value[1]
        found.append((0, Change(risc.t, key, ["done", last, "has finished"], f"{who} finishes {kernel(risc)}")))
    return [change for _, change in found]


def _wait(who: str, key: str, each: Call, place: int) -> Iterator[tuple[int, Change]]:
    call, what = words.call(each.name, each.args), f"waits {words.awaited(each.name, each.args)}"
    if each.end == each.begin:
        yield ENDS, Change(each.begin, key, ["run", place, ""], f"{who} passes {call} at once")
        return
    yield BEGINS, Change(each.begin, key, ["wait", place, what], f"{who} {what}: {call}", Jump.WAIT)
    if each.end is not None:
        told = f"{who} goes on after {each.end - each.begin:,} cycles in {call}"
        yield ENDS, Change(each.end, key, ["run", place, ""], told)


def _moves(facts: list[Event], given: list[Work | Marker]) -> Moves:
    """A RISC's own pushes and pops as it calls them; its engine may carry them out later."""
    moves: Moves = defaultdict(list)
    for fact in facts:
        if fact.what in ("push", "pop") and not fact.risc.startswith("TRISC"):
            moves[fact.what == "pop", fact.detail[0]].append((fact.start, fact.detail[2]))
    for entry in given:
        if entry.kind in (Kind.PUSH, Kind.POP):
            ring, _, _, total = entry.detail
            moves[entry.kind is Kind.POP, ring.cb.index].append((entry.stamp, total))
    return moves


def _granted(calls: list[Call], moves: Moves) -> Iterator[Change]:
    """Up to which page, counted from the run's start, a CB's producer may write and its consumer read."""
    for each in calls:
        if each.end is not None and each.name in ("cb_wait_front", "cb_reserve_back"):
            front = each.name == "cb_wait_front"
            cb, count = each.args[0].index, each.args[1]
            before = moves.get((front, cb), [])
            k = bisect.bisect_right(before, each.begin, key=itemgetter(0))
            yield Change(each.end, f"cb {cb} {'held' if front else 'reserved'}", count + (before[k - 1][1] if k else 0))
