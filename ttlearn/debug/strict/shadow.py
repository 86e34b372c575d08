"""What the strict checks remember of L1: who touched which 16 bytes last, in which epoch, and what is under way.

Plain records, no judgement: that is `judge`. Left out: granules that two parties share.
"""

from __future__ import annotations

from ...sim.device import Core
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.waits import Order
from .marks import Marks

NEVER = 0  # record number of bytes that nobody has written


class Access:
    """Who touched some bytes, in which epoch of its own, and from which line. `open`: still under way."""

    __slots__ = (
        "actor",
        "early",
        "epoch",
        "issued",
        "open",
        "poison",
        "risc",
        "site",
        "verb",
        "where",
    )

    def __init__(self, risc: Risc | None, epoch: int, site: Site | None, verb: str, open: bool = False) -> None:
        self.actor = risc.number if risc is not None else -1
        self.risc = risc
        self.epoch = self.issued = epoch
        self.site, self.verb, self.open = site, verb, open
        self.where = ""  # the learner's name of the bytes, where a sentence needs it
        self.early: tuple[int, int] | None = None  # from where to where it read bytes that nobody had written
        self.poison: Access | None = None  # of a write: the read of such bytes that its NaN or inf come from

    @property
    def who(self) -> str:
        """For sentences; like the next, worked out only when one is made."""
        return self.risc.label if self.risc is not None else "nobody"

    @property
    def kernel(self) -> str:
        """The name of its kernel."""
        return kernel_name(self.risc) if self.risc is not None else ""

    @property
    def core(self) -> Core | None:
        """Where it runs."""
        return self.risc.core if self.risc is not None else None

    def before(self, actor: int, order: Order) -> bool:
        """Is this access known to `actor` to be over?"""
        return not self.open and (self.actor in (actor, -1) or order.get(self.actor, -1) >= self.epoch)

    def begun(self, actor: int, order: Order) -> bool:
        """Does `actor` at least know that it was started?"""
        return self.actor == actor or order.get(self.actor, -1) >= self.issued

    def was_early(self, address: int) -> bool:
        """Did it read this byte before anybody had written it?"""
        return self.early is not None and self.early[0] <= address < self.early[1]

    def close(self, epoch: int) -> None:
        """A barrier, or a signal that cannot overtake it, says that it is over."""
        if self.open:
            self.open, self.epoch = False, epoch


class Shadow:
    """Of each granule of one core's L1: the last write, the last read, and the last push or pop."""

    def __init__(self) -> None:
        self.writes, self.reads, self.moved = Marks(), Marks(), Marks()


class Span:
    """Transfers of one line whose L1 bytes lie side by side: looked at together, they cost one look."""

    def __init__(self, transfer: Transfer, record: Access, number: int) -> None:
        self.risc = transfer.risc
        self.low, self.high = transfer.local, transfer.local + transfer.size
        self.site, self.order, self.reading = transfer.site, transfer.risc.order, transfer.kind == "read"
        self.record, self.number, self.transfers = record, number, [transfer]

    def extend(self, transfer: Transfer) -> bool:
        same = transfer.risc is self.risc and transfer.site == self.site and transfer.risc.order is self.order
        if not same or transfer.local != self.high or (transfer.kind == "read") != self.reading:
            return False
        self.high += transfer.size
        self.transfers.append(transfer)
        return True


def kernel_name(risc: Risc) -> str:
    return getattr(risc.code, "co_name", "idle")


def place(core: Core, address: int) -> str:
    """The learner's name of an L1 address."""
    cb = core.cb_at(address)
    return f"L1 address {address}" if cb is None else f"page {(address - cb.base) // cb.page_size} of {cb}"


def place_for(risc: Risc, core: Core, address: int) -> str:
    return place(core, address) + (f" of core {core.xy}" if core is not risc.core else "")


def is_semaphore(core: Core, address: int) -> bool:
    """Does a semaphore of this core, or one that it could have, lie there?"""
    return address in core.device.arch.semaphores
