"""Programs around one compute kernel of the learner's: tiles from DRAM through c_0, the kernel and c_16, back to DRAM.

The kernel is told the number of tiles. Left out: several kernels, several cores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ..host.descriptors import CBDescriptor, CBFormatDescriptor, ComputeConfigDescriptor, ProgramDescriptor
from ..host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..sim.formats import Format, bfloat16
from .given import block_reader
from .hangs.entry import COMPUTE, CORE, READER, WRITER, Kernel, Launch, c_0, c_16, c_24, cb, kernel
from .hangs.stream import reader, writer

ROOM = 16  # tiles in each CB of `in_blocks`


def whole_numbers(n: int) -> NDArray[np.float32]:
    """n tiles of numbers from -9 to 9."""
    return np.random.default_rng(n).integers(-9, 10, (32, 32 * n)).astype(np.float32)


def through(
    compute: Kernel,
    values: NDArray[np.float32],
    depth: int = 2,
    config: ComputeConfigDescriptor = COMPUTE,
    given_as: Format = bfloat16,
) -> Launch:
    """`values` (32, 32n), as n tiles, read and written one by one. c_0 and c_16 have room for `depth` tiles."""
    n = values.size // 1024
    x = from_numpy(values, given_as, TILE_LAYOUT)
    y = allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
    kernels = [
        kernel(reader, READER, [x], 0, n),
        kernel(compute, config, [], n),
        kernel(writer, WRITER, [y], 0, n),
    ]
    page = x.buffer_page_size()
    source = CBDescriptor(depth * page, CORE, [CBFormatDescriptor(c_0, given_as, page)])
    return [x, y], ProgramDescriptor(kernels, [source, cb(c_16, depth)])


def in_blocks(
    compute: Kernel, values: NDArray[np.float32], config: ComputeConfigDescriptor = COMPUTE, block: int = 8
) -> Launch:
    """As `through`, read and written `block` tiles at a time. c_0, c_16 and c_24 have room for 16."""
    n = values.size // 1024
    x = from_numpy(values, layout=TILE_LAYOUT)
    y = allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
    kernels = [
        kernel(block_reader, READER, [x], n, block),
        kernel(compute, config, [], n),
        kernel(block_writer, WRITER, [y], n, block),
    ]
    return [x, y], ProgramDescriptor(kernels, [cb(index, ROOM) for index in (c_0, c_16, c_24)])


async def block_writer() -> None:
    """Takes and writes get_arg_val(2) tiles of c_16 at a time."""
    target, block = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(2)
    for first in range(0, get_arg_val(1), block):
        await cb_wait_front(c_16, block)
        for k in range(block):
            noc_async_write_page(first + k, target, get_read_ptr(c_16) + k * 2048)
        await noc_async_write_barrier()
        cb_pop_front(c_16, block)
