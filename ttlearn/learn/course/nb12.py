"""Exercises of notebook 12, numbers: the cheapest arithmetic that is good enough, and how the packer rounds.

Left out: what only the notebook shows (sums of ones, epsilon, the study's tables).
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import HostError
from ...layernorm.golden import Error
from ...sim.formats import bfloat16, pack
from ...sim.fpu import MathFidelity
from ...study.methods import Settings, error, rows
from ..exercise import Case, Exercise, Functions, Kind, Value

# ---- what is chosen and written ----------------------------------------------------------------------------------


def cheapest(width: int) -> tuple[MathFidelity, bool]:
    fidelity = MathFidelity.HiFi2
    fp32_dest = width > 256
    return fidelity, fp32_dest


def to_bf16(bits: NDArray[Any]) -> NDArray[Any]:
    return (bits + 0x8000) >> 16


def _given_choice() -> Functions:
    def cheapest(width: int) -> tuple[MathFidelity, bool]:
        fidelity = MathFidelity.HiFi4
        fp32_dest = True
        return fidelity, fp32_dest

    return {"cheapest": cheapest}


# ---- cases --------------------------------------------------------------------------------------------------------

RIGHT = "within the bounds, and nothing cheaper is"
TOO_DEAR = "within the bounds, but a cheaper choice is, too"
WIDTHS = (64, 256, 1024, 2048)


@cache
def judged(width: int, fidelity: MathFidelity, fp32_dest: bool) -> Error:
    """layernorm of 32 rows of uniform numbers from 0 to 1, with these numbers and exact arithmetic, against float64."""
    return error(rows(width, uniform=True), Settings(fp32_dest=fp32_dest, fidelity=fidelity))


def cost(fidelity: MathFidelity, fp32_dest: bool) -> tuple[int, bool]:
    """What is cheaper comes first: fewer phases, then a DST that holds twice the tiles."""
    return fidelity.value, fp32_dest


def said(width: int, fidelity: MathFidelity, fp32_dest: bool) -> str:
    """How good a choice is, in words."""
    mine = judged(width, fidelity, bool(fp32_dest))
    if not mine.within:
        return str(mine)
    others = [each for each in product(MathFidelity, (False, True)) if cost(*each) < cost(fidelity, bool(fp32_dest))]
    return TOO_DEAR if any(judged(width, *each).within for each in others) else RIGHT


def chosen(width: int) -> Case:
    def make(functions: Functions) -> Value:
        answer = functions["cheapest"](width)
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], MathFidelity)):
            raise HostError(
                f"cheapest({width}) gave {answer!r}; give a pair: a fidelity, and whether DST is fp32, as "
                "(MathFidelity.HiFi4, True)"
            )
        return Value(said(width, *answer), RIGHT)

    return Case(f"rows of {width:,}", make)


def rounded(name: str, *values: float | int) -> Case:
    """Of each value (an int: a pattern) what the packer makes of it; told are the first four that are wrong."""

    def make(functions: Functions) -> Value:
        bits = np.array([v if isinstance(v, int) else np.float32(v).view(np.uint32) for v in values], np.uint32)
        mine = np.asarray(functions["to_bf16"](bits.copy()))
        if mine.shape != bits.shape or mine.dtype.kind not in "iu":
            raise HostError(
                f"to_bf16(bits) gave {mine.dtype} numbers of shape {mine.shape}; give whole numbers of shape {bits.shape}: "
                "one pattern for each of bits"
            )
        right = _packed(bits)
        wrong = np.flatnonzero(mine != right)[:4]
        return Value(_pairs(bits[wrong], mine[wrong]), _pairs(bits[wrong], right[wrong]))

    return Case(name, make)


def _packed(bits: NDArray[np.uint32]) -> NDArray[np.uint16]:
    return pack(bits.view(np.float32), bfloat16).view(np.uint16)


def _pairs(bits: NDArray[Any], patterns: NDArray[Any]) -> str:
    return ", ".join(f"{int(before):08x}: {int(after):04x}" for before, after in zip(bits, patterns, strict=True))


def _any(count: int) -> list[int]:
    """Patterns of numbers from -1000 to 1000."""
    values = np.random.default_rng(0).uniform(-1000, 1000, count).astype(np.float32)
    return [int(bits) for bits in values.view(np.uint32)]


EXERCISES = (
    Exercise(
        id="12.1",
        title="Round as the packer does",
        kind=Kind.WRITE,
        reference={"to_bf16": to_bf16},
        cases=(
            rounded("numbers that bf16 holds", 1.0, -2.0, 0.5, 256.0),
            rounded("a little below and above the middle", 0x3F807FFF, 0x3F808001, 0xBF807FFF, 0xBF808001),
            rounded("exactly in the middle", 257.0, -257.0, 259.0, 0x3F808000),
            rounded("a carry into the exponent", 0x3FFFFFFF, 0x3FFF8000, 0x437FC000),
            rounded("a thousand others", *_any(1000)),
        ),
        tips=(
            "The upper 16 of the 32 bits are what bf16 keeps; `bits >> 16` cuts the others off. How do you round a number of "
            "pence to whole pounds, if all you can do is cut?",
            "Add half of the last place that stays, then cut. Half of 0x10000 is 0x8000.",
        ),
    ),
    Exercise(
        id="12.2",
        title="The cheapest numbers that will do",
        kind=Kind.FASTER,
        reference={"cheapest": cheapest},
        cases=tuple(chosen(width) for width in WIDTHS),
        tips=(
            "Run `print(error(width, fidelity, fp32_dest))` for each of the four widths, beginning with the cheapest "
            "choice, and go up until it says *within*.",
            "LoFi is never enough, HiFi2 always. The 16-bit DST does for the narrow rows: `fp32_dest = width > ...`.",
        ),
        given=_given_choice(),
        equivalent={
            "cheapest 3: `fp32_dest = width > 256`, one more than 256": "no row is 257 wide: widths are multiples of 32",
        },
    ),
)
