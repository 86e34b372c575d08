"""What a dry run adds up to: pages pushed and popped, CBs and semaphores asked for, DST sections opened and closed.

Told only of cores whose every RISC was followed to its end. Left out: runs that hang, which have a cause instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..dry.device import DryCore, DryDevice
from ..sim.cb import CircularBuffer
from ..sim.device import Core
from ..sim.trace import Event
from ..sim.trisc import Trisc
from ..sim.work import Kind as Entry
from ..sim.work import Marker
from .descriptors import ProgramDescriptor
from .findings import Finding, Kind

_CLOSES = {Entry.MATH: (Entry.ACQUIRE, Entry.COMMIT), Entry.PACK: (Entry.WAIT, Entry.RELEASE)}


def totals(device: DryDevice, program: ProgramDescriptor, finished: bool) -> Iterator[Finding]:
    """Everything that does not add up."""
    open_ = {broken.risc.core.xy for broken in device.broken}
    if finished:
        moves = _moves(device)
        for core in device.cores.values():
            if core.xy not in open_:
                yield from _balance(core, moves)
                yield from _sections(core)
    if finished and not device.broken:  # who hangs may not have come to its other CBs yet
        yield from _unused(device, program)
    yield from _semaphores(device, program)


def _moves(device: DryDevice) -> dict[tuple[tuple[int, int], int, str], list[Event]]:
    """The pushes and pops of each CB."""
    moves: dict[tuple[tuple[int, int], int, str], list[Event]] = {}
    for fact in device.trace.facts:
        if fact.what in ("push", "pop"):
            moves.setdefault((fact.core, fact.detail[0], fact.what), []).append(fact)
    return moves


def _balance(core: Core, moves: dict[tuple[tuple[int, int], int, str], list[Event]]) -> Iterator[Finding]:
    for index, cb in sorted(core.cbs.items()):
        pushes, pops = (moves.get((core.xy, index, what), []) for what in ("push", "pop"))
        pushed, popped = (sum(fact.detail[1] for fact in facts) for facts in (pushes, pops))
        if not pops or pushed == popped or cb.aliased:
            continue
        kind = Kind.LEFT_OVER if pushed > popped else Kind.POPPED_MORE
        last = {fact.risc: fact for fact in pops}  # the last pop of each
        lines = tuple(str(fact.site) for fact in (*pushes[-1:], *last.values()))
        names = [risc.label for risc in core.riscs if risc.name in last]
        yield Finding(kind, _difference(cb, pushed, popped, names), lines, str(cb), (core.xy,))


def _difference(cb: CircularBuffer, pushed: int, popped: int, poppers: list[str]) -> str:
    size = cb.page_size
    counted = f"{pushed} pages of {size:,} B are pushed to {cb}, {pushed * size:,} B in all, and {popped} are popped"
    if len(poppers) > 1:
        return f"{counted}: {' and '.join(poppers)} both pop it, and only one kernel may: leave it to one, or give each a CB of its own"
    if pushed < popped:
        return f"{counted}: a pop gives back pages that were never there; wait for each with cb_wait_front first"
    return f"{counted}, {popped * size:,} B: {pushed - popped} stay behind" + _units(cb, pushed, popped)


def _units(cb: CircularBuffer, pushed: int, popped: int) -> str:
    """One side may count sticks, 32 a tile row, the other tiles."""
    stick = cb.page_size % 64 == 0 and cb.page_size != cb.format.tile_bytes
    if pushed % 32 == 0 and popped and pushed % popped == 0 and (stick or pushed // popped == 32):
        return "; does one side count sticks, and the other tiles?"
    return ""


def _sections(core: Core) -> Iterator[Finding]:
    """Compute kernels that do not close what they open."""
    for risc in (core.math, core.pack):
        kind = Entry.MATH if risc is core.math else Entry.PACK
        opens, closes = (_count(risc, entry, kind) for entry in _CLOSES[kind])
        if opens != closes:
            first, second = (f"tile_regs_{entry.value}" for entry in _CLOSES[kind])
            sentence = f"{risc.code.co_name} calls {first}() {opens} times and {second}() {closes} times"
            yield Finding(Kind.SECTIONS, sentence, cores=(core.xy,))


def _count(risc: Trisc, wanted: Entry, kind: Entry) -> int:
    total = 0
    for entry in risc.queue:
        if isinstance(entry, Marker):
            total += entry.kind is wanted
        elif entry.per and entry.kind is kind:
            total += entry.n // entry.per
    return total


def _unused(device: DryDevice, program: ProgramDescriptor) -> Iterator[Finding]:
    for descriptor in program.cbs:
        cores = [device.cores[xy] for xy in descriptor.core_ranges.cores() if xy in device.cores]
        named = {index for core in cores if isinstance(core, DryCore) for index in core.touched}
        indices = [f.buffer_index for f in descriptor.format_descriptors]
        pages = max(descriptor.total_size // f.page_size for f in descriptor.format_descriptors)
        if cores and pages > 1 and not named & set(indices):  # one page may hold an index that a variant leaves unused
            label = " and ".join(f"c_{index}" for index in indices)
            size = descriptor.total_size
            sentence = (
                f"no kernel names {label}: its {size:,} bytes of L1 serve nobody; use it, or leave its CBDescriptor out"
            )
            yield Finding(Kind.UNUSED_CB, sentence, cb=f"c_{indices[0]}", cores=(cores[0].xy,))


def _semaphores(device: DryDevice, program: ProgramDescriptor) -> Iterator[Finding]:
    described = {(xy, s.id) for s in program.semaphores for xy in s.core_ranges.cores()}
    for (xy, number), site in device.used.items():
        if (xy, number) not in described:
            sentence = (
                f"semaphore {number} of core {xy} is used, but the program describes none of that number there: its first "
                f"value is whatever lies in L1; add SemaphoreDescriptor({number}, cores, 0)"
            )
            yield Finding(Kind.UNDESCRIBED_SEMAPHORE, sentence, () if site is None else (str(site),), cores=(xy,))
