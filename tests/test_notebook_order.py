"""Cells may be run twice and out of order: what a learner does who goes back to an exercise.

Each cell is run twice in a row; then all cells with an exercise, a question or their answer once more, the last first. Left
out: other orders, in which a name may not be there yet.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from ttlearn.learn.verdict import MIME

FOLDER = Path(__file__).parent.parent / "notebooks"
SOLVED = sorted((FOLDER / "solutions").glob("*.ipynb"))
CLEAN = sorted(FOLDER.glob("*.ipynb"))
ASKS = re.compile(r"# SOLUTION BEGIN|\bcheck\(|\bpredict\(|\.reveal\(")

pytestmark = pytest.mark.slow


def run(path: Path) -> list[Any]:
    """The code cells in that odd order, executed in one kernel. Raises CellExecutionError with a cell that fails."""
    solved = nbformat.read(FOLDER / "solutions" / path.name, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    both = zip(notebook.cells, solved.cells, strict=True)
    cells = [(cell, ASKS.search(answer.source)) for cell, answer in both if cell.cell_type == "code"]
    order = [cell for cell, _ in cells for _ in range(2)] + [cell for cell, asks in cells[::-1] if asks]
    notebook.cells = [nbformat.v4.new_code_cell(cell.source) for cell in order]
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(FOLDER))
    executed: list[Any] = notebook.cells
    return executed


def states(cells: list[Any]) -> list[str]:
    """What check and reveal said, in the order of execution."""
    outputs = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return [data[MIME]["state"] for data in outputs if MIME in data]


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_an_exercise_notebook_runs_unsolved_in_odd_orders_and_tells_no_answer(path: Path) -> None:
    assert set(states(run(path))) <= {"not attempted", "not answered yet"}


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_a_solved_notebook_passes_in_odd_orders(path: Path) -> None:
    assert set(states(run(path))) <= {"passed", "right", "not as you said"}
