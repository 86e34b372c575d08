"""Was anything written yet? A blank (`...`) that still stands, or given code that nobody changed, is "not attempted".

Functions are compared by their syntax trees, so spaces, comments and docstrings do not count as a change. A `...` that
was left below what somebody wrote is no blank. Left out: functions whose source cannot be found; they count as attempted.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from .exercise import Exercise, Functions


def untouched(exercise: Exercise, functions: Functions) -> bool:
    """True if a blank is left, or if all that was given is still as it was."""
    if any(blank(function, exercise.shown.get(name, 0)) for name, function in functions.items()):
        return True
    given = exercise.given
    return bool(given) and all(name in given and same(given[name], function) for name, function in functions.items())


def blank(function: Callable[..., Any], shown: int = 0) -> bool:
    """True if a `...` stands in the function as an argument or a value, or as a statement beside no more than `shown` others."""
    tree = tree_of(function)
    if tree is None:
        return False
    left = [node for node in ast.walk(tree) if _is_dots(node)]
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_dots(node.value)]
    indices = [part for node in ast.walk(tree) if isinstance(node, ast.Subscript) for part in _index(node)]
    as_values = len(left) - len(statements) - sum(map(_is_dots, indices))
    return as_values > 0 or (bool(statements) and _written(tree) <= shown)


def _is_dots(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _index(node: ast.Subscript) -> Iterator[ast.expr]:
    """`x[..., 0]` is numpy, and no blank."""
    yield from node.slice.elts if isinstance(node.slice, ast.Tuple) else (node.slice,)


def _written(tree: ast.AST) -> int:
    """Statements other than the function itself, its docstring, `...` and `pass`."""
    bare = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Pass)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, bare)]
    return sum(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in found)


def same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """True if the two differ at most in layout, comments, docstring and annotations."""
    trees = [tree_of(one), tree_of(other)]
    return None not in trees and _shape(trees[0]) == _shape(trees[1])


def tree_of(function: Callable[..., Any]) -> ast.Module | None:
    """The syntax tree of a function's own source, or None where there is none."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None


def _shape(tree: ast.AST | None) -> str:
    assert isinstance(tree, ast.Module)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)
