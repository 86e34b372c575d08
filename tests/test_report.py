"""`ttlearn report`: a table from saved notebooks, without running them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ttlearn import cli
from ttlearn.learn import check, predict
from ttlearn.learn.course.nb01 import reader
from ttlearn.learn.report import report


def notebook(*shown: object, code: str = "raise SystemExit('executed')") -> str:
    """A saved notebook whose cells left these results."""
    outputs = [
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": result._repr_mimebundle_()}  # type: ignore[attr-defined]
        for result in shown
    ]
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": outputs, "execution_count": 1, "id": "a"}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    right, said = check("01.1", reader), predict("01.p1", "How many?", 3).reveal(4)
    for learner, shown in (("ada", (right, said)), ("ben", (predict("01.p1", "How many?").reveal(4),))):
        (tmp_path / learner).mkdir()
        (tmp_path / learner / "01_a.ipynb").write_text(notebook(*shown))
    (tmp_path / "ben" / "notes.ipynb").write_text("not JSON")
    return tmp_path


def test_learners_by_exercises(class_folder: Path) -> None:
    made = report(class_folder)
    assert made.exercises == ("01.1", "01.p1")
    assert [row.states for row in made.rows] == [
        {"01.1": "passed", "01.p1": "not as you said"},
        {"01.p1": "not answered yet"},
    ]
    assert made.unreadable == ("ben/notes.ipynb",)


def test_the_table_and_the_csv(class_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(class_folder), "--csv", str(class_folder / "out.csv")]) == 0
    assert capsys.readouterr().out == (
        "learner    01.1  01.p1    ok\n"
        "ada          ok      x     1\n"
        "ben                  .     0\n"
        "ok: passed or right   x: tried, not yet   .: not attempted   blank: not run\n"
        "not a notebook: ben/notes.ipynb\n"
    )
    assert (class_folder / "out.csv").read_text() == (
        "learner,01.1,01.p1\nada,passed,not as you said\nben,not run,not answered yet\n"
    )


def test_rerunning_executes_and_keeps_going(tmp_path: Path) -> None:
    code = 'from ttlearn.learn import predict\npredict("01.p1", "How many?", 4).reveal(4)'
    (tmp_path / "ada.ipynb").write_text(notebook(code=code))
    (tmp_path / "ben.ipynb").write_text(notebook(predict("01.p1", "?", 4).reveal(4), code="1 / 0"))
    assert [row.states for row in report(tmp_path, rerun=True).rows] == [{"01.p1": "right"}, {}]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'none'} is no folder; give the one that holds the learners' notebooks\n"
    )
