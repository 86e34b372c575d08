"""`Run.stalls()`: for each RISC and engine thread of each core, which part of the run it spends how.

Shares of a lane add up to the whole run. As text, cores that round to the same are told once, and many different
ones as their mean. Left out: when it happened (the Perfetto file shows it).
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..cells.table import Table
from ..sim.device import Device
from .spans import Coordinates, Lane, Span, State, risc_lanes
from .threads import thread_lanes

WIDTH = 100  # columns of the text
GROUPS = 3  # more kinds of cores than that are told as their mean


class Cause(NamedTuple):
    """A state and what it waits for; `CB c_0 room`."""

    state: State
    what: str

    def __str__(self) -> str:
        return self.what or self.state.value


@dataclass(frozen=True)
class Row:
    """One RISC or engine thread of one core: cycles by cause."""

    core: Coordinates
    lane: str
    cycles: Mapping[Cause, int]

    @cached_property
    def shares(self) -> dict[Cause, float]:
        """Percent of the run by cause; they add up to 100."""
        total = sum(self.cycles.values())
        return {cause: 100 * part / total for cause, part in self.cycles.items()}

    def __str__(self) -> str:
        return _line(self.lane, self.shares)


@dataclass(frozen=True)
class Stalls:
    """All rows of a run of `cycles` cycles."""

    cycles: int
    rows: tuple[Row, ...]

    def row(self, lane: str, core: Coordinates | None = None) -> Row:
        """The row of a RISC ("NCRISC") or engine thread ("MATH"), of the first core if none is named."""
        found = [row for row in self.rows if row.lane == lane and core in (None, row.core)]
        if not found:
            raise KeyError(f"no {lane} in this run; it has {', '.join(dict.fromkeys(row.lane for row in self.rows))}")
        return found[0]

    def _repr_html_(self) -> str:
        """A row a lane, with what the text says of it."""
        title, *lines = repr(self).splitlines()
        rows: list[list[str]] = []
        for line in lines:
            name, told = line[:10].strip(), line[10:]
            if not line.startswith(" "):
                rows.append([line, ""])
            elif name:
                rows.append([name, told])
            else:
                rows[-1][1] += f" {told}"
        return Table(title, ["RISC or engine thread", "% of the cycles"], rows).html()

    def __repr__(self) -> str:
        groups: dict[str, list[Coordinates]] = defaultdict(list)
        for core in dict.fromkeys(row.core for row in self.rows):
            groups["\n".join(str(row) for row in self.rows if row.core == core)].append(core)
        title = f"{self.cycles:,} cycles (model); % of them"
        if len(groups) > GROUPS:
            return "\n".join([f"{title}, mean of {sum(map(len, groups.values()))} cores", *_means(self.rows)])
        return "\n".join([title, *(f"{_named(cores)}\n{text}" for text, cores in groups.items())])


def stalls(device: Device) -> Stalls:
    """Where the time went."""
    lanes = [*risc_lanes(device), *thread_lanes(device)]
    order = {core: k for k, core in enumerate(device.cores)}
    rows = sorted((Row(lane.core, lane.name, _summed(lane.spans)) for lane in lanes), key=lambda r: order[r.core])
    return Stalls(device.cycles, tuple(rows))


def longest(lanes: Iterable[Lane], state: State) -> tuple[Lane, Cause, float] | None:
    """The lane that spends most of the run in one cause of `state`, and its share (0 to 1)."""
    found = [
        (lane, cause, part / lane.spans[-1].end)
        for lane in lanes
        for cause, part in _summed(lane.spans).items()
        if cause.state is state
    ]
    return max(found, key=lambda each: each[2], default=None)


def _summed(spans: Sequence[Span]) -> dict[Cause, int]:
    cycles: dict[Cause, int] = defaultdict(int)
    for span in spans:
        cycles[Cause(span.state, span.what)] += span.end - span.begin
    return dict(cycles)


def _means(rows: Sequence[Row]) -> list[str]:
    lines = []
    for lane in dict.fromkeys(row.lane for row in rows):
        some = [row for row in rows if row.lane == lane]
        mean: dict[Cause, float] = defaultdict(float)
        for row in some:
            for cause, share in row.shares.items():
                mean[cause] += share / len(some)
        lines.append(_line(lane, mean))
    return lines


def _named(cores: Sequence[Coordinates]) -> str:
    if len(cores) == 1:
        return f"core {cores[0]}"
    return f"{len(cores)} cores alike, {cores[0]} to {cores[-1]}"


def _line(lane: str, shares: Mapping[Cause, float]) -> str:
    """In the order of states, whole percents that add up to 100."""
    order = sorted(_rounded(shares).items(), key=lambda item: (list(State).index(item[0].state), item[0].what))
    text = " · ".join(f"{cause} {percent}" for cause, percent in order if percent)
    return textwrap.fill(text, WIDTH, initial_indent=f"  {lane:<7} ", subsequent_indent=" " * 10)


def _rounded(shares: Mapping[Cause, float]) -> dict[Cause, int]:
    """Largest remainders are rounded up until the sum is 100."""
    whole = {cause: int(share) for cause, share in shares.items()}
    by_rest = sorted(shares, key=lambda cause: whole[cause] - shares[cause])
    for cause in by_rest[: 100 - sum(whole.values())]:
        whole[cause] += 1
    return whole
