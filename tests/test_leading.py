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

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
TEXT = (ROOT / "docs" / "leading-a-workshop.md").read_text("utf-8")
PARTS = dict(re.findall(r"^## (The \w+ route)\n(.*?)(?=^## )", TEXT, re.S | re.M))
PATHS = {notebook_of(path): path for path in SOLVED}


def rows(part: str) -> list[list[str]]:
    """The cells of a part's first table, without its head."""
    lines = part[part.index("\n|") :].strip().partition("\n\n")[0].splitlines()[2:]
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


def minutes(notebook: str, route: str) -> tuple[str, str]:
    """What of it a route takes in, and how long that is said to take."""
    said = headline(notebook)
    part = re.search(rf"on the {route} route (sections? [^,]+), about (\d+)", said)
    if part is not None:
        return part[1], part[2]
    found = re.search(r"About (\d+) minutes \(estimated\)", said)
    assert found is not None, notebook
    return "all", found[1]


@pytest.mark.parametrize("route", ["Hour", "Core", "Full"])
def test_minutes_are_those_that_the_notebook_says(route: str) -> None:
    for notebook, count, what, _ in rows(PARTS[f"The {route} route"]):
        assert (what, count) == minutes(notebook, route), notebook


def test_the_sums_are_right() -> None:
    hour, core, full = (
        sum(int(row[1]) for row in rows(PARTS[f"The {name} route"])) for name in ("Hour", "Core", "Full")
    )
    whole = sum(int(minutes(row[0], "Full")[1]) for row in rows(PARTS["The Core route"]))
    assert f"{hour} minutes by the estimates" in PARTS["The Hour route"]
    assert f"{core} minutes by the estimates" in PARTS["The Core route"]
    told = f"{full} minutes for these, {whole} for the whole of 00 to 09, {full + whole} in all"
    assert told in PARTS["The Full route"]


def test_the_readme_has_the_same_minutes() -> None:
    for notebook in NOTEBOOKS:
        line = next(line for line in README.splitlines() if line.startswith(f"| [{notebook} "))
        routes = [name for name in ("Full", "Core", "Hour") if name in headline(notebook)]
        said = [minutes(notebook, route)[1] for route in routes]
        assert [cell.strip() for cell in line.split("|")[3:6]] == said + [""] * (3 - len(said)), notebook


def taken(notebook: str, what: str) -> str:
    """The text of the sections that a route takes in."""
    text = "\n\n".join(source for _, source in cells(PATHS[notebook]))
    return text if what == "all" else text.partition(f"\n\n## {int(what.split()[-1]) + 1} ")[0]


@pytest.mark.parametrize("route", ["Hour", "Core"])
def test_a_notebook_says_where_a_route_leaves_it(route: str) -> None:
    for notebook, _, what, _ in rows(PARTS[f"The {route} route"]):
        last = taken(notebook, what).splitlines()[-1]
        assert what == "all" or last.startswith((f"On the {route} route", f"Here the {route} route ends")), notebook


@pytest.mark.parametrize("route", ["Hour", "Core", "Full"])
def test_the_exercises_are_those_of_its_sections(route: str) -> None:
    for notebook, _, what, exercises in rows(PARTS[f"The {route} route"]):
        assert exercises.split(", ") == re.findall(r'check\("([^"]+)"', taken(notebook, what)), notebook


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
