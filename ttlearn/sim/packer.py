"""What the packer does to a tile between DST and L1: the mask of reduce, ReLU, and adding to what L1 holds.

Left out: ReLU with a threshold, exponent thresholds, rounding at random.
"""

from __future__ import annotations

import numpy as np

from .formats import Bytes, Format, bf16_values, pack
from .fpu import ReduceDim, quiet
from .work import PackConf, Tiles


def shaped(tiles: Tiles, conf: PackConf) -> Tiles:
    """The values that leave for L1."""
    if conf.mask is not None:
        tiles = _masked(tiles, conf.mask)
    return np.maximum(tiles, np.float32(0)) if conf.relu else tiles


def _masked(tiles: Tiles, dim: ReduceDim) -> Tiles:
    """What the packer lets through after a reduce: it masks a face at a time, so columns 0 and 16 survive (SIM)."""
    faces = np.zeros((len(tiles), 4, 16, 16), np.float32)
    kept = tiles.reshape(faces.shape)
    if dim is ReduceDim.REDUCE_ROW:
        faces[..., 0] = kept[..., 0]
    elif dim is ReduceDim.REDUCE_COL:
        faces[:, :, 0] = kept[:, :, 0]
    else:
        faces[:, 0, 0, 0] = kept[:, 0, 0, 0]
    return faces.reshape(tiles.shape)


@quiet
def added(held: Bytes, new: Bytes, fmt: Format) -> Bytes:
    """The bytes of L1 after the packer added `new` to `held`: a sum in `fmt`, rounded as packing rounds (unverified)."""
    if fmt is Format.FLOAT32:
        return (held.view(np.float32) + new.view(np.float32)).view(np.uint8)
    return pack(bf16_values(held.view(np.uint16)) + bf16_values(new.view(np.uint16)), fmt)
