"""The second mistake of that log: gamma comes in tiles, and its scratch CB holds a stick."""

from __future__ import annotations

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
    get_arg_val,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from .entry import (
    TILE,
    Entry,
    Fault,
    Launch,
    c_0,
    c_4,
    c_5,
    cb,
)
from .log import launch, sticks


async def reader_of_tiled_gamma() -> None:
    src_addr, gamma_addr, beta_addr, Ht = get_arg_val(0), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    args = TensorAccessorArgs(0)
    stick = args.get_aligned_page_size()
    src = TensorAccessor(args, src_addr)
    gamma = TensorAccessor(TensorAccessorArgs(2), gamma_addr)
    beta = TensorAccessor(TensorAccessorArgs(4), beta_addr)
    await cb_reserve_back(c_4, 1)
    await cb_reserve_back(c_5, 1)
    for row in range(Ht):
        await cb_reserve_back(c_0, 32)
        l1_addr = get_write_ptr(c_0)
        for i in range(32):
            noc_async_read_page(row * 32 + i, src, l1_addr)
            l1_addr += stick
        if row == 0:
            noc_async_read_page(0, beta, get_write_ptr(c_5))
            noc_async_read_page(0, gamma, get_write_ptr(c_4))
        await noc_async_read_barrier()
        if row == 0:
            cb_push_back(c_4, 1)
            cb_push_back(c_5, 1)
        cb_push_back(c_0, 32)


def tiled_gamma() -> Launch:
    return launch(reader_of_tiled_gamma, tiled_gamma=True)


def gamma_with_room() -> Launch:
    """The scratch holds what is read into it: one tile."""
    tensors, program = tiled_gamma()
    program.cbs[0] = cb(c_4, 1, TILE)
    return tensors, program


ENTRIES = (
    Entry(
        "tiled_gamma_in_a_stick",
        "The same op, a day later: it comes back, and its numbers are wrong by 828. The host had switched gamma to tile "
        "layout, so a page of it is 2,048 bytes, and the reader puts it into a scratch CB of one stick: over beta, over the input.",
        "layernorm_fused_rm, the reader after @adbd35c0",
        tiled_gamma,
        gamma_with_room,
        Fault.VIOLATION,
        "NCRISC",
        c_4,
        ("noc_async_read_page(0, gamma, get_write_ptr(c_4))",),
        "give c_4 a page of gamma's size (a tile), or read gamma as a stick",
        sticks,
    ),
)
