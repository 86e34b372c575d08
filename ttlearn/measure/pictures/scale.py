"""Cycles to pixels: the axis that all SVG pictures of a run share."""

from __future__ import annotations

from collections.abc import Iterator

from .palette import FAINT
from .pieces import ticks
from .svg import line, text

WIDTH, LEFT = 960, 68


class Scale:
    """From `begin` to `end` (cycles), up to the pixel `right`."""

    def __init__(self, begin: int, end: int, right: int = WIDTH - 24) -> None:
        self.begin, self.end, self.right = begin, end, right
        self.pixels = (right - LEFT) / max(1, end - begin)  # a cycle

    def x(self, cycle: int) -> float:
        return LEFT + (cycle - self.begin) * self.pixels

    def axis(self, top: int, y: int) -> Iterator[str]:
        """At height `y`, with faint lines from `top` on."""
        yield line(LEFT, y, self.right, y)
        for cycle in ticks(self.begin, self.end):
            yield line(self.x(cycle), top, self.x(cycle), y + 4, FAINT)
            yield text(self.x(cycle), y + 16, f"{cycle:,}", "middle", size=11)
        yield text(self.right, y + 30, "cycles (model)", "end", size=11)
