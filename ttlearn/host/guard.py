"""Stops a kernel that loops for ever without awaiting, with its line.

From Python 3.12 on by `sys.monitoring`: every backward jump in a learner's code looks at the clock. Before
that by an interval timer (SIGALRM), which needs a main thread on POSIX; where there is none, nothing
guards. Left out: loops inside C functions, which neither sees.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from ..errors import KernelError
from ..sim.sched import now

LIMIT = 3.0  # seconds of host time in one stretch without an await
_PACKAGE = str(Path(__file__).parent.parent)
_TOOL = 4  # one of sys.monitoring's free tool numbers


def _stopped(name: str, line: int) -> KernelError:
    return KernelError(
        f"{name} line {line} loops for ever: {LIMIT:.0f} seconds passed without an `await`. Give the loop an "
        "end, or wait in it for what should end it (a poll needs `await invalidate_l1_cache()`)"
    )


@contextmanager
def guard() -> Iterator[None]:
    """While a program runs, a kernel may not stay in one stretch for longer than `LIMIT`."""
    if sys.version_info >= (3, 12):
        with _monitored():
            yield
    elif hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with _timed():
            yield
    else:
        yield


@contextmanager
def _monitored() -> Iterator[None]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    if monitoring.get_tool(_TOOL) is not None:
        yield
        return
    begin: list[Any] = [None, 0.0]  # the stretch, and when it was first seen

    def jumped(code: CodeType, source: int, target: int) -> Any:
        if target > source or code.co_filename.startswith(_PACKAGE) or "site-packages" in code.co_filename:
            return monitoring.DISABLE
        stretch = now.stretch
        if stretch != begin[0]:
            begin[:] = stretch, time.monotonic()
        elif now.risc is not None and time.monotonic() - begin[1] > LIMIT:
            raise _stopped(code.co_name, _line(code, source))
        return None

    events = monitoring.events.JUMP | monitoring.events.BRANCH
    monitoring.use_tool_id(_TOOL, "ttlearn")
    monitoring.register_callback(_TOOL, monitoring.events.JUMP, jumped)
    monitoring.register_callback(_TOOL, monitoring.events.BRANCH, jumped)
    monitoring.set_events(_TOOL, events)
    monitoring.restart_events()
    try:
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.free_tool_id(_TOOL)


def _line(code: CodeType, offset: int) -> int:
    for start, end, line in code.co_lines():
        if start <= offset < end and line:
            return line
    return code.co_firstlineno


@contextmanager
def _timed() -> Iterator[None]:
    seen: list[Any] = [None]

    def tick(number: int, frame: FrameType | None) -> None:
        if now.risc is None or now.stretch != seen[0]:
            seen[0] = now.stretch
            return
        kernel = frame
        while kernel is not None and kernel.f_code is not now.risc.code:
            kernel = kernel.f_back
        where = kernel or frame
        assert where is not None
        raise _stopped(where.f_code.co_name, where.f_lineno)

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, LIMIT / 2, LIMIT / 2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
