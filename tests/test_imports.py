"""Imports go one way, from room to room, and `import ttlearn` stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

import ttlearn

ROOMS = [
    "cells",
    "errors",
    "sim",
    "count",
    "dry",
    "debug",
    "kernel",
    "dataflow",
    "compute",
    "kernel_lib",
    "cpp",
    "measure",
    "host",
    "layernorm",
    "silicon",
    "study",
]
ROOMS += ["trials", "show", "learn", "numbers", "bench", "bench_numerics", "script", "demo", "lab"]
ROOMS += ["bench_notebooks", "doctor", "cli"]
PACKAGE = Path(ttlearn.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[Path]:
    """Every file of this package that `path` imports, wherever in it."""
    package = ".".join(["ttlearn", *path.parent.relative_to(PACKAGE).parts])
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{module}.{name.name}" for name in node.names]
        yield from (file_of(name.split(".")[1:]) for name in names if name.split(".")[0] == "ttlearn")


def file_of(parts: list[str]) -> Path:
    while parts and not PACKAGE.joinpath(*parts).with_suffix(".py").exists() and not PACKAGE.joinpath(*parts).is_dir():
        parts = parts[:-1]
    place = PACKAGE.joinpath(*parts)
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_room_and_those_before(path: Path) -> None:
    for target in imported(path):
        assert target.name != "__init__.py" or target.parent not in path.parents, f"{target} by its own module"
        assert ROOMS.index(room(target)) <= ROOMS.index(room(path)), target


def test_importing_ttlearn_loads_no_pictures() -> None:
    code = "import ttlearn, sys; print({'matplotlib', 'ipywidgets', 'IPython'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    assert run.stdout == "set()\n"
