"""Programs and cases around the phases of notebook 09: variance, 1/sqrt(variance + epsilon), and the squares before them.

Inputs come in tiles, made by the host; what a phase gives goes out, or through `normalize`. Left out: center and square as
phases of their own (notebook 08).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np

from ..dataflow import cb_pop_front
from . import one_phase
from .exercise import Case, Functions, Trial
from .given_phases import normalize, row_by_row
from .hangs.entry import Kernel, Launch
from .one_phase import (
    Floats,
    Phase,
    bf16,
    both_of,
    c_1,
    c_2,
    c_3,
    c_16,
    c_24,
    c_26,
    c_27,
    epsilon_of,
    in_column_0,
    sample,
    scaler_of,
)

EPSILON = 1e-3
BOUNDS = (2e-2, 1e-3)  # rtol, atol: 1/W cut to bf16 loses up to 2^-7, the variance and its pack round


def program(
    squared: Floats,
    centered: Floats,
    variance: Phase,
    inverse_std: Kernel,
    *,
    epsilon: float = EPSILON,
    depth: int = 2,
    late: bool = False,
    fp32_dst: bool = True,
) -> Launch:
    """centered / sqrt(mean of squared + epsilon), row by row. `depth`: tile rows in c_1 and c_24.

    `late`: scaler and epsilon come after the first row, and tiles one by one.
    """
    Wt = squared.shape[1] // 32
    row = depth * Wt

    async def inverse(_: int) -> None:
        await inverse_std()

    return one_phase.program(
        row_by_row((c_1, c_2, c_26), variance, inverse, normalize),
        {c_1: squared, c_24: centered},
        {c_16: Wt},
        {c_2: 1, c_3: 1, c_1: row, c_24: row, c_26: 1, c_27: 1, c_16: row},
        Wt,
        prepare=both_of(Wt, epsilon),
        late=late,
        one_by_one=late,
        fp32_dst=fp32_dst,
    )


def one_inverse(
    variances: Floats,
    phase: Kernel,
    *,
    epsilon: float = EPSILON,
    late: bool = False,
    depth: int = 1,
    fp32_dst: bool = True,
) -> Launch:
    """`phase` alone: 1/sqrt of each element of `variances` (a multiple of 32, 32) plus epsilon."""

    async def inverse(_: int) -> None:
        await phase()

    table = {c_3: 1, c_26: depth, c_27: depth}
    return one_phase.program(
        row_by_row((c_26, c_3, c_27), inverse),
        {c_26: variances},
        {c_27: 1},
        table,
        1,
        prepare=epsilon_of(epsilon),
        late=late,
        fp32_dst=fp32_dst,
    )


def mean_square(
    squares: Callable[[int], Coroutine[Any, Any, int]],
    variance: Phase,
    x: Floats,
    depth: int = 1,
    fp32_dst: bool = True,
    one_by_one: bool = False,
) -> Launch:
    """`squares`, then `variance` of as many tiles as it returned. c_24 is popped after it."""
    Wt = x.shape[1] // 32

    async def both(Wt: int) -> None:
        tiles = await squares(Wt)
        await variance(tiles)
        cb_pop_front(c_24, Wt)

    return one_phase.program(
        row_by_row((c_24, c_24, c_1), both),
        {c_24: x},
        {c_26: 1},
        {c_2: 1, c_24: depth * Wt, c_1: Wt, c_26: depth},
        Wt,
        prepare=scaler_of(Wt),
        one_by_one=one_by_one,
        fp32_dst=fp32_dst,
    )


def one_variance(phase: Phase, squared: Floats) -> Launch:
    """`phase` alone, one tile row of room everywhere."""
    Wt = squared.shape[1] // 32
    return one_phase.program(
        row_by_row((c_1, c_2, c_26), phase),
        {c_1: squared},
        {c_26: 1},
        {c_2: 1, c_1: Wt, c_26: 1},
        Wt,
        prepare=scaler_of(Wt),
    )


# ---- cases ----------------------------------------------------------------------------------------------------------


def three(
    name: str,
    Wt: int,
    Ht: int = 1,
    *,
    depth: int = 2,
    late: bool = False,
    fp32_dst: bool = True,
    seed: int | None = None,
) -> Case:
    """variance and inverse_std between what comes before and after; row 1 of each tile row has variance 0."""

    def make(functions: Functions) -> Trial:
        squared, centered = bf16((sample(Wt, Ht) - 3) ** 2), sample(Wt, Ht)
        launch = program(
            squared,
            centered,
            functions["variance"],
            functions["inverse_std"],
            depth=depth,
            late=late,
            fp32_dst=fp32_dst,
        )
        return Trial(*launch, centered / np.sqrt(squared.mean(axis=1, keepdims=True) + EPSILON), BOUNDS)

    return Case(name, make, seed)


def alone(name: str, Wt: int, Ht: int) -> Case:
    """variance without what comes after it."""

    def make(functions: Functions) -> Trial:
        squared = bf16((sample(Wt, Ht) - 3) ** 2)
        launch = one_variance(functions["variance"], squared)
        return Trial(*launch, in_column_0(squared.mean(axis=1, keepdims=True)), BOUNDS)

    return Case(name, make)


def inverted(
    name: str,
    variances: Sequence[float],
    *,
    epsilon: float = EPSILON,
    late: bool = False,
    depth: int = 1,
    fp32_dst: bool = True,
    seed: int | None = None,
) -> Case:
    """A tile for each number: every element is that number, but row 1 is zero, as of a constant row."""

    def make(functions: Functions) -> Trial:
        tiles = np.repeat(bf16(variances), 32)[:, None] * np.ones(32)
        tiles[1::32] = 0
        phase = functions.get("inverse_std") or functions["careful_inverse_std"]
        launch = one_inverse(tiles, phase, epsilon=epsilon, late=late, depth=depth, fp32_dst=fp32_dst)
        return Trial(*launch, 1 / np.sqrt(tiles + epsilon), BOUNDS)

    return Case(name, make, seed)


def summed(
    variance: Phase,
    name: str,
    Wt: int,
    Ht: int = 1,
    *,
    depth: int = 1,
    fp32_dst: bool = True,
    one_by_one: bool = False,
    seed: int | None = None,
) -> Case:
    """The mean of the squares of each row; `variance` is the package's own."""

    def make(functions: Functions) -> Trial:
        x = bf16(sample(Wt, Ht) - 3)
        launch = mean_square(functions["squares"], variance, x, depth, fp32_dst, one_by_one)
        return Trial(*launch, in_column_0((x**2).mean(axis=1, keepdims=True)), BOUNDS)

    return Case(name, make, seed)
