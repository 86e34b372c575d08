"""The smallest change that would let a hung program run, tried out where it is a number of the host program.

A change is offered as working only if the strict run finishes, no page is left over in a CB that somebody empties, and,
where the right output is known, the output is right. Left out: changes of kernels other than the missing start-up: those
are the root's advice, and not tried.
"""

from __future__ import annotations

import contextlib
import copy
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..compute import compute_kernel_hw_startup
from ..debug.hang.causes import Cause
from ..debug.hang.diagnosis import Change, Diagnosis
from ..debug.hang.look_circle import fullest
from ..debug.hang.look_loops import fitting
from ..debug.hang.look_totals import largest
from ..debug.hang.stops import Reason, Stop, kernel
from ..errors import TTError
from ..sim.cb import CircularBuffer
from ..sim.formats import POISON
from .build import translated
from .descriptors import CBDescriptor, ComputeConfigDescriptor, KernelDescriptor, ProgramDescriptor
from .numbers import told_otherwise
from .run import Run
from .tensor import Tensor

SECONDS = 0.8  # for all attempts together
RIGHT, FINISHES, NOT_TRIED = "tried: finishes, output right", "tried: finishes, output not verified", "not tried"
NOT_ENOUGH = "not enough by itself: larger sizes were tried"

Attempt = Callable[[list[Tensor], ProgramDescriptor], Run]


def suggest(
    diagnosis: Diagnosis,
    tensors: list[Tensor],
    program: ProgramDescriptor,
    attempt: Attempt,
    expected: Any,
    seconds: float,
) -> Change | None:
    """The smallest change that works; else one that is told untried. `seconds`: how long the hung run took."""
    deadline, tried, advice = time.monotonic() + SECONDS, NOT_TRIED, diagnosis.root.advice
    for text, changed in _changes(diagnosis, program, expected is not None):
        if time.monotonic() + 2 * seconds > deadline:
            return Change(text, NOT_TRIED)
        outcome = _outcome(diagnosis, tensors, changed, attempt, expected)
        if outcome:
            return Change(text, outcome)
        tried = NOT_ENOUGH if text.startswith("raise") else NOT_TRIED
    if tried == NOT_ENOUGH and diagnosis.root.cause is Cause.REQUEST_TOO_LARGE:
        advice, tried = advice.partition(", or ")[2] or advice, "not tried; a larger CB was tried, and does not help"
    return Change(advice, tried) if advice else None


def _outcome(
    diagnosis: Diagnosis, tensors: list[Tensor], program: ProgramDescriptor, attempt: Attempt, expected: Any
) -> str:
    """Empty if the changed program does not do."""
    copies = [copy.copy(tensor) for tensor in tensors]
    for tensor in copies:
        tensor.bits = tensor.bits.copy()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run = attempt(copies, program)
    except TTError:
        return ""
    kept, larger = _kept(diagnosis), diagnosis.root.cause in (Cause.REQUEST_TOO_LARGE, Cause.TOO_SMALL)
    # room changes no count: a CB from which nothing was popped in the end is a constant, whatever the text may do
    if any(r.left_over and r.index not in kept and (r.popped or not larger) for r in run.cbs):
        return ""
    if expected is None:
        counts = diagnosis.root.cause in (Cause.PRODUCER_SHORT, Cause.CONSUMER_EARLY)
        return FINISHES if not counts or _whole(run) else ""  # with less to do it would finish, too
    right = np.allclose(run.output, np.asarray(expected, np.float32), rtol=1e-2, atol=5e-2, equal_nan=True)
    return RIGHT if right else ""


def _whole(run: Run) -> bool:
    """Is there no page of the output that nobody has written?"""
    pages = np.ascontiguousarray(run.tensors[-1].bits)
    return not (pages.reshape(len(pages), -1).view(np.uint16) == POISON).all(axis=1).any()


def _kept(diagnosis: Diagnosis) -> set[int]:
    """CBs that nobody ever pops: constants."""
    core, promises = diagnosis.root.stop.core, diagnosis.graph.promises
    return {index for index, cb in core.cbs.items() if not promises.who(core, "cb_pop_front", cb)}


# ---- changes that can be tried ------------------------------------------------------------------------------


