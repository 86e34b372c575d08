"""A CB's pages over time as a line of blocks, with its figures: at most 100 columns.

A column shows the mean of the pages that the CB held in it, in eighths of its capacity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..levels import Level

if TYPE_CHECKING:
    from ..occupancy import Occupancy

WIDTH = 100
BLOCKS = " ▁▂▃▄▅▆▇█"


def text(made: Occupancy) -> str:
    used = [level for level in made.levels if level.pushed or level.popped]
    facts = [_facts(level) for level in used]
    columns = max(1, min(WIDTH - 11 - max(map(len, facts), default=0), made.end))
    lines = [f"{made.title}; a column is {made.end / columns:,.0f} cycles"]
    for level, words in zip(used, facts, strict=True):
        lines.append(f"  {level.name:<6}│{_row(level, made.end, columns)}│ {words}")
    rest = [level.name for level in made.levels if level not in used]
    key = "  a column's height: mean pages in it, of the CB's capacity; H: high water"
    return "\n".join([*lines, *([f"  never pushed: {', '.join(rest)}"] if rest else []), *([key] if used else [])])


def _facts(level: Level) -> str:
    left = f", {level.left_over} left" if level.left_over else ""
    return f"H {level.high_water} of {level.num_pages}{left}"


def _row(level: Level, end: int, columns: int) -> str:
    mean, scale = [0.0] * columns, columns / end
    for span in level.spans(end):
        first, last = span.begin * scale, span.end * scale
        for k in range(int(first), min(columns, int(last) + 1)):
            mean[k] += span.pages * max(0.0, min(last, k + 1) - max(first, k))
    return "".join(_block(pages / level.num_pages) for pages in mean)


def _block(share: float) -> str:
    """Any page shows, and only what is full all the time shows as full."""
    if share <= 1e-9:
        return BLOCKS[0]
    return BLOCKS[min(8, max(1, int(8 * share + 1e-6)))]
