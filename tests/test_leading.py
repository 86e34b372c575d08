"""docs/leading-a-workshop.md: its minutes are the notebooks', its sums are right, and its verdicts are what `check` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from notebook_code import NOTEBOOKS, SOLVED, cells, notebook_of

from ttlearn.learn import course
from ttlearn.learn.check import judge
from ttlearn.learn.exercise import Functions
from ttlearn.learn.mutants import mutants
from ttlearn.learn.verdict import State

TEXT = (Path(__file__).parent.parent / "docs" / "leading-a-workshop.md").read_text("utf-8")
PARTS = dict(re.findall(r"^## (The \w+ route)\n(.*?)(?=^## )", TEXT, re.S | re.M))
PATHS = {notebook_of(path): path for path in SOLVED}


def rows(part: str) -> list[list[str]]:
    """The cells of the one table of a part, without its head."""
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def headline(notebook: str) -> str:
    """The line of a notebook that says routes and minutes."""
    return next(line for line in cells(PATHS[notebook])[0][1].splitlines() if "inutes" in line and "oute" in line)


def test_each_route_has_its_notebooks_in_order() -> None:
    core, rest = ([row[0] for row in rows(PARTS[f"The {name} route"])] for name in ("Core", "Full"))
    assert (*core, *rest) == NOTEBOOKS
    assert core == [name for name in NOTEBOOKS if "Core" in headline(name)]
    hour = [row[0] for row in rows(PARTS["The Hour route"])]
    assert hour == [name for name in PATHS if "Hour" in headline(name)]


@pytest.mark.parametrize("route", PARTS)
def test_minutes_are_those_that_the_notebook_says(route: str) -> None:
    for notebook, minutes, what, _ in rows(PARTS[route]):
        said = headline(notebook)
        part = re.search(r"on the Hour route ([^,]+), about (\d+)", said)
        if route == "The Hour route" and part is not None:
            assert (what, minutes) == part.groups()
        else:
            found = re.search(r"About (\d+) minutes \(estimated\)", said)
            assert found is not None and found[1] == minutes, notebook


def test_the_sums_are_right() -> None:
    hour, core, full = (sum(int(row[1]) for row in rows(part)) for part in PARTS.values())
    assert f"{hour} minutes by the estimates" in PARTS["The Hour route"]
    assert f"{core} minutes by the estimates" in PARTS["The Core route"]
    assert f"{full} minutes more, {core + full} in all" in PARTS["The Full route"]


@pytest.mark.parametrize("route", ["The Core route", "The Full route"])
def test_every_exercise_is_named(route: str) -> None:
    for notebook, _, _, exercises in rows(PARTS[route]):
        assert exercises.split(", ") == [exercise.id for exercise in course.of_notebook(notebook)]


def test_the_hour_has_six_exercises() -> None:
    named = [id for row in rows(PARTS["The Hour route"]) for id in row[3].split(", ")]
    assert len(named) == 6 and all(course.exercise(id) for id in named)


# ---- usual mistakes ------------------------------------------------------------------------------------------------

MISTAKES = rows(TEXT.partition("## Usual mistakes")[2].partition("\n## ")[0])
AS_GIVEN = "given"
MADE = {
    ("01.1", "forgets the barrier"): "`await noc_async_read_barrier()`, dropped",
    ("01.1", "forgets the push"): "`cb_push_back(0, 1)`, dropped",
    ("02.1", "pushes a tile where 32 sticks are meant"): "`cb_push_back(0, 32)`, other units (one tile)",
    ("05.1", "forgets to pop the sticks"): "`cb_pop_front(c_0, 32)`, dropped",
    ("05.1", "reserves sticks where the page is a tile"): "`await cb_reserve_back(c_1, Wt)`, other units (sticks)",
    ("07.1", "forgets the init of reduce"): "reduce_init(",
}


def mistaken(id: str, mistake: str) -> Functions:
    """What a learner hands in who makes it: what was given, or the reference with one change."""
    exercise = course.exercise(id)
    wanted = MADE.get((id, mistake), AS_GIVEN)
    if wanted == AS_GIVEN:
        return exercise.given
    found = next(mutant for mutant in mutants(exercise.reference) if wanted in mutant.name)
    return {**exercise.reference, found.function: found.changed}


@pytest.mark.parametrize(("id", "mistake", "said"), MISTAKES, ids=lambda text: text[:30])
def test_the_verdict_on_a_usual_mistake_is_what_the_page_says(id: str, mistake: str, said: str) -> None:
    verdict = judge(course.exercise(id), mistaken(id, mistake))
    assert verdict.state is State.FAILED
    assert said.strip("`") in verdict.problem
