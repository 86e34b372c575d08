"""Exercises of notebook 15: C++ loops of another shape, C++ with one change, and what is told about it."""

from __future__ import annotations

from typing import Any

import cpp_syntax
import numpy as np
import pytest

import ttlearn as tt
from ttlearn.learn import check
from ttlearn.learn.course import exercise, nb15
from ttlearn.learn.verdict import State

# ---- right answers of another shape ---------------------------------------------------------------------------------

READS_BACKWARDS = """
    cb_reserve_back(0, 32);
    for (int i = 31; i >= 0; --i) {
        noc_async_read(tensor.get_noc_addr(row * 32 + i), get_write_ptr(0) + i * stick, stick);
    }
    noc_async_read_barrier();
    cb_push_back(0, 32);
"""
READS_ONE_BY_ONE = """
    for (uint32_t i = 0; i < 32; i++) {
        cb_reserve_back(0, 1);
        noc_async_read_page(row * 32 + i, tensor, get_write_ptr(0));
        noc_async_read_barrier();
        cb_push_back(0, 1);
    }
"""
WRITES_ONE_BY_ONE = """
    uint32_t page = row << 5;
    do {
        cb_wait_front(16, 1);
        noc_async_write_page(page, tensor, get_read_ptr(16));
        noc_async_write_barrier();
        cb_pop_front(16, 1);
    } while (++page % 32 != 0);
"""
WRITES_AND_FLUSHES = """
    cb_wait_front(16, 32);
    const uint32_t start = get_read_ptr(16);
    for (uint32_t l1 = start; l1 < start + 32 * stick; l1 += stick) {
        noc_async_write_page(row * 32 + (l1 - start) / stick, tensor, l1);
    }
    noc_async_writes_flushed();
    cb_pop_front(16, 32);
    if (row + 1 == Ht) { noc_async_write_barrier(); }
"""


def test_arguments_in_the_wrong_order_are_told_by_the_right_one() -> None:
    text = WRITES_ONE_BY_ONE.replace("tensor, get_read_ptr(16)", "get_read_ptr(16), tensor")
    problem = check("15.2", writer_loop=lambda: text).problem
    assert problem.startswith("noc_async_write_page: the second argument is ")
    assert problem.endswith(", not a tensor; the order is noc_async_write_page(page, accessor, L1 address)")


@pytest.mark.parametrize("text", [READS_BACKWARDS, READS_ONE_BY_ONE])
def test_another_reader_passes(text: str) -> None:
    verdict = check("15.1", reader_loop=lambda: text)
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize("text", [WRITES_ONE_BY_ONE, WRITES_AND_FLUSHES])
def test_another_writer_passes(text: str) -> None:
    verdict = check("15.2", writer_loop=lambda: text)
    assert verdict.passed, repr(verdict)


# ---- one change ---------------------------------------------------------------------------------------------------


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip() not in ("", "}")]


@pytest.mark.parametrize("line", lines(nb15.reader_loop()))
def test_no_line_of_the_reader_may_be_left_out(line: str) -> None:
    text = nb15.reader_loop().replace(line, "{" if line.endswith("{") else "")
    assert check("15.1", reader_loop=lambda: text).state is State.FAILED


@pytest.mark.parametrize("line", lines(nb15.writer_loop()))
def test_no_line_of_the_writer_may_be_left_out(line: str) -> None:
    text = nb15.writer_loop().replace(line, "{" if line.endswith("{") else "")
    assert check("15.2", writer_loop=lambda: text).state is State.FAILED


CHANGES = [("32)", "31)"), ("32)", "Wt)"), ("16,", "0,"), ("(16)", "(0)"), ("i < 32", "i < 31"), ("i < 32", "i < Wt")]
CHANGES += [("stick;", "2048;"), ("row * 32", "row * Wt"), ("+ i", ""), ("32 + i", "33 + i")]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_changed_writer_is_rejected(old: str, new: str) -> None:
    changed = nb15.writer_loop().replace(old, new)
    assert changed != nb15.writer_loop()
    assert check("15.2", writer_loop=lambda: changed).state is State.FAILED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: nb15.reader_loop().replace("32);", "32)"), "reader.cpp line 10"),
        (lambda: nb15.reader_loop().replace("noc_async_read_barrier", "await_reads"), "await_reads"),
        (lambda: 32, "reader_loop returned 32, a whole number; it should return text."),
        (lambda: "", "The device hangs"),
    ],
)
def test_what_is_no_kernel_is_told(answer: Any, said: str) -> None:
    verdict = check("15.1", reader_loop=answer)
    assert verdict.state is State.FAILED
    assert said in verdict.problem, verdict.problem


# ---- what the notebook tells ------------------------------------------------------------------------------------------


def outcome(Wt: int) -> str:
    wrong, writer = nb15.framed(nb15.wrong_reader_loop()), nb15.framed(nb15.writer_loop())
    tensors, program = nb15.program(wrong, writer, Wt)
    try:
        run = tt.generic_op(tensors, program)
    except tt.DeviceHang:
        return "hangs"
    return "right" if np.array_equal(run.output, tt.to_numpy(tensors[0])) else "wrong"


def test_the_given_loop_does_well_where_both_units_count_alike_and_nowhere_else() -> None:
    assert {Wt: outcome(Wt) for Wt in (1, 4, 16, 32)} == {1: "hangs", 4: "hangs", 16: "hangs", 32: "right"}


def test_the_given_loop_differs_from_the_solution_in_one_line() -> None:
    given = lines(exercise("15.1").given["reader_loop"]())
    assert given == lines(nb15.wrong_reader_loop())
    assert [new for old, new in zip(given, lines(nb15.reader_loop()), strict=True) if old != new] == [
        "cb_push_back(0, 32);"
    ]


WHY_NOT = cpp_syntax.available()


@pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
def test_all_three_files_pass_the_vendors_headers() -> None:
    movers = [("NCRISC", nb15.framed(loop())) for loop in (nb15.reader_loop, nb15.wrong_reader_loop)]
    movers.append(("BRISC", nb15.framed(nb15.writer_loop())))
    for risc, text in [*movers, *((f"TRISC{k}", nb15.COMPUTE_KERNEL) for k in range(3))]:
        assert cpp_syntax.check(text, risc, [4, 2, 256]) == [], risc
