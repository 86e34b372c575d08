"""The frames of an error: which are the learner's, and which stay when it leaves a public call.

`border` shortens what leaves a public call; the error keeps everything, for `tt.traceback()`. An error that begins in this
package and is none of its own (a bug of ours) keeps every frame from the kernel inwards. Left out: how it looks (shown).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import ParamSpec, TypeVar

from .place import OURS, Place, learners, place_of
from .shown import rendered

P = ParamSpec("P")
R = TypeVar("R")
Step = tuple[FrameType, int]  # a frame of a traceback and the line at which it stood


class Told:
    """What an error of this package knows beside its message: the lines to mark, if it was not raised there."""

    places: tuple[Place, ...] = ()

    def _render_traceback_(self) -> list[str]:
        """IPython asks the error itself how to show it."""
        assert isinstance(self, BaseException)
        return shown(self)


def border(function: Callable[P, R]) -> Callable[P, R]:
    """Errors that leave `function` keep the learner's frames only."""

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            shorten(error)
            raise  # a bare raise adds no frame, so the caller's line is the last one above the kernel's

    return called


def shorten(error: BaseException) -> None:
    """Take our frames off its traceback, and keep them on the error."""
    kept = _kept(error)
    if kept is None:
        return
    inner = _inside(error)
    error._ttlearn_steps = [*_outside(error), *inner]  # type: ignore[attr-defined]
    error.__traceback__ = _chained(kept)
    if not isinstance(error, Told):
        error._render_traceback_ = functools.partial(shown, error)  # type: ignore[attr-defined]


def steps(error: BaseException) -> list[Step]:
    """Every frame, ours too, the outermost first."""
    return [*_outside(error), *_inside(error)]


def shown(error: BaseException) -> list[str]:
    """The lines that a notebook shows."""
    host = [place_of(frame.f_code, line) for frame, line in _outside(error)]
    kernel = [place_of(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)][len(host) :]
    marked = getattr(error, "places", ()) or kernel
    ours = bool(kernel) and not isinstance(error, Told) and kernel[-1].file.startswith(OURS)
    return rendered(error, [place for place in (*host, *marked) if place.own], ours)


def _inside(error: BaseException) -> list[Step]:
    """What `shorten` kept: the frames from the border inwards."""
    return getattr(error, "_ttlearn_steps", [])


def _outside(error: BaseException) -> list[Step]:
    """The frames around the border."""
    inner = {id(frame) for frame, _ in _inside(error)}
    return [step for step in walk_tb(error.__traceback__) if id(step[0]) not in inner]


def _kept(error: BaseException) -> list[TracebackType] | None:
    """What is left of its traceback; None: all of it."""
    entries, trace = [], error.__traceback__
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    own = [k for k, entry in enumerate(entries) if learners(entry.tb_frame.f_code.co_filename)]
    if isinstance(error, (Told, KeyboardInterrupt)):
        return [entries[k] for k in own]
    return entries[own[0] :] if own else None


def _chained(entries: list[TracebackType]) -> TracebackType | None:
    chain = None
    for entry in reversed(entries):
        chain = TracebackType(chain, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return chain
