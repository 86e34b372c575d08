"""Conditions, comparisons, signs: what C++ would ask otherwise than Python is refused.

A condition that is known while writing is a Static bool.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from . import types, values
from .frame import Frame, expression
from .operators import known_result, side
from .values import Expr, Items, Static, Value, number, united

_COMPARISONS: dict[type[ast.cmpop], tuple[str, int]] = {
    ast.Eq: ("==", values.EQUAL),
    ast.NotEq: ("!=", values.EQUAL),
    ast.Lt: ("<", values.LESS),
    ast.LtE: ("<=", values.LESS),
    ast.Gt: (">", values.LESS),
    ast.GtE: (">=", values.LESS),
}
_PYTHON: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@expression(ast.UnaryOp)
def unary(frame: Frame, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        return negated(condition(frame, node.operand))
    operand = frame.as_expr(frame.value(node.operand), node.operand)
    if isinstance(node.op, ast.UAdd):
        return operand
    if operand.written:
        return number(-operand.number if isinstance(node.op, ast.USub) else ~int(operand.number))
    kind = types.widened(operand.type)
    if kind is types.FLOAT and isinstance(node.op, ast.Invert):
        frame.fail(node, "~ is for whole numbers; write ~u32(x)")
    sign = "-" if isinstance(node.op, ast.USub) else "~"
    kind = types.I32 if kind is types.LITERAL else types.declared(kind)
    code = f"{sign}{operand.at(values.UNARY + (operand.code[0] == sign))}"
    return Expr(code, kind, values.UNARY, below=kind.integer and not kind.signed, **united(operand))


# ---- conditions --------------------------------------------------------------------------------------------


def condition(frame: Frame, node: ast.expr) -> Static | Expr:
    """A condition: a Static bool if it is known now, else an expression."""
    if isinstance(node, ast.BoolOp):
        return _both(frame, node)
    return as_condition(frame, frame.value(node), node)


def as_condition(frame: Frame, found: Value, node: ast.expr) -> Static | Expr:
    if isinstance(found, Expr):
        if found.written:
            return Static(bool(found.number))
        if found.type is types.FLOAT:
            return Expr(f"{found.at(values.LESS)} != 0.0f", types.BOOL, values.EQUAL, **united(found))
        if not found.type.number:
            frame.fail(node, f"a {found.type.name} is no condition in C++; compare it with something")
        return found
    if isinstance(found, Items):
        return Static(bool(found.values))
    if isinstance(found, Static):
        return Static(bool(found.object))
    frame.as_expr(found, node)
    raise AssertionError


def negated(found: Static | Expr) -> Static | Expr:
    if isinstance(found, Static):
        return Static(not found.object)
    return Expr(f"!{found.at(values.UNARY)}", types.BOOL, values.UNARY, **united(found))


def _both(frame: Frame, node: ast.BoolOp) -> Static | Expr:
    stop = isinstance(node.op, ast.Or)
    level, sign = (values.OR, "||") if stop else (values.AND, "&&")
    parts: list[Expr] = []
    for operand in node.values:
        found = condition(frame, operand)
        if isinstance(found, Expr):
            parts.append(found)
        elif bool(found.object) is stop:
            if not parts:
                return found
            parts.append(number(stop))
            break
    if len(parts) < 2:
        return parts[0] if parts else Static(not stop)
    text = f" {sign} ".join(f"({p.code})" if p.level <= values.AND and p.level != level else p.code for p in parts)
    return Expr(text, types.BOOL, level, **united(*parts))


@expression(ast.BoolOp)
def either(frame: Frame, node: ast.BoolOp) -> Value:
    """`a or b` as a value: the first that is not zero; `a and b`: the first that is."""
    stop = isinstance(node.op, ast.Or)
    found = frame.value(node.values[0])
    test = as_condition(frame, found, node.values[0])
    rest = ast.BoolOp(node.op, node.values[1:]) if len(node.values) > 2 else node.values[1]
    rest = ast.copy_location(rest, node)
    if isinstance(test, Static):
        return found if bool(test.object) is stop else frame.value(rest)
    other = frame.expr(rest)
    if test.type is types.BOOL and other.type is types.BOOL:
        return _both(frame, node)
    if not test.pure:
        frame.fail(node, "this value would be computed twice in C++; keep it in a variable first")
    return chosen(frame, node, test, *((test, other) if stop else (other, test)))


# ---- comparisons -------------------------------------------------------------------------------------------


@expression(ast.Compare)
def compare(frame: Frame, node: ast.Compare) -> Value:
    parts: list[Expr] = []
    left = frame.value(node.left)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = frame.value(right_node)
        found = _compared(frame, node, op, left, right)
        if isinstance(found, Expr):
            parts.append(found)
        elif not found.object:
            return found
        left = right
    if len(parts) < 2:
        return parts[0] if parts else Static(True)
    return Expr(" && ".join(p.at(values.AND) for p in parts), types.BOOL, values.AND, **united(*parts))


def _compared(frame: Frame, node: ast.Compare, op: ast.cmpop, left: Value, right: Value) -> Static | Expr:
    if isinstance(op, (ast.In, ast.NotIn)):
        return _within(frame, node, op, left, right)
    if isinstance(left, Static) and isinstance(right, Static):
        return _static(op, left.object, right.object)
    if isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        for value, other in ((left, right), (right, left)):
            if isinstance(value, Static) and not isinstance(value.object, bool) and isinstance(other, Expr | Items):
                return Static(isinstance(op, (ast.IsNot, ast.NotEq)))
        op = {ast.Is: ast.Eq(), ast.IsNot: ast.NotEq()}.get(type(op), op)
    return _order(frame, node, op, frame.as_expr(left, node), frame.as_expr(right, node))


def _static(op: ast.cmpop, left: Any, right: Any) -> Static:
    name = {ast.Is: "is_", ast.IsNot: "is_not", ast.NotEq: "ne", ast.LtE: "le", ast.GtE: "ge"}.get(type(op))
    return Static(bool(getattr(operator, name or type(op).__name__.lower())(left, right)))


def _within(frame: Frame, node: ast.Compare, op: ast.cmpop, left: Value, right: Value) -> Static | Expr:
    """`x in (a, b)`: x == a || x == b."""
    if not isinstance(right, Items):
        frame.fail(node, "`in` needs a tuple that is written down, as in `x in (1, 2)`")
    parts: list[Expr] = []
    for value in right.values:
        found = _compared(frame, node, ast.Eq(), left, value)
        if isinstance(found, Expr):
            parts.append(found)
        elif found.object:
            return Static(isinstance(op, ast.In))
    if not parts:
        return Static(isinstance(op, ast.NotIn))
    text = " || ".join(p.at(values.AND) for p in parts)
    whole = Expr(text, types.BOOL, values.OR if len(parts) > 1 else parts[0].level, **united(*parts))
    return whole if isinstance(op, ast.In) else negated(whole)


def _order(frame: Frame, node: ast.Compare, op: ast.cmpop, a: Expr, b: Expr) -> Static | Expr:
    sign, level = _COMPARISONS[type(op)]
    for one, other in ((a, b), (b, a)):
        frame.settled(one, node)
        unsigned = one.type.integer and not one.type.signed and one.type not in (types.LITERAL, types.COUNT)
        asks = other.number is not None and (other.number < 0 or (other.number == 0 and _asks_sign(op, a is one)))
        frame.owner.signed |= one.type.signed or asks
        if unsigned and asks:
            frame.fail(
                node,
                f"{one.code} is unsigned in C++ and never below zero; write i32(...) where it gets its value, "
                "or count otherwise",
            )
        if unsigned and other.type.signed:
            frame.fail(
                node, "C++ would compare a signed number as unsigned; write i32(...) or u32(...) around one of them"
            )
    if not all(e.type.number or e.type.pointer or e.type is types.DATA_FORMAT for e in (a, b)):
        frame.fail(node, f"C++ does not compare {a.type.name} with {b.type.name}; compare numbers")
    text = f"{side(a, level, right=True)} {sign} {side(b, level, right=True)}"
    known = known_result(_PYTHON[type(op)], a, b)
    return Expr(text, types.BOOL, level, known, **united(a, b))


def _asks_sign(op: ast.cmpop, on_left: bool) -> bool:
    return isinstance(op, (ast.Lt, ast.GtE) if on_left else (ast.Gt, ast.LtE))


def chosen(frame: Frame, node: ast.AST, test: Expr, a: Expr, b: Expr) -> Expr:
    """`test ? a : b`."""
    kind = types.join(a.type, b.type)
    if kind is None:
        frame.fail(node, f"one branch is {a.type.name}, the other {b.type.name}; write i32(...) or u32(...) around one")
    parts = (test.at(values.EQUAL), a.at(values.CONDITIONAL), b.at(values.CONDITIONAL))
    text = "{} ? {} : {}".format(*parts)
    return Expr(text, kind, values.CONDITIONAL, below=a.below or b.below, **united(test, a, b))
