"""What kernels print, in the order of the device clock.

RISCs run ahead of each other, so a line is held back until the clock has passed its cycle; lines of one cycle come in
the order of cores and RISCs. Left out: the print server's limits on the chip.
"""

from __future__ import annotations

import heapq
import sys

from ..sim.device import Device
from ..sim.sched import Risc
from ..sim.waits import Role, now


class Printer(list[str]):
    """Takes the place of stdout while kernels run: each line gets its cycle and RISC in front."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device, self.out = device, sys.stdout
        self.begun: dict[Risc, str] = {}  # a line comes in pieces: print() writes each argument by itself
        self.held: list[tuple[int, int, int, str, str]] = []  # (cycle, RISC's number, count, RISC, text)
        self.lines = 0

    def write(self, text: str) -> int:
        risc = now.risc
        if risc is None:
            return self.out.write(text)
        *lines, self.begun[risc] = (self.begun.get(risc, "") + text).split("\n")
        for line in lines:
            self._hold(risc, line)
        self._release(self.device.clock.now)
        return len(text)

    def finish(self) -> None:
        """Lines that were begun and never ended, and all that are held: also after a hang or an error."""
        for risc, text in self.begun.items():
            if text:
                self._hold(risc, text)
        self._release(sys.maxsize)

    def _hold(self, risc: Risc, line: str) -> None:
        core = f"{risc.core.xy} " if self.device.many else ""
        name = risc.name if risc.role is Role.MOVER else risc.role.name
        self.lines += 1
        heapq.heappush(self.held, (risc.t, risc.number, self.lines, core + name, line))

    def _release(self, cycle: int) -> None:
        """Nobody prints before the clock any more."""
        while self.held and self.held[0][0] < cycle:
            time, _, _, name, line = heapq.heappop(self.held)
            self.append(f"{time:>8} {name}: {line}")
            self.device.trace.prints.append((time, name.rpartition(" ")[2], line))
            self.out.write(self[-1] + "\n")

    def flush(self) -> None:
        self.out.flush()
