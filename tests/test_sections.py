"""DST sections that repeat grow into one run only where nothing stands between them."""

import numpy as np
import pytest
from programs import TILE, cb, launch, no_tiles, pages, tensor, tiles

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *


async def reader() -> None:
    for i in range(4):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writer() -> None:
    for i in range(4):
        await cb_wait_front(16, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(16))
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


async def alternates() -> None:
    """Two kinds of section in turn, the second with an SFPU function, which never joins a run."""
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_wait_front(0, 4)
    await cb_reserve_back(16, 4)
    for i in range(0, 4, 2):
        tile_regs_acquire()
        copy_tile(0, i, 0)
        tile_regs_commit()
        tile_regs_acquire()
        copy_tile(0, i + 1, 0)
        square_tile(0)
        tile_regs_commit()
        for _ in range(2):
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
    cb_push_back(16, 4)
    cb_pop_front(0, 4)


async def feeds_itself() -> None:
    """Reserves all, pushes two at a time, and needs the first two before it can make the next."""
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_wait_front(0, 2)
    await cb_reserve_back(1, 4)
    for i in range(2):
        tile_regs_acquire()
        for t in range(2):
            copy_tile(i, t, t)
        tile_regs_commit()
        tile_regs_wait()
        for t in range(2):
            pack_tile(t, 1)
        tile_regs_release()
        cb_push_back(1, 2)
        if UNPACK():
            await cb_wait_front(1, 2)
    await cb_reserve_back(16, 4)
    await cb_wait_front(1, 4)
    for t in range(4):
        tile_regs_acquire()
        copy_tile(1, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
    cb_push_back(16, 4)
    cb_pop_front(1, 4)
    cb_pop_front(0, 2)


def test_sections_of_two_kinds_keep_their_order() -> None:
    four = [cb(0, 4, TILE), cb(16, 4, TILE)]
    run = launch(reader, writer, alternates, tensors=[tiles(4), no_tiles(4)], cbs=four)
    assert pages(run) == [1, 4, 3, 16]


def test_a_section_after_a_push_does_not_join_the_run_before_it() -> None:
    cbs = [cb(0, 4, TILE), cb(1, 4, TILE), cb(16, 4, TILE)]
    run = launch(reader, writer, feeds_itself, tensors=[tiles(4), no_tiles(4)], cbs=cbs)
    assert pages(run) == [1, 2, 1, 2]


def trace(run: tt.Run) -> list[tuple[object, ...]]:
    """What happened when; a run of sections does not list its acquire and commit, so those are left out."""
    left_out = ("acquire", "commit", "wait", "release")
    return [(e.start, e.end, e.risc, e.what, e.detail) for e in run.trace.events() if e.what not in left_out]


@pytest.mark.parametrize(
    ("width", "style", "design"),
    [
        (160, "helpers", "resident"),
        (160, "raw", "resident"),
        (1024, "helpers", "resident"),
        (2048, "helpers", "streaming"),
    ],
)
@pytest.mark.parametrize("fp32_dest", [True, False])
def test_the_fast_path_gives_the_times_and_data_of_single_steps(
    width: int, style: str, design: str, fp32_dest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).normal(size=(64, width))

    def layernorm() -> tt.Run:
        return tt.layernorm_fused_rm(x, x[0], x[1], style=style, design=design, fp32_dest_acc_en=fp32_dest)

    fast = layernorm()
    monkeypatch.setattr("ttlearn.sim.engine.stream", lambda engine: False)
    monkeypatch.setattr("ttlearn.sim.engine.stream_sections", lambda engine: False)
    stepped = layernorm()
    monkeypatch.setattr("ttlearn.sim.trisc.Trisc._make_model", lambda self: None)
    monkeypatch.setattr("ttlearn.sim.trisc.Trisc._join_block", lambda self, work: None)
    apart = layernorm()
    assert (stepped.output == fast.output).all()
    assert (apart.output == fast.output).all()
    assert trace(stepped) == trace(fast)
    assert trace(apart) == trace(fast)
