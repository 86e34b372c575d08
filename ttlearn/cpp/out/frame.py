"""One Python function on its way to C++: its names, the block being filled, and how values are looked up.

`EXPRESSIONS` and `STATEMENTS` say what is done for each kind of Python node; the modules that import this one fill
them. Left out: what the nodes mean.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any, NoReturn

from ...errors import CppError
from .code import Code, described
from .module import Function, Module
from .plan import Home, Plan, plan
from .refusals import refusal
from .source import beside, leading, trailing
from .text import Block, Compound, Line
from .types import VOID, Type
from .values import Conflict, Expr, Method, Role, Static, Symbol, Value, number

EXPRESSIONS: dict[type[ast.expr], Callable[[Frame, Any], Value]] = {}
STATEMENTS: dict[type[ast.stmt], Callable[[Frame, Any], None]] = {}

Env = dict[str, Value | Symbol]


class Unroll(Exception):
    """A loop's variable is needed at compile time: the loop is written out."""

    def __init__(self, variable: Symbol) -> None:
        super().__init__(variable.name)
        self.variable = variable


class Renamed(Exception):
    """A variable is needed at compile time but assigned again: each value gets a variable of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Frame:
    """One function being written. `owner` is the frame whose variables it uses: its own, or its caller's (inline)."""

    def __init__(self, module: Module, code: Code, function: Function, owner: Frame | None = None) -> None:
        self.module, self.code, self.function = module, code, function
        self.owner = owner or self
        self.plan: Plan = plan(code.node)
        self.env: Env = {}
        self.declared: dict[str, Symbol] = {}
        self.block: Block = owner.block if owner else function.body
        self.places: dict[int, Block] = {}
        self.inside: list[int] = []  # the statement lists around
        self.known: dict[tuple[str, int], Type] = {}  # types found in an earlier round
        self.renamed: set[str] = set()  # variables that are declared anew each time, found likewise
        self.symbols: dict[tuple[str, int], Symbol] = {}
        self.choices: dict[ast.IfExp, bool] = {}
        self.returns: list[Value | None] = []
        self.ended = False  # nothing after this line is reached
        self.loops: list[bool] = []  # the loops around: is it one in C++, or written out
        self.counters: list[str] = []  # the C++ loop variables around
        self.nonlocals: set[str] = set()
        self.runtime = False  # calls something that a constant expression must not call
        self.signed = False  # computes with signed numbers, so that unsigned ones must be known as such
        self.calls: list[Function] = []
        self.inline: Block | None = None  # written out at its call, into this block
        self.statement_now = 0
        self.awaited: ast.Call | None = None
        self.open_loops: set[Symbol] = set()

    def checkpoint(self) -> Callable[[], None]:
        """What goes back to here: for a second attempt at some statements."""
        names = ("env", "declared", "block", "loops", "counters", "ended", "inside")
        kept = {name: copy(getattr(self, name)) for name in names if name != "block"} | {"block": self.block}
        module, symbols, imports = self.module.snapshot(), copy(self.owner.symbols), copy(self.owner.function.imports)
        blocks: list[tuple[Block, int, set[str]]] = []
        block: Block | None = self.block
        while block is not None:
            blocks.append((block, len(block.nodes), copy(block.names)))
            block = block.outer

        def back() -> None:
            self.__dict__.update({name: copy(v) if name != "block" else v for name, v in kept.items()})
            self.module.restore(module)
            self.owner.symbols, self.owner.function.imports = copy(symbols), copy(imports)
            for block, count, names in blocks:
                del block.nodes[count:]
                block.names = copy(names)

        return back

    def fail(self, node: ast.AST, text: str) -> NoReturn:
        """`text`: what is wrong, and what to write instead."""
        line = getattr(node, "lineno", self.code.node.lineno)
        file = Path(self.code.source.file).name + (" (its Python)" if self.code.source.made else "")
        raise CppError(f"{file} line {line}, in {self.code.name}: `{self.code.source.segment(node)}`: {text}")

    # ---- values -------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            self.fail(node, refusal(node))
        found = handler(self, node)
        if isinstance(found, Conflict):
            self.fail(
                node,
                f"what {found.name} is here depends on a condition that is known only on the chip, and it is no number; "
                "put the code that uses it into both branches",
            )
        return found

    def expr(self, node: ast.expr) -> Expr:
        """A value that must be a C++ expression, never below zero where C++ would wrap."""
        return self.settled(self.modular(node), node)

    def settled(self, found: Expr, node: ast.AST) -> Expr:
        if found.below:
            self.fail(node, "this may be below zero in Python and is modulo 2^32 in C++; write u32(...) around it")
        return found

    def expr_of(self, value: Value, node: ast.AST) -> Expr:
        """As `expr`, for a value that is there."""
        return self.settled(self.as_expr(value, node), node)

    def modular(self, node: ast.expr) -> Expr:
        """As `expr`, for places that take a number modulo 2^32."""
        return self.as_expr(self.value(node), node)

    def as_expr(self, value: Value, node: ast.AST) -> Expr:
        if isinstance(value, Expr):
            if value.type is VOID:
                self.fail(node, "this call gives nothing back; call it on a line of its own")
            return value
        if isinstance(value, Static):
            if isinstance(value.object, bool):
                return number(value.object)
            self.fail(node, f"{described(value.object)} is no number, and C++ needs one here; pass a number")
        if isinstance(value, Role):
            self.fail(node, f"{value.name}() marks the code of one role; write `if {value.name}():` and nothing else")
        if isinstance(value, Method):
            self.fail(node, f"{value.name} belongs to an object of C++, and is no number; call it if it is a method")
        self.fail(node, "this holds several things, and C++ needs one number here; use them one by one")

    def demand(self, expr: Expr, node: ast.AST, why: str) -> None:
        """C++ needs this at compile time: its variables become constexpr, its parameters template parameters."""
        if not expr.constant:
            for symbol in expr.uses:
                if symbol.turns:
                    raise Unroll(symbol)
                self._rename(symbol)
            self.fail(
                node,
                f"C++ needs {why} at compile time, but this is known only when the kernel runs; "
                "take it from get_compile_time_arg_val, and assign it only once",
            )
        for symbol in expr.uses:
            _make_constant(symbol)

    def _rename(self, symbol: Symbol) -> None:
        names = [name for (name, _), known in self.owner.symbols.items() if known is symbol]
        if not symbol.possible and names and self.straight(names[0]) and names[0] not in self.renamed:
            raise Renamed(names[0])

    # ---- where names live ---------------------------------------------------------------------------------

    def home(self, name: str) -> tuple[int, Home] | None:
        """The block around in which a name is declared."""
        homes = self.plan.homes.get(name, {})
        return next(((place, homes[place]) for place in reversed(self.inside) if place in homes), None)

    def once(self, name: str) -> bool:
        """Is it given one value only?"""
        home = self.home(name)
        return home is not None and home[1].stores == 1

    def straight(self, name: str) -> bool:
        """Could each value have a variable of its own?"""
        home = self.home(name)
        return home is not None and home[1].straight

    # ---- statements ---------------------------------------------------------------------------------------

    def run(self, body: list[ast.stmt]) -> None:
        """A list of statements, into the current block; comments go along."""
        self.places[id(body)] = self.block
        self.inside.append(id(body))
        for node in body:
            for text in leading(self.code.source, node):
                self.emit("", text)
            self.statement(node)
            if self.ended:
                break
        else:
            for text in trailing(self.code.source, body) if body else ():
                self.emit("", text)
        self.inside.pop()
        if self.block is not self.function.body:
            for name in [name for name, homes in self.plan.homes.items() if id(body) in homes]:
                self.env.pop(name, None)
                self.declared.pop(name, None)

    def statement(self, node: ast.stmt) -> None:
        handler = STATEMENTS.get(type(node))
        if handler is None:
            self.fail(node, refusal(node))
        self.statement_now += 1
        count = len(self.block.nodes)
        handler(self, node)
        text = beside(self.code.source, node)
        new = [n for n in self.block.nodes[count:] if isinstance(n, Compound) or not hasattr(node, "body")]
        if text and new:
            new[0].comment = text
        elif text:
            self.block.nodes.insert(count, Line("", text))

    def emit(self, text: str, comment: str = "") -> None:
        self.block.nodes.append(Line(text, comment))


def _make_constant(symbol: Symbol) -> None:
    if not symbol.constant:
        symbol.constant = True
        for used in symbol.init_uses:
            _make_constant(used)


def expression(*kinds: type[ast.expr]) -> Callable[[Any], Any]:
    """Decorator: how some kinds of expression are valued."""

    def register(handler: Any) -> Any:
        EXPRESSIONS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def statement(*kinds: type[ast.stmt]) -> Callable[[Any], Any]:
    """Decorator: how some kinds of statement are written."""

    def register(handler: Any) -> Any:
        STATEMENTS.update(dict.fromkeys(kinds, handler))
        return handler

    return register
