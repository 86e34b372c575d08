"""SVG text: a picture that a notebook shows, and the small parts that pictures are made of.

Every picture names itself in `aria-label` and lies on white, so it reads in light and in dark pages. No part has an
id: ids of several pictures on one page clash, which is why stripes are lines and not patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote

from .palette import INK, PAPER


class Picture(str):
    """SVG text that a notebook shows as a picture; its plain text is the picture's name.

    It is shown as `<img>`: Jupyter strips inline SVG from a notebook that was opened but not yet run.
    """

    label: str

    def _repr_html_(self) -> str:
        width = re.findall(r' width="(\d+)"', self)[0]
        source = f"data:image/svg+xml,{quote(self, safe=' /:=,;()')}"
        return f'<img alt="{escape(self.label)}" width="{width}" src="{source}">'

    def __repr__(self) -> str:
        return self.label


def picture(
    width: int, height: int, label: str, parts: Iterable[str], figures: Mapping[str, object] | None = None
) -> Picture:
    """The whole: `label` names it, `figures` are its `data-*` attributes."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" {data(figures or {})}'
        f'viewBox="0 0 {width} {height}" width="{width}" style="max-width:100%" font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )
    made = Picture(svg)
    made.label = label
    return made


def data(figures: Mapping[str, object]) -> str:
    return "".join(f'data-{name}="{escape(str(value))}" ' for name, value in figures.items())


def text(x: float, y: float, words: str, anchor: str = "start", weight: str = "normal", size: int = 12) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{INK}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" '
        f'style="white-space:pre">{escape(words)}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str = INK, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{colour}" fill="none"{dashed}/>'


class Boxes:
    """Many boxes of one colour as one path, with stripes every `across` and `down` pixels, the same over the whole picture."""

    def __init__(self, colour: str, across: int = 0, down: int = 0) -> None:
        self.colour, self.across, self.down = colour, across, down
        self.outline: list[str] = []
        self.stripes: list[str] = []

    def add(self, x: float, y: float, width: float, height: float) -> None:
        self.outline.append(f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z")
        if self.across:
            first = -(-x // self.across)
            while first * self.across < x + width:
                self.stripes.append(f"M{first * self.across:g} {y:.1f}v{height:.1f}")
                first += 1
        if self.down:
            self.stripes += (f"M{x:.1f} {y + k:.1f}h{width:.1f}" for k in range(self.down // 2, int(height), self.down))

    def __str__(self) -> str:
        striped = f'<path d="{"".join(self.stripes)}" stroke="{PAPER}"/>' if self.stripes else ""
        return f'<path d="{"".join(self.outline)}" fill="{self.colour}"/>{striped}' if self.outline else ""
