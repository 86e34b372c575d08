"""What the study asks: how wide, how far from 0, which epsilon, which scale, which fidelity, which blocks.

Every figure is a run of 32 rows (Welford's is numpy) against float64. "exact" arithmetic rounds as the chip does; the
width section has the faster "float" model beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..layernorm.golden import Error
from ..sim.formats import Floats
from ..sim.fpu import MathFidelity
from .methods import Method, Settings, error, rows
from .section import Measure, Section, grid

WIDTHS = (32, 256, 1024, 2048, 4096)
OFFSETS = (0.0, 1.0, 4.0, 16.0, 64.0, 256.0)
EPSILONS = (1e-12, 1e-5, 1e-3, 1e-1, 1e1, 1e3)
BLOCKS = (4, 8, 16, 32, 64, 128)
SCALES = (1e-20, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e18, 1e20)

FP32, DST16 = Settings(), Settings(fp32_dest=False)

SETTINGS = {"fp32 DST": FP32, "16-bit DST": DST16, "16-bit, float": replace(DST16, numerics="float")}
WIDE = [(noise, name) for noise in ("normal", "uniform") for name in SETTINGS]


def widths(counts: Sequence[int] = WIDTHS) -> Section:
    """Rows of N(0, 1), and of uniform numbers from 0 to 1, against W."""

    def one(i: int, j: int) -> Error:
        noise, name = WIDE[j]
        return error(rows(counts[i], uniform=noise == "uniform"), SETTINGS[name])

    lesson = (
        "A 16-bit DST rounds each partial sum of a mean to 8 bits: the sums grow with W, and so does what is lost. An "
        "fp32 DST does not. The float model rounds once a tile, the chip after every face and phase: it is too kind."
    )
    return grid("1  How wide may a row be?", Measure.FROBENIUS, "W", counts, WIDE, one, lesson)


METHODS = {
    ("two passes", "fp32 DST"): FP32,
    ("two passes", "16-bit DST"): DST16,
    ("recentred", "fp32 DST"): replace(FP32, method=Method.RECENTRED),
    ("one pass", "fp32 DST"): replace(FP32, method=Method.ONE_PASS),
    ("one pass", "16-bit DST"): replace(DST16, method=Method.ONE_PASS),
    ("Welford", "(numpy)"): replace(FP32, method=Method.WELFORD),
}


def offsets(far: Sequence[float] = OFFSETS, width: int = 1024) -> Section:
    """N(0, 1) plus an offset, in standard deviations, by each method."""
    settings = list(METHODS.values())

    def one(i: int, j: int) -> Error:
        return error(rows(width, offset=far[i]), settings[j])

    lesson = (
        "One pass takes mean(x)^2 from mean(x^2): two large numbers of 8 bits; what is left is rounding, and "
        "may be negative. Two passes fail later, because the mean is packed to 8 bits, and so is Welford's, however "
        "well it was found. Taking the mean out twice (recentre=True) mends it. (Welford: numpy, not a kernel.)"
    )
    title = f"2  How far from 0 may it lie? W = {width}"
    return grid(title, Measure.FROBENIUS, "mean/sigma", far, list(METHODS), one, lesson)


def constant(width: int) -> Floats:
    """32 rows of 100s: layernorm gives 0."""
    return np.full((32, width), 100, np.float32)


def epsilons(values: Sequence[float] = EPSILONS) -> Section:
    """What epsilon can mend, and what it cannot."""
    recentred = replace(FP32, method=Method.RECENTRED)
    far, small = rows(96, offset=256.0), rows(96, scale=1e-3)
    columns = {
        ("constant", "W = 96"): (constant(96), FP32),
        ("constant 96", "recentred"): (constant(96), recentred),
        ("constant 256", "16-bit DST"): (constant(256), DST16),
        ("sigma", "0.001"): (small, FP32),
        ("offset", "256 sigma"): (far, FP32),
        ("offset", "recentred"): (far, recentred),
    }
    given = list(columns.values())

    def one(i: int, j: int) -> Error:
        x, settings = given[j]
        return error(x, replace(settings, epsilon=values[i]))

    lesson = (
        "Epsilon bounds what a tiny variance is divided by. A constant row's mean is off by a rounding (1/96 is cut; a "
        "16-bit DST rounds partial sums of 100s), and that rest is all there is to normalize: only an epsilon far above "
        "its square hides it, and one of 10 shrinks ordinary rows to a third. An offset's error it shrinks only with "
        "the output."
    )
    return grid("3  What does epsilon mend?", Measure.MAX_ABS, "epsilon", values, list(columns), one, lesson)


def scales(values: Sequence[float] = SCALES, width: int = 256) -> Section:
    """N(0, 1) times a number."""
    settings = (FP32, DST16)

    def one(i: int, j: int) -> Error:
        return error(rows(width, scale=values[i]), settings[j])

    lesson = (
        "bf16 has float32's exponents, so scale hardly matters, until squares overflow (above 1e19). Far below 1, epsilon "
        "outweighs the variance, in the reference as well."
    )
    columns = [("normal", "fp32 DST"), ("normal", "16-bit DST")]
    return grid(f"4  Which scale? W = {width}", Measure.FROBENIUS, "scale", values, columns, one, lesson)


def fidelities(width: int = 1024) -> Section:
    """The four fidelities."""
    levels, settings = tuple(MathFidelity), (FP32, DST16)

    def one(i: int, j: int) -> Error:
        return error(rows(width), replace(settings[j], fidelity=levels[i]))

    lesson = (
        "LoFi multiplies 5 by 7 bits: too few for bf16's 8. Two phases are enough for the bounds. With a 16-bit DST each "
        "phase is one more rounding."
    )
    columns = [("normal", "fp32 DST"), ("normal", "16-bit DST")]
    names = [level.name for level in levels]
    return grid(f"5  Which fidelity? W = {width}", Measure.FROBENIUS, "fidelity", names, columns, one, lesson)


def blocks(tiles: Sequence[int] = BLOCKS, width: int = 4096) -> Section:
    """The streaming design's rows, in blocks of so many tiles."""
    columns = [(noise, name) for noise in ("normal", "uniform") for name in ("fp32 DST", "16-bit DST")]

    def one(i: int, j: int) -> Error:
        noise, name = columns[j]
        return error(rows(width, uniform=noise == "uniform"), replace(SETTINGS[name], block=tiles[i]))

    lesson = (
        'Streaming (design="streaming") sums a block in DST and adds the blocks in fp32, in L1. So a 16-bit DST never '
        "holds a long sum, and small blocks keep it within the bounds. The op itself takes the largest block that fits, "
        "for speed: pass block=8. (The mean stays in fp32 as well, so an fp32 DST gains a little, and stands an offset "
        "of 16 sigma.)"
    )
    title = f"6  Do blocks help? W = {width}, streaming"
    return grid(title, Measure.FROBENIUS, "tiles", tiles, columns, one, lesson)
