"""What a name stands for: a variable, something known, a constant of the module, or a variable of a function around.

The latter comes in as a parameter, which the callers on the way hand through.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace
from functools import cache

from .. import api
from . import types
from .code import wrap
from .frame import Frame, expression
from .values import Expr, Items, Method, Range, Symbol, Table, Value


@cache
def _api_numbers() -> dict[str, int]:
    """Numbers that the kernel API itself names."""
    names = api.namespace("reader") | api.namespace("compute")
    return {name: value for name, value in names.items() if type(value) is int}


@expression(ast.Name)
def lookup(frame: Frame, node: ast.Name) -> Value:
    name = node.id
    here: Frame | None = frame
    while here is not None:
        if name in here.env:
            found = here.env[name]
            if here is not frame and not isinstance(found, Symbol) and here.plan.assigned.get(name, 0) > 1:
                frame.fail(node, f"{name} changes in {here.code.name} and is no number; hand it over as an argument")
            return _view(frame, found)
        if name in here.plan.assigned and name not in here.nonlocals:
            frame.fail(node, f"{name} is read before it has a value; give it one above, outside of any `if`")
        here = here.code.parent
    return _of_module(frame, node)


def _of_module(frame: Frame, node: ast.Name) -> Value:
    """A name of the module, or of the functions around a kernel: numbers keep it as a C++ constant."""
    name, code = node.id, frame.code
    for names in (code.cells, code.globals, vars(builtins)):
        if name not in names:
            continue
        value = wrap(names[name])
        if isinstance(value, Expr):
            if _api_numbers().get(name) == value.number:
                return replace(value, code=name, type=types.U32)
            found = frame.module.constant(name, value.number)
            if frame.owner is not frame and frame.block.sees(found.code):
                frame.fail(node, f"{frame.owner.code.name} has a variable {found.code} too; rename one of them")
            return found
        return replace(value, name=name) if isinstance(value, Items) else value
    frame.fail(node, f"nothing is called {name} here; define or import it")


# ---- variables of functions around -------------------------------------------------------------------------


def _view(frame: Frame, value: Value | Symbol) -> Value:
    """A value as this function sees it."""
    if isinstance(value, Symbol):
        return symbol(frame, value).read()
    if isinstance(value, Items):
        return replace(value, values=tuple(_view(frame, v) for v in value.values))
    if isinstance(value, Table):
        return Table({key: _view(frame, v) for key, v in value.entries.items()})
    if isinstance(value, Range):
        return Range(*(_viewed(frame, e) for e in (value.start, value.stop, value.step)))
    if isinstance(value, Method):
        return Method(_viewed(frame, value.on), value.name)
    return _viewed(frame, value) if isinstance(value, Expr) else value


def _viewed(frame: Frame, expr: Expr) -> Expr:
    if all(s.owner in (frame.owner, frame.module) for s in expr.uses):
        return expr
    (variable,) = expr.uses  # what is kept over statements is a plain variable
    return symbol(frame, variable).read()


def symbol(frame: Frame, variable: Symbol) -> Symbol:
    """The variable itself, or the parameter through which that of another function comes in."""
    if variable.owner in (frame.owner, frame.module):
        return variable
    owner, function = frame.owner, frame.owner.function
    if variable not in function.imports:
        used = {s.name for s in (*owner.symbols.values(), *function.all)}
        name = frame.module.free(variable.name, used)
        kind = types.decayed(variable.type)
        copied = Symbol(name, kind, owner, once=variable.possible, parameter=variable.type.bits > 0)
        function.imports[variable] = copied
        function.body.names.add(name)
    return function.imports[variable]
