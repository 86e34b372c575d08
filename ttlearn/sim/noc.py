"""The NOC: transfers that are asked for at one time and land at another.

A RISC stamps a request and goes on; its port starts requests in the order of their stamps, against every
other port: bank, stream and chip-wide rate are taken when the clock gets there. A barrier waits for what
the port still owes. Left out: routing below a hop count, virtual channels, transaction ids.
"""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import KernelError
from .arch import Path
from .l1 import Bytes, Memory
from .sched import Risc
from .trace import Event, Site
from .waits import Order

if TYPE_CHECKING:
    from .device import Core, Device

ADDRESS_BITS = 36  # a NOC address is a local address and, above it, coordinates of 6 bits each (W)


def noc_address(x: int, y: int, address: int) -> int:
    return address | x << ADDRESS_BITS | y << ADDRESS_BITS + 6


class Target(NamedTuple):
    """Where a NOC address leads: a DRAM bank or a core's L1."""

    memory: Memory
    view: Bytes
    core: Core | None  # None: DRAM
    bank: int
    address: int  # in the bank or in L1
    buffer: Any = None
    page: int = 0


class Transfer:
    """One request of at most `max_burst` bytes. `land` is set when it starts."""

    __slots__ = (
        "arrival",
        "follows",
        "kind",
        "land",
        "left",
        "local",
        "path",
        "record",
        "rectangle",
        "risc",
        "signal",
        "site",
        "size",
        "stamp",
        "target",
    )

    def __init__(self, risc: Risc, kind: str, target: Target, local: int, size: int, path: Path, site: Site) -> None:
        self.risc, self.kind, self.target, self.local = risc, kind, target, local
        self.size, self.path, self.site = size, path, site
        self.stamp = risc.t
        self.land = self.left = 0
        self.follows = False  # another target of the multicast before it: takes no time of its own
        self.rectangle: int | None = None  # of a multicast
        self.record: Any = None  # of the checks: its bytes in this core, and in the target core
        self.arrival: Any = None
        self.signal: Signal | None = None


class Signal(NamedTuple):
    """What a semaphore request does when it lands: add `value`, or become it."""

    address: int
    add: bool
    value: int | None  # None: the word read from the sender's L1
    order: Order


class Missing(NamedTuple):
    """A multicast that waits for `asked` acknowledgements and reaches `reached` cores."""

    kind: str
    site: Site
    asked: int
    reached: int


