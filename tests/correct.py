"""Correct programs, each as a function that makes (tensors, descriptor) afresh: nothing may be found in any of them.

Golden programs that finish on the chip, layernorm in all its variants, and habits that are legal though they look odd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import golden
import numpy as np
import pytest
import test_golden_hangs
import test_golden_layernorm
import test_golden_programs
from golden import Case
from programs import COMPUTE, CORE, PAGE, READER, TILE, WRITER, cb, empty, no_tiles, reader, rows, tensor, tiles, writer

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.layernorm.op import build, make_job

Program = tuple[list[tt.Tensor], tt.ProgramDescriptor]
Make = Callable[[], Program]

SETS = {
    "hangs": test_golden_hangs.KERNELS,
    "programs": test_golden_programs.KERNELS,
    "programs_fp32": test_golden_programs.KERNELS,
    "layernorm": test_golden_layernorm.KERNELS,
}
LEFT_OVER = "ok5_leftover_in_cb"  # finishes, and leaves pages where somebody pops: a hint says so


def program(case: Case, kernels: Any) -> Program:
    """A golden case's program."""
    a = case.arrays
    inputs: dict[str, Any] = {}
    if kernels is test_golden_layernorm.KERNELS:
        tilize = test_golden_layernorm.tilize
        inputs = {"x": a["x"], "s": tilize(a["scaler"]), "i": tilize(a["inv_std"])}
        inputs |= {"g": tilize(a["gamma"]), "b": tilize(a["beta"])}
    on = golden.tensors(case, inputs)
    return list(on.values()), golden.descriptor(case, on, kernels)


def golden_ok(load: Callable[[str], list[Case]]) -> dict[str, Make]:
    """Every golden program that finishes on the chip with the right data."""
    found: dict[str, Make] = {}
    for name, kernels in SETS.items():
        for case in load(name):
            if name != "hangs" or case.entry["observed"] == "finished":
                found[case.name] = partial(program, case, kernels)
    return found


def layernorm(width: int = 64, rows_: int = 64, **options: Any) -> Program:
    """The op's program."""
    rng = np.random.default_rng(3)
    gamma, beta = options.pop("gamma", True), options.pop("beta", True)
    parameters = rng.standard_normal((2, width))
    x = rng.standard_normal((rows_, width))
    job = make_job(x, parameters[0] if gamma else None, parameters[1] if beta else None, **options)
    return job.tensors, build(job)


def layernorms() -> dict[str, Make]:
    """Every design, on a small shape."""
    found: dict[str, Make] = {}
    for pages, style, recentre in product(("sticks", "tiles"), ("helpers", "raw"), (False, True)):
        options = {"pages": pages, "style": style, "recentre": recentre}
        found[f"layernorm {pages} {style}{' recentred' * recentre}"] = partial(layernorm, cores=2, **options)
    for given in product((False, True), repeat=2):
        found[f"layernorm gamma {given[0]} beta {given[1]}"] = partial(layernorm, gamma=given[0], beta=given[1])
    found["layernorm fp32"] = partial(layernorm, dtype=tt.float32)
    found["layernorm 16-bit DST"] = partial(layernorm, fp32_dest_acc_en=False)
    found["layernorm deeper CBs"] = partial(layernorm, cb_depth=5)
    found["layernorm depth 1"] = partial(layernorm, cb_depth=1)
    residual = np.random.default_rng(4).standard_normal((64, 64))
    for style in ("helpers", "raw"):
        found[f"layernorm residual {style}"] = partial(layernorm, residual=residual, style=style)
        found[f"rmsnorm {style}"] = partial(layernorm, rms=True, beta=False, style=style)
    streaming = partial(layernorm, design="streaming", block=1)
    found["streaming sticks"] = partial(streaming, cores=2)
    found["streaming tiles recentred"] = partial(streaming, pages="tiles", recentre=True, cores=2)
    found["streaming fp32"] = partial(streaming, rows_=32, dtype=tt.float32)
    found["streaming depth 1"] = partial(streaming, cb_depth=1)
    found["streaming residual"] = partial(streaming, residual=residual, gamma=False)
    found["streaming rmsnorm"] = partial(streaming, residual=residual, rms=True, beta=False)
    return found


