"""The compute engine: three queues in order, coupled by SrcA/SrcB, by the DST sections and by nothing else.

The entries depend only on their issue times and on each other, so their times can be worked out as soon as
they are issued, in any order. What others can see, a push or a pop, becomes an event on the clock. A thread
that can go no further keeps its entry and the reason: that is what a hang report reads.
Left out: the numbers (values); instruction-level detail below one tile.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .sched import Order
from .trisc import Kind, Math, Pack, Trisc, Unpack, Work
from .values import Slots, Values

if TYPE_CHECKING:
    from .device import Core

BANKS = 2  # unconsumed valid halves that SrcA, and SrcB, can hold


class Thread:
    """One engine thread: which entry it is at, which tile of it, when it is free, and why it cannot go on."""

    __slots__ = ("at", "blocked", "cycles", "free", "k", "queue", "risc", "sized")

    def __init__(self, risc: Trisc) -> None:
        self.risc, self.queue = risc, risc.queue
        self.at = self.k = self.free = self.cycles = 0
        self.blocked = ""
        self.sized: Work | None = None

    def work(self) -> Work | None:
        return self.queue[self.at] if self.at < len(self.queue) else None

    def step(self, work: Work, begin: int, end: int) -> None:
        """One tile of `work`, or a whole sync entry, took place."""
        work.starts.append(begin)
        work.ends.append(end)
        self.free = end
        self.blocked = ""
        self.k += 1
        if self.k == work.n:
            self.next()

    def next(self) -> None:
        self.at, self.k = self.at + 1, 0

    def due(self, work: Work) -> int:
        stamp = work.stamp + self.k * work.step
        return stamp if stamp > self.free else self.free


class Engine:
    """The Tensix engine of one core. `pump()` takes every thread as far as it can go."""

    def __init__(self, core: Core, unpack: Unpack, math: Math, pack: Pack) -> None:
        self.core, self.arch = core, core.device.arch
        self.unpack, self.math, self.pack = Thread(unpack), Thread(math), Thread(pack)
        self.values = Values(core, math)
        self.sections = 2  # DST sections: one in full sync
        self.given = (0, 0)  # valid halves of SrcA, SrcB unpacked so far
        self.taken = (0, 0)  # and consumed
        self.supply: deque[tuple[int, int, int, Work, int]] = deque()  # (given a, given b, ready, entry, tile)
        self.takes: deque[tuple[int, int, int, int]] = deque()  # (taken a, taken b, start, end)
        self.commits: list[tuple[int, Slots, Order]] = []
        self.releases: list[int] = []
        self.math_order: Order = {}
        self.pack_order: Order = {}
        for risc in (unpack, math, pack):
            risc.engine = self

    def pump(self) -> None:
        moved = True
        while moved:
            moved = self._stream()
            moved = self._unpack() or moved
            moved = self._math() or moved
            moved = self._pack() or moved

    @property
    def idle(self) -> bool:
        return all(t.work() is None for t in (self.unpack, self.math, self.pack)) and self._room()

    # ---- UNPACK -------------------------------------------------------------------------------------------

    def _unpack(self) -> bool:
        thread, moved = self.unpack, False
        while (work := thread.work()) is not None and self._room():
            begin = thread.due(work)
            if work.kind is Kind.POP:
                thread.step(work, begin, begin)
                self._effect(begin, work, thread.at)
            elif not self._unpack_tile(thread, work, begin):
                break
            moved = True
        return moved

    def _unpack_tile(self, thread: Thread, work: Work, begin: int) -> bool:
        program = work.conf.program
        if work.conf.format_a is None or program is None:
            thread.blocked = "unconfigured"
            return False
        ready = begin + self._unpack_cycles(thread, work)
        self.given = (self.given[0] + work.halves[0], self.given[1] + work.halves[1])
        self.supply.append((*self.given, ready, work, thread.k))
        thread.step(work, begin, ready)
        return True

    def _room(self) -> bool:
        """Has MATH taken all but the two halves a bank that may wait in Src? Only then is an unpack done."""
        need_a, need_b = self.given[0] - BANKS, self.given[1] - BANKS
        if self.taken[0] < need_a or self.taken[1] < need_b:
            self.unpack.blocked = "src full"
            return False
        while self.takes and (self.takes[0][0] < need_a or self.takes[0][1] < need_b):
            self.takes.popleft()
        if self.takes and (need_a > 0 or need_b > 0):
            a, b, start, end = self.takes[0]
            whole = a == need_a or b == need_b
            self.unpack.free = max(self.unpack.free, end if whole else start)
        return True

    def _unpack_cycles(self, thread: Thread, work: Work) -> int:
        if thread.sized is not work:
            conf = work.conf
            size = conf.format_a.tile_bytes + (conf.format_b.tile_bytes if conf.program.reads == 2 else 0)
            cycles = max(self.arch.unpack, round(size / self.arch.unpack_rate))
            thread.sized, thread.cycles = work, self.arch.tilize if conf.rows else cycles
        return thread.cycles

    # ---- MATH ---------------------------------------------------------------------------------------------

    def _math(self) -> bool:
        thread, moved = self.math, False
        while (work := thread.work()) is not None:
            begin = thread.due(work)
            if work.kind is Kind.ACQUIRE or work.own:
                opened = self._acquire(begin, work)
                if opened is None:
                    break
                begin = opened
            if work.kind in (Kind.ACQUIRE, Kind.COMMIT):
                if work.kind is Kind.COMMIT:
                    self._commit(begin, work)
                thread.step(work, begin, begin)
            elif work.kind is Kind.SFPU:
                self.values.sfpu(work, thread.k)
                thread.step(work, begin, begin + work.conf)
            elif not self._math_tile(thread, work, begin):
                break
            moved = True
        return moved

    def _acquire(self, begin: int, work: Work) -> int | None:
        """A free section: MATH may be ahead of PACK's releases by as many as there are sections."""
        if not work.conf.synced:
            self.math.blocked = "unconfigured"
            return None
        behind = len(self.commits) - self.sections
        if behind >= len(self.releases):
            self.math.blocked = "dst full"
            return None
        return max(begin, self.releases[behind]) if behind >= 0 else begin

    def _commit(self, time: int, work: Work) -> None:
        self.math_order = self.core.observer.join(self.math_order, work.order)
        self.commits.append((time, self.values.commit(), self.math_order))

    def _math_tile(self, thread: Thread, work: Work, begin: int) -> bool:
        program = work.conf.program
        if program is None:
            thread.blocked = "unconfigured"
            return False
        need_a, need_b = self.taken[0] + work.halves[0], self.taken[1] + work.halves[1]
        if self.given[0] < need_a or self.given[1] < need_b:
            thread.blocked = "src empty"
            return False
        while len(self.supply) > 1 and (self.supply[0][0] < need_a or self.supply[0][1] < need_b):
            self.supply.popleft()
        _, _, ready, source, tile = self.supply[0]
        begin = max(begin, ready)
        end = begin + program.cycles(self.math.risc.fidelity, self.arch)  # type: ignore[attr-defined]
        self.taken = (need_a, need_b)
        self.takes.append((need_a, need_b, begin, end))
        self.math_order = self.core.observer.join(self.math_order, source.order)
        self.values.math(work, thread.k, source, tile, 1)
        if work.own:
            self._commit(end, work)
        thread.step(work, begin, end)
        return True

    # ---- UNPACK and MATH in step --------------------------------------------------------------------------

    def _stream(self) -> bool:
        """The usual case, fast: runs whose halves match are timed tile by tile without further questions."""
        unpack, math = self.unpack, self.math
        source, work = unpack.work(), math.work()
        if source is None or work is None or source.kind is not Kind.UNPACK or work.kind is not Kind.MATH or work.own:
            return False
        conf, program = source.conf, work.conf.program
        if conf.format_a is None or conf.program is None or program is None or self.given != self.taken:
            return False
        gives = source.halves
        if gives != work.halves or not self._room():
            return False
        n = min(source.n - unpack.k, work.n - math.k)
        du = self._unpack_cycles(unpack, source)
        dm = program.cycles(math.risc.fidelity, self.arch)  # type: ignore[attr-defined]
        self.math_order = self.core.observer.join(self.math_order, source.order)
        self.values.math(work, math.k, source, unpack.k, n)
        u, m, lag = unpack.free, math.free, max(gives)
        e1, e2 = m, self.takes[-2][3] if len(self.takes) > 1 else 0  # ends of the last two MATH tiles
        su, sm = source.stamp + unpack.k * source.step, work.stamp + math.k * work.step
        us, ue, ms, me = source.starts.append, source.ends.append, work.starts.append, work.ends.append
        for _ in range(n):
            begin = u if u > su else su
            ready = begin + du
            start = m if m > sm else sm
            if ready > start:
                start = ready
            m = start + dm
            # an unpack is done when all but its last two halves have been taken
            u = start if lag > 2 else max(ready, e1 if lag == 2 else e2)
            e1, e2 = m, e1
            us(begin)
            ue(ready)
            ms(start)
            me(m)
            su += source.step
            sm += work.step
        for i in range(max(0, n - 3), n):
            a, b = self.taken[0] + (i + 1) * gives[0], self.taken[1] + (i + 1) * gives[1]
            self.takes.append((a, b, work.starts[i - n], work.ends[i - n]))
        self.given = self.taken = self.takes[-1][:2]
        self.supply.clear()
        unpack.free, math.free = u, m
        for thread, done in ((unpack, source), (math, work)):
            thread.blocked = ""
            thread.k += n
            if thread.k == done.n:
                thread.next()
        return True

    # ---- PACK ---------------------------------------------------------------------------------------------

    def _pack(self) -> bool:
        thread, moved = self.pack, False
        while (work := thread.work()) is not None:
            begin = thread.due(work)
            if work.kind is Kind.WAIT or work.own:
                if len(self.releases) >= len(self.commits):
                    thread.blocked = "dst empty"
                    break
                time, _, order = self.commits[len(self.releases)]
                self.pack_order = self.core.observer.join(self.pack_order, order)
                begin = max(begin, time)
            if work.kind is Kind.PACK:
                if work.conf.format is None:
                    thread.blocked = "unconfigured"
                    break
                self._pack_tile(thread, work, begin)
            else:
                if work.kind is Kind.RELEASE:
                    self.releases.append(begin)
                thread.step(work, begin, begin)
                if work.kind is Kind.PUSH:
                    work.order = self.core.observer.join(work.order, self.pack_order)
                    self._effect(begin, work, self.values.seal())
            moved = True
        return moved

    def _pack_tile(self, thread: Thread, work: Work, begin: int) -> None:
        section = len(self.releases)
        slots = self.commits[section][1] if section < len(self.commits) else self.values.slots
        conf, arch = work.conf, self.arch
        cycles = arch.pack * (2 if conf.format.itemsize == 4 else 1)
        if conf.untilize:
            cycles = arch.untilize[0] + arch.untilize[1] // conf.block
        n = 1 if work.own else work.n - thread.k
        order = self.core.observer.join(work.order, self.pack_order)
        self.values.pack(work, thread.k, n, slots, order)
        due = work.stamp + thread.k * work.step
        for _ in range(n):
            begin = max(begin, due)
            work.starts.append(begin)
            begin += cycles
            work.ends.append(begin)
            due += work.step
        thread.free, thread.blocked = begin, ""
        thread.k += n
        if work.own:
            self.releases.append(begin)
        if thread.k == work.n:
            thread.next()

    # ---- what others see ----------------------------------------------------------------------------------

    def _effect(self, time: int, work: Work, mark: int) -> None:
        """At `time` the data of all entries up to `mark` has moved, and the other side learns of it."""
        popped = work.kind is Kind.POP

        def happen() -> None:
            if popped:
                self.values.load_until(mark)
            else:
                self.values.store_until(mark)
            self.core.publish(work.detail, time, work.order, work.site, self._risc(popped), popped)

        self.core.device.clock.at(time, happen)

    def _risc(self, popped: bool) -> Any:
        return self.unpack.risc if popped else self.pack.risc
