"""The measured programs: each builds its tensors, CBs and kernels, and runs them on fresh cores.

Pages are shared out to a square of cores in stretches. Tiles are bf16. Left out: what the host does before
and after, which the published durations leave out too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..host.descriptors import (
    CBDescriptor,
    CBFormatDescriptor,
    ComputeConfigDescriptor,
    CoreRange,
    CoreRangeSet,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    TensorAccessorArgs,
    WriterConfigDescriptor,
)
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import TILE_LAYOUT, Tensor, allocate_tensor_on_device
from ..sim.arch import ARCHS
from ..sim.formats import bfloat16
from . import compute, dataflow
from .dataflow import IN, IN_B, OUT

TILE = bfloat16.tile_bytes
READER, WRITER, COMPUTE = ReaderConfigDescriptor(), WriterConfigDescriptor(), ComputeConfigDescriptor()
WORMHOLE, BLACKHOLE = "wormhole_b0", "blackhole"
Kernel = Callable[[], Any]


def square_of(cores: int) -> CoreRangeSet:
    """`cores` (a square number) cores from (0, 0) on."""
    side = round(cores**0.5) - 1
    return CoreRangeSet([CoreRange((0, 0), (side, side))])


def data(pages: int, stick: int | None = None) -> Tensor:
    """A tensor of `pages` tiles, or rows of `stick` bytes, full of numbers from -2 to 2."""
    if stick is None:
        tensor = allocate_tensor_on_device((32, 32 * pages), layout=TILE_LAYOUT)
    else:
        tensor = allocate_tensor_on_device((pages, stick // 2))
    patterns = np.arange(256, dtype=np.uint16) * 37 % 256  # again and again: for each element they take 100 MB
    tensor.bits[:] = np.resize(patterns // 128 << 15 | 0x3F80 | patterns % 128, tensor.bits.shape)
    return tensor


def cb(index: int, pages: int, cores: CoreRangeSet, page_size: int = TILE) -> CBDescriptor:
    return CBDescriptor(pages * page_size, cores, [CBFormatDescriptor(index, bfloat16, page_size)])


class Program:
    """A program under construction: tensors (the output last), cores, the runtime arguments of each."""

    def __init__(self, tensors: list[Tensor], pages: int, cores: int = 1, arch: str = WORMHOLE) -> None:
        self.tensors, self.cores, self.arch = tensors, square_of(cores), arch
        share = pages // cores
        self.arguments = [(core, [k * share, share]) for k, core in enumerate(self.cores.cores())]
        self.program = ProgramDescriptor()

    def buffer(self, index: int, pages: int, page_size: int = TILE) -> None:
        self.program.cbs.append(cb(index, pages, self.cores, page_size))

    def kernel(self, function: Kernel, config: Any, *words: int) -> None:
        """A kernel on all cores, with `words` and then the tensors' as compile-time arguments."""
        tensors = [word for tensor in self.tensors for word in TensorAccessorArgs(tensor).get_compile_time_args()]
        addresses = [tensor.buffer_address() for tensor in self.tensors]
        self.add(KernelDescriptor(function, self.cores, config, [*words, *tensors], self.arguments, addresses))

    def output(self, function: Kernel, *words: int) -> None:
        """A writer on all cores: it knows the output tensor only."""
        tensor = self.tensors[-1]
        words = (*words, *TensorAccessorArgs(tensor).get_compile_time_args())
        self.add(KernelDescriptor(function, self.cores, WRITER, [*words], self.arguments, [tensor.buffer_address()]))

    def add(self, kernel: KernelDescriptor) -> None:
        self.program.kernels.append(kernel)

    def run(self, strict: bool = True) -> Run:
        return generic_op(self.tensors, self.program, arch=self.arch, strict=strict)


