"""The three engine threads' lanes: busy, waiting for the other side of Src or DST, or idle since nothing was issued.

A tile's issue time, its start and the one before it tell it apart. Left out: pops and pushes, which take no time, and
why nothing was issued (the TRISC's own lane tells).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..sim.device import Device
from ..sim.engine import Engine, Thread
from ..sim.work import Kind, Marker, Work
from .spans import Coordinates, Lane, Span, State, filled, has_engine

Entry = Work | Marker
BLOCKED = {
    "unconfigured": (State.OTHER, "configuration"),
    "src full": (State.SRC, "Src room"),
    "src empty": (State.SRC, "Src data"),
    "dst full": (State.DST, "DST room"),
    "dst empty": (State.DST, "DST data"),
}
THREADS = {"TRISC0": "UNPACK", "TRISC1": "MATH", "TRISC2": "PACK"}


def entries(device: Device) -> dict[tuple[Coordinates, str], list[Entry]]:
    """What each engine thread was given, in order, as far as it took place."""
    found: dict[tuple[Coordinates, str], list[Entry]] = defaultdict(list)
    for entry in device.trace.tiles:
        if entry.times():
            found[entry.risc.core.xy, THREADS[entry.risc.name]].append(entry)
    return found


def thread_lanes(device: Device) -> Iterator[Lane]:
    """Three lanes for each core with a compute kernel."""
    given = entries(device)
    for core in device.cores.values():
        if has_engine(core):
            unpack, math, pack = (given[core.xy, name] for name in THREADS.values())
            freed = [0] * core.engine.sections + list(_releases(pack))
            spans = {"UNPACK": _unpack(unpack), "MATH": _math(math, freed), "PACK": _pack(pack)}
            last = stuck(core.engine, device.cycles)
            for name, some in spans.items():
                for_ever = [last[name]] if name in last else []
                yield Lane(core.xy, name, tuple(filled([*some, *for_ever], device.cycles, State.IDLE)))


def stuck(engine: Engine, end: int) -> dict[str, Span]:
    """Of a device that hangs: what each thread that stands still waits for, until the run's `end`."""
    threads: dict[str, Thread] = {"UNPACK": engine.unpack, "MATH": engine.math, "PACK": engine.pack}
    found: dict[str, Span] = {}
    for name, thread in threads.items():
        work = thread.work()
        if not engine.idle and thread.blocked in BLOCKED and (work is not None or thread.blocked == "src full"):
            begin = thread.free if work is None else thread.due(work)
            found[name] = Span(begin, end, *BLOCKED[thread.blocked])
    return found


def _unpack(given: Sequence[Entry]) -> Iterator[Span]:
    """An unpack that was issued and does not start finds both halves of Src full."""
    free = 0
    for entry in given:
        for k, (begin, end) in enumerate(entry.times()):
            yield Span(max(free, entry.stamp_of(k)), begin, State.SRC, "Src room")
            yield Span(begin, end, State.BUSY)
            free = end


def _math(given: Sequence[Entry], freed: Sequence[int]) -> Iterator[Span]:
    """`freed`: from when each DST section may be acquired."""
    free = section = 0
    for entry in given:
        for k, (begin, end) in enumerate(entry.times()):
            issued = entry.stamp_of(k)
            if entry.kind is Kind.ACQUIRE or (isinstance(entry, Work) and entry.per and k % entry.per == 0):
                asked = max(free, entry.opened(k) if isinstance(entry, Work) else issued)
                free = max(asked, min(begin, freed[section] if section < len(freed) else begin))
                yield Span(asked, free, State.DST, "DST room")
                section += 1
            yield Span(max(free, issued), begin, State.SRC, "Src data")
            yield Span(begin, end, State.BUSY)
            free = end


def _pack(given: Sequence[Entry]) -> Iterator[Span]:
    """PACK waits at the start of a section, for MATH to commit it."""
    free = 0
    for entry in given:
        for k, (begin, end) in enumerate(entry.times()):
            opened = entry.opened(k) if isinstance(entry, Work) else entry.stamp
            if entry.kind is Kind.WAIT or (isinstance(entry, Work) and entry.per and k % entry.per == 0):
                yield Span(max(free, opened), begin, State.DST, "DST data")
            yield Span(begin, end, State.BUSY)
            free = end


def _releases(given: Sequence[Entry]) -> Iterator[int]:
    """When PACK gave each DST section back."""
    for entry in given:
        if entry.kind is Kind.RELEASE:
            yield entry.times()[0][1]
        elif isinstance(entry, Work) and entry.per:
            yield from (max(entry.ends[k], entry.closed(k)) for k in range(entry.per - 1, len(entry.ends), entry.per))
