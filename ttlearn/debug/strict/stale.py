"""A semaphore wait that an old value has met: the count of the last round, which nobody had set back.

Left out: waits for different values, which go on counting on purpose.
"""

from __future__ import annotations

from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import History

_AT_LEAST = "noc_semaphore_wait_min"
_CALLS = ("noc_semaphore_wait", _AT_LEAST)


def stale(risc: Risc, time: int | None) -> tuple[Site, int] | None:
    """(line, value) of the last semaphore wait before `time`, if the value that met it had met one of the same before."""
    waits = [w for w in risc.waits if w[1] in _CALLS and (time is None or w[0] <= time)]
    if not waits:
        return None
    begin, call, (name, value), site = waits[-1]
    before = [w for w in waits[:-1] if w[1] == call and w[2] == (name, value)]
    history = next((h for h in risc.core.semaphores.values() if h.name == name), None)
    if not before or history is None or not value:
        return None
    met = [_entry(history, at, value, call == _AT_LEAST) for at in (before[-1][0], begin)]
    return (site, value) if met[0] is not None and met[0] == met[1] else None


def _entry(history: History, time: int, value: int, at_least: bool) -> int | None:
    """Which of the semaphore's values has met a wait that began at `time`."""
    return history.first(time, lambda seen: seen >= value if at_least else seen == value)
