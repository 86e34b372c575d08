"""Another legal timing of the same chip, drawn from a seed: which call takes how long is never promised.

A transfer takes up to TRANSFER cycles more, a wait call up to WAIT, a kernel starts up to START cycles later; and one
draw a run makes each constant of cores and engine up to SHARE smaller or larger. What is due at one cycle comes in any
order. Left out: delays beyond these bounds, as a congested NOC or a stopped RISC would make them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from .arch import Arch

TRANSFER = 200  # cycles, the end excluded
WAIT = 50
START = 200
SHARE = 0.25

_COSTS = ("cb_call", "credit", "engine_issue", "unpack", "pack", "copy", "eltwise", "matmul_phase", "reduce_tile")
_MORE = ("matmul_fixed", "tilize", "sfpu", "sfpu_slow", "sfpu_exp")
_PATHS = ("read_dram", "write_dram", "read_l1", "write_l1")


def drawn(arch: Arch, rng: random.Random) -> Arch:
    """`arch` with other costs of its calls, its engine and its NOC requests."""
    costs: dict[str, Any] = {name: _other(getattr(arch, name), rng) for name in (*_COSTS, *_MORE)}
    paths: dict[str, Any] = {
        name: replace(path, issue=_other(path.issue, rng)) for name in _PATHS for path in [getattr(arch, name)]
    }
    untilize = (_other(arch.untilize[0], rng), _other(arch.untilize[1], rng))
    return replace(arch, **costs, **paths, untilize=untilize)


def _other(cycles: int, rng: random.Random) -> int:
    return max(1, round(cycles * rng.uniform(1 - SHARE, 1 + SHARE)))
