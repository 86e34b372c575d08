"""The vector unit's arithmetic: functions of DST tiles in place.

What SFPSTORE cuts and what a kernel rounds before it differs by function (W, llk_sfpu) [S]. Except rsqrt, these
compute in numpy; the chip's own approximations are left out. Marks as in `formats`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .formats import (
    BF16_BITS,
    Floats,
    bf16_values,
    round_dst16,
    to_bf16_rne,
    truncate,
)
from .fpu import quiet

# The SFPU: functions of DST in place


@dataclass(frozen=True)
class Sfpu:
    """One SFPU function: what it computes in float32 and how it writes a 16-bit DST."""

    compute: Callable[..., Floats]
    store16: Callable[[Floats], Floats]

    @quiet
    def __call__(self, x: Floats, fp32_dest: bool, *scalar: float) -> Floats:
        result = self.compute(x, *scalar)
        return result if fp32_dest else self.store16(result)

    @quiet
    def of(self, *operands: Any) -> Floats:
        """The function of several tiles; the last argument is fp32_dest."""
        result = self.compute(*operands[:-1])
        return result if operands[-1] else self.store16(result)


def rsqrt(x: Floats) -> Floats:
    """1/sqrt(x) to 23 bits, as the chip: a guess from the bits, one cubic and one Newton step [S].

    Kokosinski et al. 2024, doi 10.1007/s11075-024-01932-7; W, ckernel_sfpu_sqrt.h.
    +-0 gives +-inf, inf gives 0, less than 0 gives NaN.
    """
    guess = (np.uint32(0x5F1110A0) - (x.view(np.uint32) >> np.uint32(1))).view(np.float32)
    c = -guess * (x * guess)
    y = guess * (np.float32(2.2825186) + c * (np.float32(2.2533049) + c))
    # the chip's multiply-add rounds once: float64 keeps the product whole (7.4e-8 off, else 1.0e-7)
    error = (1 - y.astype(np.float64) * (x * y)).astype(np.float32)
    y += error * (y * np.float32(0.5))
    y = np.where(x < 0, np.float32(np.nan), y)
    return np.where((x == 0) | (x == np.inf), 1 / x, y)


def _cut(x: Floats) -> Floats:
    return truncate(x, BF16_BITS)


def _to_even(x: Floats) -> Floats:
    return bf16_values(to_bf16_rne(x))


def _truth(test: Callable[..., NDArray[np.bool_]]) -> Sfpu:
    """1 where the test holds, else 0."""
    return Sfpu(lambda *x: test(*x).astype(np.float32), _cut)


def _sigmoid(x: Floats) -> Floats:
    return np.float32(1) / (np.float32(1) + np.exp(-x))


_erf64, _erfc64 = (np.vectorize(f, otypes=[np.float64]) for f in (math.erf, math.erfc))


def _erf(x: Floats) -> Floats:
    values: Floats = _erf64(x).astype(np.float32)
    return values


def _erfc(x: Floats) -> Floats:
    values: Floats = _erfc64(x).astype(np.float32)
    return values


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution's share below x."""
    return x * (np.float32(0.5) * _erfc(x * np.float32(-(0.5**0.5))))


def _power(x: Floats, exponent: Floats | float) -> Floats:
    result: Floats = np.power(x, np.float32(exponent))
    return result


def _power_iterative(x: Floats, exponent: int) -> Floats:
    """x to a whole power, in the chip's steps (W)."""
    if exponent == 0:
        return np.ones_like(x)
    result, left = x, exponent - 1
    while left:
        result = result * x if left & 1 else result
        x = x * x
        left >>= 1
    return result


def _clamp(x: Floats, low: float, high: float) -> Floats:
    return np.minimum(np.maximum(x, np.float32(low)), np.float32(high))


def _elu(x: Floats, alpha: float) -> Floats:
    return np.where(x < 0, np.float32(alpha) * np.expm1(np.minimum(x, 0)), x)


def _where(test: Floats, yes: Floats, no: Floats) -> Floats:
    return np.where(test == 0, no, yes)


def _times16(x: Floats, y: Floats) -> Floats:
    """x * y, where 0 times anything is 0: only with a 16-bit DST (W)."""
    return np.where((x == 0) | (y == 0), np.float32(0), x * y)


