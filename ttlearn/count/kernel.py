"""A kernel's syntax: its definition and its helpers', with the line numbers of its own source.

For a kernel read from C++ these are the lines of the C++ file. Left out: methods, and functions without a source.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from .walk import Definition, Names


def source_of(kernel: Any) -> tuple[Definition, Names]:
    """A kernel's definition, and what the names in it mean."""
    tree = getattr(kernel, "tree", None)
    if tree is not None:
        whole = InTree(tree, kernel.__globals__)
        return whole.functions[kernel.__name__], whole
    return parsed(kernel), InModule(kernel)


class InTree:
    """Names of a kernel that was read from C++: everything stands in one tree."""

    def __init__(self, tree: ast.AST, names: dict[str, Any]) -> None:
        made = [n for n in ast.walk(tree) if isinstance(n, (ast.AsyncFunctionDef, ast.FunctionDef))]
        self.functions: dict[str, Definition] = {definition.name: definition for definition in made}
        self.names = names

    def function(self, name: str) -> tuple[Definition, Names] | None:
        return (self.functions[name], self) if name in self.functions else None

    def constant(self, name: str) -> int | None:
        value = self.names.get(name)
        return value if type(value) is int else None


class InModule:
    """Names of a Python function: what it closes over, and its module's."""

    def __init__(self, function: Any) -> None:
        inner = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
        self.names = {**function.__globals__, **inner}

    def function(self, name: str) -> tuple[Definition, Names] | None:
        found = self.names.get(name)
        try:
            return (parsed(found), InModule(found)) if inspect.isfunction(found) else None
        except (OSError, TypeError, SyntaxError):
            return None

    def constant(self, name: str) -> int | None:
        value = self.names.get(name)
        return value if type(value) is int else None


def parsed(function: Any) -> Any:
    """A function's definition as syntax."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    ast.increment_lineno(tree, first - 1)
    return tree.body[0]
