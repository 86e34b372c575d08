"""tilize and untilize of whole tile rows."""

from __future__ import annotations

from enum import Enum

from .. import compute as ck

__all__ = [
    "WaitMode",
    "dest_block",
    "tilize",
    "untilize",
]


class WaitMode(Enum):
    """How `tilize` and `untilize` wait for their input."""

    WaitBlock = "each block"
    WaitUpfront = "all blocks at once"
    NoWait = "the caller has waited"


# ---- sticks and tiles -------------------------------------------------------------------------------------


async def tilize(
    block_width_tiles: int,
    input_cb: int,
    output_cb: int,
    num_blocks: int,
    total_input_pages: int | None = None,
    *,
    wait: WaitMode = WaitMode.WaitBlock,
) -> None:
    """`num_blocks` tile rows of sticks to tiles.

    Input pages are tiles, `block_width_tiles` a block; or sticks, at most 32 a block, if `total_input_pages` is given.
    """
    left = total_input_pages
    ck.reconfig_data_format(input_cb, input_cb)
    ck.pack_reconfig_data_format(output_cb)
    ck.tilize_init(input_cb, block_width_tiles, output_cb)
    if wait is WaitMode.WaitUpfront:
        await ck.cb_wait_front(input_cb, left or block_width_tiles * num_blocks)
    for _ in range(num_blocks):
        pages = block_width_tiles
        if left is not None:
            pages, left = min(32, left), left - min(32, left)
        if wait is WaitMode.WaitBlock:
            await ck.cb_wait_front(input_cb, pages)
        await ck.cb_reserve_back(output_cb, block_width_tiles)
        ck.tilize_block(input_cb, block_width_tiles, output_cb)
        ck.cb_push_back(output_cb, block_width_tiles)
        ck.cb_pop_front(input_cb, pages)
    ck.tilize_uninit(input_cb, output_cb)


async def untilize(
    block_width_tiles: int,
    input_cb: int,
    output_cb: int,
    num_blocks: int,
    output_pages: int | None = None,
    *,
    wait: WaitMode = WaitMode.WaitBlock,
) -> None:
    """`num_blocks` tile rows to sticks, in column blocks that fit a DST section.

    Output pages are tiles, `block_width_tiles` a block, or as many as `output_pages` says (32 for sticks).
    """
    pages, width = output_pages or block_width_tiles, dest_block(block_width_tiles)
    ck.reconfig_data_format(input_cb, input_cb)
    ck.pack_untilize_init(input_cb, output_cb, block_ct_dim=width, full_ct_dim=block_width_tiles)
    if wait is WaitMode.WaitUpfront:
        await ck.cb_wait_front(input_cb, block_width_tiles * num_blocks)
    for _ in range(num_blocks):
        await ck.cb_reserve_back(output_cb, pages)
        for block in range(block_width_tiles // width):
            if wait is WaitMode.WaitBlock:
                await ck.cb_wait_front(input_cb, width)
            ck.pack_untilize_block(input_cb, 1, output_cb, block, block_ct_dim=width, full_ct_dim=block_width_tiles)
            ck.cb_pop_front(input_cb, width)
        ck.cb_push_back(output_cb, pages)
    ck.pack_untilize_uninit(output_cb)


def dest_block(width: int) -> int:
    """The largest divisor of `width` (tiles) that fits one DST section."""
    block = min(width, ck.DEST_AUTO_LIMIT())
    while width % block:
        block -= 1
    return block
