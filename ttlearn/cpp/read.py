"""`tt.cpp.read`: the text of a TT-Metal kernel as a kernel function of this package.

Every line of the Python that is made keeps the place of the C++ it stands for: reports, tracebacks and
diagnoses name the C++ file and line. Left out: classes, recursion, goto, what `ttlearn` has no call for.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from ..errors import CppError, HostError, KernelError
from .api import KINDS
from .parse import file
from .parse.preprocess import load
from .parse.source import Place
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
    kernel: Any = made(translate(source, kind, defines, args, name))
    kernel.defines = dict(defines)
    return kernel  # type: ignore[no-any-return]


def translate(
    source: str | Path,
    kind: str,
    defines: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
    args: Sequence[int] | None = None,
    name: str | None = None,
) -> Unit:
    """The translation itself: a Unit whose last chunk is the kernel."""
    try:
        given = dict(defines)
    except (TypeError, ValueError):
        raise HostError(f"defines is {defines!r}; give names and texts, as in {{'BLOCK': '4'}}") from None
    if args is not None and not all(isinstance(arg, int) for arg in args):
        raise HostError(f"args is {args!r}; compile-time arguments are whole numbers")
    unit = Unit(load(source, kind, given, name), kind, list(args) if args is not None else None)
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
    whole = ast.Module([], [])
    for chunk in unit.chunks:
        name = _remembered(chunk.file, unit.source.files.get(chunk.file, []))
        try:
            tree = ast.parse(_text(chunk))
            _placed(tree, chunk.lines)
            code = compile(tree, name, "exec")
        except (SyntaxError, RecursionError, MemoryError) as why:
            said = getattr(why, "msg", None) or "too much recursion"
            what = (
                "blocks or expressions are nested too deeply" if "too m" in said else "this is no C++ that can be read"
            )
            raise CppError(f"{_where(unit, chunk, why)}: {what} ({said})") from None
        _run(chunk, code, names)
        whole.body += tree.body
    kernel: Any = names[unit.name]
    kernel.python = python_text(unit)
    kernel.kind, kernel.tree, kernel.file = unit.kind, whole, unit.source.name
    kernel.cpp = "\n".join(next(iter(unit.source.files.values()), []))
    return kernel  # type: ignore[no-any-return]


def _where(unit: Unit, chunk: Chunk, why: Exception) -> str:
    line = getattr(why, "lineno", None)
    if line is None or not 0 < line <= len(chunk.lines):
        return unit.source.name
    return f"{chunk.file} line {chunk.lines[line - 1].place.line}"


def _run(chunk: Chunk, code: CodeType, names: dict[str, Any]) -> None:
    """Define a chunk's names. A constant that cannot be worked out, or a static_assert, fails here."""
    try:
        exec(code, names)
    except (ArithmeticError, IndexError, ValueError, KernelError) as why:
        trace = why.__traceback__.tb_next if why.__traceback__ is not None else None
        line = trace.tb_lineno if trace is not None else chunk.lines[0].place.line
        raise CppError(f"{chunk.file} line {line}: {why}") from None


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
