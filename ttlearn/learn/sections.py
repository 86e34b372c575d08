"""Compute code that puts several tiles into one DST section. Left out: sections of several operations."""

from __future__ import annotations

from collections.abc import Callable

from ..compute import (
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    pack_tile,
    relu_tile,
    relu_tile_init,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ..dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front, get_arg_val
from .hangs.entry import Kernel, c_0, c_16


async def section(operation: Callable[..., None], left: int, right: int, to: int, n: int) -> None:
    """n tiles of `left` and `right`, through one DST section, to the back of `to`."""
    await cb_reserve_back(to, n)
    tile_regs_acquire()
    for k in range(n):
        operation(left, right, k, k, k)
    tile_regs_commit()
    tile_regs_wait()
    for k in range(n):
        pack_tile(k, to)
    tile_regs_release()
    cb_push_back(to, n)


def relu_in_sections(n: int) -> Kernel:
    """relu with n tiles a section."""

    async def relu() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        relu_tile_init()
        for _ in range(0, get_arg_val(0), n):
            await cb_wait_front(c_0, n)
            await cb_reserve_back(c_16, n)
            tile_regs_acquire()
            for k in range(n):
                copy_tile(c_0, k, k)
                relu_tile(k)
            tile_regs_commit()
            tile_regs_wait()
            for k in range(n):
                pack_tile(k, c_16)
            tile_regs_release()
            cb_pop_front(c_0, n)
            cb_push_back(c_16, n)

    return relu
