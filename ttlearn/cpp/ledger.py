"""`tt.cpp.ledger`: who pushes, pops, waits and reserves how many pages of each CB, told without a run.

Reads kernels (C++ text, or kernel functions) and counts over their loops. Counts stay formulas in the kernels' own
names until arguments are given. Left out: what depends on data, which is "not decidable" and never a finding.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..count.balance import imbalances
from ..count.kernel import source_of
from ..count.made import Made
from ..count.sides import Entry, Side, sides_of
from ..count.tables import as_html, as_text
from ..count.walk import Known, Names, Walk
from ..errors import CppError
from . import api
from .read import Kernel, read

_MATH = ("tile_regs_acquire", "tile_regs_commit")
_PACK = ("tile_regs_wait", "tile_regs_release", "cb_reserve_back", "cb_push_back")
_MOVER = {"reader": "NCRISC", "writer": "BRISC"}
_READS = {"noc_async_read", "noc_async_read_page", "noc_async_read_tile"}


@dataclass(frozen=True)
class Ledger:
    """The calls, the sides of each CB, and what does not balance."""

    entries: tuple[Entry, ...]
    cbs: Mapping[str, tuple[Side, ...]]
    imbalances: tuple[str, ...]

    def __repr__(self) -> str:
        return as_text(self.entries, self.cbs, self.imbalances)

    def _repr_html_(self) -> str:
        return as_html(self.entries, self.cbs, self.imbalances)


Source = Any  # text, a path, (text or path, kind), a kernel function, or a ProgramDescriptor


def ledger(
    *sources: Source,
    defines: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
    args: Sequence[int] | None = None,
    runtime_args: Sequence[int] | None = None,
) -> Ledger:
    """The ledger of one kernel, or of several that share their CBs; or of a whole ProgramDescriptor.

    A source is C++ text or a path (its kind is found from its calls, or given as `(text, "writer")`), or a kernel
    function. `args` and `runtime_args` turn formulas into numbers; for a ProgramDescriptor they are its own.
    """
    entries: list[Entry] = []
    pages: dict[str, int] = {}
    for source in sources:
        if hasattr(source, "kernels"):
            for descriptor in source.kernels:
                entries += _entries(_function(descriptor.kernel_source, defines), _arguments(descriptor))
            pages |= {
                f"c_{f.buffer_index}": cb.total_size // f.page_size for cb in source.cbs for f in cb.format_descriptors
            }
        else:
            known = {"get_compile_time_arg_val": _indexed(args), "get_arg_val": _indexed(runtime_args)}
            entries += _entries(_function(source, defines), known)
    cbs = sides_of(entries)
    return Ledger(tuple(entries), cbs, tuple(imbalances(entries, cbs, pages)))


def _indexed(values: Iterable[int] | None) -> dict[int, int]:
    return dict(enumerate(values or ()))


def _arguments(descriptor: Any) -> Known:
    """A KernelDescriptor's arguments; runtime arguments only where all cores have the same."""
    given = descriptor.runtime_args
    lists = [list(values) for _, values in (given.items() if hasattr(given, "items") else given)]
    same = (
        {k: v for k, v in enumerate(lists[0]) if all(len(other) > k and other[k] == v for other in lists)}
        if lists
        else {}
    )
    return {
        "get_compile_time_arg_val": _indexed(descriptor.compile_time_args),
        "get_common_arg_val": _indexed(descriptor.common_runtime_args),
        "get_arg_val": same,
    }


# ---- kernels as syntax --------------------------------------------------------------------------------------


def _function(source: Any, defines: Any) -> Kernel:
    if callable(source):
        return source  # type: ignore[no-any-return]
    text, kind = source if isinstance(source, tuple) else (source, None)
    if kind is not None:
        return read(text, kind, defines)
    failures = []
    for guess in ("compute", "reader"):
        try:
            return read(text, guess, defines)
        except CppError as why:
            failures.append(why)
    raise min(failures, key=lambda why: len(str(why)))


def _entries(kernel: Kernel, known: Known) -> list[Entry]:
    definition, names = source_of(kernel)
    kind = getattr(kernel, "kind", None) or kind_of(definition, names)
    calls = api.calls("compute" if kind == "compute" else "reader")
    made = Walk(names, known, calls.__contains__).kernel(definition)
    title = getattr(kernel, "file", kernel.__name__)
    found = []
    for call in made:
        group = group_of(call.call)
        if group:
            loops = tuple(trip.text for trip in call.around)
            found.append(Entry(title, call.line, group, _role(kind, call), call.text, loops, call))
    return found


def kind_of(definition: ast.AST, names: Names) -> str:
    """compute, writer or reader, by what a kernel and its helpers call."""
    called = _called(definition)
    for name in sorted(called - set(api.calls("compute")) - set(api.calls("reader"))):
        helper = names.function(name)
        called |= _called(helper[0]) if helper is not None else set()
    if called & (set(api.calls("compute")) - set(api.calls("reader"))):
        return "compute"
    return "writer" if any(n.startswith("noc_async_write") for n in called) and not called & _READS else "reader"


def _called(definition: ast.AST) -> set[str]:
    return {n.func.id for n in ast.walk(definition) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def group_of(call: str) -> str:
    """What kind of call it is; empty for those that a ledger does not list."""
    if call.startswith("cb_"):
        return "CB"
    if "semaphore" in call:
        return "semaphore"
    if call.startswith("noc_"):
        return "NOC"
    if call.startswith("tile_regs_") or call in ("acquire_dst", "release_dst"):
        return "DST"
    return "init" if "_init" in call or "_uninit" in call or "startup" in call or "reconfig" in call else ""


def _role(kind: str, call: Made) -> str:
    if kind != "compute":
        return _MOVER[kind]
    for trip in call.around:
        if trip.text in ("if UNPACK()", "if MATH()", "if PACK()"):
            return trip.text[3:-2]
    if call.call.startswith("cb_") or call.call.startswith("tile_regs_"):
        return "MATH" if call.call in _MATH else "PACK" if call.call in _PACK else "UNPACK"
    return "all three" if group_of(call.call) != "DST" else "MATH, PACK"
