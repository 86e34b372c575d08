"""How often a kernel makes each of the four tile_regs calls, the older pairs included."""

from __future__ import annotations

from collections.abc import Iterable

from .made import Made
from .poly import Poly, number

CALLS = ("tile_regs_acquire", "tile_regs_commit", "tile_regs_wait", "tile_regs_release")
OLDER = {"acquire_dst": (CALLS[0], CALLS[2]), "release_dst": (CALLS[1], CALLS[3])}


def section_totals(made: Iterable[Made]) -> dict[str, Poly | None]:
    """Call -> how often in all; None where that cannot be told."""
    counts: dict[str, Poly | None] = {call: number(0) for call in CALLS}
    for entry in made:
        for call in OLDER.get(entry.call, (entry.call,)):
            if call in counts:
                count, more = counts[call], entry.total(number(1))
                counts[call] = count + more if count is not None and more is not None else None
    return counts


def section_words(counts: dict[str, Poly | None]) -> str:
    """`acquire 4, commit 4, wait 4, release 0`."""
    return ", ".join(f"{call.removeprefix('tile_regs_')} {count}" for call, count in counts.items())
