"""`layernorm_fused_rm`: from numpy arrays to a program and back.

Checks its arguments as the original op does, folds leading dimensions into rows, splits tile rows over
cores, and hands one program to `generic_op`. Left out: rows that do not fit L1, rows split over cores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import HostError
from ..host.descriptors import (
    ComputeConfigDescriptor,
    CoreRangeSet,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    TensorAccessorArgs,
    WriterConfigDescriptor,
    core_set,
)
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import Tensor, allocate_tensor_on_device, from_numpy, to_numpy
from ..sim.arch import ARCHS
from ..sim.formats import Format, bfloat16, float32, to_bf16_trunc
from . import compute as with_helpers
from . import dataflow, raw
from .cbs import CBTable, cb_table


@dataclass
class Job:
    """Everything that makes a program out of tensors."""

    x: Tensor
    gamma: Tensor | None
    beta: Tensor | None
    output: Tensor
    epsilon: float
    recentre: bool
    fp32_dest_acc_en: bool
    pages: str
    style: str
    cores: int
    cbs: CBTable
    arch: str
    last: int = with_helpers.LAST_PHASE

    @property
    def width(self) -> int:
        return self.x.shape[-1]

    @property
    def tile_rows(self) -> int:
        return self.x.buffer_num_pages() // 32

    @property
    def tensors(self) -> list[Tensor]:
        return [t for t in (self.x, self.gamma, self.beta) if t is not None] + [self.output]


def layernorm_fused_rm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    *,
    recentre: bool = False,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    pages: str = "sticks",
    style: str = "helpers",
    cores: int = 1,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
) -> Run:
    """Layernorm over the last axis of `x` (rank >= 2, row-major), on simulated cores.

    x (..., H, W), gamma and beta (W,) or (1, ..., W): numpy arrays, rounded to `dtype` (uint16 for bf16 and uint32 for
    fp32 are bit patterns, as in `from_numpy`). H, all leading dimensions
    folded in, and W are multiples of 32. `recentre` takes the mean out twice, for rows whose mean is far from 0.
    `pages` counts c_0 and c_16 in "sticks" or "tiles"; `style` is "helpers" or "raw"; tile rows are split over `cores`.
    Raises HostError for what does not fit, and what `generic_op` raises.
    """
    job = make_job(x, gamma, beta, epsilon, recentre, dtype, fp32_dest_acc_en, pages, style, cores, cb_depth, arch)
    return run_job(job, strict, seed)


def make_job(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    recentre: bool = False,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    pages: str = "sticks",
    style: str = "helpers",
    cores: int = 1,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
) -> Job:
    """The checked arguments of the op, as tensors and a CB table that may still be edited."""
    values = np.asarray(x)
    _check_input(values, dtype)
    width = values.shape[-1]
    _check_choice("pages", pages, ("sticks", "tiles"))
    _check_choice("style", style, ("helpers", "raw"))
    _check_choice("arch", arch, tuple(ARCHS))
    _check_number("cores", cores, ARCHS[arch].grid[0] * ARCHS[arch].grid[1])
    _check_number("cb_depth", cb_depth, 1 << 16)
    if (
        isinstance(epsilon, bool)
        or not isinstance(epsilon, (int, float, np.integer, np.floating))
        or not 0 < float(epsilon) < float("inf")
    ):
        raise HostError(f"epsilon is {epsilon!r}; it must be a number above 0, as in 1e-5")
    if not 2.0**-126 <= float(epsilon) < 2.0**127:
        raise HostError(f"epsilon is {epsilon!r}; a bf16 tile holds 1.2e-38 to 1.7e38: choose one in between")
    table = cb_table(width, dtype, pages, cb_depth, gamma is not None, beta is not None)
    _check_l1(table, arch, cb_depth)
    return Job(
        from_numpy(values, dtype),
        _parameter("gamma", gamma, width, dtype),
        _parameter("beta", beta, width, dtype),
        allocate_tensor_on_device(values.shape, dtype),
        float(epsilon),
        recentre,
        fp32_dest_acc_en,
        pages,
        style,
        cores,
        table,
        arch,
    )


def run_job(job: Job, strict: bool = True, seed: int | None = None) -> Run:
    """Build the program and run it. The Run's `details` hold the CB table and the golden result's inputs."""
    run = generic_op(job.tensors, build(job), arch=job.arch, strict=strict, seed=seed)
    run.details = {"cbs": job.cbs, "x": to_numpy(job.x)}
    return run


# ---- the program ------------------------------------------------------------------------------------------


def build(job: Job) -> ProgramDescriptor:
    """Reader, compute and writer on as many cores as there are tile rows for."""
    used, split = _split(job)
    wt, stick = job.width // 32, job.x.buffer_page_size()
    row_pages, one_stick = (32, 1) if job.pages == "sticks" else (wt, wt)
    reader_ct = [stick, row_pages, one_stick, int(job.gamma is not None), int(job.beta is not None)]
    for tensor in (job.x, job.gamma or job.x, job.beta or job.x):
        reader_ct += TensorAccessorArgs(tensor).get_compile_time_args()
    compute_ct = [wt, int(job.pages == "sticks"), *reader_ct[3:5], int(bool(job.recentre)), job.last]
    scaler, correction = weights(job.width)
    addresses = [t.buffer_address() if t is not None else 0 for t in (job.gamma, job.beta)]
    reader_args, writer_args, compute_args = [], [], []
    for core, first, count in split:
        x, y = job.x.buffer_address(), job.output.buffer_address()
        reader_args.append((core, [x, first * 32, count, scaler, dataflow.bits(job.epsilon), *addresses]))
        writer_args.append((core, [y, first * 32, count]))
        compute_args.append((core, [count, correction]))
    compute = with_helpers.compute if job.style == "helpers" else raw.compute
    config = ComputeConfigDescriptor(fp32_dest_acc_en=job.fp32_dest_acc_en)
    writer_ct = [stick, row_pages, *TensorAccessorArgs(job.output).get_compile_time_args()]
    return ProgramDescriptor(
        [
            KernelDescriptor(dataflow.reader, used, ReaderConfigDescriptor(), reader_ct, reader_args),
            KernelDescriptor(dataflow.writer, used, WriterConfigDescriptor(), writer_ct, writer_args),
            KernelDescriptor(compute, used, config, compute_ct, compute_args),
        ],
        job.cbs.descriptors(used),
    )


def _split(job: Job) -> tuple[CoreRangeSet, list[tuple[tuple[int, int], int, int]]]:
    """(cores used, [(core, first tile row, tile rows)]): the first cores, column by column, get one more if uneven."""
    width, height = ARCHS[job.arch].grid
    grid = [(x, y) for x in range(width) for y in range(height)][: job.cores]
    used = grid[: job.tile_rows]
    few, more = divmod(job.tile_rows, len(used))
    counts = [few + 1] * more + [few] * (len(used) - more)
    starts = np.cumsum([0, *counts]).tolist()
    return core_set(*used), list(zip(used, starts, counts, strict=False))


def weights(width: int) -> tuple[int, int]:
    """(bits of 1/W, bits of the factor that undoes the cut to bf16).

    The factor is a hair (2^-16) above exact, so that the mean of a constant row, cut again when it is unpacked, does
    not fall below the constant.
    """
    cut = float(np.uint32(to_bf16_trunc(1 / width) << 16).view(np.float32))
    return dataflow.bits(1 / width), dataflow.bits((1 + 2.0**-16) / (width * cut))


# ---- checks -----------------------------------------------------------------------------------------------


def _check_input(values: NDArray[Any], dtype: Format) -> None:
    if dtype not in (bfloat16, float32):
        raise HostError(f"dtype is {dtype!r}; it must be tt.bfloat16 or tt.float32")
    _check_numbers("x", values)
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


def _check_numbers(name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind not in "fiu" and values.dtype.name != "bfloat16":
        raise HostError(f"{name} holds {values.dtype}; give an array of numbers")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise HostError(f"{name} is {value!r}; choose one of {', '.join(map(repr, choices))}")


def _check_number(name: str, value: Any, limit: int) -> None:
    if not isinstance(value, (int, np.integer)) or not 1 <= value <= limit:
        raise HostError(f"{name} is {value!r}; it must be a whole number from 1 to {limit}")


def _parameter(name: str, given: ArrayLike | None, width: int, dtype: Format) -> Tensor | None:
    if given is None:
        return None
    values = np.asarray(given)
    if values.size != width or values.shape[-1:] != (width,):
        raise HostError(f"{name} has shape {list(values.shape)}; it needs one value a column, ({width},) for this x")
    _check_numbers(name, values)
    return from_numpy(values.reshape(1, width), dtype)


def _check_l1(table: CBTable, arch: str, cb_depth: int) -> None:
    facts = ARCHS[arch]
    budget = facts.l1_bytes - facts.cb_base
    if table.total_size <= budget:
        return
    row = table[1].total_size // 2
    advice = (
        ". Shrink c_0 and c_16 first (cb_depth=1), then W" if cb_depth > 1 else ", and cb_depth is 1 already: shrink W"
    )
    raise HostError(
        f"the circular buffers need {table.total_size:,} bytes of L1, but {arch} has {budget:,} for them:\n{table!r}\n"
        f"Each tile row is {row:,} bytes here{advice}"
    )
