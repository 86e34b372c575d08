"""C++ kernels pass the vendor's own headers: the golden ones, the package's as written, and the names of the API."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cpp_syntax
import numpy as np
import pytest

from ttlearn import demo
from ttlearn.cpp.api import KINDS, namespace
from ttlearn.cpp.headers import GONE, ONLY_DATA_MOVEMENT, header_of, newer_name
from ttlearn.cpp.write import write
from ttlearn.host.descriptors import (
    ComputeConfigDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    WriterConfigDescriptor,
)
from ttlearn.layernorm import phases
from ttlearn.layernorm.op import build, make_job
from ttlearn.sim.formats import bfloat16, float32

DATA = Path(__file__).parent / "data"
SETS = ("programs", "programs_fp32", "layernorm", "layernorm_hard", "hangs", "wrong_data")
BYTES = {"bf16": 2, "fp32": 4, "u32": 4}
WHY_NOT = cpp_syntax.available()

compiles = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


# ---- many kernels at a time ---------------------------------------------------------------------------------

Job = tuple[str, str, dict[str, Any]]  # source, RISC, what else `check` takes


def complaints(jobs: dict[str, Job]) -> dict[str, list[str]]:
    """Name -> what the compiler says, of the kernels that do not pass."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(jobs, pool.map(_timed, jobs, jobs.values()), strict=True))
    return {name: said for name, said in found.items() if said}


def _timed(name: str, job: Job) -> list[str]:
    source, risc, more = job
    start = time.perf_counter()
    said = cpp_syntax.check(source, risc, **more)
    print(f"{name}: {time.perf_counter() - start:.2f} s")
    return said


# ---- golden kernels -----------------------------------------------------------------------------------------


def golden_jobs(name: str) -> dict[str, Job]:
    """Every kernel of a set for its RISCs, once for all cases that compile it alike."""
    data = json.loads((DATA / f"{name}.json").read_text())
    jobs: dict[str, Job] = {}
    for case in data["cases"]:
        for k in case["program"]["kernels"]:
            more = _configuration(k, case["program"])
            for risc in cpp_syntax.RISCS[k["kind"]]:
                job = (data["kernels"][k["kernel"]], risc, more)
                if job not in jobs.values():
                    jobs[f"{case['name']}: {k['kernel']} on {risc}"] = job
    return jobs


def _configuration(k: dict[str, Any], program: dict[str, Any]) -> dict[str, Any]:
    more = {
        "compile_time_args": [word for arg in k["compile_time_args"] for word in _words(arg, program["tensors"])],
        "defines": k["defines"],
        "cbs": {cb["index"]: cb["dtype"] for cb in program["cbs"]},
    }
    return more | {flag: k[flag] for flag in ("fp32_dest_acc_en", "dst_full_sync_en") if flag in k}


def _words(arg: Any, tensors: dict[str, Any]) -> list[int]:
    """`acc:x`: the two words of tensor x's accessor, 2 (in DRAM) and its page size."""
    if not isinstance(arg, str):
        return [arg]
    tensor = tensors[arg.removeprefix("acc:")]
    return [2, tensor["elems_per_page"] * BYTES[tensor["dtype"]]]


@compiles
@pytest.mark.parametrize("name", SETS)
def test_the_golden_kernels_pass(name: str) -> None:
    assert complaints(golden_jobs(name)) == {}


# ---- the package's own kernels, written as C++ --------------------------------------------------------------


def package_programs() -> Iterator[tuple[str, ProgramDescriptor]]:
    """Programs that use every kernel of the package."""
    yield "demo", demo.copy_program(demo.short_reader)[1]
    x, row = np.zeros((64, 128), np.float32), np.ones(128, np.float32)
    for style in ("helpers", "raw"):
        yield f"{style}, bare", build(make_job(x, style=style, fp32_dest_acc_en=False))
        yield f"{style}, all", build(make_job(x, row, row, style=style, pages="tiles", recentre=True))
        yield f"{style}, rmsnorm", build(make_job(x, row, residual=x, rms=True, style=style))
    streaming: dict[str, Any] = {"design": "streaming", "block": 2}
    yield "streaming, all", build(make_job(x, row, row, residual=x, recentre=True, **streaming))
    yield "streaming, rmsnorm", build(make_job(x, row, rms=True, pages="tiles", **streaming))
    for phase in (phases.PHASES[0], phases.PHASES[7]):
        job = replace(make_job(x, row, row), last=phase.number)
        yield phase.name, phases._program(job, phase)[1]


def written_jobs(program: ProgramDescriptor) -> Iterator[tuple[str, Job]]:
    formats = {f.buffer_index: f.data_format for cb in program.cbs for f in cb.format_descriptors}
    for kernel in program.kernels:
        more: dict[str, Any] = {
            "compile_time_args": kernel.compile_time_args,
            "cbs": {i: NAMES[f] for i, f in formats.items()},
        }
        kind = KIND_OF.get(type(kernel.config), "compute")
        if isinstance(kernel.config, ComputeConfigDescriptor):
            more |= {"fp32_dest_acc_en": kernel.config.fp32_dest_acc_en}
        for risc in cpp_syntax.RISCS[kind]:
            yield f"{kernel.name} on {risc}", (write(kernel.kernel_source, kind), risc, more)


