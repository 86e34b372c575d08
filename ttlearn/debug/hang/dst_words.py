"""What is wrong with a kernel's tile_regs calls, told from how often its text makes each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...count.made import Made
from ...count.poly import number
from ...count.sections import OLDER, section_totals, section_words
from .naming import only
from .stops import Reason, Stop

_GIVES = {Reason.DST_FULL: ("tile_regs_release", "PACK"), Reason.DST_EMPTY: ("tile_regs_commit", "MATH")}
_TAKES = {"tile_regs_release": "tile_regs_wait", "tile_regs_commit": "tile_regs_acquire"}
_PLACE = {
    "tile_regs_release": "after the last pack_tile of a section, once for each tile_regs_wait()",
    "tile_regs_commit": "after the last operation of a section, once for each tile_regs_acquire()",
}


@dataclass(frozen=True)
class Told:
    """What stands still and why, the calls that should have been more, and what to do."""

    sentence: str
    lines: tuple[Made, ...]
    advice: str


def uneven(stop: Stop, times: Mapping[str, int] | None) -> bool:
    """Does PACK give back more sections than MATH hands over, or fewer? An acquire or a wait twice does no harm."""
    if times is None:
        return False
    commits, releases = times["tile_regs_commit"], times["tile_regs_release"]
    return commits < releases if stop.reason is Reason.DST_EMPTY else releases < commits


def told(
    made: list[Made], stop: Stop, times: Mapping[str, int] | None, at: Callable[[Made], str], ended: bool = True
) -> Told:
    """`times`: how often each call is made, where a rehearsal could tell. `at`: the words for a call's line."""
    missing, giver = _GIVES[stop.reason]
    held = "every DST section is held by PACK" if stop.reason is Reason.DST_FULL else "no DST section is committed"
    calls = tuple(m for m in made if missing in OLDER.get(m.call, (m.call,)))
    advice = f"call {missing}() {_PLACE[missing]}"
    if not calls:
        taken = tuple(m for m in made if _TAKES[missing] in OLDER.get(m.call, (m.call,)))[:1]
        why = f"the kernel never calls {missing}()"
        why += "".join(f", though it calls {m.call}() at line {m.line}" for m in taken)
        calls = taken
    else:
        why = f"{giver} makes {'no more' if ended else 'too few'} {calls[0].call}(){_counted(made, times)}"
        condition = next((only(m) for m in calls if only(m)), "")
        if condition:
            why += f": line {calls[0].line} makes it{condition}"
        alone = _alone(made, missing)
        if len(alone) == 1 and not condition:
            why += f"; none follows {alone[0].call}() at {at(alone[0])}"
            calls = alone
    return Told(f"stalls in {stop.call} at {stop.site}: {held}, and {why}", calls[:1], advice)


def _alone(made: list[Made], missing: str) -> tuple[Made, ...]:
    """The calls that open a section, behind which, in the text, the next section opens, or the end comes, before one closes."""
    found: list[Made] = []
    opened = None
    for one in made:
        names = OLDER.get(one.call, (one.call,))
        if _TAKES[missing] in names:
            found += [opened] if opened is not None else []
            opened = one
        elif missing in names:
            opened = None
    return tuple([*found, opened] if opened is not None else found)


def _counted(made: list[Made], times: Mapping[str, int] | None) -> str:
    counts = section_totals(made)
    if times is not None:
        counts = {call: number(times[call]) for call in counts}
    return "" if None in counts.values() else f" (calls in all: {section_words(counts)})"
