"""A start-up that does not come first, or comes more than once: a hint, since the model carries it out all the same.

`compute_kernel_hw_startup` writes to units that must be idle, so it is safe only once and before any other call of the
engine (tt-metal, `api/compute/compute_kernel_hw_startup.h`). Left out: the older full inits, and kernels without a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..count.made import Made
from ..debug.hang.promises import Promises
from ..sim.device import Device
from .findings import Finding, Kind

START = "compute_kernel_hw_startup"
_ENGINE = re.compile(r"\w*_init\w*|tile_regs_\w+|\w+_tiles?\w*|\w+_block")
_WHY = (
    "its writes need an idle engine, so tt-metal allows it once and before any other call of the engine "
    "(compute_kernel_hw_startup.h); the model carries it out anywhere"
)


def starts(device: Device) -> Iterator[Finding]:
    """One finding for each core whose kernel starts the engine up too late or too often."""
    promises = Promises()
    for core in device.cores.values():
        if core.unpack.coro is None:
            continue
        late = _late(promises.calls(core.unpack))
        if late is not None:
            said = f"{core.unpack.code.co_name} calls {START} {late[1]}: {_WHY}"
            yield Finding(Kind.START_UP, said, (promises.line(core.unpack, late[0]),), cores=(core.xy,))


def _late(calls: list[Made]) -> tuple[Made, str] | None:
    """The call that should not be there, and what is wrong with it."""
    found = [made for made in calls if made.call == START]
    if not found:
        return None
    for made in found:
        if any(trip.label for trip in made.around):
            return made, "in a loop"
    first = next(made for made in calls if _ENGINE.fullmatch(made.call) or made.call == START)
    if first is not found[0]:
        return found[0], f"after {first.call}"
    again = [made for made in found[1:] if not _either(made, found[0])]
    return (again[0], "more than once") if again else None


def _either(one: Made, other: Made) -> bool:
    """Do both stand under conditions? Then they may exclude each other."""
    return bool(one.around) and bool(other.around)
