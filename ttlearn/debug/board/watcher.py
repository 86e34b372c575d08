"""The watcher's table of a run, in the real watcher's line format, at its end or at any cycle before.

Every field follows by rule from what the simulator has recorded: a RISC's waypoint from the calls that it has made
(`waypoints`, for a TRISC `issued`), `smsg` and BRISC's waits for it from who is done, `cb[...]` from the two counters.
Not known, and so fixed: `h_id` is 1 and the dispatch letter H, as in a process that runs one program by slow dispatch;
a program of compute kernels only shows BRISC on NOC 0 (unverified). Not shown: the marks of calls that
neither wait nor send anything (`..._set_state`), a kernel's prologue, the firmware's steps at its end; an unconfigured
unpacker is taken to hold its RISC like any other stuck engine (unverified).
"""

from __future__ import annotations

import bisect
import sys
from dataclasses import dataclass
from pathlib import Path

from ...sim.cb import U16
from ...sim.device import Core, Device
from ...sim.sched import Risc
from ...sim.trace import CPP
from ...sim.trisc import Trisc
from ...sim.waits import History
from .issued import Standing, standing
from .waypoints import stem_of

END = sys.maxsize


@dataclass(frozen=True)
class CoreState:
    """One core's line. RISCs come in the order BRISC, NCRISC, TRISC0, TRISC1, TRISC2."""

    core: tuple[int, int]
    virtual: tuple[int, int]
    waypoints: tuple[str, ...]
    smsg: str  # of all but BRISC: G goes, D done
    noc: int  # BRISC's
    enabled: str  # BNT, in small letters where the program has no kernel
    k_ids: tuple[int, ...]
    counters: dict[int, tuple[int, int]]  # of each CB: received, acked, 16 bits

    @property
    def goes(self) -> bool:
        return self.waypoints[0] != "GW"

    def line(self) -> str:
        """The core's two lines, as the watcher prints them. CBs are named only where the counters differ."""
        (x, y), (vx, vy) = self.core, self.virtual
        cbs = "".join(f" cb[{i}](rcv {r}!=ack {a})" for i, (r, a) in self.counters.items() if r != a)
        return (
            f"Device 0 worker core(x={x:2},y={y:2}) virtual(x={vx:2},y={vy:2}): "
            f"{','.join(f'{w:>4}' for w in self.waypoints)}  rmsg:H{self.noc}{'G' if self.goes else 'D'}|{self.enabled} "
            f"h_id:  1 smsg:{self.smsg}{cbs}\nk_ids:{'|'.join(f'{k:3}' for k in self.k_ids)}"
        )


def dump(device: Device, cycle: int = END) -> str:
    """The lines of all cores at `cycle`, and the kernels by their ids."""
    lines = [state.line() for state in states(device, cycle)]
    named = {risc.kernel_id: _file(risc) for core in device.cores.values() for risc in core.riscs if risc.kernel_id}
    lines += [f"k_id[{number:3}]: {name}" for number, name in sorted({0: "blank", **named}.items())]
    return "\n".join(lines)


def states(device: Device, cycle: int = END) -> list[CoreState]:
    """Every core of the program, row by row."""
    return [state(core, cycle) for _, core in sorted(device.cores.items(), key=lambda item: item[0][::-1])]


def state(core: Core, cycle: int = END) -> CoreState:
    """One core at `cycle`."""
    triscs = [standing(risc, cycle) for risc in (core.unpack, core.math, core.pack)]
    others = [_done(core.ncrisc, cycle), *(s.idle or risc.coro is None for s, risc in _pairs(core, triscs))]
    ncrisc = "W" if others[0] else _mover(core.ncrisc, cycle)
    names = [_trisc(risc, s, cycle) for s, risc in _pairs(core, triscs)]
    return CoreState(
        core.xy,
        core.virtual,
        (_brisc(core.brisc, cycle, all(others)), ncrisc, *names),
        "".join("D" if done else "G" for done in others),
        _noc(core),
        "".join(
            letter if risc.kernel_id else letter.lower()
            for letter, risc in zip("BNT", (core.brisc, core.ncrisc, core.unpack), strict=True)
        ),
        tuple(risc.kernel_id for risc in core.riscs),
        {i: (_count(cb.pushed, core, cycle), _count(cb.popped, core, cycle)) for i, cb in sorted(core.cbs.items())},
    )


def _pairs(core: Core, triscs: list[Standing]) -> list[tuple[Standing, Trisc]]:
    return list(zip(triscs, (core.unpack, core.math, core.pack), strict=True))


def _done(risc: Risc, cycle: int) -> bool:
    return risc.coro is None or (risc.done and risc.t <= cycle)


def _brisc(risc: Risc, cycle: int, others: bool) -> str:
    """BRISC runs its own kernel, then waits for the others of its core."""
    if not _done(risc, cycle):
        return _mover(risc, cycle)
    return "GW" if others else "NTW"


def _mover(risc: Risc, cycle: int) -> str:
    """The last mark that a data-movement kernel has left."""
    if cycle < risc.start:
        return "R"
    if risc.waiting is not None and risc.t <= cycle:
        stem = _stem(risc, risc.waiting.call)
        if stem:
            return stem + "W"
    for begin, end, call in reversed(risc.calls):
        stem = _stem(risc, call) if begin <= cycle else ""
        if stem:
            return stem + ("W" if cycle < end else "D")
    return "K"


def _stem(risc: Risc, call: str) -> str:
    """A full barrier leaves one mark after the other: this core misses acknowledgements of writes, or reads first."""
    return "NFD" if call == "noc_async_full_barrier" and risc.core.ports[risc].missing else stem_of(call)


def _trisc(risc: Trisc, at: Standing, cycle: int) -> str:
    if risc.coro is None or at.idle:
        return "W"
    return "R" if cycle < risc.start else at.waypoint


def _noc(core: Core) -> int:
    """BRISC's NOC; without a kernel of its own, the one that NCRISC leaves it."""
    if core.brisc.kernel is not None:
        return int(core.brisc.kernel.config.noc)
    return 0 if core.ncrisc.kernel is None else 1 - int(core.ncrisc.kernel.config.noc)


def _count(history: History, core: Core, cycle: int) -> int:
    """What the counter itself stood at; the history tells when the other side sees it."""
    credit = core.device.arch.credit
    return history.values[bisect.bisect_right(history.times, cycle + credit) - 1] & U16


def _file(risc: Risc) -> str:
    """The kernel's file if it is C++, else its name."""
    name = Path(risc.code.co_filename).name
    return name if name.endswith(CPP) else str(risc.code.co_name)
