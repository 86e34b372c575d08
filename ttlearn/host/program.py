"""`generic_op`: checks a program, puts it on a device, runs it.

The device is fresh for every run, so nothing works by the grace of a program that ran before. Left out:
program caches, several programs at once, a device that is handed on.
"""

from __future__ import annotations

import sys

from ..debug.checks import Checks
from ..debug.hang import diagnose
from ..errors import DeviceHang, HostError, Stuck
from ..sim.arch import ARCHS, Arch
from ..sim.device import Device
from ..sim.sched import Risc
from ..sim.waits import Role, now
from .build import build
from .descriptors import ProgramDescriptor
from .guard import guard
from .run import Run
from .tensor import Tensor


def generic_op(
    tensors: list[Tensor],
    program: ProgramDescriptor,
    *,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
) -> Run:
    """Run `program` on `tensors`, the output last. `strict` raises at the first hazard; else they are listed.

    Raises HostError (the program does not fit), KernelError (misuse), Violation (strict), DeviceHang.
    """
    if now.risc is not None:
        raise HostError("generic_op inside a kernel: a kernel runs on the device; call generic_op on the host")
    device = Device(_arch(arch), seed, checks := Checks(strict))
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise HostError(f"generic_op takes tensors (tt.from_numpy, tt.allocate_tensor_on_device), not {tensor!r}")
    if not tensors:
        raise HostError("generic_op needs at least the output tensor, as the last of its list")
    tensors[-1].poison()
    buffers = [device.dram.attach(t.place(device.arch.dram_alignment, device.arch.dram_banks)) for t in tensors]
    build(device, program, strict)
    checks.start(device, buffers)
    run = program.last_run = Run(device, tensors, checks.violations, printer := _Printer(device), program)
    riscs = [risc for core in device.cores.values() for risc in core.riscs if risc.coro is not None]
    for risc in riscs:
        device.clock.at(risc.t, risc.resume)
    stdout, sys.stdout = sys.stdout, printer
    try:
        with guard():
            device.run()
        checks.finished(device)
    except Stuck:
        raise DeviceHang(diagnose(device), run) from None
    finally:
        sys.stdout = stdout
        printer.finish()
        now.clear()
        for risc in riscs:
            risc.owed = None
            if risc.coro is not None:
                risc.coro.close()
        device.dram.settle(float("inf"))  # what has been sent arrives, also when the device hangs
        device.trace.tiles = [w for c in device.cores.values() for t in (c.unpack, c.math, c.pack) for w in t.queue]
        for tensor, buffer in zip(tensors, buffers, strict=True):
            tensor.take(buffer)
    return run


class _Printer(list[str]):
    """Takes the place of stdout while kernels run: each line gets its cycle and RISC in front."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device, self.out = device, sys.stdout
        self.begun: dict[Risc, str] = {}  # a line comes in pieces: print() writes each argument by itself

    def write(self, text: str) -> int:
        risc = now.risc
        if risc is None:
            return self.out.write(text)
        *lines, self.begun[risc] = (self.begun.get(risc, "") + text).split("\n")
        self._lines(risc, lines)
        return len(text)

    def finish(self) -> None:
        """Lines that were begun and never ended."""
        for risc, text in self.begun.items():
            self._lines(risc, [text] if text else [])

    def _lines(self, risc: Risc, lines: list[str]) -> None:
        for line in lines:
            core = f"{risc.core.xy} " if self.device.many else ""
            name = risc.name if risc.role is Role.MOVER else risc.role.name
            self.append(f"{risc.t:>8} {core}{name}: {line}")
            self.device.trace.prints.append((risc.t, name, line))
            self.out.write(self[-1] + "\n")

    def flush(self) -> None:
        self.out.flush()


def _arch(name: str) -> Arch:
    if name not in ARCHS:
        raise HostError(f"arch {name!r} is not known; choose one of {', '.join(ARCHS)}")
    return ARCHS[name]
