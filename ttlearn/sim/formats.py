"""Number formats, and the conversions at a tile's three borders: host, unpack and pack.

Values live in memory as bf16 or fp32 bit patterns, or as bfp8_b (`bfp8`); the engine computes on
float32 arrays of shape (n, 1024). What the source registers cannot hold is cut off on the way in,
and packing rounds on the way out. Left out: integers, stochastic rounding, fp32 denormals acting as
0. Marks: [R] seen by running real kernels under the vendor's simulator, [S] read in the vendor's sources.
"""

from __future__ import annotations

from enum import Enum

import ml_dtypes
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import bfp8

Bytes = NDArray[np.uint8]
Bits = NDArray[np.uint16]
Floats = NDArray[np.float32]

TILE_ELEMENTS = 1024
POISON = 0x7FA5  # a bf16 NaN; two of them are an fp32 NaN too

# bits a float32 keeps: sign, exponent and the first 7 (bf16) or 10 (TF32) mantissa bits
BF16_BITS = 16
TF32_BITS = 19

SMALLEST_NORMAL = np.uint16(0x0080)
MAGNITUDE = np.uint16(0x7FFF)
HALF_ULP = np.uint32(0x8000)  # half a bf16 unit in a float32's bits


class Format(Enum):
    """An element's format in memory. The value is its size in bytes, for bfloat8_b without the shared exponents."""

    BFLOAT16 = 2
    FLOAT32 = 4
    BFLOAT8_B = 1

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize
        self.tile_bytes = bfp8.TILE_BYTES if itemsize == 1 else itemsize * TILE_ELEMENTS


bfloat8_b = Format.BFLOAT8_B
bfloat16 = Format.BFLOAT16
float32 = Format.FLOAT32


def unpack(raw: Bytes, fmt: Format, fp32_dest: bool) -> Floats:
    """The bytes of n tiles as SrcA or SrcB sees them, (n, 1024): fp32 cut to TF32 or bf16 [R]."""
    if fmt is Format.BFLOAT16:
        return bf16_values(_without_denormals(raw.view(np.uint16))).reshape(-1, TILE_ELEMENTS)
    if fmt is Format.BFLOAT8_B:
        return bfp8.unpack(raw)
    values = raw.view(np.float32).reshape(-1, TILE_ELEMENTS)
    return truncate(values, TF32_BITS if fp32_dest else BF16_BITS)


def pack(x: Floats, fmt: Format) -> Bytes:
    """DST values as bytes. bf16: nearest, ties away, NaN to inf, denormal to 0 [R]; fp32: as is; bfp8_b: `bfp8.pack`."""
    x = np.ascontiguousarray(x)
    if fmt is Format.BFLOAT8_B:
        return bfp8.pack(x)
    if fmt is Format.FLOAT32:
        return x.reshape(-1).view(np.uint8).copy()
    if np.isnan(x.max()):
        x = np.where(np.isnan(x), np.copysign(np.float32(np.inf), x), x)
    rounded = x.reshape(-1).view(np.uint32) + HALF_ULP
    rounded >>= np.uint32(16)
    return _without_denormals(rounded.astype(np.uint16)).view(np.uint8)


def round_dst16(x: Floats) -> Floats:
    """What a 16-bit DST keeps of an FPU result, a new array: bf16, to nearest, ties away [R]."""
    bits = x.view(np.uint32) + HALF_ULP
    bits &= np.uint32(0xFFFF0000)
    return bits.view(np.float32)


def truncate(x: Floats, bits: int) -> Floats:
    """Keep the first `bits` bits of each float32 (sign and exponent are 9), cut off the others."""
    mask = np.uint32(0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF)
    return (x.view(np.uint32) & mask).view(np.float32)


def to_bf16_trunc(value: float) -> int:
    """The bf16 pattern of a number, cut off: how the scaler helpers make theirs [S]."""
    return int(np.float32(value).view(np.uint32)) >> 16


def to_bf16_rne(values: ArrayLike) -> Bits:
    """Host arrays to bf16 patterns, to nearest, ties to even, as `ttnn.from_torch` does [R]."""
    return np.asarray(values, dtype=np.float32).astype(ml_dtypes.bfloat16).view(np.uint16)


def bf16_bits(x: Floats) -> Bits:
    """The patterns of values that bf16 can hold; of others, the truncated patterns."""
    return (x.view(np.uint32) >> np.uint32(16)).astype(np.uint16)


def bf16_values(bits: Bits) -> Floats:
    """The float32 values of bf16 patterns."""
    # half the time of shifting in numpy: 3 us against 5 us for 32 tiles
    values: Floats = bits.view(ml_dtypes.bfloat16).astype(np.float32)
    return values


def _without_denormals(bits: Bits) -> Bits:
    magnitude = bits & MAGNITUDE
    if magnitude.min(initial=MAGNITUDE) >= SMALLEST_NORMAL:
        return bits
    kept: Bits = bits * (magnitude >= SMALLEST_NORMAL)  # -0 and 0 too become +0; a third of np.where's time
    return kept
