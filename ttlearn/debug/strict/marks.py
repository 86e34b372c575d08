"""A number for each 16 bytes of L1, kept as runs: CBs are touched by pages, so there are few runs and each is long.

A look at one page or at 64 takes 0.2 us; an array with an element a granule took 1.2 and 2.3, a tenth of a layernorm.
Left out: what the numbers mean (`memory`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

GRANULE = 4  # address bits of 16 bytes


class Marks:
    """Numbers of all granules, 0 at first. `numbers[i]` holds from granule `starts[i]` up to the next start."""

    __slots__ = ("numbers", "starts")

    def __init__(self) -> None:
        self.starts, self.numbers = [0], [0]

    def seen(self, low: int, high: int) -> list[int]:
        """The different numbers of bytes low … high-1, in order."""
        starts = self.starts
        first = bisect_right(starts, low >> GRANULE) - 1
        last = bisect_left(starts, (high + 15) >> GRANULE, first + 1)
        if last == first + 1:
            return [self.numbers[first]]
        return sorted(set(self.numbers[first:last]))

    def first(self, low: int, high: int, number: int) -> int:
        """The first of these bytes, to a granule, that has this number; `low` if none has."""
        at = bisect_right(self.starts, low >> GRANULE) - 1
        for start, found in zip(self.starts[at:], self.numbers[at:], strict=True):
            if found == number and start << GRANULE < high:
                return max(low, start << GRANULE)
        return low

    def mark(self, low: int, high: int, number: int) -> None:
        """Bytes low … high-1 have this number from now on, to whole granules."""
        starts, numbers = self.starts, self.numbers
        low, high = low >> GRANULE, (high + 15) >> GRANULE
        if low >= high:
            return
        first = bisect_left(starts, low)
        last = bisect_left(starts, high, first)
        behind = numbers[last - 1]  # what was there goes on behind
        begin = [] if first and numbers[first - 1] == number else [low]  # else the run before grows
        end = [] if behind == number or (last < len(starts) and starts[last] == high) else [high]
        numbers[first:last] = [number] * len(begin) + [behind] * len(end)
        starts[first:last] = begin + end
