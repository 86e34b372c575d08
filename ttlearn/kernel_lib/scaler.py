"""What the reader makes itself: the scaler and scalar tiles."""

from __future__ import annotations

import numpy as np

from .. import dataflow as dm
from ..sim.formats import bfloat16, to_bf16_trunc

__all__ = [
    "prepare_reduce_scaler",
    "prepare_scalar_tile",
]


# ---- for the reader ---------------------------------------------------------------------------------------


async def prepare_reduce_scaler(cb: int, scaler: float) -> None:
    """Reader: one bf16 tile, zero but for row 0 of each face, which holds `scaler` (cut to bf16)."""
    await dm.cb_reserve_back(cb, 1)
    tile = _bf16_tile(cb, "prepare_reduce_scaler")
    tile[0:1024] = 0
    for face in range(4):
        tile[face * 256 : face * 256 + 16] = to_bf16_trunc(scaler)
    dm.cb_push_back(cb, 1)


async def prepare_scalar_tile(cb: int, value: float) -> None:
    """Reader: one bf16 tile, zero but for element [0, 0], which holds `value` (cut to bf16)."""
    await dm.cb_reserve_back(cb, 1)
    tile = _bf16_tile(cb, "prepare_scalar_tile")
    tile[0:1024] = 0
    tile[0] = to_bf16_trunc(value)
    dm.cb_push_back(cb, 1)


def _bf16_tile(cb: int, call: str) -> dm.tt_l1_ptr:
    if dm.get_tile_size(cb) != bfloat16.tile_bytes:
        raise ValueError(f"{call}: c_{cb} must hold bfloat16 tiles; set its data_format to tt.bfloat16")
    return dm.tt_l1_ptr(np.uint16, dm.get_write_ptr(cb))
