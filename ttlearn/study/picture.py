"""The study as one picture of four: widths, offsets, epsilon, and a sum of ones. Left out: anything live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layernorm.golden import ATOL, FROBENIUS
from .ones import COLUMNS, TITLE, Ones
from .section import Section
from .table import Study, study

# Okabe and Ito's colours, each with a marker and a dash of its own: readable without colour
STYLES = [
    {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    {"color": "#D55E00", "marker": "s", "linestyle": "-"},
    {"color": "#009E73", "marker": "D", "linestyle": "--"},
    {"color": "#CC79A7", "marker": "^", "linestyle": "-."},
    {"color": "#000000", "marker": "x", "linestyle": ":"},
    {"color": "#56B4E9", "marker": "v", "linestyle": "--"},
]
LOW, TOP = 1e-4, 10.0  # smaller errors, and larger ones, are all the same


def picture(made: Study | None = None) -> Any:
    """A matplotlib figure: what is above the dotted line is outside the vendor's bounds for bf16."""
    from matplotlib.figure import Figure

    made = made or study()
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(2, 2)
    _section(axes[0, 0], made.widths, FROBENIUS)
    _section(axes[0, 1], made.offsets, FROBENIUS)
    _section(axes[1, 0], made.epsilons, ATOL)
    _ones(axes[1, 1], made.ones)
    return figure


def _section(axes: Any, section: Section, bound: float) -> None:
    for name, style in zip(section.columns, STYLES, strict=False):
        errors = [min(max(section.measure.of(error), LOW), TOP) for error in section.column(name)]
        _line(axes, range(len(errors)), errors, " ".join(name), style)
    axes.axhline(bound, color="#666666", linestyle=(0, (1, 1)), linewidth=1.5, label=f"bound {bound:g}")
    axes.set(yscale="log", xlabel=section.rows_are, ylabel=section.measure.value, title=section.title)
    axes.set_xticks(range(len(section.rows)), [f"{row:g}" if isinstance(row, float) else row for row in section.rows])
    low, high = axes.dataLim.intervaly
    ticks = [(value, f"{value:g}") for value in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)]
    ticks += [(LOW, "0.0001\nand less"), (TOP, "10 and\nworse")]
    ticks = [(value, text) for value, text in ticks if low <= value <= high]
    axes.set_yticks([value for value, _ in ticks], [text for _, text in ticks])
    axes.minorticks_off()
    _legend(axes)


def _ones(axes: Any, made: Ones) -> None:
    for name, style in zip(COLUMNS, STYLES, strict=False):
        shares = [total / count for total, count in zip(made.sums[name], made.counts, strict=True)]
        _line(axes, made.counts, shares, name, style)
    axes.set(xscale="log", xlabel="ones", ylabel="their sum, divided by their number", title=TITLE)
    axes.set_xticks([100, 1000, 10000], ["100", "1,000", "10,000"])
    _legend(axes)


def _legend(axes: Any) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize="small", frameon=False)


def _line(axes: Any, x: Sequence[Any], y: Sequence[float], label: str, style: dict[str, str]) -> None:
    axes.plot(x, y, label=label, markersize=5, linewidth=1.2, markerfacecolor="none", **style)
