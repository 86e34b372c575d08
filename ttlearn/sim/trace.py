"""What happened: the facts a run leaves behind, in the order of the device clock.

Recorders append; nothing here decides anything. Pictures, checks and reports read a `Trace`, never the
simulator. Left out: who was right (`ttlearn.debug`) and how it looks (`ttlearn.show`).
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, NamedTuple


class Site(NamedTuple):
    """A place in a kernel's source. Kept as code and offset: looking the line up costs more than a call."""

    code: CodeType
    lasti: int
    outer: Site | None = None  # the kernel's own line, when `code` is a helper it called

    @property
    def line(self) -> int:
        for start, end, line in self.code.co_lines():
            if start <= self.lasti < end:
                return line or self.code.co_firstlineno
        return self.code.co_firstlineno

    @property
    def text(self) -> str:
        """The source line, also of a notebook cell."""
        return linecache.getline(self.code.co_filename, self.line).strip()

    def __str__(self) -> str:
        where = f"{self.code.co_name} line {self.line}"
        if self.outer is not None:
            where = f"{self.outer.code.co_name} line {self.outer.line} (inside {where})"
        source = (self.outer or self).text
        return f"{where}: `{source}`" if source else where


def call_site(depth: int, kernel: CodeType | None) -> Site:
    """The line `depth` frames up, and the line of the `kernel` function below it if it is a helper's."""
    frame: FrameType | None = sys._getframe(depth + 1)
    assert frame is not None
    code, lasti = frame.f_code, frame.f_lasti
    while frame is not None and frame.f_code is not kernel:
        frame = frame.f_back
    if frame is None or frame.f_code is code:
        return Site(code, lasti)
    return Site(code, lasti, Site(frame.f_code, frame.f_lasti))


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
    tiles: list[Any] = field(default_factory=list)  # tensix.Work, one per run of like tiles
    prints: list[tuple[int, str, str]] = field(default_factory=list)  # (cycle, RISC, text)

    def events(self) -> list[Event]:
        """Every event, engine tiles one by one, by start, end, core and RISC."""
        return sorted([*self.facts, *self._tile_events()], key=lambda e: (*e[:5], repr(e.detail)))

    def _tile_events(self) -> Iterator[Event]:
        for work in self.tiles:
            for k, (start, end) in enumerate(zip(work.starts, work.ends, strict=True)):
                detail = work.describe(k)
                yield Event(start, end, work.core, work.risc, work.what, detail, work.site)
