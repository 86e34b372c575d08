"""Reader and writer of the op.

The reader makes the scaler and epsilon tiles, fetches gamma and beta once (one stick each) and the input, 32
sticks a tile row, and as many of a residual; the writer takes 32 sticks a tile row out. Both count pages in the unit they are told:
sticks (32 a tile row) or tiles (Wt a tile row).
"""

from __future__ import annotations

import numpy as np

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
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ..kernel_lib import prepare_reduce_scaler, prepare_scalar_tile
from .cbs import BETA, EPSILON, GAMMA, IN, OUT, RESIDUAL, SCALER


def bits(value: float) -> int:
    """A float as the integer that travels in a kernel argument."""
    return int(np.float32(value).view(np.uint32))


def value(pattern: int) -> float:
    return float(np.uint32(pattern).view(np.float32))


async def reader() -> None:
    """c_2, c_3, then gamma to c_4, beta to c_5, then 32 sticks a tile row to c_0, and the residual's to c_8."""
    stick, row_pages, one_stick, has_gamma, has_beta, has_residual = (get_compile_time_arg_val(i) for i in range(6))
    x_args = TensorAccessorArgs(6)
    gamma_args = TensorAccessorArgs(x_args.next_compile_time_args_offset())
    beta_args = TensorAccessorArgs(gamma_args.next_compile_time_args_offset())
    residual_args = TensorAccessorArgs(beta_args.next_compile_time_args_offset())
    x = TensorAccessor(x_args, get_arg_val(0), stick)
    first_stick, tile_rows = get_arg_val(1), get_arg_val(2)
    await prepare_reduce_scaler(SCALER, value(get_arg_val(3)))
    await prepare_scalar_tile(EPSILON, value(get_arg_val(4)))
    if has_gamma:
        await read_stick(GAMMA, TensorAccessor(gamma_args, get_arg_val(5), stick), one_stick)
    if has_beta:
        await read_stick(BETA, TensorAccessor(beta_args, get_arg_val(6), stick), one_stick)
    for row in range(tile_rows):
        await read_tile_row(IN, x, first_stick + row * 32, stick, row_pages)
        if has_residual:
            residual = TensorAccessor(residual_args, get_arg_val(7), stick)
            await read_tile_row(RESIDUAL, residual, first_stick + row * 32, stick, row_pages)


async def read_tile_row(cb: int, tensor: TensorAccessor, first: int, stick: int, pages: int) -> None:
    """32 sticks of `tensor` from `first` on."""
    await cb_reserve_back(cb, pages)
    l1 = get_write_ptr(cb)
    for i in range(32):
        noc_async_read_page(first + i, tensor, l1)
        l1 += stick
    await noc_async_read_barrier()
    cb_push_back(cb, pages)


async def read_stick(cb: int, tensor: TensorAccessor, pages: int) -> None:
    """The one stick of `tensor`, at the start of `pages` pages."""
    await cb_reserve_back(cb, pages)
    noc_async_read_page(0, tensor, get_write_ptr(cb))
    await noc_async_read_barrier()
    cb_push_back(cb, pages)


async def writer() -> None:
    """32 sticks a tile row from c_16."""
    stick, row_pages = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    y = TensorAccessor(TensorAccessorArgs(2), get_arg_val(0), stick)
    first_stick, tile_rows = get_arg_val(1), get_arg_val(2)
    for row in range(tile_rows):
        await cb_wait_front(OUT, row_pages)
        l1 = get_read_ptr(OUT)
        for i in range(32):
            noc_async_write_page(first_stick + row * 32 + i, y, l1)
            l1 += stick
        await noc_async_write_barrier()
        cb_pop_front(OUT, row_pages)
