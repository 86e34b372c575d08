"""Where a TRISC stands at a cycle: what it had issued by then, and what its engine had done of it.

In the simulator a TRISC runs ahead of a slow engine; on the chip it stops when its instruction queue is full, or when it
wants a third unpack while two are under way (wait_for_next_context, W). Both are worked out here from the queue. The
instructions of an entry are counted roughly in the headers (W); with these counts, a queue of 32 to 34 places fits all
golden hangs (SIM): two sections behind a stuck engine are issued whole, four are not. Left out: by how much such a stop
delays the calls behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ...sim.engine import Thread
from ...sim.trisc import Trisc
from ...sim.waits import Role
from ...sim.work import Kind, Marker, Work
from .waypoints import stem_of

PLACES = 32  # instructions that a TRISC can be ahead of its engine
CONTEXTS = 2  # unpacks under way
NEVER = math.inf
SIZES = {  # instructions
    Kind.UNPACK: 6,
    Kind.POP: 3,
    Kind.ACQUIRE: 1,
    Kind.MATH: 4,
    Kind.SFPU: 100,
    Kind.COMMIT: 4,
    Kind.WAIT: 1,
    Kind.PACK: 7,
    Kind.RELEASE: 5,
    Kind.PUSH: 3,
}
_AROUND = {Kind.MATH: (Kind.ACQUIRE, Kind.COMMIT), Kind.PACK: (Kind.WAIT, Kind.RELEASE)}


class Step(NamedTuple):
    """One tile or one entry without a tile: when it was issued, began and was over in the engine (NEVER: not yet)."""

    kind: Kind
    stem: str  # of the waypoint that it leaves
    stamp: int
    begin: float
    over: float


@dataclass(frozen=True)
class Standing:
    """A TRISC at a cycle. `ended`: its kernel has returned; `idle`: its engine has done all that it was given."""

    waypoint: str
    ended: bool
    idle: bool


def standing(risc: Trisc, cycle: int) -> Standing:
    """Where `risc` stands at `cycle`."""
    steps = _settled(risc.thread, list(_steps(risc)))
    done = 0
    for step in steps:
        if step.over > cycle:
            break
        done += SIZES[step.kind]
    waypoint, held = _walk(steps, cycle, done + PLACES)
    ended = risc.done and risc.t <= cycle and not held
    return Standing("D" if ended else waypoint, ended, ended and all(step.over <= cycle for step in steps))


def _walk(steps: list[Step], cycle: int, places: int) -> tuple[str, bool]:
    """The last waypoint left by `cycle`, and whether the RISC is held inside a call."""
    waypoint, issued = "K", 0
    unpacks: list[float] = []
    for step in steps:
        if step.stamp > cycle:
            break
        issued += SIZES[step.kind]
        held = issued > places
        if step.kind is Kind.UNPACK:
            held |= len(unpacks) >= CONTEXTS and unpacks[-CONTEXTS] > cycle
            unpacks.append(step.over)
        if held:
            return step.stem + "W" if step.stem else waypoint, True
        waypoint = step.stem + "D" if step.stem else waypoint
    return waypoint, False


def _settled(thread: Thread, steps: list[Step]) -> list[Step]:
    """An unpack is over when MATH has taken all but its last operands: the next one tells when that was."""
    if thread.risc.role is not Role.UNPACK:
        return steps
    for k, step in enumerate(steps):
        if step.over == NEVER:
            break
        following = steps[k + 1] if k + 1 < len(steps) else None
        if following is not None and following.begin != NEVER:
            if following.begin > following.stamp:
                steps[k] = step._replace(over=max(step.over, following.begin))
        elif thread.blocked == "src full":
            steps[k] = step._replace(over=NEVER)
    return steps


def _steps(risc: Trisc) -> Iterator[Step]:
    for entry in risc.queue:
        if isinstance(entry, Marker):
            yield _marker(entry.kind, entry.stamp, NEVER if entry.time is None else entry.time)
        else:
            yield from _tiles(entry)


def _marker(kind: Kind, stamp: int, time: float) -> Step:
    return Step(kind, "MWD" if kind is Kind.ACQUIRE else "", stamp, time, time)


def _tiles(work: Work) -> Iterator[Step]:
    """The tiles of a run, with the DST sections that it takes itself."""
    stem = stem_of(str(work.detail)) if work.kind is Kind.UNPACK else ""
    opens, closes = _AROUND.get(work.kind, (work.kind, work.kind))
    for k in range(work.n):
        begin, end = (work.starts[k], work.ends[k]) if k < len(work.starts) else (NEVER, NEVER)
        if work.per and k % work.per == 0:
            yield _marker(opens, work.opened(k), begin)
        yield Step(work.kind, stem, work.stamp_of(k), begin, end)
        if work.per and (k + 1) % work.per == 0:
            yield _marker(closes, max(work.closed(k), work.stamp_of(k)), end)
