"""`Run.traffic()`: which core sent how many bytes to whom, over which NOC, as a table or drawn on the chip's grid.

Counted from the trace; a multicast is one packet, however many cores it reaches. Left out: headers, requests of reads
and acknowledgements, and when it happened (`timeline`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..cells.table import Table
from ..sim.device import Device
from ..sim.trace import Event
from .pictures.svg import Picture
from .spans import Coordinates

MANY = 16  # cores that have a row of their own
NO_TRANSFER = ("barrier", "flushed", "wait")


class Kind(Enum):
    """What a transfer is for."""

    DRAM_READ = "read from DRAM"
    DRAM_WRITE = "written to DRAM"
    L1_READ = "read from another core"
    UNICAST = "written to another core"
    MULTICAST = "multicast"
    SIGNAL = "semaphores"


@dataclass(frozen=True)
class Flow:
    """All transfers of one kind from `core` over one NOC: to or from DRAM if `others` is empty, else those cores.

    `size`: bytes of all `count` transfers together, those of a multicast counted once.
    """

    kind: Kind
    noc: int
    core: Coordinates
    others: tuple[Coordinates, ...]
    count: int
    size: int


@dataclass(frozen=True)
class Traffic:
    """All flows of a run, in the order of their cores."""

    chip: str
    grid: Coordinates
    cycles: int
    cores: tuple[Coordinates, ...]
    flows: tuple[Flow, ...]

    def bytes(self, kind: Kind, core: Coordinates | None = None) -> int:
        """Bytes that a core, or all, asked to be moved: read by it, or sent by it."""
        return sum(f.size for f in self.flows if f.kind is kind and core in (None, f.core))

    def received(self, kind: Kind, core: Coordinates) -> int:
        """Bytes that other cores' writes, multicasts or semaphore calls brought to a core; its own loopback too."""
        return sum(f.size for f in self.flows if f.kind is kind and core in f.others and kind is not Kind.L1_READ)

    @property
    def title(self) -> str:
        count = len(self.cores)
        return f"traffic of {count} core{'s' * (count != 1)} of {self.chip} in {self.cycles:,} cycles (model)"

    @property
    def summary(self) -> str:
        """One line: the title, and the bytes of each kind that there is."""
        told = [f"{kind.value} {size(self.bytes(kind))}" for kind in Kind if self.bytes(kind)]
        return f"{self.title[0].upper()}{self.title[1:]}: {'; '.join(told) or 'none'}"

    def svg(self) -> Picture:
        """A picture as text."""
        from .pictures.traffic_picture import svg

        return svg(self)

    def figure(self) -> Any:
        """A matplotlib Figure."""
        from .pictures.traffic_picture import figure

        return figure(self)

    def __repr__(self) -> str:
        return f"{self._kinds()}\n{self._cores()}"

    def _repr_html_(self) -> str:
        return self.svg()._repr_html_()

    def _kinds(self) -> Table:
        """A row for each kind and NOC."""
        sums: dict[tuple[Kind, int], list[int]] = defaultdict(lambda: [0, 0])
        for flow in self.flows:
            row = sums[flow.kind, flow.noc]
            row[:] = row[0] + flow.count, row[1] + flow.size
        rows = [
            [kind.value, f"NOC {noc}", *(f"{n:,}" for n in sums[kind, noc]), f"{sums[kind, noc][1] / self.cycles:.1f}"]
            for kind in Kind
            for noc in (0, 1)
            if (kind, noc) in sums
        ]
        head = ["kind", "over", "transfers", "bytes", "bytes a cycle"]
        return Table(self.title, head, rows, [] if rows else ["nothing was moved"])

    def _cores(self) -> Table:
        """A row a core: DRAM, and what it sends to and gets from other cores."""
        rows = [
            [str(core), *(f"{self.bytes(kind, core):,}" for kind in (Kind.DRAM_READ, Kind.DRAM_WRITE)), *self._l1(core)]
            for core in self.cores[:MANY]
        ]
        more = len(self.cores) - MANY
        head = ["core", "from DRAM", "to DRAM", "sent", "multicast", "signals sent", "received", "signals received"]
        return Table("each core, in bytes", head, rows, [f"and {more} more cores"] if more > 0 else [])

    def _l1(self, core: Coordinates) -> Iterator[str]:
        for kind in (Kind.UNICAST, Kind.MULTICAST, Kind.SIGNAL):
            yield f"{self.bytes(kind, core):,}"
        got = self.bytes(Kind.L1_READ, core)
        yield f"{got + sum(self.received(kind, core) for kind in (Kind.UNICAST, Kind.MULTICAST)):,}"
        yield f"{self.received(Kind.SIGNAL, core):,}"


