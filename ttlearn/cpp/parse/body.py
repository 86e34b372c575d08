"""One function under translation: its scopes, the lines made so far, and who translates which construct.

Handlers register themselves for kinds of syntax nodes. Left out: the handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .changes import changed_names
from .types import CType, Kind, Value, of_type
from .unit import BROKEN, RESERVED, Line, Node, Unit, Untranslatable, Variable, short

Handler = Callable[["Body", Node], Any]
EXPRESSIONS: dict[str, Handler] = {}
STATEMENTS: dict[str, Handler] = {}


_INSTEAD = {  # what to write in place of a construct that has no translation
    "labeled_statement": "; write a loop",
    "goto_statement": "; write a loop",
    "new_expression": "; use an array, or memory of a CB",
    "delete_expression": "; use an array, or memory of a CB",
    "try_statement": "; kernels have no exceptions",
    "throw_statement": "; kernels have no exceptions",
    "gnu_asm_expression": "; write C++",
    "declaration": "; declare it on a line before",
    "lambda_expression": "; give it a name first, as in auto f = [&](uint32_t x) { … };",
    "initializer_list": "; give each value a variable",
    "primitive_type": "; declare plain variables and pointers",
    "offsetof_expression": "; write the number",
    "struct_specifier": "; use plain variables",
    "class_specifier": "; use plain variables",
}


def expression(*kinds: str) -> Callable[[Handler], Handler]:
    """Register how expressions of these syntax kinds become a `Value`."""
    return _registering(EXPRESSIONS, kinds)


def statement(*kinds: str) -> Callable[[Handler], Handler]:
    """Register how statements of these syntax kinds are emitted."""
    return _registering(STATEMENTS, kinds)


def _registering(table: dict[str, Handler], kinds: tuple[str, ...]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        table.update(dict.fromkeys(kinds, handler))
        return handler

    return register


@dataclass
class Loop:
    """What `continue` has to do first, and whether `break` may be used."""

    before_continue: list[tuple[str, Node]] = field(default_factory=list)


class Body:
    """One function under translation: its scopes, the lines made so far, whether it waits."""

    def __init__(self, unit: Unit, root: Node, outer: Body | None = None) -> None:
        self.unit, self.outer = unit, outer
        self.lines: list[Line] = []
        self.indent = 0
        self.awaits = False
        self.returns: CType | None = None
        self.inout: list[str] = []
        self.loops: list[Loop] = []
        self.scopes: list[dict[str, Variable]] = [{}]
        self.changed = set(changed_names(unit, root))
        self.pending: list[tuple[str, Node]] = []  # done after the statement: the ++ of `a[i++]`
        self.full: Node | None = None  # the statement in which a ++ may be put off

    # ---- names ----------------------------------------------------------------------------------------------

    def declare(self, node: Node, name: str, type: CType, value: Value | None = None) -> Variable:
        """A new variable of the innermost scope; `value` is what it starts with."""
        text = name
        while text in RESERVED or text in self.unit.names or text in self.unit.members or self._used(text):
            text += "_"
        known = value is not None and name not in self.changed and type.kind is Kind.INT
        like = value if known and value is not None else of_type(text, type)
        self.scopes[-1][name] = variable = Variable(text, type, like.low, like.high)
        return variable

    def _used(self, text: str) -> bool:
        """Does an enclosing scope already use this Python name (or a function, or a constant)?"""
        body: Body | None = self
        while body is not None:
            if any(v.text == text for scope in body.scopes for v in scope.values()):
                return True
            body = body.outer
        return text in {v.text.rstrip("()") for v in self.unit.globals.values()} or text in self.unit.functions

    def declare_broken(self, node: Node, name: str) -> None:
        """A variable whose declaration could not be translated: statements that use it are passed over in silence."""
        self.scopes[-1][name] = Variable(name, BROKEN, 0, 0)

    def find(self, name: str) -> Variable | None:
        body: Body | None = self
        while body is not None:
            for scope in reversed(body.scopes):
                if name in scope:
                    return scope[name]
            body = body.outer
        return self.unit.globals.get(name)

    def lambdas(self) -> bool:
        """Is there a lambda, which may look at any variable when it is called?"""
        return any(v.function is not None for scope in self.scopes for v in scope.values())

    @contextmanager
    def scope(self) -> Iterator[None]:
        self.scopes.append({})
        try:
            yield
        finally:
            self.scopes.pop()

    # ---- lines ----------------------------------------------------------------------------------------------

    def emit(self, text: str, node: Node) -> None:
        self.lines.append(Line(self.indent, text, self.unit.place(node)))

    @contextmanager
    def block(self, head: str, node: Node) -> Iterator[None]:
        """An indented block; `pass` if nothing lands in it."""
        self.emit(head, node)
        before = len(self.lines)
        self.indent += 1
        try:
            yield
        finally:
            if all(line.text.startswith("#") for line in self.lines[before:]):
                self.emit("pass", node)
            self.indent -= 1

    @contextmanager
    def simple(self, node: Node) -> Iterator[None]:
        """A statement without a condition: what is put off is done behind it."""
        self.full, outer = node, self.full
        try:
            yield
            self.flush()
        finally:
            self.full, self.pending = outer, []

    def flush(self) -> None:
        pending, self.pending = self.pending, []
        for text, node in pending:
            self.emit(text, node)

    # ---- dispatch -------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """An expression as a Value (not yet settled into its type's range)."""
        handler = EXPRESSIONS.get(node.type)
        if handler is None:
            self._refuse_kind(node)
        value: Value = handler(self, node)  # type: ignore[misc]
        return value

    def statement(self, node: Node) -> None:
        handler = STATEMENTS.get(node.type)
        try:
            if handler is None:
                self._refuse_kind(node)
            handler(self, node)  # type: ignore[misc]
        except Untranslatable:
            pass

    def _refuse_kind(self, node: Node) -> NoReturn:
        kind, label = node.type.replace("_", " "), node.child_by_field_name("name")
        if kind.endswith("specifier") and label is not None:
            self.unit.refused.add(self.unit.text(label))
        self.refuse(node, f"`{short(self.unit.text(node))}` ({kind}) is not translated{_INSTEAD.get(node.type, '')}")

    def refuse(self, node: Node, what: str) -> NoReturn:
        self.unit.problem(node, what)
        raise Untranslatable
