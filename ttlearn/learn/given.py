"""Readers and writers that notebooks hand out, beside what the learner writes.

`get_arg_val(0)` is the tensor's address, `(1)` its number of pages, for the block kernels `(2)` the pages of a block. Left
out: what learners write themselves.
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
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)


async def page_reader() -> None:
    """One page a trip."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for page in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(page, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def page_writer() -> None:
    """One page a trip."""
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for page in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(page, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def block_reader() -> None:
    """Reads and hands on get_arg_val(2) tiles at a time."""
    source, block = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(2)
    for first in range(0, get_arg_val(1), block):
        await cb_reserve_back(0, block)
        for k in range(block):
            noc_async_read_page(first + k, source, get_write_ptr(0) + k * 2048)
        await noc_async_read_barrier()
        cb_push_back(0, block)


async def block_writer() -> None:
    """Takes and writes get_arg_val(2) tiles at a time."""
    target, block = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(2)
    for first in range(0, get_arg_val(1), block):
        await cb_wait_front(0, block)
        for k in range(block):
            noc_async_write_page(first + k, target, get_read_ptr(0) + k * 2048)
        await noc_async_write_barrier()
        cb_pop_front(0, block)


async def stick_writer() -> None:
    """32 pages a trip, one barrier for all of them."""
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for first in range(0, get_arg_val(1), 32):
        await cb_wait_front(0, 32)
        start = get_read_ptr(0)
        for row in range(first, first + 32):
            noc_async_write_page(row, target, start)
            start += target.get_aligned_page_size()
        await noc_async_write_barrier()
        cb_pop_front(0, 32)
