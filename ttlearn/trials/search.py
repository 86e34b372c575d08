"""Runs of one program at other depths, each only once, and searches over them by halves.

A deeper CB never makes a program hang that finished (each wait is for a count that only grows), so halving finds the
smallest. That more depth never costs time is nearly so; the search takes it for granted. Left out: several CBs at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import HostError
from ..host.descriptors import CBDescriptor, ProgramDescriptor
from .outcome import End, Make, Outcome, made, outcome

SHARE = 0.95  # of the best speed


@dataclass
class Trials:
    """Runs by depths: {label: pages}. `count` says how many there were."""

    make: Make
    arch: str
    plain: Outcome
    known: dict[tuple[tuple[str, int], ...], Outcome | None] = field(default_factory=dict)
    count: int = 1

    def at(self, depths: Mapping[str, int]) -> Outcome | None:
        """The run with these depths, the other CBs as given; None if they do not fit L1."""
        key = tuple(sorted(depths.items()))
        if key not in self.known:
            tensors, program = made(self.make)
            self.count += 1
            try:
                self.known[key] = outcome((tensors, resized(program, depths)), arch=self.arch)
            except HostError:
                self.known[key] = None
        return self.known[key]

    def cycles(self, depths: Mapping[str, int]) -> int | None:
        """Its modelled time; None if it does not finish with the same output."""
        found = self.at(depths)
        if found is None or found.end is not End.FINISHES:
            return None
        same = self.plain.end is not End.FINISHES or all(map(np.array_equal, self.plain.bits, found.bits))
        return found.cycles if same else None


def label(descriptor: CBDescriptor) -> str:
    return "/".join(f"c_{f.buffer_index}" for f in descriptor.format_descriptors)


def resized(program: ProgramDescriptor, depths: Mapping[str, int]) -> ProgramDescriptor:
    """With other depths, in pages of each descriptor's first format."""

    def other(cb: CBDescriptor) -> CBDescriptor:
        pages = depths.get(label(cb))
        return cb if pages is None else replace(cb, total_size=pages * cb.format_descriptors[0].page_size)

    return replace(program, cbs=[other(cb) for cb in program.cbs])


def first(depths: Sequence[int], holds: Callable[[int], bool]) -> int | None:
    """The smallest of ascending `depths` for which `holds`, which stays true once it is; None if it never is."""
    low, high = 0, len(depths)
    while low < high:
        middle = (low + high) // 2
        if holds(depths[middle]):
            high = middle
        else:
            low = middle + 1
    return depths[low] if low < len(depths) else None


def smallest(trials: Trials, name: str, candidates: Sequence[int], given: int) -> int | None:
    """The smallest depth of one CB at which the program finishes."""

    def finishes(depth: int) -> bool:
        return trials.cycles({name: depth}) is not None

    if finishes(given):
        return first([depth for depth in candidates if depth <= given], finishes)
    larger = [depth for depth in candidates if depth > given]
    return first(larger, finishes) if larger and finishes(larger[-1]) else None


def fast(trials: Trials, name: str, candidates: Sequence[int], least: int) -> tuple[int, int]:
    """(the smallest depth with 95 % of the best speed, the best cycles), from `least` on."""
    depths = [depth for depth in candidates if depth >= least]
    best = min(time for depth in (depths[0], depths[-1]) if (time := trials.cycles({name: depth})) is not None)

    def near(depth: int) -> bool:
        time = trials.cycles({name: depth})
        return time is not None and time * SHARE <= best

    found = first(depths, near)
    return (depths[-1] if found is None else found), best
