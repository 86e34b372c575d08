"""The roofline with matplotlib: how full each limit is, and the run's point below its roofs.

A limit's roof is where the run would be if that limit were full: the run's own rate divided by the share. So slopes
are bytes a cycle, level lines are an engine thread's own pace, and the distance to the lowest roof is what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..limits import Limit, What
from .palette import BLUE, FAINT, GREEN, INK, ORANGE, PINK, RED, SKY

if TYPE_CHECKING:
    from ..roofline import Roofline

MEMORY = {What.DRAM: (BLUE, "-"), What.BANK: (SKY, "--"), What.LINK: (ORANGE, ":")}
ENGINE = {"UNPACK": (PINK, "-."), "MATH": (RED, "-"), "PACK": (GREEN, "--")}


def figure(made: Roofline) -> Any:
    """A matplotlib Figure: bars on the left, the roofline on the right, if the run has a point in it."""
    from .drawn import Drawn

    whole = made.intensity is not None
    figure = Drawn(figsize=(10 if whole else 5, 4.6), layout="constrained")
    panels = figure.subplots(1, 1 + whole, width_ratios=(2, 3)[: 1 + whole], squeeze=False).ravel()
    _bars(panels[0], made)
    if made.intensity is not None:
        _roofs(panels[1], made, made.intensity)
    none = "" if whole else f"\nno roofline: {_missing(made)}"
    figure.suptitle(f"Limits of a run of {made.cycles:,} cycles on {made.cores} core(s) (model){none}")
    return figure


def _bars(axes: Any, made: Roofline) -> None:
    places = range(len(made.rows))
    shares = [100 * row.share for row in made.rows]
    axes.barh(places, shares, color=BLUE, edgecolor=INK)
    for place, share in zip(places, shares, strict=True):
        inside = share > 80
        axes.text(share + (-2 if inside else 2), place, f"{share:.0f} %", va="center",
                  ha="right" if inside else "left", color="white" if inside else INK)  # fmt: skip
    axes.set_yticks(places, [row.name for row in made.rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("used of the limit (%)" + (", fullest core" if made.cores > 1 else ""))


def _roofs(axes: Any, made: Roofline, x: float) -> None:
    axes.set_xlabel("tile operations for each byte to or from DRAM")
    axes.set_ylabel("tile operations a cycle (model)")
    y, ends = made.operations / made.cycles, (x / 30, x * 30)
    for row in _drawn(made):
        colour, style = ENGINE[row.name] if row.what is What.THREAD else MEMORY[row.what]
        roof = y / row.share
        heights = [roof, roof] if row.what is What.THREAD else [roof * end / x for end in ends]
        axes.plot(ends, heights, color=colour, linestyle=style, label=_name(row))
    axes.plot([x], [y], marker="o", markersize=9, color=INK, linestyle="none", label="this run")
    axes.set(xscale="log", yscale="log", xlim=ends)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def _drawn(made: Roofline) -> list[Limit]:
    """One line for each kind of bytes, one for each engine thread: of links, the fullest."""
    links = [row for row in made.rows if row.what is What.LINK]
    most = max(links, key=lambda row: row.share, default=None)
    return [row for row in made.rows if row.what in (What.DRAM, What.BANK, What.THREAD) or row is most]


def _name(row: Limit) -> str:
    if row.what is What.THREAD:
        return f"{row.name}: {1 / row.ceiling:,.0f} cycles a tile"
    link = " (a link)" if row.what is What.LINK else ""
    return f"{row.name}{link}: {row.ceiling:,.0f} B/cycle"


def _missing(made: Roofline) -> str:
    return "no tile operations" if made.dram_bytes else "no bytes to or from DRAM"
