"""What the op refuses, in the learner's words: shapes, types, choices, and circular buffers larger than L1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import HostError
from ..host.tensor import Tensor, from_numpy
from ..sim.formats import Format, bfloat16, float32
from .designs import Designs


def check_input(values: NDArray[Any], dtype: Format) -> None:
    if dtype not in (bfloat16, float32):
        raise HostError(f"dtype is {dtype!r}; it must be tt.bfloat16 or tt.float32")
    check_numbers("x", values)
    if values.ndim < 2:
        raise HostError(f"x has shape {list(values.shape)}; it needs at least two dimensions, (..., H, W)")
    if values.size == 0:
        raise HostError(
            f"x has shape {list(values.shape)}: it holds no numbers; H and W must be multiples of 32, from 32 on"
        )
    width, height = values.shape[-1], values.shape[-2]
    if width % 32:
        raise HostError(
            f"x is {width} wide; W must be a multiple of 32, the width of a tile: pad it to {-(-width // 32) * 32}"
        )
    if height % 32:
        raise HostError(
            f"x has {height} rows; H must be a multiple of 32, the height of a tile: pad it to {-(-height // 32) * 32}"
        )


def check_numbers(name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind not in "fiu" and values.dtype.name != "bfloat16":
        raise HostError(f"{name} holds {values.dtype}; give an array of numbers")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise HostError(f"{name} is {value!r}; choose one of {', '.join(map(repr, choices))}")


def check_number(name: str, value: Any, limit: int) -> None:
    if not isinstance(value, (int, np.integer)) or not 1 <= value <= limit:
        raise HostError(f"{name} is {value!r}; it must be a whole number from 1 to {limit}")


def check_epsilon(epsilon: Any) -> None:
    if (
        isinstance(epsilon, bool)
        or not isinstance(epsilon, (int, float, np.integer, np.floating))
        or not 0 < float(epsilon) < float("inf")
    ):
        raise HostError(f"epsilon is {epsilon!r}; it must be a number above 0, as in 1e-5")
    if not 2.0**-126 <= float(epsilon) < 2.0**127:
        raise HostError(f"epsilon is {epsilon!r}; a bf16 tile holds 1.2e-38 to 1.7e38: choose one in between")


def parameter(name: str, given: ArrayLike | None, width: int, dtype: Format) -> Tensor | None:
    """gamma or beta as a tensor of one stick."""
    if given is None:
        return None
    values = np.asarray(given)
    if values.size != width or values.shape[-1:] != (width,):
        raise HostError(f"{name} has shape {list(values.shape)}; it needs one value a column, ({width},) for this x")
    check_numbers(name, values)
    return from_numpy(values.reshape(1, width), dtype)


def added(given: ArrayLike | None, shape: tuple[int, ...], dtype: Format) -> Tensor | None:
    """The residual as a tensor."""
    if given is None:
        return None
    values = np.asarray(given)
    if values.shape != shape:
        raise HostError(f"residual has shape {list(values.shape)}; it is added to x, so it needs x's: {list(shape)}")
    check_numbers("residual", values)
    return from_numpy(values, dtype)


def choose(both: Designs, design: str, style: str, block: int | None) -> tuple[str, int]:
    """(the design to build, tiles a block, 0 for the resident one)."""
    if block is not None:
        return "streaming", _checked_block(both, design, style, block)
    chosen = both.chosen if design == "auto" else design
    if chosen == "resident":
        _check_resident(both)
        return chosen, 0
    _check_style(both, design, style)
    if both.block == 0:
        raise _too_large(both, 1, "Take a smaller cb_depth")
    return chosen, both.block


def _check_style(both: Designs, design: str, style: str) -> None:
    if style == "raw":
        why = "" if design == "streaming" else f", and {both.why}"
        raise HostError(f'style="raw" shows the resident design only{why}; take style="helpers"')


def _checked_block(both: Designs, design: str, style: str, block: Any) -> int:
    if design != "streaming":
        raise HostError(f'block={block!r} is for design="streaming", and design is {design!r}; add design="streaming"')
    _check_style(both, design, style)
    wt = both.wants.width // 32
    if not isinstance(block, (int, np.integer)) or block < 1 or wt % block:
        divisors = ", ".join(str(n) for n in range(1, wt + 1) if wt % n == 0)
        raise HostError(f"block is {block!r}; it must divide the row's {wt} tiles: choose one of {divisors}")
    if both.wants.streaming(int(block)).total_size > both.budget:
        raise _too_large(both, int(block), f"Take block={both.block}" if both.block else "Take a smaller cb_depth")
    return int(block)


def _too_large(both: Designs, block: int, advice: str) -> HostError:
    table = both.wants.streaming(block)
    return HostError(
        f"the streaming design with blocks of {block} tile{'s' * (block != 1)} needs {table.total_size:,} bytes of L1, "
        f"but {both.arch} has {both.budget:,} for them:\n{table!r}\n{advice}"
    )


def _check_resident(both: Designs) -> None:
    table = both.resident
    if table.total_size <= both.budget:
        return
    row = both.wants.width // 32 * both.wants.dtype.tile_bytes
    advice = (
        ". Shrink c_0 and c_16 first (cb_depth=1), then W"
        if both.wants.cb_depth > 1
        else ", and cb_depth is 1 already: shrink W"
    )
    raise HostError(
        f"the circular buffers need {table.total_size:,} bytes of L1, but {both.arch} has {both.budget:,} for them:\n"
        f"{table!r}\nEach tile row is {row:,} bytes here{advice}; or take "
        'design="streaming", which holds a block of the row at a time'
    )
