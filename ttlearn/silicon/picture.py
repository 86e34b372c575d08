"""The table as a picture: measured against modelled. Left out: anything live."""

from __future__ import annotations

from typing import Any

from ..measure.pictures.palette import BLACK, BLUE, DARK, GREEN, ORANGE, PINK, RED, SKY, YELLOW
from .rows import GROUPS
from .table import Table, table

# each colour with a marker of its own: readable without colour
STYLES = {
    "A": ("o", BLUE),
    "B": ("s", ORANGE),
    "C": ("D", GREEN),
    "D": ("^", RED),
    "E": ("v", SKY),
    "F": ("P", PINK),
    "G": ("X", BLACK),
    "H": ("*", YELLOW),
}
BAND = 0.1


def picture(made: Table | None = None) -> Any:
    """A matplotlib figure: every row of A to H, on the line if the model is right, with a band of 10 %."""
    from ..measure.pictures.drawn import Drawn

    made = made or table()
    figure = Drawn(figsize=(7, 6), layout="constrained")
    axes = figure.add_subplot()
    ends = [min(r.measured for r in made.counted) / 1.5, max(r.measured for r in made.counted) * 1.5]
    low, high = ([end * (1 + sign * BAND) for end in ends] for sign in (-1, 1))
    axes.fill_between(ends, low, high, color="#cccccc", label="within 10 %")
    axes.plot(ends, ends, color=DARK, linewidth=1, label="as measured")
    for group in GROUPS:
        if group.counted:
            _points(axes, made, group.letter, f"{group.letter}: {group.title.split(',')[0]}")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_xlabel("measured on silicon [ns]")
    axes.set_ylabel("modelled [ns]")
    axes.set_title("model against silicon: published durations and ttlearn's")
    axes.legend(fontsize="x-small", labelspacing=0.15, loc="upper left")  # small, or it hides rows
    return figure


def _points(axes: Any, made: Table, letter: str, label: str) -> None:
    rows, (marker, colour) = made.of(letter), STYLES[letter]
    x, y = [row.measured for row in rows], [row.modelled for row in rows]
    axes.scatter(x, y, marker=marker, color=colour, edgecolors="black", linewidths=0.6, s=50, label=label, zorder=3)
