"""A core as the board showed it against a simulated one: which waypoints and counters differ.

How far a TRISC has issued before its engine stopped is known roughly only, here (`issued`): W and D of one stem count
as the same, and so does a MATH that has issued all with one that has not. Left out: `smsg`, which follows from the
waypoints, and the ids of host and kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...sim.device import Device
from .dump import ROLES, Seen
from .watcher import CoreState, state
from .waypoints import mark_of

CYCLES = 200  # states of a run that are looked at,
TILES = 500_000  # and engine entries in all of them


def differences(seen: Seen, here: CoreState) -> Iterator[str]:
    """What is not the same, RISC by RISC and CB by CB."""
    for role, theirs, ours in zip(ROLES, seen.waypoints, here.waypoints, strict=False):
        if theirs != ours and (_call(role, theirs) is None or _call(role, theirs) != _call(role, ours)):
            yield f"{role} shows {theirs or 'nothing'} on the board, {ours} here"
    for index in sorted({*seen.counters, *here.counters}):
        there, now = seen.counters.get(index), here.counters.get(index)
        if there is None and now is not None and not seen.complete and now[0] != now[1]:
            yield f"c_{index}: as many pushed as popped on the board, {_pages(now)} here"
        elif there is not None and there != now:
            yield f"c_{index}: {_pages(there)} on the board, {_pages(now) if now else 'no such CB'} here"


def _call(role: str, code: str) -> str | None:
    """What is the same for two waypoints of a TRISC that count as one; None if only the same waypoint does."""
    if role == "MATH" and code == "D":
        return "MWD"
    mark = mark_of(code) if role not in ("BRISC", "NCRISC") else None
    return None if mark is None else mark.stem


def _pages(counters: tuple[int, int]) -> str:
    return f"{counters[0]} pushed and {counters[1]} popped"


def passes(device: Device, seen: tuple[Seen, ...]) -> int | None:
    """A cycle at which the run was in the board's state; None if none of those looked at is."""
    cores = [(one, device.cores[one.core]) for one in seen if one.core in device.cores]
    if not cores or len(cores) < sum(not one.idle for one in seen):
        return None
    cycles = sorted({time for _, core in cores for risc in core.riscs for call in risc.calls for time in call[:2]})
    tiles = sum(entry.n for _, core in cores for risc in (core.unpack, core.math, core.pack) for entry in risc.queue)
    looks = max(1, min(CYCLES, TILES // max(1, tiles)))
    for cycle in cycles[:: -(-len(cycles) // looks) or 1]:
        if not any(any(differences(one, state(core, cycle))) for one, core in cores):
            return cycle
    return None
