"""Stops a kernel that loops for ever and lets nobody else run, with its line.

From Python 3.12 on by `sys.monitoring`: every backward jump in a learner's code looks at the clock. Before
that by an interval timer (SIGALRM), which needs POSIX and the main thread; elsewhere nothing guards. Left
out: loops inside C functions, which neither sees, and loops that await (`Risc.spin` stops those).
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from ..cells.place import OURS, learners
from ..errors import KernelError
from ..sim.trace import CPP, Site
from ..sim.waits import now

LIMIT = 3.0  # seconds of host time that one RISC may run while the others stand still
_TOOL = 4  # one of sys.monitoring's free tool numbers


@contextmanager
def guard() -> Iterator[None]:
    """While a program runs, no RISC may keep the host for longer than `LIMIT`."""
    if sys.version_info >= (3, 12):
        with _monitored():
            yield
    elif hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with _timed():
            yield
    else:
        yield


class _Watch:
    """How long the same stretch of the same RISC has been running."""

    def __init__(self) -> None:
        self.stretch, self.since, self.thread = -1, 0.0, threading.get_ident()

    def over(self) -> bool:
        if now.stretch != self.stretch or now.risc is None:
            self.stretch, self.since = now.stretch, time.monotonic()
            return False
        return time.monotonic() - self.since > LIMIT and threading.get_ident() == self.thread


def _stopped(code: CodeType, lasti: int) -> KernelError:
    kernel: Any = now.risc.coro.cr_frame
    site = Site(code, lasti, kernel.f_code, lasti if code is kernel.f_code else kernel.f_lasti)
    poll = f"`{'' if code.co_filename.endswith(CPP) else 'await '}invalidate_l1_cache()`"
    return KernelError(
        f"{now.risc.label} loops for ever at {site}: nothing else could run for {LIMIT:.0f} seconds; give the loop an "
        f"end, or wait in it for what should end it (a poll of memory needs {poll})"
    )


@contextmanager
def _monitored() -> Iterator[None]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    if monitoring.get_tool(_TOOL) is not None:
        yield
        return
    watch = _Watch()

    def jumped(code: CodeType, source: int, target: int) -> Any:
        if target > source or not _learners(code):
            return monitoring.DISABLE
        if watch.over():
            raise _stopped(code, source)
        return None

    monitoring.use_tool_id(_TOOL, "ttlearn")
    monitoring.register_callback(_TOOL, monitoring.events.JUMP, jumped)
    monitoring.set_events(_TOOL, monitoring.events.JUMP)
    monitoring.restart_events()
    try:
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.register_callback(_TOOL, monitoring.events.JUMP, None)
        monitoring.free_tool_id(_TOOL)


@contextmanager
def _timed() -> Iterator[None]:
    watch = _Watch()

    def tick(number: int, frame: FrameType | None) -> None:
        if not watch.over() or frame is None:
            return
        if not _learners(frame.f_code) and not frame.f_code.co_filename.startswith(OURS):
            signal.setitimer(signal.ITIMER_REAL, 0.001, LIMIT / 6)  # a callback would swallow the exception: soon again
            return
        while not _learners(frame.f_code):
            frame = frame.f_back
            assert frame is not None
        raise _stopped(frame.f_code, frame.f_lasti)

    handler = signal.signal(signal.SIGALRM, tick)
    timer = signal.setitimer(signal.ITIMER_REAL, LIMIT / 6, LIMIT / 6)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _learners(code: CodeType) -> bool:
    """Is this code a kernel, or a function of the learner's that it calls?"""
    return (now.risc is not None and code is now.risc.code) or learners(code.co_filename)
