"""Every exercise of the course, whatever its notebook: the reference passes, the mutants do not, notebook and package agree.

Left out: questions (`test_course_notebooks.py`), and what one notebook's exercises say to usual mistakes (`test_course_nb….py`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from notebook_code import FOLDER, functions, notebook_of, shape, sources

from ttlearn.learn import course
from ttlearn.learn.attempt import tree_of, untouched
from ttlearn.learn.check import judge
from ttlearn.learn.exercise import Exercise, Kind
from ttlearn.learn.mutant_table import tally
from ttlearn.learn.mutants import mutants
from ttlearn.learn.verdict import State

each = pytest.mark.parametrize("exercise", course.exercises(), ids=lambda exercise: exercise.id)


def file_of(exercise: Exercise, folder: Path) -> Path:
    found = [path for path in folder.glob("*.ipynb") if notebook_of(path) == exercise.id.partition(".")[0]]
    if not found:
        pytest.skip(f"the notebook of exercise {exercise.id} is not there yet")
    assert len(found) == 1, f"exercise {exercise.id} has {len(found)} notebooks"
    return found[0]


# ---- exercises ------------------------------------------------------------------------------------------------


@each
def test_the_reference_passes_its_own_check(exercise: Exercise) -> None:
    verdict = judge(exercise, exercise.reference)
    assert verdict.passed, repr(verdict)
    assert verdict.score == verdict.reference


@each
def test_a_reference_is_no_blank_and_has_the_name_it_is_known_by(exercise: Exercise) -> None:
    assert not untouched(exercise, exercise.reference)
    assert {name: function.__name__ for name, function in exercise.reference.items()} == {
        name: name for name in exercise.reference
    }


@each
def test_what_is_given_is_not_attempted_and_would_not_pass(exercise: Exercise) -> None:
    if exercise.given:
        assert set(exercise.given) == set(exercise.reference)
        assert untouched(exercise, exercise.given)
        assert judge(exercise, exercise.given).state is State.FAILED
    else:
        assert exercise.kind is Kind.WRITE, "an exercise in mending or speeding up needs something given"


@each
def test_two_tips_that_differ(exercise: Exercise) -> None:
    one, other = exercise.tips
    assert one and other and one != other


@pytest.mark.parametrize("notebook", course.notebooks())
def test_ids_count_from_one_in_order(notebook: str) -> None:
    made = [exercise.id for exercise in course.of_notebook(notebook)]
    assert made == [f"{notebook}.{k}" for k in range(1, len(made) + 1)]


@pytest.mark.slow
@each
def test_no_mutant_is_accepted_without_a_reason(exercise: Exercise) -> None:
    counted = tally(exercise)
    print(counted)
    assert counted.accepted == ()
    assert counted.total > 0


@each
def test_every_reason_belongs_to_a_mutant(exercise: Exercise) -> None:
    names = {mutant.name for mutant in mutants(exercise.reference)}
    assert set(exercise.equivalent) <= names
    assert all(exercise.equivalent.values())


# ---- notebook and package ---------------------------------------------------------------------------------------


@each
def test_the_solved_notebook_holds_the_reference(exercise: Exercise) -> None:
    cells = [cell for cell in sources(file_of(exercise, FOLDER / "solutions")) if "# SOLUTION BEGIN" in cell]
    for name, function in exercise.reference.items():
        tree = tree_of(function)
        assert tree is not None
        assert any(shape(tree) == shape(shown) for shown in functions(cells, name)), (
            f"exercise {exercise.id}: no solution in the notebook is the package's `{name}`"
        )


@each
def test_the_exercise_notebook_shows_what_counts_as_given(exercise: Exercise) -> None:
    for name, function in exercise.given.items():
        tree = tree_of(function)
        assert tree is not None
        assert any(shape(tree) == shape(shown) for shown in functions(sources(file_of(exercise, FOLDER)), name)), (
            f"exercise {exercise.id}: the notebook shows another `{name}` than the one that is 'not attempted'"
        )


@each
def test_the_notebook_folds_the_tips_of_each_exercise(exercise: Exercise) -> None:
    text = file_of(exercise, FOLDER).read_text("utf-8")
    assert text.count("<summary>Tip 1</summary>") >= len(course.of_notebook(exercise.id.partition(".")[0]))
    assert text.count("<summary>Tip 1</summary>") == text.count("<summary>Tip 2</summary>")
