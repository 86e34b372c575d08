"""Data movement of the measured programs: pages between DRAM and CBs, and a gather from other cores.

`block` pages are moved between two barriers, as in the originals. Each kernel takes [first page, pages] as
runtime arguments. Left out: what the originals do besides (their checks, their other variants).
"""

from __future__ import annotations

from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_common_arg_val,
    get_compile_time_arg_val,
    get_noc_addr,
    get_read_ptr,
    get_tile_size,
    get_write_ptr,
    noc_async_read,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)

IN, IN_B, OUT = 0, 1, 16  # circular buffers


async def reader() -> None:
    """Pages of a tensor to c_0, `block` between two barriers."""
    block, source = get_compile_time_arg_val(0), TensorAccessor(TensorAccessorArgs(1), get_common_arg_val(0))
    first, left = get_arg_val(0), get_arg_val(1)
    while left:
        pages = min(block, left)
        await cb_reserve_back(IN, pages)
        l1 = get_write_ptr(IN)
        for i in range(pages):
            noc_async_read_page(first + i, source, l1 + i * source.page_size)
        await noc_async_read_barrier()
        cb_push_back(IN, pages)
        first, left = first + pages, left - pages


async def pair_reader() -> None:
    """Pages of two tensors to c_0 and c_1, `block` of each between two barriers."""
    block = get_compile_time_arg_val(0)
    a = TensorAccessor(TensorAccessorArgs(1), get_common_arg_val(0))
    b = TensorAccessor(TensorAccessorArgs(3), get_common_arg_val(1))
    first, pages = get_arg_val(0), get_arg_val(1)
    for page in range(first, first + pages, block):
        await cb_reserve_back(IN, block)
        await cb_reserve_back(IN_B, block)
        to_a, to_b = get_write_ptr(IN), get_write_ptr(IN_B)
        for i in range(block):
            noc_async_read_page(page + i, a, to_a + i * a.page_size)
            noc_async_read_page(page + i, b, to_b + i * b.page_size)
        await noc_async_read_barrier()
        cb_push_back(IN, block)
        cb_push_back(IN_B, block)


async def pair_drain() -> None:
    """Takes the pages of c_0 and c_1 and does nothing with them."""
    block, pages = get_compile_time_arg_val(0), get_arg_val(1)
    for _ in range(0, pages, block):
        await cb_wait_front(IN, block)
        await cb_wait_front(IN_B, block)
        cb_pop_front(IN, block)
        cb_pop_front(IN_B, block)


async def writer() -> None:
    """Pages from a CB to a tensor, `block` between two barriers."""
    block, cb = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    target = TensorAccessor(TensorAccessorArgs(2), get_common_arg_val(0))
    first, left = get_arg_val(0), get_arg_val(1)
    while left:
        pages = min(block, left)
        await cb_wait_front(cb, pages)
        l1 = get_read_ptr(cb)
        for i in range(pages):
            noc_async_write_page(first + i, target, l1 + i * target.page_size)
        await noc_async_write_barrier()
        cb_pop_front(cb, pages)
        first, left = first + pages, left - pages


async def gather() -> None:
    """One tile from each core of the list of NOC coordinates, `size` bytes a read, a barrier a tile."""
    size, cores, tile = get_compile_time_arg_val(0), get_arg_val(0), get_tile_size(IN)
    for k in range(cores):
        await cb_reserve_back(OUT, 1)
        x, y = get_arg_val(1 + 2 * k), get_arg_val(2 + 2 * k)
        for byte in range(0, tile, size):
            noc_async_read(get_noc_addr(x, y, get_read_ptr(IN) + byte), get_write_ptr(OUT) + byte, size)
        await noc_async_read_barrier()
        cb_push_back(OUT, 1)


async def shard() -> None:
    """The tiles of c_0, and one of c_1, stand in L1 from the start, as a sharded tensor's do: only to be announced."""
    pages = get_arg_val(1)
    await cb_reserve_back(IN, pages)
    cb_push_back(IN, pages)
    await cb_reserve_back(IN_B, 1)
    cb_push_back(IN_B, 1)


async def nothing() -> None:
    """For cores that only hold data."""


async def raw_reads() -> None:
    """`pages` reads and one barrier, no CB: a transfer cell."""
    source, l1 = TensorAccessor(TensorAccessorArgs(1), get_common_arg_val(0)), get_write_ptr(IN)
    first, pages = get_arg_val(0), get_arg_val(1)
    for i in range(pages):
        noc_async_read_page(first + i, source, l1 + i * source.page_size)
    await noc_async_read_barrier()


async def raw_writes() -> None:
    """`pages` writes and one barrier, no CB."""
    target, l1 = TensorAccessor(TensorAccessorArgs(2), get_common_arg_val(0)), get_read_ptr(OUT)
    first, pages = get_arg_val(0), get_arg_val(1)
    for i in range(pages):
        noc_async_write_page(first + i, target, l1 + i * target.page_size)
    await noc_async_write_barrier()
