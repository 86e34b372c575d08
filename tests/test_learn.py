"""Predictions, expectations, exercises and their mutants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.learn import check, course, expect, predict
from ttlearn.learn.attempt import blank, same
from ttlearn.learn.check import judge
from ttlearn.learn.course.nb01 import reader, writer
from ttlearn.learn.differences import first_difference
from ttlearn.learn.exercise import Case, Exercise, Kind, Value
from ttlearn.learn.mutants import Change, mutants
from ttlearn.learn.verdict import MIME, State

FIRST = course.exercise("01.1")


async def blank_reader() -> None:
    for i in range(get_arg_val(1)):
        ...  # your code here


async def pushes_twice() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(0, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def fills_by_hand() -> None:
    """Writes what it knows to be right through the pointer, without reading DRAM."""
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        values = np.random.default_rng(get_arg_val(1)).integers(-99, 99, (32, 32 * get_arg_val(1)))
        page = tt.from_numpy(values[:, 32 * i : 32 * i + 32].astype(np.float32), layout=tt.TILE_LAYOUT)
        words = tt.to_bits(page).reshape(2, 16, 2, 16).swapaxes(1, 2).reshape(-1).view(np.uint32)
        l1 = tt_l1_ptr(uint32_t, get_write_ptr(0))
        for k, word in enumerate(words.tolist()):
            l1[k] = word
        cb_push_back(0, 1)


# ---- check -----------------------------------------------------------------------------------------------------


def test_the_right_answer_passes_and_costs_what_the_reference_costs() -> None:
    verdict = check("01.1", reader=reader)
    assert verdict.passed and verdict.cases == len(FIRST.cases)
    assert verdict.score == verdict.reference


def test_a_blank_is_not_attempted() -> None:
    verdict = check("01.1", blank_reader)
    assert verdict.state is State.OPEN
    assert repr(verdict) == (
        "01.1 A reader: not attempted. Fill in the blanks (...) or change what is given, run that cell, then this one."
    )


def test_given_code_handed_back_is_not_attempted() -> None:
    exercise = replace(FIRST, given={"reader": pushes_twice})
    from ttlearn.learn.attempt import untouched

    assert untouched(exercise, {"reader": pushes_twice})
    assert not untouched(exercise, {"reader": reader})


def test_a_wrong_output_names_the_first_wrong_element_and_draws_it() -> None:
    verdict = check("01.1", pushes_twice)
    assert verdict.state is State.FAILED and verdict.cases == 1
    assert "Case: seven pages through two (1 passed before it)." in repr(verdict)
    assert "the first, row 0, column 32, should be" in verdict.problem
    assert 'role="img"' in verdict.picture


def test_a_hang_fails_with_its_diagnosis() -> None:
    async def forgets_to_push() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, source, get_write_ptr(0))
            await noc_async_read_barrier()

    verdict = check("01.1", forgets_to_push)
    assert verdict.case == "one page"
    assert "The device hangs" in verdict.problem


def test_work_that_the_chip_did_not_do_does_not_pass() -> None:
    verdict = check("01.1", fills_by_hand)
    assert verdict.problem == (
        "The output is right, but dram read bytes is 0 where this needs 2,048: "
        "let the chip do the work, through the calls of this chapter."
    )


def test_a_cost_above_the_goal_does_not_pass() -> None:
    verdict = judge(replace(FIRST, goals={"cycles": 0.5}), {"reader": reader})
    assert verdict.state is State.FAILED
    assert verdict.problem.startswith("The output is right, but it takes ")
    assert "cycles (model); the goal is " in verdict.problem


def test_a_slip_in_python_is_told_with_the_learners_line() -> None:
    async def slips() -> None:
        await cb_reserve_back(0, pages)  # type: ignore[name-defined]

    problem = check("01.1", slips).problem
    assert "NameError" in problem and "pages" in problem


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: check("99.9", reader), "there is no exercise '99.9'; there are 00.1"),
        (lambda: check("01.1"), 'exercise 01.1 wants reader: write check("01.1", reader)'),
        (lambda: check("01.1", reader, writer), 'check("01.1", reader) takes 1 function(s), not 2'),
        (
            lambda: check("01.1", reader()),  # type: ignore[arg-type]
            'reader is a coroutine: hand in the function itself, without (): write check("01.1", reader)',
        ),
    ],
)
def test_a_wrong_call_of_check_says_what_to_write(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(tt.HostError) as caught:
        call()
    assert str(caught.value).startswith(text)


def test_plain_functions_are_compared_by_value() -> None:
    def pages(wt: int) -> int:
        return 2 * wt

    case = Case("Wt = 3", lambda functions: Value(functions["pages"](3), 6))
    exercise = Exercise("x", "Pages", Kind.WRITE, {"pages": pages}, (case,), ("", ""))
    assert judge(exercise, {"pages": pages}).passed
    assert judge(exercise, {"pages": lambda wt: wt}).problem == "it should give 6 and gives 3"


def test_a_verdict_is_json_for_the_leader() -> None:
    facts = check("01.1", pushes_twice)._repr_mimebundle_()[MIME]
    assert (
        facts["state"] == "not yet" and facts["cases_passed"] == 1 and facts["failed_case"] == "seven pages through two"
    )


# ---- attempts and differences ------------------------------------------------------------------------------------


def test_layout_comments_and_docstrings_are_no_change() -> None:
    def one(a: int) -> int:
        """Words."""
        return a + 1

    source = {"one": one}

    def other(a):  # type: ignore[no-untyped-def]
        return (a + 1)  # fmt: skip

    other.__name__ = "one"
    assert not blank(one)
    assert same(source["one"], one)
    assert not same(one, reader)


def test_the_first_difference_is_the_first_row_by_row() -> None:
    expected = np.zeros((64, 64))
    got = expected.copy()
    got[40, 3] = got[33, 50] = 1
    found = first_difference(got, expected)
    assert found is not None and found.place == (33, 50) and found.count == 2
    assert np.argwhere(found.wrong).tolist() == [[1, 18]]
    assert first_difference(got, expected, (0, 1)) is None


def test_a_row_that_belongs_elsewhere_is_named_if_only_one_row_is_like_it() -> None:
    expected = np.arange(64 * 32.0).reshape(64, 32)
    got = expected.copy()
    got[40] = expected[7]
    assert str(first_difference(got, expected)).endswith("; all of that row is what belongs into row 7")
    expected[9] = expected[7]
    assert "belongs" not in str(first_difference(got, expected))


def test_poison_is_named() -> None:
    found = first_difference([[np.nan]], [[1.0]])
    assert "is poison, or NaN: nothing was written there" in str(found)


# ---- mutants -----------------------------------------------------------------------------------------------------


def test_mutants_drop_each_statement_and_shift_each_count() -> None:
    made = list(mutants({"reader": reader}))
    dropped = [m.text for m in made if m.change is Change.DROP]
    assert "await noc_async_read_barrier()" in dropped and "cb_push_back(0, 1)" in dropped
    assert {m.change for m in made} >= {Change.DROP, Change.MORE, Change.FEWER}
    assert len({m.name for m in made}) >= len(made) - 4  # two equal numbers on one line share a name


def test_a_mutant_really_is_changed_and_the_original_is_not() -> None:
    before = check("01.1", reader).score
    for mutant in mutants({"reader": reader}):
        assert not same(mutant.changed, reader), mutant.name
    assert check("01.1", reader).score == before


# ---- predict and expect --------------------------------------------------------------------------------------------


def test_an_open_question_hides_the_truth() -> None:
    shown = predict("01.p1", "How many pages?").reveal(7)
    assert "7" not in repr(shown) and "7" not in str(shown._repr_mimebundle_())
    assert repr(shown).startswith("01.p1 not answered yet")


def test_a_wrong_prediction_gets_the_picture_of_why() -> None:
    shown = predict("01.p1", "How many pages?", 6).reveal(7, why="a picture")
    assert repr(shown) == "01.p1 not as you said. You said 6; it is 7.\n'a picture'"
    assert "<pre>a picture</pre>" in shown._repr_html_()


def test_a_right_prediction_gets_no_picture() -> None:
    shown = predict("01.p1", "How many cycles?", 950, within=0.1).reveal(1000, why="a picture")
    assert repr(shown) == "01.p1 right. You said 950; it is 1,000."
    assert "picture" not in shown._repr_html_()


def test_an_answer_that_is_no_choice_is_told_the_choices() -> None:
    with pytest.raises(tt.HostError, match="'later' is not one of the answers; choose one of 'hangs', 'finishes'"):
        predict("05.p1", "And now?", "later", choices=("hangs", "finishes"))


def test_expect_prints_the_error_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with expect(tt.HostError) as caught:
        tt.layernorm_fused_rm(np.zeros((32, 33)))
    assert isinstance(caught.error, tt.HostError)
    assert capsys.readouterr().out.startswith("x is 33 wide")


def test_expect_fails_if_nothing_is_raised_and_lets_others_pass() -> None:
    ran = "this was expected to end in DeviceHang, and it ran to its end"
    with pytest.raises(AssertionError, match=ran), expect(tt.DeviceHang):
        pass
    with pytest.raises(ZeroDivisionError), expect(tt.DeviceHang):
        print(1 / 0)
