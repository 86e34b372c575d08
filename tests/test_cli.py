"""The command line, by way of `main`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import matplotlib.cbook
import pytest

from ttlearn import cli


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks in place of the package's."""
    folder = tmp_path / "source"
    (folder / "exercises" / ".ipynb_checkpoints").mkdir(parents=True)
    for name in ("00.ipynb", "exercises/01.ipynb", "exercises/.ipynb_checkpoints/01.ipynb"):
        (folder / name).write_text(name)
    monkeypatch.setattr(cli, "notebooks", lambda: folder)
    return folder


def test_demo_shows_op_and_hang_within_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 100
    assert "grace_hopper.jpg, grey, 576 x 512, bfloat16" in shown
    assert shown.count("cycles (model, unvalidated)") == shown.count("within the vendor's bf16 bounds") == 2
    assert shown.count("  c_27 ") == 2
    diagnosis = " ".join(shown[shown.index("The device hangs") :].split())
    assert "NCRISC (short_reader), the producer of c_0, finished after it pushed 3 pages" in diagnosis


def test_demo_without_the_picture_takes_normal_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise FileNotFoundError("grace_hopper.jpg")

    monkeypatch.setattr(matplotlib.cbook, "get_sample_data", lost)
    name, values = cli.sample_picture()
    assert name == "normal data (matplotlib's sample picture is missing)"
    assert values.shape == (576, 512)


def test_wrapped_leaves_short_lines_as_they_are() -> None:
    table = "  c_0      2 pages x   2048 B  pushed     3"
    assert cli.wrapped(f"{table}\n{'word ' * 40}").splitlines()[0] == table


def test_lab_copies_and_says_what_it_would_run(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine"
    assert cli.main(["lab", str(target), "--no-open"]) == 0
    shown = capsys.readouterr().out
    assert shown == (
        f"{target}: 2 file(s) copied, 0 already there and left as they are\n"
        f"would run: jupyter lab --ip=127.0.0.1 --ServerApp.root_dir={target}\n"
    )
    assert (target / "exercises" / "01.ipynb").read_text() == "exercises/01.ipynb"
    assert not (target / "exercises" / ".ipynb_checkpoints").exists()


def test_lab_never_overwrites(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "00.ipynb").write_text("my work")
    cli.main(["lab", str(target), "--no-open"])
    assert (target / "00.ipynb").read_text() == "my work"
    assert "1 file(s) copied, 1 already there" in capsys.readouterr().out


def test_lab_without_jupyterlab_says_how_to_get_it(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err == "JupyterLab is not installed: pip install 'ttlearn[lab]'\n"


def test_lab_opens_on_loopback(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "jupyterlab", ModuleType("jupyterlab"))
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", SimpleNamespace(main=seen.append))
    assert cli.main(["lab", str(tmp_path / "mine")]) == 0
    assert seen == [["--ip=127.0.0.1", f"--ServerApp.root_dir={tmp_path / 'mine'}"]]


def test_lab_with_a_file_in_the_way_says_so(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("a file")
    assert cli.main(["lab", str(tmp_path / "mine"), "--no-open"]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'mine'} is a file; give the name of a folder\n"


def test_notebooks_of_this_checkout_are_found() -> None:
    assert (cli.notebooks() / "00_the_whole_kernel.ipynb").is_file()
