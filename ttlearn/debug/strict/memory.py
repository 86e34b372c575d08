"""What the parts of the checks share: the accesses of a run, each core's shadow, and the transfers under way.

Marks of L1 hold numbers of records in `accesses`; number 0 means never written. Left out: judging them (`judge`).
"""

from __future__ import annotations

from bisect import bisect_right

from ...sim.cb import CircularBuffer
from ...sim.device import Core, Device
from ...sim.l1 import Buffer
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from .shadow import NEVER, Access, Shadow


class Memory:
    """Records only. `outstanding`: what each RISC has sent and no barrier has settled. `buffers`: the output is last."""

    def __init__(self) -> None:
        self.accesses: list[Access] = [Access(None, 0, None, "")]
        self.shadows: dict[Core, Shadow] = {}
        self.outstanding: dict[Risc, list[Transfer]] = {}
        self.buffers: list[Buffer] = []
        self._cbs: dict[Core, tuple[list[int], list[CircularBuffer]]] = {}  # each core's, by address
        self._latest: dict[int, int] = {}

    def start(self, device: Device, buffers: list[Buffer]) -> None:
        self.buffers = buffers
        for core in device.cores.values():
            self.shadows[core] = Shadow()
            for risc in core.riscs:
                self.outstanding[risc] = []

    def last_cb(self, core: Core, address: int) -> CircularBuffer | None:
        """The last CB that begins at this address or before it; it may end before it, too."""
        if core not in self._cbs:
            cbs = sorted(core.cbs.values(), key=lambda cb: cb.base)
            self._cbs[core] = [cb.base for cb in cbs], cbs
        bases, cbs = self._cbs[core]
        at = bisect_right(bases, address)
        return cbs[at - 1] if at else None

    def add(self, access: Access) -> int:
        """The number of a record of its own."""
        self.accesses.append(access)
        return len(self.accesses) - 1

    def number(self, risc: Risc, order: Order, site: Site, verb: str) -> int:
        """The access record of this RISC, line and epoch; the latest is used again if it is the same."""
        number = self._latest.get(risc.number, NEVER)
        access, epoch = self.accesses[number], order[risc.number]
        if number and access.epoch == epoch and access.site == site and access.verb == verb:
            return number
        self._latest[risc.number] = number = self.add(Access(risc, epoch, site, verb))
        return number

    def moves(self, core: Core, low: int, high: int) -> list[Access]:
        """The last pushes and pops of these bytes."""
        return [self.accesses[number] for number in self.shadows[core].moved.seen(low, high)]
