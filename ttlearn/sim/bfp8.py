"""bfloat8_b: a sign and 7 bits an element, and one exponent for each row of 16 in a face.

A tile is 1088 bytes: 64 exponents (faces top left, top right, bottom left, bottom right), then 1024 elements in the
same order. An element is worth ±m · 2^(exponent - 133): its leading one is stored, not hidden. The host and the packer
round differently. Marks: [S] read in the vendor's sources, [H] agrees with the vendor's compiled host function
(`convert_u32_to_bfp`, ttnn 0.81.1) bit for bit. Left out: `bfp8_pack_precise`, bfp4_b, bfp2_b, other tile sizes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

SHARING = 16  # elements under one exponent
EXPONENTS = 64
TILE_BYTES = EXPONENTS * (1 + SHARING)
BIAS = 127 + 6  # an element's unit is 2^-6 of its leading one
POISON = np.frombuffer(b"\xa5\x7f", np.uint16)[0]  # what memory that nobody wrote is full of

SMALLEST_NORMAL = np.float32(2.0**-126)
_SCALES = np.ldexp(np.float32(1), np.arange(256) - BIAS).astype(np.float32)
_MAGNITUDES = np.concatenate([np.arange(128), -np.arange(128)]).astype(np.float32)
_MAGNITUDES[0x80] = -np.inf  # a sign alone; nobody packs it (S, tt-llk tests/python_tests/helpers/pack.py)


def pack(x: Floats) -> Bytes:
    """DST values as the packer writes them: cut to 7 bits, then aligned to nearest, ties away from zero [S].

    So the packer's own rounding concerns only elements below the row's largest exponent. NaN becomes inf, denormals 0,
    and a magnitude of 0 loses its sign (all three unverified). Source: tt-llk, tests/python_tests/helpers/pack.py and
    bfp_format_utils.py, for `bfp8_pack_precise=False`; that fp32 DST is cut as bf16 is, is assumed.
    """
    bits = _rows(x)
    exponents = bits >> 23 & 0xFF
    kept = (bits >> 17 & 0x3F | 0x40) * (exponents > 0)
    kept[exponents == 0xFF] = 0x40
    shared = exponents.max(axis=-1, keepdims=True)
    away = np.minimum(shared - exponents, 8)
    return _tiles(bits, shared, kept + (np.uint32(1) << away >> 1) >> away)


def from_host(x: Floats) -> Bytes:
    """Host values, (n, 1024) in face order, as `ttnn.from_torch` packs them: to nearest, ties to even, at most 127 [H].

    Aligning cuts what falls below 24 bits, before the rounding [H]. Denormals are 0, a magnitude of 0 has no sign [H].
    """
    bits = _rows(x)
    exponents = bits >> 23 & 0xFF
    whole = (bits & 0x7FFFFF | 0x800000) * (exponents > 0)
    shared = exponents.max(axis=-1, keepdims=True)
    aligned = whole >> np.minimum(shared - exponents, 24)
    return _tiles(bits, shared, np.minimum(aligned + 0xFFFF + (aligned >> 17 & 1) >> 17, 127))


def unpack(raw: Bytes) -> Floats:
    """The bytes of n tiles as float32, (n, 1024): every value fits SrcA and SrcB; below 2^-126 it is 0 (unverified).

    Rows that nobody has written come out as NaN, so that they are noticed as other formats' are.
    """
    tiles = raw.reshape(-1, TILE_BYTES)
    shared, elements = tiles[:, :EXPONENTS], np.ascontiguousarray(tiles[:, EXPONENTS:])
    with np.errstate(over="ignore"):
        values = _MAGNITUDES[elements].reshape(-1, EXPONENTS, SHARING) * _SCALES[shared][..., None]
    if shared.min(initial=BIAS) < BIAS - 126:
        values[np.abs(values) < SMALLEST_NORMAL] = 0
    unwritten = (elements.view(np.uint16).reshape(len(tiles), EXPONENTS, -1) == POISON).all(axis=-1)
    if unwritten.any():
        values[unwritten] = np.nan
    return values.reshape(len(tiles), EXPONENTS * SHARING)


def _rows(x: Floats) -> Words:
    return np.ascontiguousarray(x, np.float32).view(np.uint32).reshape(-1, EXPONENTS, SHARING)


def _tiles(bits: Words, shared: Words, magnitudes: Words) -> Bytes:
    """Exponents, then signs and magnitudes."""
    signs = bits >> 24 & 0x80
    tiles = np.empty((len(bits), TILE_BYTES), np.uint8)
    tiles[:, :EXPONENTS] = shared[..., 0]
    tiles[:, EXPONENTS:] = ((signs | magnitudes) * (magnitudes > 0)).reshape(len(bits), -1)
    return tiles.reshape(-1)