# SFPSTORE cuts a value to 16 bits; some kernels round it before, not all alike (W, llk_sfpu) [S].
# Except rsqrt, these compute in numpy: the chip's own approximations are left out.
SFPU: dict[str, Sfpu] = {
    "rsqrt": Sfpu(rsqrt, round_dst16),
    "sqrt": Sfpu(np.sqrt, round_dst16),
    "recip": Sfpu(np.reciprocal, round_dst16),
    "exp": Sfpu(np.exp, round_dst16),
    "exp2": Sfpu(np.exp2, round_dst16),
    "expm1": Sfpu(np.expm1, round_dst16),
    "log": Sfpu(np.log, round_dst16),
    "log1p": Sfpu(np.log1p, round_dst16),
    "sigmoid": Sfpu(_sigmoid, round_dst16),
    "silu": Sfpu(lambda x: x * _sigmoid(x), round_dst16),
    "tanh": Sfpu(np.tanh, round_dst16),
    "gelu": Sfpu(_gelu, round_dst16),
    "erf": Sfpu(_erf, round_dst16),
    "erfc": Sfpu(_erfc, round_dst16),
    "sin": Sfpu(np.sin, round_dst16),
    "cos": Sfpu(np.cos, round_dst16),
    "tan": Sfpu(np.tan, round_dst16),
    "square": Sfpu(np.square, _to_even),
    "relu": Sfpu(lambda x: np.maximum(x, 0), _cut),
    "abs": Sfpu(np.abs, _cut),
    "negative": Sfpu(np.negative, _cut),
    "sign": Sfpu(np.sign, _cut),
    "signbit": _truth(np.signbit),
    "identity": Sfpu(np.copy, _cut),
    "floor": Sfpu(np.floor, _cut),
    "ceil": Sfpu(np.ceil, _cut),
    "trunc": Sfpu(np.trunc, _cut),
    "frac": Sfpu(lambda x: x - np.trunc(x), _cut),
    "isnan": _truth(np.isnan),
    "isinf": _truth(np.isinf),
    "isfinite": _truth(np.isfinite),
    "eqz": _truth(lambda x: x == 0),
    "nez": _truth(lambda x: x != 0),
    "ltz": _truth(lambda x: x < 0),
    "gtz": _truth(lambda x: x > 0),
    "lez": _truth(lambda x: x <= 0),
    "gez": _truth(lambda x: x >= 0),
    # with a number
    "add": Sfpu(np.add, _cut),
    "sub": Sfpu(np.subtract, _cut),
    "mul": Sfpu(np.multiply, _cut),
    "rsub": Sfpu(lambda x, scalar: scalar - x, _to_even),
    "unary_eq": _truth(lambda x, y: x == y),
    "unary_ne": _truth(lambda x, y: x != y),
    "unary_lt": _truth(lambda x, y: x < y),
    "unary_gt": _truth(lambda x, y: x > y),
    "unary_le": _truth(lambda x, y: x <= y),
    "unary_ge": _truth(lambda x, y: x >= y),
    "unary_max": Sfpu(np.maximum, _cut),
    "unary_min": Sfpu(np.minimum, _cut),
    "relu_min": Sfpu(np.maximum, _cut),
    "relu_max": Sfpu(lambda x, top: np.maximum(np.minimum(x, top), 0), _cut),
    "leaky_relu": Sfpu(lambda x, slope: np.where(x < 0, x * np.float32(slope), x), _cut),
    "elu": Sfpu(_elu, round_dst16),
    "heaviside": Sfpu(lambda x, at0: np.where(x == 0, np.float32(at0), (x > 0).astype(np.float32)), _cut),
    "power": Sfpu(_power, round_dst16),
    "power_iterative": Sfpu(_power_iterative, _cut),
    "fill": Sfpu(lambda x, value: np.full_like(x, value), _cut),
    "clamp": Sfpu(_clamp, _cut),
    # of several tiles
    "copy_dest_values": Sfpu(np.copy, _cut),
    "add_binary": Sfpu(np.add, _cut),
    "sub_binary": Sfpu(np.subtract, _cut),
    "rsub_binary": Sfpu(lambda x, y: y - x, _cut),
    "div_binary": Sfpu(np.divide, _to_even),
    "power_binary": Sfpu(_power, round_dst16),
    "binary_max": Sfpu(np.maximum, _cut),
    "binary_min": Sfpu(np.minimum, _cut),
    "eq_binary": _truth(lambda x, y: x == y),
    "ne_binary": _truth(lambda x, y: x != y),
    "lt_binary": _truth(lambda x, y: x < y),
    "gt_binary": _truth(lambda x, y: x > y),
    "le_binary": _truth(lambda x, y: x <= y),
    "ge_binary": _truth(lambda x, y: x >= y),
    "mask": Sfpu(lambda x, mask: np.where(mask == 0, np.float32(0), x), _cut),
    "where": Sfpu(_where, _cut),
}


@quiet
def mul_binary(x: Floats, y: Floats, fp32_dest: bool) -> Floats:
    """x * y of two DST tiles: the one function that computes otherwise with a 16-bit DST (W)."""
    return x * y if fp32_dest else _to_even(_times16(x, y))
