"""The learner's folder of notebooks: copied once, never overwritten, one set back or caught up at a time.

A file that must make room is kept as `NAME.mine-1`, `.mine-2`, … Left out: what the notebooks hold.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path


def open_lab(folder: Path, show: bool = True) -> int:
    """Copy the notebooks to `folder`, keeping every file that is there already, and open JupyterLab on loopback."""
    if folder.exists() and not folder.is_dir():
        return _refused(f"{folder} is a file; give the name of a folder")
    copied, kept = copy_notebooks(notebooks(), folder)
    print(f"{folder}: {copied} file(s) copied, {kept} already there and left as they are")
    options = ["--ip=127.0.0.1", f"--ServerApp.root_dir={folder.resolve()}"]
    if not show:
        print(f"would run: jupyter lab {' '.join(options)}")
        return 0
    if importlib.util.find_spec("jupyterlab") is None:
        return _refused("JupyterLab is not installed: pip install 'ttlearn[lab]'")
    importlib.import_module("jupyterlab.labapp").main(options)  # in this process, so that Ctrl-C asks before it ends
    return 0


def reset(number: str, folder: Path) -> int:
    """Put a fresh copy of notebook `number` ("05") into `folder`; what was there is kept beside it."""
    found = _numbered(number, folder)
    if isinstance(found, str):
        return _refused(found)
    _replace(found, notebooks() / found.name)
    return 0


def catch_up(number: str, folder: Path) -> int:
    """Put the solved form of every notebook before `number` into `folder`; what was there is kept beside it."""
    found = _numbered(number, folder)
    if isinstance(found, str):
        return _refused(found)
    for solved in sorted((notebooks() / "solutions").glob("*.ipynb")):
        if solved.name < found.name:
            _replace(folder / solved.name, solved)
    print(f"Go on with {found.name}.")
    return 0


def notebooks() -> Path:
    """In an installed wheel beside this file; in a checkout one folder up."""
    here = Path(__file__).parent
    return here / "notebooks" if (here / "notebooks").is_dir() else here.parent / "notebooks"


def copy_notebooks(source: Path, folder: Path) -> tuple[int, int]:
    """(files copied, files that were there already)."""
    copied = kept = 0
    for path in sorted(p for p in source.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts):
        target = folder / path.relative_to(source)
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        copied += 1
    return copied, kept


def _numbered(number: str, folder: Path) -> Path | str:
    """Where notebook `number` lies in `folder`, or what is wrong in a sentence."""
    if not folder.is_dir():
        return f"there is no folder {folder}; `ttlearn lab {folder}` makes it"
    names = sorted(path.name for path in notebooks().glob("*.ipynb"))
    found = [name for name in names if name.split("_")[0] == number]
    if not found:
        return f"there is no notebook {number!r}; there are {', '.join(name.split('_')[0] for name in names)}"
    return folder / found[0]


def _replace(target: Path, source: Path) -> None:
    """Copy `source` to `target`; an older `target` that differs is renamed first."""
    if target.exists():
        if target.read_bytes() == source.read_bytes():
            print(f"{target.name} is as it should be already")
            return
        kept = next(p for i in range(1, 1 << 16) if not (p := target.with_suffix(f".mine-{i}")).exists())
        target.rename(kept)
        print(f"yours is kept as {kept.name}")
    shutil.copyfile(source, target)
    print(f"{target} is fresh")


def _refused(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
