"""What each RISC, engine thread and NOC does in every cycle of a run: spans without gap or overlap, from the trace.

A RISC is busy unless its trace says that it waits; in a run that hangs, who stands still waits until the run's end.
Left out: what a RISC does while it is busy, and waits of the NOC's own (a full bank, a busy link), which show as
longer transfers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..sim.device import Core, Device
from ..sim.trace import Event

Coordinates = tuple[int, int]


class State(Enum):
    """What a lane is doing."""

    LAUNCH = "launch"  # before its kernel's first call
    BUSY = "busy"
    CB = "CB"
    NOC = "NOC"
    SEMAPHORE = "semaphore"
    MAILBOX = "mailbox"
    OTHER = "wait"
    SRC = "Src"
    DST = "DST"
    FLIGHT = "in flight"  # of a NOC: transfers are asked for and have not landed
    IDLE = "idle"  # of an engine thread: nothing was issued to it; of a NOC: nothing is in flight
    DONE = "done"  # of a RISC: its kernel has ended


class Span(NamedTuple):
    """From `begin` to `end` (cycles) a lane was in one state; `what` says what it waited for."""

    begin: int
    end: int
    state: State
    what: str = ""
    event: Event | None = None  # the wait that it is


@dataclass(frozen=True)
class Lane:
    """One RISC, engine thread or NOC of one core. Its spans cover the run."""

    core: Coordinates
    name: str
    spans: tuple[Span, ...]

    def share(self, state: State) -> float:
        """The part of the run that this lane spends in `state`, from 0 to 1."""
        total = self.spans[-1].end if self.spans else 0
        return sum(s.end - s.begin for s in self.spans if s.state is state) / max(1, total)


def risc_lanes(device: Device) -> Iterator[Lane]:
    """A lane for each RISC that has a kernel."""
    waits: dict[tuple[Coordinates, str], list[Span]] = defaultdict(list)
    for key, event in standing(device).items():
        waits[key].append(Span(event.start, event.end, *reason(event), event))
    for fact in device.trace.facts:
        if fact.what.startswith("wait "):
            waits[fact.core, fact.risc].append(Span(fact.start, fact.end, *reason(fact), fact))
    for core in device.cores.values():
        for risc in core.riscs:
            if risc.coro is not None:
                spans = [Span(0, risc.start, State.LAUNCH), *sorted(waits[core.xy, risc.name], key=lambda s: s.begin)]
                ended = Span(risc.t, device.cycles, State.DONE)
                yield Lane(core.xy, risc.name, tuple(filled([*spans, ended], device.cycles, State.BUSY)))


def standing(device: Device) -> dict[tuple[Coordinates, str], Event]:
    """The waits of a hang, which never end: by core and RISC, as the trace would have them if the run's end ended them."""
    return {
        (core.xy, risc.name): Event(
            risc.t, device.cycles, core.xy, risc.name, f"wait {wait.call}", tuple(map(str, wait.args)), wait.site
        )
        for core in device.cores.values()
        for risc in core.riscs
        if not risc.done and (wait := risc.waiting) is not None
    }


def reason(fact: Event) -> tuple[State, str]:
    """What a wait in the trace was for."""
    call = fact.what.removeprefix("wait ")
    if call in ("cb_wait_front", "cb_reserve_back"):
        return State.CB, f"{fact.detail[0]} {'pages' if call == 'cb_wait_front' else 'room'}"
    if call.startswith("noc_semaphore"):
        return State.SEMAPHORE, fact.detail[0]
    if call.startswith("noc_"):
        return State.NOC, call.removeprefix("noc_async_").replace("_", " ")
    mail = call in ("get_tile_address", "read_tile_value")
    return (State.MAILBOX, "mailbox") if mail else (State.OTHER, call)


def filled(spans: Iterable[Span], total: int, rest: State) -> Iterator[Span]:
    """The same spans, cut where they overlap, with `rest` between them and up to `total`."""
    at = 0
    for span in spans:
        if span.begin > at:
            yield Span(at, min(span.begin, total), rest)
        begin, end = max(at, span.begin), min(span.end, total)
        if end > begin:
            yield span._replace(begin=begin, end=end)
        at = max(at, end)
    if total > at:
        yield Span(at, total, rest)


def has_engine(core: Core) -> bool:
    """Does a compute kernel run here?"""
    return any(risc.coro is not None for risc in core.riscs[2:])
