"""A walk through a kernel without running it: every call with its line, its loops, and how often it is made.

Follows the Python of a kernel, in C++ kernels the one that was read from them, and its helpers. A count that
depends on data is None. Left out: while loops (None), and values that change from trip to trip in other ways than by 1.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .made import Made, Trip
from .poly import Poly, name, number
from .syntax import combined, compared, defaults, elements, fresh, load, merge, spelled, steps

Definition = ast.AsyncFunctionDef | ast.FunctionDef
Known = dict[str, dict[int, int]]  # which argument call -> index -> value
Values = dict[str, Poly | None]  # what a function's own names hold; None: not known

_WRAPS = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "int")
_ARGUMENTS = ("get_arg_val", "get_common_arg_val", "get_compile_time_arg_val")


class Names(Protocol):
    """What names mean inside one function: helpers (with the names inside those), and numbers."""

    def function(self, name: str) -> tuple[Definition, Names] | None: ...
    def constant(self, name: str) -> int | None: ...


@dataclass
class Walk:
    """Goes through one kernel. `known` are arguments that are known, `wanted` says which calls to keep."""

    names: Names
    known: Known
    wanted: Callable[[str], bool]
    made: list[Made] = field(default_factory=list)
    around: list[Trip] = field(default_factory=list)
    depth: int = 0

    def kernel(self, definition: Definition) -> list[Made]:
        self._block(definition.body, {})
        return self.made

    # ---- statements -----------------------------------------------------------------------------------------

    def _block(self, statements: list[ast.stmt], values: Values) -> bool:
        """Walk some statements; True if they end in a return (or break, or continue)."""
        for k, statement in enumerate(statements):
            if isinstance(statement, ast.If):
                if self._if(statement, statements[k + 1 :], values):
                    return True
            elif isinstance(statement, ast.For):
                self._for(statement, values)
            elif isinstance(statement, ast.While):
                self._loop(Trip(f"while {ast.unparse(statement.test)}", "while"), statement, values)
            elif isinstance(statement, ast.Assign):
                self._assign(statement, values)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._assign(ast.Assign([statement.target], statement.value), values)
            elif isinstance(statement, (ast.With, ast.AsyncWith)):
                if self._block(statement.body, values):
                    return True
            elif isinstance(statement, ast.AugAssign):
                operation = ast.BinOp(load(statement.target), statement.op, statement.value)
                self._store(statement.target, self._value(operation, values), values)
            elif isinstance(statement, (ast.Return, ast.Break, ast.Continue)):
                if isinstance(statement, ast.Return) and statement.value is not None:
                    self._value(statement.value, values)
                return True
            elif isinstance(statement, ast.Expr):
                self._value(statement.value, values)
        return False

    def _assign(self, statement: ast.Assign, values: Values) -> None:
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
            test = self._value(value.test, values)
            if test is not None and test.constant is not None:
                value = value.body if test.constant else value.orelse
        if isinstance(target, ast.Tuple):
            parts = elements(value, len(target.elts))
            labels = [e.id if isinstance(e, ast.Name) else None for e in target.elts]
            found = [self._value(p, values, label) for p, label in zip(parts, labels, strict=True)] if parts else []
            for element, number in zip(target.elts, found or [None] * len(labels), strict=True):
                self._store(element, number, values)
            return
        label = target.id if isinstance(target, ast.Name) else None
        self._store(target, self._value(value, values, label), values)

    def _store(self, target: ast.expr, value: Poly | None, values: Values) -> None:
        if isinstance(target, ast.Name):
            values[target.id] = value

    def _if(self, statement: ast.If, rest: list[ast.stmt], values: Values) -> bool:
        """Both branches, each under its condition; what follows a branch that leaves belongs to the other."""
        test, text = self._value(statement.test, values), ast.unparse(statement.test)
        constant = test.constant if test is not None else None
        if constant is not None:
            return self._block(statement.body if constant else statement.orelse, values)
        role = text in ("UNPACK()", "MATH()", "PACK()")
        yes = number(1) if role else self._indicator(text, statement.test, values)
        no = None if yes is None else number(0) if role else number(1) - yes
        before = dict(values)
        left = self._under(Trip(f"if {text}", factor=yes), statement.body, values)
        other = dict(before)
        also_left = self._under(Trip(f"unless {text}", factor=no), statement.orelse, other)
        merge(values, other)
        if left and not also_left:
            self._under(Trip(f"unless {text}", factor=no), rest, other)
            return True
        if also_left and not left and statement.orelse:
            self._under(Trip(f"if {text}", factor=yes), rest, values)
            return True
        return left and also_left

    def _indicator(self, text: str, test: ast.expr, values: Values) -> Poly | None:
        """A condition as a number, if it is the same in every trip and no data are looked at."""
        counters = {trip.label for trip in self.around if trip.label}
        for node in ast.walk(test):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in values:
                value = values[node.id]
                if value is None or value.names & counters:
                    return None
            if isinstance(node, (ast.Await, ast.Subscript)):
                return None
            if isinstance(node, ast.Call) and not (
                isinstance(node.func, ast.Name) and node.func.id in (*_WRAPS, *_ARGUMENTS)
            ):
                return None
        return name(f"[{text}]")

    def _under(self, trip: Trip, statements: list[ast.stmt], values: Values) -> bool:
        self.around.append(trip)
        left = self._block(statements, values)
        self.around.pop()
        return left

    def _for(self, statement: ast.For, values: Values) -> None:
        target, over = statement.target, statement.iter
        label = target.id if isinstance(target, ast.Name) else ""
        steps = self._steps(over, values)
        if steps is None or not label or any(isinstance(n, (ast.Break, ast.Return)) for n in ast.walk(statement)):
            self._loop(Trip(spelled(ast.unparse(target), over), label or "for"), statement, values)
            return
        start, trips, step = steps
        counter = label
        while any(trip.label == counter for trip in self.around):
            counter += "'"
        inner = {**values, label: start + name(counter) * step}
        self._loop(Trip(spelled(label, over), counter, trips), statement, values, inner)

    def _steps(self, over: ast.expr, values: Values) -> tuple[Poly, Poly, Poly] | None:
        """(first, how many, by how much) of range(…) and count(…)."""
        if not (isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id in ("range", "count")):
            return None
        return steps([self._value(argument, values) for argument in over.args])

    def _loop(self, trip: Trip, statement: ast.For | ast.While, values: Values, inner: Values | None = None) -> None:
        """A loop's body. What it assigns is unknown inside from the second trip on, and after it."""
        inner = dict(values) if inner is None else inner
        assigned = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        own = fresh(statement.body)
        for label in assigned - own - {trip.label.rstrip("'")}:
            inner[label] = None  # also where the module has a constant of that name
        self._under(trip, statement.body, inner)
        for label in assigned:
            values[label] = None

    # ---- expressions ----------------------------------------------------------------------------------------

    def _value(self, node: ast.expr, values: Values, label: str | None = None) -> Poly | None:
        """A number as a polynomial, walking into calls on the way. `label` is the name it is stored under."""
        if isinstance(node, ast.Await):
            return self._value(node.value, values, label)
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return number(int(node.value))
        if isinstance(node, ast.Name):
            if node.id in values:
                return values[node.id]
            constant = self.names.constant(node.id)
            return None if constant is None else number(constant)
        if isinstance(node, ast.IfExp):
            return self._chosen(node, values, label)
        if isinstance(node, ast.BinOp):
            return combined(node.op, self._value(node.left, values), self._value(node.right, values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return combined(ast.Sub(), number(0), self._value(node.operand, values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            operand = self._value(node.operand, values)
            return number(int(not operand.constant)) if operand is not None and operand.constant is not None else None
        if isinstance(node, ast.Compare):
            return self._compared(node, values)
        if isinstance(node, ast.Call):
            return self._call(node, values, label)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._value(child, values)
        return None

    def _chosen(self, node: ast.IfExp, values: Values, label: str | None) -> Poly | None:
        test = self._value(node.test, values)
        yes, no = self._value(node.body, values, label), self._value(node.orelse, values, label)
        if test is None or test.constant is None:
            return yes if yes == no else None
        return yes if test.constant else no

    def _compared(self, node: ast.Compare, values: Values) -> Poly | None:
        left, right = self._value(node.left, values), self._value(node.comparators[0], values)
        return compared(node.ops[0], left, right) if len(node.ops) == 1 else None

    def _call(self, node: ast.Call, values: Values, label: str | None) -> Poly | None:
        module = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.attr
        if not isinstance(node.func, ast.Name) and not (module and self.wanted(module)):
            for argument in node.args:
                self._value(argument, values)
            return None
        called = node.func.id if isinstance(node.func, ast.Name) else str(module)
        given = tuple(self._value(argument, values) for argument in node.args)
        if called in _WRAPS and len(given) == 1:
            return given[0]
        if called in ("min", "max") and len(given) == 2:
            return given[0] if given[0] == given[1] else None
        if called in _ARGUMENTS:
            return self._argument(called, given[0] if given else None, label)
        if self.wanted(called):
            self.made.append(Made(called, node.lineno, ast.unparse(node), given, tuple(self.around)))
            return None
        found = self.names.function(called)
        if found is not None and isinstance(found[0], Definition) and self.depth < 20:  # no lambda
            definition, outer = found[0], self.names
            inner = defaults(definition.args)
            inner |= zip((a.arg for a in definition.args.args), given, strict=False)
            inner |= {k.arg: self._value(k.value, values) for k in node.keywords if k.arg}
            self.depth, self.names = self.depth + 1, found[1]
            self._block(definition.body, inner)
            self.depth, self.names = self.depth - 1, outer
        return None

    def _argument(self, call: str, index: Poly | None, label: str | None) -> Poly | None:
        """An argument: its value if that is known, else a name: the variable it is stored in, or the call."""
        at = int(index.constant) if index is not None and index.constant is not None else None
        if at is None:
            return None
        value = self.known.get(call, {}).get(at)
        return name(label or f"{call}({at})") if value is None else number(value)
