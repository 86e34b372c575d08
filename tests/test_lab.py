"""The learner's folder: copied once, never overwritten, set back and caught up notebook by notebook."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ttlearn import cli, lab

ROOT = Path(__file__).parent.parent


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks in place of the package's."""
    folder = tmp_path / "source"
    (folder / "solutions" / ".ipynb_checkpoints").mkdir(parents=True)
    files = ("00_a.ipynb", "01_b.ipynb", "02_c.ipynb", "make.py")
    for name in (*files, *(f"solutions/{f}" for f in files), "solutions/.ipynb_checkpoints/01_b.ipynb"):
        (folder / name).write_text(name)
    monkeypatch.setattr(lab, "notebooks", lambda: folder)
    return folder


def test_lab_copies_and_says_what_it_would_run(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine"
    assert cli.main(["lab", str(target), "--no-open"]) == 0
    shown = capsys.readouterr().out
    assert shown == (
        f"{target}: 6 file(s) copied, 0 already there and left as they are\n"
        f"would run: jupyter lab --ip=127.0.0.1 --ServerApp.root_dir={target}\n"
    )
    assert (target / "solutions" / "01_b.ipynb").read_text() == "solutions/01_b.ipynb"
    assert not (target / "solutions" / ".ipynb_checkpoints").exists()


def test_lab_never_overwrites(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "00_a.ipynb").write_text("my work")
    cli.main(["lab", str(target), "--no-open"])
    assert (target / "00_a.ipynb").read_text() == "my work"
    assert "5 file(s) copied, 1 already there" in capsys.readouterr().out


def test_lab_without_jupyterlab_says_how_to_get_it(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err == "JupyterLab is not installed: pip install 'ttlearn[lab]'\n"


def test_lab_opens_on_loopback(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "jupyterlab", ModuleType("jupyterlab"))
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", SimpleNamespace(main=seen.append))
    assert cli.main(["lab", str(tmp_path / "mine")]) == 0
    assert seen == [["--ip=127.0.0.1", f"--ServerApp.root_dir={tmp_path / 'mine'}"]]


def test_lab_with_a_file_in_the_way_says_so(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("a file")
    assert cli.main(["lab", str(tmp_path / "mine"), "--no-open"]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'mine'} is a file; give the name of a folder\n"


def test_notebooks_of_this_checkout_are_found() -> None:
    assert (lab.notebooks() / "00_the_whole_kernel.ipynb").is_file()


# ---- reset and catch up ------------------------------------------------------------------------------------------


@pytest.fixture
def mine(source: Path, tmp_path: Path) -> Path:
    """A learner's folder in which notebook 01 was worked on."""
    target = tmp_path / "mine"
    lab.copy_notebooks(source, target)
    (target / "01_b.ipynb").write_text("my work")
    return target


def test_reset_keeps_the_old_one_beside(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reset", "01", str(mine)]) == 0
    assert (mine / "01_b.ipynb").read_text() == "01_b.ipynb"
    assert (mine / "01_b.mine-1").read_text() == "my work"
    assert capsys.readouterr().out == f"yours is kept as 01_b.mine-1\n{mine / '01_b.ipynb'} is fresh\n"


def test_reset_twice_keeps_both(mine: Path) -> None:
    cli.main(["reset", "01", str(mine)])
    (mine / "01_b.ipynb").write_text("my second work")
    cli.main(["reset", "01", str(mine)])
    assert [(mine / f"01_b.mine-{i}").read_text() for i in (1, 2)] == ["my work", "my second work"]


def test_reset_of_a_fresh_one_leaves_nothing_behind(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["reset", "02", str(mine)])
    assert capsys.readouterr().out == "02_c.ipynb is as it should be already\n"
    assert not list(mine.glob("*.mine-*"))


def test_catching_up_solves_what_comes_before(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["catchup", "02", str(mine)]) == 0
    assert [(mine / name).read_text() for name in ("00_a.ipynb", "01_b.ipynb", "02_c.ipynb")] == [
        "solutions/00_a.ipynb",
        "solutions/01_b.ipynb",
        "02_c.ipynb",
    ]
    assert (mine / "01_b.mine-1").read_text() == "my work"
    assert capsys.readouterr().out.endswith("Go on with 02_c.ipynb.\n")


@pytest.mark.parametrize("command", ["reset", "catchup"])
def test_an_unknown_number_and_a_missing_folder_are_told(
    command: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, "77", str(mine)]) == 1
    assert capsys.readouterr().err == "there is no notebook '77'; there are 00, 01, 02\n"
    assert cli.main([command, "01", str(mine / "none")]) == 1
    assert capsys.readouterr().err == f"there is no folder {mine / 'none'}; `ttlearn lab {mine / 'none'}` makes it\n"


# ---- the wheel -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_notebooks_travel_in_the_wheel(tmp_path: Path) -> None:
    """Built, installed in a fresh environment, and copied out of there."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    wheel = next(tmp_path.glob("ttlearn-*.whl"))
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True, capture_output=True)
    command = [python.with_name("ttlearn"), "lab", "--no-open", tmp_path / "mine"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    names = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert sorted(path.name for path in (tmp_path / "mine").glob("*.ipynb")) == names
    assert f"{2 * len(names)} file(s) copied" in done.stdout
