"""The table as a picture: measured against modelled. Left out: anything live."""

from __future__ import annotations

from typing import Any

from .rows import GROUPS
from .table import Table, table

# Okabe and Ito's colours, each with a marker of its own: readable without colour
STYLES = {
    "A": ("o", "#0072B2"),
    "B": ("s", "#E69F00"),
    "C": ("D", "#009E73"),
    "D": ("^", "#D55E00"),
    "E": ("v", "#56B4E9"),
    "F": ("P", "#CC79A7"),
    "G": ("X", "#000000"),
    "H": ("*", "#F0E442"),
}
BAND = 0.1


def picture(made: Table | None = None) -> Any:
    """A matplotlib figure: every row of A to H, on the line if the model is right, with a band of 10 %."""
    from matplotlib.figure import Figure

    made = made or table()
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.add_subplot()
    ends = [min(r.measured for r in made.counted) / 1.5, max(r.measured for r in made.counted) * 1.5]
    low, high = ([end * (1 + sign * BAND) for end in ends] for sign in (-1, 1))
    axes.fill_between(ends, low, high, color="#cccccc", label="within 10 %")
    axes.plot(ends, ends, color="#666666", linewidth=1, label="as measured")
    for group in GROUPS:
        if group.counted:
            _points(axes, made, group.letter, f"{group.letter}: {group.title.split(',')[0]}")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_xlabel("measured on silicon [ns]")
    axes.set_ylabel("modelled [ns]")
    axes.set_title("model against silicon: published durations and ttlearn's")
    axes.legend(fontsize="small")
    return figure


def _points(axes: Any, made: Table, letter: str, label: str) -> None:
    rows, (marker, colour) = made.of(letter), STYLES[letter]
    x, y = [row.measured for row in rows], [row.modelled for row in rows]
    axes.scatter(x, y, marker=marker, color=colour, edgecolors="black", linewidths=0.6, s=50, label=label, zorder=3)
