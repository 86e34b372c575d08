"""Slips in the learner's Python, in words: the line, the values that met there, and a return value of the wrong kind.

What a function should return is what the reference returns in the same case. Left out: this package's own errors,
which say themselves what is wrong.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
from collections.abc import Callable
from numbers import Integral, Real
from traceback import walk_tb
from types import FrameType
from typing import Any

import numpy as np

from ..host.program import generic_op
from .exercise import Case, Functions, Trial

MANY = 5  # values that are shown
WIDE = 60  # characters of a value


def slip(error: Exception, case: Case, functions: Functions, reference: Functions) -> str:
    """`error`, which is not ours, in the learner's words."""
    told = returned(case, functions, reference) or _plain(functions, reference)
    return told or f"{type(error).__name__}: {error}{where(error, functions) or _results(case, functions)}"


# ---- def and async def ---------------------------------------------------------------------------------------------


def asynchronous(functions: Functions, reference: Functions) -> str:
    """The first that is `async def` although nobody awaits it; empty if none is."""
    for name, function in functions.items():
        if _async(function) and not _async(reference[name]):
            return f"{name} is an `async def`, and is called without `await`: write `def {name}(…)`."
    return ""


def _plain(functions: Functions, reference: Functions) -> str:
    for name, function in functions.items():
        if _async(reference[name]) and inspect.isfunction(function) and not _async(function):
            return f"{name} is a plain `def`, and is called with `await`: write `async def {name}(…)`."
    return ""


def _async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function)


# ---- the line and its values ---------------------------------------------------------------------------------------


def where(error: BaseException, functions: Functions) -> str:
    """` (mean line 4: `tile[face] = 1 / W`, with W = 64)`: the last of the learner's own lines; empty if there is none."""
    files = {function.__code__.co_filename for function in functions.values() if hasattr(function, "__code__")}
    steps = [step for step in walk_tb(error.__traceback__) if step[0].f_code.co_filename in files]
    if not steps:
        return ""
    frame, line = steps[-1]
    text = linecache.getline(frame.f_code.co_filename, line).strip()
    return f" ({frame.f_code.co_name} line {line}{f': `{text}`' if text else ''}{_values(frame, text)})"


def with_line(said: str, error: BaseException, functions: Functions) -> str:
    """`said` of an error of ours, and at the end of its first line the learner's, unless it is told where it happened.

    A text may begin with a call and name other lines only; its own is then the learner's if that call stands there.
    """
    (head, newline, rest), place = said.partition("\n"), where(error, functions)
    call, line = re.match(r"\w+", head), re.search(r"\w+ line \d+", place)
    its_own = call is not None and f"`{call[0]}(" in place and line is not None and line[0] not in said
    if re.search(r"\bline \d", said) and not its_own:
        return said
    end = "." if head.endswith(".") else ""
    return f"{head.removesuffix('.')}{place}{end}{newline}{rest}"


def _values(frame: FrameType, text: str) -> str:
    """What the local names of this line hold, if it can be said shortly."""
    try:
        tree = ast.parse(f"{text} pass" if text.endswith(":") else text)
    except SyntaxError:
        return ""
    nodes = sorted((n for n in ast.walk(tree) if isinstance(n, ast.Name)), key=lambda node: node.col_offset)
    said = {node.id: _short(frame.f_locals[node.id]) for node in nodes if node.id in frame.f_locals}
    known = [f"{name} = {value}" for name, value in said.items() if value][:MANY]
    return f", with {', '.join(known)}" if known else ""


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    if inspect.isfunction(value):
        return f"the function {value.__name__}"
    plain = value is None or isinstance(value, (bool, Real, str, tuple, list, dict))
    text = repr(value) if plain else ""
    return text if len(text) <= WIDE else ""


# ---- what is returned ----------------------------------------------------------------------------------------------


def returned(case: Case, functions: Functions, reference: Functions) -> str:
    """The first function that returns another kind of value than the reference's, in a sentence; empty if none does."""
    mine, theirs = _recorded(case, functions), _recorded(case, reference)
    for name in functions:
        if mine[name] and theirs[name]:
            got, expected = mine[name][-1], theirs[name][0]
            if not _alike(got, expected):
                return _told(name, got, expected)
    return ""


def _results(case: Case, functions: Functions) -> str:
    """` (plan returned (0, 2))`: all that is known where no line of the learner's was at work."""
    last = {name: _short(values[-1]) for name, values in _recorded(case, functions).items() if values}
    said = [f"{name} returned {value}" for name, value in last.items() if value not in ("", "None")]
    return f" ({', '.join(said)})" if said else ""


def _told(name: str, got: Any, expected: Any) -> str:
    if got is None:
        return f"{name} returned nothing: end it with `return …` ({_kind(expected)})."
    value = _short(got)
    said = f"{value}, {_kind(got)}" if value and not isinstance(got, np.ndarray) else _kind(got)
    return f"{name} returned {said}; it should return {_kind(expected)}."


def _recorded(case: Case, functions: Functions) -> dict[str, list[Any]]:
    """What each function returned when the case was tried once more; an error ends that."""
    found: dict[str, list[Any]] = {name: [] for name in functions}
    try:
        made = case.make({name: _recording(function, found[name]) for name, function in functions.items()})
        if isinstance(made, Trial):
            generic_op(made.tensors, made.program, arch=case.arch, seed=case.seed, strict=False, diagnose=False)
    except Exception:
        pass  # it was told before: here only values are looked at
    return found


def _recording(function: Callable[..., Any], found: list[Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def awaited(*args: Any, **named: Any) -> Any:
        found.append(value := await function(*args, **named))
        return value

    @functools.wraps(function)
    def called(*args: Any, **named: Any) -> Any:
        found.append(value := function(*args, **named))
        return value

    return awaited if _async(function) else called


def _alike(got: Any, expected: Any) -> bool:
    """Of one kind: a whole number will do for any number, a list for a tuple."""
    if isinstance(expected, (tuple, list)):
        return isinstance(got, (tuple, list)) and len(got) == len(expected) and all(map(_alike, got, expected))
    for kind in (Integral, Real):
        if isinstance(expected, kind):
            return isinstance(got, kind)
    return isinstance(got, type(expected))


def _kind(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"{len(value)} values: {', '.join(map(_kind, value))}"
    for kind, words in ((Integral, "a whole number"), (Real, "a float"), (str, "text"), (dict, "a dict")):
        if isinstance(value, kind):
            return words
    if isinstance(value, np.ndarray):
        return f"a numpy array {value.shape}"
    return "nothing" if value is None else f"a {type(value).__name__}"
