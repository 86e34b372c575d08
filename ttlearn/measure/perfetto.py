"""`Run.save_perfetto(path)`: the run as Chrome trace JSON, which ui.perfetto.dev and chrome://tracing open.

A process is a core, a thread is a RISC, an engine thread or a NOC, a counter is a CB's pages, an arrow goes from a push or
pop to the wait that it ended. To keep files small, an engine's tiles of one source line are one event as long as no gap
between them is longer than `GAP`, and so are transfers in flight without a pause; args tell how many. A run of more than
`MOST` events is written up to a cycle, which `otherData` tells. Left out: single NOC transfers.
"""

from __future__ import annotations

import bisect
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from ..sim.device import Device
from ..sim.trace import Event, Site
from ..sim.work import Work
from .levels import levels
from .nocs import NOCS, Stretch, flights, stretches
from .spans import Coordinates, Lane, State, risc_lanes
from .threads import THREADS, entries

GAP = 500  # cycles: about one DRAM latency; a longer wait between tiles is worth seeing
MOST = 150_000  # events; at about 100 B each they stay below 20 MB
ORDER = ("BRISC", "NCRISC", "TRISC0", "TRISC1", "TRISC2", "UNPACK", "MATH", "PACK", *NOCS)
TIDS = {name: k for k, name in enumerate(ORDER, 1)}
RELEASED_BY = {"cb_wait_front": "push", "cb_reserve_back": "pop"}
Json = dict[str, Any]


class Slice(NamedTuple):
    """One complete event, in cycles."""

    begin: int
    end: int
    name: str
    args: Json


class Writer:
    """Makes events: cycles to microseconds, cores to process ids."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.scale = 1 / (1000 * device.arch.clock_ghz)  # microseconds a cycle
        self.pids = {core: k for k, core in enumerate(device.cores, 1)}
        self.places: dict[Site, str] = {}

    def event(self, ph: str, core: Coordinates, lane: str, cycle: float, name: str, **more: Any) -> Json:
        ts = round(cycle * self.scale, 5)
        return {"ph": ph, "pid": self.pids[core], "tid": TIDS.get(lane, 0), "ts": ts, "name": name, **more}

    def slice(self, core: Coordinates, lane: str, it: Slice) -> Json:
        dur = round((it.end - it.begin) * self.scale, 5)
        return self.event("X", core, lane, it.begin, it.name, dur=dur, **({"args": it.args} if it.args else {}))

    def place(self, site: Site | None) -> str:
        """A source line without its text, which files of many cores would repeat too often; looked up once."""
        if site is None:
            return ""
        if site not in self.places:
            self.places[site] = str(site).split(": `")[0]
        return self.places[site]


def perfetto(device: Device) -> Json:
    """The whole file's object."""
    writer = Writer(device)
    slices = dict(_slices(writer))
    events = list(_names(writer, slices))
    for (core, lane), some in slices.items():
        events += (writer.slice(core, lane, each) for each in some)
    events += [*_counters(writer), *_arrows(writer, slices)]
    facts = {"arch": device.arch.name, "cycles": device.cycles, "clock_ghz": device.arch.clock_ghz, "times": "model"}
    if len(events) > MOST:
        last = sorted(event["ts"] for event in events)[MOST - 1]
        events, facts["written up to cycle"] = _until(events, last), round(last / writer.scale)
    return {"traceEvents": events, "displayTimeUnit": "ns", "otherData": facts}


def _until(events: list[Json], last: float) -> list[Json]:
    """The events that begin by `last` (microseconds), and of the arrows those that end by then."""
    late = {event["id"] for event in events if event["ph"] == "f" and event["ts"] > last}
    return [event for event in events if event["ts"] <= last and event.get("id") not in late]


def save(device: Device, path: str | Path) -> Path:
    """Write the file; gives its path back."""
    path = Path(path)
    path.write_text(json.dumps(perfetto(device), separators=(",", ":")))
    return path


Lanes = dict[tuple[Coordinates, str], list[Slice]]


def _slices(writer: Writer) -> Iterator[tuple[tuple[Coordinates, str], list[Slice]]]:
    for lane in risc_lanes(writer.device):
        yield (lane.core, lane.name), list(_risc(writer, lane))
    for key, given in entries(writer.device).items():
        yield key, [run for entry in given if isinstance(entry, Work) for run in _runs(writer, entry)]
    for key, some in flights(writer.device).items():
        yield key, [_flight(each) for each in stretches(some, writer.device.cycles)]


