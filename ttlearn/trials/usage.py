"""How a program uses a CB, read from one run: in which steps, and at which depths its pointers stay inside the ring.

A pointer must meet the ring's end exactly, so not every depth that is large enough is legal. Left out: kernels that ask
for a CB's depth and act on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm

from ..host.descriptors import CBDescriptor
from ..host.run import Run

FINE = 64  # depths that are looked at one by one; deeper ones in steps that grow
MOST = 16  # times the given depth, where a run that hangs does not tell how many pages there are


@dataclass(frozen=True, eq=False)
class Usage:
    """One CBDescriptor's part in a run. Depths are pages of its first format; `limit` is what L1 has room for."""

    descriptor: CBDescriptor
    run: Run
    finished: bool
    limit: int

    @property
    def indices(self) -> list[int]:
        return [f.buffer_index for f in self.descriptor.format_descriptors]

    @property
    def label(self) -> str:
        return "/".join(f"c_{index}" for index in self.indices)

    @property
    def page(self) -> int:
        """Bytes of a page of the first format."""
        return self.descriptor.format_descriptors[0].page_size

    @property
    def given(self) -> int:
        return self.descriptor.total_size // self.page

    @cached_property
    def step(self) -> int:
        """Pages by which the depth can change: the greatest common divisor of all that is asked for."""
        if len(self.indices) > 1:
            return lcm(*(f.page_size for f in self.descriptor.format_descriptors)) // self.page
        return gcd(*self._asked) or 1

    @cached_property
    def _asked(self) -> list[int]:
        sizes = [pages for moves in self._moves for pages in moves]
        for core in self.run.device.cores.values():
            for risc in core.riscs:
                ring = risc.rings[self.indices[0]] if core.cbs.get(self.indices[0]) else None
                sizes += [pages for _, pages in ring.asked] if ring is not None else []
        return [size for size in sizes if size]

    @cached_property
    def _moves(self) -> list[list[int]]:
        """The pushes, and the pops, of each RISC in their order; the same lists of several cores once."""
        found: dict[tuple[object, ...], list[int]] = {}
        for fact in self.run.trace.facts:
            if fact.what in ("push", "pop") and fact.detail[0] == self.indices[0]:
                found.setdefault((fact.core, fact.risc, fact.what), []).append(fact.detail[1])
        return [list(moves) for moves in dict.fromkeys(map(tuple, found.values()))]

    @cached_property
    def candidates(self) -> list[int]:
        """Depths that are worth a run, ascending: legal, with room in L1, and not above all pages that ever come."""
        pages = max((sum(moves) for moves in self._moves), default=self.given)
        most = max(pages if self.finished else MOST * self.given, self.given, *self._asked, self.step)
        steps = _thinned(min(-(-most // self.step) * self.step, self.limit) // self.step)
        return sorted({*filter(self.legal, (k * self.step for k in steps)), self.given})

    def legal(self, depth: int) -> bool:
        """Does every pointer meet the end of a ring of `depth` pages exactly?"""
        return depth >= max(self._asked, default=0) and all(_fits(moves, depth) for moves in self._moves)


def _thinned(last: int) -> list[int]:
    """1, 2, 3, … and from 2 FINE on each 1/FINE more than the one before; `last` is among them."""
    steps = [1]
    while steps[-1] < last:
        steps.append(min(last, steps[-1] + max(1, steps[-1] // FINE)))
    return steps


def _fits(moves: list[int], depth: int) -> bool:
    if len(set(moves)) == 1:
        return depth % moves[0] == 0 or depth >= sum(moves)
    return all(end <= depth for end in _ends(moves, depth))


def _ends(moves: list[int], depth: int) -> Iterator[int]:
    """Where each move ends, in pages of the ring."""
    at = 0
    for pages in moves:
        yield at + pages
        at = (at + pages) % depth
