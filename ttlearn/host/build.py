"""Putting a program on a device: checks every part of it, places CBs and semaphores, starts the kernels.

Every message names the part, its value and the limit. A compute kernel is started three times, once a TRISC.
Left out: running it (program).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import HostError
from ..sim.arithmetic import ARITHMETIC
from ..sim.cb import CircularBuffer
from ..sim.device import Core, Device
from ..sim.formats import float32
from ..sim.jitter import START
from ..sim.sched import Risc
from ..sim.trisc import Trisc
from .descriptors import (
    CBDescriptor,
    ComputeConfigDescriptor,
    DataMovementConfigDescriptor,
    DataMovementProcessor,
    KernelDescriptor,
    ProgramDescriptor,
    RuntimeArgs,
    SourceType,
    UnpackToDestMode,
)
from .kernel_names import look


def build(device: Device, program: ProgramDescriptor, strict: bool = True) -> None:
    """Place CBs and semaphores, check and start all kernels."""
    if program.numerics not in ARITHMETIC:
        known = " or ".join(f'numerics="{name}"' for name in ARITHMETIC)
        raise HostError(f"ProgramDescriptor(numerics={program.numerics!r}): no such arithmetic; write {known}")
    kernels = [translated(kernel) for kernel in program.kernels]
    for kernel in kernels:
        _check_function(kernel)
        look(kernel.kernel_source)
    for kernel in kernels:
        for xy in kernel.core_ranges.cores():
            _check_core(device, xy, kernel.name)
            device.core(xy)
    for descriptor in program.cbs:
        cores = [device.cores[xy] for xy in descriptor.core_ranges.cores() if xy in device.cores]
        base = max((core.l1.top for core in cores), default=0)  # one address on all its cores (unverified)
        for core in cores:
            core.l1.top = base
            _place_cb(core, descriptor)
    for semaphore in program.semaphores:
        if not 0 <= semaphore.id < 16:
            raise HostError(f"semaphore {semaphore.id}: a core has semaphores 0 to 15; choose one of them")
        for xy in semaphore.core_ranges.cores():
            if xy in device.cores:
                address = device.arch.semaphore_base + 16 * semaphore.id
                device.cores[xy].l1.data[address : address + 4].view("u4")[0] = semaphore.initial_value
    for core in device.cores.values():
        core.math.arithmetic = ARITHMETIC[program.numerics]
        _check_l1(core)
        core.wire()
    for number, kernel in enumerate(kernels, 1):
        arguments = _runtime_args(kernel)
        for xy in kernel.core_ranges.cores():
            _start(device.cores[xy], kernel, number, arguments.get(tuple(xy), []), strict)
    for core in device.cores.values():
        for risc in core.riscs:
            if risc.kernel is not None:  # only now: a coroutine that is made and never run is a warning of Python's
                risc.coro = coro = risc.kernel.kernel_source()
                risc.frame = coro.cr_frame


def translated(kernel: KernelDescriptor) -> KernelDescriptor:
    """With the kernel as a function: C++ is read, with the descriptor's defines."""
    source = kernel.kernel_source
    if not isinstance(source, (str, Path)):
        return kernel
    from ..cpp.read import read  # only here: its parsers are an extra that few programs need

    path = Path(source) if kernel.source_type is SourceType.FILE_PATH else source
    return replace(kernel, kernel_source=read(path, _kind(kernel), kernel.defines))


def _kind(kernel: KernelDescriptor) -> str:
    config = kernel.config
    if isinstance(config, ComputeConfigDescriptor):
        return "compute"
    return "reader" if getattr(config, "processor", None) is DataMovementProcessor.RISCV_1 else "writer"


def _check_function(kernel: KernelDescriptor) -> None:
    source = kernel.kernel_source
    if inspect.iscoroutinefunction(source) and inspect.isfunction(source):
        names = ", ".join(inspect.signature(source).parameters)
        if names:
            raise HostError(
                f"kernel {kernel.name} has parameters ({names}); a kernel has none: it asks for its arguments "
                "with get_arg_val(...) and get_compile_time_arg_val(...)"
            )
        return
    if inspect.iscoroutine(source):
        source.close()
        raise HostError(
            f"kernel_source is {source.__name__}(), a call; give the function itself, without parentheses: {source.__name__}"
        )
    if inspect.isgeneratorfunction(source) or inspect.isasyncgenfunction(source):
        raise HostError(
            f"kernel_source {kernel.name} is a generator (it uses `yield`); write it as `async def {kernel.name}():` "
            "and use `await` where it waits"
        )
    if inspect.isfunction(source):
        raise HostError(
            f"kernel_source {kernel.name} is a plain function; write `async def {kernel.name}():`, "
            "so that it can wait with `await`"
        )
    raise HostError(f"kernel_source must be an `async def` function, or C++ (its path or text), not {source!r}")


def _check_core(device: Device, xy: tuple[int, int], what: str) -> None:
    width, height = device.arch.grid
    if not (0 <= xy[0] < width and 0 <= xy[1] < height):
        raise HostError(
            f"{what}: core ({xy[0]}, {xy[1]}) is outside the grid of {device.arch.name}, "
            f"(0, 0) to ({width - 1}, {height - 1})"
        )