def _flight(it: Stretch) -> Slice:
    return Slice(it.begin, it.end, "transfers", {"transfers": it.transfers, "B": it.size, "most at once": it.most})


def _risc(writer: Writer, lane: Lane) -> Iterator[Slice]:
    """Waits carry their call and line; the time after the kernel's end stays empty."""
    for span in lane.spans:
        if span.event is not None:
            call = f"{span.event.what}({', '.join(span.event.detail)})"
            yield Slice(span.begin, span.end, call, {"for": span.what, "at": writer.place(span.event.site)})
        elif span.state is not State.DONE:
            yield Slice(span.begin, span.end, span.state.value, {})


def _runs(writer: Writer, work: Work) -> Iterator[Slice]:
    """The tiles of one entry, merged."""
    times, first = work.times(), 0
    for k in range(1, len(times) + 1):
        if k == len(times) or times[k][0] - times[k - 1][1] > GAP:
            busy = sum(end - begin for begin, end in times[first:k])
            args = {"tiles": k - first, "busy cycles": busy, "at": writer.place(work.site)}
            name = work.detail if isinstance(work.detail, str) else work.kind.value
            yield Slice(times[first][0], times[k - 1][1], name, args)
            first = k


def _names(writer: Writer, lanes: Iterable[tuple[Coordinates, str]]) -> Iterator[Json]:
    """Metadata: what processes and threads are called, and their order."""
    for core, pid in writer.pids.items():
        yield writer.event("M", core, "", 0, "process_name", args={"name": f"core {core}"})
        yield writer.event("M", core, "", 0, "process_sort_index", args={"sort_index": pid})
    for core, lane in lanes:
        yield writer.event("M", core, lane, 0, "thread_name", args={"name": lane})
        yield writer.event("M", core, lane, 0, "thread_sort_index", args={"sort_index": TIDS[lane]})


def _moves(device: Device) -> list[Event]:
    """Pushes and pops in the order of the clock; at the same cycle pops come last, as the pages were there."""
    moves = [fact for fact in device.trace.facts if fact.what in ("push", "pop")]
    return sorted(moves, key=lambda fact: (fact.start, fact.what != "push"))


def _counters(writer: Writer) -> Iterator[Json]:
    """Pages in each CB, from 0 on: pushed and not yet popped."""
    for level in levels(writer.device):
        for cycle, pages in level.steps:
            yield writer.event("C", level.core, "", cycle, f"{level.name} pages", args={"pages": pages})


def _arrows(writer: Writer, slices: Lanes) -> Iterator[Json]:
    """From the slice that pushed (or popped) to the wait that it ended. An arrow begins and ends inside its slices."""
    moves: dict[tuple[Coordinates, str, str], list[Event]] = defaultdict(list)
    for fact in _moves(writer.device):
        moves[fact.core, f"c_{fact.detail[0]}", fact.what].append(fact)
    starts = {key: [each.begin for each in some] for key, some in slices.items()}
    credit, numbers = writer.device.arch.credit, count(1)
    for fact in writer.device.trace.facts:
        kind = RELEASED_BY.get(fact.what.removeprefix("wait "))
        found = moves.get((fact.core, fact.detail[0], kind), []) if kind and fact.what.startswith("wait ") else []
        k = bisect.bisect_right(found, fact.end - credit, key=lambda move: move.start) - 1
        if kind is None or k < 0:
            continue
        lane = _lane(found[k])
        begin = _inside(slices.get((fact.core, lane), []), starts.get((fact.core, lane), []), found[k].start)
        if begin is not None:
            name, number = f"{kind} {fact.detail[0]}", next(numbers)
            yield writer.event("s", fact.core, lane, begin, name, cat="cb", id=number)
            yield writer.event("f", fact.core, fact.risc, fact.end - 0.25, name, cat="cb", id=number, bp="e")


def _lane(move: Event) -> str:
    """Who moves pages: a data-movement RISC itself, for a TRISC its engine thread."""
    return THREADS.get(move.risc, move.risc)


def _inside(some: list[Slice], starts: list[int], cycle: int) -> float | None:
    """The last time, up to `cycle`, that lies inside a slice."""
    k = bisect.bisect_left(starts, cycle) - 1
    return None if k < 0 else max(some[k].begin, min(cycle, some[k].end) - 0.25)
