"""The traffic of a run as lines, boxes and words on the chip's grid, for SVG and matplotlib alike.

A cell is a core, with its DRAM bytes; an arrow between cells is a link, as wide as the bytes that it carries; an
outline around cells is a multicast. NOC 0 has full lines, NOC 1 broken ones. Pixels, y downwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..spans import Coordinates
from ..traffic import Kind, size
from .palette import BLUE, FAINT, INK, RED
from .traffic_routes import Link, links

if TYPE_CHECKING:
    from ..traffic import Flow, Traffic

CELL, GAP = (76, 58), (26, 26)
LEFT, TOP = 140, 44
NOC = ((BLUE, ""), (RED, "5 3"))
DOTS = "2 3"
WIDEST = 10  # pixels


@dataclass(frozen=True)
class Stroke:
    """A line through points, or around a box (`closed`); `figures` are its facts, for `data-*`."""

    points: tuple[tuple[float, float], ...]
    colour: str = INK
    width: float = 1
    dashes: str = ""
    arrow: bool = False
    closed: bool = False
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    x: float
    y: float
    text: str
    size: int = 11
    anchor: str = "start"
    bold: bool = False


Shape = Stroke | Words


def extent(made: Traffic) -> tuple[int, int]:
    """Width and height of the picture."""
    columns, rows = made.grid
    return LEFT + columns * (CELL[0] + GAP[0]) + 16, TOP + rows * (CELL[1] + GAP[1]) + 96


def shapes(made: Traffic) -> Iterator[Shape]:
    yield Words(8, 20, made.title[0].upper() + made.title[1:], 13, bold=True)
    yield from _cells(made)
    yield from _dram(made)
    yield from _arrows(made)
    yield from _casts(made)
    yield from _key(made)


def corner(core: Coordinates) -> tuple[float, float]:
    """The upper left of a core's cell."""
    return LEFT + core[0] * (CELL[0] + GAP[0]), TOP + core[1] * (CELL[1] + GAP[1])


def _box(x: float, y: float, width: float, height: float) -> tuple[tuple[float, float], ...]:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


# ---- cores and DRAM -----------------------------------------------------------------------------------------


def _cells(made: Traffic) -> Iterator[Shape]:
    for x in range(made.grid[0]):
        for y in range(made.grid[1]):
            core, used = (x, y), (x, y) in made.cores
            left, top = corner(core)
            read, written = made.bytes(Kind.DRAM_READ, core), made.bytes(Kind.DRAM_WRITE, core)
            figures = {"core": f"{x},{y}", "read": read, "written": written} if used else {}
            yield Stroke(
                _box(left, top, *CELL), INK if used else FAINT, 1.2 if used else 0.8, closed=True, figures=figures
            )
            if used:
                yield Words(left + 5, top + 13, f"{x}, {y}", bold=True)
                told = [f"in {size(read)}"] * bool(read) + [f"out {size(written)}"] * bool(written)
                yield from (Words(left + 5, top + 27 + 13 * k, words, 10) for k, words in enumerate(told))


def _dram(made: Traffic) -> Iterator[Shape]:
    """A box beside the grid, an arrow each way for each NOC."""
    foot = corner((0, made.grid[1] - 1))[1] + CELL[1]
    yield Stroke(_box(10, TOP, 60, foot - TOP), INK, 1.2, closed=True)
    yield Words(40, TOP + 18, "DRAM", 12, "middle", bold=True)
    sums: dict[tuple[Kind, int], int] = defaultdict(int)
    for flow in made.flows:
        if not flow.others:
            sums[flow.kind, flow.noc] += flow.size
    most = max(sums.values(), default=1)
    for k, ((kind, noc), moved) in enumerate(sorted(sums.items(), key=lambda item: (item[0][0].value, item[0][1]))):
        y, (colour, dashes) = TOP + 52 + 44 * k, NOC[noc]
        ends = ((72, y), (LEFT - 14, y)) if kind is Kind.DRAM_READ else ((LEFT - 14, y), (72, y))
        figures = {"dram": kind.value, "noc": noc, "bytes": moved}
        yield Stroke(ends, colour, _width(moved, most), dashes, arrow=True, figures=figures)
        yield Words(40, y - 2, "read" if kind is Kind.DRAM_READ else "written", 10, "middle")
        yield Words(40, y + 11, size(moved), 10, "middle")


# ---- between cores ------------------------------------------------------------------------------------------


