"""A CB has one consumer, since each RISC keeps pointers of its own: a second one is told at the end.

Left out: a second producer, whom its writes betray; who takes over after whole rounds of the ring, when all pointers are
at its start again.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...sim.cb import CircularBuffer
from ...sim.device import Core, Device
from ...sim.sched import Risc
from ...sim.trace import Site


def two_consumers(device: Device) -> Iterator[tuple[str, Site | None]]:
    """What is wrong with each CB that two RISCs have popped, and where one of them did."""
    for core in device.cores.values():
        for cb in core.cbs.values():
            popped = {risc: pages for risc in core.riscs if (pages := _popped(risc, cb)) % cb.num_pages}
            if len(popped) > 1:
                yield _told(core, cb, popped)


def _popped(risc: Risc, cb: CircularBuffer) -> int:
    ring = risc.rings[cb.index]
    return 0 if ring is None else ring.acked


def _told(core: Core, cb: CircularBuffer, popped: dict[Risc, int]) -> tuple[str, Site | None]:
    last = {risc: _last_pop(core, risc, cb) for risc in popped}
    each = " and ".join(f"{pages} pages by {risc.label}, the last at {last[risc]}" for risc, pages in popped.items())
    return (
        f"{cb} is popped by two kernels: {each}; each has a pointer of its own, so they take the same pages: "
        f"leave {cb} to one of them, or give each a CB of its own"
    ), last[next(iter(popped))]


def _last_pop(core: Core, risc: Risc, cb: CircularBuffer) -> Site | None:
    for fact in reversed(core.device.trace.facts):
        if (fact.core, fact.risc, fact.what) == (core.xy, risc.name, "pop") and fact.detail[0] == cb.index:
            site: Site | None = fact.site
            return site
    return None
