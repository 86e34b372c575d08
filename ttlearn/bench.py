"""`python -m ttlearn.bench`: how fast the simulator is, as ratios against numpy on whole arrays.

The floor does the op's phases with the same roundings on the whole matrix at once: what numpy alone would
take for the same numbers, without CBs, clock, NOC or checks. What the timing model itself costs is measured against
an instant chip: every call and tile takes one cycle, and nobody waits for a bank. One process, one thread, best or
median of several runs.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layernorm.op import make_job, run_job
from .silicon import programs
from .sim import formats, fpu, tile
from .sim.arch import ARCHS, Arch, Path
from .sim.formats import bfloat16
from .sim.fpu import BroadcastType as B
from .sim.fpu import EltwiseBinaryType as E
from .sim.fpu import MathFidelity
from .sim.sfpu import SFPU

HIFI = MathFidelity.HiFi4
Tiles = NDArray[np.float32]
MODEL_GOAL, COPY_GOAL = 1.25, 3.0  # times an instant chip, seconds


def floor(
    bits: NDArray[np.uint16], gamma: Tiles, beta: Tiles, epsilon: float, streaming: bool = False
) -> NDArray[np.uint8]:
    """The twelve phases on (H, W) bf16 patterns, each rounded as the chip rounds, each one numpy call or few.

    `streaming`: the input is tilized three times and centered twice, gamma and beta are tilized for each tile row again,
    and the statistics are fp32, cut when used.
    """
    height, width = bits.shape
    wt, rows = width // 32, height // 32
    sticks = bits.reshape(rows, 32, width)
    scaler = np.zeros((1024,), np.float32)
    scaler.reshape(4, 256)[:, :16] = formats.truncate(np.array([1 / width], np.float32), 16)[0]

    def packed(x: Tiles) -> Tiles:
        return formats.unpack(formats.pack(x, bfloat16), bfloat16, True)

    def row_mean(x: Tiles) -> Tiles:
        weighted = (x.reshape(rows, wt, 1024).sum(axis=1) * fpu.broadcast(scaler[None], B.ROW)).reshape(fpu.FACES)
        result = np.zeros((rows, 1024), np.float32)
        result.reshape(fpu.FACES)[:, :, 0, :, 0] = weighted.sum(axis=(2, 4))
        return held(result)

    def held(x: Tiles) -> Tiles:
        return formats.truncate(x, formats.TF32_BITS) if streaming else packed(x)

    def each(op: E, x: Tiles, y: Tiles, bcast: B) -> Tiles:
        return packed(fpu.eltwise(op, x, y, bcast, HIFI, True))

    def per_row(x: Tiles) -> Tiles:
        return np.repeat(x, wt, axis=0)

    def load(sticks: NDArray[np.uint16]) -> Tiles:
        tiles = np.concatenate([tile.tilize(s) for s in sticks])
        return packed(formats.unpack(tiles.reshape(-1).view(np.uint8), bfloat16, True))  # tilize packs, too

    def per_tile(x: Tiles) -> Tiles:
        """gamma or beta for all rows: (wt, 1024) given."""
        if not streaming:
            return np.tile(x, (rows, 1))
        return load(np.broadcast_to(tile.untilize(formats.bf16_bits(x)), (rows, 32, width)))

    x = load(sticks)
    mean = per_row(row_mean(x))
    centered = each(E.ELWSUB, load(sticks) if streaming else x, mean, B.COL)
    variance = row_mean(each(E.ELWMUL, centered, centered, B.NONE))
    inverse = held(SFPU["rsqrt"](variance + np.float32(epsilon), True))
    if streaming:
        centered = each(E.ELWSUB, load(sticks), mean, B.COL)
    y = each(E.ELWMUL, centered, per_row(inverse), B.COL)
    y = each(E.ELWMUL, y, per_tile(gamma), B.ROW)
    y = each(E.ELWADD, y, per_tile(beta), B.ROW)
    out = formats.pack(y, bfloat16).view(np.uint16).reshape(rows, wt, 1024)
    return np.concatenate([tile.untilize(row) for row in out]).view(np.uint8)


def best(function: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest of `runs` calls, after one to warm up."""
    function()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


ONES: tuple[str, ...] = ("hop", "launch", "cb_call", "credit", "engine_issue", "configure", "unpack", "pack", "copy")
ONES += ("eltwise", "matmul_phase", "matmul_fixed", "reduce_tile", "tilize", "sfpu", "sfpu_slow", "sfpu_exp")
PATHS = ("read_dram", "write_dram", "read_l1", "write_l1", "multicast", "linked_multicast")
RATES = ("bank_rate", "dram_read_rate", "dram_write_rate", "dram_mixed_rate", "unpack_rate")


def instant(arch: Arch) -> Arch:
    """A chip on which everything takes one cycle, and as many at a time as like."""
    at_once = float("inf")
    times: dict[str, Any] = dict.fromkeys(ONES, 1) | dict.fromkeys(RATES, at_once) | {"untilize": (1, 0)}
    times |= dict.fromkeys(PATHS, Path(1, at_once, at_once, 1))
    return replace(arch, **times)


