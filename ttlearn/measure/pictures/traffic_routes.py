"""How packets go over the grid, and how many bytes each link between two neighbours carries.

NOC 0 runs right, then down; NOC 1 up, then left; both go on at the other edge (ISA: a torus of one direction each).
Left out: the routers between workers, of DRAM and others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..spans import Coordinates
from ..traffic import Flow, Kind

Link = tuple[Coordinates, Coordinates]


def route(noc: int, begin: Coordinates, end: Coordinates, grid: Coordinates) -> Iterator[Link]:
    """The hops from one core to another."""
    at = begin
    for axis in (1, 0) if noc else (0, 1):
        while at[axis] != end[axis]:
            step = list(at)
            step[axis] = (at[axis] + (-1 if noc else 1)) % grid[axis]
            yield at, (step[0], step[1])
            at = step[0], step[1]


def links(flows: Iterable[Flow], kinds: tuple[Kind, ...], grid: Coordinates) -> dict[tuple[int, Link], int]:
    """(NOC, link) -> bytes, of flows between two cores."""
    found: dict[tuple[int, Link], int] = defaultdict(int)
    for flow in flows:
        if flow.kind in kinds and len(flow.others) == 1:
            ends = (flow.others[0], flow.core) if flow.kind is Kind.L1_READ else (flow.core, flow.others[0])
            for link in route(flow.noc, *ends, grid):
                found[flow.noc, link] += flow.size
    return dict(found)
