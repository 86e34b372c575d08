"""The clock: who runs next.

Each RISC is a coroutine with its own time in cycles. The heap always resumes the earliest party. A wait
whose promise is already kept only moves the RISC's own time; otherwise the RISC sleeps on what it waits
for. When the heap is empty and somebody still sleeps, the device is stuck.
Left out: what the parties do (cb, noc, engine) and why a device is stuck (`ttlearn.debug`).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from ..errors import KernelError
from .garbage import seldom
from .jitter import WAIT
from .mistakes import awaited, in_helper
from .trace import CPP, Site, by_learner
from .waits import SYNC, Order, Role, Wait, now

if TYPE_CHECKING:
    from .cb import Ring
    from .device import Core


STOPS = 9  # times that a kernel is told to end: once for each `finally` that waits


class Risc:
    """One RISC-V core. States: `coro` set and `waiting` None (runnable), `waiting` set (asleep), `done`."""

    SPIN_LIMIT = 50_000  # waits in a row during which nothing on the whole device moved
    role = Role.MOVER
    fronts = backs = True  # which side of a CB this RISC serves

    def __init__(self, name: str, core: Core, number: int) -> None:
        self.name, self.core, self.number = name, core, number
        self.clock = core.device.clock
        self.t = 0
        self.order: Order = {}
        self.owed: Wait | None = None
        self.waiting: Wait | None = None
        self.done = False
        self.coro: Coroutine[Any, Any, None] | None = None
        self.kernel: Any = None  # host.KernelDescriptor
        self.kernel_id = 0  # its number in the program, from 1
        self.start = 0  # when its kernel began
        self.code: Any = None  # the kernel function's code object
        self.frame: Any = None  # and its frame while it runs
        self.compile_time_args: list[int] = []
        self.named_args: dict[str, int] = {}
        self.runtime_args: list[int] = []
        self.common_args: list[int] = []
        self.rings: list[Ring | None] = []
        self.calls: list[tuple[int, int, str]] = []  # (begin, end, call): waits, kept at once or not, and NOC requests
        self.waits: list[tuple[int, str, tuple[Any, ...], Site]] = []  # (begin, call, arguments, line) of those kept
        self.spins = self.seen = 0

    def settle(self) -> None:
        """Called by every API call first: a wait made before and never awaited is an error."""
        if self.owed is not None:
            wait, self.owed = self.owed, None
            error = KernelError(f"{wait} was never awaited ({wait.site}): {wait.advice}{in_helper(wait.site)}")
            error.places = (wait.site.place,)
            raise error

    def ring(self, index: int, call: str) -> Ring:
        """This RISC's view of a CB; an error if the program has none of that number."""
        if self.owed is not None:
            self.settle()
        ring = self.rings[index] if isinstance(index, int) and 0 <= index < len(self.rings) else None
        if ring is None:
            raise KernelError(self.core.unknown_cb(call, index))
        return ring

    def spin(self, site: Site) -> None:
        """Count the waits since anything moved: a loop that only waits would go on for ever."""
        if self.clock.rng:
            self.t += self.clock.rng.randrange(WAIT)
        progress = self.core.device.progress
        self.spins = self.spins + 1 if progress == self.seen else 0
        self.seen = progress
        if self.spins > self.SPIN_LIMIT:
            raise KernelError(
                f"{self.label} loops for ever at {site}: it awaited {self.SPIN_LIMIT:,} times and nothing on the device "
                "moved; give the loop an end, or let it wait for something that somebody does"
            )

    def resume(self) -> None:
        assert self.coro is not None
        self.waiting = None
        now.risc, now.role = self, self.role
        now.stretch += 1
        ended = False
        try:
            wait = self.coro.send(None)
        except StopIteration:
            wait, ended = None, True
        except (RuntimeError, TypeError, ZeroDivisionError) as error:
            told = self.explained(error)
            if told is None:
                raise
            raise told.with_traceback(error.__traceback__) from None
        finally:
            now.clear()
        if isinstance(wait, Wait):
            self.waiting = wait
            wait.on.append(self)
            self.pause()
        elif wait is SYNC:
            self.clock.at(self.t, self.resume)
            self.pause()
        elif ended:
            self.settle()
            self.done = True
            self.finish()
        else:
            raise self.foreign()

    def explained(self, error: Exception) -> KernelError | None:
        """Python's own words on a wrong `await`, and on what C++ would not survive, in the learner's; None: leave it."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        assert trace is not None
        code = trace.tb_frame.f_code
        site = Site(code, trace.tb_lasti, self.code, self.frame.f_lasti if code is not self.code else trace.tb_lasti)
        if isinstance(error, ZeroDivisionError) and code.co_filename.endswith(CPP):
            return KernelError(f"{self.label} divides by zero at {site}: look where the divisor comes from")
        if "'await' expression" in str(error) or "can't be awaited" in str(error):
            return KernelError(f"{self.label} awaits {awaited(site)}")
        return self.foreign() if "event loop" in str(error) else None

    def foreign(self) -> KernelError:
        site = Site(self.code, self.frame.f_lasti, self.code, self.frame.f_lasti)
        error = KernelError(
            f"{self.label} awaits something that is not ttlearn's, at {site}: there is no asyncio on the chip; "
            "a kernel awaits CBs, barriers and semaphores (`await cb_wait_front(...)`)"
        )
        error.places = (site.place,)
        return error

    def stop(self) -> None:
        """Let go of a kernel that has not ended. What it still tries in a `finally` does not count."""
        self.owed = None
        if self.waiting is not None:
            self.waiting.site = by_learner(self.waiting.site, self.coro)
        for _ in range(STOPS):
            try:
                if self.coro is not None:
                    self.coro.close()
                return
            except Exception:  # it waits again, or fails: its next part is ended too
                continue

    def pause(self) -> None:
        """The RISC sleeps (hook for TRISCs, whose engine runs on)."""

    def finish(self) -> None:
        """The kernel function has returned."""

    @property
    def label(self) -> str:
        kernel = getattr(self.code, "co_name", "idle")
        name = self.name if self.role is Role.MOVER else self.role.name
        return f"{name} ({kernel}) of core {self.core.xy}" if self.core.device.many else f"{name} ({kernel})"


class Clock:
    """The heap of due events. Ties go by insertion, or by a seeded draw when `seed` is given."""

    def __init__(self, seed: int | None = None) -> None:
        self.now = 0
        self.rng = random.Random(seed) if seed is not None else None
        self._heap: list[tuple[int, float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Do `action` when the clock reaches `time` (cycles)."""
        self._count += 1
        tie = self.rng.random() if self.rng else 0.0
        heapq.heappush(self._heap, (time, tie, self._count, action))

    def next_time(self) -> float:
        return self._heap[0][0] if self._heap else float("inf")

    def wake(self, sleepers: list[Risc]) -> None:
        """Something changed: resume those whose promise is kept by now, at the time it is kept."""
        for risc in sleepers[:]:
            assert risc.waiting is not None
            time = risc.waiting.ready(risc.t)
            if time is not None:
                sleepers.remove(risc)
                self.at(max(time, risc.t), risc.resume)

    def run(self) -> None:
        """Until nothing is due. The caller looks whether everybody is done."""
        heap = self._heap
        with seldom():
            while heap:
                time, _, _, action = heapq.heappop(heap)
                self.now = max(self.now, time)
                action()