def _place_cb(core: Core, descriptor: CBDescriptor) -> None:
    total, arch = descriptor.total_size, core.device.arch
    for f in descriptor.format_descriptors:
        if not 0 <= f.buffer_index < arch.cb_limit:
            raise HostError(
                f"c_{f.buffer_index}: {arch.name} has {arch.cb_limit} circular buffers a core, "
                f"c_0 to c_{arch.cb_limit - 1}; choose a free index"
            )
        if f.buffer_index in core.cbs:
            raise HostError(f"c_{f.buffer_index} is described twice on core {core.xy}; give each CB its own index")
        if f.page_size <= 0 or total <= 0 or total % f.page_size:
            raise HostError(
                f"c_{f.buffer_index}: total_size {total} is not a whole number of pages of {f.page_size} bytes; "
                f"use {_near(total, f.page_size)}"
            )
    base = core.l1.place(total)
    for f in descriptor.format_descriptors:
        aliased = len(descriptor.format_descriptors) > 1
        pages = total // f.page_size
        core.add_cb(CircularBuffer(f.buffer_index, base, f.page_size, pages, f.data_format, aliased))


def _near(total: int, page: int) -> str:
    if page <= 0:
        return "a page_size above 0"
    less = total // page * page
    return f"{less} or {less + page}" if less > 0 else f"{page}, one page"


def _check_l1(core: Core) -> None:
    arch = core.device.arch
    budget = arch.l1_bytes - arch.cb_base
    used = core.l1.top - arch.cb_base
    if used <= budget:
        return
    rows = sorted(core.cbs.values(), key=lambda cb: -cb.size)
    table = "\n".join(
        f"  c_{cb.index:<3} {cb.num_pages:>5} pages x {cb.page_size:>6} B = {cb.size:>9,} B" for cb in rows
    )
    raise HostError(
        f"the circular buffers of core {core.xy} need {used:,} bytes of L1, but only {budget:,} are there "
        f"({used - budget:,} too many):\n{table}\nShrink the largest: fewer pages of c_{rows[0].index}, or smaller blocks"
    )


def _runtime_args(kernel: KernelDescriptor) -> dict[tuple[int, ...], list[int]]:
    given = kernel.runtime_args
    pairs: Iterable[Any] = given.items() if isinstance(given, (RuntimeArgs, dict)) else given
    return {tuple(core): list(values) for core, values in pairs}


def _start(core: Core, kernel: KernelDescriptor, number: int, arguments: list[int], strict: bool) -> None:
    config = kernel.config
    if isinstance(config, ComputeConfigDescriptor):
        riscs: tuple[Risc, ...] = (core.unpack, core.math, core.pack)
        _configure(core, config)
    elif isinstance(config, DataMovementConfigDescriptor):
        riscs = (_mover(core, kernel, config),)
    else:
        raise HostError(
            f"{kernel.name}: config must be ReaderConfigDescriptor(), WriterConfigDescriptor(), "
            f"DataMovementConfigDescriptor(...) or ComputeConfigDescriptor(...), not {config!r}"
        )
    for risc in riscs:
        if risc.kernel is not None:
            raise HostError(
                f"core {core.xy} has two compute kernels, {risc.kernel.name} and {kernel.name}; "
                "a core runs one: join them, or give them different cores"
            )
        source: Any = kernel.kernel_source
        risc.kernel, risc.kernel_id, risc.code = kernel, number, source.__code__
        risc.compile_time_args, risc.named_args = list(kernel.compile_time_args), dict(kernel.named_compile_time_args)
        risc.runtime_args, risc.common_args = arguments, list(kernel.common_runtime_args)
        risc.t = risc.start = core.device.arch.launch + core.device.jitter(START)
        if isinstance(risc, Trisc):
            risc.strict = strict


def _configure(core: Core, config: ComputeConfigDescriptor) -> None:
    limit = (4 if config.fp32_dest_acc_en else 8) * (2 if config.dst_full_sync_en else 1)
    core.engine.sections = 1 if config.dst_full_sync_en else 2
    math, pack = core.math, core.pack
    math.fidelity, math.fp32_dest = config.math_fidelity, config.fp32_dest_acc_en
    core.unpack.limit = math.limit = pack.limit = limit
    for index, cb in core.cbs.items():
        modes = config.unpack_to_dest_mode[index : index + 1]
        cb.to_dest = UnpackToDestMode.UnpackToDestFp32 in modes and cb.format is float32


def _mover(core: Core, kernel: KernelDescriptor, config: DataMovementConfigDescriptor) -> Risc:
    risc = core.brisc if config.processor.value == "BRISC" else core.ncrisc
    for other in (core.brisc, core.ncrisc):
        if other.kernel is None:
            continue
        if other is risc:
            raise HostError(
                f"core {core.xy}: {other.kernel.name} and {kernel.name} both run on {risc.name}; give one of them "
                "ReaderConfigDescriptor() (NCRISC) and the other WriterConfigDescriptor() (BRISC)"
            )
        if other.kernel.config.noc == config.noc:
            raise HostError(
                f"core {core.xy}: {other.kernel.name} and {kernel.name} both use NOC {config.noc}; "
                "two data-movement kernels of a core must use different NOCs"
            )
    return risc
