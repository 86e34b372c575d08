"""The kernel of one real execution log, cut into its two phases: sticks to tiles and back, with the log's mistake in it.

`program` is the whole of it; `only_tilize` and `only_untilize` are a phase alone. Source: `layernorm_fused_rm` of tt-metal,
commit e1d0a7a2; its width of the packer's block was fixed at one tile and is Wt here. Left out: its scaler and epsilon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute import (
    copy_init,
    copy_tile,
    get_compile_time_arg_val,
    pack_tile,
    pack_untilize_block,
    pack_untilize_init,
    pack_untilize_uninit,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
    tilize_block,
    tilize_init,
    tilize_uninit,
)
from ..dataflow import (
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
from ..host.descriptors import KernelDescriptor, ProgramDescriptor
from ..host.tensor import ROW_MAJOR_LAYOUT, TILE_LAYOUT, Layout, Tensor, allocate_tensor_on_device, from_numpy
from .hangs.entry import COMPUTE, CORE, READER, WRITER, Kernel, Launch, c_0, c_1, c_4, c_5, c_16, cb, kernel
from .hangs.log import reader, writer

Table = dict[int, tuple[int, int]]  # pages and their bytes, for each CB

# ---- the compute kernel ---------------------------------------------------------------------------------------------


async def tilize_row(Wt: int) -> None:
    await cb_wait_front(c_0, 32)
    await cb_reserve_back(c_1, Wt)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_0, 32)


async def untilize_row(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, 32)
    pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, 32)
    cb_pop_front(c_1, Wt)


async def passthrough() -> None:
    """The log's kernel, as it hung."""
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    for stick in (c_4, c_5):
        await cb_wait_front(stick, 1)
        cb_pop_front(stick, 1)
    for _ in range(Ht):
        await tilize_row(Wt)
        await untilize_row(Wt)


# ---- the host's side ------------------------------------------------------------------------------------------------


def buffers(Wt: int, pages: str) -> Table:
    stick, tile = 64 * Wt, 2048
    row = (32, stick) if pages == "sticks" else (Wt, tile)
    return {c_0: row, c_1: (2 * Wt, tile), c_4: (1, stick), c_5: (1, stick), c_16: row}


def whole_numbers(Wt: int, Ht: int) -> NDArray[np.float32]:
    """Ht rows of Wt tiles of numbers that bfloat16 holds exactly."""
    return np.random.default_rng(Wt).integers(-99, 100, (32 * Ht, 32 * Wt)).astype(np.float32)


def program(
    compute: Kernel = passthrough,
    Wt: int = 4,
    Ht: int = 2,
    *,
    reads: Kernel = reader,
    writes: Kernel = writer,
    table: Table | None = None,
    gamma: Tensor | None = None,
) -> Launch:
    """The log's program on Ht rows of Wt tiles. Gamma and beta are fetched and not used yet, as in the log."""
    values = whole_numbers(Wt, Ht)
    x, out = from_numpy(values), allocate_tensor_on_device(values.shape)
    scale, beta = gamma or from_numpy(np.ones((1, 32 * Wt))), from_numpy(np.zeros((1, 32 * Wt)))
    kernels = [
        kernel(reads, READER, [x, scale, beta], Ht),
        KernelDescriptor(compute, CORE, COMPUTE, [Wt, Ht]),
        kernel(writes, WRITER, [out], Ht),
    ]
    cbs = [cb(index, *row) for index, row in (table or buffers(Wt, "sticks")).items()]
    return [x, scale, beta, out], ProgramDescriptor(kernels, cbs)


# ---- the same in tile pages: Wt where it was 32 -------------------------------------------------------------------------


async def tile_reader() -> None:
    src_addr, gamma_addr, beta_addr, Ht = (get_arg_val(i) for i in range(4))
    args = TensorAccessorArgs(0)
    stick = args.get_aligned_page_size()
    src, Wt = TensorAccessor(args, src_addr), stick // 64
    for to, words, address in ((c_4, 2, gamma_addr), (c_5, 4, beta_addr)):
        await cb_reserve_back(to, 1)
        noc_async_read_page(0, TensorAccessor(TensorAccessorArgs(words), address), get_write_ptr(to))
        await noc_async_read_barrier()
        cb_push_back(to, 1)
    for row in range(Ht):
        await cb_reserve_back(c_0, Wt)
        for i in range(32):
            noc_async_read_page(row * 32 + i, src, get_write_ptr(c_0) + i * stick)
        await noc_async_read_barrier()
        cb_push_back(c_0, Wt)


