"""A timeline as SVG. Spans too narrow to be seen share a box, in which each state takes its share of the height.

Each box has its cycles in `data-begin` and `data-end`, and what they were spent on in a `<title>`, which a page shows
where one points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from ..spans import Lane, Span, State
from ..stalls import Cause
from .palette import FAINT, INK, LOOKS, PAPER, PLAIN, QUIET, Look
from .pieces import pieces
from .scale import LEFT, WIDTH, Scale
from .svg import Boxes, Picture, picture, text

if TYPE_CHECKING:
    from ..timeline import Timeline

STUCK = 130  # pixels for what a lane that hangs stands still for
TOP, ROW, HIGH = 40, 24, 18
NARROW = 7  # pixels: narrower spans share a box; with 5, a busy run's picture has 350 KB
LETTERED = 20  # pixels: narrower spans have no letter
LETTER = 6.6  # pixels of one letter of a label


def drawn(made: Timeline) -> Picture:
    """The whole picture: lanes, axis, key."""
    scale = Scale(made.begin, made.end, WIDTH - (STUCK if made.stuck else 24))
    foot = TOP + len(made.lanes) * ROW
    parts = [text(8, 18, f"Timeline, {made.title}", weight="bold"), *scale.axis(TOP, foot)]
    for k, lane in enumerate(made.lanes):
        parts += _lane(made, lane, TOP + k * ROW, scale)
    key, height = _key(made, foot + 36)
    figures = {"begin": made.begin, "end": made.end}
    return picture(WIDTH, height, made.summary, [*parts, *key], figures)


def _lane(made: Timeline, lane: Lane, y: int, scale: Scale) -> Iterator[str]:
    boxes = {state: Boxes(look.colour, look.across, look.down) for state, look in LOOKS.items()}
    labels, hover = [], []
    for piece in pieces(lane.spans, NARROW / scale.pixels):
        x, end = scale.x(piece[0].begin), scale.x(piece[-1].end)
        _stack(boxes, piece, (x, y, end - x))
        hover.append(_hover(piece, x, end - x))
        if len(piece) == 1:
            labels.append(_label(piece[0], x, y, end - x))
    yield text(8, y + 13, lane.name, weight="bold")
    yield "".join(str(boxes[state]) for state in LOOKS if state not in QUIET)
    yield f'<path d="M{LEFT} {y + HIGH}H{scale.right}" stroke="{FAINT}"/>'
    yield "".join(labels)
    yield f'<g data-lane="{lane.name}" transform="translate(0 {y})" fill="none" pointer-events="all">{"".join(hover)}</g>'
    if lane.name in made.stuck:
        yield text(scale.right + 4, y + 13, f"▸ {made.stuck[lane.name]}")


def _stack(boxes: dict[State, Boxes], piece: list[Span], place: tuple[float, float, float]) -> None:
    """Each state's share of the height, from below in the order of states."""
    x, y, width = place
    total, foot = piece[-1].end - piece[0].begin, y + HIGH
    for state in _order(piece):
        high = HIGH * sum(s.end - s.begin for s in piece if s.state is state) / total
        foot -= high
        if state not in QUIET:
            boxes[state].add(x, foot, width, high)


def _order(piece: list[Span]) -> list[State]:
    """Busy below, waits above it, idle on top."""
    used = {span.state for span in piece}
    order = [State.BUSY, *(state for state in LOOKS if state not in PLAIN), State.FLIGHT, State.LAUNCH, *QUIET]
    return [state for state in order if state in used]


def _hover(piece: list[Span], x: float, width: float) -> str:
    cycles: dict[str, int] = defaultdict(int)
    for span in piece:
        cycles[str(Cause(span.state, span.what))] += span.end - span.begin
    begin, end = piece[0].begin, piece[-1].end
    spent = ", ".join(f"{what} {count}" for what, count in cycles.items())
    return (
        f'<rect x="{x:.1f}" width="{width:.1f}" height="{HIGH}" data-begin="{begin}" data-end="{end}">'
        f"<title>{begin:,} to {end:,}: {escape(spent)}</title></rect>"
    )


def _label(span: Span, x: float, y: float, width: float) -> str:
    """What is waited for or in flight, where there is room; else the letter of a wait."""
    letter = "" if span.state in PLAIN or width < LETTERED else LOOKS[span.state].letter
    words = span.what if LETTER * len(span.what) + 6 <= width else letter
    if not words:
        return ""
    room = LETTER * len(words) + 4
    box = f'<rect x="{x + (width - room) / 2:.1f}" y="{y + 3}" width="{room:.1f}" height="12" fill="{PAPER}"/>'
    return box + text(round(x + width / 2, 1), y + 13, words, "middle", size=11)


def _key(made: Timeline, y: int) -> tuple[list[str], int]:
    """The states that occur, in rows of four; then how narrow spans are shown. Gives the picture's height, too."""
    used = {LOOKS[span.state] for lane in made.lanes for span in lane.spans}
    shown = [look for look in dict.fromkeys(LOOKS.values()) if look in used]
    parts = [_sample(look, 8 + 200 * (k % 4), y + 10 + 20 * (k // 4)) for k, look in enumerate(shown)]
    y += 10 + 20 * (-(-len(shown) // 4)) + 12
    words = "Spans too narrow to be seen share a box: each state takes its share of the height."
    parts.append(text(8, y, words + "   ▸ stands still for ever" * bool(made.stuck), size=11))
    return parts, y + 10


def _sample(look: Look, x: int, y: int) -> str:
    box = Boxes(look.colour, look.across, look.down)
    box.add(x, y - 2, 20, 14)
    frame = f'<rect x="{x}" y="{y - 2}" width="20" height="14" fill="none" stroke="{INK}" stroke-width="0.5"/>'
    return f"{box}{frame}{text(x + 26, y + 9, f'{look.letter} {look.words}', size=11)}"