def _changes(diagnosis: Diagnosis, program: ProgramDescriptor, judged: bool) -> Iterator[tuple[str, ProgramDescriptor]]:
    """(in words, the changed program), the smallest first. `judged`: the right output is known."""
    root = diagnosis.root
    nobody = root.stop.reason is Reason.FRONT and not diagnosis.graph.helpers[root.stop]
    if (
        root.cause in (Cause.REQUEST_TOO_LARGE, Cause.TOO_SMALL)
        and not nobody
        and (judged or not _asks_wrong(diagnosis))
    ):
        full = fullest(diagnosis.graph, list(root.circle)) or [root.stop]
        for pages, cb in _sizes(diagnosis, full):
            text = f"raise {cb} from {cb.num_pages} to {pages} pages"
            yield text, _with_pages(program, cb.index, pages, cb.page_size)
    if root.cause is Cause.NOT_CONFIGURED:
        yield from _started(diagnosis, program)
    yield from told_otherwise(diagnosis, program)


def _asks_wrong(diagnosis: Diagnosis) -> bool:
    """Does a producer reserve more than it pushes, or push more than is taken? A larger CB would only hide that."""
    stop = diagnosis.root.stop
    if stop.cb is None or stop.reason is not Reason.BACK or diagnosis.root.cause is not Cause.REQUEST_TOO_LARGE:
        return False
    return bool(fitting(diagnosis.graph, stop.risc, stop.cb, stop.pages, False))


def _sizes(diagnosis: Diagnosis, full: list[Stop]) -> list[tuple[int, CircularBuffer]]:
    """(pages, CB): what is asked for; in a circle a few sizes up to all that is pushed, of each CB that is full in it."""
    sizes = []
    for stop in full:
        cb = stop.cb
        assert cb is not None
        if stop.pages > cb.num_pages:
            return [(largest(diagnosis.graph, stop), cb)]
        whole = diagnosis.graph.promises.total(stop.risc, "cb_push_back", cb)
        steps = {cb.num_pages + stop.pages * k for k in (1, 2, 3)} | {cb.num_pages * k for k in (2, 3, 4, 8, 16)}
        if whole is not None and whole > cb.num_pages:
            nearly = range(whole - 2 * stop.pages, whole)  # would do only because DST's two halves hold the rest
            steps = {p for p in steps if p < whole and p not in nearly} | {whole}
        sizes += [(pages, cb) for pages in sorted(steps) if whole is None or pages <= whole]
    return sizes


def _with_pages(program: ProgramDescriptor, index: int, pages: int, page_size: int) -> ProgramDescriptor:
    def changed(cb: CBDescriptor) -> CBDescriptor:
        mine = any(f.buffer_index == index for f in cb.format_descriptors)
        return replace(cb, total_size=pages * page_size) if mine else cb

    return replace(program, cbs=[changed(cb) for cb in program.cbs])


def _started(diagnosis: Diagnosis, program: ProgramDescriptor) -> Iterator[tuple[str, ProgramDescriptor]]:
    """The start-up that is missing, with the CB that the stuck call reads and those that are reserved, the last first."""
    stop = diagnosis.root.stop
    calls = diagnosis.graph.promises.calls(stop.risc)
    first = [_index(m.counts) for call in (stop.call, "cb_wait_front") for m in calls if m.call == call]
    packed = [_index(m.counts) for m in calls if m.call == "cb_reserve_back"]
    source = next((cb for cb in first if cb is not None), None)
    for target in dict.fromkeys(cb for cb in reversed(packed) if cb is not None):
        if source is not None:
            text = f"call compute_kernel_hw_startup({source}, {target}) first in {kernel(diagnosis.root.stop.risc)}"
            yield text, replace(program, kernels=[_starting(k, source, target) for k in program.kernels])


def _index(counts: tuple[Any, ...]) -> int | None:
    constant = counts[0].constant if counts and counts[0] is not None else None
    return None if constant is None else int(constant)


def _starting(descriptor: KernelDescriptor, source: int, target: int) -> KernelDescriptor:
    if not isinstance(descriptor.config, ComputeConfigDescriptor):
        return descriptor
    inner: Any = translated(descriptor).kernel_source

    async def started() -> None:
        compute_kernel_hw_startup(source, target)
        await inner()

    return replace(descriptor, kernel_source=started)