def model_cost(program: Callable[[], object], runs: int = 7) -> tuple[float, float]:
    """CPU seconds of `program` on Wormhole, and as a multiple of the same on the instant chip, run by turns.

    Both are medians; garbage of a run before is collected before the clock starts.
    """
    name, real = "wormhole_b0", ARCHS["wormhole_b0"]
    full: list[float] = []
    ratios: list[float] = []
    program()
    try:
        for _ in range(runs):
            took = []
            for arch in (real, instant(real)):
                ARCHS[name] = arch
                gc.collect()
                begin = time.process_time()
                program()
                took.append(time.process_time() - begin)
            full.append(took[0])
            ratios.append(took[0] / took[1])
    finally:
        ARCHS[name] = real
    return median(full), median(ratios)


def print_model_costs() -> None:
    """What the full constants cost, and how long the largest copy of the validation suite takes, beside the goals."""
    rng = np.random.default_rng(0)
    x, gamma, beta = (rng.normal(size=s).astype(np.float32) for s in ((256, 1024), (1024,), (1024,)))
    for name, program in (
        ("layernorm 256x1024, helpers", lambda: run_job(make_job(x, gamma, beta, style="helpers"))),
        ("layernorm 256x1024, raw", lambda: run_job(make_job(x, gamma, beta, style="raw"))),
        ("relu 256 tiles, block 4", lambda: programs.relu(256, 4, 2)),
        ("copy 2048x2048, 1 core", lambda: programs.copy(4096, 4, 2)),
        ("copy 2048x2048, 64 cores", lambda: programs.copy(4096, 4, 2, 64)),
    ):
        seconds, ratio = model_cost(program)
        print(f"{name:<28} {seconds:>6.3f} s, {ratio:.2f}x the time of an instant chip")
    print(f"goals: at most {MODEL_GOAL}x an instant chip; the copy on 64 cores in {COPY_GOAL:.0f} s")


def print_streaming() -> None:
    """Rows that do not fit L1: against the floor, and the cost a tile from 256 to 16384 tiles."""
    rng, width = np.random.default_rng(0), 4096
    for height, runs in ((64, 3), (1024, 3), (4096, 1)):
        x, gamma, beta = (rng.normal(size=s).astype(np.float32) for s in ((height, width), (width,), (width,)))
        bits = formats.to_bf16_rne(x)
        g, b = (tile.tilize(np.tile(formats.bf16_values(formats.to_bf16_rne(v)), (32, 1))) for v in (gamma, beta))
        base = best(lambda bits=bits, g=g, b=b: floor(bits, g, b, 1e-5, streaming=True), 3)  # type: ignore[misc]
        took = best(lambda: run_job(make_job(x, gamma, beta, design="streaming")), runs)  # noqa: B023
        tiles = height * width // 1024
        print(
            f"{height:>6}x{width:<5} {base * 1e3:>6.1f} ms {took * 1e3:>6.0f} ms, streaming: "
            f"{took / base:.1f}x its floor, {took / tiles * 1e6:.0f} us a tile"
        )


def import_seconds() -> float:
    """What `import ttlearn` takes beyond numpy and ml_dtypes."""

    def seconds(modules: str) -> float:
        code = f"import time; t = time.perf_counter(); import {modules}; print(time.perf_counter() - t)"
        return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))

    return seconds("numpy, ml_dtypes, ttlearn") - seconds("numpy, ml_dtypes")


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"{'shape':>12} {'floor':>9} {'helpers':>9} {'raw':>9}   helpers/floor  raw/floor  us a tile (helpers)")
    for height, width in ((32, 1024), (256, 1024), (1024, 1024), (2048, 1024)):
        x, gamma, beta = (rng.normal(size=s).astype(np.float32) for s in ((height, width), (width,), (width,)))
        bits = formats.to_bf16_rne(x)
        g, b = (tile.tilize(np.tile(formats.bf16_values(formats.to_bf16_rne(v)), (32, 1))) for v in (gamma, beta))
        base = best(lambda bits=bits, g=g, b=b: floor(bits, g, b, 1e-5), 7)  # type: ignore[misc]
        took = []
        for style in ("helpers", "raw"):
            took.append(best(lambda s=style: run_job(make_job(x, gamma, beta, style=s)), 3))  # type: ignore[misc]  # noqa: B023
        tiles = height * width // 1024
        print(
            f"{height:>6}x{width:<5} {base * 1e3:>6.1f} ms {took[0] * 1e3:>6.1f} ms {took[1] * 1e3:>6.1f} ms"
            f"   {took[0] / base:>12.1f}x {took[1] / base:>9.1f}x {took[0] / tiles * 1e6:>12.0f}"
        )
    print_streaming()
    print_model_costs()
    print(f"import ttlearn: {import_seconds():.3f} s beyond numpy and ml_dtypes")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