class Port:
    """One RISC's way into its NOC."""

    def __init__(self, risc: Risc, device: Device) -> None:
        self.risc, self.device = risc, device
        self.queue: deque[Transfer] = deque()
        self.inward = self.outward = 0.0  # when the last byte read has come in, and the last written has gone out
        self.landed = {"read": 0, "write": 0, "atomic": 0}
        self.left = 0  # when the last write has left this core
        self.missing: list[Missing] = []  # multicasts whose acknowledgements will never be as many as they want
        self.sleepers: list[Risc] = []
        self.state: dict[bool, tuple[int, int] | None] = {True: None, False: None}  # reads, writes: coordinates, size
        self._last_at: dict[tuple[int, int | None], int] = {}  # (core or bank, rectangle) → landing: in order

    def send(self, transfer: Transfer) -> None:
        self.queue.append(transfer)
        if len(self.queue) == 1:
            self.device.clock.at(transfer.stamp, self.run)

    def run(self) -> None:
        """Start all requests whose stamp the clock has reached."""
        queue, clock = self.queue, self.device.clock
        while queue and queue[0].stamp <= clock.next_time():
            self._start(queue[0])
            queue.popleft()
        if queue:
            clock.at(queue[0].stamp, self.run)
        else:
            clock.wake(self.sleepers)

    def _start(self, transfer: Transfer) -> None:
        """Reads are served in any order and come in one after the other; writes go out one after the other."""
        path, target, device = transfer.path, transfer.target, self.device
        device.progress += 1
        read, latency = transfer.kind == "read", path.latency
        begin: float = transfer.stamp
        if target.core is None:
            begin = device.queues.slot(transfer.stamp, target.bank, transfer.size, read)
        else:
            latency += self._turn(target.core)
        streamed = 0 if transfer.follows else transfer.size / path.stream
        tail = latency + transfer.size / path.tail
        if read:
            self.inward = arrival = max(begin + tail, self.inward + streamed)
        else:
            begin = max(begin, self.outward)
            arrival, self.outward = begin + tail, begin + streamed
            transfer.left = ceil(self.outward)
        self._land(transfer, int(begin), ceil(arrival) + device.jitter())

    def _land(self, transfer: Transfer, begin: int, land: int) -> None:
        if transfer.kind != "read":
            core, bank = transfer.target.core, transfer.target.bank
            key = (~bank if core is None else id(core), transfer.rectangle)
            land = self._last_at[key] = max(land, self._last_at.get(key, 0))
        transfer.land = land
        self.landed[transfer.kind] = max(self.landed[transfer.kind], land)
        self._move(transfer)
        risc, what = self.risc, "noc " + transfer.kind
        fact = Event(begin, land, risc.core.xy, risc.name, what, self._detail(transfer), transfer.site)
        self.device.trace.facts.append(fact)

    def _turn(self, other: Core) -> int:
        """Cycles of the hops to another core and back: packets go one way round, so it is always whole turns (ISA)."""
        (x, y), (columns, rows) = self.risc.core.xy, self.device.arch.torus
        return self.device.arch.hop * (columns * (x != other.xy[0]) + rows * (y != other.xy[1]))

    def _detail(self, transfer: Transfer) -> tuple[Any, ...]:
        target = transfer.target
        where = ("dram", target.bank, target.page) if target.core is None else ("l1", *target.core.xy)
        return (transfer.size, transfer.stamp, transfer.local, *where)

    def _move(self, transfer: Transfer) -> None:
        core, target = self.risc.core, transfer.target
        if transfer.signal is not None:
            self._signal(transfer, transfer.signal)
            return
        local = core.l1.view(transfer.local, transfer.size, transfer.kind)
        if transfer.kind == "read":
            core.l1.land(transfer.land, local, target.view, target.memory)
            return
        self.left = max(self.left, transfer.left)
        leaving = np.empty(transfer.size, np.uint8)
        core.l1.land(transfer.left, leaving, local, None)
        target.memory.land(transfer.land, target.view, leaving, core.l1)
        if target.core is None:
            target.buffer.written[target.page] += transfer.size

    def _signal(self, transfer: Transfer, signal: Signal) -> None:
        core = transfer.target.core
        assert core is not None
        value = signal.value
        if value is None:
            value = int(self.risc.core.l1.view(transfer.local, 4, "semaphore").view(np.uint32)[0])

        def arrive() -> None:
            core.semaphore_write(signal.address, value, signal.add, transfer.land, signal.order)

        self.device.clock.at(transfer.land, arrive)

    # ---- what the barriers ask ----------------------------------------------------------------------------

    def done(self, kinds: tuple[str, ...], time: int) -> int | None:
        """When everything of `kinds` has landed; None while requests wait or an acknowledgement is missing."""
        if self.queue or any(multicast.kind in kinds for multicast in self.missing):
            return None
        return max(time, *(self.landed[kind] for kind in kinds))

    def departed(self, time: int) -> int | None:
        return None if self.queue else max(time, self.left)


def check_alignment(device: Device, call: str, target: Target, local: int, read: bool) -> None:
    """Source and destination must agree modulo 16, for a DRAM read modulo `dram_alignment` (W)."""
    step = device.arch.dram_alignment if read and target.core is None else 16
    if (target.address - local) % step:
        where = f"{'DRAM bank' if target.core is None else 'L1'} address {target.address}"
        raise KernelError(
            f"{call}: {where} and L1 address {local} differ modulo {step} "
            f"({target.address % step} and {local % step}); the NOC moves whole {step}-byte words, so make both agree"
        )
