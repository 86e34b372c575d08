"""Calls of Python helpers: each becomes a C++ function, specialised on what is known of its arguments.

Numbers are passed; functions, enum members, None and bools are written in, so `mean(…, None)` and `mean(…, exact)`
are two C++ functions. What a nested function uses of the functions around it comes in as further parameters.
Left out: recursion, *args.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from . import types
from .arguments import bound
from .code import Code
from .elements import array
from .frame import Frame
from .inline import written_out
from .module import Function
from .names import symbol
from .specialise import NoNumber, make, passed
from .values import Expr, Items, Range, Static, Symbol, Table, Value, united


def call(frame: Frame, node: ast.Call, code: Code, given: tuple[list[Value], dict[str, Value]]) -> Value:
    """A call of a Python function."""
    arguments = code.node.args
    if arguments.vararg or arguments.kwarg:
        frame.fail(node, f"{code.name} takes *args or **kwargs; give it named parameters")
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    values = bound(frame, node, names, given, code.defaults, code.name)
    if not names and code.source.made and (found := _constant(frame, code)) is not None:
        return found
    if isinstance(code.node, ast.Lambda):
        return written_out(frame, node, code, values)
    cells = tuple((name, _Same(value)) for name, value in code.cells.items())
    key = (code.node, code.parent, cells, *(_key(v) for v in values.values()))
    if key not in frame.module.made:
        if code.node in frame.module.open:
            frame.fail(node, f"{code.name} calls itself; write a loop")
        try:
            frame.module.made[key] = make(frame, code, values)
        except NoNumber:
            return written_out(frame, node, code, values)
    return _called(frame, node, frame.module.made[key], values)


def _constant(frame: Frame, code: Code) -> Value | None:
    """A constant of a C++ file, which is a function without parameters in the Python that was made of it."""
    body = code.node.body
    if isinstance(code.node, ast.AsyncFunctionDef) or not isinstance(body, list) or not isinstance(body[0], ast.Return):
        return None
    inner = Frame(frame.module, code, Function(Symbol("", types.VOID, frame.module), []))
    value = Static(None) if body[0].value is None else inner.value(body[0].value)
    if isinstance(value, Items) and value.array:
        value = array(inner, value, body[0])
    if not isinstance(value, Expr) or not value.constant or value.type is types.VOID:
        return None
    for used in value.uses:
        inner.demand(used.read(), body[0], f"the constant {code.name}")
    return frame.module.computed(code.name, replace(value, uses=frozenset()))


class _Same:
    """A key for an object itself, whatever it is equal to. Keeps it alive."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _key(value: Value) -> Any:
    """Two values with one key need one C++ function."""
    if isinstance(value, Expr):
        return passed(value.type)
    if isinstance(value, Items):
        return (value.array, *(_key(v) for v in value.values))
    if isinstance(value, Table):
        return tuple((k, _key(v)) for k, v in value.entries.items())
    if isinstance(value, Range):
        return ("range", *(e.number if e.number is not None else e.type for e in (value.start, value.stop, value.step)))
    if isinstance(value, Static):
        thing = value.object
        return (type(thing), thing) if isinstance(thing, (bool, str)) else _Same(thing)
    return value


# ---- the call ----------------------------------------------------------------------------------------------


def _called(frame: Frame, node: ast.Call, made: Function, values: dict[str, Value]) -> Value:
    outer = [symbol(frame, s) for s in made.imports]
    _changed(frame, made, outer)
    args = [e for v in values.values() for e in _flat(v)] + [s.read() for s in outer]
    if made.idle:
        for arg in args:
            if not arg.pure:
                frame.emit(f"{arg.code};")
        return Static(None)
    if frame.block.sees(made.symbol.name):
        frame.fail(node, f"{made.symbol.name} is a variable here and a function too; rename one of them")
    pairs = list(zip(made.all, args, strict=True))
    for param, arg in pairs:
        frame.settled(arg, node)
        if param.constant:
            frame.demand(arg, node, f"{param.name} of {made.symbol.name}")
    heads = ", ".join(a.code for p, a in pairs if p.constant)
    rest = ", ".join(a.code for p, a in pairs if not p.constant)
    possible = made.symbol.possible
    frame.owner.runtime |= not possible
    frame.owner.calls.append(made)
    fields = united(*args, Expr("", types.VOID, constant=possible, uses=frozenset((made.symbol,))))
    fields["pure"] = possible and fields["pure"]
    return Expr(f"{made.symbol.name}{heads and f'<{heads}>'}({rest})", made.returns, **fields)


def _changed(frame: Frame, made: Function, outer: list[Symbol]) -> None:
    """Variables that the function assigns (nonlocal) are passed by reference, and are no constants."""
    for variable, inner in zip(outer, made.imports.values(), strict=True):
        if inner in made.changed:
            variable.once = False
            if variable in frame.owner.function.imports.values():
                frame.owner.function.changed.add(variable)


def _flat(value: Value) -> list[Expr]:
    """The numbers in a value, in the order of `_parameter`."""
    if isinstance(value, Expr):
        return [value]
    if isinstance(value, Items):
        return [e for v in value.values for e in _flat(v)]
    if isinstance(value, Table):
        return [e for v in value.entries.values() for e in _flat(v)]
    if isinstance(value, Range):
        return [e for e in (value.start, value.stop, value.step) if e.number is None]
    return []
