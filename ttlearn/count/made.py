"""A call as it stands in a kernel's text: its arguments, and the loops and conditions around it.

Counts are polynomials in the kernel's own names. Left out: finding the calls (`walk`).
"""

from __future__ import annotations

from dataclasses import dataclass

from .poly import Poly


@dataclass(frozen=True)
class Trip:
    """A loop around a call, or a condition on it, as `t<Wt` or `if last`. `trips` None: nobody can say how often."""

    text: str
    label: str = ""  # of a counter, which the counts inside may use
    trips: Poly | None = None
    factor: Poly | None = None  # of a condition: 1 where it holds, else 0


@dataclass(frozen=True)
class Made:
    """One call in the text. `counts` are its arguments, `around` the loops and conditions it stands in."""

    call: str
    line: int
    text: str
    counts: tuple[Poly | None, ...]
    around: tuple[Trip, ...]

    @property
    def loops(self) -> list[str]:
        """Their counters, from the outermost on."""
        return [trip.label for trip in self.around if trip.label]

    def total(self, count: Poly | None) -> Poly | None:
        """`count` in each trip, summed over all of them."""
        for trip in reversed(self.around):
            if count is None:
                return None
            if trip.label:
                count = count.summed(trip.label, trip.trips) if trip.trips is not None else None
            else:
                count = count * trip.factor if trip.factor is not None else None
        return count
