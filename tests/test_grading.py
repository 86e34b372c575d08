"""`pytest -p ttlearn.learn.grading -m phase05 FOLDER`: right, wrong, blank and broken notebooks, by phase.

Each learner's notebook is run in a process of its own, so this is slow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

HEAD = "from ttlearn.dataflow import *\nfrom ttlearn.learn import check"
READER = """async def reader():
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)"""
LEARNERS = {
    "right": READER,
    "wrong": READER.replace("        cb_push_back(0, 1)", "        cb_push_back(0, 2)"),
    "blank": "async def reader():\n    ...  # your code here",
    "broken": "raise SystemExit('before any check')\ncheck = None",
}


def notebook(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


def graded(folder: Path, phase: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "ttlearn.learn.grading", "-p", "no:cacheprovider", "-rA"]
    run = subprocess.run([*command, "-m", phase, str(folder)], capture_output=True, text=True, cwd=folder, timeout=300)
    return run.returncode, run.stdout


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Four learners and the notebooks' solutions, graded for notebook 01; notebook 02 must not even run."""
    folder = tmp_path_factory.mktemp("class")
    for name, cell in LEARNERS.items():
        notebook(folder / name / "01_circular_buffers.ipynb", HEAD, cell, 'check("01.1", reader)')
    notebook(folder / "right" / "02_the_noc.ipynb", "import time\ntime.sleep(1000)")
    notebook(folder / "right" / "solutions" / "01_circular_buffers.ipynb", HEAD, READER, 'check("01.1", reader)')
    notebook(folder / "right" / "notes.ipynb", "1 / 0")
    return graded(folder, "phase01")


def test_only_what_check_accepts_passes(classroom: tuple[int, str]) -> None:
    code, told = classroom
    assert code == 1
    assert [line for line in told.splitlines() if line.startswith("PASSED")] == [
        "PASSED right/01_circular_buffers.ipynb::01.1 A reader"
    ]
    assert "15 failed, 1 passed" in told and "deselected" in told


def test_what_is_wrong_blank_or_never_reached_is_said(classroom: tuple[int, str]) -> None:
    _, told = classroom
    assert "not yet; case: seven pages through two: The device hangs" in told
    assert "not attempted" in told
    reasons, _ = told.split("short test summary info")  # which repeats them in full where CI is set
    assert reasons.count('the notebook never comes to check("01.1", ...)') == 1


def test_solutions_and_other_notebooks_are_not_graded(classroom: tuple[int, str]) -> None:
    assert "solutions" not in classroom[1] and "notes" not in classroom[1]


def test_the_leader_is_warned_and_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "01_circular_buffers.ipynb").write_text("no JSON")
    code, told = graded(tmp_path, "phase01")
    assert code == 1 and "the file is no notebook that can be run" in told and "passed" not in told
    assert "grading: the notebooks' code runs here, with your rights, 120 s each at most" in told
