"""`layernorm_fused_rm` and `rmsnorm_fused_rm`: from numpy arrays to a program and back.

Arguments are checked as the original op checks them (`checks`), leading dimensions folded into rows, tile rows split
over cores (`build`), and one program handed to `generic_op`. Rows that do not fit L1 are streamed (`streaming`).
Left out here: one row split over cores.
"""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import to_numpy
from ..sim.formats import Format, bfloat16
from .build import build, weights
from .job import Job, make_job

__all__ = ["Job", "build", "layernorm_fused_rm", "make_job", "rmsnorm_fused_rm", "run_job", "weights"]


def layernorm_fused_rm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    *,
    residual: ArrayLike | None = None,
    recentre: bool = False,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    design: str = "auto",
    block: int | None = None,
    pages: str = "sticks",
    style: str = "helpers",
    cores: int = 1,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
    numerics: str = "float",
) -> Run:
    """Layernorm over the last axis of `x` (rank >= 2, row-major), on simulated cores.

    x (..., H, W), gamma and beta (W,) or (1, ..., W): numpy arrays, rounded to `dtype` (uint16 for bf16 and uint32 for
    fp32 are bit patterns, as in `from_numpy`). H, all leading dimensions
    folded in, and W are multiples of 32. `residual`, shaped as x, is added first; the sum is packed to `dtype`.
    `recentre` takes the mean out twice, for rows whose mean is far from 0. `design` is "resident" (whole tile rows in
    L1), "streaming" (blocks of them, `block` tiles each) or "auto": resident if it fits.
    `pages` counts c_0 and c_16 in "sticks" or "tiles"; `style` is "helpers" or "raw"; tile rows are split over `cores`.
    `numerics` is "float" or "exact", as in ProgramDescriptor.
    Raises HostError for what does not fit, and what `generic_op` raises.
    """
    job = make_job(
        x,
        gamma,
        beta,
        epsilon,
        recentre=recentre,
        dtype=dtype,
        fp32_dest_acc_en=fp32_dest_acc_en,
        pages=pages,
        style=style,
        cores=cores,
        cb_depth=cb_depth,
        arch=arch,
        design=design,
        block=block,
        residual=residual,
    )
    return run_job(job, strict, seed, numerics)


def rmsnorm_fused_rm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    epsilon: float = 1e-5,
    *,
    residual: ArrayLike | None = None,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    design: str = "auto",
    block: int | None = None,
    pages: str = "sticks",
    style: str = "helpers",
    cores: int = 1,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
    numerics: str = "float",
) -> Run:
    """x / sqrt(mean of x^2 + epsilon) * gamma over the last axis: layernorm's kernels without the mean.

    Arguments and errors are those of `layernorm_fused_rm`.
    """
    job = make_job(
        x,
        gamma,
        None,
        epsilon,
        dtype=dtype,
        fp32_dest_acc_en=fp32_dest_acc_en,
        pages=pages,
        style=style,
        cores=cores,
        cb_depth=cb_depth,
        arch=arch,
        design=design,
        block=block,
        residual=residual,
        rms=True,
    )
    return run_job(job, strict, seed, numerics)


def run_job(job: Job, strict: bool = True, seed: int | None = None, numerics: str = "float") -> Run:
    """Build the program and run it.

    The Run's `details`: the CB table, x as rounded, the design that ran, and why.
    """
    program = replace(build(job), numerics=numerics)
    run = generic_op(job.tensors, program, arch=job.arch, strict=strict, seed=seed)
    run.details = {"cbs": job.cbs, "x": to_numpy(job.x), "design": job.design, "why": job.why}
    if job.block:
        run.details["block"] = job.block
    return run
