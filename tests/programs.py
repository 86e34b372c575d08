"""Small programs for the tests: kernels on a core or two, tensors whose pages are rows of one number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.sim.formats import bf16_values

CORE = tt.core_set((0, 0))
PAIR = tt.core_set((0, 0), (1, 0))
OTHER = tt.core_set((1, 0))
PAGE, TILE = 64, 2048  # bytes: a row of 32 bf16, a bf16 tile
READER, WRITER, COMPUTE = tt.ReaderConfigDescriptor(), tt.WriterConfigDescriptor(), tt.ComputeConfigDescriptor()

Function = Callable[[], Any]


def rows(count: int, width: int = 32) -> tt.Tensor:
    """A row-major tensor: page i holds `width` times the number i + 1."""
    return tt.from_numpy(np.arange(1, count + 1, dtype=np.float32)[:, None] * np.ones(width, np.float32))


def empty(count: int, width: int = 32) -> tt.Tensor:
    return tt.allocate_tensor_on_device((count, width))


def tiles(count: int) -> tt.Tensor:
    """Tiles in a row: tile i holds the number i + 1."""
    return tt.from_numpy(np.repeat(np.arange(1.0, count + 1), 32) * np.ones((32, 1)), layout=tt.TILE_LAYOUT)


def no_tiles(count: int) -> tt.Tensor:
    return tt.allocate_tensor_on_device((32, 32 * count), layout=tt.TILE_LAYOUT)


def pages(run: tt.Run) -> list[float]:
    """The first element of each page of the output."""
    return bf16_values(run.tensors[-1].bits)[:, 0].tolist()


def tensor(number: int) -> TensorAccessor:
    """In a kernel: the program's tensor of that number."""
    return TensorAccessor(TensorAccessorArgs(2 * number), get_common_arg_val(number))


def cb(index: int, pages: int, page_size: int = PAGE, cores: tt.CoreRangeSet = CORE) -> tt.CBDescriptor:
    return tt.CBDescriptor(pages * page_size, cores, [tt.CBFormatDescriptor(index, tt.bfloat16, page_size)])


def launch(
    reader: Function | None = None,
    writer: Function | None = None,
    compute: Function | None = None,
    *,
    tensors: Sequence[tt.Tensor] = (),
    cbs: Sequence[tt.CBDescriptor] = (),
    more: Sequence[tuple[Function, Any, tt.CoreRangeSet]] = (),
    **options: Any,
) -> tt.Run:
    """Run up to three kernels on core (0, 0), and `more` of them (function, config, cores) anywhere."""
    given = [(reader, READER, CORE), (writer, WRITER, CORE), (compute, COMPUTE, CORE), *more]
    tensors = list(tensors or [rows(4), empty(4)])
    words = [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    addresses = [t.buffer_address() for t in tensors]
    kernels = [
        tt.KernelDescriptor(function, cores, config, words, common_runtime_args=addresses)
        for function, config, cores in given
        if function is not None
    ]
    return tt.generic_op(tensors, tt.ProgramDescriptor(kernels, list(cbs)), **options)


def line(function: Function, fragment: str) -> tuple[str, str]:
    """(place, text) of the one line of `function` that contains `fragment`."""
    lines, first = inspect.getsourcelines(function)
    found = [
        (f"{function.__name__} line {first + k}", text.strip()) for k, text in enumerate(lines) if fragment in text
    ]
    assert len(found) == 1, found
    return found[0]


def at(function: Function, fragment: str) -> str:
    """How a message names that line."""
    place, text = line(function, fragment)
    return f"{place}: `{text}`"


def within(kernel: Function, fragment: str, helper: Function, inner: str) -> str:
    """How a message names a line of a helper, which the kernel called at `fragment`."""
    place, text = line(helper, inner)
    return f"{line(kernel, fragment)[0]} (inside {place}): `{text}`"


# ---- kernels without a fault, four pages each -------------------------------------------------------------


async def reader() -> None:
    for i in range(4):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writer() -> None:
    """From c_0."""
    for i in range(4):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def tile_writer() -> None:
    """From c_16."""
    for i in range(4):
        await cb_wait_front(16, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(16))
        await noc_async_write_barrier()
        cb_pop_front(16, 1)
