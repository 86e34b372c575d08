"""Python objects as the writer sees them: functions with their text and names, numbers, tuples, ranges."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from .source import Def, Source, definition, source_of
from .values import Items, Range, Static, Value, number

if TYPE_CHECKING:
    from .frame import Frame


@dataclass(eq=False)
class Code:
    """A Python function that is to be called: where its text is and where its names are looked up."""

    node: Def
    source: Source
    globals: dict[str, Any]
    cells: dict[str, Any]
    defaults: dict[str, Value]
    parent: Frame | None = None

    @property
    def name(self) -> str:
        return "lambda" if isinstance(self.node, ast.Lambda) else self.node.name


def code_of(function: FunctionType, texts: dict[int, str]) -> Code:
    """The code of a Python function. `texts`: see `source_of`."""
    source = source_of(function, texts)
    code, given = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(names[len(names) - len(given) :], given, strict=True)) | (function.__kwdefaults__ or {})
    values = {name: wrap(value) for name, value in defaults.items()}
    return Code(definition(function, source), source, function.__globals__, _cells(function), values)


def _cells(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # it gets its value later
            continue
    return found


def wrap(value: Any) -> Value:
    """A Python object as a value: numbers become C++ numbers, tuples and ranges what they hold."""
    if isinstance(value, (bool, np.bool_)):
        return Static(bool(value))
    if type(value) in (int, float):
        return number(value)
    if isinstance(value, (np.integer, np.floating)):
        return number(value.item())
    if type(value) in (tuple, list):
        return Items(tuple(wrap(v) for v in value))
    if isinstance(value, range):
        return Range(number(value.start), number(value.stop), number(value.step))
    return Static(value)


def described(value: Any) -> str:
    """A Python object in a message."""
    if isinstance(value, Code):
        return f"the function {value.name}"
    return getattr(value, "__name__", None) or repr(value)
