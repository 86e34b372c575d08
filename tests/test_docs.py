"""docs/hang-on-a-board.md: its files run as they stand there, and print what stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ttlearn as tt
from ttlearn import cli

TEXT = (Path(__file__).parent.parent / "docs" / "hang-on-a-board.md").read_text()
FILES = dict(re.findall(r"`(\w+\.(?:py|cpp))`:\n\n```\w+\n(.*?)```", TEXT, re.S))
STARTUP = "    compute_kernel_hw_startup(0, 16);\n    copy_init(0);"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_holds_a_program_and_its_three_kernels() -> None:
    assert sorted(FILES) == ["compute.cpp", "program.py", "reader.cpp", "writer.cpp"]


def test_hang_prints_what_the_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.search(r"ttlearn hang program\.py\n```\n\n```\n(.*?)\n```", TEXT, re.S)
    assert shown is not None
    assert cli.main(["hang", "program.py"]) == 0
    assert capsys.readouterr().out.rstrip() == shown[1]
    assert all(len(line) <= 100 for line in shown[1].splitlines())


def test_the_mended_program_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compute.cpp").write_text(FILES["compute.cpp"].replace("    copy_init(0);", STARTUP))
    assert cli.main(["run", "program.py"]) == 0
    assert "c_16     2 pages x   2048 B   pushed      4  popped      4  left    0" in capsys.readouterr().out
    assert cli.main(["hang", "program.py"]) == 2
    assert "It does not hang: it finishes after" in capsys.readouterr().out


def test_the_ledger_call_of_the_page_works(folder: Path) -> None:
    book = tt.cpp.ledger(("reader.cpp", "reader"), ("compute.cpp", "compute"), ("writer.cpp", "writer"))
    assert len(book.imbalances) == 1 and "never calls compute_kernel_hw_startup" in book.imbalances[0]


def test_run_of_a_hang_says_so_with_its_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "program.py"]) == 2
    assert capsys.readouterr().out.endswith(
        "It hangs. `ttlearn hang program.py` also counts its pages from the text.\n"
    )


def test_an_error_goes_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "writer.cpp").write_text("void kernel_main() { launch_rockets(); }\n")
    assert cli.main(["run", "program.py"]) == 1
    assert capsys.readouterr().err == (
        "CppError: writer.cpp: 1 name that a writer kernel does not have here: launch_rockets (line 1); use\n"
        "      calls of ttlearn.dataflow\n"
    )


def test_a_missing_file_and_a_program_that_returns_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(tmp_path / "none.py")]) == 1
    assert "none.py is no file; give the path of a Python script" in capsys.readouterr().err.replace("\n      ", " ")
    (tmp_path / "p.py").write_text("def program(): return 3\n")
    assert cli.main(["hang", str(tmp_path / "p.py")]) == 1
    assert "must return (tensors, ProgramDescriptor)" in capsys.readouterr().err.replace("\n      ", " ")


def test_a_script_without_program_runs_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.py").write_text("import sys\nprint(__name__, sys.argv[1:])\n")
    assert cli.main(["run", str(tmp_path / "p.py"), "a", "b"]) == 0
    assert capsys.readouterr().out == "__main__ ['a', 'b']\n"


def test_the_output_check_of_the_page_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compute.cpp").write_text(FILES["compute.cpp"].replace("    copy_init(0);", STARTUP))
    block = re.search(r"```python\n(from program import program\n.*?)```", TEXT, re.S)
    assert block is not None
    (folder / "check.py").write_text("import numpy as np\nimport ttlearn as tt\n" + block[1])
    assert cli.main(["run", "check.py"]) == 0
    assert float(capsys.readouterr().out.splitlines()[0]) == 0


def test_kernels_beside_the_script_are_found_from_anywhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert cli.main(["hang", str(folder / "program.py")]) == 0


def test_an_error_in_a_kernel_is_told_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reader.cpp").write_text(FILES["reader.cpp"].replace("(i, x", "(i + 9, x"))
    assert cli.main(["run", "program.py"]) == 1
    assert capsys.readouterr().err.endswith(
        "  at reader.cpp line 9: `noc_async_read_page(i + 9, x, get_write_ptr(0));`\n"
    )
