"""A layernorm's first day: the mistakes of one real execution log, on its tilize-and-back kernel.

Sticks go c_0 -> tilize -> c_1 -> pack_untilize -> c_16; gamma and beta are fetched and not used yet, as in the log.
Left out: its scaler and epsilon tiles, which play no part. Source: `layernorm_fused_rm` of tt-metal, commit e1d0a7a2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    compute_kernel_hw_startup,
    get_compile_time_arg_val,
    pack_untilize_block,
    pack_untilize_init,
    pack_untilize_uninit,
    tilize_block,
    tilize_init,
    tilize_uninit,
)
from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ...debug.hang.causes import Cause
from ...host.descriptors import KernelDescriptor, ProgramDescriptor
from ...host.tensor import Layout, allocate_tensor_on_device, from_numpy
from .entry import (
    COMPUTE,
    CORE,
    READER,
    WRITER,
    Entry,
    Kernel,
    Launch,
    c_0,
    c_1,
    c_4,
    c_5,
    c_16,
    cb,
    kernel,
)

WT, HT = 4, 1
STICK = 64 * WT  # bytes


async def reader() -> None:
    src_addr, gamma_addr, beta_addr, Ht = get_arg_val(0), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    args = TensorAccessorArgs(0)
    stick = args.get_aligned_page_size()
    src = TensorAccessor(args, src_addr)
    gamma = TensorAccessor(TensorAccessorArgs(2), gamma_addr)
    beta = TensorAccessor(TensorAccessorArgs(4), beta_addr)
    await cb_reserve_back(c_4, 1)
    noc_async_read_page(0, gamma, get_write_ptr(c_4))
    await noc_async_read_barrier()
    cb_push_back(c_4, 1)
    await cb_reserve_back(c_5, 1)
    noc_async_read_page(0, beta, get_write_ptr(c_5))
    await noc_async_read_barrier()
    cb_push_back(c_5, 1)
    for row in range(Ht):
        await cb_reserve_back(c_0, 32)
        l1_addr = get_write_ptr(c_0)
        for i in range(32):
            noc_async_read_page(row * 32 + i, src, l1_addr)
            l1_addr += stick
        await noc_async_read_barrier()
        cb_push_back(c_0, 32)


async def compute_without_startup() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    await cb_wait_front(c_4, 1)
    await cb_wait_front(c_5, 1)
    cb_pop_front(c_4, 1)
    cb_pop_front(c_5, 1)
    for _ in range(Ht):
        await cb_wait_front(c_0, 32)
        await cb_reserve_back(c_1, Wt)
        tilize_init(c_0, Wt, c_1)
        tilize_block(c_0, Wt, c_1)
        tilize_uninit(c_0, c_1)
        cb_push_back(c_1, Wt)
        cb_pop_front(c_0, 32)
        await cb_wait_front(c_1, Wt)
        await cb_reserve_back(c_16, 32)
        pack_untilize_init(c_1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_block(c_1, 1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_uninit(c_16)
        cb_push_back(c_16, 32)
        cb_pop_front(c_1, Wt)


async def compute() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    compute_kernel_hw_startup(c_0, c_16)
    await cb_wait_front(c_4, 1)
    await cb_wait_front(c_5, 1)
    cb_pop_front(c_4, 1)
    cb_pop_front(c_5, 1)
    for _ in range(Ht):
        await cb_wait_front(c_0, 32)
        await cb_reserve_back(c_1, Wt)
        tilize_init(c_0, Wt, c_1)
        tilize_block(c_0, Wt, c_1)
        tilize_uninit(c_0, c_1)
        cb_push_back(c_1, Wt)
        cb_pop_front(c_0, 32)
        await cb_wait_front(c_1, Wt)
        await cb_reserve_back(c_16, 32)
        pack_untilize_init(c_1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_block(c_1, 1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_uninit(c_16)
        cb_push_back(c_16, 32)
        cb_pop_front(c_1, Wt)


async def compute_pushes_tiles() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    compute_kernel_hw_startup(c_0, c_16)
    await cb_wait_front(c_4, 1)
    await cb_wait_front(c_5, 1)
    cb_pop_front(c_4, 1)
    cb_pop_front(c_5, 1)
    for _ in range(Ht):
        await cb_wait_front(c_0, 32)
        await cb_reserve_back(c_1, Wt)
        tilize_init(c_0, Wt, c_1)
        tilize_block(c_0, Wt, c_1)
        tilize_uninit(c_0, c_1)
        cb_push_back(c_1, Wt)
        cb_pop_front(c_0, 32)
        await cb_wait_front(c_1, Wt)
        await cb_reserve_back(c_16, Wt)
        pack_untilize_init(c_1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_block(c_1, 1, c_16, block_ct_dim=4, full_ct_dim=4)
        pack_untilize_uninit(c_16)
        cb_push_back(c_16, Wt)
        cb_pop_front(c_1, Wt)


async def writer() -> None:
    dst_addr, Ht = get_arg_val(0), get_arg_val(1)
    args = TensorAccessorArgs(0)
    stick = args.get_aligned_page_size()
    dst = TensorAccessor(args, dst_addr)
    for row in range(Ht):
        await cb_wait_front(c_16, 32)
        l1_addr = get_read_ptr(c_16)
        for i in range(32):
            noc_async_write_page(row * 32 + i, dst, l1_addr)
            l1_addr += stick
        await noc_async_write_barrier()
        cb_pop_front(c_16, 32)


# ---- programs -----------------------------------------------------------------------------------------------


def sticks() -> NDArray[np.float32]:
    """The input, and what comes back: small whole numbers."""
    return np.arange(32 * HT * 32 * WT, dtype=np.float32).reshape(32 * HT, 32 * WT) % 127


def launch(reader: Kernel = reader, compute: Kernel = compute, tiled_gamma: bool = False) -> Launch:
    x, out = from_numpy(sticks()), allocate_tensor_on_device(sticks().shape)
    layout, rows = (Layout.TILE, 32) if tiled_gamma else (Layout.ROW_MAJOR, 1)
    gamma, beta = from_numpy(np.ones((rows, 32 * WT)), layout=layout), from_numpy(np.ones((1, 32 * WT)))
    kernels = [
        kernel(reader, READER, [x, gamma, beta], HT),
        kernel(writer, WRITER, [out], HT),
        KernelDescriptor(compute, CORE, COMPUTE, [WT, HT]),
    ]
    cbs = [cb(c_4, 1, STICK), cb(c_5, 1, STICK), cb(c_0, 32, STICK), cb(c_1, WT), cb(c_16, 32, STICK)]
    return [x, gamma, beta, out], ProgramDescriptor(kernels, cbs)


ENTRIES = (
    Entry(
        "no_hw_startup",
        "A layernorm's first kernel tilizes and untilizes. Everything compiles, every push has its pop, and still it never "
        "comes back: on a fresh core nobody has told the engine what to do. The author counted pages for a day.",
        "layernorm_fused_rm @e1d0a7a2; repaired in @adbd35c0 by this one line",
        lambda: launch(compute=compute_without_startup),
        launch,
        Cause.NOT_CONFIGURED,
        "UNPACK",
        c_0,
        ("tilize_block(c_0, Wt, c_1)",),
        "make compute_kernel_hw_startup(c_0, c_16) the compute kernel's first line",
        sticks,
    ),
    Entry(
        "sticks_against_tiles",
        "Half the design was in sticks, half in tiles. pack_untilize makes 32 sticks of Wt tiles, so the compute kernel "
        "pushes Wt pages and the writer waits for 32 of them: the same bytes, in two units.",
        "kernel_design.md of layernorm_fused_rm @cc5dd8d3: c_16 holds stick pages, compute pushes Wt",
        lambda: launch(compute=compute_pushes_tiles),
        launch,
        Cause.UNITS,
        "BRISC",
        c_16,
        ("await cb_wait_front(c_16, 32)", "cb_push_back(c_16, Wt)"),
        "let compute reserve and push 32 stick pages of c_16 a tile row, as the writer waits and pops",
        sticks,
    ),
)
