"""How full CBs are, as SVG: a row each, steps between none and the capacity, a line at the high water.

Steps too narrow to be seen share a box: solid up to the fewest pages in it, striped up to the most. Each box has its
cycles and pages in `data-*` attributes, and in a `<title>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..levels import Level, Pages
from .palette import BLUE, INK, RED
from .pieces import envelope
from .scale import LEFT, WIDTH, Scale
from .svg import Boxes, Picture, line, picture, text

if TYPE_CHECKING:
    from ..occupancy import Occupancy

FIGURES = 150  # pixels for a CB's figures
TOP, ROW, HIGH = 40, 44, 32
NARROW = 3  # pixels: narrower steps share a box


def drawn(made: Occupancy) -> Picture:
    """CBs that were used, then the axis and the key."""
    used = [level for level in made.levels if level.pushed or level.popped]
    scale = Scale(0, made.end, WIDTH - FIGURES)
    foot = TOP + len(used) * ROW
    parts = [text(8, 18, f"CB occupancy, {made.title}", weight="bold"), *scale.axis(TOP, foot)]
    for k, level in enumerate(used):
        parts += _row(level, TOP + k * ROW, scale)
    rest = [level.name for level in made.levels if level not in used]
    key = ["solid: pages there; stripes: there for a part of the time; dashes: capacity; line: high water (H)"]
    key += [f"never pushed: {', '.join(rest)}"] * bool(rest)
    parts += (text(8, foot + 48 + 16 * k, words, size=11) for k, words in enumerate(key))
    return picture(WIDTH, foot + 44 + 16 * len(key), made.summary, parts, {"end": made.end})


def _row(level: Level, y: int, scale: Scale) -> Iterator[str]:
    """The higher of capacity and high water is the full height: pushes without room go beyond the capacity."""
    foot, page = y + HIGH, HIGH / max(level.num_pages, level.high_water)
    fewest, most, hover = Boxes(BLUE), Boxes(BLUE, across=3), []
    for piece in envelope(level.spans(scale.end), NARROW / scale.pixels):
        x, width = scale.x(piece[0].begin), (piece[-1].end - piece[0].begin) * scale.pixels
        low, high = (page * max(0, bound(span.pages for span in piece)) for bound in (min, max))
        if low:
            fewest.add(x, foot - low, width, low)
        if high > low:
            most.add(x, foot - high, width, high - low)
        hover.append(_hover(piece, x, width))
    yield f"{fewest}{most}"
    yield _levels(level, foot, page, scale.right)
    yield text(8, y + 20, level.name, weight="bold")
    figures = f'data-pages="{level.num_pages}" data-high-water="{level.high_water}" data-pushed="{level.pushed}"'
    yield (
        f'<g data-cb="{level.index}" {figures} data-popped="{level.popped}" transform="translate(0 {y})" fill="none" '
        f'pointer-events="all">{"".join(hover)}</g>'
    )


def _levels(level: Level, foot: int, page: float, right: int) -> str:
    """Foot, capacity, high water, and the figures beside them."""
    full, high = foot - page * level.num_pages, foot - page * level.high_water
    left = f", {level.left_over} left" if level.left_over else ""
    words = f"H {level.high_water} of {level.num_pages} page{'s' * (level.num_pages != 1)}{left}"
    parts = [
        line(LEFT, foot, right, foot),
        line(LEFT, full, right, full, INK, "6 3"),
        line(LEFT, high, right + 6, high, RED),
    ]
    return "".join([*parts, text(right + 10, foot - HIGH / 2 + 4, words, size=11)])


def _hover(piece: list[Pages], x: float, width: float) -> str:
    low, high = min(span.pages for span in piece), max(span.pages for span in piece)
    begin, end = piece[0].begin, piece[-1].end
    pages = str(low) if low == high else f"{low} to {high}"
    data = f'data-begin="{begin}" data-end="{end}" data-low="{low}" data-high="{high}"'
    title = f"<title>{begin:,} to {end:,}: {pages} page{'s' * (pages != '1')}</title>"
    return f'<rect x="{x:.1f}" width="{width:.1f}" height="{HIGH}" {data}>{title}</rect>'
