"""What a run asked of each limit of the model, beside what that limit gives: DRAM, a bank, a core's link, the engine.

Each row is an amount (bytes, or tiles of an engine thread), its rate over the whole run and the rate at which the
limit is full. Of banks the fullest is told. Left out: RISCs, whose calls have no rate of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ..sim.arch import Arch
from ..sim.device import Device
from ..sim.formats import bfloat16
from .nocs import Packet, packets
from .spans import Coordinates
from .threads import THREADS, entries


class What(Enum):
    """Which limit; the value is its name in a table."""

    DRAM = "DRAM, all"
    READS = "DRAM reads"
    WRITES = "DRAM writes"
    BANK = "one bank"
    LINK = "link"
    THREAD = "engine"


@dataclass(frozen=True)
class Limit:
    """An `amount` in `unit` within `cycles`, and `ceiling`: the most of it a cycle."""

    what: What
    name: str
    amount: float
    unit: str
    cycles: int
    ceiling: float
    core: Coordinates | None = None  # None: of the whole chip

    @property
    def rate(self) -> float:
        """Achieved, a cycle."""
        return self.amount / self.cycles

    @property
    def share(self) -> float:
        """How full the limit is, from 0 to 1."""
        return self.rate / self.ceiling


def limits(device: Device) -> list[Limit]:
    """DRAM's five rows if anything went there, a row for each link used, and for each engine thread that did a tile."""
    moved, cycles = packets(device), max(1, device.cycles)
    return [*_dram(device.arch, moved, cycles), *_links(device.arch, moved, cycles), *_threads(device, cycles)]


def _dram(arch: Arch, moved: Sequence[Packet], cycles: int) -> Iterator[Limit]:
    sizes = {kind: sum(p.size for p in moved if p.dram and p.kind == kind) for kind in ("read", "write")}
    read, written = sizes["read"], sizes["write"]
    if not read + written:
        return
    reading = 1 / arch.dram_read_rate  # cycles a byte of the whole chip
    taken = read * reading + written * (2 / arch.dram_mixed_rate - reading)
    yield Limit(What.DRAM, What.DRAM.value, read + written, "B", cycles, (read + written) / taken)
    for what, size, most in (
        (What.READS, read, arch.dram_read_rate),
        (What.WRITES, written, arch.dram_write_rate),
        (What.BANK, _fullest(moved), arch.bank_rate),
    ):
        if size:
            yield Limit(what, what.value, size, "B", cycles, most)


def _fullest(moved: Iterable[Packet]) -> int:
    """Bytes of the bank that was asked for most."""
    banks: dict[int, int] = defaultdict(int)
    for packet in moved:
        if packet.dram:
            banks[packet.bank] += packet.size
    return max(banks.values())


def _links(arch: Arch, moved: Iterable[Packet], cycles: int) -> Iterator[Limit]:
    """A RISC's reads, and its writes. A multicast is one packet on its sender's link, whatever the number of targets."""
    sizes: dict[tuple[Coordinates, str, str], int] = defaultdict(int)
    taken: dict[tuple[Coordinates, str, str], float] = defaultdict(float)
    for p in moved:
        if p.kind != "atomic" and p.size:
            sizes[p.core, p.risc, p.kind] += p.size
            taken[p.core, p.risc, p.kind] += p.size / _rate(arch, p)
    for key, size in sizes.items():
        core, risc, kind = key
        yield Limit(What.LINK, f"{risc} {kind}s", size, "B", cycles, size / taken[key], core)


def _rate(arch: Arch, packet: Packet) -> float:
    """Bytes a cycle of one link, when transfers follow each other."""
    if packet.dram:
        return (arch.read_dram if packet.kind == "read" else arch.write_dram).stream
    return (arch.read_l1 if packet.kind == "read" else arch.write_l1).stream


def _threads(device: Device, cycles: int) -> Iterator[Limit]:
    """Engine threads: the ceiling is what this run's own mix of operations takes, one after the other."""
    given = entries(device)
    for core in device.cores:
        for name in THREADS.values():
            times = [end - begin for entry in given[core, name] for begin, end in entry.times() if end > begin]
            if times:
                yield Limit(What.THREAD, name, len(times), "tiles", cycles, len(times) / sum(times), core)


def tiles_moved(rows: Iterable[Limit]) -> tuple[str, float]:
    """What a tile of this run is: bf16 tiles' worth of bytes written to DRAM, or read from it if none was written."""
    sizes = {row.what: row.amount for row in rows}
    done = What.WRITES if What.WRITES in sizes else What.READS
    words = "written to DRAM" if done is What.WRITES else "read from DRAM"
    return words, sizes.get(done, 0) / bfloat16.tile_bytes
