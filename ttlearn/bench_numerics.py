"""`python -m ttlearn.bench_numerics`: what numerics="exact" costs, op by op and for a whole layernorm.

Microseconds of CPU time a tile (a row's ops are those of `ttlearn.numbers`, at HiFi4), the two models by turns, best of
several. One process, one thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from .layernorm.op import make_job, run_job
from .numbers import OPS
from .sim.arithmetic import ARITHMETIC
from .sim.fpu import MathFidelity

MODELS = ("float", "exact")
TILES = {"reduce_tile, rows of 3 tiles": 12, "reduce_tile, columns of 3 tiles": 12}  # the others take 8


def by_turns(program: Callable[[str], object], runs: int) -> tuple[float, float]:
    """CPU seconds of `program` with each model."""
    times: dict[str, list[float]] = {model: [] for model in MODELS}
    for model in MODELS * (runs + 1):
        begin = time.process_time()
        program(model)
        times[model].append(time.process_time() - begin)
    best = [min(took[1:]) for took in times.values()]  # the first warms up
    return best[0], best[1]


def line(name: str, tiles: int, narrow: tuple[float, float], full: tuple[float, float]) -> str:
    cells = [f"{a / tiles * 1e6:>7.1f} {b / tiles * 1e6:>7.1f} {b / a:>6.1f}x" for a, b in (narrow, full)]
    return f"{name:<36} {'   '.join(cells)}"


def layernorm(style: str, fp32_dest: bool) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    x, gamma, beta = (rng.normal(size=s).astype(np.float32) for s in ((256, 1024), (1024,), (1024,)))
    job = make_job(x, gamma, beta, style=style, fp32_dest_acc_en=fp32_dest)
    return by_turns(lambda model: run_job(job, numerics=model), 7)


def main() -> None:
    print(f"{'us a tile':<36} {'16-bit DST':>23}   {'fp32 DST':>23}")
    print(f"{'':<36} {'float   exact  ratio':>23}   {'float   exact  ratio':>23}")
    for name, op, _ in OPS:
        took = [by_turns(lambda m: op(ARITHMETIC[m], MathFidelity.HiFi4, fp32), 20) for fp32 in (False, True)]  # noqa: B023
        print(line(name, TILES.get(name, 8), took[0], took[1]))
    for style in ("helpers", "raw"):
        print(line(f"layernorm 256x1024, {style}", 256, layernorm(style, False), layernorm(style, True)))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
