"""C++ text after the preprocessor, in which every piece still knows its file, line and column."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import NamedTuple


class Place(NamedTuple):
    """Where something stands in the author's own text. Columns count from 0; `last` is the line of the end."""

    file: str
    line: int
    column: int
    last: int
    end: int


@dataclass
class Source:
    """One kernel: `expanded` is what the parser sees, `files` the texts as they were written."""

    name: str
    files: dict[str, list[str]]
    expanded: bytes = b""
    missing: list[str] = field(default_factory=list)  # includes that were not found
    _starts: list[int] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)

    def place(self, start: int, end: int) -> Place:
        """The author's place of the expanded bytes `start` to `end`."""
        first = self._places[max(0, bisect.bisect_right(self._starts, start) - 1)]
        last = self._places[max(0, bisect.bisect_left(self._starts, end) - 1)]
        if last.file != first.file or (last.last, last.end) < (first.line, first.column):
            last = first
        return Place(first.file, first.line, first.column, last.last, last.end)

    def double(self, positions: set[int]) -> None:
        """Write the characters at these places of the expanded text twice."""
        where = sorted(positions)
        pieces = [self.expanded[a : b + 1] for a, b in zip([0, *where], [*where, len(self.expanded)], strict=True)]
        self.expanded = b"".join(pieces)
        self._starts = [start + bisect.bisect_left(where, start) for start in self._starts]

    def line(self, place: Place) -> str:
        lines = self.files.get(place.file, [])
        return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""
