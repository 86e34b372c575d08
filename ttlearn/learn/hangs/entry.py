"""One entry of the hang clinic, and how its two programs are put together.

Tensors are rows of small whole numbers, so that bf16 holds every result exactly. Left out: running it; that is
`generic_op(*entry.broken())`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...debug.hang.causes import Cause
from ...host.descriptors import (
    CBDescriptor,
    CBFormatDescriptor,
    ComputeConfigDescriptor,
    CoreRangeSet,
    DataMovementConfigDescriptor,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    TensorAccessorArgs,
    WriterConfigDescriptor,
    core_set,
)
from ...host.tensor import Layout, Tensor, allocate_tensor_on_device, from_numpy
from ...sim.formats import bfloat16

TILE = 2048  # bytes of a bf16 tile
CORE = core_set((0, 0))
READER, WRITER, COMPUTE = ReaderConfigDescriptor(), WriterConfigDescriptor(), ComputeConfigDescriptor()

c_0, c_1, c_2, c_4, c_5, c_16, c_24, c_25 = 0, 1, 2, 4, 5, 16, 24, 25

Launch = tuple[list[Tensor], ProgramDescriptor]
Config = DataMovementConfigDescriptor | ComputeConfigDescriptor
Kernel = Callable[[], Any]


class Fault(Enum):
    """What a broken program does when it does not hang."""

    VIOLATION = "finishes, and strict mode tells the hazard"
    WRONG_DATA = "finishes with wrong data"


@dataclass(frozen=True)
class Entry:
    """A broken program, the same program repaired, and what there is to find.

    `risc` is where it shows, `cb` the buffer it is about, `lines` the source lines to find: first where it stands still,
    then where the promise would have been kept. `golden` is the right output.
    """

    name: str
    story: str
    modelled_on: str
    broken: Callable[[], Launch]
    fixed: Callable[[], Launch]
    expected: Cause | Fault
    risc: str
    cb: int | None
    lines: tuple[str, ...]
    fix: str
    golden: Callable[[], NDArray[np.float32]] | None = None
    core: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return f"{self.name}: {self.story} ({self.expected.value})"


# ---- tensors ------------------------------------------------------------------------------------------------


def numbers(count: int, first: int = 1) -> NDArray[np.float32]:
    """A row of tiles: tile i is full of the number `first` + i."""
    return np.repeat(np.arange(first, first + count, dtype=np.float32), 32) * np.ones((32, 1), np.float32)


def tiles(count: int, first: int = 1) -> Tensor:
    return from_numpy(numbers(count, first), layout=Layout.TILE)


def no_tiles(count: int) -> Tensor:
    return allocate_tensor_on_device((32, 32 * count), layout=Layout.TILE)


# ---- programs -----------------------------------------------------------------------------------------------


def cb(index: int, pages: int, page_size: int = TILE, cores: CoreRangeSet = CORE) -> CBDescriptor:
    return CBDescriptor(pages * page_size, cores, [CBFormatDescriptor(index, bfloat16, page_size)])


def kernel(
    source: Kernel, config: Config, on: Sequence[Tensor], *args: int, core: tuple[int, int] = (0, 0)
) -> KernelDescriptor:
    """On one core. Its runtime arguments are the addresses of the tensors `on`, then `args`."""
    words = [word for tensor in on for word in TensorAccessorArgs(tensor).get_compile_time_args()]
    given = [*(tensor.buffer_address() for tensor in on), *args]
    return KernelDescriptor(source, core_set(core), config, words, [(core, given)])


def over_cores(
    source: Kernel, config: Config, on: Sequence[Tensor], args: Mapping[tuple[int, int], tuple[int, ...]]
) -> KernelDescriptor:
    """As `kernel`, on several cores, each with arguments of its own."""
    words = [word for tensor in on for word in TensorAccessorArgs(tensor).get_compile_time_args()]
    addresses = [tensor.buffer_address() for tensor in on]
    given = [(core, [*addresses, *more]) for core, more in args.items()]
    return KernelDescriptor(source, core_set(*args), config, words, given)
