"""Python to C++ and back: `read(write(kernel))` does the same as the kernel, event by event.

And C++ to Python and back: the golden C++ kernels, read and written again, are read as the same Python.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any

import golden
import numpy as np
import pytest
import test_golden_hangs
import test_golden_layernorm
import test_golden_programs
import test_golden_wrong_data
import test_tensix_ops
from golden import Case

import ttlearn as tt
from ttlearn import demo
from ttlearn.cpp.read import read
from ttlearn.cpp.write import write
from ttlearn.layernorm import phases
from ttlearn.layernorm.op import build, make_job
from ttlearn.sim.tile import tilize

KINDS = {tt.ReaderConfigDescriptor: "reader", tt.WriterConfigDescriptor: "writer"}
SETS = {
    "programs": test_golden_programs,
    "programs_fp32": test_golden_programs,
    "hangs": test_golden_hangs,
    "wrong_data": test_golden_wrong_data,
}


def there_and_back(kernel: Any, kind: str) -> Any:
    return read(write(kernel, kind), kind, name=kernel.__name__)


def seen(run: Callable[[], Any]) -> tuple[Any, ...]:
    """All that a run shows: its events without their places in the source, its cycles, its output."""
    try:
        done = run()
    except tt.DeviceHang as hang:
        done = hang.run
    events = [(*event[:5], str(event.detail)) for event in done.trace.events()]
    return events, done.cycles, *(tt.to_bits(t).tobytes() for t in done.tensors)


def assert_same(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    for one, other in zip(first[0], second[0], strict=False):
        assert one == other
    assert first == second


# ---- golden programs ----------------------------------------------------------------------------------------


def chosen() -> list[Any]:
    return [pytest.param(case, SETS[name].KERNELS, id=case.name) for name in SETS for case in golden.load(name)]


def converted(case: Case, kernels: Any) -> dict[str, Any]:
    """The case's kernels by way of C++; a function of defines stays one."""
    found = {}
    for k in case.program["kernels"]:
        source, kind = kernels[k["kernel"]], k["kind"]
        if inspect.iscoroutinefunction(source):
            found[k["kernel"]] = there_and_back(source, kind)
        else:
            found[k["kernel"]] = lambda defines, source=source, kind=kind: there_and_back(source(defines), kind)
    return found


@pytest.mark.parametrize(("case", "kernels"), chosen())
def test_a_golden_program_does_the_same(case: Case, kernels: Any) -> None:
    first = seen(lambda: golden.run(case, kernels, strict=False).run)
    assert_same(first, seen(lambda: golden.run(case, converted(case, kernels), strict=False).run))


def test_the_golden_layernorm_does_the_same() -> None:
    case = golden.load("layernorm")[0]
    a = case.arrays
    inputs = {"x": a["x"], "s": tilize(a["scaler"]), "i": tilize(a["inv_std"])}
    inputs |= {"g": tilize(a["gamma"]), "b": tilize(a["beta"])}
    kernels = test_golden_layernorm.KERNELS
    first = seen(lambda: golden.run(case, kernels, inputs=inputs).run)
    assert_same(first, seen(lambda: golden.run(case, converted(case, kernels), inputs=inputs).run))


ONE_OF_EACH = {(c["op"], c["name"].split("_")[-1] if c["op"] == "reduce" else ""): c for c in test_tensix_ops.CASES}


