"""What a core lets go of when its run is over: bytes of L1 and of tiles, and who had heard of whom.

Tensors have their bytes by then, and pictures and diagnoses read the trace, the queues, the counters and where each RISC
stands. All these stay. Left out: the trace itself, most of what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .waits import Order
from .work import Marker, Work

if TYPE_CHECKING:
    from .device import Core

_NOBODY: Order = {}


def let_go(core: Core) -> None:
    """Of one core. Where 64 cores hear of each other, their orders are longer than the trace."""
    core.l1.let_go()
    core.engine.values.let_go()
    core.engine.held.clear()
    core.engine.math_order = core.engine.pack_order = _NOBODY
    for cb in core.cbs.values():
        cb.pushed.orders, cb.popped.orders = [], []
    for history in core.semaphores.values():
        history.orders = []
    for risc in core.riscs:
        risc.order = _NOBODY
    for trisc in (core.unpack, core.math, core.pack):
        trisc.mail.orders = []
        for entry in trisc.queue:
            _forget(entry)


def _forget(entry: Work | Marker | None) -> None:
    if entry is None:
        return
    entry.order = _NOBODY
    if isinstance(entry, Work):
        entry.loaded = None
        _forget(entry.opens)
        _forget(entry.closes)
