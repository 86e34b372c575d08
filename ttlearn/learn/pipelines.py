"""Pipelines of notebook 11: relu in blocks of any size and depth, the sum of two tensors, and four that are slow.

Reader and writer are those of `ttlearn.silicon`, so the first is the program whose durations were published. Left out:
several cores whose number is no square.
"""

from __future__ import annotations

import numpy as np

from ..compute import (
    add_init,
    add_tiles,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    get_arg_val,
    get_compile_time_arg_val,
    pack_tile,
    relu_tile,
    relu_tile_init,
    sub_init,
    sub_tiles,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ..errors import HostError
from ..host.tensor import TILE_LAYOUT, from_numpy
from ..silicon import dataflow
from ..silicon.dataflow import IN, IN_B, OUT
from ..silicon.programs import Program, data
from .hangs.entry import COMPUTE, READER, Kernel, Launch, kernel, no_tiles


async def relus() -> None:
    """Tiles of c_0 to c_16, `times` relus each, a DST section a tile; CBs are moved a block at a time."""
    block, times, left = get_compile_time_arg_val(0), get_compile_time_arg_val(1), get_arg_val(1)
    compute_kernel_hw_startup(IN, OUT)
    copy_init(IN)
    relu_tile_init()
    while left:
        tiles = min(block, left)
        await cb_wait_front(IN, tiles)
        await cb_reserve_back(OUT, tiles)
        for i in range(tiles):
            tile_regs_acquire()
            copy_tile(IN, i, 0)
            for _ in range(times):
                relu_tile(0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, OUT)
            tile_regs_release()
        cb_pop_front(IN, tiles)
        cb_push_back(OUT, tiles)
        left -= tiles


async def adder() -> None:
    """c_0 + c_1 (or c_0 - c_1) to c_16, a block at a time, each sum `times` times."""
    block, times, tiles = get_compile_time_arg_val(0), get_compile_time_arg_val(1), get_arg_val(1)
    init, put_together = (sub_init, sub_tiles) if get_compile_time_arg_val(2) else (add_init, add_tiles)
    compute_kernel_hw_startup(IN, IN_B, OUT)
    init(IN, IN_B)
    for _ in range(0, tiles, block):
        await cb_wait_front(IN, block)
        await cb_wait_front(IN_B, block)
        await cb_reserve_back(OUT, block)
        for i in range(block):
            tile_regs_acquire()
            for _ in range(times):
                put_together(IN, IN_B, i, i, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, OUT)
            tile_regs_release()
        cb_pop_front(IN, block)
        cb_pop_front(IN_B, block)
        cb_push_back(OUT, block)


def pipeline(
    tiles: int = 96, block: int = 4, depth_in: int = 2, depth_out: int = 2, cores: int = 1, times: int = 1
) -> Launch:
    """DRAM, reader, c_0, relu, c_16, writer, DRAM. Depths count blocks; `cores` is a square number."""
    job = Program([data(tiles), no_tiles(tiles)], tiles, cores)
    job.buffer(IN, block * depth_in)
    job.buffer(OUT, block * depth_out)
    job.kernel(dataflow.reader, READER, block)
    job.kernel(relus, COMPUTE, block, times)
    job.output(dataflow.writer, block, OUT)
    return job.tensors, job.program


def adding(
    reads: Kernel,
    tiles: int,
    block: int,
    depths: tuple[int, int] = (2, 2),
    times: int = 1,
    step: int = 0,
    minus: bool = False,
) -> Launch:
    """Two tensors of whole numbers, and their sum (or difference). `depths`: blocks that c_0 and c_1 hold; c_16 holds two.

    `times`: how often the engine adds each pair, to be slow. `step`: pages that it waits for and pops at once, if not
    a block.
    """
    values = np.random.default_rng(tiles).integers(-60, 60, (2, 32, 32 * tiles)).astype(np.float32)
    a, b = (from_numpy(each, layout=TILE_LAYOUT) for each in values)
    job = Program([a, b, no_tiles(tiles)], tiles)
    for index, depth in zip((IN, IN_B, OUT), (*depths, 2), strict=True):
        job.buffer(index, block * depth)
    job.add(kernel(reads, READER, [a, b], tiles, block))
    job.kernel(adder, COMPUTE, step or block, times, int(minus))
    job.output(dataflow.writer, block, OUT)
    return job.tensors, job.program


SLOW: dict[str, dict[str, int]] = {
    "A": {"block": 4, "depth": 1},
    "B": {"block": 1, "depth": 2},
    "C": {"block": 4, "depth": 1, "cores": 64, "tiles": 1024},
    "D": {"block": 4, "depth": 2, "times": 4},
}
CHANGES = {"depth": {"depth": 2}, "block": {"block": 4}, "nothing": {}}


def slow(program: str, change: str = "nothing") -> Launch:
    """One of four slow pipelines, as it is or with one change: twice the depth, or blocks four times as large."""
    if change not in CHANGES:
        raise HostError(f"change({program!r}) gave {change!r}; choose one of {', '.join(map(repr, CHANGES))}")
    settings = {name: value * CHANGES[change].get(name, 1) for name, value in SLOW[program].items()}
    depth = settings.pop("depth")
    return pipeline(**settings, depth_in=depth, depth_out=depth)
