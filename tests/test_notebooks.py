"""What nbval cannot see: a solved notebook without outputs passes it, and so does one full of widget state.

Also: the exercise notebooks are what `make_exercises.py` makes, and hold nothing of the solutions.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import re
import tokenize
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
SOLVED = sorted((FOLDER / "solutions").glob("*.ipynb"))
CLEAN = sorted(FOLDER.glob("*.ipynb"))


def maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_exercises", FOLDER / "make_exercises.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()
solved = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
clean = pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def ends_a_statement_with_a_semicolon(code: str) -> bool:
    """A `;` of Python's; C++ in a string may have its own."""
    given = tokenize.generate_tokens(io.StringIO(code).readline)
    tokens = [token for token in given if token.type not in (tokenize.COMMENT, tokenize.NL)]
    ends = (tokenize.NEWLINE, tokenize.ENDMARKER)
    return any(one.string == ";" and next_.type in ends for one, next_ in pairwise(tokens))


# ---- solved ----------------------------------------------------------------------------------------------------


@solved
def test_every_code_cell_was_executed_in_order(path: Path) -> None:
    counts = [cell["execution_count"] for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@solved
def test_a_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size <= 200_000


@solved
def test_cells_are_short(path: Path) -> None:
    for cell in code_cells(path):
        lines = [line for line in source(cell).splitlines() if not line.strip().startswith(("# SOLUTION", "#|"))]
        assert len(lines) <= 16, source(cell)


@solved
def test_no_state_that_changes_with_each_execution(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    assert "widgets" not in notebook["metadata"]
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert "execution" not in cell["metadata"]
        for output in cell.get("outputs", []):
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


@solved
def test_no_error_and_no_address_is_kept_in_an_output(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert " at 0x" not in json.dumps(output)
            assert "ipykernel_" not in json.dumps(output)


@solved
def test_nothing_is_silenced_or_passes_unseen(path: Path) -> None:
    """A trailing `;` still emits output, unknown magics pass silently, and a tag does not require an error."""
    for cell in code_cells(path):
        assert not re.search(r"^\s*[%!]", source(cell), re.M), source(cell)
        assert not ends_a_statement_with_a_semicolon(source(cell)), source(cell)
        assert "raises-exception" not in cell["metadata"].get("tags", [])


# ---- exercises ---------------------------------------------------------------------------------------------------


def test_every_notebook_has_both_forms() -> None:
    assert [path.name for path in SOLVED] == [path.name for path in CLEAN]


@solved
def test_the_exercise_notebook_is_made_from_the_solved_one(path: Path) -> None:
    assert (FOLDER / path.name).read_text("utf-8") == MAKER.exercise(path.read_text("utf-8"))


@clean
def test_an_exercise_notebook_holds_no_output_and_no_solution(path: Path) -> None:
    for cell in code_cells(path):
        assert cell["outputs"] == [] and cell["execution_count"] is None
        assert "SOLUTION" not in source(cell)
        ast.parse(source(cell))


def test_the_script_stays_short() -> None:
    assert len((FOLDER / "make_exercises.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        ("a\n# SOLUTION BEGIN\nb\n# SOLUTION END\nc", "a\n...  # your code here\nc"),
        ("for i in x:\n    # SOLUTION BEGIN\n    b\n    # SOLUTION END", "for i in x:\n    ...  # your code here"),
        ("# SOLUTION BEGIN\n#| answer = ...\nanswer = 3\n# SOLUTION END", "answer = ..."),
        ("    # SOLUTION BEGIN\n    #| f(1)\n    #|     g\n    f(2)\n    # SOLUTION END", "    f(1)\n        g"),
    ],
)
def test_what_the_learner_sees_of_a_solution(cell: str, made: str) -> None:
    assert MAKER.opened(cell) == made
