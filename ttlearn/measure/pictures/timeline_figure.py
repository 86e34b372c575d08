"""A timeline with matplotlib: the same boxes as in the SVG, a hatch for each kind of wait.

Left out: labels of short waits; hatch and colour tell their kind, the text and the SVG tell what they wait for.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ..spans import Lane, Span, State
from .palette import FAINT, INK, LOOKS, PAPER, PLAIN, QUIET
from .pieces import pieces

if TYPE_CHECKING:
    from ..timeline import Timeline

NARROW = 1 / 250  # of the width: narrower spans share a box
LABELLED = 0.0095  # of the width, for each letter of a label
HIGH = 0.76  # of a row
Box = tuple[float, float, float, float]  # left, foot, width, height


def figure(made: Timeline) -> Any:
    """A matplotlib Figure, 10 inches wide."""
    from .drawn import Drawn

    figure = Drawn(figsize=(10, 0.3 * len(made.lanes) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    boxes: dict[State, list[Box]] = defaultdict(list)
    for row, lane in enumerate(made.lanes):
        _lane(axes, made, lane, row, boxes)
    for state, some in boxes.items():
        _draw(axes, state, some)
    _axes(axes, made)
    _key(figure, [state for state in LOOKS if state in boxes])
    return figure


def _lane(axes: Any, made: Timeline, lane: Lane, row: int, boxes: dict[State, list[Box]]) -> None:
    """Puts the lane's boxes in, by state; writes what long waits are for."""
    whole = made.end - made.begin
    for piece in pieces(lane.spans, NARROW * whole):
        foot, width = row + HIGH / 2, piece[-1].end - piece[0].begin
        for state in stacked(piece):
            high = HIGH * sum(span.end - span.begin for span in piece if span.state is state) / width
            foot -= high  # rows count downwards
            boxes[state].append((piece[0].begin, foot, width, high))
        what = piece[0].what
        if len(piece) == 1 and what and width > LABELLED * whole * len(what):
            _label(axes, piece[0].begin + width / 2, row, what)
    if lane.name in made.stuck:
        axes.annotate(f"▸ {made.stuck[lane.name]}", (1.01, row), xycoords=("axes fraction", "data"), va="center")


def stacked(piece: list[Span]) -> list[State]:
    """The states of a box from below: busy, then waits; what is idle stays empty."""
    used = {span.state for span in piece if span.state not in QUIET}
    return sorted(used, key=lambda state: (state in PLAIN and state is not State.BUSY, state is not State.BUSY))


def _label(axes: Any, x: float, row: int, words: str) -> None:
    paper = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
    axes.text(x, row, words, ha="center", va="center", fontsize=7, bbox=paper)


def _draw(axes: Any, state: State, boxes: list[Box]) -> None:
    from matplotlib.collections import PolyCollection

    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
    look = LOOKS[state]
    axes.add_collection(PolyCollection(corners, facecolor=look.colour, hatch=look.hatch, edgecolor=INK, linewidth=0))


def _axes(axes: Any, made: Timeline) -> None:
    axes.set_xlim(made.begin, made.end)
    axes.set_ylim(len(made.lanes) - 0.5, -0.5)
    axes.set_yticks(range(len(made.lanes)), [lane.name for lane in made.lanes])
    axes.set_xlabel("cycles (model)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_title(f"Timeline, {made.title}")


def _key(figure: Any, states: list[State]) -> None:
    from matplotlib.patches import Patch

    looks = [LOOKS[state] for state in states]
    patches = [Patch(facecolor=k.colour, hatch=k.hatch, edgecolor=INK, linewidth=0, label=k.words) for k in looks]
    figure.legend(handles=patches, loc="outside lower center", ncols=4, fontsize="small", handlelength=2.5)
