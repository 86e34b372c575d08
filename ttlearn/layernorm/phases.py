"""Each compute phase as a small program of its own: it stops after that phase and shows what it made.

The program is the op's own, with a compute kernel that ends early and a writer that takes tiles out of the
CB in which the phase left them. Left out: phase 12, which is the op itself; RMSNorm; the streaming design.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_compile_time_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ..errors import HostError
from ..host.descriptors import (
    KernelDescriptor,
    ReaderConfigDescriptor,
    WriterConfigDescriptor,
)
from ..host.descriptors import (
    TensorAccessorArgs as HostArgs,
)
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import TILE_LAYOUT, allocate_tensor_on_device
from .cbs import BETA, BETA_TILED, CB, GAMMA, GAMMA_TILED, INV_STD, MEAN, SHOWN, VARIANCE, CBTable
from .op import Job, build, make_job


@dataclass(frozen=True)
class Phase:
    """One of the twelve. `column`: its result is one tile a tile row, of which column 0 counts."""

    number: int
    name: str
    formula: str
    column: bool = False


PHASES = [
    Phase(1, "tilize gamma", "gamma (in the op only row 0 is)"),
    Phase(2, "tilize beta", "beta (in the op only row 0 is)"),
    Phase(3, "tilize input", "x"),
    Phase(4, "mean", "mean(x)", column=True),
    Phase(5, "center", "x - mean"),
    Phase(6, "square", "(x - mean)^2"),
    Phase(7, "variance", "mean((x - mean)^2)", column=True),
    Phase(8, "epsilon and rsqrt", "1 / sqrt(variance + epsilon)", column=True),
    Phase(9, "normalize", "(x - mean) / sqrt(variance + epsilon)"),
    Phase(10, "gamma", "normalized * gamma"),
    Phase(11, "beta", "normalized * gamma + beta"),
    Phase(12, "untilize", "the op's output, row-major"),
]


async def stick_reader() -> None:
    """For phases 1 and 2 alone: one stick, 32 times, so that no row of the tiles is poison."""
    cb, stick, pages = (get_compile_time_arg_val(i) for i in range(3))
    tensor = TensorAccessor(TensorAccessorArgs(3), get_arg_val(0), stick)
    await cb_reserve_back(cb, pages)
    for i in range(32):
        noc_async_read_page(0, tensor, get_write_ptr(cb) + i * stick)
    await noc_async_read_barrier()
    cb_push_back(cb, pages)


async def tile_writer() -> None:
    """n tiles from a CB, one at a time."""
    cb, y = get_compile_time_arg_val(0), TensorAccessor(TensorAccessorArgs(1), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_wait_front(cb, 1)
        noc_async_write_page(i, y, get_read_ptr(cb))
        await noc_async_write_barrier()
        cb_pop_front(cb, 1)


# the CB in which a phase leaves its result; all others use SHOWN
LEFT_IN = {1: GAMMA_TILED, 2: BETA_TILED, 4: MEAN, 7: VARIANCE, 8: INV_STD}


def run_phase(number: int, x: Any, gamma: Any = None, beta: Any = None, epsilon: float = 1e-5, **options: Any) -> Run:
    """Run the op up to phase `number` on one core; `.output` is what that phase made, in the shape of a matrix.

    A column phase gives (H, 32), of which column 0 counts; phases 1 and 2 give (32, W), of which row 0 counts.
    Phase 1 and 10 need gamma, 2 and 11 need beta. `options` are those of `layernorm_fused_rm`; a residual counts from
    phase 4 on.
    """
    if number not in range(1, 13):
        raise HostError(f"there is no phase {number}; they are 1 to 12: " + ", ".join(p.name for p in PHASES))
    for name, given, phases in (("gamma", gamma, (1, 10)), ("beta", beta, (2, 11))):
        if number in phases and given is None:
            raise HostError(f"phase {number} ({PHASES[number - 1].name}) needs {name}; pass {name}=...")
    if options.get("rms") or options.get("design") == "streaming":
        raise HostError('phases are those of the resident layernorm; leave rms and design="streaming" out')
    strict, seed = options.pop("strict", True), options.pop("seed", None)
    options["design"] = "resident"
    job = replace(make_job(x, gamma, beta, epsilon, **options), last=number, cores=1, style="helpers")
    if number <= 3:
        job.residual = None  # it is added after phase 3
    if number == 12:
        return generic_op(job.tensors, build(job), arch=job.arch, strict=strict, seed=seed)
    return generic_op(*_program(job, PHASES[number - 1]), arch=job.arch, strict=strict, seed=seed)


def _program(job: Job, phase: Phase) -> tuple[list[Any], Any]:
    once = phase.number < 3
    rows = 32 if once else job.tile_rows * 32
    shape = (rows, 32 if phase.column else job.width)
    job.output = allocate_tensor_on_device(shape, job.x.dtype, TILE_LAYOUT)
    wt = job.width // 32
    job.cbs = CBTable([*job.cbs, CB(SHOWN, wt, job.x.dtype.tile_bytes, job.x.dtype, f"result of phase {phase.number}")])
    program = build(replace(job, gamma=None) if phase.number == 2 else job)
    if once:
        source, into = (job.gamma, GAMMA) if phase.number == 1 else (job.beta, BETA)
        assert source is not None  # run_phase has looked
        pages = 1 if job.pages == "sticks" else wt
        program.kernels[0] = KernelDescriptor(
            stick_reader,
            program.kernels[0].core_ranges,
            ReaderConfigDescriptor(),
            [into, source.buffer_page_size(), pages, *HostArgs(source).get_compile_time_args()],
            [((0, 0), [source.buffer_address()])],
        )
    cb = LEFT_IN.get(phase.number, SHOWN)
    program.kernels[1] = KernelDescriptor(
        tile_writer,
        program.kernels[1].core_ranges,
        WriterConfigDescriptor(),
        [cb, *HostArgs(job.output).get_compile_time_args()],
        [((0, 0), [job.output.buffer_address(), job.output.buffer_num_pages()])],
    )
    return job.tensors, program
