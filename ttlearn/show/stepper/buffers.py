"""What moves between RISCs: pages of circular buffers, transfers, semaphores.

Left out: which pages a RISC may touch (`riscs`); the view works out each page's state from the counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...debug.hang.stops import role
from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.trace import Event
from . import words
from .change import Change, Jump


class Transfer(NamedTuple):
    """On its way from `begin` until `land`. `slots`: first and last page of the CB that it reads or writes here."""

    begin: int
    land: int
    told: str
    kind: str
    cb: int | None
    slots: tuple[int, int] | None


def changes(core: Core) -> Iterator[Change]:
    """Pushes, pops and semaphores."""
    yield from _moves(core)
    for history in core.semaphores.values():
        for cycle, value in zip(history.times[1:], history.values[1:], strict=True):
            yield Change(cycle, f"semaphore {history.name}", value, f"{history.name} becomes {value}")


def start(core: Core) -> dict[str, Any]:
    """What stands there before the run."""
    state: dict[str, Any] = {}
    for index in sorted(core.cbs):
        state |= {f"cb {index} {what}": 0 for what in ("pushed", "popped", "reserved", "held")}
        state[f"cb {index} packing"] = None
    return state | {f"semaphore {history.name}": history.values[0] for history in core.semaphores.values()}


def _moves(core: Core) -> Iterator[Change]:
    counts: Counter[tuple[str, int]] = Counter()
    riscs = {risc.name: role(risc) for risc in core.riscs}
    facts = [fact for fact in core.device.trace.facts if fact.core == core.xy and fact.what in ("push", "pop")]
    for fact in sorted(facts, key=lambda fact: fact.start):
        index, pages, _ = fact.detail
        counts[fact.what, index] += pages
        done, total = ("pushes", "pushed") if fact.what == "push" else ("pops", "popped")
        told = f"{riscs[fact.risc]} {done} {words.pages(pages)} of c_{index}"
        jump = Jump.PUSH if fact.what == "push" else Jump.NONE
        yield Change(fact.start, f"cb {index} {total}", counts[fact.what, index], told, jump)


# ---- transfers ----------------------------------------------------------------------------------------------


def transfers(core: Core) -> list[Transfer]:
    """Those that this core's RISCs ask for, and those that other cores send here, by their start."""
    found = []
    for fact in core.device.trace.facts:
        if fact.what.startswith("noc "):
            here = fact.core == core.xy
            if here or fact.detail[3:] == ("l1", *core.xy):
                who = fact.risc if here else f"core {fact.core} {fact.risc}"
                cb, slots = slots_of(core, fact.detail[2], fact.detail[0]) if _local(fact, here) else (None, None)
                told = f"{who}'s {words.sent(fact, cb, slots)}"
                found.append(Transfer(fact.start, fact.end, told, fact.what[4:], cb, slots))
    return sorted(found, key=lambda transfer: transfer[:3])


def _local(fact: Event, here: bool) -> bool:
    """Does it carry bytes of this core's L1 at an address that is known?"""
    return here and fact.what != "noc atomic" and fact.detail[2] > 0


def slots_of(core: Core, address: int, size: int) -> tuple[int | None, tuple[int, int] | None]:
    """The CB that owns an L1 address, the first if several share it, and the pages from there on."""
    for index, cb in sorted(core.cbs.items()):
        if cb.base <= address < cb.limit:
            return index, _pages(cb, address, size)
    return None, None


def _pages(cb: CircularBuffer, address: int, size: int) -> tuple[int, int]:
    last = min(address + size, cb.limit) - 1
    return (address - cb.base) // cb.page_size, (last - cb.base) // cb.page_size


def told(all_transfers: list[Transfer]) -> Iterator[Change]:
    """Starts and landings; the view works out from the clock what is under way."""
    for transfer in all_transfers:
        yield Change(transfer.begin, "", None, f"{transfer.told} starts")
        yield Change(transfer.land, "", None, f"{transfer.told} lands")
