"""The device: cores on a grid with one clock, one DRAM and one trace.

A core is its L1, its CBs and semaphores, five RISCs and an engine. Everything the checks want to know goes
to `observer`. Left out: harvested rows, other cores than workers and DRAM.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import KernelError, Stuck
from .arch import Arch
from .cb import CircularBuffer, Ring
from .engine import Engine
from .jitter import TRANSFER, drawn
from .l1 import L1, Dram
from .noc import ADDRESS_BITS, Port, Target
from .queues import DramQueues
from .rest import let_go
from .roles import Math, Pack, Unpack
from .sched import Clock, Risc
from .trace import Event, Site, Trace, call_site
from .waits import History, Order


class Observer:
    """Is told what happens. This one keeps orders empty and sees nothing; `debug.strict` looks."""

    def acquire(self, risc: Risc, order: Order | None) -> None: ...
    def release(self, risc: Risc) -> Order:
        return risc.order

    def join(self, one: Order, other: Order) -> Order:
        return one

    def read(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None: ...
    def write(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None: ...
    def packed(self, risc: Risc, address: int, tiles: NDArray[np.float32]) -> None: ...
    def published(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> None: ...
    def moved(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site, order: Order) -> None: ...
    def sent(self, transfer: Any, call: str) -> None: ...
    def barrier(self, risc: Risc, kinds: tuple[str, ...]) -> None: ...
    def signal(self, risc: Risc, target: Target, path: Any, site: Site, multicast: bool = False) -> None: ...
    def finished(self, device: Device) -> None: ...


class Core:
    """One Tensix core at logical (x, y)."""

    def __init__(self, device: Device, xy: tuple[int, int]) -> None:
        self.device, self.xy = device, xy
        self.observer = device.observer
        self.l1 = L1(device.arch)
        first = len(device.cores) * 5
        self.brisc, self.ncrisc = Risc("BRISC", self, first), Risc("NCRISC", self, first + 1)
        self.unpack, self.math, self.pack = (
            Unpack("TRISC0", self, first + 2),
            Math("TRISC1", self, first + 3),
            Pack("TRISC2", self, first + 4),
        )
        self.riscs: tuple[Risc, ...] = (self.brisc, self.ncrisc, self.unpack, self.math, self.pack)
        self.ports = {risc: Port(risc, device) for risc in (self.brisc, self.ncrisc)}
        self.engine = Engine(self, self.unpack, self.math, self.pack)
        self.cbs: dict[int, CircularBuffer] = {}
        self.semaphores: dict[int, History] = {}
        self.arguments: set[int] = set()  # which kernels' arguments were put into L1

    @property
    def virtual(self) -> tuple[int, int]:
        """NOC coordinates."""
        x, y = self.device.arch.virtual_origin
        return self.xy[0] + x, self.xy[1] + y

    def add_cb(self, cb: CircularBuffer) -> None:
        self.cbs[cb.index] = cb

    def cb_at(self, address: int) -> CircularBuffer | None:
        """The CB in which this L1 address lies, the first if several share it."""
        return next((cb for cb in self.cbs.values() if cb.base <= address < cb.limit), None)

    def wire(self) -> None:
        """Give every RISC its own view of every CB."""
        for risc in self.riscs:
            engine = risc.number % 5 >= 2
            count = self.device.arch.cb_limit
            risc.rings = [Ring(self.cbs[i], engine) if i in self.cbs else None for i in range(count)]

    def site(self, depth: int, risc: Risc) -> Site:
        return call_site(depth + 1, risc.frame)

    def unknown_cb(self, call: str, *indices: int) -> str:
        bad = next((i for i in indices if i not in self.cbs), indices[0])
        have = ", ".join(f"c_{i}" for i in sorted(self.cbs)) or "none"
        return (
            f"{call}: there is no circular buffer {bad!r} on core {self.xy}; this program has {have}. "
            "Add a CBDescriptor with that buffer_index, or use one that exists"
        )

    def publish(
        self, move: tuple[Ring, int, int, int], time: int, order: Order, site: Site, risc: Risc, popped: bool
    ) -> None:
        """A push or a pop takes effect: the other side sees it `credit` cycles later."""
        ring, low, pages, total = move
        cb = ring.cb
        self.observer.moved(risc, ring, low, pages, popped, site, order)
        history = cb.popped if popped else cb.pushed
        self.device.progress += 1
        history.add(time + self.device.arch.credit, total, order)
        if popped:
            cb.consumer = risc.name
        else:
            cb.producer = risc.name
        what = "pop" if popped else "push"
        self.device.trace.facts.append(Event(time, time, self.xy, risc.name, what, (cb.index, pages, total), site))
        if history.sleepers:
            self.device.clock.wake(history.sleepers)

    def semaphore(self, address: int) -> History:
        history = self.semaphores.get(address)
        if history is None:
            number, rest = divmod(address - self.device.arch.semaphore_base, 16)
            name = f"semaphore {number}" if 0 <= number < 16 and not rest else f"L1 word {address}"
            word = int(self.l1.view(address, 4, "semaphore").view(np.uint32)[0])
            history = self.semaphores[address] = History(name, word)
        return history

    def semaphore_write(self, address: int, value: int, add: bool, time: int, order: Order) -> None:
        history = self.semaphore(address)
        value = (history.values[-1] + value if add else value) & 0xFFFFFFFF
        if add and history.orders[-1] is not None:
            order = self.observer.join(order, history.orders[-1])
        self.l1.settle(time)
        self.l1.view(address, 4, "semaphore").view(np.uint32)[0] = value
        history.add(time, value, order)
        self.device.progress += 1
        self.device.clock.wake(history.sleepers)


class Device:
    """A fresh device: poisoned L1, zero counters, nothing configured."""

    def __init__(self, arch: Arch, seed: int | None = None, observer: Observer | None = None) -> None:
        self.clock, self.trace = Clock(seed), Trace()
        self.arch = drawn(arch, self.clock.rng) if self.clock.rng else arch
        self.observer = observer or Observer()
        self.dram = Dram(arch)
        self.cores: dict[tuple[int, int], Core] = {}
        self.progress = 0  # grows whenever a page, a transfer or a semaphore moves
        self.queues = DramQueues(self.arch)

    @property
    def many(self) -> bool:
        return len(self.cores) > 1

    def core(self, xy: tuple[int, int]) -> Core:
        if xy not in self.cores:
            self.cores[xy] = Core(self, xy)
        return self.cores[xy]

    def record(self, begin: int, end: int, risc: Risc, what: str, detail: tuple[Any, ...], site: Site | None) -> None:
        self.trace.facts.append(Event(begin, end, risc.core.xy, risc.name, what, detail, site))

    def jitter(self, most: int = TRANSFER) -> int:
        """Extra cycles of a transfer, or of what takes fewer than `most` more: none without a seed."""
        return self.clock.rng.randrange(most) if self.clock.rng else 0

    def target(self, noc_addr: int, size: int, call: str) -> Target:
        """Where `size` bytes at a NOC address are; an error in the learner's words if nowhere."""
        address = noc_addr & (1 << ADDRESS_BITS) - 1
        x, y = noc_addr >> ADDRESS_BITS & 63, noc_addr >> ADDRESS_BITS + 6 & 63
        if y == 0:
            if x >= self.arch.dram_banks:
                raise KernelError(f"{call}: NOC address {noc_addr:#x} leads to no core: {self._coordinates()}")
            buffer, page, byte = self.dram.find(x, address, size, call)
            return Target(self.dram, buffer.pages[page, byte : byte + size], None, x, address, buffer, page)
        core = self.at_virtual(x, y, call)
        return Target(core.l1, core.l1.view(address, size, call), core, 0, address)

    def at_virtual(self, x: int, y: int, call: str) -> Core:
        origin = self.arch.virtual_origin
        core = self.cores.get((x - origin[0], y - origin[1]))
        if core is None:
            raise KernelError(f"{call}: no core of this program has NOC coordinates ({x}, {y}): {self._coordinates()}")
        return core

    def _coordinates(self) -> str:
        x, y = self.arch.virtual_origin
        return f"worker (x, y) has NOC coordinates ({x}+x, {y}+y)"

    def run(self) -> None:
        """Until every RISC is done, or `Stuck`."""
        self.clock.run()
        for core in self.cores.values():
            if not core.engine.idle or any(risc.coro is not None and not risc.done for risc in core.riscs):
                raise Stuck(self)
        self.dram.settle(float("inf"))
        for core in self.cores.values():
            core.l1.settle(float("inf"))

    def let_go(self) -> None:
        """The run is over: keep what it can be asked about, and nothing else."""
        self.observer, self.dram = Observer(), Dram(self.arch)
        for core in self.cores.values():
            core.observer = self.observer
            let_go(core)

    @property
    def cycles(self) -> int:
        """The time of the last thing that happened."""
        ends = [t.free for c in self.cores.values() for t in (c.engine.unpack, c.engine.math, c.engine.pack)]
        return max([self.clock.now, *ends, *(r.t for c in self.cores.values() for r in c.riscs)])
