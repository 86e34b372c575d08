"""A block of values as a picture of squares, with the borders of tiles and faces.

Light is low, dark is high, so it reads in grey; what is not a number is crossed out. Wide rows are averaged into at
most 64 squares, and the picture says so. Left out: exact values, which a table shows better.
"""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..measure.pictures.palette import INK
from ..measure.pictures.svg import Picture, picture
from ..sim.tile import FACE, TILE
from .svg import box, text

MOST = 64  # squares across
SIDE = 5  # pixels a square
LOW, HIGH = (247, 251, 255), (8, 48, 107)  # light to dark blue


def heat(values: ArrayLike, title: str, note: str = "") -> Picture:
    """The first 32 rows of a (rows, columns) array."""
    block = np.asarray(values, np.float64)[:TILE]
    columns = block.shape[1]
    shown = _averaged(block)
    low, high = (float(f(shown[np.isfinite(shown)])) if np.isfinite(shown).any() else 0.0 for f in (np.min, np.max))
    per = columns // shown.shape[1]
    words = f"{low:.3g} (light) to {high:.3g} (dark)" + (f"; a square is {per} columns" if per > 1 else "")
    label = f"{title}: first {len(block)} rows of {columns} columns, {words}"
    wide, tall = shown.shape[1] * SIDE, shown.shape[0] * SIDE
    squares = _squares(shown, 8, 40, low, high)
    lines = "".join(_line(x, 40, tall, per, x) for x in range(FACE, columns, FACE) if x % (FACE * per) == 0)
    parts = [text(8, 16, title, weight="bold"), text(8, 32, f"{words} {note}".strip()), squares, lines]
    return picture(max(380, wide + 16), tall + 48, label, [*parts, box(8, 40, wide, tall, INK)])


def _averaged(block: NDArray[np.float64]) -> NDArray[np.float64]:
    per = max(1, -(-block.shape[1] // MOST))
    while block.shape[1] % per:
        per += 1
    made: NDArray[np.float64] = block.reshape(len(block), -1, per).mean(axis=2)
    return made


def _squares(shown: NDArray[np.float64], x: int, y: int, low: float, high: float) -> str:
    """One path a shade: a tenth of the text that a rectangle for each square would be."""
    paths: dict[str, list[str]] = {}
    for (i, j), value in np.ndenumerate(shown):
        place = f"M{x + j * SIDE} {y + i * SIDE}h{SIDE}v{SIDE}h-{SIDE}z"
        paths.setdefault(_shade(float(value), low, high), []).append(place)
    return "".join(f'<path d="{"".join(places)}" {shade}/>' for shade, places in paths.items())


def _shade(value: float, low: float, high: float) -> str:
    if not np.isfinite(value):
        return 'fill="#fff" stroke="#b5410f" stroke-dasharray="1 1"'
    part = round(15 * (value - low) / (high - low)) / 15 if high > low else 0.5
    colour = (round(a + (b - a) * part) for a, b in zip(LOW, HIGH, strict=True))
    return 'fill="#{:02x}{:02x}{:02x}"'.format(*colour)


def _line(column: int, y: int, tall: int, per: int, place: int) -> str:
    x, thick = 8 + column // per * SIDE, 1 if place % TILE == 0 else 0.4
    return f'<line x1="{x}" x2="{x}" y1="{y}" y2="{y + tall}" stroke="{escape(INK)}" stroke-width="{thick}"/>'
