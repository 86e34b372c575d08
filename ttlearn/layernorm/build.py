"""A job as a program: reader, compute and writer on as many cores as there are tile rows for.

Each core takes whole tile rows. Left out: rows split over cores.
"""

from __future__ import annotations

import numpy as np

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
from ..sim.arch import ARCHS
from ..sim.formats import to_bf16_trunc
from . import compute as with_helpers
from . import dataflow, raw, streaming, streaming_dataflow
from .designs import Wants
from .job import Job


def build(job: Job) -> ProgramDescriptor:
    """The program of either design."""
    streams = job.design == "streaming"
    used, split = _split(job)
    source = streaming_dataflow if streams else dataflow
    compute = streaming.compute if streams else with_helpers.compute if job.style == "helpers" else raw.compute
    reader_ct, writer_ct, compute_ct = _streaming_words(job) if streams else _resident_words(job)
    for tensor in (job.x, job.gamma or job.x, job.beta or job.x, job.residual or job.x):
        reader_ct += TensorAccessorArgs(tensor).get_compile_time_args()
    writer_ct += TensorAccessorArgs(job.output).get_compile_time_args()
    scaler, correction = weights(job.width)
    x, y = job.x.buffer_address(), job.output.buffer_address()
    others = [t.buffer_address() if t is not None else 0 for t in (job.gamma, job.beta, job.residual)]
    epsilon = dataflow.bits(job.epsilon)
    reader_args = [(core, [x, first * 32, count, scaler, epsilon, *others]) for core, first, count in split]
    writer_args = [(core, [y, first * 32, count]) for core, first, count in split]
    compute_args = [(core, [count, correction]) for core, _, count in split]
    config = ComputeConfigDescriptor(fp32_dest_acc_en=job.fp32_dest_acc_en)
    return ProgramDescriptor(
        [
            KernelDescriptor(source.reader, used, ReaderConfigDescriptor(), reader_ct, reader_args),
            KernelDescriptor(source.writer, used, WriterConfigDescriptor(), writer_ct, writer_args),
            KernelDescriptor(compute, used, config, compute_ct, compute_args),
        ],
        job.cbs.descriptors(used),
    )


Words = tuple[list[int], list[int], list[int]]  # compile-time arguments of reader, writer, compute


def _flags(job: Job) -> tuple[list[int], list[int]]:
    """(gamma, beta given), (RMSNorm, residual given)"""
    return [int(job.gamma is not None), int(job.beta is not None)], [int(job.rms), int(job.residual is not None)]


def _resident_words(job: Job) -> Words:
    wt, stick, (given, kind) = job.width // 32, job.x.buffer_page_size(), _flags(job)
    row_pages, one_stick = (32, 1) if job.pages == "sticks" else (wt, wt)
    compute = [wt, int(job.pages == "sticks"), *given, int(bool(job.recentre)), job.last, *kind]
    return [stick, row_pages, one_stick, *given, kind[1]], [stick, row_pages], compute


def _streaming_words(job: Job) -> Words:
    wt, stick, (given, kind) = job.block, job.x.buffer_page_size(), _flags(job)
    blocks, width = job.width // 32 // wt, wt * 32 * job.x.dtype.itemsize
    passes = Wants(job.width, rms=job.rms, recentre=bool(job.recentre)).passes
    row_pages = 32 if job.pages == "sticks" else wt
    cut = bool(job.recentre) or job.width & (job.width - 1) != 0  # bf16 has 1/W only for powers of two
    compute = [wt, blocks, int(job.pages == "sticks"), *given, int(bool(job.recentre)), *kind, int(cut)]
    reader = [stick, width, row_pages, blocks, passes, *given, kind[1]]
    return reader, [stick, width, row_pages, blocks], compute


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
