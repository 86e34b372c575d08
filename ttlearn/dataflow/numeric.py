"""Numbers on a data-movement RISC: bf16 patterns and floats (api/numeric/bfloat16.h).

A kernel that reads elements through a pointer has bf16 patterns as uint16_t; these turn them into floats and back.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "bf16_to_fp32",
    "bfloat16_greater",
    "fp32_to_bf16",
    "fp32_to_bf16_truncate",
]


def _bits(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


def bf16_to_fp32(bf16: int) -> float:
    """The float of a bf16 pattern."""
    return float(np.uint32((bf16 & 0xFFFF) << 16).view(np.float32))


def fp32_to_bf16(x: float) -> int:
    """The bf16 pattern nearest to a float, ties to even."""
    bits = _bits(x)
    return (bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFFFFFF) >> 16


def fp32_to_bf16_truncate(x: float) -> int:
    """The bf16 pattern of a float, cut off."""
    return _bits(x) >> 16


def bfloat16_greater(bf16_a: int, bf16_b: int) -> bool:
    """Is the number of one pattern greater than that of the other? By sign and magnitude, so 0 is above -0."""
    if (bf16_a ^ bf16_b) & 0x8000:
        return not bf16_a & 0x8000
    return bf16_a < bf16_b if bf16_a & 0x8000 else bf16_a > bf16_b
