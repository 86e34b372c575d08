"""Strict mode: hazards that hardware passes over in silence, found by who is known to come after whom.

Every release (push, pop, semaphore) hands on what its RISC has heard of, every wait takes it in. Nothing depends on
lucky times. This is the observer: it keeps the order, marks L1, and looks at CBs. Left out, each in a file of its own:
whether an access is in order (`judge`), bytes under way (`transfers`), bytes that nobody has written (`poison`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...sim.cb import Ring
from ...sim.device import Device, Observer
from ...sim.l1 import Buffer
from ...sim.noc import Target, Transfer
from ...sim.roles import Pack
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.trisc import Trisc
from ...sim.waits import Order
from . import words
from .consumers import two_consumers
from .findings import Findings
from .judge import Judge
from .memory import Memory
from .poison import Poison
from .pushes import asked_once
from .shadow import Access, is_semaphore
from .transfers import Transfers


class Checks(Observer):
    """The observer that looks. With `strict` a finding is raised, else it is listed once."""

    def __init__(self, strict: bool = True) -> None:
        self.findings, self.memory = Findings(strict), Memory()
        self.violations = self.findings.violations
        self.judge = Judge(self.memory, self.findings)
        self.poison = Poison(self.memory, self.findings)
        self.transfers = Transfers(self.memory, self.judge, self.poison, self.findings)

    def start(self, device: Device, buffers: list[Buffer]) -> None:
        self.memory.start(device, buffers)
        for core in device.cores.values():
            for risc in core.riscs:
                risc.order = {risc.number: 1}

    def finished(self, device: Device) -> None:
        for core in device.cores.values():
            self._overfull(core.pack)
        self.transfers.finished()
        self.poison.finished()
        for sentence, site in two_consumers(device):
            self.findings.violate(sentence, site)

    def _overfull(self, risc: Pack) -> None:
        """A ring that was packed too full, told when its pages are pushed, or when all have finished."""
        if risc.overfull is not None:
            self.findings.violate(*risc.overfull[1:])

    # ---- order ----------------------------------------------------------------------------------------------

    def release(self, risc: Risc) -> Order:
        order = risc.order
        risc.order = {**order, risc.number: order[risc.number] + 1}
        return order

    def acquire(self, risc: Risc, order: Order | None) -> None:
        if order:
            risc.order = self.join(risc.order, order)

    def join(self, one: Order, other: Order) -> Order:
        if one is other or not other:
            return one
        if not one:
            return other
        merged = None
        for actor, epoch in other.items():
            if one.get(actor, -1) < epoch:
                merged = merged or dict(one)
                merged[actor] = epoch
        return merged or one

    # ---- L1 accesses ----------------------------------------------------------------------------------------

    def read(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        self.transfers.look(risc.core)
        shadow = self.memory.shadows[risc.core]
        wrote = shadow.writes.seen(low, high)
        for number in wrote:
            self.judge.read(risc, risc.core, low, high, number, site, order)
        number = self.memory.number(risc, order, site, "read")
        shadow.reads.mark(low, high, number)
        self.poison.read(risc, low, high, site, order, wrote, number)

    def write(self, risc: Risc, low: int, high: int, site: Site, order: Order) -> None:
        self.transfers.look(risc.core)
        if not isinstance(risc, Trisc):
            self._nowhere(risc, low, site)
        self.judge.write(risc, risc.core, low, high, site, order)
        self.memory.shadows[risc.core].writes.mark(low, high, self.memory.number(risc, order, site, "write"))

    def _nowhere(self, risc: Risc, low: int, site: Site) -> None:
        """A mover's store goes to a CB or a semaphore: nothing else in L1 is its own."""
        cb = self.memory.last_cb(risc.core, low)
        if (cb is None or low >= cb.limit) and not is_semaphore(risc.core, low):
            what = f"{risc.label} writes at {site}"
            self.findings.violate(words.nowhere(what, low, cb, asked_once(risc, site)), site)

    def packed(self, risc: Risc, address: int, tiles: NDArray[np.float32]) -> None:
        self.poison.packed(risc, address, tiles)

    # ---- circular buffers -----------------------------------------------------------------------------------

    def published(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> None:
        if isinstance(risc, Pack) and not popped and risc.overfull is not None and risc.overfull[0] is ring:
            self._overfull(risc)
        high, lacks = low + pages * ring.page, "write" if popped else "read"
        if high > ring.limit:
            self.findings.violate(words.past_ring(risc, ring, low, pages, popped, site), site)
        early = words.popped_early if popped else words.pushed_early
        for transfer in self.memory.outstanding[risc]:
            if transfer.kind != lacks or not transfer.record.open:
                continue
            if low < transfer.local + transfer.size and transfer.local < high:
                self.findings.violate(early(ring, pages, site, transfer), site)

    def moved(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site, order: Order) -> None:
        self.transfers.look(risc.core)
        if popped and ring.cb.aliased:
            return
        number = self.memory.add(Access(risc, order[risc.number], site, "pop" if popped else "push"))
        self.memory.shadows[risc.core].moved.mark(low, low + pages * ring.page, number)

    # ---- transfers ------------------------------------------------------------------------------------------

    def sent(self, transfer: Transfer, call: str) -> None:
        self.transfers.sent(transfer, call)

    def barrier(self, risc: Risc, kinds: tuple[str, ...]) -> None:
        self.transfers.barrier(risc, kinds)

    def signal(self, risc: Risc, target: Target, path: Any, site: Site, multicast: bool = False) -> None:
        self.transfers.signal(risc, target, path, site, multicast)
