"""The NOCs' lanes: how many transfers of a core are in flight, from the request until the last byte has landed.

A multicast is one transfer, however many cores it reaches. Left out: where on the way a transfer is, and transfers
of other cores to this one, which are in their senders' lanes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..sim.device import Device
from .spans import Coordinates, Lane, Span, State, filled

NOCS = ("NOC 0", "NOC 1")


class Packet(NamedTuple):
    """One transfer. `dram`: to or from a bank, else another core's L1."""

    core: Coordinates
    risc: str
    kind: str  # "read", "write" or "atomic"
    size: int  # bytes
    asked: int  # cycle of the request
    landed: int
    dram: bool
    bank: int


def packets(device: Device) -> list[Packet]:
    """Every transfer that the NOC has taken up, in the order of its taking up."""
    found: list[Packet] = []
    sent: dict[tuple[Coordinates, str, str, int, int], int] = {}  # a multicast's packet is met once a target
    for fact in device.trace.facts:
        if not fact.what.startswith("noc "):
            continue
        size, stamp, local, memory, place = fact.detail[:5]
        kind, dram = fact.what.removeprefix("noc "), memory == "dram"
        packet = Packet(fact.core, fact.risc, kind, size, stamp, fact.end, dram, place if dram else 0)
        key = (fact.core, fact.risc, kind, stamp, local)
        if not dram and key in sent:
            known = found[sent[key]]
            found[sent[key]] = known._replace(landed=max(known.landed, fact.end))
        else:
            if not dram:
                sent[key] = len(found)
            found.append(packet)
    return found


class Stretch(NamedTuple):
    """A time in which a NOC always had a transfer in flight. Transfers count where they were asked for."""

    begin: int
    end: int
    transfers: int
    size: int  # bytes
    most: int  # in flight at once


Flights = dict[tuple[Coordinates, str], list[Packet]]


def flights(device: Device) -> Flights:
    """The packets of each NOC of each core; a NOC that a kernel could use and did not has none."""
    noc = {
        (core.xy, risc.name): NOCS[risc.kernel.config.noc]
        for core in device.cores.values()
        for risc in core.riscs[:2]
        if risc.coro is not None
    }
    found: Flights = {(core, name): [] for core in device.cores for name in NOCS if (core, name) in _used(noc)}
    for packet in packets(device):
        found[packet.core, noc[packet.core, packet.risc]].append(packet)
    return found


def _used(noc: dict[tuple[Coordinates, str], str]) -> set[tuple[Coordinates, str]]:
    return {(core, name) for (core, _), name in noc.items()}


def noc_lanes(device: Device) -> Iterator[Lane]:
    """A lane for each NOC that a kernel of the core may use."""
    for (core, name), some in flights(device).items():
        yield Lane(core, name, tuple(filled(_counted(some), device.cycles, State.IDLE)))


def _counted(some: Iterable[Packet]) -> Iterator[Span]:
    """Spans of equal numbers in flight."""
    changes: dict[int, int] = defaultdict(int)
    for packet in some:
        changes[packet.asked] += 1
        changes[packet.landed] -= 1
    count = last = 0
    for cycle in sorted(cycle for cycle, change in changes.items() if change):
        if count:
            yield Span(last, cycle, State.FLIGHT, f"{count} in flight")
        count, last = count + changes[cycle], cycle


def stretches(some: Iterable[Packet], end: int) -> Iterator[Stretch]:
    """What is in flight without a pause, up to the run's end."""
    group: list[Packet] = []
    landed = 0
    for packet in sorted(some, key=lambda p: p.asked):
        if group and packet.asked > landed:
            yield _stretch(group, min(end, landed))
            group = []
        group.append(packet)
        landed = max(landed, packet.landed)
    if group:
        yield _stretch(group, min(end, landed))


def _stretch(group: list[Packet], end: int) -> Stretch:
    most = max(int(span.what.split()[0]) for span in _counted(group))
    return Stretch(group[0].asked, end, len(group), sum(p.size for p in group), most)
