"""Was anything written yet? A blank (`...`) that still stands, or given code that nobody changed, is "not attempted".

Functions are compared by their syntax trees, so spaces, comments and docstrings do not count as a change. Left out:
functions whose source cannot be found; they count as attempted.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from .exercise import Exercise, Functions


def untouched(exercise: Exercise, functions: Functions) -> bool:
    """True if a blank is left, or if all that was given is still as it was."""
    if any(blank(function) for function in functions.values()):
        return True
    given = exercise.given
    return bool(given) and all(name in given and same(given[name], function) for name, function in functions.items())


def blank(function: Callable[..., Any]) -> bool:
    """True if a `...` stands in the function as a statement, as an argument or as a value."""
    tree = tree_of(function)
    if tree is None:
        return False
    return any(isinstance(node, ast.Constant) and node.value is Ellipsis for node in ast.walk(tree))


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
