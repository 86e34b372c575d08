"""What the writer knows about a Python value: the thing itself, or a C++ expression for it.

Left out: how expressions are combined (`operators`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import types
from .types import Type

# how tightly C++ binds; higher is tighter
CONDITIONAL, OR, AND, PIPE, CARET, AMPERSAND, EQUAL, LESS, SHIFT, PLUS, TIMES, UNARY, ATOM = range(13)


@dataclass(frozen=True)
class Static:
    """A Python object that is known when the C++ is written: an enum member, a function, None, a bool, a text …"""

    object: Any


@dataclass(frozen=True)
class Expr:
    """A C++ expression. `number` is its value where that is known; `uses` are the variables in it.

    `constant`: a constant expression, if its variables are. `pure`: may be written twice. `below`: Python may see a
    number below zero where C++ has it modulo 2^32.
    """

    code: str
    type: Type
    level: int = ATOM
    number: Any = None
    uses: frozenset[Symbol] = frozenset()
    constant: bool = False
    pure: bool = True
    below: bool = False

    def at(self, level: int) -> str:
        """The text, in parentheses if it binds less tightly."""
        return self.code if self.level >= level else f"({self.code})"

    @property
    def written(self) -> bool:
        """Is it a number that stands here as such?"""
        return self.number is not None and not self.uses and self.code == spelled(self.number)


@dataclass(frozen=True)
class Items:
    """A tuple or list whose length is known. `array`: a list of numbers, which C++ keeps as an array."""

    values: tuple[Value, ...]
    array: bool = False
    name: str = ""  # in the module


@dataclass(frozen=True)
class Table:
    """A dict display: its keys are known."""

    entries: Mapping[Any, Value]


@dataclass(frozen=True)
class Range:
    """A `range` that is not being looped over yet."""

    start: Expr
    stop: Expr
    step: Expr


@dataclass(frozen=True)
class Role:
    """`UNPACK()`, `MATH()` or `PACK()` in a condition."""

    name: str


@dataclass(frozen=True)
class Method:
    """A method of something in C++, as in `A.get_noc_addr`."""

    on: Expr
    name: str


@dataclass(frozen=True)
class Text:
    """A text with numbers in it that only the chip knows: a format and its values."""

    form: str
    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Unset:
    """`unset(...)`: a variable that is declared without a value; with a `length`, an array."""

    length: str | None = None


@dataclass(frozen=True)
class Conflict:
    """A name that holds different things, by a condition that is known only on the chip."""

    name: str


Value = Static | Expr | Items | Table | Range | Role | Method | Text | Unset | Conflict


@dataclass(eq=False)
class Symbol:
    """A variable, parameter or function of the C++ text that may have to become `constexpr`.

    `init` is what a variable is declared with; `once`: it is never assigned again. A parameter that becomes constant is
    a template parameter. `turns`: it is the variable of a loop that could be written out.
    """

    name: str
    type: Type
    owner: object
    init: Expr | None = None
    once: bool = False
    parameter: bool = False
    constant: bool = False
    turns: bool = False
    reads: set[Type] = field(default_factory=set)

    @property
    def possible(self) -> bool:
        """Can it be a constant?"""
        return self.constant or (self.once and (self.parameter or (self.init is not None and self.init.constant)))

    @property
    def init_uses(self) -> frozenset[Symbol]:
        return self.init.uses if self.init else frozenset()

    def read(self) -> Expr:
        self.reads.add(self.type)
        kind = types.COUNT if self.type is types.LITERAL else self.type
        return Expr(self.name, kind, uses=frozenset((self,)), constant=self.possible)


def number(value: float) -> Expr:
    """A number as C++ writes it."""
    level = ATOM if value >= 0 else UNARY
    return Expr(spelled(value), types.of_number(value), level, value, constant=True)


def spelled(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        return f"{text if set(text) & set('.e') else f'{text}.0'}f"
    return str(value) + ("" if -(1 << 31) <= value < 1 << 31 else "u" if 0 < value < 1 << 32 else "ull")


def united(*parts: Expr) -> dict[str, Any]:
    """The fields of an expression that come from its parts."""
    return {
        "uses": frozenset[Symbol]().union(*(p.uses for p in parts)),
        "constant": all(p.constant for p in parts),
        "pure": all(p.pure for p in parts),
    }
