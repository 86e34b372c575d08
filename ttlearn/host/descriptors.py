"""The descriptors a host program is made of, with ttnn's own names and fields.

Plain data: nothing is checked before `generic_op`. Left out: sharded CBs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from ..errors import HostError
from ..sim.formats import Format
from ..sim.fpu import MathFidelity
from .findings import Findings
from .reprs import kernel_table, program_table
from .tensor import Tensor


class CoreCoord(NamedTuple):
    """A core's place on the compute grid."""

    x: int
    y: int


@dataclass(frozen=True)
class CoreRange:
    """A rectangle of cores, both corners included."""

    start: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True)
class CoreRangeSet:
    """Several rectangles."""

    ranges: list[CoreRange]

    def cores(self) -> Iterator[tuple[int, int]]:
        for r in self.ranges:
            for y in range(r.start[1], r.end[1] + 1):
                for x in range(r.start[0], r.end[0] + 1):
                    yield (x, y)


def core_set(*cores: tuple[int, int]) -> CoreRangeSet:
    """A set of single cores."""
    return CoreRangeSet([CoreRange(core, core) for core in cores])


@dataclass
class CBFormatDescriptor:
    """One CB index on the bytes of a CBDescriptor."""

    buffer_index: int
    data_format: Format
    page_size: int


@dataclass
class CBDescriptor:
    """`total_size` bytes of L1 on each core; several format descriptors make CBs that share them."""

    total_size: int
    core_ranges: CoreRangeSet
    format_descriptors: list[CBFormatDescriptor]


class DataMovementProcessor(Enum):
    """RISCV_0 is BRISC, RISCV_1 is NCRISC."""

    RISCV_0 = "BRISC"
    RISCV_1 = "NCRISC"


@dataclass(frozen=True)
class DataMovementConfigDescriptor:
    """A data-movement kernel's processor and NOC."""

    processor: DataMovementProcessor = DataMovementProcessor.RISCV_0
    noc: int = 0


class ReaderConfigDescriptor(DataMovementConfigDescriptor):
    """NCRISC on NOC 0."""

    def __init__(self) -> None:
        super().__init__(DataMovementProcessor.RISCV_1, 0)


class WriterConfigDescriptor(DataMovementConfigDescriptor):
    """BRISC on NOC 1."""

    def __init__(self) -> None:
        super().__init__(DataMovementProcessor.RISCV_0, 1)


class UnpackToDestMode(Enum):
    """How a CB's tiles get to DST when they are copied: by way of SrcA, or fp32 tiles as they are (fp32 DST only)."""

    Default = 0
    UnpackToDestFp32 = 1


@dataclass(frozen=True)
class ComputeConfigDescriptor:
    """How the engine computes. `unpack_to_dest_mode` has an entry a CB; left out, every CB has the default."""

    math_fidelity: MathFidelity = MathFidelity.HiFi4
    math_approx_mode: bool = False
    fp32_dest_acc_en: bool = False
    dst_full_sync_en: bool = False
    unpack_to_dest_mode: Sequence[UnpackToDestMode] = ()


class RuntimeArgs:
    """`rt[x][y] = [...]`, as in ttnn."""

    def __init__(self) -> None:
        self.values: dict[int, dict[int, list[int]]] = defaultdict(dict)

    def __getitem__(self, x: int) -> dict[int, list[int]]:
        return self.values[x]

    def items(self) -> Iterator[tuple[tuple[int, int], list[int]]]:
        for x, column in self.values.items():
            for y, values in column.items():
                yield (x, y), values


class SourceType(Enum):
    """What a kernel_source that is a string stands for."""

    FILE_PATH = "a path"
    SOURCE_CODE = "the text"


_SourceType = SourceType  # inside the class the name is ttnn's


