"""The C++ file under construction: named constants, functions, headers, and the names that are taken.

Left out: what stands inside a function (`frame`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from . import types
from .text import Block, render, wrapped
from .types import Type
from .values import Expr, Symbol, spelled

_KEYWORDS = """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr
const_cast continue decltype default delete do double dynamic_cast else enum explicit export extern false float for
friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
public register reinterpret_cast return short signed sizeof static static_assert static_cast struct switch template this
thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
main kernel_main std ckernel"""
KEYWORDS = frozenset(_KEYWORDS.split())


def spare(name: str) -> str:
    """The name, or one that C++ has no meaning for."""
    return f"{name}_" if name in KEYWORDS else name


@dataclass(eq=False)
class Function:
    """One C++ function: a Python helper, specialised. `imports`: what it takes from functions around it."""

    symbol: Symbol
    params: list[Symbol]
    imports: dict[Symbol, Symbol] = field(default_factory=dict)
    changed: set[Symbol] = field(default_factory=set)  # imports that are assigned: passed by reference
    returns: Type = types.VOID
    body: Block = field(default_factory=Block)
    notes: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[Symbol]:
        return [*self.params, *self.imports.values()]

    @property
    def idle(self) -> bool:
        """Does it do nothing at all?"""
        return self.returns is types.VOID and self.body.empty

    def render(self) -> list[str]:
        body = render(self.body)
        used = {word for line in body for word in re.findall(r"\w+", line)} | {s.name for s in self.all}
        free = (f"T{k or ''}" for k in range(1000) if f"T{k or ''}" not in used)
        letters = {s: next(free) for s in self.all if s.type is types.ACCESSOR}
        heads = [f"{s.type.name} {s.name}" for s in self.all if s.constant]
        heads += [f"typename {letter}" for letter in letters.values()]
        args = [self._parameter(s, letters) for s in self.all if not s.constant]
        lines = [f"// {note}".rstrip() for note in self.notes]
        if heads:
            lines += wrapped(f"template <{', '.join(heads)}>", "")
        start = "constexpr " if self.symbol.constant else ""
        result = "auto" if self.returns in (types.ACCESSOR, types.ARGS) else self.returns.name
        lines += wrapped(f"{start}{result} {self.symbol.name}({', '.join(args)}) {{", "")
        return [*lines, *body, "}"]

    def _parameter(self, s: Symbol, letters: dict[Symbol, str]) -> str:
        by_reference = "&" if s in self.changed else ""
        if s in letters:
            return f"const {letters[s]}& {s.name}"
        if s.type.length is not None:
            return f"{s.type.name} (&{s.name})[{s.type.length}]"
        return f"{s.type.name}{by_reference} {s.name}"

    def like(self, other: Function) -> bool:
        """Is it the same but for its name?"""
        mine, theirs = (
            [re.sub(rf"\b{f.symbol.name}\(", "(", line.removeprefix("constexpr ")) for line in f.render()]
            for f in (self, other)
        )
        return mine == theirs and [*self.imports] == [*other.imports]


@dataclass
class Module:
    """All that is written so far."""

    texts: dict[int, str] = field(default_factory=dict)  # Python that came from C++, by the id of its namespace
    constants: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # (name, value): (C++ name, line)
    functions: list[Function] = field(default_factory=list)
    made: dict[Any, Function] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # names of the API
    system: set[str] = field(default_factory=lambda: {"cstdint"})
    taken: set[str] = field(default_factory=set)
    open: list[Any] = field(default_factory=list)  # functions being written, to notice recursion

    def free(self, name: str, also: Iterable[str] = ()) -> str:
        """`name`, or `name_2` … if it is taken."""
        base, taken = spare(name), self.taken.union(also)
        names = (base if k == 1 else f"{base}_{k}" for k in range(1, len(taken) + 2))
        return next(n for n in names if n not in taken)

    def constant(self, name: str, value: float) -> Expr:
        """A number that has a name in Python keeps it."""
        kind = types.of_number(value)
        return self.computed(name, Expr(spelled(value), kind, number=value))

    def array(self, name: str, values: list[Expr]) -> Expr:
        """A list of numbers that has a name in Python."""
        kind = values[0].type
        for value in values[1:]:
            kind = types.join(kind, value.type) or kind
        return self.computed(
            name, Expr(f"{{{', '.join(v.code for v in values)}}}", types.array(kind, str(len(values))))
        )

    def computed(self, name: str, value: Expr) -> Expr:
        """A constant of the file, one for each name and value."""
        kind = types.declared(value.type)
        if (name, value.code) not in self.constants:
            free = self.free(name)
            self.taken.add(free)
            words = f"auto {free}" if kind is types.ARGS else f"{kind.name} {free}"
            length = f"[{kind.length}]" if kind.length is not None else ""
            self.constants[name, value.code] = free, f"constexpr {words}{length} = {value.code};"
        return Expr(self.constants[name, value.code][0], kind, number=value.number, constant=True)

    def snapshot(self) -> Module:
        """A copy to go back to."""
        kept = copy(self)
        for name in ("constants", "functions", "made", "used", "system", "taken", "open"):
            setattr(kept, name, copy(getattr(self, name)))
        return kept

    def restore(self, kept: Module) -> None:
        self.__dict__.update(kept.snapshot().__dict__)
