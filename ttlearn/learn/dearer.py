"""Why a right run takes longer than the reference's: barriers and transfers that it has more of.

One clause for each, the barriers first. Left out: what the engine is kept from (`ttlearn.measure`).
"""

from __future__ import annotations

from collections.abc import Iterator

from .facts import Facts
from .odd import of, times

MOST = 2  # clauses that are told


def dearer(mine: Facts, theirs: Facts) -> str:
    """Empty if it has no more of either."""
    return "; ".join([*_barriers(mine, theirs), *_transfers(mine, theirs)][:MOST])


def _barriers(mine: Facts, theirs: Facts) -> Iterator[str]:
    for (risc, call), done in mine.barriers.items():
        wanted = theirs.barriers[risc, call]
        if done > wanted:
            yield f"{risc} waits in {call} {times(done)}, the reference {times(wanted)}"


def _transfers(mine: Facts, theirs: Facts) -> Iterator[str]:
    for risc, kind in dict.fromkeys((risc, kind) for risc, _, kind in mine.transfers):
        done, wanted = (of(facts.transfers, risc, kind) for facts in (mine, theirs))
        if done > wanted:
            yield f"{risc} starts {done:,} {kind}s, the reference {wanted:,}"