@dataclass
class KernelDescriptor:
    """One kernel: its function, or its C++ text or path (read with `defines`), where it runs, and its arguments."""

    SourceType: ClassVar[type[Enum]] = SourceType

    kernel_source: Callable[[], Any] | str | Path
    core_ranges: CoreRangeSet
    config: DataMovementConfigDescriptor | ComputeConfigDescriptor
    compile_time_args: list[int] = field(default_factory=list)
    runtime_args: Any = field(default_factory=list)  # [(core, [values]), …] or RuntimeArgs
    common_runtime_args: list[int] = field(default_factory=list)
    named_compile_time_args: dict[str, int] = field(default_factory=dict)
    defines: list[tuple[str, str]] = field(default_factory=list)
    source_type: _SourceType | None = None  # of a string; left out, it is found from the string

    @property
    def name(self) -> str:
        if isinstance(self.kernel_source, (str, Path)):
            return Path(self.kernel_source).name if "\n" not in str(self.kernel_source) else "C++ text"
        return getattr(self.kernel_source, "__name__", repr(self.kernel_source))

    def __repr__(self) -> str:
        return str(kernel_table(self))

    def _repr_html_(self) -> str:
        return kernel_table(self).html()


@dataclass
class SemaphoreDescriptor:
    """A semaphore with the same id on each core."""

    id: int
    core_ranges: CoreRangeSet
    initial_value: int = 0


@dataclass
class ProgramDescriptor:
    """Kernels, CBs and semaphores.

    `numerics` says how the engine's arithmetic is modelled: "float" rounds as float32 does, "exact" as the chip does,
    bit for bit, and takes longer. On a chip there is no such choice.
    """

    kernels: list[KernelDescriptor] = field(default_factory=list)
    cbs: list[CBDescriptor] = field(default_factory=list)
    semaphores: list[SemaphoreDescriptor] = field(default_factory=list)
    numerics: str = "float"
    last_run: Any = field(default=None, repr=False, compare=False)  # set by generic_op, for `tt.cpp.bundle`

    def check(self, tensors: Sequence[Tensor] | None = None, *, arch: str = "wormhole_b0") -> Findings:
        """Look at the program before it runs: a dry run, with the real arguments and without data.

        Returns a list of `Finding`s, errors first: what does not fit L1, calls that will be refused, the root of a hang,
        pages (of a CB) that are left over, CBs that nobody uses, semaphores that nobody describes. With `tensors`, page
        numbers are checked too. A RISC that branches or loops on loaded data is not decidable, and never a finding; the
        list's `undecided` says which, and where.
        Raises HostError for an unknown `arch`. The kernels run, so what they do on the host is done.

            for finding in program.check(): print(finding)
        """
        from .check import check  # here: it needs the descriptors

        return check(self, tensors, arch=arch)

    def __repr__(self) -> str:
        return str(program_table(self))

    def _repr_html_(self) -> str:
        return program_table(self).html()


class TensorAccessorArgs:
    """The compile-time words that describe a tensor to a kernel: flags and aligned page size."""

    DRAM_INTERLEAVED = 2

    def __init__(self, tensor: Tensor) -> None:
        if not isinstance(tensor, Tensor):
            raise HostError(
                f"tt.TensorAccessorArgs takes a tensor, not {tensor!r}; inside a kernel use "
                "ttlearn.dataflow.TensorAccessorArgs(index)"
            )
        self.tensor = tensor

    def get_compile_time_args(self) -> list[int]:
        size = self.tensor.buffer_page_size()
        return [self.DRAM_INTERLEAVED, -(-size // 32) * 32]


def split_work_to_cores(
    grid: tuple[int, int], units: int
) -> tuple[int, CoreRangeSet, CoreRangeSet, CoreRangeSet, int, int]:
    """ttnn's split of `units` over a grid: (cores, all, group 1, group 2, units a core of 1, of 2).

    Cores are taken column by column; group 1 gets one unit more where the split is uneven.
    """
    if units < 1:
        raise HostError(f"split_work_to_cores: {units} units; there is nothing to split")
    order = [(x, y) for x in range(grid[0]) for y in range(grid[1])]
    used = order[: min(len(order), units)]
    least, more = divmod(units, len(used))
    if more == 0:
        return len(used), core_set(*used), core_set(*used), CoreRangeSet([]), least, 0
    return len(used), core_set(*used), core_set(*used[:more]), core_set(*used[more:]), least + 1, least
