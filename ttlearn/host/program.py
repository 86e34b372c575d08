"""`generic_op`: checks a program, puts it on a device, runs it.

The device is fresh for every run, so nothing works by the grace of a program that ran before. Left out:
program caches, several programs at once, a device that is handed on.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from ..cells.steps import border
from ..debug.strict.checks import Checks
from ..errors import DeviceHang, HostError, Stuck
from ..sim.arch import ARCHS, Arch
from ..sim.device import Device
from ..sim.waits import now
from .build import build
from .descriptors import ProgramDescriptor
from .forgotten import drop, forgotten
from .guard import guard
from .printer import Printer
from .run import Run
from .tensor import Tensor


@border
def generic_op(
    tensors: list[Tensor],
    program: ProgramDescriptor,
    *,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
    expected: Any = None,
    diagnose: bool = True,
) -> Run:
    """Run `program` on `tensors`, the output last (in place: an input, too). `strict` raises at the first hazard; else they are listed.

    `expected`: the right output, by which a suggested change is judged. `diagnose=False` leaves the explanation of a
    hang out: finding it is an exercise. Raises HostError (the program does not fit), KernelError (misuse), Violation (strict), DeviceHang.
    """
    if now.risc is not None:
        raise HostError("generic_op inside a kernel: a kernel runs on the device; call generic_op on the host")
    with forgotten():
        return _run(tensors, program, arch, strict, seed, expected, diagnose)


def _run(
    tensors: list[Tensor],
    program: ProgramDescriptor,
    arch: str,
    strict: bool,
    seed: int | None,
    expected: Any,
    diagnose: bool,
) -> Run:
    device = Device(_arch(arch), seed, checks := Checks(strict))
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise HostError(f"generic_op takes tensors (tt.from_numpy, tt.allocate_tensor_on_device), not {tensor!r}")
    if not tensors:
        raise HostError("generic_op needs at least the output tensor, as the last of its list")
    if not any(tensor is tensors[-1] for tensor in tensors[:-1]):  # an op in place reads what its output holds
        tensors[-1].poison()
    buffers = [device.dram.attach(t.place(device.arch.dram_alignment, device.arch.dram_banks)) for t in tensors]
    build(device, program, strict)
    checks.start(device, buffers)
    hung = False
    run = program.last_run = Run(device, tensors, checks.violations, printer := Printer(device), program)
    riscs = [risc for core in device.cores.values() for risc in core.riscs if risc.coro is not None]
    for risc in riscs:
        device.clock.at(risc.t, risc.resume)
    stdout, sys.stdout, started = sys.stdout, printer, time.monotonic()
    try:
        with guard():
            device.run()
        checks.finished(device)
    except Stuck:
        hung = True
    finally:
        sys.stdout = stdout
        printer.finish()
        now.clear()
        for risc in riscs:
            drop(risc)
            risc.stop()
        device.dram.settle(float("inf"))  # what has been sent arrives, also when the device hangs
        device.trace.tiles = [w for c in device.cores.values() for t in (c.unpack, c.math, c.pack) for w in t.queue]
        for tensor, buffer in zip(tensors, buffers, strict=True):
            tensor.take(buffer)
        device.let_go()
    if hung:
        raise DeviceHang(_explained(run, arch, expected, time.monotonic() - started) if diagnose else None, run)
    return run


def _explained(run: Run, arch: str, expected: Any, seconds: float) -> Any:
    """The diagnosis, with a change that has been tried."""
    from ..debug.hang import diagnosis  # only here: most programs finish, and need not wait for it
    from .changes import suggest

    with guard():  # kernels are rehearsed
        found = diagnosis.diagnose(run.device)
    assert run.program is not None

    def attempt(tensors: list[Tensor], program: ProgramDescriptor) -> Run:
        return generic_op(tensors, program, arch=arch, diagnose=False)

    found.change = suggest(found, run.tensors, run.program, attempt, expected, seconds)
    return found


def _arch(name: str) -> Arch:
    if name not in ARCHS:
        raise HostError(f"arch {name!r} is not known; choose one of {', '.join(ARCHS)}")
    return ARCHS[name]
