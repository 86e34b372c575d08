"""A Python helper as a C++ function for certain arguments.

Numbers become parameters; what else is known is written in. Left out: the call itself (`functions`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from . import types
from .code import Code
from .frame import Frame, Renamed
from .module import Function, Module, spare
from .source import above
from .types import Type
from .values import Expr, Items, Range, Static, Symbol, Table, Value

ROUNDS = 6  # types settle in two; more would mean that they go round in circles


class NoNumber(Exception):
    """The function returns something that is no C++ value."""


def passed(kind: Type) -> Type:
    """The type of the parameter for an argument of a type."""
    kind = types.decayed(kind)
    return types.U32 if kind in (types.U8, types.U16) else types.declared(kind)


def make(frame: Frame, code: Code, values: dict[str, Value]) -> Function:
    """Write the function; again if a variable turned out to need a wider type than was thought at its first use."""

    def fresh(known: dict[tuple[str, int], Type]) -> Frame:
        name = frame.module.free(code.name.lstrip("_") or code.name)
        frame.module.taken.add(name)
        inner = Frame(frame.module, code, Function(Symbol(name, types.VOID, frame.module, once=True), []))
        inner.known = known
        for parameter, value in values.items():
            inner.env[parameter] = _parameter(inner, parameter, value)
        return inner

    return _added(written(frame.module, fresh))


def written(module: Module, fresh: Callable[[dict[tuple[str, int], Type]], Frame]) -> Frame:
    """A frame whose body is written, in as many rounds as it takes to know its variables' types."""
    kept, known, renamed = module.snapshot(), dict[tuple[str, int], Type](), set[str]()
    for _ in range(ROUNDS):
        inner = fresh(known)
        inner.renamed = renamed
        try:
            _body(inner)
        except Renamed as found:
            renamed = renamed | {found.name}
        else:
            if not (known := _grown(inner)):
                return inner
        module.restore(kept)
    inner.fail(inner.code.node, "the types of its variables go round in circles; write u32(...) around their values")


def _parameter(inner: Frame, name: str, value: Value) -> Value | Symbol:
    """A value as the function sees it: numbers are parameters, everything else is known."""
    if isinstance(value, Expr):
        return _number(inner, name, passed(value.type))
    if isinstance(value, Items):
        parts = (_read(_parameter(inner, f"{name}_{k}", v)) for k, v in enumerate(value.values))
        return replace(value, values=tuple(parts))
    if isinstance(value, Table):
        return Table({k: _read(_parameter(inner, f"{name}_{k}", v)) for k, v in value.entries.items()})
    if isinstance(value, Range):
        ends = (("start", value.start), ("stop", value.stop), ("step", value.step))
        return Range(*(e if e.number is not None else _number(inner, f"{name}_{k}", e.type).read() for k, e in ends))
    return value


def _number(inner: Frame, name: str, kind: Type) -> Symbol:
    kind = types.join(kind, inner.known.get((name, 0), kind)) or kind
    once = name not in inner.plan.assigned
    used = {s.name for s in inner.function.params}
    free = inner.module.free(name, used) if spare(name) in used else spare(name)
    found = Symbol(free, kind, inner, once=once, parameter=kind.bits > 0)
    inner.function.params.append(found)
    inner.symbols[name, 0] = found
    inner.function.body.names.add(free)
    if not once:
        inner.declared[name] = found
    return found


def _read(found: Value | Symbol) -> Value:
    return found.read() if isinstance(found, Symbol) else found


def _body(frame: Frame) -> None:
    """The docstring and the statements."""
    node = frame.code.node
    assert not isinstance(node, ast.Lambda)
    frame.function.notes = above(frame.code.source, node)
    frame.module.open.append(node)
    try:
        frame.run(node.body)
    finally:
        frame.module.open.remove(node)


def _grown(frame: Frame) -> dict[tuple[str, int], Type]:
    """The final types, if a variable was taken for something else when it was read."""
    final = {key: types.declared(s.type) for key, s in frame.symbols.items()}
    for key, variable in frame.symbols.items():
        reads = variable.reads if frame.signed else {types.declared(kind) for kind in variable.reads}
        if reads - {final[key]}:
            return final
    return {}


def finished(frame: Frame) -> Function:
    """The function with its result's type."""
    function, values = frame.function, [v for v in frame.returns if v is not None]
    if any(not isinstance(v, Expr) and not (isinstance(v, Static) and isinstance(v.object, bool)) for v in values):
        raise NoNumber
    kinds = [frame.as_expr(v, frame.code.node).type for v in values]
    if kinds and (len(kinds) < len(frame.returns) or not frame.ended):
        frame.fail(frame.code.node, "it returns a value on one way and none on another; return one on all of them")
    for kind in kinds:
        joined = kind if function.returns is types.VOID else types.join(function.returns, kind)
        if joined is None:
            frame.fail(
                frame.code.node, f"it returns {function.returns.name} and {kind.name}; write u32(...) or i32(...)"
            )
        function.returns = types.declared(joined)
    if not frame.runtime:
        called = frozenset(f.symbol for f in frame.calls)
        function.symbol.init = Expr("", types.VOID, constant=True, uses=called)
    return function


def _added(inner: Frame) -> Function:
    """The function in the file; an equal one that is there already; nothing if it does nothing."""
    function, module = finished(inner), inner.module
    for other in module.functions:
        if other.like(function):
            module.taken.discard(function.symbol.name)
            return other
    if function.idle:
        module.taken.discard(function.symbol.name)
    else:
        module.functions.append(function)
    return function