NAMES = {bfloat16: "bf16", float32: "fp32"}
KIND_OF = {ReaderConfigDescriptor: "reader", WriterConfigDescriptor: "writer"}


@compiles
@pytest.mark.parametrize(("name", "program"), [pytest.param(*p, id=p[0]) for p in package_programs()])
def test_the_packages_kernels_pass_as_written(name: str, program: ProgramDescriptor) -> None:
    assert complaints(dict(written_jobs(program))) == {}


# ---- what is broken is refused, with its line ---------------------------------------------------------------

KERNEL = """#include <cstdint>
#include "api/{header}"
void kernel_main() {{
    cb_wait_front(0, 1);
    {line}
}}
"""
BROKEN = {
    "cb_pop_frnt(0, 1);": "'cb_pop_frnt' was not declared in this scope",
    "cb_pop_front(0, 1)": "expected ';' before '}' token",
    "cb_pop_front(0);": "too few arguments to function",
    "static_assert(get_compile_time_arg_val(0) == 1);": "static assertion failed",
    "uint32_t* p = get_arg_val<uint32_t>(0);": "invalid conversion from 'unsigned int' to 'uint32_t*'",
    "for (uint32_t i = 0; i < get_arg_val<int>(0); i++) {}": "comparison of integer expressions of different sign",
}


@compiles
@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_kernel_fails_with_its_line_on_every_risc(line: str) -> None:
    jobs = {
        risc: (KERNEL.format(header=_usual(kind), line=line), risc, {"compile_time_args": [2]})
        for kind, risc in _all_riscs()
    }
    said = complaints(jobs)
    assert said.keys() == jobs.keys()
    assert all(lines[0].startswith(f"kernel.cpp:5: {BROKEN[line]}") for lines in said.values()), said


def _all_riscs() -> list[tuple[str, str]]:
    return [(kind, risc) for kind in KINDS for risc in cpp_syntax.RISCS[kind]]


def _usual(kind: str) -> str:
    return "compute/common.h" if kind == "compute" else "dataflow/dataflow_api.h"


@compiles
def test_an_error_deep_in_a_header_names_the_kernels_line() -> None:
    line = "noc_async_read_page(0, 5, get_write_ptr(0));"
    said = cpp_syntax.check(KERNEL.format(header=_usual("reader"), line=line), "NCRISC")
    assert said[0].startswith("kernel.cpp:5: dataflow_api.h:")


# ---- headers ------------------------------------------------------------------------------------------------

MACROS = {
    *("TSLICE_INPUT_CB", "TSLICE_OUTPUT_CB", "TSLICE_RD_PTR", "TSLICE_WR_PTR"),
    "DPRINT",
    "MATH",
    "MEM_ZEROS_BASE",
    "MEM_ZEROS_SIZE",
    "PACK",
    "UNPACK",
    "get_compile_time_arg_val",
    "tt_l1_ptr",
}
ELSEWHERE = {
    "DEST_AUTO_LIMIT": "using compute_kernel_lib::DEST_AUTO_LIMIT;",
    "get_named_compile_time_arg_val": "",  # there where the host gives named arguments
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_of_the_api_has_its_header_or_is_known_to_lack_one(kind: str) -> None:
    lacking = {name for name in namespace(kind) if header_of(name, kind) is None}
    assert lacking == ({*GONE, *ONLY_DATA_MOVEMENT} if kind == "compute" else set())


def test_no_name_is_both_renamed_and_gone() -> None:
    assert [name for name in GONE if newer_name(name) != name] == []


@pytest.mark.parametrize("kind", KINDS)
def test_newer_names_are_in_the_api_themselves(kind: str) -> None:
    assert [name for name in namespace(kind) if newer_name(name) not in namespace(kind)] == []


@compiles
@pytest.mark.parametrize("kind", KINDS)
def test_each_header_alone_declares_its_names(kind: str) -> None:
    risc = cpp_syntax.RISCS[kind][-1]
    assert complaints({header: (_naming(header, kind), risc, {}) for header in _headers(kind)}) == {}


def _headers(kind: str) -> set[str]:
    return {header for name in namespace(kind) if (header := header_of(name, kind))}


def _naming(header: str, kind: str) -> str:
    names = sorted({newer_name(name) for name in namespace(kind) if header_of(name, kind) == header})
    lines = "\n".join(_mention(name) for name in names)
    return f'#include "{header}"\nnamespace kernel {{\n{lines}\n}}\nvoid kernel_main() {{}}\n'


def _mention(name: str) -> str:
    if name in MACROS:
        return f"#ifndef {name}\n#error {name}\n#endif"
    return ELSEWHERE.get(name, f"using ::{name};")
