"""How full each CB is over time: pages that were pushed and not yet popped, as steps, from the trace.

Left out: pages that are reserved and not yet pushed, of which the trace tells nothing unless somebody waits for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..sim.device import Device
from .spans import Coordinates


class Pages(NamedTuple):
    """From `begin` to `end` (cycles) a CB held so many pages."""

    begin: int
    end: int
    pages: int


@dataclass(frozen=True)
class Level:
    """One CB of one core. `steps`: (cycle, pages from then on), the first at cycle 0."""

    core: Coordinates
    index: int
    num_pages: int
    page_size: int
    pushed: int
    popped: int
    steps: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        return f"c_{self.index}"

    @property
    def high_water(self) -> int:
        return max(0, *(pages for _, pages in self.steps))

    @property
    def left_over(self) -> int:
        return self.pushed - self.popped

    def spans(self, end: int) -> Iterator[Pages]:
        """From 0 to `end` (cycles), without gap."""
        ends = [cycle for cycle, _ in self.steps[1:]] + [end]
        for (begin, pages), stop in zip(self.steps, ends, strict=True):
            if stop > begin:
                yield Pages(begin, stop, pages)


def levels(device: Device) -> list[Level]:
    """Every CB of every core. What happens in one cycle counts as one step."""
    moves: dict[tuple[Coordinates, int], list[tuple[int, int]]] = defaultdict(list)
    for fact in device.trace.facts:
        if fact.what in ("push", "pop"):
            index, pages, _ = fact.detail
            moves[fact.core, index].append((fact.start, pages if fact.what == "push" else -pages))
    found = []
    for xy, core in device.cores.items():
        for index, cb in sorted(core.cbs.items()):
            some = sorted(moves[xy, index])
            pushed, popped = sum(p for _, p in some if p > 0), -sum(p for _, p in some if p < 0)
            found.append(Level(xy, index, cb.num_pages, cb.page_size, pushed, popped, tuple(_steps(some))))
    return found


def _steps(moves: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    pages, last = 0, 0
    for cycle, moved in moves:
        if cycle > last:
            yield last, pages
        pages, last = pages + moved, cycle
    yield last, pages
