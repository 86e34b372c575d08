"""How tensors, programs and kernels look: tables as text and HTML.

Left out: runs, which know their own table (`run`), and pictures (`ttlearn.show`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..cells.table import Table
from ..sim.formats import POISON, Format, bfloat8_b

if TYPE_CHECKING:
    from .descriptors import KernelDescriptor, ProgramDescriptor

EDGE, ROOM = 3, 7  # of more than ROOM rows or columns, EDGE at each end are shown
FEW = 8  # cores, or arguments, that are listed one by one


# ---- tensors -------------------------------------------------------------------------------------------------


def values_table(title: str, values: NDArray[np.float32], dtype: Format) -> Table:
    """The corners of an array, its last dimension across; poison is told as a word and counted."""
    flat = np.ascontiguousarray(values, np.float32).reshape(-1, values.shape[-1])
    poison = np.isnan(flat) if dtype is bfloat8_b else flat.view(np.uint32) >> 16 == POISON
    rows, columns = _ends(flat.shape[0]), _ends(flat.shape[1])
    shown = [[_element(flat, poison, r, c) for c in columns] for r in rows]
    names = ["…" if r is None else ", ".join(map(str, np.unravel_index(r, values.shape[:-1]))) or "0" for r in rows]
    count = int(poison.sum())
    notes = [f"poison (never written): {count:,} of {flat.size:,} elements"] if count else []
    head = ["", *("…" if c is None else str(c) for c in columns)]
    return Table(title, head, [[name, *cells] for name, cells in zip(names, shown, strict=True)], notes)


def _ends(size: int) -> list[int | None]:
    """The numbers to show; None for those left out."""
    return list(range(size)) if size <= ROOM else [*range(EDGE), None, *range(size - EDGE, size)]


def _element(flat: NDArray[np.float32], poison: NDArray[np.bool_], row: int | None, column: int | None) -> str:
    if row is None or column is None:
        return "…"
    return "poison" if poison[row, column] else f"{flat[row, column]:.4g}"


# ---- programs ------------------------------------------------------------------------------------------------


def program_table(program: ProgramDescriptor) -> Table:
    """A line a kernel, a CB and a semaphore."""
    cores = {xy for kernel in program.kernels for xy in kernel.core_ranges.cores()}
    parts = (("kernel", program.kernels), ("CB descriptor", program.cbs), ("semaphore", program.semaphores))
    title = f"Program: {', '.join(_counted(len(some), name) for name, some in parts)}, {_counted(len(cores), 'core')}"
    rows = [
        [kernel.name, runs_on(kernel), cores_of(kernel.core_ranges), _arguments(kernel)] for kernel in program.kernels
    ]
    for cb in program.cbs:
        aliased = f", shared by {len(cb.format_descriptors)} CBs" if len(cb.format_descriptors) > 1 else ""
        for f in cb.format_descriptors:
            pages = f"{_counted(cb.total_size // max(1, f.page_size), 'page')} x {f.page_size:,} B"
            what = f"{f.data_format.name.lower()}, {cb.total_size:,} B{aliased}"
            rows.append([f"c_{f.buffer_index}", pages, cores_of(cb.core_ranges), what])
    for semaphore in program.semaphores:
        value = f"starts at {semaphore.initial_value}"
        rows.append([f"semaphore {semaphore.id}", "", cores_of(semaphore.core_ranges), value])
    return Table(title, ["part", "where it runs, or size", "cores", "arguments, or format"], rows)


def kernel_table(kernel: KernelDescriptor) -> Table:
    """A line for each kind of arguments."""
    title = f"Kernel {kernel.name} ({runs_on(kernel)}), {cores_of(kernel.core_ranges)}"
    rows = []
    if kernel.compile_time_args:
        rows.append(["compile_time_args", _listed(kernel.compile_time_args)])
    if kernel.named_compile_time_args:
        rows.append(
            ["named_compile_time_args", ", ".join(f"{n}={v}" for n, v in kernel.named_compile_time_args.items())]
        )
    if kernel.common_runtime_args:
        rows.append(["common_runtime_args", _listed(kernel.common_runtime_args)])
    runtime = runtime_args(kernel)
    rows += [[f"runtime_args of core {core}", _listed(values)] for core, values in runtime[:FEW]]
    if kernel.defines:
        rows.append(["defines", ", ".join(f"{name}={text}" for name, text in kernel.defines)])
    notes = [f"and of {len(runtime) - FEW} more cores"] if len(runtime) > FEW else []
    return Table(title, ["arguments", "values, from index 0 on"], rows, notes)


def runs_on(kernel: KernelDescriptor) -> str:
    """Its processor: `NCRISC, NOC 0`, or the compute engine and what is set on it."""
    config: Any = kernel.config
    if hasattr(config, "processor"):
        return f"{config.processor.value}, NOC {config.noc}"
    if not hasattr(config, "math_fidelity"):
        return f"no config ({config!r})"
    flags = [name for name in ("fp32_dest_acc_en", "dst_full_sync_en", "math_approx_mode") if getattr(config, name)]
    return ", ".join(["compute", config.math_fidelity.name, *flags])


def runtime_args(kernel: KernelDescriptor) -> list[tuple[tuple[int, ...], list[int]]]:
    """(core, values), in the order given."""
    given = kernel.runtime_args
    pairs: Iterable[Any] = given.items() if hasattr(given, "items") else given
    return [(tuple(core), list(values)) for core, values in pairs]


def cores_of(ranges: Any) -> str:
    """`(0, 0)`, or `6 cores, (0, 0) to (1, 2)`."""
    cores = list(ranges.cores())
    if len(cores) == 1:
        return f"core {cores[0]}"
    return f"{len(cores)} cores, {cores[0]} to {cores[-1]}" if cores else "no core"


def _arguments(kernel: KernelDescriptor) -> str:
    counts = {
        "compile-time": len(kernel.compile_time_args) + len(kernel.named_compile_time_args),
        "common": len(kernel.common_runtime_args),
        "runtime": max((len(values) for _, values in runtime_args(kernel)), default=0),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no arguments"


def _listed(values: Sequence[int]) -> str:
    shown = ", ".join(map(str, values[:FEW]))
    return shown + (f", and {len(values) - FEW} more" if len(values) > FEW else "")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'s' * (count != 1)}"
