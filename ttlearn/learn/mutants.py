"""Small changes to a right answer, each of which `check` must reject: the test of the tests.

From a reference's source: each statement dropped, each whole number and each count of pages one more and one less, CB
names exchanged, tile rows counted in sticks, W fixed at one tile. Left out: two changes at once.
"""

from __future__ import annotations

import ast
import copy
import inspect
import itertools
import linecache
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .exercise import Functions

PAGE_CALLS = ("cb_reserve_back", "cb_push_back", "cb_wait_front", "cb_pop_front")
WIDTHS = ("wt", "Wt")  # what kernels call the width in tiles
STICKS = 32


class Change(Enum):
    """What was done to a line."""

    DROP = "dropped"
    MORE = "one more"
    FEWER = "one fewer"
    OTHER_CB = "another CB"
    UNITS = "other units"
    NARROW = "W fixed at 32"


@dataclass(frozen=True)
class Mutant:
    """One changed function. `name` is its key: function, line as it stood, what was done to it."""

    function: str
    line: int  # of the function's own source, from 1
    text: str
    change: Change
    what: str
    changed: Callable[..., Any]

    @property
    def name(self) -> str:
        return f"{self.function} {self.line}: `{self.text}`, {self.change.value}{self.what}"


Edit = tuple[int, Change, str, Callable[[ast.AST], None]]


def mutants(reference: Functions) -> Iterator[Mutant]:
    """Every mutant of every function, in the order of their lines."""
    for name, function in reference.items():
        source = textwrap.dedent(inspect.getsource(function))
        tree, lines = ast.parse(source), source.splitlines()
        for number, (line, change, what, apply) in enumerate(_edits(tree)):
            changed = copy.deepcopy(tree)
            apply(changed)
            ast.fix_missing_locations(changed)
            made = _compiled(changed, function, f"<mutant {name} {number}>")
            yield Mutant(name, line, lines[line - 1].strip(), change, what, made)


def _compiled(tree: ast.AST, function: Callable[..., Any], file: str) -> Callable[..., Any]:
    """The changed function in the original's namespace, with its source where tracebacks look for it."""
    text = ast.unparse(tree)
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space = dict(function.__globals__)
    exec(compile(text, file, "exec"), space)
    return space[function.__name__]  # type: ignore[no-any-return]


# ---- edits: found in the tree, applied to a copy of it by the node's place in the walk -----------------------------


def _edits(tree: ast.Module) -> list[Edit]:
    found: list[Edit] = []
    cbs = sorted({name for node in ast.walk(tree) for name in _cb_names(node)})
    for place, node in enumerate(ast.walk(tree)):
        found += [(node.lineno, *edit) for edit in _of_node(place, node, cbs)]  # type: ignore[attr-defined]
    return sorted(found, key=lambda edit: edit[0])


def _of_node(place: int, node: ast.AST, cbs: list[str]) -> Iterator[tuple[Change, str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.stmt) and not _frame(node):
        yield Change.DROP, "", _replace(place, ast.Pass())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for step, change in ((1, Change.MORE), (-1, Change.FEWER)):
            yield change, f" than {node.value}", _replace(place, ast.Constant(node.value + step))
    if isinstance(node, ast.Call):
        yield from _of_pages(place, node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in cbs:
            for other in cbs:
                if other != node.id:
                    yield Change.OTHER_CB, f" ({other})", _replace(place, ast.Name(other, ast.Load()))
        if node.id in WIDTHS:
            yield Change.NARROW, "", _replace(place, ast.Constant(1))


def _of_pages(place: int, call: ast.Call) -> Iterator[tuple[Change, str, Callable[[ast.AST], None]]]:
    """A page count that is not a plain number: one more, one fewer; a width in tiles becomes sticks, and back."""
    if not isinstance(call.func, ast.Name) or call.func.id not in PAGE_CALLS or len(call.args) != 2:
        return
    pages = call.args[1]
    if not isinstance(pages, ast.Constant):
        for operator, change in ((ast.Add(), Change.MORE), (ast.Sub(), Change.FEWER)):
            yield change, f" than {ast.unparse(pages)}", _argument(place, ast.BinOp(pages, operator, ast.Constant(1)))
    if isinstance(pages, ast.Name) and pages.id in WIDTHS:
        yield Change.UNITS, " (sticks)", _argument(place, ast.Constant(STICKS))
    if isinstance(pages, ast.Constant) and pages.value == STICKS:
        yield Change.UNITS, " (one tile)", _argument(place, ast.Constant(1))


def _frame(node: ast.stmt) -> bool:
    """Definitions, docstrings and loops without which nothing is left of a kernel."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Pass)):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _cb_names(node: ast.AST) -> Iterator[str]:
    """Names that stand first in a call about pages."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PAGE_CALLS:
        yield from (first.id for first in node.args[:1] if isinstance(first, ast.Name))


def _replace(place: int, new: ast.AST) -> Callable[[ast.AST], None]:
    def apply(tree: ast.AST) -> None:
        old = next(itertools.islice(ast.walk(tree), place, None))
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is old:
                    setattr(parent, field, new)
                elif isinstance(value, list) and any(item is old for item in value):
                    value[[item is old for item in value].index(True)] = new

    return apply


def _argument(place: int, new: ast.expr) -> Callable[[ast.AST], None]:
    def apply(tree: ast.AST) -> None:
        call = next(itertools.islice(ast.walk(tree), place, None))
        assert isinstance(call, ast.Call)
        call.args[1] = new

    return apply
