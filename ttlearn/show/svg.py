"""Pictures as SVG: the circular buffers of a run, and a tile row in its two orders.

Pure functions from figures to text. Every picture names itself in `aria-label`, keeps its figures in `data-*`
attributes and tells things apart by pattern or letter, never by colour alone. Patterns are dashes of thick
lines: SVG `<pattern>`s have ids, and ids of several pictures on one page clash. Left out: anything animated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from ..errors import HostError
from ..host.run import CBReport, Run
from ..measure.pictures.palette import FAINT, INK, PAPER
from ..measure.pictures.svg import Picture, data, picture
from ..sim.tile import ELEMENTS, FACE, TILE, index

FULL, LEFT = "#2a6fb0", "#b5410f"
LETTERS = {"A": (0, 1), "B": (1, 0), "C": (0, 16), "D": (16, 0)}  # elements shown in both orders


# ---- circular buffers ----------------------------------------------------------------------------------------


def cb_bars(run: Run | Iterable[CBReport], holds: Mapping[int, str] | None = None) -> Picture:
    """One bar a CB, in pages: outline = capacity, stripes up to H = high water, solid up to L = left over.

    `run`: a Run or its `cbs`. `holds`: a few words for a CB index. The first core is shown; CBs never pushed are faint.
    """
    reports = list(run.cbs if isinstance(run, Run) else run)
    reports = [r for r in reports if r.core == reports[0].core]
    rows = [_cb_row(r, 44 + 24 * i, (holds or {}).get(r.index, "")) for i, r in enumerate(reports)]
    used = [r for r in reports if r.pushed]
    label = "Circular buffers: " + "; ".join(
        f"c_{r.index} high water {r.high_water} of {r.num_pages} pages, left over {r.left_over}" for r in used
    )
    head = text(8, 16, "Circular buffers, each bar 0 to 100 % of its pages", weight="bold")
    key = text(8, 32, "outline: capacity   H stripes: high water   L solid: left over at the end   -: never pushed")
    return picture(760, 52 + 24 * len(reports), label, [head, key, *rows])


def _cb_row(r: CBReport, y: int, holds: str) -> str:
    x, width = 60, 160
    high, left = (round(width * pages / r.num_pages) for pages in (r.high_water, r.left_over))
    parts = [text(8, y + 13, f"c_{r.index}", weight="bold" if r.pushed else "normal")]
    if high:
        line = f'x1="{x}" x2="{x + high}" y1="{y + 9}" y2="{y + 9}"'
        parts.append(f'<line {line} stroke="{FULL}" stroke-width="16" stroke-dasharray="3 2"/>')
    if left:
        parts.append(f'<rect x="{x}" y="{y + 9}" width="{left}" height="8" fill="{LEFT}"/>')
    parts.append(box(x, y + 1, width, 16, INK if r.pushed else FAINT))
    letters = ("H" if high else "-") + ("L" if left else "")
    parts.append(text(x + width + 8, y + 13, letters, weight="bold"))
    words = f"{r.high_water} of {r.num_pages} x {r.page_size:,} B" + (f", {r.left_over} left" if left else "")
    parts.append(text(x + width + 32, y + 13, words) + text(x + width + 200, y + 13, holds))
    figures = {
        "cb": r.index, "pages": r.num_pages, "page-size": r.page_size, "pushed": r.pushed, "popped": r.popped,
        "high-water": r.high_water, "left-over": r.left_over,
    }  # fmt: skip
    return f"<g {data(figures)}>{''.join(parts)}</g>"


# ---- layouts -------------------------------------------------------------------------------------------------


def layout(width: int) -> Picture:
    """One tile row, 32 rows of `width` elements, as sticks and as tiles of four faces, with element numbers."""
    if width < TILE or width % TILE:
        raise HostError(f"layout({width}): the width of a tile row is a multiple of 32; try layout({TILE})")
    order = "; ".join(f"{name} {_places(name, width)}" for name in LETTERS)
    label = f"One tile row of {width} columns, as sticks and as tiles: {order}"
    head = text(8, 16, f"The same {TILE * width:,} elements in two orders (numbers: place in memory)", weight="bold")
    notes = [text(8, 284 + 18 * i, f"{name}: {_places(name, width)}") for i, name in enumerate(LETTERS)]
    return picture(760, 346, label, [head, _sticks(width), _tiles(width), *notes], {"width": width})


def _places(name: str, width: int) -> str:
    row, column = LETTERS[name]
    return f"row {row}, column {column}: place {row * width + column:,} in sticks, {index(row, column):,} in tiles"


def _sticks(width: int) -> str:
    """The left half: one box a row of the matrix."""
    parts, y = [text(8, 42, f"sticks: {TILE} rows, one after the other")], 52
    for row in (0, 1, None, 16, None, 31):
        if row is None:
            parts.append(text(160, y + 16, "⋮", "middle"))
        else:
            here = [(name, column) for name, (line, column) in LETTERS.items() if line == row]
            parts += [box(8, y, 320, 26), text(168, y + 17, f"{row * width:,} … {(row + 1) * width - 1:,}", "middle")]
            parts += [_mark(20 + (column > 0) * (18 + column), y + 13, name) for name, column in here]
        y += 24 if row is None else 32
    return "".join(parts)


def _tiles(width: int) -> str:
    """The right half: the first tile, and the last if there are several, each with its four faces."""
    count = width // TILE
    many = "1 tile" if count == 1 else f"{count} tiles"
    parts = [text(364, 42, f"tiles: {many} of 4 faces, {FACE} x {FACE} each")]
    for tile, left in [(0, 364)] + [(count - 1, 564)] * (count > 1):
        parts.append(text(left, 68, f"tile {tile}"))
        for face in range(4):
            x, y, first = left + face % 2 * 90, 76 + face // 2 * 90, tile * ELEMENTS + face * FACE * FACE
            words = (f"face {face}", f"{first:,} …", f"{first + FACE * FACE - 1:,}")
            parts += [text(x + 50, y + 38 + 16 * i, line, "middle") for i, line in enumerate(words)]
            parts.append(box(x, y, 90, 90, FAINT))
        parts.append(box(left, 76, 180, 180, INK, 2))
    for name, (row, column) in LETTERS.items():
        x, y = 374 + column // FACE * 90 + column % FACE * 20, 86 + row // FACE * 90 + row % FACE * 20
        parts.append(_mark(x, y, name))
    return "".join(parts) + (text(554, 170, "…", "middle") if count > 2 else "")


# ---- small parts ---------------------------------------------------------------------------------------------


def text(x: int, y: int, words: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{INK}" text-anchor="{anchor}" font-weight="{weight}" '
        f'style="white-space:pre">{escape(words)}</text>'
    )


def box(x: int, y: int, width: int, height: int, stroke: str = INK, thick: int = 1) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="none" stroke="{stroke}" stroke-width="{thick}"/>'


def _mark(x: int, y: int, letter: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="8" fill="{FULL}"/>' + (
        f'<text x="{x}" y="{y + 4}" fill="{PAPER}" text-anchor="middle" font-weight="bold">{letter}</text>'
    )
