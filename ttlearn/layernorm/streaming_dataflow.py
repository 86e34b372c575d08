"""Reader and writer of the streaming design: blocks of sticks instead of whole sticks.

The reader fetches the input (and a residual) as often as the compute kernel passes over it, gamma and beta in
the last pass of each tile row. A block lies at a byte offset in its stick that is a multiple of 64 B, and in L1 at
one too, so reads from DRAM are aligned on every chip.
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
    get_compile_time_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read,
    noc_async_read_barrier,
    noc_async_write,
    noc_async_write_barrier,
)
from ..kernel_lib import prepare_reduce_scaler, prepare_scalar_tile
from .cbs import BETA, EPSILON, GAMMA, IN, OUT, RESIDUAL, SCALER
from .dataflow import value


async def reader() -> None:
    """c_2, c_3; then, a pass and a block at a time, c_0, the residual's c_8, and in the last pass c_4 and c_5."""
    stick, width, block_pages, blocks, passes = (get_compile_time_arg_val(i) for i in range(5))
    has_gamma, has_beta, has_residual = (get_compile_time_arg_val(i) for i in range(5, 8))
    x_args = TensorAccessorArgs(8)
    gamma_args = TensorAccessorArgs(x_args.next_compile_time_args_offset())
    beta_args = TensorAccessorArgs(gamma_args.next_compile_time_args_offset())
    residual_args = TensorAccessorArgs(beta_args.next_compile_time_args_offset())
    x = TensorAccessor(x_args, get_arg_val(0), stick)
    gamma = TensorAccessor(gamma_args, get_arg_val(5), stick)
    beta = TensorAccessor(beta_args, get_arg_val(6), stick)
    residual = TensorAccessor(residual_args, get_arg_val(7), stick)
    first_stick, tile_rows = get_arg_val(1), get_arg_val(2)
    await prepare_reduce_scaler(SCALER, value(get_arg_val(3)))
    await prepare_scalar_tile(EPSILON, value(get_arg_val(4)))
    for row in range(tile_rows):
        first = first_stick + row * 32
        for number in range(passes):
            for block in range(blocks):
                await read_sticks(IN, x, first, 32, block * width, width, block_pages)
                if has_residual:
                    await read_sticks(RESIDUAL, residual, first, 32, block * width, width, block_pages)
                if has_gamma and number == passes - 1:
                    await read_sticks(GAMMA, gamma, 0, 1, block * width, width, block_pages)
                if has_beta and number == passes - 1:
                    await read_sticks(BETA, beta, 0, 1, block * width, width, block_pages)


async def read_sticks(
    cb: int, tensor: TensorAccessor, first: int, count: int, offset: int, width: int, pages: int
) -> None:
    """`width` bytes, `offset` bytes from the start, of each of `count` sticks, side by side into `pages` pages."""
    await cb_reserve_back(cb, pages)
    l1 = get_write_ptr(cb)
    for i in range(count):
        noc_async_read(tensor.get_noc_addr(first + i, offset), l1, width)
        l1 += width
    await noc_async_read_barrier()
    cb_push_back(cb, pages)


async def writer() -> None:
    """A block of 32 sticks at a time from c_16."""
    stick, width, block_pages, blocks = (get_compile_time_arg_val(i) for i in range(4))
    y = TensorAccessor(TensorAccessorArgs(4), get_arg_val(0), stick)
    first_stick, tile_rows = get_arg_val(1), get_arg_val(2)
    for row in range(tile_rows):
        for block in range(blocks):
            await cb_wait_front(OUT, block_pages)
            l1 = get_read_ptr(OUT)
            for i in range(32):
                noc_async_write(l1, y.get_noc_addr(first_stick + row * 32 + i, block * width), width)
                l1 += width
            await noc_async_write_barrier()
            cb_pop_front(OUT, block_pages)
