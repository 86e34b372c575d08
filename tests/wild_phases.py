"""Phases of compute kernels that the programs of `wild` reach by name, from tables and as arguments."""

from __future__ import annotations

from ttlearn.compute import *


def copied(source: int, target: int) -> None:
    """One tile, without waiting for it."""
    tile_regs_acquire()
    copy_tile(source, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, target)
    tile_regs_release()


def added(a: int, b: int, target: int) -> None:
    tile_regs_acquire()
    add_tiles(a, b, 0, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, target)
    tile_regs_release()


async def copy_one(source: int, target: int) -> None:
    await cb_wait_front(source, 1)
    await cb_reserve_back(target, 1)
    copied(source, target)
    cb_pop_front(source, 1)
    cb_push_back(target, 1)


async def copy_and_keep(source: int, target: int) -> None:
    """Its push is missing."""
    await cb_wait_front(source, 1)
    await cb_reserve_back(target, 1)
    copied(source, target)
    cb_pop_front(source, 1)


async def add_block(a: int, b: int, target: int, tiles: int) -> None:
    for _ in range(tiles):
        await cb_wait_front(a, 1)
        await cb_wait_front(b, 1)
        await cb_reserve_back(target, 1)
        added(a, b, target)
        cb_pop_front(a, 1)
        cb_pop_front(b, 1)
        cb_push_back(target, 1)
