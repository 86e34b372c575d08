"""A helper that waits and was called without `await`: Python only warns, and the helper silently does nothing.

While a program runs, that warning becomes an error in the learner's words. Errors of the kernel's own stay; a hang gives
way, since this is its cause. Left out: coroutines that are kept in lists or in names of the module.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType
from typing import Any

from ..cells.place import Place
from ..errors import KernelError, TTError
from ..sim.sched import Risc

_WORDS = r"coroutine '.*' was never awaited\nCoroutine created at"
_CREATED = (
    r"coroutine '(?:.*\.)?(\w+)' was never awaited\nCoroutine created at .*\n  File \"(.*)\", line (\d+), in (.*)"
)


@contextmanager
def forgotten() -> Iterator[list[KernelError]]:
    """Collects what kernels called without `await`; raises the first at the end."""
    found: list[KernelError] = []
    with warnings.catch_warnings(), _origins():
        told = warnings.showwarning

        def show(message: Any, category: Any, *place: Any) -> None:
            match = re.match(_CREATED, str(message))
            if match is None or category is not RuntimeWarning:
                told(message, category, *place)
            else:
                found.append(_error(match[1], Place(match[2], match[4], int(match[3]))))

        warnings.filterwarnings("always", _WORDS, RuntimeWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield found
        except BaseException as error:
            for frame, _ in walk_tb(error.__traceback__):
                _close(frame)
            if not isinstance(error, TTError) or not found:
                raise
    if found:
        raise found[0]


def drop(risc: Risc) -> None:
    """Close what a kernel that has not ended was yet to await: its frames live on."""
    coro: Any = risc.coro
    while inspect.iscoroutine(coro) and coro.cr_frame is not None:
        _close(coro.cr_frame)
        coro = coro.cr_await


def _close(frame: FrameType) -> None:
    """Python would warn of these when the frame goes, maybe in another cell."""
    for value in frame.f_locals.values():
        if inspect.iscoroutine(value) and inspect.getcoroutinestate(value) == inspect.CORO_CREATED:
            value.close()


@contextmanager
def _origins() -> Iterator[None]:
    """Coroutines remember where they were made."""
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(1)
    try:
        yield
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)


def _error(name: str, place: Place) -> KernelError:
    text = linecache.getline(place.file, place.line).strip()
    where = f"{place.function} line {place.line}" + f": `{text}`" * bool(text)
    error = KernelError(f"{name}() was never awaited ({where}): write `await {name}(...)`")
    error.places = (place,)
    return error
