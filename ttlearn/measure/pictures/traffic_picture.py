"""The traffic on the chip's grid, as SVG and with matplotlib, both from the same shapes."""

from __future__ import annotations

from html import escape
from math import hypot
from typing import TYPE_CHECKING, Any

from .palette import INK
from .svg import Picture, data, picture, text
from .traffic_shapes import Shape, Stroke, Words, extent, shapes

if TYPE_CHECKING:
    from ..traffic import Traffic

HEAD = 7  # pixels that an arrow's head is long, beside its width
INCH = 96  # pixels


def svg(made: Traffic) -> Picture:
    width, height = extent(made)
    parts = [_svg(shape) for shape in shapes(made)]
    return picture(width, height, made.summary, parts, {"cycles": made.cycles})


def _svg(shape: Shape) -> str:
    if isinstance(shape, Words):
        weight = "bold" if shape.bold else "normal"
        return text(shape.x, shape.y, shape.text, shape.anchor, weight, shape.size)
    points, head = _with_head(shape) if shape.arrow else (shape.points, ())
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z" * shape.closed
    dashed = f' stroke-dasharray="{shape.dashes}"' if shape.dashes else ""
    title = ", ".join(f"{name} {value}" for name, value in shape.figures.items())
    lines = f'<path d="{path}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"{dashed}/>'
    if head:
        corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in head)
        lines += f'<path d="M{corners}z" fill="{shape.colour}"/>'
    told = f"<title>{escape(title)}</title>" if title else ""
    return f"<g {data(shape.figures)}>{told}{lines}</g>" if shape.figures else lines


Points = tuple[tuple[float, float], ...]


def _with_head(shape: Stroke) -> tuple[Points, Points]:
    """The line, cut where its head begins; and the head's corners."""
    (x1, y1), (x2, y2) = shape.points
    length = max(1.0, hypot(x2 - x1, y2 - y1))
    long, wide = min(HEAD + shape.width / 2, length), HEAD / 2 + shape.width / 2
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    neck = x2 - dx * long, y2 - dy * long
    sides = (neck[0] - dy * wide, neck[1] + dx * wide), (neck[0] + dy * wide, neck[1] - dx * wide)
    return ((x1, y1), neck), ((x2, y2), *sides)


def figure(made: Traffic) -> Any:
    """A matplotlib Figure of the SVG's size."""
    from .drawn import Drawn

    width, height = extent(made)
    figure = Drawn(figsize=(width / INCH, height / INCH), dpi=INCH)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    for shape in shapes(made):
        _plot(axes, shape)
    return figure


def _plot(axes: Any, shape: Shape) -> None:
    points = 72 / INCH  # matplotlib counts sizes in points
    if isinstance(shape, Words):
        anchor = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        weight = "bold" if shape.bold else "normal"
        axes.text(
            shape.x, shape.y, shape.text, ha=anchor, va="baseline", size=shape.size * points, weight=weight, color=INK
        )
        return
    line, head = _with_head(shape) if shape.arrow else (shape.points, ())
    if shape.closed:
        line = (*line, line[0])
    dashes = tuple(float(part) * points / max(1e-6, shape.width * points) for part in shape.dashes.split())
    style: Any = (0, dashes) if dashes else "-"
    axes.plot(*zip(*line, strict=True), color=shape.colour, linewidth=shape.width * points, linestyle=style, dash_capstyle="butt", solid_capstyle="butt")  # fmt: skip
    if head:
        axes.fill(*zip(*head, strict=True), color=shape.colour, linewidth=0)
