"""Places in an error's text as the learner knows them: their own function and its line, as in their cell.

A compute phase stands in a given kernel; told is the phase. What is given is called given, so that nobody looks for its
lines in a cell. Left out: phases that a given kernel calls in a loop, where a text names the kernel's line alone.
"""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from ..cells.place import learners
from ..host.descriptors import ProgramDescriptor
from .exercise import Functions

_PLACE = re.compile(r"(?:\b(\w+) )?\bline (\d+)(?: \(inside (\w+) line (\d+)\))?(: `[^`]*`)?")
_GIVEN = ("ttlearn.learn", "ttlearn.kernel_lib", "ttlearn.layernorm")
_AWAITED = re.compile(r"\s*await (\w+)\(")


def in_learners_words(text: str, program: ProgramDescriptor, functions: Functions) -> str:
    """`text` with `compute line 160 (inside center line 6)` as `center line 6`, and given functions called so."""
    handed = [function for function in functions.values() if isinstance(function, FunctionType)]
    names = _names(handed, [kernel.kernel_source for kernel in program.kernels])
    return _PLACE.sub(names.place, text)


@dataclass
class Names:
    """The learner's `own` and the `given` functions by name, what a variable that holds one stands for (`known_as`), and
    which phase a line of a given kernel calls."""

    own: dict[str, FunctionType]
    given: dict[str, FunctionType] = field(default_factory=dict)
    known_as: dict[str, str] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)

    def place(self, found: re.Match[str]) -> str:
        """One place, whose text is the match."""
        outer, line, inner, inner_line, code = found.groups(default="")
        if not self._is_function(outer):
            return self._bare(outer, line, code) or found[0]
        if inner and outer not in self.given:
            return found[0]
        name, line = (inner, inner_line) if inner else (outer, line)
        name = name if self._is_own_name(name) else self.known_as.get(name, name)
        shown = self._text(name, line, code)
        return f"line {line} of the given {name}{shown}" if name in self.given else f"{name} line {line}{shown}"

    def _bare(self, before: str, line: str, code: str) -> str:
        """A line without a name: if a given kernel calls a phase there, the phase; else nothing."""
        phase = self.calls.get(line)
        if phase is None:
            return ""
        there = self._lines_with(phase, code.removeprefix(": ").strip("`")) if code else []
        place = f"{phase} line {there[0]}{code}" if len(there) == 1 else f"the call of {phase}{code}"
        return f"{before} {place}" if before else place

    def _is_function(self, name: str) -> bool:
        return self._is_own_name(name) or name in self.known_as

    def _is_own_name(self, name: str) -> bool:
        return name in self.own or name in self.given

    def _text(self, name: str, line: str, code: str) -> str:
        """The text of that line, if `code` shows one; that may be the text of the given kernel, which calls it."""
        function = self._named(name)
        text = linecache.getline(function.__code__.co_filename, int(line)).strip() if function and code else ""
        return f": `{text}`" if text else code

    def _lines_with(self, name: str, text: str) -> list[int]:
        function = self._named(name)
        lines, first = _source(function) if function else ([], 0)
        return [first + k for k, line in enumerate(lines) if line.strip() == text]

    def _named(self, name: str) -> FunctionType | None:
        return self.own.get(name) or self.given.get(name)


def _names(handed: list[FunctionType], kernels: Iterable[Any]) -> Names:
    names = Names({function.__name__: function for function in handed})
    given_kernels = [k for k in kernels if isinstance(k, FunctionType) and k not in handed]
    for name, function in _reached([*handed, *given_kernels]):
        names.known_as.setdefault(name, function.__name__)
        if function not in handed and _is_given(function) and function.__name__ not in names.own:
            names.given[function.__name__] = function
    for kernel in given_kernels:
        names.calls |= _phases(kernel, names.known_as)
    return names


def _phases(kernel: FunctionType, known_as: dict[str, str]) -> dict[str, str]:
    """Line → the function that is awaited there, for those that came into the kernel from outside."""
    lines, first = _source(kernel) if _is_given(kernel) else ([], 0)
    found = ((first + k, _AWAITED.match(line)) for k, line in enumerate(lines))
    outside = kernel.__code__.co_freevars
    return {str(line): known_as[call[1]] for line, call in found if call and call[1] in outside and call[1] in known_as}


def _source(function: FunctionType) -> tuple[list[str], int]:
    """Its lines and the number of the first; no lines where there is no text."""
    try:
        return inspect.getsourcelines(function)
    except (OSError, TypeError):
        return [], 0


def _reached(start: list[FunctionType]) -> Iterator[tuple[str, FunctionType]]:
    """The learner's and the given functions from here on, each with the names under which others call it."""
    found, seen = [(function.__name__, function) for function in start], set()
    while found:
        name, function = found.pop(0)
        yield name, function
        if function in seen:
            continue
        seen.add(function)
        for other, value in _named_in(function):
            if isinstance(value, FunctionType) and (_is_given(value) or learners(value.__code__.co_filename)):
                found.append((other, value))


def _named_in(function: FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # bound only later
            continue
    yield from ((name, function.__globals__[name]) for name in code.co_names if name in function.__globals__)


def _is_given(function: FunctionType) -> bool:
    return str(function.__module__).startswith(_GIVEN)
