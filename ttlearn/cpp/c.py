"""What C++ arithmetic and declarations mean, for Python that was made from C++.

Kernels read from C++ keep plain Python integers; where a value could leave its C++ type, the translation
says so with one of these. Left out: overflow of signed integers, which C++ leaves undefined and Python does exactly.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import KernelError

__all__ = [
    "ASSERT",
    "bits_to_float",
    "count",
    "div",
    "f32",
    "float_to_bits",
    "i8",
    "i16",
    "i32",
    "i64",
    "mod",
    "static_assert",
    "u8",
    "u16",
    "u32",
    "u64",
    "unset",
]


# ---- integers of a width -----------------------------------------------------------------------------------


def u8(x: float) -> int:
    """`x` as a uint8_t: cut to a whole number, then modulo 2^8."""
    return int(x) & 0xFF


def u16(x: float) -> int:
    """`x` as a uint16_t."""
    return int(x) & 0xFFFF


def u32(x: float) -> int:
    """`x` as a uint32_t."""
    return int(x) & 0xFFFFFFFF


def u64(x: float) -> int:
    """`x` as a uint64_t."""
    return int(x) & 0xFFFFFFFFFFFFFFFF


def i8(x: float) -> int:
    """`x` as an int8_t: modulo 2^8, from -2^7 on."""
    return (int(x) + (1 << 7) & 0xFF) - (1 << 7)


def i16(x: float) -> int:
    """`x` as an int16_t."""
    return (int(x) + (1 << 15) & 0xFFFF) - (1 << 15)


def i32(x: float) -> int:
    """`x` as an int32_t."""
    return (int(x) + (1 << 31) & 0xFFFFFFFF) - (1 << 31)


def i64(x: float) -> int:
    """`x` as an int64_t."""
    return (int(x) + (1 << 63) & 0xFFFFFFFFFFFFFFFF) - (1 << 63)


def div(a: int, b: int) -> int:
    """C++ `a / b` of integers that may be negative: rounds toward zero, where Python's `//` rounds down."""
    if b == 0:
        raise KernelError(f"{a} / 0: a division by zero; look where the divisor comes from")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def mod(a: int, b: int) -> int:
    """C++ `a % b` of integers that may be negative: has the sign of `a`, where Python's has the sign of `b`."""
    return a - div(a, b) * b


# ---- floats ------------------------------------------------------------------------------------------------


_INFINITE = 2.0**128 - 2.0**103  # from here on a float is rounded to infinity


def f32(x: float) -> float:
    """`x` rounded to a C++ float."""
    return float(np.float32(x)) if -_INFINITE < x < _INFINITE else x * math.inf


def bits_to_float(x: int) -> float:
    """The float with the bits of a uint32_t (C++ `__builtin_bit_cast(float, x)`)."""
    return float(struct.unpack("<f", struct.pack("<I", x & 0xFFFFFFFF))[0])


def float_to_bits(x: float) -> int:
    """The bits of a float (C++ `__builtin_bit_cast(uint32_t, x)`)."""
    return int(np.float32(f32(x)).view(np.uint32))


# ---- loops, declarations, assertions -----------------------------------------------------------------------


def count(start: int, stop: int, step: int) -> Iterator[int]:
    """The values of `for (i = start; i < stop; i += step)` where the step is not known when the kernel is read.

    A step of 0 goes on for ever, as it does on the chip.
    """
    while start < stop:
        yield start
        start = u32(start + step)


def static_assert(condition: object, text: str = "") -> None:
    """What the compiler would refuse."""
    if not condition:
        raise KernelError(f"static_assert failed{f': {text}' if text else ''}; this kernel would not compile")


def ASSERT(condition: object, text: str = "") -> None:
    """The watcher's assertion: on the chip it stops the RISC."""
    if not condition:
        raise KernelError(f"ASSERT({text}) is not true; the watcher would report a tripped assert here")


class unset:
    """A variable that was declared without a value. Reading it is undefined in C++ and an error here."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _read(self, *_: Any) -> Any:
        raise KernelError(f"{self._name} is read before it has a value; give it one where it is declared")

    __index__ = __int__ = __float__ = __bool__ = __getitem__ = __getattr__ = __neg__ = __invert__ = _read
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = _read
    __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _read
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lt__ = __le__ = __gt__ = __ge__ = _read
    __eq__ = __ne__ = _read  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]
