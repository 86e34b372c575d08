"""The one place in the package where a kernel can suspend, and what it waits on.

A wait call returns a `Wait`; awaiting it is the trap. A promise already kept only moves the RISC's own time.
One made and never awaited is an error at the RISC's next call. Left out: who runs next (sched).
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Generator
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..errors import KernelError
from .trace import Site

if TYPE_CHECKING:
    from .sched import Risc


Order = dict[int, int]  # who has been heard of up to which release; kept by the checks, carried here


class History:
    """A counter seen by the other side: (time from which it is seen, value), and who sleeps on it."""

    __slots__ = ("name", "orders", "sleepers", "times", "values")

    def __init__(self, name: str, value: int = 0) -> None:
        self.name = name
        self.times: list[int] = [0]
        self.values: list[int] = [value]
        self.orders: list[Order | None] = [None]
        self.sleepers: list[Risc] = []

    def add(self, time: int, value: int, order: Order | None) -> None:
        self.times.append(max(time, self.times[-1]))
        self.values.append(value)
        self.orders.append(order)

    def at(self, time: int) -> int:
        """The value that is seen at `time`."""
        k = len(self.times) - 1
        while self.times[k] > time and k:
            k -= 1
        return self.values[k]

    def first(self, time: int, holds: Callable[[int], bool]) -> int | None:
        """Index of the earliest entry in force at or after `time` for which `holds(value)`."""
        k = n = len(self.times)
        while k > 1 and self.times[k - 1] > time:
            k -= 1
        for i in range(k - 1, n):
            if holds(self.values[i]):
                return i
        return None

    def reached(self, value: int, entry: int) -> int:
        """The entry, at most `entry`, by which a growing counter first reached `value`."""
        return min(entry, bisect.bisect_left(self.values, value))


class ClockFirst(Enum):
    """Yielded to let everything earlier on the clock happen first; a bare `yield` (asyncio.sleep(0)) is not that."""

    SYNC = 0


SYNC = ClockFirst.SYNC


class Wait:
    """What a wait call returns. `await` it: that is the only way a kernel can suspend."""

    __slots__ = ("args", "call", "on", "ready", "result", "risc", "site", "sync")

    def __init__(
        self,
        risc: Risc,
        call: str,
        args: tuple[Any, ...],
        on: History | list[Risc],
        ready: Callable[[int], int | None],
        site: Site,
    ) -> None:
        self.risc, self.call, self.args, self.site = risc, call, args, site
        self.on: list[Risc] = on.sleepers if isinstance(on, History) else on
        self.ready = ready  # (time) -> time from which the promise is kept, None if not yet known
        self.sync = False  # first let everything earlier on the clock happen
        self.result: Callable[[], Any] = _nothing
        risc.settle()
        risc.owed = self

    def __await__(self) -> Generator[Wait | ClockFirst, None, Any]:
        risc = self.risc
        if now.risc is not risc:
            raise KernelError(
                f"{self} is awaited in {now.risc and now.risc.name}, but was called in {risc.name}: {self.advice}"
            )
        risc.owed = None
        begin = risc.t
        if self.sync:
            yield SYNC
        time = self.ready(begin)
        while time is None:
            yield self
            time = self.ready(begin)
        if time > begin:
            risc.t = time
            risc.core.device.record(begin, time, risc, f"wait {self.call}", tuple(map(str, self.args)), self.site)
        risc.calls.append((begin, risc.t, self.call))
        risc.waits.append((begin, self.call, self.args, self.site))
        risc.spin(self.site)
        return self.result()

    def __bool__(self) -> bool:
        raise KernelError(no_truth(str(self), self.advice))

    @property
    def advice(self) -> str:
        return f"write `await {self.call}({'...' if self.args else ''})`"

    def __str__(self) -> str:
        return f"{self.call}({', '.join(map(str, self.args))})"


def no_truth(call: str, advice: str) -> str:
    return f"{call} in a condition gives nothing to test: {advice} on a line of its own"


def _nothing() -> None:
    return None


class NoWait:
    """A wait call in a RISC that has no part in it: nothing to wait for, nothing owed."""

    def __init__(self, call: str, value: Any = None) -> None:
        self.call, self.value = call, value

    def __await__(self) -> Generator[None, None, Any]:
        return self.value
        yield  # never reached: it makes this a generator

    def __bool__(self) -> bool:
        raise KernelError(no_truth(f"{self.call}(...)", f"write `await {self.call}(...)`"))


class Role(Enum):
    """What a RISC does in the program that runs on it."""

    NONE = 0
    MOVER = 1
    UNPACK = 2
    MATH = 3
    PACK = 4


class Now:
    """Which RISC is running, in which role; `None` and NONE outside a run."""

    __slots__ = ("risc", "role", "stretch")

    def __init__(self) -> None:
        self.stretch = 0  # counts the times a RISC was resumed
        self.clear()

    def clear(self) -> None:
        self.risc: Any = None
        self.role = Role.NONE


now = Now()
