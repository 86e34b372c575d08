"""What `ttlearn demo` shows: the op on a picture and on random numbers, and a copy program that hangs.

`copy_program` is the small program of both README and hang. Left out: options, which are easier to type in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from .errors import DeviceHang
from .host.descriptors import (
    CBDescriptor,
    CBFormatDescriptor,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    WriterConfigDescriptor,
    core_set,
)
from .host.descriptors import TensorAccessorArgs as HostAccessorArgs
from .host.program import generic_op
from .host.tensor import TILE_LAYOUT, Tensor, allocate_tensor_on_device, from_numpy
from .layernorm import golden
from .layernorm.op import layernorm_fused_rm
from .script import COLUMNS, wrapped
from .sim.formats import bfloat16


def demo() -> int:
    """The op on a picture and on normal data, then a copy program that hangs."""
    name, picture = sample_picture()
    _show_layernorm(name, picture)
    _show_layernorm("normal data", np.random.default_rng(0).normal(size=(128, 256)))
    print("A copy program whose reader pushes one page short, and why it hangs:\n")
    try:
        generic_op(*copy_program(short_reader))
    except DeviceHang as hang:
        print(wrapped(str(hang)))
    return 0


def sample_picture() -> tuple[str, NDArray[np.float64]]:
    """(its name, grey values 0 to 1), cropped to whole tiles; normal data if matplotlib has lost its picture."""
    try:
        from matplotlib import cbook, image

        grey = image.imread(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).mean(axis=2) / 255
    except (ImportError, OSError):
        return "normal data (matplotlib's sample picture is missing)", np.random.default_rng(1).normal(size=(576, 512))
    height, width = (size // 32 * 32 for size in grey.shape)
    return "matplotlib's picture grace_hopper.jpg, grey", grey[:height, :width]


def _show_layernorm(name: str, x: NDArray[Any]) -> None:
    run = layernorm_fused_rm(x)
    error = golden.compare(run.output, golden.layernorm(run.details["x"]))
    print(f"layernorm_fused_rm on {name}, {x.shape[0]} x {x.shape[1]}, bfloat16")
    print(f"  one core of {run.device.arch.name}: {run.cycles:,} cycles (model, unvalidated)")
    print(wrapped(f"  against float64 numpy: {error}"))
    print(f"  {'CB':<5}{'pages':>6}{'bytes':>8}{'pushed':>8}{'popped':>8}{'left':>6}{'high':>6}  holds")
    holds = {cb.index: cb.holds for cb in run.details["cbs"]}
    for r in run.cbs:
        counts = f"{r.pushed:>8,}{r.popped:>8,}{r.left_over:>6}{r.high_water:>6}"
        line = f"  {f'c_{r.index}':<5}{r.num_pages:>6}{r.page_size:>8,}{counts}  {holds[r.index]}"
        print(line if len(line) <= COLUMNS else f"{line[: COLUMNS - 3]}...")
    print()


# ---- the hang ------------------------------------------------------------------------------------------------


async def short_reader() -> None:
    """Reads all pages, and pushes all but the last."""
    source, pages = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(1)
    for i in range(pages):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        if i < pages - 1:
            cb_push_back(0, 1)


async def writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


def copy_program(reader: Callable[[], Any]) -> tuple[list[Tensor], ProgramDescriptor]:
    """Four tiles from one tensor to another through c_0, one core."""
    x = from_numpy(np.ones((64, 64), np.float32), layout=TILE_LAYOUT)
    y, core = allocate_tensor_on_device((64, 64), layout=TILE_LAYOUT), core_set((0, 0))
    buffer = CBDescriptor(2 * 2048, core, [CBFormatDescriptor(0, bfloat16, 2048)])
    kernels = []
    for source, config, t in ((reader, ReaderConfigDescriptor(), x), (writer, WriterConfigDescriptor(), y)):
        words = HostAccessorArgs(t).get_compile_time_args()
        kernels.append(KernelDescriptor(source, core, config, words, [((0, 0), [t.buffer_address(), 4])]))
    return [x, y], ProgramDescriptor(kernels, [buffer])
