"""Kernels made at random, against the same steps one by one in numpy: whatever the engine joins, puts off or lets go.

Numbers are small and whole and DST is fp32, so every result is exact, in whatever order it is worked out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_lib import CORE, no_tiles, tile_cb, words

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

Tile = NDArray[Any]
SECTION = 4  # DST tiles

# each: the init, the operation on tiles i and j of the two CBs, and what DST[d] becomes of it
OPS: dict[str, tuple[Callable[[], None], Callable[[int, int, int], None], Callable[[Tile, Tile, Tile], Tile]]] = {
    "copy": (lambda: copy_init(0), lambda i, j, d: copy_tile(0, i, d), lambda dst, x, y: x),
    "add": (lambda: add_init(0, 1), lambda i, j, d: add_tiles(0, 1, i, j, d), lambda dst, x, y: x + y),
    "add to": (lambda: add_init(0, 1, True), lambda i, j, d: add_tiles(0, 1, i, j, d), lambda dst, x, y: dst + x + y),
    "mul": (lambda: mul_init(0, 1), lambda i, j, d: mul_tiles(0, 1, i, j, d), lambda dst, x, y: dst + x * y),
    "matmul": (lambda: matmul_init(0, 1), lambda i, j, d: matmul_tiles(0, 1, i, j, d), lambda dst, x, y: dst + x @ y),
    "transpose": (lambda: transpose_init(0), lambda i, j, d: transpose_tile(0, i, d), lambda dst, x, y: x.T),
    "negative": (negative_tile_init, lambda i, j, d: negative_tile(d), lambda dst, x, y: -dst),
}


class Step(NamedTuple):
    """Wait for a block, do each operation on all its pairs of tiles, pop it. Results go round the section from `first` on."""

    ops: list[tuple[str, int]]  # (name, first)


class Program(NamedTuple):
    block: int  # tiles
    ring: int  # blocks
    sections: list[tuple[list[Step], list[int]]]  # steps, and which DST tiles are packed


def made(seed: int) -> Program:
    rng = random.Random(seed)
    sections: list[tuple[list[Step], list[int]]] = []
    for _ in range(rng.randint(1, 4)):
        steps = [
            Step([(rng.choice(list(OPS)), rng.randrange(SECTION)) for _ in range(rng.randint(1, 2))])
            for _ in range(rng.randint(1, 3))
        ]
        packs = [rng.randrange(SECTION) for _ in range(rng.randint(1, 4))]
        sections.append(rng.choice([*sections, (steps, packs)]))
    return Program(rng.randint(1, 3), rng.randint(1, 2), sections)


def pairs(program: Program, first: int) -> list[tuple[int, int, int]]:
    n = program.block
    return [(i, j, (first + i * n + j) % SECTION) for i in range(n) for j in range(n)]


def expected(program: Program, a: Tile, b: Tile) -> list[Tile]:
    packed, at = [], 0
    for steps, packs in program.sections:
        dst = np.zeros((SECTION, 32, 32))
        for step in steps:
            for name, first in step.ops:
                for i, j, d in pairs(program, first):
                    dst[d] = OPS[name][2](dst[d], a[at + i], b[at + j])
            at += program.block
        packed += [dst[d] for d in packs]
    return packed


def compute_of(program: Program) -> Callable[[], Any]:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        for steps, packs in program.sections:
            tile_regs_acquire()
            for step in steps:
                await cb_wait_front(0, program.block)
                await cb_wait_front(1, program.block)
                for name, first in step.ops:
                    OPS[name][0]()
                    for i, j, d in pairs(program, first):
                        OPS[name][1](i, j, d)
                cb_pop_front(0, program.block)
                cb_pop_front(1, program.block)
            tile_regs_commit()
            await cb_reserve_back(16, len(packs))
            tile_regs_wait()
            for d in packs:
                pack_tile(d, 16)
            tile_regs_release()
            cb_push_back(16, len(packs))

    return compute


async def reader() -> None:
    block, count = get_arg_val(3), get_arg_val(4)
    for first in range(0, count, block):
        for cb in (0, 1):
            tensor = TensorAccessor(TensorAccessorArgs(2 * cb), get_arg_val(cb))
            await cb_reserve_back(cb, block)
            for i in range(block):
                noc_async_read_page(first + i, tensor, get_write_ptr(cb) + i * get_tile_size(cb))
            await noc_async_read_barrier()
            cb_push_back(cb, block)


async def writer() -> None:
    tensor = TensorAccessor(TensorAccessorArgs(4), get_arg_val(2))
    for i in range(get_arg_val(5)):
        await cb_wait_front(16, 1)
        noc_async_write_page(i, tensor, get_read_ptr(16))
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


def check(seed: int) -> None:
    program = made(seed)
    count = program.block * sum(len(steps) for steps, _ in program.sections)
    a, b = np.random.default_rng(seed).integers(-3, 4, (2, count, 32, 32)).astype(np.float32)
    right = np.array(expected(program, a, b))
    assert np.abs(right).max() < 2**24
    inputs = [tt.from_numpy(x, tt.bfloat16, tt.TILE_LAYOUT) for x in (a, b)]
    tensors = [*inputs, no_tiles(len(right), 1, tt.float32)]
    args = [*(t.buffer_address() for t in tensors), program.block, count, len(right)]
    kernels = [
        tt.KernelDescriptor(kernel, CORE, config, words(*tensors), [((0, 0), args)])
        for kernel, config in (
            (reader, tt.ReaderConfigDescriptor()),
            (writer, tt.WriterConfigDescriptor()),
            (compute_of(program), tt.ComputeConfigDescriptor(fp32_dest_acc_en=True)),
        )
    ]
    rings = [tile_cb(cb, program.ring * program.block) for cb in (0, 1)]
    cbs = [*rings, tile_cb(16, len(right), tt.float32)]
    tt.generic_op(tensors, tt.ProgramDescriptor(kernels, cbs), seed=seed % 3 or None)
    assert (tt.to_numpy(tensors[-1]).reshape(right.shape) == right).all()


@pytest.mark.parametrize("seed", range(40))
def test_a_random_kernel_computes_what_its_steps_say(seed: int) -> None:
    check(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 600))
def test_many_more_random_kernels_compute_what_their_steps_say(seed: int) -> None:
    check(seed)
