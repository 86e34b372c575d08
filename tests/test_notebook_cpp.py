"""Each C++ block of a notebook makes the same API calls, in the same order, as the Python kernel it stands beside.

Compared are names in the order in which they are called, arguments' calls first; reading arguments may be placed freely
(`notebook_cpp.py`). Where the vendor's headers are, blocks of readers and writers also pass them.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import cpp_syntax
import pytest
from notebook_code import SOLVED
from notebook_cpp import ARGUMENTS, UNBOUND, blocks, cpp_calls, different, kernel_of, python_calls

from ttlearn.cpp.api import calls

# ---- the tests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_each_cpp_block_calls_what_its_python_kernel_calls(path: Path) -> None:
    for block in blocks(path):
        if block.kernel not in UNBOUND:
            why = different(cpp_calls(block.text), python_calls(kernel_of(block)))
            assert why is None, f"{block}: {why}"


WHY_NOT = cpp_syntax.available()
ACCESSORS = [2, 2048] * 8  # compile-time arguments that are right for an accessor at any even place


@pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_data_movement_blocks_pass_the_vendors_headers(path: Path) -> None:
    for block in blocks(path):
        if "kernel_main" in block.text and set(cpp_calls(block.text)) <= {*calls("reader"), *ARGUMENTS, "DPRINT"}:
            source = f'#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n{block.text}'
            for risc in ("BRISC", "NCRISC"):
                assert cpp_syntax.check(source, risc, ACCESSORS) == [], block


# ---- the tests of the test ---------------------------------------------------------------------------------------

PYTHON = """
async def reader():
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)
"""
CPP = """// reader, as in the cell below
void kernel_main() {
    constexpr auto args = TensorAccessorArgs<0>();
    const auto source = TensorAccessor(args, get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < get_arg_val<uint32_t>(1); i++) {  // cb_pop_front(0, 1) in a comment is no call
        cb_reserve_back(0, 1);
        noc_async_read_page(i, source, get_write_ptr(0));
        noc_async_read_barrier();
        cb_push_back(0, 1);
    }
}
"""
STEPS = ["cb_reserve_back", "get_write_ptr", "noc_async_read_page", "noc_async_read_barrier", "cb_push_back"]


def test_calls_are_found_in_their_order() -> None:
    assert [name for name in cpp_calls(CPP) if name not in ARGUMENTS] == STEPS
    assert different(cpp_calls(CPP), python_calls(ast.parse(PYTHON))) is None


def test_a_call_with_template_arguments_is_found() -> None:
    cpp = (
        "reduce_init<PoolType::SUM, ReduceDim::REDUCE_ROW>(c_1, c_2, c_25); pack_untilize_block<Wt, Wt>(c_1, 1, c_16);"
    )
    assert cpp_calls(cpp) == ["reduce_init", "pack_untilize_block"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("cb_push_back", "cb_pop_front", "call 5 is cb_pop_front in C++ and cb_push_back in Python"),
        (
            "        noc_async_read_barrier();\n",
            "",
            "call 4 is cb_push_back in C++ and noc_async_read_barrier in Python",
        ),
        (
            "    }\n}",
            "    }\n    noc_async_read_barrier();\n}",
            "call 6 is noc_async_read_barrier in C++ and nothing more",
        ),
        ("get_arg_val<uint32_t>", "uint32_t", "get_arg_val is called in Python and not in C++"),
        ("noc_async_read_page(", "noc_async_read_tile(", "call 3 is noc_async_read_tile in C++"),
    ],
)
def test_a_changed_call_is_told(old: str, new: str, why: str) -> None:
    assert old in CPP
    told = different(cpp_calls(CPP.replace(old, new)), python_calls(ast.parse(PYTHON)))
    assert told is not None and told.startswith(why)


def test_an_older_name_in_cpp_is_told() -> None:
    assert different(["mul_tiles_init"], ["mul_init"]) == "the C++ calls mul_tiles_init, which 0.81.1 names mul_init"


def notebook(folder: Path, *sources: tuple[str, str]) -> Path:
    path = folder / "x.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": kind, "source": [text]} for kind, text in sources]}))
    return path


def test_the_kernel_is_the_nearest_definition_on_the_named_side(tmp_path: Path) -> None:
    other = PYTHON.replace("cb_push_back(0, 1)", "pass")
    path = notebook(tmp_path, ("code", PYTHON), ("markdown", f"```cpp\n{CPP}```\n"), ("code", other))
    (block,) = blocks(path)
    assert "cb_push_back" not in python_calls(kernel_of(block))
    path = notebook(tmp_path, ("code", PYTHON), ("markdown", f"```cpp\n{CPP}```\n".replace("below", "above")))
    (block,) = blocks(path)
    assert "cb_push_back" in python_calls(kernel_of(block))


def test_an_imported_kernel_is_read_from_its_module(tmp_path: Path) -> None:
    path = notebook(
        tmp_path, ("code", "from ttlearn.learn.course.nb01 import reader"), ("markdown", f"```cpp\n{CPP}```\n")
    )
    (block,) = blocks(path)
    assert different(cpp_calls(block.text), python_calls(kernel_of(block))) is None


def test_a_block_without_its_kernels_name_is_told(tmp_path: Path) -> None:
    path = notebook(tmp_path, ("markdown", "```cpp\ncb_push_back(0, 1);\n```\n"))
    with pytest.raises(AssertionError, match="begin this C\\+\\+ block with the name of its Python kernel"):
        list(blocks(path))
    path = notebook(tmp_path, ("markdown", f"```cpp\n{CPP}```\n"))
    with pytest.raises(AssertionError, match="no function 'reader' is defined or imported"):
        kernel_of(*blocks(path))
