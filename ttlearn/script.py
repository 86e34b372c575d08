"""Running a program file: `ttlearn run program.py` and `ttlearn hang program.py`.

A program file is an ordinary script. If it defines `program()`, which returns (tensors, ProgramDescriptor), that is run;
else the script itself calls `generic_op`. Left out: options of the run, which stand in the script.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
import textwrap
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import DeviceHang, HostError, TTError
from .host.descriptors import ProgramDescriptor
from .host.program import generic_op
from .host.run import Run
from .sim.trace import CPP

COLUMNS = 100


def run(path: Path, arguments: Sequence[str] = ()) -> int:
    """Run a program file and show what its CBs did. 0: it finished, 1: an error, 2: it hangs."""
    try:
        _, done = _started(path, arguments)
    except DeviceHang as hang:
        print(wrapped(str(hang)))
        print(f"\nIt hangs. `ttlearn hang {path}` also counts its pages from the text.")
        return 2
    except TTError as error:
        print(wrapped(f"{type(error).__name__}: {error}{_place(error)}"), file=sys.stderr)
        return 1
    if done is not None:
        print(done)
    return 0


def hang(path: Path, arguments: Sequence[str] = ()) -> int:
    """Run a program file that is expected to hang, and explain. 0: it hangs, 1: an error, 2: it finishes."""
    given: list[ProgramDescriptor] = []
    try:
        _, done = _started(path, arguments, given)
    except DeviceHang as hang:
        print(wrapped(str(hang)))
        _show_counts(given)
        return 0
    except TTError as error:
        print(wrapped(f"{type(error).__name__}: {error}{_place(error)}"), file=sys.stderr)
        return 1
    cycles = f" after {done.cycles:,} cycles (model)" if done is not None else ""
    print(f"It does not hang: it finishes{cycles}.")
    for report in done.cbs if done is not None else []:
        if report.left_over:
            pages = f"{report.left_over} page{'s' * (report.left_over != 1)}"
            print(f"  c_{report.index} of core {report.core} has {pages} left over; harmless if it is a constant")
    _show_counts(given)
    return 2


def _started(
    path: Path, arguments: Sequence[str], given: list[ProgramDescriptor] | None = None
) -> tuple[Any, Run | None]:
    """Execute the file as a script would be, then its `program()` if it has one."""
    if not path.is_file():
        raise HostError(f"{path} is no file; give the path of a Python script that builds the program")
    argv, sys.argv = sys.argv, [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        names = runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = argv
        sys.path.pop(0)
    make = names.get("program")
    if not callable(make):
        return names, None
    made = make()
    _find_kernels(made, path.resolve().parent)
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], ProgramDescriptor)):
        raise HostError(f"program() in {path} must return (tensors, ProgramDescriptor), the output tensor last")
    if given is not None:
        given.append(made[1])
    return names, generic_op(made[0], made[1])


def _find_kernels(made: Any, folder: Path) -> None:
    """Kernel paths count from the working directory, else from the script's own."""
    for kernel in getattr(made[-1], "kernels", ()) if isinstance(made, tuple) and made else ():
        source = kernel.kernel_source
        beside = isinstance(source, (str, Path)) and "\n" not in str(source) and not Path(source).exists()
        if beside and (folder / source).is_file():
            kernel.kernel_source = folder / source


def _place(error: TTError) -> str:
    """The kernel's line at which an error was raised, if its text does not name it."""
    ours = str(Path(__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((ours, "<"))]
    inside = [f for f in frames if Path(f.filename).suffix in CPP or f.name not in ("<module>", "program")]
    if not inside or f"line {inside[-1].lineno}" in str(error):
        return ""
    last = inside[-1]
    return f"\n  at {Path(last.filename).name} line {last.lineno}: `{last.line}`"


def _show_counts(given: list[ProgramDescriptor]) -> None:
    """What the ledger finds without running."""
    if not given or importlib.util.find_spec("tree_sitter_cpp") is None:
        return
    from .cpp.ledger import ledger

    found = ledger(given[0]).imbalances
    print(
        "\nCounted from the kernels' text:" if found else "\nCounted from the kernels' text, pushes and pops balance."
    )
    for text in found:
        print(textwrap.fill(text, COLUMNS, initial_indent="  ", subsequent_indent="      "))


def wrapped(text: str) -> str:
    """Long lines folded to 100 columns; short ones, tables above all, untouched."""
    return "\n".join(
        textwrap.fill(line, COLUMNS, subsequent_indent="      ", drop_whitespace=True, break_on_hyphens=False)
        for line in text.splitlines()
    )
