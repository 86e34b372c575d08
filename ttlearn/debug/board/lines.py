"""The source lines of a kernel that may have left a waypoint: found in its text, and in what a run recorded.

A C++ kernel is searched in its own text, a Python one with the learner's functions that it calls; where that gives
nothing, as with the helper library, the lines that a run has recorded are taken. Left out: macros, headers.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from ...sim.sched import Risc
from ...sim.trace import OURS
from .waypoints import mark_of

_METHOD = re.compile(r"^(?:cb_|noc_)")  # the object forms: cb.wait_front(1), noc.async_read_barrier()
_WAITS = {"TRISC0": "cb_wait_front", "TRISC2": "cb_reserve_back"}  # what leaves no mark on a TRISC


def lines(risc: Risc, code: str) -> tuple[str, ...]:
    """Lines of the kernel of `risc` with a call that leaves the waypoint `code`."""
    mark = mark_of(code)
    return _lines(risc, mark.calls if mark is not None else ())


def silent(risc: Risc, code: str) -> tuple[str, ...]:
    """Lines with a wait that leaves no waypoint, so that a TRISC may stand there and still show `code`."""
    call = _WAITS.get(risc.name)
    passed = code == "K" or (mark_of(code) is not None and code[-1] == "D")
    return _lines(risc, (call,)) if call is not None and passed else ()


def _lines(risc: Risc, calls: tuple[str, ...]) -> tuple[str, ...]:
    if not calls or risc.kernel is None:
        return ()
    return tuple(dict.fromkeys(_written(risc.kernel.kernel_source, calls)) or dict.fromkeys(_ran(risc, calls)))


def _written(kernel: Any, calls: tuple[str, ...]) -> Iterator[str]:
    wanted = re.compile("|".join(rf"\b{name}\b\s*[<(]|\.{_METHOD.sub('', name)}\s*[<(]" for name in calls))
    for name, first, text in _texts(kernel):
        for k, line in enumerate(text):
            if wanted.search(line) and not line.strip().startswith(("#", "//")):
                yield f"{name} line {first + k}: `{_short(line, wanted)}`"


def _short(line: str, wanted: re.Pattern[str]) -> str:
    """The statement; C++ often has several on a line."""
    parts = [part for part in re.split(r"(?<=[;{])\s+", line.strip()) if wanted.search(part)]
    return " ".join(parts).rstrip("{ ")


def _texts(kernel: Any) -> Iterator[tuple[str, int, list[str]]]:
    """(name, first line, lines) of a kernel, and of the functions of the learner's own that it calls."""
    if hasattr(kernel, "cpp"):
        yield kernel.file, 1, kernel.cpp.split("\n")
        return
    for function in _called(kernel, {}):
        try:
            text, first = inspect.getsourcelines(function)
        except (OSError, TypeError):
            continue
        yield function.__name__, first, [line.rstrip("\n") for line in text]


def _called(function: Callable[..., Any], known: dict[Any, None]) -> dict[Any, None]:
    known[function] = None
    cells = dict(
        zip(function.__code__.co_freevars, (c.cell_contents for c in function.__closure__ or ()), strict=False)
    )
    for name in function.__code__.co_names + function.__code__.co_freevars:
        other = cells.get(name, function.__globals__.get(name))
        if inspect.isfunction(other) and other not in known and not other.__code__.co_filename.startswith(OURS):
            _called(other, known)
    return known


def _ran(risc: Risc, calls: tuple[str, ...]) -> Iterator[str]:
    """Lines that a run recorded: waits that took time, and the engine's work."""
    if risc.waiting is not None and risc.waiting.call in calls:
        yield str(risc.waiting.site)
    for fact in risc.core.device.trace.facts:
        if fact.risc == risc.name and fact.core == risc.core.xy and fact.what.removeprefix("wait ") in calls:
            yield str(fact.site)
    for entry in getattr(risc, "queue", ()):
        if (entry.detail if isinstance(entry.detail, str) else f"tile_regs_{entry.kind.value}") in calls:
            yield str(entry.site)
