"""The compute engine of a core: its three threads, SrcA and SrcB, the DST sections.

Src is counted in halves that are valid, DST in sections: free, MATH's, ready, PACK's. Left out: single tiles of a section.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...debug.hang.stops import of_core
from ...measure.spans import Lane, State, has_engine
from ...measure.threads import THREADS, thread_lanes
from ...sim.device import Core
from ...sim.work import Kind, Marker, Work
from . import words
from .buffers import slots_of
from .change import Change, Jump
from .places import Places

Entry = Work | Marker
FREE, MATHS, READY, PACKS = "free", "math", "ready", "pack"


def start(core: Core) -> dict[str, Any]:
    """What stands there before the run."""
    if not has_engine(core):
        return {}
    state: dict[str, Any] = {f"thread {name}": ["idle", None, "has nothing to do"] for name in THREADS.values()}
    return state | {"src A": 0, "src B": 0} | {f"dst {n}": FREE for n in range(core.engine.sections)}


def changes(core: Core, places: Places, hung: bool) -> Iterator[Change]:
    """Everything that the engine does."""
    if not has_engine(core):
        return
    given = {name: [e for e in core.device.trace.tiles if e.risc is risc] for name, risc in _riscs(core).items()}
    stalls = list(_stalls(core, places)) if hung else []
    ends = {change.key: change.cycle for change in stalls}
    for lane in thread_lanes(core.device):
        if lane.core == core.xy:
            yield from _thread(lane, given[lane.name], places, ends.get(f"thread {lane.name}"))
    yield from _src(given["UNPACK"], given["MATH"])
    yield from _dst(core, given["MATH"], given["PACK"])
    yield from _packing(core, given["PACK"])
    yield from stalls


def _riscs(core: Core) -> dict[str, Any]:
    return {THREADS[risc.name]: risc for risc in core.riscs if risc.name in THREADS}


def name_of(entry: Entry) -> str:
    return entry.detail if isinstance(entry.detail, str) else entry.kind.value


# ---- threads ------------------------------------------------------------------------------------------------


def _thread(lane: Lane, given: list[Entry], places: Places, until: int | None) -> Iterator[Change]:
    """What a thread does; from `until` on it stands still for good."""
    key, who = f"thread {lane.name}", f"{lane.name}'s engine"
    begun = {begin: (entry, k) for entry in given if isinstance(entry, Work) for k, begin in enumerate(entry.starts)}
    for span in lane.spans:
        if span.state is State.BUSY and span.begin in begun:
            entry, k = begun[span.begin]
            what = name_of(entry) + (f", tile {k + 1} of {entry.n}" if entry.n > 1 else "")
            yield Change(span.begin, key, ["busy", places.place(entry.site), what], f"{who} starts {what}")
            yield Change(span.end, key, ["idle", None, "has nothing to do"], f"{who} is done with {what}")
        elif span.state is not State.BUSY and span.begin != until:
            waits = span.state is not State.IDLE
            what = words.between(span.state, span.what)
            yield Change(span.begin, key, ["stall" if waits else "idle", None, what], f"{who} {what}" if waits else "")


def _stalls(core: Core, places: Places) -> Iterator[Change]:
    """Where each thread of a stuck device stands still: since it was free and had been asked."""
    threads = {"UNPACK": core.engine.unpack, "MATH": core.engine.math, "PACK": core.engine.pack}
    for stop in of_core(core):
        if stop.engine:
            name = THREADS[stop.risc.name]
            asked = threads[name].work()
            begin = stop.since if asked is None else threads[name].due(asked)
            what = words.stuck(stop.call, stop.reason)
            value = ["stall", places.place(stop.site), what]
            yield Change(begin, f"thread {name}", value, f"{name}'s engine {what}", Jump.WAIT)


# ---- SrcA, SrcB, DST ----------------------------------------------------------------------------------------


def _src(unpack: list[Entry], math: list[Entry]) -> Iterator[Change]:
    """Valid halves: UNPACK gives them when it is through with a tile, MATH takes them."""
    steps = [(end, sign, entry.halves) for sign, given in ((1, unpack), (-1, math)) for end, entry in _ends(given)]
    for side, name in enumerate("AB"):
        count = 0
        for end, sign, halves in sorted(steps, key=lambda step: (step[0], -step[1])):
            count += sign * halves[side]
            yield Change(end, f"src {name}", count)


def _ends(given: list[Entry]) -> Iterator[tuple[int, Work]]:
    for entry in given:
        if isinstance(entry, Work):
            yield from ((end, entry) for end in entry.ends)


def _dst(core: Core, math: list[Entry], pack: list[Entry]) -> list[Change]:
    """Section n of the run is DST section n modulo how many there are."""
    engine = core.engine
    commits, releases = list(engine.commits), list(engine.releases)
    freed = [0] * engine.sections + releases
    acquires = _opened(math, Kind.ACQUIRE, commits, freed)
    waits = _opened(pack, Kind.WAIT, releases, commits)
    found = []
    for times, value, told in (
        (acquires, MATHS, "MATH acquires DST section {}"),
        (commits, READY, "MATH commits DST section {}"),
        (waits, PACKS, "PACK begins to read DST section {}"),
        (releases, FREE, "PACK releases DST section {}"),
    ):
        for n, cycle in enumerate(times):
            section = n % engine.sections
            found.append((cycle, n, Change(cycle, f"dst {section}", value, told.format(section))))
    return [change for _, _, change in sorted(found, key=lambda item: item[:2])]


def _opened(given: list[Entry], kind: Kind, closed: list[int], may: list[int]) -> list[int]:
    """When each section was entered: asked for, the thread free, and the other side done with it (`may`)."""
    times: list[int] = []
    free = 0
    for entry in given:
        if isinstance(entry, Marker):
            if entry.kind is kind and entry.time is not None:
                times.append(entry.time)
            free = free if entry.time is None else entry.time
            continue
        for k in range(len(entry.starts)):
            if entry.per and k % entry.per == 0:
                n = len(times)
                before = closed[n - 1] if 0 < n <= len(closed) else 0
                times.append(max(free, before, entry.opened(k), may[n] if n < len(may) else 0))
            free = entry.ends[k]
    return times


def _packing(core: Core, pack: list[Entry]) -> Iterator[Change]:
    """Which pages PACK writes right now; pack_untilize writes rows into all that are reserved."""
    for entry in pack:
        if isinstance(entry, Work):
            for k, (begin, end) in enumerate(entry.times()):
                index, slots = slots_of(core, entry.a + k * entry.da, entry.conf.format.tile_bytes)
                if index is not None:
                    yield Change(
                        begin, f"cb {index} packing", "reserved" if entry.conf.untilize else slots and list(slots)
                    )
                    yield Change(end, f"cb {index} packing", None)
