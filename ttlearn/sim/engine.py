"""The compute engine: three queues in order, coupled by SrcA/SrcB, by the DST sections and by nothing else.

The entries depend only on their issue times and on each other, so their times can be worked out as soon as
they are issued, in any order. What others can see, a push or a pop, becomes an event on the clock. A thread
that can go no further keeps its entry and the reason: that is what a hang report reads.
Left out: the numbers (values); instruction-level detail below one tile.
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING

from .batch import Slots
from .roles import Math, Pack, Unpack
from .stream import stream, stream_sections
from .trisc import Trisc
from .values import Values
from .waits import Order
from .work import Kind, Marker, Work

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

    def work(self) -> Work | Marker | None:
        return self.queue[self.at] if self.at < len(self.queue) else None

    def step(self, work: Work, begin: int, end: int) -> None:
        """One tile of `work` took place."""
        work.starts.append(begin)
        work.ends.append(end)
        self.advance(work, 1, end)

    def advance(self, work: Work, n: int, end: int) -> None:
        """The next n tiles of `work` are done."""
        self.free, self.blocked = end, ""
        self.k += n
        if self.k == work.n:
            self.at, self.k = self.at + 1, 0

    def pass_by(self, entry: Marker, time: int) -> None:
        """A sync entry took effect."""
        entry.time = self.free = time
        self.blocked = ""
        self.at += 1

    def due(self, work: Work | Marker) -> int:
        stamp = work.stamp_of(self.k)
        return stamp if stamp > self.free else self.free


class Engine:
    """The Tensix engine of one core. `pump()` takes every thread as far as it can go."""

    def __init__(self, core: Core, unpack: Unpack, math: Math, pack: Pack) -> None:
        self.core, self.arch = core, core.device.arch
        self.unpack, self.math, self.pack = Thread(unpack), Thread(math), Thread(pack)
        self.values = Values(core, math)
        self.math_risc = math
        self.sections = 2  # DST sections: one in full sync
        self.given = (0, 0)  # valid halves of SrcA, SrcB unpacked so far
        self.taken = (0, 0)  # and consumed
        self.supply: deque[tuple[int, int, int, Work, int]] = deque()  # (given a, given b, ready, run, tile)
        self.takes: deque[tuple[int, int, int, int]] = deque()  # (taken a, taken b, start, end)
        self.commits, self.releases = array("q"), array("q")  # when each DST section was handed over, and given back
        self.held: dict[int, tuple[Slots, Order]] = {}  # what is in the sections between the two, by number
        self.math_order: Order = {}
        self.pack_order: Order = {}
        self._heard: Order = {}  # the last order that MATH took in
        self._pack_heard: Order = {}  # and PACK
        for thread in (self.unpack, self.math, self.pack):
            thread.risc.engine, thread.risc.thread = self, thread

    def pump(self) -> None:
        while self._math() | self.pack_on() | self._unpack():
            pass

    @property
    def idle(self) -> bool:
        return all(t.work() is None for t in (self.unpack, self.math, self.pack)) and self.room()

    # ---- UNPACK -------------------------------------------------------------------------------------------

    def _unpack(self) -> bool:
        thread, moved = self.unpack, False
        while (work := thread.work()) is not None and self.room():
            begin = thread.due(work)
            if isinstance(work, Marker):
                thread.pass_by(work, begin)
                self._effect(begin, work, thread.at)
            elif not self._unpack_tile(thread, work, begin):
                break
            moved = True
        return moved

    def _unpack_tile(self, thread: Thread, work: Work, begin: int) -> bool:
        if work.conf.format_a is None or work.conf.program is None:
            thread.blocked = "unconfigured"
            return False
        ready = begin + self.unpack_cycles(thread, work)
        self.given = (self.given[0] + work.halves[0], self.given[1] + work.halves[1])
        self.supply.append((*self.given, ready, work, thread.k))
        thread.step(work, begin, ready)
        return True

    def room(self) -> bool:
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

    def unpack_cycles(self, thread: Thread, work: Work) -> int:
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
            if isinstance(work, Marker):
                if not self._math_sync(thread, work):
                    break
            elif work.kind is Kind.SFPU:
                self.values.sfpu(work, thread.k)
                begin = thread.due(work)
                thread.step(work, begin, begin + work.conf)
            elif not (work.per and stream_sections(self)):
                if work.per and thread.k % work.per == 0 and not self._open(thread, work):
                    break
                if not stream(self):
                    self._unpack()
                    if not self._math_tile(thread, work):
                        break
                if work.per and len(work.ends) % work.per == 0:
                    self._commit(max(thread.free, work.closed(len(work.ends) - 1)), work.order)
            moved = True
        return moved

    def _open(self, thread: Thread, work: Work) -> bool:
        """The next DST section of a run that takes its sections itself."""
        opened = self._acquire(max(thread.free, work.opened(thread.k)), work)
        thread.free = thread.free if opened is None else opened
        return opened is not None

    def _math_sync(self, thread: Thread, work: Marker) -> bool:
        begin = thread.due(work)
        if work.kind is Kind.ACQUIRE:
            opened = self._acquire(begin, work)
            if opened is None:
                return False
            begin = opened
        else:
            self._commit(begin, work.order)
        thread.pass_by(work, begin)
        return True

    def _acquire(self, begin: int, work: Work | Marker) -> int | None:
        """A free section: MATH may be ahead of PACK's releases by as many as there are sections."""
        if not work.conf.synced:
            self.math.blocked = "unconfigured"
            return None
        behind = len(self.commits) - self.sections
        if behind >= len(self.releases):
            self.pack_on()
            if behind >= len(self.releases):
                self.math.blocked = "dst full"
                return None
        return max(begin, self.releases[behind]) if behind >= 0 else begin

    def _commit(self, time: int, order: Order) -> None:
        self.math.free = time
        self.hear(order)
        self.held[len(self.commits)] = self.values.commit(), self.math_order
        self.commits.append(time)

    def hear(self, order: Order) -> None:
        if order is not self._heard:
            self._heard = order
            self.math_order = self.core.observer.join(self.math_order, order)

    def _math_tile(self, thread: Thread, work: Work) -> bool:
        program, begin = work.conf.program, thread.due(work)
        if program is None:
            thread.blocked = "unconfigured"
            return False
        need_a, need_b = self.taken[0] + work.halves[0], self.taken[1] + work.halves[1]
        short = self.given[0] < need_a or self.given[1] < need_b
        if short or (work.halves == (0, 0) and self.given == self.taken):  # even who releases nothing wants an operand
            thread.blocked = "src empty"
            return False
        while len(self.supply) > 1 and (self.supply[0][0] < need_a or self.supply[0][1] < need_b):
            self.supply.popleft()
        _, _, ready, source, tile = self.supply[0]
        begin = max(begin, ready)
        end = begin + program.cycles(self.math_risc.fidelity, self.arch)
        self.taken = (need_a, need_b)
        self.takes.append((need_a, need_b, begin, end))
        self.hear(source.order)
        self.values.math(work, thread.k, source, tile, 1)
        thread.step(work, begin, end)
        return True

    # ---- PACK ---------------------------------------------------------------------------------------------

    def pack_on(self) -> bool:
        """Take PACK as far as it can go."""
        thread, moved = self.pack, False
        while (work := thread.work()) is not None:
            begin, per = thread.due(work), work.per
            if work.kind is Kind.WAIT or (per and thread.k % per == 0):
                if len(self.releases) >= len(self.commits):
                    thread.blocked = "dst empty"
                    break
                section = len(self.releases)
                self.hear_pack(self.held[section][1])
                begin = max(begin, self.commits[section], work.opened(thread.k) if isinstance(work, Work) else 0)
            if isinstance(work, Work):
                if work.conf.format is None:
                    thread.blocked = "unconfigured"
                    break
                self._pack_tiles(thread, work, begin)
            else:
                if work.kind is Kind.RELEASE:
                    self._release(begin)
                thread.pass_by(work, begin)
                if work.kind is Kind.PUSH:
                    work.order = self.core.observer.join(work.order, self.pack_order)
                    self._effect(begin, work, self.values.seal())
            moved = True
        return moved

    def _release(self, time: int) -> None:
        self.held.pop(len(self.releases), None)  # its tiles are packed
        self.releases.append(time)

    def hear_pack(self, order: Order) -> None:
        if order is not self._pack_heard:
            self._pack_heard = order
            self.pack_order = self.core.observer.join(self.pack_order, order)

    def pack_cycles(self, work: Work) -> int:
        if work.conf.untilize:
            return self.arch.untilize[0] + self.arch.untilize[1] // int(work.conf.block)
        return self.arch.pack * (2 if work.conf.format.itemsize == 4 else 1)

    def _pack_tiles(self, thread: Thread, work: Work, begin: int) -> None:
        """The rest of `work`, or of its section."""
        section, k = len(self.releases), thread.k
        slots = self.held[section][0] if section in self.held else self.values.slots
        cycles = self.pack_cycles(work)
        n = work.per - k % work.per if work.per else work.n - k
        self.values.pack(work, k, n, slots, self.core.observer.join(work.order, self.pack_order))
        due = work.stamp_of(k)
        for _ in range(n):
            begin = begin if begin > due else due
            work.starts.append(begin)
            begin += cycles
            work.ends.append(begin)
            due += work.step
        if work.per:
            begin = max(begin, work.closed(k))
            self._release(begin)
        thread.advance(work, n, begin)

    # ---- what others see ----------------------------------------------------------------------------------

    def _effect(self, time: int, entry: Marker, mark: int) -> None:
        """At `time` the data of all entries up to `mark` has moved, and the other side learns of it."""
        popped = entry.kind is Kind.POP

        def happen() -> None:
            if popped:
                self.values.load_until(mark)
            else:
                self.values.store_until(mark)
            self.core.publish(entry.detail, time, entry.order, entry.site, entry.risc, popped)

        self.core.device.clock.at(time, happen)
