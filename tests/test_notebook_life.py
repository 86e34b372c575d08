"""The traps of testing notebooks: that each is there, and that a guard of ours catches it.

Small bad notebooks: what nbval says of them (one run of it for all, slow), and what the guards of `test_notebooks.py` say.
Cells run twice and in reverse order, and each notebook alone, are `test_notebook_order.py`'s.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import test_notebooks as guards
from nbformat.v4 import new_code_cell, new_notebook, new_output

from ttlearn.learn import expect

ROOT = Path(__file__).parent.parent
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def cell(code: str, *outputs: Any, count: int | None = 1, tags: tuple[str, ...] = ()) -> Any:
    made = new_code_cell(code, execution_count=count, outputs=list(outputs))
    made.metadata.update({"tags": list(tags)} if tags else {})
    return made


def printed(text: str) -> Any:
    return new_output("stream", name="stdout", text=text)


def result(data: dict[str, str]) -> Any:
    return new_output("execute_result", data=data, execution_count=1)


def shown(kind: str, stored: str, now: str) -> Any:
    """A cell whose stored picture of this MIME type is another than the one it makes now."""
    code = f"from IPython.display import display\ndisplay({{{kind!r}: {now!r}, 'text/plain': 'picture'}}, raw=True)"
    return cell(code, new_output("display_data", data={kind: stored, "text/plain": "picture"}))


CALLBACK = """import ipywidgets
box = ipywidgets.IntText()
box.observe(lambda change: 1 / 0, "value")
box.value = 3"""
PLOT_IN_OUTPUT = """import ipywidgets
place = ipywidgets.Output()
with place:
    print("a plot")"""

UNKNOWN = new_output("stream", name="stderr", text="UsageError: Line magic function `%no_such_magic` not found.\n")

BAD = {
    "never_executed": cell("print(1 + 1)", count=None),
    "wrong_and_executed": cell("print(1 + 1)", printed("3\n")),
    "tagged_and_does_not_raise": cell("pass", tags=("raises-exception",)),
    "unknown_magic": cell("%no_such_magic", UNKNOWN),
    "trailing_semicolon": cell("1 + 1;", result({"text/plain": "2"})),
    "error_in_a_callback": cell(CALLBACK),
    "plot_in_an_output_widget": cell(PLOT_IN_OUTPUT),
    "dead_kernel": cell("import os\nos._exit(1)"),
    "another_png": shown("image/png", PNG, PNG.replace("AfFcSJ", "BfFcSJ")),
    "another_svg": shown("image/svg+xml", "<svg>1</svg>", "<svg>2</svg>"),
    "another_html": shown("text/html", "<p>1</p>", "<p>2</p>"),
    "an_address": cell("object()", result({"text/plain": "<object object at 0x7f0000000000>"})),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    for name, bad in BAD.items():
        nbformat.write(new_notebook(cells=[bad]), made / f"{name}.ipynb")
    return made


# ---- what nbval sees ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, str]:
    """Notebook → PASSED or FAILED, by nbval as this project runs it, but for a short timeout."""
    options = ["--nbval", "--nbval-cell-timeout=6", "--nbval-current-env", "-p", "no:cacheprovider", "-rA", "-q"]
    options += [f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}"]
    command = [sys.executable, "-m", "pytest", *options, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300).stdout
    return {name: state for state, name in re.findall(r"^(PASSED|FAILED|ERROR) (\w+)\.ipynb", told, re.M)}


UNSEEN = ("never_executed", "tagged_and_does_not_raise", "unknown_magic", "trailing_semicolon", "another_png")


@pytest.mark.slow
def test_nbval_passes_what_only_a_guard_can_catch_and_fails_the_rest(seen: dict[str, str]) -> None:
    assert set(seen) == set(BAD)
    assert {name for name, state in seen.items() if state == "PASSED"} == set(UNSEEN)


# ---- what the guards see -------------------------------------------------------------------------------------------

CAUGHT: dict[str, Callable[[Path], None]] = {
    "never_executed": guards.test_every_code_cell_was_executed_in_order,
    "tagged_and_does_not_raise": guards.test_nothing_is_silenced_or_passes_unseen,
    "unknown_magic": guards.test_nothing_is_silenced_or_passes_unseen,
    "trailing_semicolon": guards.test_nothing_is_silenced_or_passes_unseen,
    "an_address": guards.test_no_error_and_no_address_is_kept_in_an_output,
}


@pytest.mark.parametrize("name", CAUGHT)
def test_a_guard_catches_it(name: str, folder: Path) -> None:
    with pytest.raises(AssertionError):
        CAUGHT[name](folder / f"{name}.ipynb")


@pytest.mark.parametrize("guard", set(CAUGHT.values()), ids=lambda guard: guard.__name__)
def test_a_guard_lets_a_sound_notebook_pass(guard: Callable[[Path], None], tmp_path: Path) -> None:
    sound = cell("text = '''\na;\nb;'''\nprint(text)  # c;", printed("\na;\nb;\n"))
    nbformat.write(new_notebook(cells=[sound]), tmp_path / "sound.ipynb")
    guard(tmp_path / "sound.ipynb")


def test_widget_state_is_caught(tmp_path: Path) -> None:
    view = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}, "text/plain": "box"})
    book = new_notebook(cells=[cell("box", view)], metadata={"language_info": {"name": "python"}})
    nbformat.write(book, tmp_path / "widget.ipynb")
    with pytest.raises(AssertionError):
        guards.test_no_state_that_changes_with_each_execution(tmp_path / "widget.ipynb")


def test_expect_wants_the_error_that_the_tag_only_allows() -> None:
    with pytest.raises(AssertionError, match="expected to end in DeviceHang, and it ran to its end"), expect(_hang()):
        pass


def _hang() -> type[Exception]:
    from ttlearn import DeviceHang

    return DeviceHang


# ---- what the course does about the rest ---------------------------------------------------------------------------


def test_a_dead_kernel_cannot_hold_up_the_tests_for_longer_than_a_minute() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    assert "--nbval-cell-timeout=60" in options and "--nbval" in options


@pytest.mark.parametrize("path", guards.SOLVED, ids=lambda path: path.stem)
def test_no_picture_is_compared_by_pixels_or_ignored_altogether(path: Path) -> None:
    """PNG is ignored by nbval, so a picture comes with words that are compared, or as SVG inside HTML."""
    for number, code in enumerate(guards.code_cells(path)):
        for output in code["outputs"]:
            data = output.get("data", {})
            assert "image/png" not in data, f"cell {number}: JPEG with words, or SVG"
            if any(kind.startswith("image/") for kind in data):
                assert "".join(data.get("text/plain", "")).strip(), f"cell {number}: a picture without words"


@pytest.mark.parametrize("path", guards.SOLVED, ids=lambda path: path.stem)
def test_no_plot_is_made_inside_an_output_widget(path: Path) -> None:
    for code in guards.code_cells(path):
        assert not re.search(r"\b(interactive_output|interact|Output)\(", guards.source(code)), guards.source(code)


@pytest.mark.parametrize("path", guards.SOLVED, ids=lambda path: path.stem)
def test_nothing_on_stderr_is_kept(path: Path) -> None:
    assert '"stderr"' not in json.dumps(guards.code_cells(path))
