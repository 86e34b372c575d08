"""A timeline in letters: a line for each lane, a column for a stretch of cycles, at most 100 columns.

A column shows the state that takes most of it, in a small letter if others share it.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

from ..spans import Lane, State
from .palette import LOOKS, QUIET

if TYPE_CHECKING:
    from ..timeline import Timeline

WIDTH = 100
NAME = 9  # columns of a lane's name


def text(made: Timeline) -> str:
    ends = max((len(f" ▸ {what}") for what in made.stuck.values()), default=0)
    columns = min(WIDTH - NAME - ends, made.end - made.begin)
    lines = [f"{made.title}; a column is {(made.end - made.begin) / columns:,.0f} cycles"]
    rows = [_row(lane, made.begin, made.end, columns) for lane in made.lanes]
    for lane, row in zip(made.lanes, rows, strict=True):
        stuck = f" ▸ {made.stuck[lane.name]}" if lane.name in made.stuck else ""
        lines.append(f"  {lane.name:<{NAME - 2}}{row}{stuck}")
    return "\n".join([*lines, *_key("".join(rows), bool(made.stuck))])


def _row(lane: Lane, begin: int, end: int, columns: int) -> str:
    shares: list[dict[str, float]] = [defaultdict(float) for _ in range(columns)]
    scale = columns / (end - begin)
    for span in lane.spans:
        first, last = (span.begin - begin) * scale, (span.end - begin) * scale
        for k in range(int(first), min(columns, int(last) + 1)):
            shares[k][LOOKS[span.state].letter] += max(0.0, min(last, k + 1) - max(first, k))
    return "".join(map(_letter, shares))


def _letter(shares: dict[str, float]) -> str:
    most = max(shares, key=lambda letter: shares[letter])
    alone = shares[most] > 0.999
    return most if alone else "," if most == "." else most.lower()


def _key(used: str, hangs: bool) -> list[str]:
    """What the letters mean that were used."""
    words = {
        look.letter: f"{look.letter} {look.words}"
        for state, look in LOOKS.items()
        if look.letter in used.upper() and state not in QUIET
    }
    parts = [*words.values(), f"{LOOKS[State.IDLE].letter} {LOOKS[State.IDLE].words}"]
    if any(letter.islower() or letter == "," for letter in used):
        parts.append("small letter, or comma: most of the column")
    if hangs:
        parts.append("▸ stands still for ever")
    whole = " · ".join(part.replace(" ", "\u00a0") for part in parts)  # a part is not broken
    lines = textwrap.wrap(whole, WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    return [line.replace("\u00a0", " ") for line in lines]
