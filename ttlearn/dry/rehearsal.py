"""What a kernel does if nobody lets it wait: one RISC alone, without data, from its first line to its last.

It shows every call with its numbers, however the kernel comes to make it: in helpers, by tables of functions, with a CB
that changes from trip to trip. Left out: what depends on data or on somebody else's timing (a rehearsal ends there, and
is not whole).
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..sim.garbage import seldom
from ..sim.sched import Risc
from ..sim.trace import Site
from ..sim.waits import Wait, now
from .alone import Signalled, Still, alone, signals
from .notes import MOST, Call, Deed, Notes
from .unknown import UNKNOWN


@dataclass(frozen=True)
class Rehearsal:
    """What a RISC did, in order. `whole`: it came to its kernel's end, so that these are all the calls it will ever make.

    `learners` and `inits` are those of `Notes`, where there is only one line. `placed`: its core's place was asked for.
    `signals`: the semaphores of other cores, or its own, that it changes over the NOC.
    """

    deeds: tuple[Deed, ...] = ()
    whole: bool = False
    made: int = 0
    placed: bool = True
    learners: Mapping[Site, Site] = field(default_factory=dict)
    inits: Mapping[Call, Sequence[Site | None]] = field(default_factory=dict)
    signals: frozenset[Signalled] = frozenset()

    def pages(self, call: str, cb: int) -> int:
        """Asked for in all."""
        return sum(deed.pages for deed in self.deeds if deed.cb == cb and deed.call == call)

    def most(self, call: str, cb: int) -> int:
        """Asked for at a time, at most."""
        return max((deed.most for deed in self.deeds if deed.cb == cb and deed.call == call), default=0)

    def times(self, call: str) -> int:
        """How often it was made."""
        return sum(deed.times for deed in self.deeds if deed.call == call)


def rehearse(real: Risc, runtime_args: Sequence[int] | None = None) -> Rehearsal:
    """The kernel of a RISC, run anew; with other arguments if they are given."""
    risc = alone(real, real.runtime_args if runtime_args is None else runtime_args)
    notes, core = Notes(risc), risc.core
    assert isinstance(core, Still)
    core.placed = False
    before = now.risc, now.role
    try:
        with seldom(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # a helper that it was about to await when it stopped
            whole = _carry_out(risc)
            risc.stop()
    finally:
        now.risc, now.role = before
    learners = {site: own[0] for site, own in notes.learners.items() if len(own) == 1}
    deeds = tuple(notes.deeds.values())
    return Rehearsal(deeds, whole, notes.made, core.placed, learners, notes.inits, signals(risc))


def _carry_out(risc: Risc) -> bool:
    """To the end; False if it stops before."""
    risc.coro = coro = risc.kernel.kernel_source()
    risc.frame = coro.cr_frame
    now.stretch += 1
    try:
        for _ in range(MOST):
            now.risc, now.role = risc, risc.role
            wait = coro.send(None)
            if isinstance(wait, Wait):
                wait.ready, wait.result = _at_once, _anything
    except StopIteration:
        return True
    except Exception:  # of its own, undecided, or too long: what it has done so far is known
        return False
    return False


def _at_once(time: int) -> int:
    return time


def _anything() -> Any:
    return UNKNOWN
