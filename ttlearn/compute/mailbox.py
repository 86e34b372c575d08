"""Values that UNPACK looks up in L1 and sends to MATH and PACK, so that all three can branch alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernel import integer
from ..sim.roles import Unpack
from ..sim.waits import NoWait, Wait
from .state import engine

__all__ = [
    "get_tile_address",
    "read_tile_value",
]


def _mail(call: str, args: tuple[Any, ...], look: Any) -> Wait | NoWait:
    """UNPACK finds a value and sends it to MATH and PACK, who wait for it."""
    risc = engine(call)
    risc.t += risc.core.device.arch.cb_call
    core = risc.core
    if isinstance(risc, Unpack):
        value = look(risc)
        for other in (core.math, core.pack):
            other.mail.add(risc.t + core.device.arch.credit, value, core.observer.release(risc))
            core.device.clock.wake(other.mail.sleepers)
        return NoWait(call, value)
    entry = risc.mail_read = risc.mail_read + 1

    def ready(time: int) -> int | None:
        if len(risc.mail.times) <= entry:
            return None
        core.observer.acquire(risc, risc.mail.orders[entry])
        return max(time, risc.mail.times[entry])

    wait = Wait(risc, call, args, risc.mail, ready, core.site(2, risc))
    wait.result = lambda: risc.mail.values[entry]
    return wait


def get_tile_address(cb_id: int, tile_index: int) -> Wait | NoWait:
    """Await it: the L1 byte address of a tile at the front of a CB, the same in all three roles."""

    def look(risc: Unpack) -> int:
        ring = risc.ring(cb_id, "get_tile_address")
        return ring.rd + tile_index * ring.page

    return _mail("get_tile_address", (f"c_{cb_id}", tile_index), look)


def read_tile_value(cb_id: int, tile_index: int, element_offset: int) -> Wait | NoWait:
    """Await it: the 32-bit word `element_offset` of a tile at the front of a CB, the same in all three roles."""
    integer("read_tile_value", "element_offset", element_offset)

    def look(risc: Unpack) -> int:
        ring, core = risc.ring(cb_id, "read_tile_value"), risc.core
        low = ring.rd + tile_index * ring.page + 4 * element_offset
        core.l1.settle(risc.t)
        core.observer.read(risc, low, low + 4, core.site(3, risc), risc.order)
        word: int = core.l1.view(low, 4, "read_tile_value").view(np.uint32)[0].item()
        return word

    return _mail("read_tile_value", (f"c_{cb_id}", tile_index, element_offset), look)
