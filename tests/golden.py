"""Runs the golden programs: descriptors made from a case's `program`, kernels given in Python.

A case comes from tests/data: real ttnn 0.81.1 kernels run by Tenstorrent's simulator ttsim, on no silicon. Each runs
twice: from its C++ text, by `tt.cpp.read`, and from a translation by hand, which the test gives. Of these, one that
needs `defines` is a plain function (defines) -> kernel.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ttlearn as tt
from ttlearn.cpp import read
from ttlearn.sim.formats import POISON, bf16_values

Bits = NDArray[Any]
Kernels = Mapping[str, Callable[..., Any]]

DATA = Path(__file__).parent / "data"
DTYPES = {"bf16": tt.bfloat16, "fp32": tt.float32, "u32": tt.float32}  # u32: only moved, so the size is enough
CONFIGS = {"reader": tt.ReaderConfigDescriptor, "writer": tt.WriterConfigDescriptor}


@dataclass(frozen=True)
class Case:
    """One golden run: the index entry and its arrays as bit patterns. `texts`: the C++ kernels, if it is to run them."""

    entry: dict[str, Any]
    arrays: dict[str, Bits]
    texts: dict[str, str] | None = None

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    @property
    def program(self) -> dict[str, Any]:
        return self.entry["program"]


def load(name: str) -> list[Case]:
    """All cases of a set, translated by hand."""
    arrays = dict(np.load(DATA / f"{name}.npz"))
    return [Case(e, _of_case(arrays, e["name"])) for e in json.loads((DATA / f"{name}.json").read_text())["cases"]]


def load_cpp(name: str) -> list[Case]:
    """The same cases, to be run from their C++ text."""
    texts = json.loads((DATA / f"{name}.json").read_text()).get("kernels")
    return [replace(case, texts=texts) for case in load(name)] if texts else []


def _of_case(arrays: dict[str, Bits], case: str) -> dict[str, Bits]:
    own = {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(f"{case}/")}
    return {key: a.view(np.uint32) if a.dtype == np.float32 else a for key, a in own.items()}


def cases(*sets: str, where: Callable[[Case], bool] = lambda case: True) -> pytest.MarkDecorator:
    """Parametrise a test by the cases of some sets, from C++ and by hand."""
    chosen = [case for name in sets for case in [*load(name), *load_cpp(name)] if where(case)]
    return pytest.mark.parametrize("case", chosen, ids=[f"{c.name}{'-cpp' * (c.texts is not None)}" for c in chosen])


# ---- a case's program as descriptors ------------------------------------------------------------------------


def tensors(case: Case, inputs: Mapping[str, Bits]) -> dict[str, tt.Tensor]:
    """Row-major tensors, a page a row; `inputs` goes before the case's own arrays of the same name."""
    made = {}
    for name, t in case.program["tensors"].items():
        shape, dtype = (t["pages"], t["elems_per_page"]), DTYPES[t["dtype"]]
        if t.get("init") == "zeros":
            made[name] = tt.allocate_tensor_on_device(shape, dtype)
        else:
            array = inputs[name] if name in inputs else case.arrays[name]
            made[name] = tt.from_numpy(array.reshape(shape), dtype)
    return made


def descriptor(case: Case, on: dict[str, tt.Tensor], kernels: Kernels) -> tt.ProgramDescriptor:
    """The case's program with the kernels' Python translations."""
    p = case.program
    everywhere = tt.core_set(*(tuple(core) for core in p["cores"]))
    return tt.ProgramDescriptor(
        [_kernel(k, case, on, kernels) for k in p["kernels"]],
        [_cb(cb, everywhere) for cb in p["cbs"]],
        [tt.SemaphoreDescriptor(s["id"], everywhere, s["initial"]) for s in p["semaphores"]],
    )


def _cb(cb: dict[str, Any], cores: tt.CoreRangeSet) -> tt.CBDescriptor:
    page = cb["page_size"]
    form = tt.CBFormatDescriptor(cb["index"], DTYPES[cb["dtype"]], page)
    return tt.CBDescriptor(page * cb["num_pages"], cores, [form])


def _kernel(k: dict[str, Any], case: Case, on: dict[str, tt.Tensor], kernels: Kernels) -> tt.KernelDescriptor:
    p, name = case.program, k["kernel"]
    source = read(case.texts[name], k["kind"], k["defines"], name=f"{name}.cpp") if case.texts else kernels[name]
    if not inspect.iscoroutinefunction(source):
        source = source(k["defines"])
    cores = [tuple(core) for core in k.get("cores", p["cores"])]
    given = k["runtime_args"]
    args = given if isinstance(given, dict) else {f"{x},{y}": given for x, y in cores}
    runtime = [((x, y), _words(args[f"{x},{y}"], on)) for x, y in cores]
    return tt.KernelDescriptor(source, tt.core_set(*cores), _config(k), _words(k["compile_time_args"], on), runtime)


def _words(args: list[Any], on: dict[str, tt.Tensor]) -> list[int]:
    """`acc:x` becomes the accessor words of tensor x, `addr:x` its address."""
    words: list[int] = []
    for arg in args:
        kind, _, name = str(arg).partition(":")
        if kind == "acc":
            words += tt.TensorAccessorArgs(on[name]).get_compile_time_args()
        else:
            words.append(on[name].buffer_address() if kind == "addr" else arg)
    return words


def _config(k: dict[str, Any]) -> Any:
    if k["kind"] != "compute":
        return CONFIGS[k["kind"]]()
    fidelity = tt.MathFidelity[k["math_fidelity"]]
    return tt.ComputeConfigDescriptor(
        fidelity, fp32_dest_acc_en=k["fp32_dest_acc_en"], dst_full_sync_en=k["dst_full_sync_en"]
    )


# ---- running and comparing ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a run left behind: the `Run`, and every tensor's bit patterns."""

    run: tt.Run
    bits: dict[str, Bits]


def run(
    case: Case,
    kernels: Kernels,
    *,
    strict: bool = True,
    inputs: Mapping[str, Bits] | None = None,
    numerics: str = "float",
) -> Result:
    """Run a case. Raises what `generic_op` raises."""
    on = tensors(case, inputs or {})
    program = replace(descriptor(case, on, kernels), numerics=numerics)
    done = tt.generic_op(list(on.values()), program, strict=strict)
    return Result(done, {name: zeroed(t) for name, t in on.items()})


def zeroed(tensor: tt.Tensor) -> Bits:
    """A page that nobody wrote is poison here and zeros in the golden runs."""
    bits = tt.to_bits(tensor).copy()
    bits[(bits.view(np.uint16) == POISON).all(axis=1)] = 0
    return bits


def values(bits: Bits) -> NDArray[np.float64]:
    """Patterns as numbers."""
    as_float = bf16_values(bits) if bits.dtype == np.uint16 else bits.view(np.float32)
    return as_float.astype(np.float64)


def assert_same(got: Bits, expected: Bits) -> None:
    """Bit for bit; tells the first page that differs."""
    pages = np.flatnonzero((got != expected).any(axis=1))
    assert not len(pages), f"{len(pages)} of {len(got)} pages differ, the first is page {pages[0]}"
