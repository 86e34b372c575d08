"""What a verdict adds of its own: what is odd in the run, which slip it was, whose line it is, and that it was slower."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from notebook_code import FOLDER, functions, notebook_of, sources

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.learn import check, course, predict
from ttlearn.learn import passthrough as given
from ttlearn.learn.attempt import blank
from ttlearn.learn.check import judge
from ttlearn.learn.course import nb08
from ttlearn.learn.course.nb06 import one_tile
from ttlearn.learn.differences import entry
from ttlearn.learn.exercise import Exercise, Kind
from ttlearn.learn.facts import facts_of
from ttlearn.learn.odd import odd, turned_round
from ttlearn.learn.places import in_learners_words
from ttlearn.learn.verdict import State

c_0, c_1, c_2, c_16, c_24, c_25 = 0, 1, 2, 16, 24, 25
COL = BroadcastType.COL


def line_of(function: Callable[..., Any], text: str) -> int:
    """The line of the file with this text."""
    first = function.__code__.co_firstlineno
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(k for k in range(first, len(lines)) if text in lines[k - 1])


def accessor() -> TensorAccessor:
    return TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))


# ---- tables of CBs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ({0: (1, 64), 1: (8, 2048)}, "c_1 is not right: it gives (8, 2048)."),
        ({0: (1, 64)}, "c_1 is missing."),
        ({0: (1, 64), 1: (4, 2048), 7: (1, 1)}, "c_7 should not be there: the program has c_0, c_1."),
        ({0: [1, 64], 1: (4, 2048)}, "c_0 is not right: it gives [1, 64]; write it as a tuple, with ( )."),
    ],
)
def test_of_a_table_the_first_wrong_cb_is_told_and_not_what_is_right(got: Any, said: str) -> None:
    assert entry(got, {0: (1, 64), 1: (4, 2048)}) == said


def test_numbers_and_other_tables_have_no_wrong_cb() -> None:
    assert entry(3, 4) == "" and entry({"place(0, 1)": 3}, {"place(0, 1)": 4}) == ""


# ---- what is odd in the run -------------------------------------------------------------------------------------------


async def keeps_the_row(Wt: int) -> None:
    sub_bcast_cols_init(c_0, c_25)
    await cb_wait_front(c_0, Wt)
    await cb_wait_front(c_25, 1)
    await cb_reserve_back(c_24, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        sub_tiles_bcast(c_0, c_25, t, 0, 0, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_24)
        tile_regs_release()
    cb_push_back(c_24, Wt)
    cb_pop_front(c_25, 1)


def test_pages_that_stay_are_told_with_the_reference_and_the_line_of_the_wait() -> None:
    problem = check("08.1", keeps_the_row).problem
    line = line_of(keeps_the_row, "cb_wait_front(c_0, Wt)")
    assert problem.splitlines()[0] == (
        "It runs to its end, and the output is wrong. Beside the reference's run: c_0 has 8 pages pushed and 0 popped "
        f"(waited for at keeps_the_row line {line}), where the reference pops 8."
    )
    assert re.match(r"[\d,]+ of 8,192 elements are wrong; the first, row 32, column 0", problem.splitlines()[1])


async def never_releases(Wt: int) -> None:
    reduce_init(c_0, c_2, c_25, reduce_type=PoolType.SUM, reduce_dim=ReduceDim.REDUCE_ROW)
    await cb_wait_front(c_2, 1)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_25, 1)
    tile_regs_acquire()
    for t in range(Wt):
        reduce_tile(c_0, c_2, t, 0, 0, reduce_type=PoolType.SUM, reduce_dim=ReduceDim.REDUCE_ROW)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_25)
    cb_push_back(c_25, 1)
    reduce_uninit(c_0)


def test_a_section_that_is_not_released_is_told() -> None:
    problem = check("07.1", never_releases).problem
    line = line_of(never_releases, "tile_regs_wait()")
    assert (
        f"tile_regs_wait is called twice and tile_regs_release once (never_releases line {line}), "
        "where the reference calls both twice."
    ) in problem


def relu_without(*forgotten: str) -> Callable[[], Any]:
    async def relu() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        relu_tile_init()
        for _ in range(get_arg_val(0)):
            await cb_wait_front(c_0, 1)
            await cb_reserve_back(c_16, 1)
            tile_regs_acquire()
            if "copy" not in forgotten:
                copy_tile(c_0, 0, 0)
            if "relu" not in forgotten:
                relu_tile(0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            tile_regs_release()
            cb_pop_front(c_0, 1)
            cb_push_back(c_16, 1)

    return relu


@pytest.mark.parametrize(
    ("forgotten", "said"),
    [
        ("copy", "MATH works on no tile, the reference on 1 (by copy_tile)."),
        ("relu", "the SFPU works on no tile, the reference on 1 (by relu_tile)."),
    ],
)
def test_work_that_no_section_does_is_told_with_its_call(forgotten: str, said: str) -> None:
    assert f"Beside the reference's run: {said}\n" in check("04b.1", relu_without(forgotten)).problem


async def the_first_page_only() -> None:
    source = accessor()
    for _ in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(0, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def square_into(second: Callable[[int], int], dst: Callable[[int], int]) -> Callable[[int], Any]:
    async def square(Wt: int) -> None:
        mul_init(c_24, c_24)
        await cb_wait_front(c_24, Wt)
        await cb_reserve_back(c_1, Wt)
        for t in range(Wt):
            tile_regs_acquire()
            mul_tiles(c_24, c_24, t, second(t), dst(t))
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_1)
            tile_regs_release()
        cb_push_back(c_1, Wt)

    return square


def center_by_rows() -> Callable[[int], Any]:
    async def center(Wt: int) -> None:
        sub_bcast_rows_init(c_0, c_25)
        await cb_wait_front(c_0, Wt)
        await cb_wait_front(c_25, 1)
        await cb_reserve_back(c_24, Wt)
        for t in range(Wt):
            tile_regs_acquire()
            sub_tiles_bcast(c_0, c_25, t, 0, 0, tBcastDim=BroadcastType.ROW)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_24)
            tile_regs_release()
        cb_push_back(c_24, Wt)
        cb_pop_front(c_0, Wt)
        cb_pop_front(c_25, 1)

    return center


async def one_init_for_both() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    mul_init(c_0, c_0)
    for _ in range(get_compile_time_arg_val(0)):
        await one_tile(c_0, mul_tiles, c_24)
        await one_tile(c_24, add_tiles, c_16)


@pytest.mark.parametrize(
    ("exercise", "function", "said"),
    [
        (
            "01.1",
            the_first_page_only,
            "NCRISC reads 1 page of DRAM in 7 transfers, where the reference reads 7 different ones.",
        ),
        (
            "08.2",
            square_into(lambda t: 0, lambda t: 0),
            "mul_tiles reads 2 tiles as its second operand, the reference 8 different ones.",
        ),
        (
            "08.2",
            square_into(lambda t: t, lambda t: t),
            "MATH fills tiles 0, 1, 2, 3 of its DST sections, and PACK packs tile 0.",
        ),
        (
            "08.1",
            center_by_rows(),
            'sub_tiles_bcast is carried out as "sub, row broadcast", in the reference as "sub, col broadcast".',
        ),
        (
            "06.3",
            one_init_for_both,
            "MATH carries out add_tiles on no tile, the reference on 1: it is called as often, but the engine does what the last init says.",
        ),
    ],
)
def test_which_tiles_and_operations_met_is_told(exercise: str, function: Callable[..., Any], said: str) -> None:
    assert f"Beside the reference's run: {said}\n" in check(exercise, function).problem


async def reads_and_never_writes() -> None:
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_read_page(i, accessor(), get_read_ptr(0))
        await noc_async_read_barrier()
        cb_pop_front(0, 1)


async def reads_in_haste_and_never_writes() -> None:
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_read_page(i, accessor(), get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


@pytest.mark.parametrize("writer", [reads_and_never_writes, reads_in_haste_and_never_writes])
def test_a_writer_that_reads_is_told_that_it_writes_nothing(writer: Callable[[], Any]) -> None:
    said = f"BRISC ({writer.__name__}) writes nothing to DRAM, where the reference writes once; it reads once instead."
    assert said in check("01.2", writer).problem


async def writes_back() -> None:
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_write_page(i, accessor(), get_write_ptr(0))
        await noc_async_write_barrier()
        cb_push_back(0, 1)


def test_a_reader_that_writes_is_told_before_the_hazard() -> None:
    first = check("01.1", writes_back).problem.splitlines()[0]
    assert (
        first == "NCRISC (writes_back) reads nothing from DRAM, where the reference reads once; it writes once instead."
    )


@pytest.mark.parametrize("exercise", course.exercises(), ids=lambda exercise: exercise.id)
def test_a_right_run_has_nothing_odd_beside_itself(exercise: Exercise) -> None:
    trial = exercise.cases[0].make(exercise.reference)
    if hasattr(trial, "program"):
        facts = facts_of(tt.generic_op(trial.tensors, trial.program))
        assert odd(facts, facts, exercise.reference, exercise.reference) == "" == turned_round(facts, facts)


# ---- blanks -----------------------------------------------------------------------------------------------------------


async def complete_above_its_blank() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        ...  # noqa: PIE790


async def one_line_above_its_blank() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))  # noqa: F841
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        ...  # noqa: PIE790


def test_complete_code_is_judged_although_its_blank_is_left() -> None:
    assert check("01.1", complete_above_its_blank).passed
    assert check("01.1", one_line_above_its_blank).state is State.FAILED


def test_a_blank_inside_a_call_is_one_whatever_stands_around_it() -> None:
    async def half() -> None:
        await cb_reserve_back(0, 1)
        cb_push_back(0, ...)

    assert blank(half)


def test_an_ellipsis_in_an_index_is_no_blank() -> None:
    def last(values: Any) -> Any:
        return values[..., -1]

    assert not blank(last)


@pytest.mark.parametrize("exercise", [e for e in course.exercises() if e.kind is Kind.WRITE], ids=lambda e: e.id)
def test_what_the_exercise_notebook_shows_is_not_attempted(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    """`shown` is no more and no less than the statements that stand around a blank in the notebook."""
    (path,) = (path for path in FOLDER.glob("*.ipynb") if notebook_of(path) == exercise.id.partition(".")[0])
    for name in exercise.reference:
        (tree,) = functions(sources(path), name)
        monkeypatch.setattr("ttlearn.learn.attempt.tree_of", lambda _, tree=tree: tree)
        if any(map(_is_bare_dots, _statements(tree))):
            assert blank(exercise.reference[name], exercise.shown.get(name, 0)), name
        assert name not in exercise.shown or not blank(exercise.reference[name], exercise.shown[name] - 1), name


def _statements(tree: Any) -> list[Any]:
    import ast

    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def _is_bare_dots(node: Any) -> bool:
    return getattr(getattr(node, "value", None), "value", None) is ...


# ---- slips in Python ----------------------------------------------------------------------------------------------------


async def returns_no_count(Wt: int) -> None:
    mul_init(c_24, c_24)
    await cb_wait_front(c_24, Wt)
    await cb_reserve_back(c_1, 1)
    tile_regs_acquire()
    for t in range(Wt):
        mul_tiles(c_24, c_24, t, t, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_1)
    tile_regs_release()
    cb_push_back(c_1, 1)


async def _waits_for_nothing() -> tuple[int, int]:
    return 4, 8


@pytest.mark.parametrize(
    ("exercise", "function", "said"),
    [
        ("09.3", returns_no_count, "squares returned nothing: end it with `return …` (a whole number)."),
        (
            "01.4",
            lambda: None,
            "plan returned nothing: end it with `return …` (2 values: a whole number, a whole number).",
        ),
        (
            "01.4",
            lambda: 4,
            "plan returned 4, a whole number; it should return 2 values: a whole number, a whole number.",
        ),
        (
            "01.4",
            lambda: (4.0, 8),
            "plan returned (4.0, 8), 2 values: a float, a whole number; it should return 2 values: a whole number, a whole "
            "number.",
        ),
        ("01.4", lambda: (0, 2), "ValueError: range() arg 3 must not be zero (plan returned (0, 2))"),
        ("01.4", _waits_for_nothing, "plan is an `async def`, and is called without `await`: write `def plan(…)`."),
        (
            "06.2",
            lambda values: values,
            "gamma_and_page returned a numpy array (1, 128); it should return 2 values: a Tensor, a whole number.",
        ),
        ("03.1", lambda row, column, width: None, "place returned nothing: end it with `return …` (a whole number)."),
    ],
)
def test_a_return_value_of_the_wrong_kind_is_told(exercise: str, function: Any, said: str) -> None:
    assert check(exercise, function).problem == said


def test_a_slip_is_told_with_its_line_and_the_values_in_it() -> None:
    async def divides(W: int) -> None:
        await cb_reserve_back(c_2, 1)
        tile = tt_l1_ptr(uint16_t, get_write_ptr(c_2))
        for face in range(4):
            tile[256 * face // (face - face)] = W
        cb_push_back(c_2, 1)

    line = line_of(divides, "tile[256 * face //")
    assert check("07.2", divides).problem == (
        f"ZeroDivisionError: integer division or modulo by zero (divides line {line}: `tile[256 * face // (face - face)] = W`, "
        "with face = 0, W = 32)"
    )


def test_an_answer_that_is_no_choice_is_shown_in_one_line_without_our_frames() -> None:
    with pytest.raises(tt.HostError) as caught:
        predict("05.p1", "And now?", "later", choices=("hangs", "finishes"))
    assert str(caught.value) == "'later' is not one of the answers; choose one of 'hangs', 'finishes'"
    shown = "\n".join(caught.value._render_traceback_())
    assert "ttlearn/learn" not in shown and "-->" in shown


# ---- whose line it is -----------------------------------------------------------------------------------------------------


def center_program() -> tt.ProgramDescriptor:
    return nb08.centering(keeps_the_row, nb08.sample(1))[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at compute line 160 (inside keeps_the_row line 6)", "at keeps_the_row line 6"),
        ("reserves it (one line 5) and keeps it", "reserves it (keeps_the_row line 5) and keeps it"),
        ("at reader.cpp line 10: `x`", "at reader.cpp line 10: `x`"),
        ("in line 3", "in line 3"),
        ("keeps_the_row line 7 (inside helper line 2)", "keeps_the_row line 7 (inside helper line 2)"),
    ],
)
def test_a_place_is_told_as_the_learner_knows_it(text: str, said: str) -> None:
    assert in_learners_words(text, center_program(), {"center": keeps_the_row}) == said


def test_a_given_function_is_called_given_and_shows_its_own_line() -> None:
    code = given_line = nb08.row_by_row.__globals__["hand_on"].__code__
    line = given_line.co_firstlineno + 2
    _, program = nb08.squaring(nb08.square, nb08.sample(1))
    told = in_learners_words(
        f"at compute line 1 (inside hand_on line {line}): `await two(Wt)`", program, {"square": nb08.square}
    )
    assert told == f"at line {line} of the given hand_on: `{_source(code, line)}`"


def _source(code: Any, line: int) -> str:
    return Path(code.co_filename).read_text("utf-8").splitlines()[line - 1].strip()


def test_a_line_of_the_given_kernel_without_a_name_is_told_as_the_phase_that_it_calls() -> None:
    program = center_program()
    compute = program.kernels[1].kernel_source
    line = next(n for n in range(compute.__code__.co_firstlineno, 400) if "await one(" in _source(compute.__code__, n))
    popped = line_of(keeps_the_row, "cb_pop_front(c_25, 1)")
    told = in_learners_words(
        f"(line {line}: `cb_pop_front(c_25, 1)`), after line {line}", program, {"center": keeps_the_row}
    )
    assert told == f"(keeps_the_row line {popped}: `cb_pop_front(c_25, 1)`), after the call of keeps_the_row"


# ---- right, and slower; right by luck ---------------------------------------------------------------------------------------


async def untilizes_each_row_again_and_again(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, 32)
    pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_block(c_1, Wt, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_uninit(c_16)
    cb_push_back(c_16, 32)
    cb_pop_front(c_1, Wt)


def test_a_slower_answer_passes_and_is_told_so() -> None:
    verdict = check("05.1", given.tilize_row, untilizes_each_row_again_and_again)
    assert verdict.passed and verdict.score is not None and verdict.reference is not None
    mine, theirs = verdict.score.cycles, verdict.reference.cycles
    assert mine > 1.1 * theirs
    assert f"passed, all 7 cases. Right, and slower: {mine:,} cycles (model) against {theirs:,}." in repr(verdict)
    assert "Right, and slower" in verdict._repr_html_()


def test_an_answer_as_fast_as_the_reference_is_not_told_to_be_slower() -> None:
    exercise = course.exercise("05.1")
    assert "slower" not in repr(judge(exercise, exercise.reference))


async def leaves_the_packer_untilizing(Wt: int) -> None:
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_16, 32)
    pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)
    cb_push_back(c_16, 32)
    cb_pop_front(c_1, Wt)


def test_an_untilize_that_is_not_undone_spoils_the_next_pack() -> None:
    verdict = check("05.1", given.tilize_row, leaves_the_packer_untilizing)
    line = line_of(leaves_the_packer_untilizing, "pack_untilize_init")
    assert verdict.case == "untilize_row, with tiles packed before the next row"
    assert (
        f"Beside the reference's run: leaves_the_packer_untilizing line {line} calls pack_untilize_init, and nothing calls "
        "pack_untilize_uninit after it.\n"
    ) in verdict.problem
