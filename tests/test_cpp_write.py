"""Kernels as C++: the text, what it is specialised on, what it refuses, and what the vendor's headers say to it."""

from __future__ import annotations

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
from test_cpp_syntax import Job, _configuration, compiles, complaints

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.cpp.c import *
from ttlearn.cpp.write import write
from ttlearn.dataflow import *
from ttlearn.errors import CppError
from ttlearn.layernorm import compute as helpers
from ttlearn.layernorm import raw
from ttlearn.layernorm.op import build, make_job

IN, OUT, TABLE = 0, 16, (3, 5, 9)


def body(kernel: Any, kind: str | None = None) -> list[str]:
    """The lines of kernel_main, without its braces."""
    text = write(kernel, kind).partition("void kernel_main() {\n")[2]
    return [line[4:] for line in text.splitlines()[:-1]]


def function(text: str, name: str) -> str:
    """The C++ function of that name, its head included."""
    found = re.search(rf"^(template <.*>\n)?[\w ]+ {name}\((.|\n)*?\n}}$", text, re.M)
    assert found, name
    return found[0]


# ---- whole files --------------------------------------------------------------------------------------------


async def reader():
    x = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, x, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def test_a_reader() -> None:
    assert (
        write(reader)
        == """\
#include <cstdint>
#include "api/dataflow/dataflow_api.h"

void kernel_main() {
    const auto x = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < get_arg_val<uint32_t>(1); i++) {
        cb_reserve_back(0, 1);
        noc_async_read_page(i, x, get_write_ptr(0));
        noc_async_read_barrier();
        cb_push_back(0, 1);
    }
}
"""
    )


async def rows_added(wt: int) -> None:
    """Row 0 of c_1 added to each tile."""
    for t in range(wt):  # one by one
        tile_regs_acquire()
        add_tiles_bcast(IN, 1, t, t, 0, tBcastDim=BroadcastType.ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, OUT)
        tile_regs_release()


async def adder() -> None:
    wt = get_compile_time_arg_val(0)
    compute_kernel_hw_startup(IN, 1, OUT)
    add_bcast_rows_init(IN, 1)
    # all tiles at once
    await cb_wait_front(IN, wt)
    await cb_wait_front(1, wt)
    await cb_reserve_back(OUT, wt)
    await rows_added(wt)
    cb_push_back(OUT, wt)


def test_a_compute_kernel_with_a_helper_and_comments() -> None:
    assert (
        write(adder)
        == """\
#include <cstdint>
#include "api/compile_time_args.h"
#include "api/compute/bcast.h"
#include "api/compute/cb_api.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/compute/reg_api.h"

constexpr uint32_t IN = 0;
constexpr uint32_t OUT = 16;

void rows_added(uint32_t wt) {
    // Row 0 of c_1 added to each tile.
    for (uint32_t t = 0; t < wt; t++) {  // one by one
        tile_regs_acquire();
        add_tiles_bcast<BroadcastType::ROW>(IN, 1, t, t, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, OUT);
        tile_regs_release();
    }
}

void kernel_main() {
    constexpr uint32_t wt = get_compile_time_arg_val(0);
    compute_kernel_hw_startup(IN, 1, OUT);
    add_bcast_rows_init(IN, 1);
    // all tiles at once
    cb_wait_front(IN, wt);
    cb_wait_front(1, wt);
    cb_reserve_back(OUT, wt);
    rows_added(wt);
    cb_push_back(OUT, wt);
}
"""
    )


# ---- specialisation -----------------------------------------------------------------------------------------


def test_a_mean_with_and_without_a_correction_are_two_functions() -> None:
    text = write(helpers.compute)
    assert "    mean(cb, SCALER, MEAN, 1, wt" not in text
    assert "exact(0, correction);" in function(text, "reduce_group")
    assert "exact" not in function(text, "reduce_group_2")
    assert [line.strip() for line in text.splitlines() if "mean(" in line or "mean_2(" in line][2:5] == [
        "mean(wt, here, correction);",
        "mean_2(wt, here);",
        "mean(wt, here, correction);",
    ]


def test_a_function_that_is_chosen_while_writing_leaves_only_its_call() -> None:
    text = write(raw.compute)
    assert "    mul_bcast_rows_init(cb_in, cb_row);\n" in function(text, "affine")
    assert "    add_bcast_rows_init(cb_in, cb_row);\n" in function(text, "affine_2")


