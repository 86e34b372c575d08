"""`tt.cpp.read`: the text of a TT-Metal kernel as a kernel function of this package.

Every line of the Python that is made keeps the place of the C++ it stands for: reports, tracebacks and
diagnoses name the C++ file and line. Left out: classes, recursion, goto, what `ttlearn` has no call for.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import CppError, HostError
from .api import KINDS
from .parse import file
from .parse.source import Place, load
from .parse.unit import Chunk, Line, Unit

Kernel = Callable[[], Any]


def read(
    source: str | Path,
    kind: str,
    defines: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
    args: Sequence[int] | None = None,
    *,
    name: str | None = None,
) -> Kernel:
    """A TT-Metal kernel as an `async def` function: `tt.cpp.read("reader.cpp", "reader")`.

    `source` is a path or the text, `kind` 'reader', 'writer' or 'compute', `defines` the KernelDescriptor's. `args`,
    if given, are compile-time arguments that replace `get_compile_time_arg_val`; left out, they come from the
    KernelDescriptor. `name` is what a text is called in reports. The function's `.python` is the Python that was made,
    `.cpp` the text. Raises CppError with everything that cannot be translated.
    """
    if kind not in KINDS:
        raise HostError(f"kind is {kind!r}; a kernel is a 'reader', a 'writer' or 'compute'")
    return made(translate(source, kind, defines, args, name))


def translate(
    source: str | Path,
    kind: str,
    defines: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
    args: Sequence[int] | None = None,
    name: str | None = None,
) -> Unit:
    """The translation itself: a Unit whose last chunk is the kernel."""
    unit = Unit(load(source, kind, dict(defines), name), kind, list(args) if args is not None else None)
    file.translate(unit)
    return unit


# ---- Python -------------------------------------------------------------------------------------------------


def python_text(unit: Unit) -> str:
    """The whole Python module."""
    module = "compute" if unit.kind == "compute" else "dataflow"
    parts = [f"# {unit.source.name}, read as Python", f"from ttlearn.{module} import *", "from ttlearn.cpp.c import *"]
    for chunk in unit.chunks:
        parts += ["", *([""] if any("def " in line.text for line in chunk.lines) else []), _text(chunk)]
    return "\n".join(parts) + "\n"


def _text(chunk: Chunk) -> str:
    return "\n".join("    " * line.indent + line.text for line in chunk.lines)


def made(unit: Unit) -> Kernel:
    """Compile a translation, every line at its C++ place."""
    names: dict[str, Any] = {"__name__": f"ttlearn.kernel.{unit.name}"}
    module = "compute" if unit.kind == "compute" else "dataflow"
    exec(f"from ttlearn.{module} import *\nfrom ttlearn.cpp.c import *", names)
    for chunk in unit.chunks:
        name = _remembered(chunk.file, unit.source.files.get(chunk.file, []))
        try:
            tree = ast.parse(_text(chunk))
            _placed(tree, chunk.lines)
            code = compile(tree, name, "exec")
        except (SyntaxError, RecursionError, MemoryError) as why:
            raise CppError(f"{unit.source.name}: this text is nested too deeply to be read ({why})") from None
        exec(code, names)
    kernel: Any = names[unit.name]
    kernel.python = kernel.__python__ = python_text(unit)
    kernel.kind = unit.kind
    kernel.cpp = "\n".join(next(iter(unit.source.files.values()), []))
    return kernel  # type: ignore[no-any-return]


def _placed(tree: ast.AST, lines: list[Line]) -> None:
    """Give every node the C++ place of its line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.alias)):
            place: Place = lines[node.lineno - 1].place
            node.lineno, node.col_offset = max(1, place.line), place.column
            node.end_lineno, node.end_col_offset = max(1, place.last), max(place.end, place.column + 1)


def _remembered(file: str, lines: list[str]) -> str:
    """The file's name for tracebacks, under which its text is kept; another text of that name gets a number."""
    text, name, number = [line + "\n" for line in lines], file, 1
    while not Path(file).exists() and name in linecache.cache and linecache.getlines(name) != text:
        number += 1
        path = Path(file)
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    linecache.cache[name] = (sum(map(len, text)), None, text, name)
    return name