def size(count: int) -> str:
    """Bytes in few characters: `384 B`, `2.0 kB`, `1.5 MB`."""
    for unit, scale in (("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}" if count < 100 * scale else f"{count / scale:,.0f} {unit}"
    return f"{count} B"


def traffic(device: Device) -> Traffic:
    """Of a finished run, or of all up to a hang."""
    sums: dict[tuple[Kind, int, Coordinates, tuple[Coordinates, ...]], list[int]] = defaultdict(lambda: [0, 0])
    for kind, noc, core, others, moved in _packets(device):
        row = sums[kind, noc, core, others]
        row[:] = row[0] + 1, row[1] + moved
    order = list(Kind)
    keys = sorted(sums, key=lambda key: (order.index(key[0]), *key[1:]))
    flows = tuple(Flow(*key, *sums[key]) for key in keys)
    return Traffic(device.arch.name, device.arch.grid, max(1, device.cycles), tuple(sorted(device.cores)), flows)


Packet = tuple[Kind, int, Coordinates, tuple[Coordinates, ...], int]


def _packets(device: Device) -> Iterator[Packet]:
    """(kind, NOC, core, other cores, bytes) of each packet; a multicast has a fact a target, and is one packet."""
    calls, nocs = _Calls(device), _nocs(device)
    casts: dict[tuple[Any, ...], list[Coordinates]] = defaultdict(list)
    for fact in device.trace.facts:
        if not fact.what.startswith("noc "):
            continue
        call, (moved, stamp, local, memory, *place) = calls.of(fact), fact.detail
        kind = _kind(fact.what, call, memory)
        other = () if memory == "dram" else ((place[0], place[1]),)
        if "multicast" in call:
            casts[kind, nocs[fact.core, fact.risc], fact.core, moved, fact.risc, stamp, local].append(*other)
        else:
            yield kind, nocs[fact.core, fact.risc], fact.core, other, moved
    for (kind, noc, core, moved, *_), others in casts.items():
        yield kind, noc, core, tuple(sorted(others)), moved


def _kind(what: str, call: str, memory: str) -> Kind:
    if memory == "dram":
        return Kind.DRAM_READ if what == "noc read" else Kind.DRAM_WRITE
    if "semaphore" in call or "inline" in call:
        return Kind.SIGNAL
    if what == "noc read":
        return Kind.L1_READ
    return Kind.MULTICAST if "multicast" in call else Kind.UNICAST


def _nocs(device: Device) -> dict[tuple[Coordinates, str], int]:
    riscs = [(core.xy, risc) for core in device.cores.values() for risc in core.riscs[:2] if risc.kernel is not None]
    return {(xy, risc.name): risc.kernel.config.noc for xy, risc in riscs}


class _Calls:
    """Which call of a RISC a transfer belongs to: the last that began by the time of its request."""

    def __init__(self, device: Device) -> None:
        self.known: dict[tuple[Coordinates, str], list[tuple[int, str]]] = {}
        for core in device.cores.values():
            for risc in core.riscs[:2]:
                made = [(begin, call) for begin, _, call in risc.calls if not any(w in call for w in NO_TRANSFER)]
                self.known[core.xy, risc.name] = [(begin, call) for begin, call in made if call.startswith("noc_")]

    def of(self, fact: Event) -> str:
        made = self.known[fact.core, fact.risc]
        at = bisect_right(made, fact.detail[1], key=lambda call: call[0])
        return made[at - 1][1] if at else ""
