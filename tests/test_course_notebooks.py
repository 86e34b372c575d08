"""Questions and checks of each notebook: its own, in order, open where they should be, and enough in all.

Left out: the exercises themselves (`test_course.py`).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from notebook_code import FOLDER, NOTEBOOKS, SOLVED, called, calls, ids, nodes_of, notebook_of, sources

from ttlearn.learn import course
from ttlearn.learn.exercise import Kind

solved = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)


@solved
def test_a_notebook_checks_its_own_exercises_and_no_others(path: Path) -> None:
    assert ids(path, "check") == [exercise.id for exercise in course.of_notebook(notebook_of(path))]


@solved
def test_every_notebook_asks_and_reveals(path: Path) -> None:
    asked, notebook = ids(path, "predict"), notebook_of(path)
    assert asked == [f"{notebook}.p{k}" for k in range(1, len(asked) + 1)]
    assert asked, f"{path.stem} asks for no prediction"
    assert len(list(calls(path, "reveal"))) == len(asked)


@solved
def test_each_prediction_has_a_name_of_its_own(path: Path) -> None:
    """So that going back to an earlier question does not answer a later one."""
    nodes = [node for node in nodes_of(path) if isinstance(node, ast.Assign)]
    names = [ast.unparse(n.targets[0]) for n in nodes if isinstance(n.value, ast.Call) and called(n.value) == "predict"]
    revealed = [ast.unparse(call.func.value) for call in calls(path, "reveal") if isinstance(call.func, ast.Attribute)]
    assert len(set(names)) == len(names), names
    assert sorted(revealed) == sorted(names)


@solved
def test_a_truth_is_computed_and_never_typed_in(path: Path) -> None:
    for call in calls(path, "reveal"):
        assert call.args and not isinstance(call.args[0], ast.Constant), ast.unparse(call)


@solved
def test_a_prediction_is_open_in_the_exercise_notebook(path: Path) -> None:
    for cell in sources(FOLDER / path.name):
        if re.search(r"\bpredict\(", cell) and "import" not in cell:
            blanks = [node for node in ast.walk(ast.parse(cell)) if getattr(node, "value", None) is Ellipsis]
            assert blanks, f"the answer stands in the exercise notebook:\n{cell}"


# ---- the course as a whole ----------------------------------------------------------------------------------------


def test_the_course_has_enough_of_each_kind() -> None:
    there = {notebook_of(path) for path in SOLVED}
    if not there >= set(NOTEBOOKS):
        pytest.skip(f"notebooks {', '.join(sorted(set(NOTEBOOKS) - there))} are not there yet")
    kinds = Counter(exercise.kind for exercise in course.exercises())
    predictions = sum(len(ids(path, "predict")) for path in SOLVED)
    assert predictions >= 8 and kinds[Kind.WRITE] >= 10 and kinds[Kind.FIX] >= 6 and kinds[Kind.FASTER] >= 6
    assert predictions + kinds.total() >= 30


def test_no_notebook_is_unknown() -> None:
    assert {notebook_of(path) for path in SOLVED} <= set(NOTEBOOKS)
    assert set(course.notebooks()) <= set(NOTEBOOKS)
