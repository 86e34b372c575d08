"""A device on which no data move: times, counters, engine queues and semaphores are the real ones.

What lies in CB memory is unknown. A RISC that decides by it, or that breaks a rule, stops there; the others go on.
Left out: the numbers, the strict checks of hazards, and tensors that nobody has given (their pages are not checked).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any, SupportsIndex

import numpy as np

from ..errors import Stuck, TTError
from ..sim.arch import Arch
from ..sim.batch import ZERO, Ref, Slots
from ..sim.device import Core, Device
from ..sim.l1 import L1, Bytes
from ..sim.noc import ADDRESS_BITS, Port, Target, Transfer
from ..sim.sched import Risc
from ..sim.trace import OURS, Site
from ..sim.values import Values
from ..sim.waits import History, now
from .unknown import UNKNOWN, NotDecidable

SECONDS = 10.0  # of host time; a program that takes longer is not decided


@dataclass(frozen=True)
class Broken:
    """A RISC that stopped: by an error of its kernel (a TTError), or because it is not decidable."""

    risc: Risc
    error: Exception

    @property
    def undecided(self) -> bool:
        """Is nobody to blame? So it is with errors of Python's own, too: numpy cannot take an unknown, say."""
        return not isinstance(self.error, TTError)

    @property
    def why(self) -> str:
        return str(self.error) if isinstance(self.error, (TTError, NotDecidable)) else repr(self.error)

    @property
    def site(self) -> Site | None:
        """The learner's line at which it stopped."""
        trace = self.error.__traceback__
        found, lasti = None, 0
        while trace is not None:
            code = trace.tb_frame.f_code
            lasti = trace.tb_lasti if code is self.risc.code else lasti
            if lasti and not code.co_filename.startswith(OURS):
                found = Site(code, trace.tb_lasti, self.risc.code, lasti)
            trace = trace.tb_next
        return found


class DryDevice(Device):
    """A device whose kernels run without data. `broken` tells who stopped, `used` the semaphores asked for."""

    def __init__(self, arch: Arch) -> None:
        super().__init__(arch)
        self.broken: list[Broken] = []
        self.used: dict[tuple[tuple[int, int], int], Site | None] = {}  # (core, semaphore) -> who asked first
        self.deadline = time.monotonic() + SECONDS

    def core(self, xy: tuple[int, int]) -> Core:
        if xy not in self.cores:
            self.cores[xy] = DryCore(self, xy)
        return self.cores[xy]

    def target(self, noc_addr: int, size: int, call: str) -> Target:
        x, y = noc_addr >> ADDRESS_BITS & 63, noc_addr >> ADDRESS_BITS + 6 & 63
        if y == 0 and x < self.arch.dram_banks and not self.dram.buffers:
            return Target(self.dram, _NOTHING, None, x, noc_addr & (1 << ADDRESS_BITS) - 1)
        return super().target(noc_addr, size, call)

    def carry_out(self) -> bool:
        """Run to the end; False if it hangs."""
        try:
            self.run()
        except Stuck:
            return False
        return True


class DryCore(Core):
    """A core whose memory is unknown from the first CB on, and which remembers what is asked of it."""

    def __init__(self, device: DryDevice, xy: tuple[int, int]) -> None:
        super().__init__(device, xy)
        self.dry = device
        self.l1 = DryL1(device.arch)
        self.ports = {risc: DryPort(risc, device) for risc in (self.brisc, self.ncrisc)}
        self.engine.values = DryValues(self, self.math)
        for risc in self.riscs:
            risc.resume = partial(self._resume, risc)  # type: ignore[method-assign]

    def wire(self) -> None:
        super().wire()
        for risc in self.riscs:
            risc.rings = Remembering(risc.rings)

    def semaphore(self, address: int) -> History:
        number, rest = divmod(address - self.device.arch.semaphore_base, 16)
        if 0 <= number < 16 and not rest and (self.xy, number) not in self.dry.used:
            frame = now.risc.frame if now.risc is not None else None
            site = None if frame is None else Site(frame.f_code, frame.f_lasti, frame.f_code, frame.f_lasti)
            self.dry.used[self.xy, number] = site
        return super().semaphore(address)

    def _resume(self, risc: Risc) -> None:
        try:
            if time.monotonic() > self.dry.deadline:
                raise NotDecidable(f"the dry run takes longer than {SECONDS:.0f} seconds")
            type(risc).resume(risc)
        except Exception as error:
            self.dry.broken.append(Broken(risc, error))

    @property
    def touched(self) -> set[int]:
        """CBs that a kernel has named in any call."""
        return {index for risc in self.riscs for index in getattr(risc.rings, "asked", ())}


class Remembering(list[Any]):
    """A RISC's rings; knows which of them were asked for."""

    def __init__(self, rings: Any) -> None:
        super().__init__(rings)
        self.asked: set[int] = set()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, SupportsIndex):
            self.asked.add(int(index))
        return super().__getitem__(index)


class DryL1(L1):
    """Real below the first CB (arguments, semaphores, zeros), unknown above."""

    def __init__(self, arch: Arch) -> None:
        super().__init__(arch)
        self.known = arch.cb_base
        self.data = np.zeros(arch.l1_bytes, np.uint8)

    def view(self, address: int, size: int, what: str) -> Bytes:
        view = super().view(address, size, what)
        return view if address + size <= self.known else UNKNOWN  # type: ignore[return-value]


class DryPort(Port):
    """Transfers take their time and move no bytes; only signals arrive."""

    def send(self, transfer: Transfer) -> None:
        known, signal = self.device.arch.cb_base, transfer.signal
        if signal is not None:
            unknown = signal.address >= known or (signal.value is None and transfer.local >= known)
        elif transfer.kind == "read":
            unknown = transfer.local < known
        else:
            unknown = transfer.target.core is not None and transfer.target.address < known
        if unknown:
            raise NotDecidable("a transfer changes words that the kernels decide by")
        super().send(transfer)

    def _move(self, transfer: Transfer) -> None:
        if transfer.signal is not None:
            super()._move(transfer)
        elif transfer.kind == "write":
            self.left = max(self.left, transfer.left)


class DryValues(Values):
    """DST and CB pages hold nothing."""

    def math(self, *_: Any) -> None: ...
    def sfpu(self, *_: Any) -> None: ...
    def pack(self, *_: Any) -> None: ...
    def pack_run(self, *_: Any) -> None: ...
    def load_until(self, position: int) -> None: ...
    def store_until(self, mark: int) -> None: ...
    def commit(self) -> Slots:
        return _Anything()

    def seal(self) -> int:
        return 0


class _Anything(dict[int, Ref]):
    def __missing__(self, tile: int) -> Ref:
        return ZERO, 0


_NOTHING: Bytes = np.zeros(0, np.uint8)
