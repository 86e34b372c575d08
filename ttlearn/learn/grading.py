"""A pytest plugin that grades learners' notebooks: `python -m pytest -p ttlearn.learn.grading -m phase05 FOLDER`.

Every notebook below FOLDER is run anew, once, in a process with limits, and each of its exercises is a test that passes
if `check` then does. Left out: whether an answer is the learner's own, and predictions, which nobody fails.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from . import course
from .report import SECONDS, executed, verdicts
from .verdict import State


class Graded(pytest.File):
    """One learner's notebook."""

    def collect(self) -> Iterator[pytest.Item]:
        number = _number(self.path)
        for exercise in course.of_notebook(number):
            item = Asked.from_parent(self, name=f"{exercise.id} {exercise.title}")
            item.exercise = exercise.id
            item.add_marker(f"phase{number}")
            yield item

    @cached_property
    def facts(self) -> dict[str, dict[str, Any]]:
        """What the last `check` of each exercise says when the notebook is run, or why it cannot be run."""
        try:
            return {fact["exercise"]: fact for fact in verdicts(executed(self.path))}
        except subprocess.TimeoutExpired:
            raise NotGraded(f"the notebook takes more than {SECONDS} s") from None
        except (subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError):
            raise NotGraded("the file is no notebook that can be run") from None


class Asked(pytest.Item):
    """One exercise in one notebook."""

    exercise: str

    def runtest(self) -> None:
        assert isinstance(self.parent, Graded)
        fact = self.parent.facts.get(self.exercise)
        if fact is None:
            raise NotGraded(f'the notebook never comes to check("{self.exercise}", ...)')
        if fact["state"] != State.PASSED.value:
            case = f"; case: {fact['failed_case']}: {fact['problem']}" if "problem" in fact else ""
            raise NotGraded(fact["state"] + case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, NotGraded) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.nodeid


class NotGraded(Exception):
    """Why an exercise does not count as done."""


def pytest_configure(config: pytest.Config) -> None:
    for number in course.notebooks():
        config.addinivalue_line("markers", f"phase{number}: the exercises of notebook {number}")


def pytest_report_header() -> str:
    return f"grading: the notebooks' code runs here, with your rights, {SECONDS} s each at most"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Graded | None:
    inside = file_path.parts
    if file_path.suffix != ".ipynb" or "solutions" in inside or ".ipynb_checkpoints" in inside:
        return None
    return Graded.from_parent(parent, path=file_path) if _number(file_path) in course.notebooks() else None


def _number(path: Path) -> str:
    return path.stem.partition("_")[0]
