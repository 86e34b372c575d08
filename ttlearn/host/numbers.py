"""Another number for one kernel: a runtime argument with which both sides of a CB would move as many pages.

The kernels' text says what an argument does to the total; the cores that hang alike get the same difference. Left out:
compile-time and common arguments, and numbers that stand in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

from ..debug.hang.causes import Cause
from ..debug.hang.diagnosis import Diagnosis, cores
from ..debug.hang.stops import Reason, kernel
from ..sim.cb import CircularBuffer
from ..sim.sched import Risc
from .descriptors import ProgramDescriptor

ADDRESSES = 1 << 16  # larger arguments are no numbers of pages
MOST = 16  # arguments that are looked at
_CALLS = ("cb_push_back", "cb_pop_front")


def told_otherwise(diagnosis: Diagnosis, program: ProgramDescriptor) -> Iterator[tuple[str, ProgramDescriptor]]:
    """(in words, the changed program): first the side that has ended gets the other's number, then the other way."""
    root, promises = diagnosis.root, diagnosis.graph.promises
    stop, ended = root.stop, diagnosis.graph.ended(root.stop)
    if root.cause not in (Cause.PRODUCER_SHORT, Cause.CONSUMER_EARLY) or stop.cb is None or not ended:
        return
    mine, theirs = _CALLS if stop.reason is Reason.FRONT else _CALLS[::-1]
    have, want = promises.total(ended[0].risc, mine, stop.cb), promises.total(stop.risc, theirs, stop.cb)
    if have is None or want is None:
        return
    if _told(diagnosis, ended[0].risc, mine, stop.cb, have, want):
        return
    yield from _exchanged(diagnosis, program, ended[0].risc, mine, stop.cb, want)
    yield from _with(diagnosis, program, ended[0].risc, mine, stop.cb, have, want)
    yield from _with(diagnosis, program, stop.risc, theirs, stop.cb, want, have)


def _told(diagnosis: Diagnosis, risc: Risc, call: str, cb: CircularBuffer, have: int, want: int) -> bool:
    """Has this kernel got the right number already, and moves fewer pages all the same? Then its text is at fault."""
    for index, value in enumerate(risc.runtime_args):
        others = (
            [*risc.runtime_args[:index], new, *risc.runtime_args[index + 1 :]] for new in (value + 1, 2 * value + 1)
        )
        if value == want and any(diagnosis.graph.promises.total(risc, call, cb, given) != have for given in others):
            return True
    return False


def _exchanged(
    diagnosis: Diagnosis, program: ProgramDescriptor, risc: Risc, call: str, cb: CircularBuffer, want: int
) -> Iterator[tuple[str, ProgramDescriptor]]:
    """Two arguments of this kernel that look exchanged: the other way round its total is what is wanted."""
    small = [(index, value) for index, value in enumerate(risc.runtime_args) if value < ADDRESSES][:MOST]
    for (i, one), (j, other) in combinations(small, 2):
        given = _swapped(risc.runtime_args, i, j)
        if one == other or diagnosis.graph.promises.total(risc, call, cb, given) != want:
            continue
        where = _alike(diagnosis)
        text = f"exchange the runtime arguments {i} and {j} of {kernel(risc)}, {one} and {other}"
        text += f", on {cores(where)}" if risc.core.device.many else ""
        yield text, _changed(program, risc, where, partial(_swapped, i=i, j=j))


def _swapped(values: Sequence[int], i: int, j: int) -> list[int]:
    swapped = list(values)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    return swapped


def _with(
    diagnosis: Diagnosis, program: ProgramDescriptor, risc: Risc, call: str, cb: CircularBuffer, have: int, goal: int
) -> Iterator[tuple[str, ProgramDescriptor]]:
    """Each argument of this kernel that brings its total from `have` to `goal`."""
    small = [(index, value) for index, value in enumerate(risc.runtime_args) if value < ADDRESSES]
    for index, value in small[:MOST]:
        for new in dict.fromkeys((value + goal - have, goal)):
            given = [*risc.runtime_args[:index], new, *risc.runtime_args[index + 1 :]]
            if new < 1 or diagnosis.graph.promises.total(risc, call, cb, given) != goal:
                continue
            where = _alike(diagnosis)
            text = f"give {kernel(risc)} {new} instead of {value} as its runtime argument {index}"
            text += f" on {cores(where)}" if risc.core.device.many else ""
            yield text, _changed(program, risc, where, partial(_raised, index=index, more=new - value))
            break


def _alike(diagnosis: Diagnosis) -> list[tuple[int, int]]:
    return sorted({root.stop.core.xy for root in diagnosis.found if root.cause is diagnosis.cause})


def _raised(values: Sequence[int], index: int, more: int) -> list[int]:
    return [*values[:index], values[index] + more, *values[index + 1 :]]


Change = Callable[[Sequence[int]], list[int]]


def _changed(program: ProgramDescriptor, risc: Risc, where: list[tuple[int, int]], change: Change) -> ProgramDescriptor:
    """With other arguments for this RISC's kernel on some cores."""
    kernels = list(program.kernels)
    mine = kernels[risc.kernel_id - 1]
    given = mine.runtime_args
    pairs = given if isinstance(given, list) else given.items()
    changed: list[Any] = [(core, change(list(v)) if tuple(core) in where else list(v)) for core, v in pairs]
    kernels[risc.kernel_id - 1] = replace(mine, runtime_args=changed)
    return replace(program, kernels=kernels)
