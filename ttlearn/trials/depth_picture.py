"""The picture of `depths`: modelled cycles against depth, a small panel a CB.

Lines, markers and hatches carry the meaning, so it reads in grey; the colours are Okabe and Ito's. Left out: the joint
depths, which have more than one axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..measure.pictures.palette import BLUE, DARK, RED

if TYPE_CHECKING:
    from .depth_table import Depths, Row

_ACROSS = 3


def picture(found: Depths) -> Any:
    """A matplotlib Figure."""
    from ..measure.pictures.drawn import Drawn

    down = max(1, -(-len(found.rows) // _ACROSS))
    across = max(1, min(_ACROSS, len(found.rows)))
    figure = Drawn(figsize=(3.6 * across, 2.8 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for row, panel in zip(found.rows, panels, strict=False):
        _panel(panel, row)
    for panel in panels[len(found.rows) :]:
        panel.set_axis_off()
    figure.suptitle("Time against depth, one CB at a time, the others as given (model)")
    return figure


def _panel(panel: Any, row: Row) -> None:
    from .depth_table import line_of

    ran = [(depth, cycles) for depth, cycles in row.curve if cycles is not None]
    hung = [depth for depth, cycles in row.curve if cycles is None]
    panel.set_title(f"{row.label}, given {row.given}")
    panel.set_xlabel("depth (pages)")
    panel.set_ylabel("cycles (model)")
    if ran:
        panel.plot(*zip(*ran, strict=True), color=BLUE, marker="o", markersize=4, label="finishes")
        panel.set_ylim(0, 1.15 * max(cycles for _, cycles in ran))
    else:
        panel.set_yticks([])
        panel.text(0.5, 0.5, "hangs at each depth tried (×)", transform=panel.transAxes, ha="center")
    for depth in hung:
        panel.plot([depth], [0.03], "x", color=RED, transform=panel.get_xaxis_transform(), clip_on=False)
    if row.smallest is not None and hung:
        panel.axvspan(min(hung), row.smallest, color=DARK, alpha=0.25, hatch="///", label="hangs (×)")
    line = line_of(row)
    if line is not None:
        panel.axhline(line, color=RED, linestyle="--", label="95 % of best speed")
    _axes(panel, sorted({depth for depth, _ in row.curve}))
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize="x-small", loc="lower right")


def _axes(panel: Any, depths: list[int]) -> None:
    """Whole pages on the axis, in powers of two where they range far."""
    if len(depths) > 1 and depths[-1] > 8 * depths[0]:
        panel.set_xscale("log", base=2)
    near = [b for a, b in zip([0, *depths], depths, strict=False) if b >= 1.5 * a]
    panel.set_xticks(near, [f"{depth:,}" for depth in near])
    panel.set_xticks([], minor=True)
    panel.yaxis.set_major_formatter("{x:,.0f}")