def relu(tiles: int, block: int, depth: int, cores: int = 1) -> Run:
    """DRAM, reader, relu_tile, writer, DRAM; CBs of `depth` blocks."""
    job = Program([data(tiles), data(tiles)], tiles, cores)
    job.buffer(IN, block * depth)
    job.buffer(OUT, block * depth)
    job.kernel(dataflow.reader, READER, block)
    job.kernel(compute.relu, COMPUTE, block)
    job.output(dataflow.writer, block, OUT)
    return job.run()


def copy(pages: int, block: int, depth: int, cores: int = 1, stick: int | None = None) -> Run:
    """DRAM, reader, writer, DRAM: tiles, or sticks of so many bytes."""
    job = Program([data(pages, stick), data(pages, stick)], pages, cores)
    job.buffer(IN, block * depth, stick or TILE)
    job.kernel(dataflow.reader, READER, block)
    job.output(dataflow.writer, block, IN)
    return job.run()


def pair_read(tiles: int, block: int, arch: str = BLACKHOLE) -> Run:
    """Two operands from DRAM to L1, double buffered; nobody uses them."""
    job = Program([data(tiles), data(tiles)], tiles, arch=arch)
    job.buffer(IN, 2 * block)
    job.buffer(IN_B, 2 * block)
    job.kernel(dataflow.pair_reader, READER, block)
    job.kernel(dataflow.pair_drain, WRITER, block)
    return job.run()


def gather(size: int, cores: int = 64, arch: str = WORMHOLE) -> Run:
    """Core (0, 0) fetches a tile from each of `cores` cores, itself included, `size` bytes a read."""
    job = Program([data(1)], cores, cores, arch)
    job.buffer(IN, 1)
    job.buffer(OUT, cores)
    origin = CoreRangeSet([CoreRange((0, 0), (0, 0))])
    places = [number for x, y in job.cores.cores() for number in _virtual(arch, x, y)]
    job.add(KernelDescriptor(dataflow.gather, origin, READER, [size], [((0, 0), [cores, *places])]))
    job.kernel(dataflow.nothing, WRITER)
    return job.run()


def _virtual(arch: str, x: int, y: int) -> tuple[int, int]:
    """NOC coordinates of a worker."""
    origin = ARCHS[arch].virtual_origin
    return x + origin[0], y + origin[1]


def in_l1(kernel: Kernel, tiles: int, arch: str = WORMHOLE) -> Run:
    """A compute kernel on operands that lie in L1 already, into L1."""
    job = Program([data(1)], tiles, arch=arch)
    for index in (IN, IN_B, OUT):
        job.buffer(index, max(1, tiles))
    job.kernel(dataflow.shard, READER)
    job.kernel(kernel, COMPUTE)
    return job.run()


def zone(kernel: Kernel, tiles: int, arch: str = WORMHOLE) -> int:
    """Cycles of a compute kernel's part that depends on its tiles: beyond the same kernel without any."""
    return in_l1(kernel, tiles, arch).cycles - in_l1(kernel, 0, arch).cycles


def raw(kernel: Kernel, calls: int, size: int, arch: str = WORMHOLE) -> int:
    """Cycles of `calls` transfers of `size` bytes between L1 and interleaved DRAM, and one barrier."""
    job = Program([data(calls, size), data(calls, size)], calls, arch=arch)
    job.buffer(IN if kernel is dataflow.raw_reads else OUT, calls, size)
    if kernel is dataflow.raw_reads:
        job.kernel(kernel, READER, 0)
    else:
        job.output(kernel, 0, OUT)
    run = job.run(strict=False)  # what is written is whatever lies there
    return run.cycles - run.device.arch.launch


def transfers(pages: int, cores: int, read: bool) -> list[int]:
    """Cycles, core by core, from the first call to the barrier when all cores move their pages at once."""
    job = Program([data(pages), data(pages)], pages, cores)
    job.buffer(IN if read else OUT, pages // cores)
    if read:
        job.kernel(dataflow.raw_reads, READER, 0)
    else:
        job.output(dataflow.raw_writes, 0, OUT)
    run = job.run(strict=False)
    return [max(risc.t for risc in core.riscs) - run.device.arch.launch for core in run.device.cores.values()]
