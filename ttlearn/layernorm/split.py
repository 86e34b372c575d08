"""`layernorm_split`: rows too wide, or too few, for one core, with the columns of each row split over a group of cores.

A group is a rectangle of cores, since its results are multicast; several groups share the tile rows. Each core holds
its columns in L1 from start to end, so nothing is read twice. Left out: recentring, residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..host.descriptors import (
    CBDescriptor,
    ComputeConfigDescriptor,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    SemaphoreDescriptor,
    TensorAccessorArgs,
    UnpackToDestMode,
    WriterConfigDescriptor,
    core_set,
)
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import Tensor, allocate_tensor_on_device, from_numpy, to_numpy
from ..sim.arch import ARCHS
from ..sim.formats import Format, bfloat16
from . import split_compute, split_dataflow
from .build import weights
from .cbs import CBTable
from .checks import check_choice, check_epsilon, check_input, check_number, parameter
from .dataflow import bits
from .split_cbs import (
    ARRIVED,
    ARRIVED_ROWS,
    GATHERED,
    GATHERED_ROWS,
    PARTIAL,
    SEND,
    SUBTOTAL,
    VALID,
    split_table,
)
from .split_check import check_l1, groups_of
from .split_places import Part, parts


@dataclass
class SplitJob:
    """Everything that makes a program out of tensors: a part for each core, a CB table for each width of a part."""

    x: Tensor
    gamma: Tensor | None
    beta: Tensor | None
    output: Tensor
    epsilon: float
    fp32_dest_acc_en: bool
    parts: list[Part]
    tables: dict[int, CBTable]  # tiles of a tile row that a core has -> its CBs
    arch: str

    @property
    def tensors(self) -> list[Tensor]:
        return [t for t in (self.x, self.gamma, self.beta) if t is not None] + [self.output]


def layernorm_split(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    *,
    cores: int = 8,
    groups: int = 1,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
    strict: bool = True,
    seed: int | None = None,
) -> Run:
    """Layernorm over the last axis of `x` (rank >= 2, row-major), each tile row split over `cores` cores.

    x (..., H, W), gamma and beta (W,): numpy arrays, rounded to `dtype`; H, all leading dimensions folded in, and W are
    multiples of 32. `cores` (2 or more, at most W/32) must fill a rectangle of the grid; `groups` such rectangles share
    the tile rows. W/32 need not be a multiple of `cores`. The Run's `details["cbs"]` holds the CB table of each width.
    Raises HostError for what does not fit, and what `generic_op` raises.
    """
    job = make_split_job(x, gamma, beta, epsilon, cores, groups, dtype, fp32_dest_acc_en, cb_depth, arch)
    run = generic_op(job.tensors, build_split(job), arch=arch, strict=strict, seed=seed)
    run.details = {"cbs": job.tables, "x": to_numpy(job.x)}
    return run


def make_split_job(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    cores: int = 8,
    groups: int = 1,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
) -> SplitJob:
    """The checked arguments, as tensors, parts and CB tables."""
    values = np.asarray(x)
    check_input(values, dtype)
    check_choice("arch", arch, tuple(ARCHS))
    check_number("cb_depth", cb_depth, 1 << 16)
    check_epsilon(epsilon)
    width, tile_rows = values.shape[-1], values.size // values.shape[-1] // 32
    places = groups_of(cores, groups, width // 32, arch)
    found = parts(places[:tile_rows], width // 32, tile_rows)
    options = dtype, fp32_dest_acc_en, cb_depth, gamma is not None, beta is not None
    tables = {p.tiles: split_table(p.tiles * 32, p.others, p.rows, *options) for p in found}
    check_l1(tables[max(tables)], arch, cores)
    return SplitJob(
        from_numpy(values, dtype),
        parameter("gamma", gamma, width, dtype),
        parameter("beta", beta, width, dtype),
        allocate_tensor_on_device(values.shape, dtype),
        float(epsilon),
        fp32_dest_acc_en,
        found,
        tables,
        arch,
    )


# ---- the program ------------------------------------------------------------------------------------------


def build_split(job: SplitJob) -> ProgramDescriptor:
    """Reader, compute and sender on every core; instead of the sender a relay on the first core of each row of a group,
    the collector on the first of all."""
    used = core_set(*(part.core for part in job.parts))
    return ProgramDescriptor(
        [_reader(job), *_writers(job), *_computes(job)],
        _cbs(job),
        [SemaphoreDescriptor(number, used) for number in (ARRIVED, VALID, SEND, ARRIVED_ROWS)],
    )


def _reader(job: SplitJob) -> KernelDescriptor:
    stick = job.x.buffer_page_size()
    words = [stick, int(job.gamma is not None), int(job.beta is not None)]
    for tensor in (job.x, job.gamma or job.x, job.beta or job.x):
        words += TensorAccessorArgs(tensor).get_compile_time_args()
    addresses = [t.buffer_address() if t is not None else 0 for t in (job.gamma, job.beta)]
    args = [(p.core, [*_where(job.x, p), *addresses]) for p in job.parts]
    cores = core_set(*(p.core for p in job.parts))
    return KernelDescriptor(split_dataflow.reader, cores, ReaderConfigDescriptor(), words, args)


def _writers(job: SplitJob) -> list[KernelDescriptor]:
    words = [job.output.buffer_page_size(), *TensorAccessorArgs(job.output).get_compile_time_args()]
    scaler, epsilon = weights(job.x.shape[-1])[0], bits(job.epsilon)
    kernels: dict[Any, list[Any]] = {split_dataflow.sender: [], split_dataflow.relay: [], split_dataflow.collector: []}
    for p in job.parts:
        where = [*_where(job.output, p), scaler]
        to = [*_noc(job, p.collector), p.slot]
        if p.collects:
            args = [*where, epsilon, p.others, p.rows, len(p.group), *_rectangle(job, p)]
            kernels[split_dataflow.collector].append((p.core, args))
        elif p.adds:
            kernels[split_dataflow.relay].append((p.core, [*where, *to, p.others]))
        else:
            kernels[split_dataflow.sender].append((p.core, [*where, *to]))
    return [
        KernelDescriptor(kernel, core_set(*(core for core, _ in args)), WriterConfigDescriptor(), words, args)
        for kernel, args in kernels.items()
        if args
    ]


def _where(tensor: Tensor, part: Part) -> list[int]:
    """Address, first stick, tile rows, then where the part begins in a stick, and its bytes."""
    tile = 32 * tensor.element_size()
    return [tensor.buffer_address(), part.first_row * 32, part.tile_rows, part.first_tile * tile, part.tiles * tile]


def _noc(job: SplitJob, core: tuple[int, int]) -> list[int]:
    """NOC coordinates of a worker (ttnn: worker_core_from_logical_core)."""
    x, y = ARCHS[job.arch].virtual_origin
    return [core[0] + x, core[1] + y]


def _rectangle(job: SplitJob, part: Part) -> list[int]:
    """The corners of a group as NOC 1 wants them, which runs left and up: the far one first."""
    return [*_noc(job, part.group[-1]), *_noc(job, part.group[0])]


def _computes(job: SplitJob) -> list[KernelDescriptor]:
    """One descriptor for each width of a part and what it has to add."""
    modes = [UnpackToDestMode.Default] * ARCHS[job.arch].cb_limit
    if job.fp32_dest_acc_en:
        for cb in (PARTIAL, GATHERED, SUBTOTAL, GATHERED_ROWS):
            modes[cb] = UnpackToDestMode.UnpackToDestFp32
    config = ComputeConfigDescriptor(fp32_dest_acc_en=job.fp32_dest_acc_en, unpack_to_dest_mode=tuple(modes))
    affine = [int(job.gamma is not None), int(job.beta is not None)]
    kernels: dict[tuple[int, ...], list[Part]] = {}
    for p in job.parts:
        adds = p.adds, p.rows if p.collects else 0, int(p.collects)
        kernels.setdefault((p.tiles, *affine, *adds), []).append(p)
    return [
        KernelDescriptor(
            split_compute.compute,
            core_set(*(p.core for p in some)),
            config,
            list(words),
            [(p.core, [p.tile_rows]) for p in some],
        )
        for words, some in kernels.items()
    ]


def _cbs(job: SplitJob) -> list[CBDescriptor]:
    """Each width's own, on its cores: a ring is a whole number of the pushes that its core makes."""
    return [
        descriptor
        for tiles, table in job.tables.items()
        for descriptor in table.descriptors(core_set(*(p.core for p in job.parts if p.tiles == tiles)))
    ]