@pytest.mark.parametrize("op", ONE_OF_EACH, ids=lambda op: "-".join(op).rstrip("-"))
def test_a_golden_op_does_the_same(op: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    ops, case = test_tensix_ops, ONE_OF_EACH[op]
    g, plain = ops.golden(case), ops.kernel
    first = ops.on_device(case, g)
    monkeypatch.setattr(
        ops, "kernel", lambda source, config, *rest: plain(by_way_of_cpp(source, config), config, *rest)
    )
    assert (ops.on_device(case, g) == first).all()


def by_way_of_cpp(source: Any, config: Any) -> Any:
    return there_and_back(source, KINDS.get(type(config), "compute"))


# ---- the package's own kernels ------------------------------------------------------------------------------


def both(tensors: list[tt.Tensor], program: tt.ProgramDescriptor, again: list[tt.Tensor]) -> None:
    """Run a program, and it again with its kernels by way of C++."""
    first = seen(lambda: tt.generic_op(tensors, program))
    kernels = [dataclasses.replace(k, kernel_source=by_way_of_cpp(k.kernel_source, k.config)) for k in program.kernels]
    assert_same(first, seen(lambda: tt.generic_op(again, dataclasses.replace(program, kernels=kernels))))


@pytest.mark.parametrize("recentre", [False, True])
@pytest.mark.parametrize("pages", ["sticks", "tiles"])
@pytest.mark.parametrize("style", ["helpers", "raw"])
def test_layernorm_does_the_same(style: str, pages: str, recentre: bool) -> None:
    x = np.random.default_rng(0).normal(size=(64, 320))
    job = make_job(x, np.ones(320), x[0], style=style, pages=pages, recentre=recentre, fp32_dest_acc_en=False)
    both(job.tensors, build(job), job.tensors)


VARIANTS: dict[str, dict[str, Any]] = {
    "streaming": {"design": "streaming", "block": 2},
    "streaming recentred": {"design": "streaming", "block": 2, "recentre": True},
    "streaming residual": {"design": "streaming", "block": 2, "residual": True},
    "streaming rmsnorm": {"design": "streaming", "block": 2, "rms": True},
    "residual": {"residual": True},
    "residual raw": {"residual": True, "style": "raw"},
    "rmsnorm": {"rms": True},
    "rmsnorm raw": {"rms": True, "style": "raw"},
}


@pytest.mark.parametrize("pages", ["sticks", "tiles"])
@pytest.mark.parametrize("name", VARIANTS)
def test_its_variants_do_the_same(name: str, pages: str) -> None:
    x, options = np.random.default_rng(0).normal(size=(64, 128)), dict(VARIANTS[name])
    residual, beta = x[::-1] if options.pop("residual", False) else None, None if options.get("rms") else x[0]
    job = make_job(x, np.ones(128), beta, pages=pages, residual=residual, **options)
    both(job.tensors, build(job), job.tensors)


@pytest.mark.parametrize("number", range(1, 12))
def test_each_phase_does_the_same(number: int) -> None:
    x = np.random.default_rng(0).normal(size=(32, 64))
    job = dataclasses.replace(make_job(x, x[0], x[1]), last=number, cores=1)
    tensors, program = phases._program(job, phases.PHASES[number - 1])
    both(tensors, program, tensors)


def test_the_demos_hang_is_the_same() -> None:
    tensors, program = demo.copy_program(demo.short_reader)
    both(tensors, program, tensors)


# ---- from C++ and back --------------------------------------------------------------------------------------


def cpp_kernels() -> list[Any]:
    found = {}
    for name in (*SETS, "layernorm"):
        for case in golden.load(name):
            for k in case.program["kernels"]:
                text = golden.json.loads((golden.DATA / f"{name}.json").read_text())["kernels"][k["kernel"]]
                given = "-".join(k["defines"].values())
                found[k["kernel"], given] = pytest.param(text, k["kind"], k["defines"], id=f"{k['kernel']}{given}")
    return list(found.values())


@pytest.mark.parametrize(("text", "kind", "defines"), cpp_kernels())
def test_a_cpp_kernel_written_again_is_read_as_the_same_calls(text: str, kind: str, defines: Any) -> None:
    kernel = read(text, kind, defines)
    assert calls(read(write(kernel, kind), kind)) == calls(kernel)


def calls(kernel: Any) -> list[str]:
    """Its lines of Python, without comments."""
    lines = (re.sub(r"\s*#.*", "", line) for line in kernel.python.splitlines())
    return [line for line in lines if line.strip()]