def _arrows(made: Traffic) -> Iterator[Shape]:
    """Links, each as wide as its bytes; those that only carry signals are dotted."""
    data = links(made.flows, (Kind.UNICAST, Kind.L1_READ), made.grid)
    signals = links(made.flows, (Kind.SIGNAL,), made.grid)
    most = max(data.values(), default=1)
    for (noc, link), moved in sorted(data.items()):
        colour, dashes = NOC[noc]
        for ends in _ends(link, noc, 0):
            figures = {"noc": noc, "from": _named(link[0]), "to": _named(link[1]), "bytes": moved}
            yield Stroke(ends, colour, _width(moved, most), dashes, arrow=True, figures=figures)
    for (noc, link), moved in sorted(signals.items()):
        for ends in _ends(link, noc, 9):
            figures = {"noc": noc, "from": _named(link[0]), "to": _named(link[1]), "signal": moved}
            yield Stroke(ends, NOC[noc][0], 1.5, DOTS, arrow=True, figures=figures)


def _named(core: Coordinates) -> str:
    return f"{core[0]},{core[1]}"


def _ends(link: Link, noc: int, aside: float) -> Iterator[tuple[tuple[float, float], ...]]:
    """From cell to cell; over the edge of the grid, a stub at both edges. The NOCs keep apart."""
    (x1, y1), (x2, y2) = (corner(core) for core in link)
    level = link[0][1] == link[1][1]
    axis = 0 if level else 1
    across = (0.34 if noc == 0 else 0.68) * CELL[1 - axis] + aside
    begin, end = (x1, x2) if level else (y1, y2)
    towards = -1 if noc else 1
    out, into = begin + (CELL[axis] if towards > 0 else 0), end + (0 if towards > 0 else CELL[axis])
    spans = [(out, into)]
    if abs(link[0][axis] - link[1][axis]) != 1 or (end - begin) * towards < 0:
        spans = [(out, out + towards * GAP[axis] * 0.8), (into - towards * GAP[axis] * 0.8, into)]
    other = (y1 if level else x1) + across
    for first, last in spans:
        yield ((first, other), (last, other)) if level else ((other, first), (other, last))


def _casts(made: Traffic) -> Iterator[Shape]:
    """An outline around the cores that a multicast reaches, and its bytes; dotted for a flag."""
    seen: dict[tuple[Coordinates, ...], int] = defaultdict(int)
    for flow in made.flows:
        if len(flow.others) > 1 or flow.kind is Kind.MULTICAST:
            yield from _cast(flow, seen[flow.others[-1:]])
            seen[flow.others[-1:]] += 1


def _cast(flow: Flow, above: int) -> Iterator[Shape]:
    """`above`: how many outlines end in the same core already."""
    xs, ys = zip(*flow.others, strict=True)
    (left, top), (right, bottom) = corner((min(xs), min(ys))), corner((max(xs), max(ys)))
    flag, out = flow.kind is Kind.SIGNAL, 9 - 4 * above
    colour, dashes = NOC[flow.noc]
    box = _box(left - out, top - out, right - left + CELL[0] + 2 * out, bottom - top + CELL[1] + 2 * out)
    figures = {
        "cast": flow.kind.value,
        "noc": flow.noc,
        "from": _named(flow.core),
        "bytes": flow.size,
        "to": len(flow.others),
    }
    yield Stroke(box, colour, 1.5 if flag else 3, DOTS if flag else dashes, closed=True, figures=figures)
    x, y = corner(flow.core)
    if not flag:
        yield Words(x + 5, y + 53, f"M {size(flow.size)}", 10, bold=True)


def _width(moved: int, most: int) -> float:
    return round(1.5 + (WIDEST - 1.5) * moved / max(1, most), 1)


# ---- the key ------------------------------------------------------------------------------------------------


def _key(made: Traffic) -> Iterator[Shape]:
    y = extent(made)[1] - 74
    samples = [
        (Stroke(((0, 0), (44, 0)), NOC[0][0], 4, NOC[0][1], arrow=True), "NOC 0, right and down"),
        (Stroke(((0, 0), (44, 0)), NOC[1][0], 4, NOC[1][1], arrow=True), "NOC 1, up and left"),
        (Stroke(((0, 0), (44, 0)), INK, 1.5, DOTS, arrow=True), "semaphores (4 B each)"),
        (Stroke(_box(0, -8, 44, 14), INK, 3, closed=True), "M: multicast to the cores inside"),
    ]
    for k, (sample, words) in enumerate(samples):
        x, down = 10 + 330 * (k % 2), y + 24 * (k // 2)
        points = tuple((a + x, b + down) for a, b in sample.points)
        yield Stroke(points, sample.colour, sample.width, sample.dashes, sample.arrow, sample.closed)
        yield Words(x + 54, down + 4, words)
    data = links(made.flows, (Kind.UNICAST, Kind.L1_READ), made.grid)
    widest = f"; the widest link carries {size(max(data.values()))}" if data else ""
    yield Words(10, y + 52, f"in, out: bytes from and to DRAM. An arrow is as wide as the bytes over its link{widest}.")
