"""What the reader makes itself: the scaler and scalar tiles."""

from __future__ import annotations

from math import sqrt

import numpy as np

from .. import dataflow as dm
from ..kernel import integer
from ..sim.formats import bfloat16, to_bf16_trunc
from ..sim.fpu import PoolType, ReduceDim

__all__ = [
    "calculate_and_prepare_reduce_scaler",
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


async def calculate_and_prepare_reduce_scaler(
    cb: int, reduce_type: PoolType, reduce_dim: ReduceDim, reduce_factor: int = 1
) -> None:
    """Reader: `prepare_reduce_scaler` with 1/N for AVG, where N is `reduce_factor`; with 1 else, whatever it is (unverified).

    REDUCE_SCALAR applies the scaler twice, so its AVG takes 1/sqrt(N).
    """
    if integer("calculate_and_prepare_reduce_scaler", "reduce_factor", reduce_factor) == 0:
        raise ValueError(
            "calculate_and_prepare_reduce_scaler: reduce_factor is 0; give the number of elements of a mean"
        )
    n = reduce_factor if reduce_type is PoolType.AVG else 1
    await prepare_reduce_scaler(cb, 1 / (sqrt(n) if reduce_dim is ReduceDim.REDUCE_SCALAR else n))


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
