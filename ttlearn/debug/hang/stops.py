"""Who stands still on a stuck device, in which call, and for what.

Each RISC and each engine thread that cannot go on is one `Stop`. Left out: whose fault it is (`graph`, `causes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ...sim.cb import CircularBuffer
from ...sim.device import Core, Device
from ...sim.engine import Thread
from ...sim.sched import Risc
from ...sim.trace import CPP, Site
from ...sim.waits import Role, Wait
from ...sim.work import Kind, Work

Place = tuple[tuple[int, int], str]  # (core, role)


class Reason(Enum):
    """What is waited for."""

    FRONT = "pages at the front"
    BACK = "free pages at the back"
    SEMAPHORE = "a semaphore"
    BARRIER = "transfers"
    MAIL = "a value from UNPACK"
    UNCONFIGURED = "a configuration"
    SRC_FULL = "room in SrcA and SrcB"
    SRC_EMPTY = "operands"
    DST_FULL = "a free DST section"
    DST_EMPTY = "a committed DST section"


ENGINE = {
    "unconfigured": Reason.UNCONFIGURED,
    "src full": Reason.SRC_FULL,
    "src empty": Reason.SRC_EMPTY,
    "dst full": Reason.DST_FULL,
    "dst empty": Reason.DST_EMPTY,
}


@dataclass(frozen=True, eq=False)
class Stop:
    """One RISC in a wait, or one engine thread that stalls. `pages`, `value`: what was asked for."""

    core: Core
    risc: Risc
    engine: bool
    reason: Reason
    call: str
    site: Site
    since: int
    cb: CircularBuffer | None = None
    pages: int = 0
    wait: Wait | None = None

    @property
    def place(self) -> Place:
        return self.core.xy, role(self.risc)

    @property
    def who(self) -> str:
        return f"{role(self.risc)}'s engine" if self.engine else role(self.risc)


def role(risc: Risc) -> str:
    """BRISC, NCRISC, or the TRISC's role."""
    return risc.name if risc.role in (Role.MOVER, Role.NONE) else risc.role.name


def kernel(risc: Risc) -> str:
    return str(getattr(risc.code, "co_name", "idle"))


def source(risc: Risc) -> str:
    """What its lines are counted in: the C++ file, or the kernel's name."""
    name = Path(getattr(risc.code, "co_filename", "")).name
    return name if name.endswith(CPP) else kernel(risc)


def stops(device: Device) -> list[Stop]:
    """Every RISC and engine thread that cannot go on."""
    return [stop for core in device.cores.values() for stop in of_core(core)]


def of_core(core: Core) -> Iterator[Stop]:
    for risc in core.riscs:
        if risc.coro is not None and not risc.done and risc.waiting is not None:
            yield _waiting(core, risc, risc.waiting)
    for thread in threads(core):
        stop = _stalled(core, thread)
        if stop is not None:
            yield stop


def threads(core: Core) -> tuple[Thread, Thread, Thread]:
    return core.engine.unpack, core.engine.math, core.engine.pack


def _waiting(core: Core, risc: Risc, wait: Wait) -> Stop:
    first: Any = wait.args[0] if wait.args else None
    if isinstance(first, CircularBuffer):
        reason = Reason.FRONT if wait.call == "cb_wait_front" else Reason.BACK
        return Stop(core, risc, False, reason, str(wait), wait.site, risc.t, first, wait.args[1], wait)
    if "semaphore" in wait.call:
        reason = Reason.SEMAPHORE
    else:
        reason = Reason.MAIL if wait.call in ("get_tile_address", "read_tile_value") else Reason.BARRIER
    return Stop(core, risc, False, reason, str(wait), wait.site, risc.t, wait=wait)


def _stalled(core: Core, thread: Thread) -> Stop | None:
    """What an engine thread cannot do; None when it has nothing to do."""
    work = thread.work()
    if thread.blocked == "src full":  # the last unpack is not over: its operands still lie in Src
        work = next((w for w in reversed(thread.queue[: thread.at]) if isinstance(w, Work)), work)
    if work is None or thread.blocked not in ENGINE:
        return None
    what, site = work.detail if isinstance(work.detail, str) else work.kind.value, work.site
    if isinstance(work, Work) and work.opens is not None and thread.blocked in ("dst full", "dst empty"):
        what, site = work.opens.kind.value, work.opens.site
    name = f"tile_regs_{what}" if what in ("acquire", "commit", "wait", "release") else what
    return Stop(core, thread.risc, True, ENGINE[thread.blocked], name, site, thread.free)


def pending(thread: Thread, kind: Kind, cb: CircularBuffer | None = None) -> bool:
    """Has this thread's queue an entry of `kind` (for `cb`) that has not happened?"""
    for entry in thread.queue[thread.at :]:
        if entry.kind is kind and (cb is None or entry.detail[0].cb is cb):
            return True
        if isinstance(entry, Work) and entry.per and kind in (_OPENS.get(entry.kind), _CLOSES.get(entry.kind)):
            return True
    return False


_OPENS = {Kind.MATH: Kind.ACQUIRE, Kind.SFPU: Kind.ACQUIRE, Kind.PACK: Kind.WAIT}
_CLOSES = {Kind.MATH: Kind.COMMIT, Kind.SFPU: Kind.COMMIT, Kind.PACK: Kind.RELEASE}
