"""Exercises of notebook 05: other right answers, what usual mistakes are told, and that its program is the log's."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn import passthrough as given
from ttlearn.learn.attempt import tree_of
from ttlearn.learn.course.nb05 import started, totals
from ttlearn.learn.hangs import log
from ttlearn.learn.verdict import State

c_0, c_1, c_4, c_5, c_16 = 0, 1, 4, 5, 16
Phase = Callable[[int], Any]


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def waits_in_another_order(Wt: int) -> None:
    await cb_reserve_back(c_1, Wt)
    await cb_wait_front(c_0, 32)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    cb_pop_front(c_0, 32)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_1, Wt)


async def sets_up_itself(Wt: int) -> None:
    compute_kernel_hw_startup(c_0, c_16)
    await given.tilize_row(Wt)


async def one_column_of_tiles_at_a_time(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, 32)
    pack_untilize_init(c_1, c_16, block_ct_dim=1, full_ct_dim=Wt)
    for column in range(Wt):
        pack_untilize_block(c_1, 1, c_16, column, block_ct_dim=1, full_ct_dim=Wt)
        cb_pop_front(c_1, 1)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, 32)


async def reserves_first_and_pops_first(Wt: int) -> None:
    await cb_reserve_back(c_16, 32)
    await cb_wait_front(c_1, Wt)
    pack_untilize_init(c_1, c_16, block_ct_dim=Wt)
    pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt)
    cb_pop_front(c_1, Wt)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, 32)


@pytest.mark.parametrize("tilize", [waits_in_another_order, sets_up_itself])
@pytest.mark.parametrize("untilize", [one_column_of_tiles_at_a_time, reserves_first_and_pops_first])
def test_other_right_phases_pass(tilize: Phase, untilize: Phase) -> None:
    verdict = check("05.1", tilize, untilize)
    assert verdict.passed, repr(verdict)


def table_by_bytes(Wt: int, pages: str) -> dict[int, tuple[int, int]]:
    row = 32 * 32 * Wt * 2
    size = row // 32 if pages == "sticks" else row // Wt
    return (
        dict.fromkeys((c_0, c_16), (row // size, size))
        | {c_1: (2 * Wt, 2048)}
        | dict.fromkeys((c_4, c_5), (1, row // 32))
    )


def totals_by_loop(Wt: int, Ht: int) -> dict[int, tuple[int, int]]:
    count = {c_0: 0, c_1: 0, c_4: 1, c_5: 1, c_16: 0}
    for _ in range(Ht):
        for index, pages in ((c_0, 32), (c_1, Wt), (c_16, 32)):
            count[index] += pages
    return {index: (pages, pages) for index, pages in count.items()}


def test_other_right_formulas_pass() -> None:
    assert check("05.2", table_by_bytes).passed
    assert check("05.3", totals_by_loop).passed


# ---- usual mistakes -------------------------------------------------------------------------------------------------


async def forgets_the_pop(Wt: int) -> None:
    await cb_wait_front(c_0, 32)
    await cb_reserve_back(c_1, Wt)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_1, Wt)


async def waits_in_tiles(Wt: int) -> None:
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_1, Wt)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_0, Wt)


async def pops_in_tiles(Wt: int) -> None:
    await cb_wait_front(c_0, 32)
    await cb_reserve_back(c_1, Wt)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_0, Wt)


async def pushes_what_it_took(Wt: int) -> None:
    await cb_wait_front(c_0, 32)
    await cb_reserve_back(c_1, Wt)
    tilize_init(c_0, Wt, c_1)
    tilize_block(c_0, Wt, c_1)
    tilize_uninit(c_0, c_1)
    cb_push_back(c_0, 32)
    cb_pop_front(c_1, Wt)


async def pushes_tiles(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, Wt)
    pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, Wt)
    cb_pop_front(c_1, Wt)


async def one_tile_wide(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, 32)
    pack_untilize_init(c_1, c_16, block_ct_dim=1, full_ct_dim=1)
    pack_untilize_block(c_1, 1, c_16, block_ct_dim=1, full_ct_dim=1)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, 32)
    cb_pop_front(c_1, Wt)


@pytest.mark.parametrize(
    ("tilize", "untilize", "says"),
    [
        (forgets_the_pop, given.untilize_row, "cb_pop_front(c_0, …) is missing"),
        (waits_in_tiles, given.untilize_row, "the other 1,024 come from page 0 of c_1"),
        (pops_in_tiles, given.untilize_row, "pop 32 of them for each tile row instead of 4"),
        (
            pops_in_tiles,
            given.untilize_row,
            "pushes 64 pages of 256 B to c_0, 16,384 B in all, and UNPACK (compute) pops 8 of them",
        ),
        (pushes_what_it_took, given.untilize_row, "; c_0 is pushed by NCRISC (reader) at line "),
        (pushes_what_it_took, given.untilize_row, "but one kernel alone may push a CB"),
        (
            given.tilize_row,
            pushes_tiles,
            "let PACK (compute) reserve and push 32 of them for each tile row instead of 1",
        ),
        (given.tilize_row, one_tile_wide, "poison"),
    ],
)
def test_a_usual_mistake_is_told(tilize: Phase, untilize: Phase, says: str) -> None:
    verdict = check("05.1", tilize, untilize)
    assert verdict.state is State.FAILED
    assert says in verdict.problem, verdict.problem


def test_a_stick_taken_for_a_tile_is_told_with_its_cb_and_without_the_right_numbers() -> None:
    def tiles_only(Wt: int, pages: str) -> dict[int, tuple[int, int]]:
        return given.buffers(Wt, "tiles")

    verdict = check("05.2", tiles_only)
    assert verdict.problem == "c_0 is not right: it gives (1, 2048)."


def test_what_the_notebook_shows_first_is_not_attempted() -> None:
    async def tilize_row(Wt: int) -> None:
        tilize_init(c_0, Wt, c_1)

    async def untilize_row(Wt: int) -> None: ...

    assert check("05.1", tilize_row, untilize_row).state is State.OPEN


# ---- the program is the log's -----------------------------------------------------------------------------------------


def body(function: Callable[..., Any]) -> list[ast.stmt]:
    tree = tree_of(function)
    assert tree is not None
    definition = tree.body[0]
    assert isinstance(definition, ast.AsyncFunctionDef)
    return definition.body


def test_both_phases_are_the_loop_of_the_logs_kernel() -> None:
    loop = body(log.compute_without_startup)[-1]
    assert isinstance(loop, ast.For)
    wide = [re.sub("ct_dim=4", "ct_dim=Wt", ast.unparse(line)) for line in loop.body]
    assert [ast.unparse(line) for phase in (given.tilize_row, given.untilize_row) for line in body(phase)] == wide


def test_reader_and_writer_are_the_logs() -> None:
    assert (given.reader, given.writer) == (log.reader, log.writer)


def test_it_stands_where_the_clinics_program_stands() -> None:
    lines = []
    for tensors, program in (given.program(Wt=log.WT, Ht=log.HT), log.launch(compute=log.compute_without_startup)):
        with pytest.raises(tt.DeviceHang) as caught:
            tt.generic_op(tensors, program, diagnose=False)
        lines.append(caught.value.run.watcher().splitlines()[0])
    assert lines[0] == lines[1]


@pytest.mark.parametrize(("Wt", "Ht"), [(1, 1), (4, 2), (8, 3)])
def test_without_start_up_it_hangs_in_tilize_block_in_either_unit(Wt: int, Ht: int) -> None:
    for tensors, program in (given.program(Wt=Wt, Ht=Ht), given.tile_pages(Wt, Ht)):
        with pytest.raises(tt.DeviceHang) as caught:
            tt.generic_op(tensors, program)
        assert caught.value.diagnosis.root.stop.call == "tilize_block"


@pytest.mark.parametrize(("Wt", "Ht"), [(1, 1), (3, 2)])
def test_totals_are_what_a_run_counts(Wt: int, Ht: int) -> None:
    compute = started(given.tilize_row, given.untilize_row, unused=(c_4, c_5))
    run = tt.generic_op(*given.program(compute, Wt, Ht))
    assert np.array_equal(run.output, given.whole_numbers(Wt, Ht))
    assert {cb.index: (cb.pushed, cb.popped) for cb in run.cbs} == totals(Wt, Ht)


# ---- the C++ of the notebook --------------------------------------------------------------------------------------------


def cpp_blocks(notebook: str) -> list[str]:
    path = Path(__file__).parent.parent / "notebooks" / "solutions" / notebook
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.findall(r"^```cpp\n(.*?)^```", text, re.S | re.M)


@pytest.mark.parametrize(("Wt", "Ht"), [(1, 1), (4, 2)])
def test_the_cpp_of_both_notebooks_runs(Wt: int, Ht: int) -> None:
    writer, *phases = cpp_blocks("05_passthrough.ipynb")
    compute = tt.cpp.read("\n".join([*phases, *cpp_blocks("06_the_detective.ipynb")]), "compute")
    tensors, program = given.program(compute, Wt, Ht, writes=tt.cpp.read(writer, "writer"))
    run = tt.generic_op(tensors, program)
    assert np.array_equal(run.output, given.whole_numbers(Wt, Ht))


def test_the_module_says_where_its_kernel_comes_from() -> None:
    assert "e1d0a7a2" in (inspect.getdoc(given) or "")
