"""A core on which one RISC runs alone: every wait is kept at once, memory is unknown, nothing goes out.

Left out: whoever else would run there, and times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..sim.arch import Arch
from ..sim.cb import CircularBuffer, Ring
from ..sim.device import Core, Device
from ..sim.l1 import Bytes
from ..sim.noc import Port, Transfer
from ..sim.sched import Risc
from ..sim.trisc import Trisc
from ..sim.waits import History
from .device import DryDevice, DryL1
from .unknown import UNKNOWN

Signalled = tuple[tuple[int, int], int]


def alone(risc: Risc, runtime_args: Sequence[int]) -> Risc:
    """A RISC like this one, with the same kernel and CBs, on a device of its own."""
    core = _Grid(risc.core.device).core(risc.core.xy)
    for cb in risc.core.cbs.values():
        core.add_cb(CircularBuffer(cb.index, cb.base, cb.page_size, cb.num_pages, cb.format, cb.aliased, cb.to_dest))
    core.wire()
    mine = next(other for other in core.riscs if other.name == risc.name)
    mine.kernel, mine.kernel_id, mine.code = risc.kernel, risc.kernel_id, risc.code
    mine.compile_time_args, mine.named_args = risc.compile_time_args, risc.named_args
    mine.runtime_args, mine.common_args = list(runtime_args), risc.common_args
    if isinstance(mine, Trisc) and isinstance(risc, Trisc):
        mine.limit, mine.strict = risc.limit, False
    return mine


class _Grid(DryDevice):
    """Other cores are made when somebody sends to them."""

    def __init__(self, real: Device) -> None:
        super().__init__(real.arch)
        self.real = real

    def core(self, xy: tuple[int, int]) -> Core:
        if xy not in self.cores:
            self.cores[xy] = Still(self, xy)
        return self.cores[xy]

    def at_virtual(self, x: int, y: int, call: str) -> Core:
        origin = self.arch.virtual_origin
        xy = (x - origin[0], y - origin[1])
        return self.core(xy) if xy in self.real.cores else super().at_virtual(x, y, call)


class Still(Core):
    """Only one RISC runs. `placed`: it has asked where it is, so that elsewhere it might do something else."""

    def __init__(self, device: Device, xy: tuple[int, int]) -> None:
        super().__init__(device, xy)
        self.l1 = _Unwritten(device.arch)
        self.ports = {risc: _Silent(risc, device) for risc in (self.brisc, self.ncrisc)}
        self.placed = False

    @property
    def xy(self) -> tuple[int, int]:  # type: ignore[override]
        self.placed = True
        return self._xy

    @xy.setter
    def xy(self, xy: tuple[int, int]) -> None:
        self._xy = xy

    @property
    def place(self) -> tuple[int, int]:
        """The same, asked by us."""
        return self._xy

    def wire(self) -> None:
        super().wire()
        for risc in self.riscs:
            risc.rings = [None if ring is None else _Open(ring.cb, ring.engine) for ring in risc.rings]

    def semaphore(self, address: int) -> History:
        return self.semaphores.setdefault(address, History(f"L1 word {address}"))

    def publish(self, *_: Any) -> None:
        """Nobody else is there to see it."""


class _Open(Ring):
    """Pages are always there, and room too; how many, nobody knows."""

    __slots__ = ()

    def holds(self, pages: int, front: bool) -> Callable[[int], bool]:
        return lambda value: True

    def free(self, popped: int) -> int:
        return UNKNOWN  # type: ignore[return-value]

    def ready(self, pushed: int) -> int:
        return UNKNOWN  # type: ignore[return-value]


class _Unwritten(DryL1):
    """Known are the arguments and the zeros; semaphores are others' business, CBs hold data."""

    def __init__(self, arch: Arch) -> None:
        super().__init__(arch)
        self.semaphores = arch.semaphores

    def view(self, address: int, size: int, what: str) -> Bytes:
        if address >= self.known or address in self.semaphores:
            return UNKNOWN  # type: ignore[return-value]
        return super().view(address, size, what)


class _Silent(Port):
    """Nothing goes out. `signals`: the core and the L1 address of each semaphore that would be changed."""

    def __init__(self, risc: Risc, device: Device) -> None:
        super().__init__(risc, device)
        self.signals: set[Signalled] = set()

    def send(self, transfer: Transfer) -> None:
        core = transfer.target.core
        if transfer.signal is not None and isinstance(core, Still):
            self.signals.add((core.place, transfer.signal.address))


def signals(risc: Risc) -> frozenset[Signalled]:
    """What a RISC that runs alone has signalled."""
    port = risc.core.ports.get(risc)
    return frozenset(port.signals) if isinstance(port, _Silent) else frozenset()
