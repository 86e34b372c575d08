"""How full CBs are, with matplotlib: the same steps as in the SVG, a panel a CB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..levels import Level
from .palette import BLUE, FAINT, INK, RED
from .pieces import envelope

if TYPE_CHECKING:
    from ..occupancy import Occupancy

NARROW = 1 / 400  # of the width: narrower steps share a box


def figure(made: Occupancy) -> Any:
    """A matplotlib Figure, 10 inches wide. CBs that were never pushed have no panel."""
    from .drawn import Drawn

    used = [level for level in made.levels if level.pushed or level.popped]
    figure = Drawn(figsize=(10, 0.75 * max(1, len(used)) + 1.3), layout="constrained")
    panels = figure.subplots(max(1, len(used)), 1, sharex=True, squeeze=False).ravel()
    for level, panel in zip(used, panels, strict=False):
        _panel(panel, level, made.end)
    panels[-1].set_xlabel("cycles (model)")
    panels[-1].set_xlim(0, made.end)
    panels[-1].xaxis.set_major_formatter("{x:,.0f}")
    figure.suptitle(f"CB occupancy, {made.title}")
    if used:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small")
    return figure


def _panel(panel: Any, level: Level, end: int) -> None:
    boxes = list(envelope(level.spans(end), NARROW * end))
    edges = [piece[0].begin for piece in boxes] + [end]
    low, high = ([bound(span.pages for span in piece) for piece in boxes] for bound in (min, max))
    panel.stairs(low, edges, fill=True, color=BLUE, label="pages there")
    panel.stairs(
        high, edges, baseline=low, fill=True, facecolor=FAINT, edgecolor=BLUE, hatch="||||", linewidth=0,
        label="there for a part of the time",
    )  # fmt: skip
    panel.axhline(level.num_pages, color=INK, linestyle="--", linewidth=1, label="capacity")
    panel.axhline(level.high_water, color=RED, linewidth=1, label="high water (H)")
    panel.set_ylim(0, 1.1 * max(level.num_pages, level.high_water))
    panel.set_yticks([0, level.num_pages])
    panel.set_ylabel(f"{level.name}\n(pages)", rotation=0, ha="right", va="center")
    left = f"\n{level.left_over} left" if level.left_over else ""
    panel.annotate(
        f"H {level.high_water} of {level.num_pages}{left}", (1.01, 0.5), xycoords="axes fraction", va="center"
    )