async def tile_passthrough() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    for stick in (c_4, c_5):
        await cb_wait_front(stick, 1)
        cb_pop_front(stick, 1)
    for _ in range(Ht):
        await cb_wait_front(c_0, Wt)
        await cb_reserve_back(c_1, Wt)
        tilize_init(c_0, Wt, c_1)
        tilize_block(c_0, Wt, c_1)
        tilize_uninit(c_0, c_1)
        cb_push_back(c_1, Wt)
        cb_pop_front(c_0, Wt)
        await cb_wait_front(c_1, Wt)
        await cb_reserve_back(c_16, Wt)
        pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
        pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
        pack_untilize_uninit(c_16)
        cb_push_back(c_16, Wt)
        cb_pop_front(c_1, Wt)


async def tile_writer() -> None:
    args, Ht = TensorAccessorArgs(0), get_arg_val(1)
    stick = args.get_aligned_page_size()
    dst, Wt = TensorAccessor(args, get_arg_val(0)), stick // 64
    for row in range(Ht):
        await cb_wait_front(c_16, Wt)
        for i in range(32):
            noc_async_write_page(row * 32 + i, dst, get_read_ptr(c_16) + i * stick)
        await noc_async_write_barrier()
        cb_pop_front(c_16, Wt)


def tile_pages(Wt: int = 4, Ht: int = 2) -> Launch:
    """The log's program with a page of a tile's size everywhere: the same bytes."""
    return program(tile_passthrough, Wt, Ht, reads=tile_reader, writes=tile_writer, table=buffers(Wt, "tiles"))


# ---- a phase alone --------------------------------------------------------------------------------------------------


def reader_into(to: int) -> Kernel:
    """Hands on one page at a time."""

    async def reader() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_reserve_back(to, 1)
            noc_async_read_page(i, source, get_write_ptr(to))
            await noc_async_read_barrier()
            cb_push_back(to, 1)

    return reader


def writer_from(source: int) -> Kernel:
    """Takes one page at a time."""

    async def writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_wait_front(source, 1)
            noc_async_write_page(i, target, get_read_ptr(source))
            await noc_async_write_barrier()
            cb_pop_front(source, 1)

    return writer


def only_tilize(compute: Kernel, Wt: int, Ht: int) -> Launch:
    """Sticks come into c_0 one by one, tiles leave c_1 one by one; each CB has room for one row."""
    return _between(compute, Wt, Ht, {c_0: (32, 64 * Wt), c_1: (Wt, 2048)}, ROW_MAJOR_LAYOUT, TILE_LAYOUT)


def only_untilize(compute: Kernel, Wt: int, Ht: int) -> Launch:
    """Tiles come into c_1 one by one, sticks leave c_16 one by one; each CB has room for one row."""
    return _between(compute, Wt, Ht, {c_1: (Wt, 2048), c_16: (32, 64 * Wt)}, TILE_LAYOUT, ROW_MAJOR_LAYOUT)


async def copy_row(Wt: int) -> None:
    """A row of tiles from c_0 to c_1, as they are."""
    copy_init(c_0)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_1, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        copy_tile(c_0, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_1)
        tile_regs_release()
    cb_push_back(c_1, Wt)
    cb_pop_front(c_0, Wt)


def untilize_after(compute: Kernel, Wt: int, Ht: int) -> Launch:
    """Tiles come into c_0, sticks leave c_16; c_1 is between them, with room for one row like each of them."""
    table = {c_0: (Wt, 2048), c_16: (32, 64 * Wt), c_1: (Wt, 2048)}
    return _between(compute, Wt, Ht, table, TILE_LAYOUT, ROW_MAJOR_LAYOUT)


def _between(compute: Kernel, Wt: int, Ht: int, table: Table, before: Layout, after: Layout) -> Launch:
    """Into the table's first CB, out of its second."""
    values, (source, to, *_) = whole_numbers(Wt, Ht), table
    x, out = from_numpy(values, layout=before), allocate_tensor_on_device(values.shape, layout=after)
    kernels = [
        kernel(reader_into(source), READER, [x], x.buffer_num_pages()),
        KernelDescriptor(compute, CORE, COMPUTE, [Wt, Ht]),
        kernel(writer_from(to), WRITER, [out], out.buffer_num_pages()),
    ]
    return [x, out], ProgramDescriptor(kernels, [cb(index, *row) for index, row in table.items()])
