"""Assignments: variables for what the chip computes, nothing at all for what is known while writing.

A variable's type is the one that all its values share. Left out: attributes as targets.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from . import elements, types
from .frame import Frame, Renamed, expression, statement
from .intrinsics import WRAPS
from .names import symbol
from .operators import OPERATORS, arithmetic
from .sequences import known_items
from .values import Expr, Items, Static, Symbol, Unset, Value, number
from .variables import declare, kept, own_value, settle


@statement(ast.Assign)
def assignment(frame: Frame, node: ast.Assign) -> None:
    first = node.targets[0]
    if len(node.targets) == 1 and isinstance(first, ast.Subscript) and isinstance(first.slice, ast.Slice):
        elements.store_slice(frame, first, node.value)
        return
    if (again := _in_place(frame, node)) is not None:
        augmented(frame, again)
        return
    value = frame.value(node.value)
    for target in node.targets:
        assign(frame, target, value, node.value)


def _in_place(frame: Frame, node: ast.Assign) -> ast.AugAssign | None:
    """`x = u32(x + y)`, which C++ kernels become in Python, is `x += y` again."""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Call) or len(value.args) != 1:
        return None
    found, inner = variable(frame, target.id), value.args[0]
    if not isinstance(inner, ast.BinOp) or not isinstance(inner.left, ast.Name) or inner.left.id != target.id:
        return None
    function = frame.value(value.func)
    if found is None or len(node.targets) > 1 or not isinstance(function, Static) or function.object not in WRAPS:
        return None
    back = frame.checkpoint()
    kinds = {WRAPS[function.object], found.type, frame.modular(inner.right).type}
    back()
    if len({types.declared(kind) for kind in kinds}) > 1:
        return None
    return ast.copy_location(ast.AugAssign(target, inner.op, inner.right), node)


@statement(ast.AnnAssign)
def annotated(frame: Frame, node: ast.AnnAssign) -> None:
    assign(frame, node.target, Unset() if node.value is None else frame.value(node.value), node.value or node)


def assign(frame: Frame, target: ast.expr, value: Value, source: ast.AST) -> None:
    """`target = value`."""
    if isinstance(target, (ast.Tuple, ast.List)):
        _together(frame, target, value, source)
    elif isinstance(target, ast.Name):
        _name(frame, target.id, value, source)
    elif isinstance(target, ast.Subscript):
        elements.store(frame, target, value, source)
    elif isinstance(target, ast.Attribute) and isinstance(place := frame.value(_loaded(target)), Expr):
        frame.emit(f"{place.code} = {frame.expr_of(value, source).code};")
    else:
        frame.fail(target, "C++ has nothing to assign to here; use a variable or p[i]")


# ---- one name ----------------------------------------------------------------------------------------------


def _name(frame: Frame, name: str, value: Value, source: ast.AST) -> None:
    if isinstance(value, Static) and isinstance(value.object, bool) and not frame.once(name):
        value = number(value.object)
    if isinstance(value, Unset):
        kind = types.LITERAL if value.length is None else types.array(types.LITERAL, value.length)
        declare(frame, name, kind, None)
    elif (unset := elements.without_values(value)) is not None:
        declare(frame, name, unset, None)
    elif isinstance(value, Items) and value.array:
        _variable(frame, name, elements.array(frame, value, source), source)
    elif isinstance(value, Expr):
        _variable(frame, name, value, source)
    else:
        frame.env[name] = settle(frame, name, value)


def _variable(frame: Frame, name: str, value: Expr, source: ast.AST) -> None:
    frame.expr_of(value, source)
    found = variable(frame, name)
    if found is None or own_value(frame, name):
        declare(frame, name, value.type, value)
        return
    _joined(frame, found, name, value, source)
    frame.env[name] = found
    frame.emit(f"{found.name} = {value.code};")


def _joined(frame: Frame, found: Symbol, name: str, value: Expr, source: ast.AST) -> None:
    """The variable's type grows with what it is given."""
    kind = types.join(found.type, value.type)
    if kind is None or found.type in (types.ACCESSOR, types.ARGS) or found.type.length is not None:
        if frame.straight(name) and name not in frame.renamed:
            raise Renamed(name)
        frame.fail(source, f"{name} is {found.type.name} before and {value.type.name} here; use two names")
    found.type = types.LITERAL if kind is types.COUNT else kind


def variable(frame: Frame, name: str) -> Symbol | None:
    """The C++ variable of this name, if there is one: this function's, or (nonlocal) one of a function around it."""
    if name not in frame.nonlocals:
        return frame.declared.get(name)
    parent = frame.code.parent
    while parent is not None and name not in parent.declared:
        parent = parent.code.parent
    if parent is None:
        return None
    found = symbol(frame, parent.declared[name])
    frame.owner.function.changed.add(found)
    return found


@expression(ast.NamedExpr)
def walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    """`(x := y)` inside an expression."""
    found, value = variable(frame, node.target.id), frame.expr(node.value)
    if found is None:
        frame.fail(node, f"{node.target.id} needs a value before; write {node.target.id} = 0 above")
    _joined(frame, found, node.target.id, value, node)
    return Expr(f"({found.name} = {value.code})", found.read().type, uses=frozenset((found,)), pure=False)


# ---- several names -----------------------------------------------------------------------------------------


def _together(frame: Frame, target: ast.Tuple | ast.List, value: Value, source: ast.AST) -> None:
    """`a, b = …`: one after the other, unless a later value still needs an earlier target."""
    values = known_items(frame, source, value)
    if len(values) != len(target.elts):
        frame.fail(target, f"there are {len(values)} values for {len(target.elts)} names; make them as many")
    symbols = [frame.env.get(t.id) if isinstance(t, ast.Name) else None for t in target.elts]
    if _swapped(frame, symbols, values):
        one, other = (s.name for s in symbols if isinstance(s, Symbol))
        frame.module.system.add("utility")
        frame.emit(f"std::swap({one}, {other});")
        return
    for k, item in enumerate(values):
        if isinstance(item, Expr) and any(s in item.uses for s in symbols[:k]):
            name = target.elts[k]
            values[k] = kept(frame, f"new_{name.id}" if isinstance(name, ast.Name) else "value", item)
    for part, item in zip(target.elts, values, strict=True):
        assign(frame, part, item, source)


def _swapped(frame: Frame, symbols: list[Value | Symbol | None], values: list[Value]) -> bool:
    if len(symbols) != 2 or not all(isinstance(s, Symbol) and s in frame.declared.values() for s in symbols):
        return False
    found = [s for s in symbols if isinstance(s, Symbol)]
    codes = [v.code if isinstance(v, Expr) else None for v in values]
    return codes == [found[1].name, found[0].name] and found[0].type == found[1].type


# ---- in place ----------------------------------------------------------------------------------------------


@statement(ast.AugAssign)
def augmented(frame: Frame, node: ast.AugAssign) -> None:
    """`x += y`."""
    old, value = frame.expr(_loaded(node.target)), frame.modular(node.value)
    result = arithmetic(frame, node, node.op, old, replace(value, number=None))
    if result.below:
        frame.settled(result, node)
    if isinstance(node.target, ast.Name):
        found = variable(frame, node.target.id)
        if found is None:
            frame.fail(node, f"{node.target.id} is no variable of this function; give it a value here first")
        _joined(frame, found, node.target.id, result, node)
    frame.emit(f"{old.code} {OPERATORS[type(node.op)][0]}= {value.code};")


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """The target as a value."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