def test_what_flows_into_a_template_argument_is_constant_all_the_way() -> None:
    text = write(helpers.compute)
    assert "constexpr uint32_t dest_block(uint32_t width) {" in text
    lines = function(text, "untilize").splitlines()
    assert lines[0] == "template <uint32_t block_width_tiles>"
    assert "    constexpr uint32_t width = dest_block(block_width_tiles);" in lines
    assert "            untilize_output<wt>(here, sticks != 0);" in text.splitlines()


def test_a_conditional_that_is_no_number_splits_its_statement() -> None:
    async def kernel() -> None:
        n = get_arg_val(0)
        (mul_init if n else add_init)(0, 1)

    assert body(kernel)[1:] == ["if (n) {", "    mul_init(0, 1);", "} else {", "    add_init(0, 1);", "}"]


def test_a_loop_is_written_out_when_its_variable_is_needed_at_compile_time() -> None:
    async def kernel() -> None:
        for i in range(2):
            noc_async_read_page(0, TensorAccessor(TensorAccessorArgs(2 * i), 0), 0)

    assert body(kernel) == [
        "{",
        "    constexpr uint32_t i = 0;",
        "    noc_async_read_page(0, TensorAccessor(TensorAccessorArgs<2 * i>(), 0), 0);",
        "}",
        "{",
        "    constexpr uint32_t i = 1;",
        "    noc_async_read_page(0, TensorAccessor(TensorAccessorArgs<2 * i>(), 0), 0);",
        "}",
    ]


def test_a_nested_function_takes_what_it_uses_and_changes_it_by_reference() -> None:
    async def kernel() -> None:
        sent, page = 0, get_write_ptr(0)

        def send(where: int) -> None:
            nonlocal sent
            noc_async_write(page, where, 64)
            sent += 64

        send(get_noc_addr(1, 2, page))
        noc_semaphore_set(get_semaphore(0), sent)

    text = write(kernel)
    assert "void send(uint64_t where, uint32_t page, uint32_t& sent) {" in text
    assert "    send(get_noc_addr(1, 2, page), page, sent);" in text


# ---- variables and types ------------------------------------------------------------------------------------


def test_variables_live_where_python_uses_them() -> None:
    async def kernel() -> None:
        for i in range(get_arg_val(0)):
            if i == 0:
                first = get_write_ptr(0)
            p = get_write_ptr(0)
            noc_async_write(p, get_noc_addr(0, 1, first), 64)

    assert body(kernel) == [
        "uint32_t first;",
        "for (uint32_t i = 0; i < get_arg_val<uint32_t>(0); i++) {",
        "    if (i == 0) {",
        "        first = get_write_ptr(0);",
        "    }",
        "    uint32_t p = get_write_ptr(0);",
        "    noc_async_write(p, get_noc_addr(0, 1, first), 64);",
        "}",
    ]


def test_types_follow_the_values() -> None:
    async def kernel() -> None:
        total = 0
        where = get_noc_addr(1, 2, 3)
        left = i32(get_arg_val(0)) - 5
        half = bits_to_float(get_arg_val(1)) * 0.5
        marks = [0] * 8
        marks[div(left, 3)] = TABLE[total]
        total = u32(total + where)
        DPRINT("{} {}\n", half, total < marks[0])

    assert body(kernel) == [
        "uint32_t total = 0;",
        "uint64_t where = get_noc_addr(1, 2, 3);",
        "int32_t left = (int32_t)get_arg_val<uint32_t>(0) - 5;",
        "float half = __builtin_bit_cast(float, get_arg_val<uint32_t>(1)) * 0.5f;",
        "uint32_t marks[8] = {};",
        "marks[left / 3] = TABLE[total];",
        "total = (uint32_t)(total + where);",
        'DPRINT("{} {}\\n", half, total < marks[0]);',
    ]


