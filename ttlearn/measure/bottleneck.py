"""`Run.bottleneck`: what sets the time of a run, in one sentence, with what to do about it; and the figures behind it.

Every limit of the model (DRAM, one bank, a core's link, the engine, a RISC) is compared with what the run asked of it;
the fullest one binds, and if none is full the run waits for latency. Left out: phases, of which each may have a
bottleneck of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ..sim.device import Device
from ..sim.formats import bfloat16
from .limits import Limit, What, limits, tiles_moved
from .spans import Lane, Span, State, filled, risc_lanes
from .stalls import longest
from .threads import THREADS, thread_lanes

FULL = 0.7  # a limit used more than this binds (chosen: launch, first and last tiles take some of every run)
NOTABLE = 0.3  # waiting for one thing longer than this is worth naming (chosen)
IN_TURNS = 0.1  # who waits for CBs less than this does not take turns with a neighbour (chosen)


class Bound(Enum):
    """What binds a run."""

    DRAM = "DRAM bound"
    LINK = "NOC bound"
    COMPUTE = "compute bound"
    RISC = "issue bound"
    LATENCY = "latency bound"
    LAUNCH = "launch bound"
    NONE = "no single bound"


ADVICE = {
    Bound.DRAM: "more cores or CB depth will not help; move fewer bytes",
    Bound.LINK: "more CB depth will not help; spread the bytes over more cores",
    Bound.COMPUTE: "more CB depth will not help",
    Bound.RISC: "fewer and larger calls will help",
    Bound.LATENCY: "more transfers a barrier will help, more CB depth will not",
    Bound.LAUNCH: "more work a launch will help",
    Bound.NONE: "look at `run.stalls()`",
}
TURNS = "more depth or more transfers a barrier will help"  # LATENCY, if the movers wait for CBs besides


@dataclass(frozen=True)
class Use:
    """How much of a limit the run took, from 0 to 1; `text` says it, `advice` what to do if ADVICE is not meant."""

    bound: Bound
    share: float
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.bound.value}: {self.text}; {self.advice or ADVICE[self.bound]}"


def binding(device: Device) -> Use:
    """The limit that binds, or what is waited for if none does."""
    lanes, threads = list(risc_lanes(device)), list(thread_lanes(device))
    uses = [*_moved(limits(device)), *_engine(threads), *_busiest(lanes)]
    fullest = max(uses, key=lambda use: use.share)
    return fullest if fullest.share >= FULL else _waiting(device, lanes, fullest)


def _moved(rows: Iterable[Limit]) -> Iterator[Use]:
    """DRAM as a whole, its writes, its fullest bank, and each link of a core."""
    for row in rows:
        share, whose = f"{row.share:.0%}", row.name.replace(" ", "'s ")
        words = {
            What.DRAM: f"{row.rate:.0f} B/cycle are {share} of what DRAM gives for these reads and writes",
            What.WRITES: f"writes take {share} of the {row.ceiling:g} B/cycle that DRAM can write",
            What.BANK: f"one bank is asked for {share} of its {row.ceiling:g} B/cycle",
            What.LINK: f"{whose} fill its link {share} of the time",
        }
        if row.what in words:
            yield Use(Bound.LINK if row.what is What.LINK else Bound.DRAM, row.share, words[row.what])


def _engine(threads: Sequence[Lane]) -> Iterator[Use]:
    """Each engine thread, and the three of a core taken together: they may keep each other waiting."""
    cores = defaultdict[tuple[int, int], list[Lane]](list)
    for lane in threads:
        cores[lane.core].append(lane)
        share = lane.share(State.BUSY)
        yield Use(Bound.COMPUTE, share, f"{lane.name} is busy {share:.0%} of the time")
    for some in cores.values():
        each = ", ".join(f"{lane.name} {lane.share(State.BUSY):.0%}" for lane in some)
        share = _together(some)
        # a little less than each alone, so that a thread that is busy all the time is named by itself
        yield Use(
            Bound.COMPUTE, share * 0.95, f"the engine is busy {share:.0%} of the time, its threads in turns ({each})"
        )


def _together(lanes: Sequence[Lane]) -> float:
    """The part of the run in which at least one of the lanes is busy."""
    total = lanes[0].spans[-1].end if lanes[0].spans else 0
    busy = sorted(Span(s.begin, s.end, State.BUSY) for lane in lanes for s in lane.spans if s.state is State.BUSY)
    return sum(s.end - s.begin for s in filled(busy, total, State.IDLE) if s.state is State.BUSY) / max(1, total)


def _busiest(lanes: Sequence[Lane]) -> Iterator[Use]:
    for lane in lanes:
        share = lane.share(State.BUSY)
        yield Use(Bound.RISC, share, f"{lane.name} is busy {share:.0%} of the time with its own calls")


def _waiting(device: Device, lanes: Sequence[Lane], fullest: Use) -> Use:
    """Nothing is full: the launch, or a barrier, or nothing in particular takes the time."""
    launch = max((lane.share(State.LAUNCH) for lane in lanes), default=0.0)
    movers = [lane for lane in lanes if lane.name not in THREADS]
    barrier, signal = longest(movers, State.NOC), longest(movers, State.SEMAPHORE)
    if launch >= max(NOTABLE, barrier[2] if barrier else 0.0):
        return Use(Bound.LAUNCH, launch, f"the launch takes {launch:.0%} of the {device.cycles:,} cycles")
    if barrier is not None and barrier[2] >= NOTABLE:
        lane, cause, share = barrier
        text = f"{lane.name} waits for its {cause} {share:.0%} of the time"
        return Use(Bound.LATENCY, share, text, _on_depth([each for each in movers if each.core == lane.core]))
    if signal is not None and signal[2] >= NOTABLE:
        return Use(Bound.NONE, signal[2], f"{signal[0].name} waits for a semaphore {signal[2]:.0%} of the time")
    return Use(Bound.NONE, 0.0, f"nothing is used more than {FULL:.0%}; nearest to a limit, {fullest.text}")


def _on_depth(movers: Iterable[Lane]) -> str:
    """Depth helps where all movers of a core wait for a CB besides: then they take turns with their neighbours."""
    return TURNS if min(lane.share(State.CB) for lane in movers) >= IN_TURNS else ""


def bottleneck(device: Device) -> str:
    """The sentence, then DRAM's bytes and bandwidth against its limits, then cycles per tile."""
    return "\n".join([str(binding(device)), *_figures(device, limits(device))])


def _figures(device: Device, rows: Sequence[Limit]) -> Iterator[str]:
    cores = len(device.cores)
    for name, what in (("read", What.READS), ("written", What.WRITES)):
        for row in rows:
            if row.what is what:
                against = f"({row.share:.0%} of {row.ceiling:g})"
                yield f"  DRAM {name:<8} {row.amount:>12,} B  {row.rate:6.1f} B/cycle  {against}"
    words, tiles = tiles_moved(rows)
    if tiles:
        cycles = device.cycles
        each = f", {cycles * cores / tiles:,.0f} on each of {cores} cores" if cores > 1 else ""
        yield f"  {cycles / tiles:,.1f} cycles for each {bfloat16.tile_bytes} B (a bf16 tile) {words}{each}"
