"""Four ways to one layernorm, each with its numbers' settings, against float64.

Three are runs of real kernels on 32 rows, without gamma and beta, resident in L1 unless said; Welford's is numpy. The reference
is float64 on the same rows, already rounded to bf16, so the rounding of the input is nobody's error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ..host.descriptors import ComputeConfigDescriptor
from ..host.program import generic_op
from ..host.tensor import from_numpy, to_numpy
from ..layernorm import golden
from ..layernorm.golden import Error
from ..layernorm.op import build, make_job
from ..sim.formats import Floats
from ..sim.fpu import MathFidelity
from . import onepass, welford


class Method(Enum):
    """How mean and variance are found. The value: what a table calls it."""

    TWO_PASS = "two passes"
    RECENTRED = "two passes, recentred"
    ONE_PASS = "one pass"
    WELFORD = "Welford (numpy, not a kernel)"


@dataclass(frozen=True)
class Settings:
    """What the engine is told, epsilon, and how its arithmetic is modelled: "exact" as the chip rounds, or "float".

    `block`: rows are streamed in blocks of so many tiles, whose sums are added in fp32; 0: resident.
    """

    fp32_dest: bool = True
    fidelity: MathFidelity = MathFidelity.HiFi4
    epsilon: float = 1e-5
    method: Method = Method.TWO_PASS
    numerics: str = "exact"
    block: int = 0


def rows(
    width: int, *, offset: float = 0.0, scale: float = 1.0, uniform: bool = False, seed: int = 0, height: int = 32
) -> Floats:
    """(height, width) values that bf16 holds: scale * (offset + noise), the noise N(0, 1), or uniform from 0 to 1."""
    rng = np.random.default_rng(seed)
    noise = rng.random((height, width)) if uniform else rng.standard_normal((height, width))
    return to_numpy(from_numpy(scale * (offset + noise)))


def layernorm(x: Floats, settings: Settings) -> Floats:
    """The rows of x normalized, by the method and with the numbers of `settings`."""
    if settings.method is Method.WELFORD:
        return welford.layernorm(x, settings.epsilon)
    recentre = settings.method is Method.RECENTRED
    design, block = ("streaming", settings.block) if settings.block else ("resident", None)
    job = make_job(x, epsilon=settings.epsilon, recentre=recentre, design=design, block=block, cb_depth=1)
    program = onepass.program(job) if settings.method is Method.ONE_PASS else build(job)
    config = ComputeConfigDescriptor(math_fidelity=settings.fidelity, fp32_dest_acc_en=settings.fp32_dest)
    kernels = [*program.kernels[:2], replace(program.kernels[2], config=config)]
    return generic_op(job.tensors, replace(program, kernels=kernels, numerics=settings.numerics)).output


def error(x: Floats, settings: Settings) -> Error:
    """How far the result is from float64."""
    with np.errstate(all="ignore"):  # inf is a result here
        return golden.compare(layernorm(x, settings), golden.layernorm(x, epsilon=settings.epsilon))
