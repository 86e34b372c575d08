"""Calls of Python helpers: each becomes a C++ function, specialised on what is known of its arguments.

Numbers are passed; functions, enum members, None and bools are written in, so `mean(…, None)` and `mean(…, exact)`
are two C++ functions. What a nested function uses of the functions around it comes in as further parameters.
Left out: recursion, *args.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import types
from .arguments import bound
from .code import Code
from .elements import array
from .frame import Frame, Renamed
from .inline import written_out
from .module import Function, Module, spare
from .names import symbol
from .source import above
from .types import Type
from .values import Expr, Items, Range, Static, Symbol, Table, Value, united

ROUNDS = 6  # types settle in two; more would mean that they go round in circles


class _NoNumber(Exception):
    """The function returns something that is no C++ value."""


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
    cells = tuple((name, id(value)) for name, value in code.cells.items())
    key = (id(code.node), id(code.parent), cells, *(_key(v) for v in values.values()))
    if key not in frame.module.made:
        if code.node in frame.module.open:
            frame.fail(node, f"{code.name} calls itself; write a loop")
        try:
            frame.module.made[key] = _make(frame, code, values)
        except _NoNumber:
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
    return frame.module.computed(id(code.globals), code.name, replace(value, uses=frozenset()))


def _key(value: Value) -> Any:
    """Two values with one key need one C++ function."""
    if isinstance(value, Expr):
        return _passed(value.type)
    if isinstance(value, Items):
        return (value.array, *(_key(v) for v in value.values))
    if isinstance(value, Table):
        return tuple((k, _key(v)) for k, v in value.entries.items())
    if isinstance(value, Range):
        return ("range", *(e.number if e.number is not None else e.type for e in (value.start, value.stop, value.step)))
    if isinstance(value, Static):
        thing = value.object
        return (type(thing), thing) if isinstance(thing, (bool, str)) else id(thing)
    return value


def _passed(kind: Type) -> Type:
    """The type of the parameter for an argument of a type."""
    return types.U32 if kind in (types.U8, types.U16) else types.declared(kind)


# ---- the C++ function --------------------------------------------------------------------------------------


def _make(frame: Frame, code: Code, values: dict[str, Value]) -> Function:
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
        return _number(inner, name, _passed(value.type))
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
        raise _NoNumber
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