# ---- legal, though it looks odd -----------------------------------------------------------------------------


def of(
    kernels: Sequence[tuple[Any, Any]], cbs: Sequence[tt.CBDescriptor], tensors: Sequence[tt.Tensor] = ()
) -> Program:
    """A program of (function, config) on core (0, 0)."""
    on = list(tensors or [rows(4), empty(4)])
    words = [word for t in on for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    addresses = [t.buffer_address() for t in on]
    made = [tt.KernelDescriptor(f, CORE, config, words, common_runtime_args=addresses) for f, config in kernels]
    return on, tt.ProgramDescriptor(made, list(cbs))


async def reads_with_constant() -> None:
    await cb_reserve_back(1, 1)
    noc_async_read_page(3, tensor(0), get_write_ptr(1))
    await noc_async_read_barrier()
    cb_push_back(1, 1)
    await reader()


async def adds_the_constant() -> None:
    compute_kernel_hw_startup(0, 1, 16)
    add_init(0, 1)
    for _ in range(4):
        await cb_wait_front(1, 1)
        await cb_wait_front(0, 1)
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        add_tiles(0, 1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_pop_front(0, 1)
        cb_push_back(16, 1)


async def takes_two_and_two() -> None:
    """From c_16: waits for two, pops one, twice."""
    for i in range(0, 4, 2):
        await cb_wait_front(16, 2)
        for k in range(2):
            noc_async_write_page(i + k, tensor(1), get_read_ptr(16))
            await noc_async_write_barrier()
            cb_pop_front(16, 1)


async def takes_more_and_more() -> None:
    """From c_0: cumulative waits, one pop."""
    for i in range(4):
        await cb_wait_front(0, i + 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(0) + i * PAGE)
    await noc_async_write_barrier()
    cb_pop_front(0, 4)


async def fills_c_0_pushes_c_1() -> None:
    for i in range(4):
        await cb_reserve_back(0, 1)
        await cb_reserve_back(1, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        cb_push_back(1, 1)


async def drains_c_1() -> None:
    for i in range(4):
        await cb_wait_front(1, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(1))
        await noc_async_write_barrier()
        cb_pop_front(1, 1)
        cb_pop_front(0, 1)


async def leaves_it_to_nobody() -> None:
    """Pushes three pages that nobody waits for, then copies."""
    cb_push_back(1, 3)
    await reader()


async def scratch() -> None:
    place = get_write_ptr(0)
    for i in range(4):
        noc_async_read_page(i, tensor(0), place)
        await noc_async_read_barrier()
        noc_async_write_page(i, tensor(1), place)
        await noc_async_write_barrier()


def odd() -> dict[str, Make]:
    """Legal programs that a careless check would find fault with."""
    shared = [tt.CBFormatDescriptor(index, tt.bfloat16, PAGE) for index in (0, 1)]
    with_constant = [(reads_with_constant, READER), (takes_two_and_two, WRITER), (adds_the_constant, COMPUTE)]
    rings = [cb(0, 2, TILE), cb(1, 1, TILE), cb(16, 2, TILE)]
    return {
        "a copy": lambda: of([(reader, READER), (writer, WRITER)], [cb(0, 2)]),
        "deeper than needed": lambda: of([(reader, READER), (writer, WRITER)], [cb(0, 64)]),
        "a constant never popped": lambda: of(with_constant, rings, [tiles(4), no_tiles(4)]),
        "cumulative waits": lambda: of([(reader, READER), (takes_more_and_more, WRITER)], [cb(0, 4)]),
        "aliased CBs": lambda: of(
            [(fills_c_0_pushes_c_1, READER), (drains_c_1, WRITER)], [tt.CBDescriptor(2 * PAGE, CORE, shared)]
        ),
        "pages that nobody empties": lambda: of(
            [(leaves_it_to_nobody, READER), (writer, WRITER)], [cb(0, 2), cb(1, 4)]
        ),
        "scratch": lambda: of([(scratch, READER)], [cb(0, 2)]),
    }


def each(programs: dict[str, Make]) -> pytest.MarkDecorator:
    """Parametrise a test by `make`."""
    return pytest.mark.parametrize("make", list(programs.values()), ids=list(programs))
