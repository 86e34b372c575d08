"""An fp32 tile that is copied reaches DST whole if its CB is UnpackToDestFp32, and cut to TF32 if it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from programs import CORE

import ttlearn as tt
from ttlearn import cpp
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.formats import TF32_BITS, truncate

TILE = 4096  # bytes of an fp32 tile
WHOLE = (tt.UnpackToDestMode.UnpackToDestFp32,)


async def bring() -> None:
    x = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    await cb_reserve_back(0, 1)
    noc_async_read_page(0, x, get_write_ptr(0))
    await noc_async_read_barrier()
    cb_push_back(0, 1)


async def copies() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_wait_front(0, 1)
    await cb_reserve_back(16, 1)
    tile_regs_acquire()
    copy_tile(0, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)
    cb_pop_front(0, 1)


async def take() -> None:
    y = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    await cb_wait_front(16, 1)
    noc_async_write_page(0, y, get_read_ptr(16))
    await noc_async_write_barrier()
    cb_pop_front(16, 1)


X = np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32)


def copied(modes: Any) -> tt.Run:
    """A tile of X by way of c_0, DST and c_16."""
    source = tt.from_numpy(X, tt.float32, tt.TILE_LAYOUT)
    target = tt.allocate_tensor_on_device((32, 32), tt.float32, tt.TILE_LAYOUT)
    config = tt.ComputeConfigDescriptor(fp32_dest_acc_en=True, unpack_to_dest_mode=modes)
    words = tt.TensorAccessorArgs(source).get_compile_time_args()
    cbs = [tt.CBDescriptor(TILE, CORE, [tt.CBFormatDescriptor(index, tt.float32, TILE)]) for index in (0, 16)]
    kernels = [
        tt.KernelDescriptor(bring, CORE, tt.ReaderConfigDescriptor(), words, [((0, 0), [source.buffer_address()])]),
        tt.KernelDescriptor(take, CORE, tt.WriterConfigDescriptor(), words, [((0, 0), [target.buffer_address()])]),
        tt.KernelDescriptor(copies, CORE, config),
    ]
    return tt.generic_op([source, target], tt.ProgramDescriptor(kernels, cbs))


def test_unpacked_to_dest_it_is_whole() -> None:
    assert (copied(WHOLE).output == X).all()


def test_by_way_of_a_source_register_it_is_cut_to_tf32() -> None:
    output = copied(()).output
    assert (output == truncate(X, TF32_BITS)).all() and not (output == X).all()


def test_the_mode_is_that_of_its_own_cb() -> None:
    assert not (copied((tt.UnpackToDestMode.Default, *WHOLE)).output == X).all()


def test_both_ways_take_the_same_time() -> None:
    assert copied(WHOLE).cycles == copied(()).cycles


def test_the_host_script_of_a_bundle_has_the_mode(tmp_path: Path) -> None:
    script = (cpp.bundle(copied(WHOLE), tmp_path) / "run.py").read_text()
    assert "unpack_to_dest_mode=[ttnn.UnpackToDestMode.UnpackToDestFp32])" in script
