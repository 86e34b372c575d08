"""`Run.timeline()`: what the RISCs, engine threads and NOCs of one core do, cycle by cycle, as text or as a picture.

All of its forms are drawn from the same spans. Left out: other cores, and what a transfer carries (the Perfetto file
tells bytes).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from ..errors import HostError
from ..sim.device import Device
from .nocs import noc_lanes
from .pictures.pieces import cut
from .pictures.svg import Picture
from .spans import Coordinates, Lane, State, has_engine, reason, risc_lanes, standing
from .stalls import Cause
from .threads import stuck, thread_lanes


@dataclass(frozen=True)
class Timeline:
    """The lanes of one core from `begin` to `end` (cycles). `stuck`: what each lane that hangs stands still for."""

    core: Coordinates
    begin: int
    end: int
    lanes: tuple[Lane, ...]
    stuck: dict[str, str]

    @property
    def title(self) -> str:
        hangs = ", where this core hangs" if self.stuck else ""
        return f"core {self.core}: cycles {self.begin:,} to {self.end:,}{hangs} (model)"

    @property
    def summary(self) -> str:
        """One line: what each lane does most of the time."""
        return f"Timeline of {self.title}: " + "; ".join(f"{lane.name} {_most(lane)}" for lane in self.lanes)

    def svg(self) -> Picture:
        """A picture as text; where it stands in a page, pointing at a span tells its cycles."""
        from .pictures.timeline_svg import drawn

        return drawn(self)

    def figure(self) -> Any:
        """A matplotlib Figure."""
        from .pictures.timeline_figure import figure

        return figure(self)

    def __repr__(self) -> str:
        from .pictures.timeline_text import text

        return text(self)

    def _repr_html_(self) -> str:
        return self.svg()._repr_html_()


def timeline(device: Device, core: Coordinates | None = None, begin: int = 0, end: int | None = None) -> Timeline:
    """The first core's lanes if none is named, to the run's end if none is given."""
    core = a_core(device, core, "timeline")
    end = device.cycles if end is None else end
    if not 0 <= begin < end <= device.cycles:
        raise HostError(
            f"timeline(begin={begin:,}, end={end:,}): this run has cycles 0 to {device.cycles:,}; "
            "take a begin and a later end between them, or leave them out"
        )
    some = (lane for lane in core_lanes(device) if lane.core == core)
    lanes = tuple(replace(lane, spans=tuple(cut(lane.spans, begin, end))) for lane in some)
    return Timeline(core, begin, end, lanes, _stuck(device, core) if end == device.cycles else {})


def a_core(device: Device, core: Coordinates | None, call: str) -> Coordinates:
    """The first core if none is named; an error if the run has no such core."""
    some = list(device.cores)
    if core is not None and core not in some:
        have = f"core {some[0]} only" if len(some) == 1 else f"{len(some)} cores, {some[0]} to {some[-1]}"
        raise HostError(f"{call}(core={core}): this run has {have}; name one of its cores, or leave `core` out")
    return core or some[0]


def core_lanes(device: Device) -> list[Lane]:
    """All lanes: of each core its RISCs, then its engine threads, then its NOCs."""
    return [*risc_lanes(device), *thread_lanes(device), *noc_lanes(device)]


def _stuck(device: Device, core: Coordinates) -> dict[str, str]:
    """By lane, what the RISCs and engine threads of a core that hang stand still for."""
    waits = {risc: Cause(*reason(event)) for (xy, risc), event in standing(device).items() if xy == core}
    threads = stuck(device.cores[core].engine, device.cycles) if has_engine(device.cores[core]) else {}
    waits |= {name: Cause(span.state, span.what) for name, span in threads.items()}
    return {name: str(cause) for name, cause in waits.items()}


_NO_WAIT = (State.LAUNCH, State.BUSY, State.FLIGHT, State.IDLE, State.DONE)


def _most(lane: Lane) -> str:
    """`waits for c_0 pages 61 %`, of a NOC `in flight 40 %`."""
    cycles: dict[str, int] = defaultdict(int)
    for span in lane.spans:
        quiet = span.state in _NO_WAIT
        named = span.state.value if quiet else f"waits for {Cause(span.state, span.what)}"
        cycles[named] += span.end - span.begin
    longest = max(cycles, key=lambda name: cycles[name])
    return f"{longest} {cycles[longest] / sum(cycles.values()):.0%}"