def test_l1_pointers_and_slices() -> None:
    async def kernel() -> None:
        p = tt_l1_ptr(uint16_t, get_write_ptr(0))
        p[0:1024] = 0
        p[16] = p[0] + 1
        noc_async_write(p.address, get_noc_addr(my_x(), my_y(), 0), 64)

    assert body(kernel) == [
        "volatile tt_l1_ptr uint16_t* p = reinterpret_cast<volatile tt_l1_ptr uint16_t*>(get_write_ptr(0));",
        "for (uint32_t i = 0; i < 1024; i++) {",
        "    p[i] = 0;",
        "}",
        "p[16] = p[0] + 1;",
        "noc_async_write((uint32_t)p, get_noc_addr(my_x[noc_index], my_y[noc_index], 0), 64);",
    ]


def test_several_targets_are_assigned_together() -> None:
    async def kernel() -> None:
        a, b = get_arg_val(0), get_arg_val(1)
        a, b = b, a
        a, b = b, a + b
        cb_push_back(a, b)

    assert body(kernel, "reader") == [
        "uint32_t a = get_arg_val<uint32_t>(0), b = get_arg_val<uint32_t>(1);",
        "std::swap(a, b);",
        "uint32_t new_b = a + b;",
        "a = b;",
        "b = new_b;",
        "cb_push_back(a, b);",
    ]


# ---- calls that look otherwise ------------------------------------------------------------------------------


def test_the_code_of_one_role() -> None:
    async def kernel() -> None:
        if UNPACK():
            tile_regs_acquire()
        elif MATH():
            for i in range(2):
                copy_tile(0, i, i)
        else:
            print("packs", get_arg_val(0))

    assert body(kernel) == [
        "UNPACK((tile_regs_acquire()));",
        "MATH({",
        "    for (uint32_t i = 0; i < 2; i++) {",
        "        copy_tile(0, i, i);",
        "    }",
        "});",
        'PACK(DPRINT("packs {}\\n", get_arg_val<uint32_t>(0)));',
    ]


def test_older_names_are_written_as_what_they_are_now() -> None:
    async def kernel() -> None:
        mm_init(0, 1, 16)
        copy_tile_init(0)
        fast_tilize_init(0, 2, 16)
        pack_tile_block(0, 16, 2)

    assert body(kernel) == [
        "compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16);",
        "matmul_init(0, 1, 0);",
        "copy_init(0);",
        "fast_tilize_init(0, 2, 16);",
        "pack_block(0, 16, 2);",
    ]


def test_an_exception_is_an_assertion() -> None:
    async def kernel() -> None:
        size = get_tile_size(0)
        if size != 2048:
            raise ValueError(f"c_0 holds {size} bytes; set its data_format")

    assert body(kernel)[1:] == ["ASSERT(size == 2048);  // c_0 holds {size} bytes; set its data_format"]


# ---- refusals -----------------------------------------------------------------------------------------------


async def counts_down() -> None:
    n = get_arg_val(0)
    if n - 1 < 0:
        cb_push_back(0, 1)


