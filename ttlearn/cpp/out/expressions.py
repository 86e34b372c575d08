"""Names, numbers, subscripts, attributes and conditional expressions.

Left out: operators (`operators`), calls (`calls`) and sequences (`sequences`).
"""

from __future__ import annotations

import ast
from dataclasses import replace

from . import types
from .code import Code, described, wrap
from .conditions import chosen, condition
from .elements import element
from .frame import Frame, expression
from .objects import field
from .sequences import key_of
from .values import Expr, Items, Method, Static, Table, Value, number


class Split(Exception):
    """A conditional expression whose branches C++ cannot put into one expression: the statement is split instead."""

    def __init__(self, node: ast.IfExp, test: Expr) -> None:
        super().__init__("split")
        self.node, self.test = node, test


@expression(ast.Constant)
def constant(frame: Frame, node: ast.Constant) -> Value:
    value = wrap(node.value)
    if isinstance(value, Expr):
        text = frame.code.source.segment(node)
        if text.lower().startswith("0x"):  # as it was written
            return replace(value, code=text.replace("_", "") + ("ull" if value.type is types.U64 else ""))
        if value.number in (float("inf"), float("-inf")):
            frame.fail(node, "C++ has no such number; write bits_to_float(0x7F800000)")
    return value


# ---- parts of things ---------------------------------------------------------------------------------------


@expression(ast.Subscript)
def subscript(frame: Frame, node: ast.Subscript) -> Value:
    on = frame.value(node.value)
    if isinstance(node.slice, ast.Slice):
        return _slice(frame, node, on, node.slice)
    index = frame.value(node.slice)
    if isinstance(on, Static):
        try:
            return wrap(on.object[key_of(frame, node.slice, index)])
        except (KeyError, IndexError, TypeError) as why:
            frame.fail(node, f"{described(on.object)} has no such entry ({why}); look at the key")
    if isinstance(on, Table):
        key = key_of(frame, node.slice, index)
        if key not in on.entries:
            frame.fail(node, f"the table has no entry {key!r}; add one")
        _only(frame, node, on.entries[key], list(on.entries.values()))
        return on.entries[key]
    if isinstance(on, Items):
        if isinstance(index, Expr) and (index.number is None or index.uses):
            on = _array_of_module(frame, node, on)
        else:
            return _item(frame, node, on, int(key_of(frame, node.slice, index)))
    if isinstance(on, Expr) and on.type.element:
        return element(on, frame.expr(node.slice))
    frame.fail(node, "only arrays, tuples, tables and tt_l1_ptr have elements in C++; use one of them")


def _item(frame: Frame, node: ast.Subscript, on: Items, index: int) -> Value:
    if not -len(on.values) <= index < len(on.values):
        frame.fail(node, f"there are {len(on.values)} elements, counted from 0; use a smaller index")
    _only(frame, node, on.values[index], list(on.values))
    return on.values[index]


def _only(frame: Frame, node: ast.AST, chosen: Value, all_of_them: list[Value]) -> None:
    """What is not chosen is not written: it must not do anything."""
    for value in all_of_them:
        if isinstance(value, Expr) and value is not chosen and not value.pure:
            frame.fail(node, f"{value.code} would not be called in C++; keep it in a variable first")


def _array_of_module(frame: Frame, node: ast.Subscript, on: Items) -> Expr:
    numbers = [v for v in on.values if isinstance(v, Expr) and v.number is not None]
    if not on.name or len(numbers) != len(on.values) or not numbers:
        frame.fail(node, "which element is known only on the chip; use a list of numbers, which C++ keeps as an array")
    return frame.module.array(on.name, numbers)


def _slice(frame: Frame, node: ast.Subscript, on: Value, part: ast.Slice) -> Value:
    if not isinstance(on, Items):
        frame.fail(
            node, "a slice stands alone on the left of `=`, or alone on its right; move the elements in a for loop"
        )
    ends = [
        None if end is None else key_of(frame, end, frame.value(end)) for end in (part.lower, part.upper, part.step)
    ]
    return Items(on.values[slice(*ends)])


@expression(ast.Attribute)
def attribute(frame: Frame, node: ast.Attribute) -> Value:
    on = frame.value(node.value)
    if isinstance(on, Static) and not isinstance(on.object, Code):
        try:
            return wrap(getattr(on.object, node.attr))
        except AttributeError:
            frame.fail(node, f"{described(on.object)} has no {node.attr}")
    if isinstance(on, Expr):
        found = field(on, node.attr)
        return Method(on, node.attr) if found is None else found
    frame.fail(node, "this attribute is Python's own; use plain numbers, sequences and calls of the kernel API")


@expression(ast.Lambda)
def function_without_name(frame: Frame, node: ast.Lambda) -> Value:
    return Static(Code(node, frame.code.source, frame.code.globals, frame.code.cells, {}, frame))


# ---- choices -----------------------------------------------------------------------------------------------


@expression(ast.IfExp)
def conditional(frame: Frame, node: ast.IfExp) -> Value:
    """`a if test else b`: decided now, or `test ? a : b`, or the statement is split into if and else."""
    test = condition(frame, node.test)
    if isinstance(test, Static):
        return frame.value(node.body if test.object else node.orelse)
    if node in frame.choices:
        return frame.value(node.body if frame.choices[node] else node.orelse)
    return _either(frame, node, test, frame.value(node.body), frame.value(node.orelse))


def _either(frame: Frame, node: ast.IfExp, test: Expr, a: Value, b: Value) -> Value:
    if isinstance(a, Static) and isinstance(b, Static) and a == b:
        return a
    pair = [number(v.object) if isinstance(v, Static) and isinstance(v.object, bool) else v for v in (a, b)]
    one, other = pair
    if isinstance(one, Expr) and isinstance(other, Expr) and types.join(one.type, other.type):
        return chosen(frame, node, test, one, other)
    if isinstance(one, Items) and isinstance(other, Items) and len(one.values) == len(other.values) and test.pure:
        pairs = zip(one.values, other.values, strict=True)
        return Items(tuple(_either(frame, node, test, x, y) for x, y in pairs))
    raise Split(node, test)
