"""What a RISC or an engine thread waits for, and what a transfer moves, as the stepper says it.

Left out: why it is not there (`ttlearn.debug.hang`).
"""

from __future__ import annotations

from typing import Any

from ...debug.board.waypoints import mark_of, stem_of
from ...debug.hang.stops import Reason
from ...measure.spans import State
from ...sim.trace import Event

STALLS = {
    "Src room": Reason.SRC_FULL,
    "Src data": Reason.SRC_EMPTY,
    "DST room": Reason.DST_FULL,
    "DST data": Reason.DST_EMPTY,
}


def pages(count: int, adjective: str = "") -> str:
    return f"{count} {adjective}{' ' if adjective else ''}page{'' if count == 1 else 's'}"


def call(name: str, args: tuple[Any, ...]) -> str:
    return f"{name}({', '.join(map(str, args))})"


def awaited(name: str, args: tuple[Any, ...]) -> str:
    """What a wait call waits for: the end of "waits ..."."""
    if name == "cb_wait_front":
        return f"for {pages(args[1])} at the front of {args[0]}"
    if name == "cb_reserve_back":
        return f"for {pages(args[1], 'free')} at the back of {args[0]}"
    if name in ("noc_semaphore_wait", "noc_semaphore_wait_min"):
        return f"until {args[0]} is {'at least ' if name.endswith('min') else ''}{args[1]}"
    if name in ("get_tile_address", "read_tile_value"):
        return f"for {Reason.MAIL.value}"
    mark = mark_of(stem_of(name) + "W")
    return f"for {mark.waits_for}" if mark is not None and mark.waits_for else f"in {call(name, args)}"


def stalled(reason: Reason) -> str:
    """What an engine thread stalls for."""
    return f"waits for {reason.value}"


def stuck(call: str, reason: Reason) -> str:
    """Why an engine thread stays in a call for good."""
    return f"stalls in {call}: " + ("never configured" if reason is Reason.UNCONFIGURED else stalled(reason))


def between(state: State, what: str) -> str:
    """What an engine thread does while it moves no tile."""
    return stalled(STALLS[what]) if state in (State.SRC, State.DST) else "has nothing to do"


def sent(fact: Event, cb: int | None, slots: tuple[int, int] | None) -> str:
    """A transfer: `read of 256 B from DRAM bank 3 into c_0 page 4`."""
    kind, size, where = fact.what.removeprefix("noc "), fact.detail[0], fact.detail[3:]
    place = f"DRAM bank {where[1]}" if where[0] == "dram" else f"core ({where[1]}, {where[2]})"
    if kind == "atomic":
        return f"semaphore increment to {place}"
    here = "" if slots is None else f"c_{cb} page {slots[0]}" + (f" to {slots[1]}" if slots[1] > slots[0] else "")
    if kind == "read":
        return f"read of {size:,} B from {place}" + (f" into {here}" if here else "")
    return f"write of {size:,} B" + (f" from {here}" if here else "") + f" to {place}"
