"""What happened: the facts a run leaves behind, in the order of the device clock.

Recorders append; nothing here decides anything. Pictures, checks and reports read a `Trace`, never the
simulator. Left out: who was right (`ttlearn.debug`) and how it looks (`ttlearn.show`).
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import CodeType, CoroutineType, FrameType
from typing import Any, NamedTuple

from ..cells.place import OURS as OURS
from ..cells.place import Place, place_of
from .trace_table import trace_table

CPP = (".cpp", ".cc", ".h", ".hpp")  # a kernel that was read from C++ keeps its places there


class Site(NamedTuple):
    """A place in a kernel's source. Kept as code and offset: looking the line up costs more than a call."""

    code: CodeType  # the function that made the call: the kernel, or a helper it called
    lasti: int
    kernel: CodeType
    kernel_lasti: int

    @property
    def line(self) -> int:
        """The kernel's own line."""
        return line_of(self.kernel, self.kernel_lasti)

    @property
    def place(self) -> Place:
        """The line of the call: in the kernel's helper, but never in this package."""
        if self.code.co_filename.startswith(OURS):
            return place_of(self.kernel, self.line)
        return place_of(self.code, line_of(self.code, self.lasti))

    @property
    def text(self) -> str:
        """The source line, also of a notebook cell: the kernel's, or its helper's, but never this package's."""
        if self.code.co_filename.startswith(OURS):
            return _text(self.kernel, self.kernel_lasti)
        return _text(self.code, self.lasti)

    def __str__(self) -> str:
        name = Path(self.kernel.co_filename).name
        where = f"{name if name.endswith(CPP) else self.kernel.co_name} line {self.line}"
        if self.code is not self.kernel:
            file = Path(self.code.co_filename).name
            header = f", {file}" if self.code.co_filename != self.kernel.co_filename and file.endswith(CPP) else ""
            where += f" (inside {self.code.co_name}{header} line {line_of(self.code, self.lasti)})"
        return f"{where}: `{self.text}`" if self.text else where


def _text(code: CodeType, lasti: int) -> str:
    """The source line; of C++, where a line often holds several calls, the one statement."""
    line = linecache.getline(code.co_filename, line_of(code, lasti))
    if code.co_filename.endswith(CPP):
        first, last, start, end = next(islice(code.co_positions(), lasti // 2, None))
        line = line.rstrip()[start : end if first == last else None]
    return line.strip()


def line_of(code: CodeType, lasti: int) -> int:
    for start, end, line in code.co_lines():
        if start <= lasti < end and line:
            return line
    return code.co_firstlineno


def call_site(depth: int, kernel: FrameType) -> Site:
    """The line `depth` frames up, and where the `kernel`'s frame is."""
    frame = sys._getframe(depth + 1)
    # eight a tile: without the named tuple's own constructor each costs half
    return tuple.__new__(Site, (frame.f_code, frame.f_lasti, kernel.f_code, kernel.f_lasti))


def by_learner(site: Site, kernel: object) -> Site:
    """Of a wait at which `kernel`, a coroutine, stands: the learner's own line, if kernel and call are both this package's."""
    if not all(code.co_filename.startswith(OURS) for code in (site.kernel, site.code)):
        return site
    while isinstance(kernel, CoroutineType):
        if kernel.cr_frame is not None and not kernel.cr_frame.f_code.co_filename.startswith(OURS):
            return site._replace(kernel=kernel.cr_frame.f_code, kernel_lasti=kernel.cr_frame.f_lasti)
        kernel = kernel.cr_await
    return site


class Event(NamedTuple):
    """One fact: from `start` to `end` (cycles), on `risc` of `core`, `what` happened with `detail`."""

    start: int
    end: int
    core: tuple[int, int]
    risc: str
    what: str
    detail: tuple[Any, ...]
    site: Site | None


@dataclass
class Trace:
    """All recorded facts. `events()` lists them in clock order; `tiles` keeps the engine's work compact."""

    facts: list[Event] = field(default_factory=list)
    tiles: list[Any] = field(default_factory=list)  # work.Work and work.Marker
    prints: list[tuple[int, str, str]] = field(default_factory=list)  # (cycle, RISC, text)

    def __repr__(self) -> str:
        return str(trace_table(self))

    def _repr_html_(self) -> str:
        return trace_table(self).html()

    def events(self) -> list[Event]:
        """Every event, engine tiles one by one, by start, end, core and RISC."""
        return sorted([*self.facts, *self._tile_events()], key=lambda e: (*e[:5], repr(e.detail)))

    def _tile_events(self) -> Iterator[Event]:
        for work in self.tiles:
            for k, (start, end) in enumerate(work.times()):
                yield Event(start, end, work.risc.core.xy, work.risc.name, work.kind.value, work.describe(k), work.site)