async def divides_below_zero() -> None:
    cb_push_back(0, i32(get_arg_val(0)) // 2)


async def wide_block() -> None:
    n = get_arg_val(0)
    pack_untilize_init(0, 16, block_ct_dim=n)


async def chooses_late() -> None:
    if get_arg_val(0):
        init = add_init
    else:
        init = sub_init
    init(0, 1)


async def keeps_a_list() -> None:
    seen = []
    seen.append(get_write_ptr(0))


async def tries() -> None:
    try:
        noc_async_read(0, 0, 64)
    finally:
        pass


async def forgets() -> None:
    cb_wait_front(0, 1)


async def old_start() -> None:
    binary_op_init_common(0, 1, 16)


REFUSED = {
    counts_down: "`n - 1 < 0`: n - 1 is unsigned in C++ and never below zero; write i32(...) where it gets its value, "
    "or count otherwise",
    divides_below_zero: "`i32(get_arg_val(0)) // 2`: C++ rounds toward zero below zero, Python down; write div(a, b), "
    "from ttlearn.cpp.c",
    wide_block: "`pack_untilize_init(0, 16, block_ct_dim=n)`: C++ needs block_ct_dim of pack_untilize_init at compile "
    "time, but this is known only when the kernel runs; take it from get_compile_time_arg_val, and assign it only once",
    chooses_late: "`init`: what init is here depends on a condition that is known only on the chip, and it is no "
    "number; put the code that uses it into both branches",
    keeps_a_list: "`seen.append`: this attribute is Python's own; use plain numbers, sequences and calls of the kernel "
    "API",
    tries: "`try: …`: `try` has no counterpart in C++; ask before, with `if`, or write ASSERT(...)",
    forgets: "`cb_wait_front(0, 1)`: this waits, and nobody awaits it; write `await cb_wait_front(0, 1)`",
    old_start: "`binary_op_init_common(0, 1, 16)`: 0.81.1 has no binary_op_init_common; write "
    "compute_kernel_hw_startup(icb0, icb1, ocb), then the operation's init, e.g. add_init",
}


@pytest.mark.parametrize("kernel", REFUSED, ids=lambda kernel: kernel.__name__)
def test_what_cannot_be_written_is_named_with_its_place_and_what_to_write(kernel: Any) -> None:
    with pytest.raises(CppError) as caught:
        write(kernel)
    place, _, text = str(caught.value).partition(f", in {kernel.__name__}: ")
    assert text == REFUSED[kernel]
    named, line = place.removeprefix("test_cpp_write.py line "), inspect.getsource(kernel)
    fragment = text.partition("`")[2].partition("`")[0].removesuffix(" …")
    assert fragment in line.splitlines()[int(named) - kernel.__code__.co_firstlineno]


def test_a_kernel_that_tells_no_kind_needs_one() -> None:
    async def kernel() -> None:
        cb_push_back(0, 1)

    with pytest.raises(CppError) as caught:
        write(kernel)
    assert (
        str(caught.value) == "kernel calls nothing that tells its kind; write(…, kind='reader'), 'writer' or 'compute'"
    )
    assert "cb_push_back(0, 1);" in write(kernel, "compute")


def test_a_kernel_with_parameters_and_a_plain_function_are_refused() -> None:
    async def kernel(cb: int) -> None:
        cb_push_back(cb, 1)

    with pytest.raises(CppError) as caught:
        write(kernel)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "kernel has the parameter cb, but nobody calls a kernel with arguments; "
        "take it from get_compile_time_arg_val or get_arg_val"
    )
    with pytest.raises(CppError) as caught:
        write(body)
    assert str(caught.value) == "write takes a kernel, an `async def` function, not body, a plain function"


def test_a_kernel_of_another_kind_is_refused() -> None:
    with pytest.raises(CppError) as caught:
        write(adder, "writer")
    assert str(caught.value) == "adder is no writer kernel: it calls add_bcast_rows_init; write(…, kind='compute')"


# ---- the vendor's headers -----------------------------------------------------------------------------------

SETS = {
    "programs": test_golden_programs,
    "programs_fp32": test_golden_programs,
    "hangs": test_golden_hangs,
    "wrong_data": test_golden_wrong_data,
    "layernorm": test_golden_layernorm,
}
RISCS = {"reader": ("NCRISC",), "writer": ("BRISC",), "compute": ("TRISC0", "TRISC1", "TRISC2")}


@compiles
@pytest.mark.parametrize("name", SETS)
def test_the_golden_kernels_pass_as_c(name: str) -> None:
    jobs: dict[str, Job] = {}
    for case in golden.load(name):
        for k in case.program["kernels"]:
            source: Callable[..., Any] = SETS[name].KERNELS[k["kernel"]]
            kernel = source if inspect.iscoroutinefunction(source) else source(k["defines"])
            more = _configuration({**k, "defines": {}}, case.program)
            jobs[f"{k['kernel']} {k['defines']}"] = (write(kernel, k["kind"]), RISCS[k["kind"]][-1], more)
    assert complaints(jobs) == {}


@compiles
@pytest.mark.parametrize("style", ["helpers", "raw"])
def test_layernorm_passes_as_c(style: str) -> None:
    program = build(make_job(np.ones((64, 128)), np.ones(128), np.ones(128), style=style, recentre=True))
    kinds = {tt.ReaderConfigDescriptor: "reader", tt.WriterConfigDescriptor: "writer"}
    jobs: dict[str, Job] = {}
    for k in program.kernels:
        kind = kinds.get(type(k.config), "compute")  # type: ignore[call-overload]
        more = {"compile_time_args": list(k.compile_time_args), "cbs": dict.fromkeys((*range(8), 16, 24), "bf16")}
        for risc in RISCS[kind]:
            jobs[f"{kind} {risc}"] = (write(k.kernel_source, kind), risc, more)
    assert complaints(jobs) == {}
