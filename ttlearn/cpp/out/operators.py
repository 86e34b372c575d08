"""Arithmetic: Python's operators where C++ has the same meaning, an error where it has not.

Whole numbers are unsigned until something below zero meets them. Left out: float division of whole numbers,
powers, and anything that needs more than 64 bits.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import types, values
from .code import wrap
from .frame import Frame, expression
from .types import Type
from .values import Expr, Items, Static, Unset, Value, united

OPERATORS: dict[type[ast.operator], tuple[str, int, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", values.PLUS, operator.add),
    ast.Sub: ("-", values.PLUS, operator.sub),
    ast.Mult: ("*", values.TIMES, operator.mul),
    ast.FloorDiv: ("/", values.TIMES, operator.floordiv),
    ast.Div: ("/", values.TIMES, operator.truediv),
    ast.Mod: ("%", values.TIMES, operator.mod),
    ast.LShift: ("<<", values.SHIFT, operator.lshift),
    ast.RShift: (">>", values.SHIFT, operator.rshift),
    ast.BitAnd: ("&", values.AMPERSAND, operator.and_),
    ast.BitOr: ("|", values.PIPE, operator.or_),
    ast.BitXor: ("^", values.CARET, operator.xor),
}
_MODULAR = (ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)  # low bits depend on low bits only


# ---- arithmetic --------------------------------------------------------------------------------------------


@expression(ast.BinOp)
def binary(frame: Frame, node: ast.BinOp) -> Value:
    left, right = frame.value(node.left), frame.value(node.right)
    if isinstance(left, Items) or isinstance(right, Items):
        return _sequence(frame, node, left, right)
    if isinstance(left, Static) and isinstance(right, Static) and not isinstance(left.object, bool):
        return wrap(OPERATORS[type(node.op)][2](left.object, right.object))
    return arithmetic(frame, node, node.op, frame.as_expr(left, node.left), frame.as_expr(right, node.right))


def arithmetic(frame: Frame, node: ast.AST, op: ast.operator, a: Expr, b: Expr) -> Expr:
    """`a op b`. The node is for messages."""
    if type(op) not in OPERATORS:
        frame.fail(node, "C++ has no such operator for numbers; write it as multiplications")
    if a.type.pointer:
        return _pointer(frame, node, op, a, b)
    if not (a.type.number and b.type.number):
        frame.fail(node, f"C++ has no arithmetic for {a.type.name} and {b.type.name}; use numbers")
    kind = _type(frame, node, op, a, b)
    sign, level, compute = OPERATORS[type(op)]
    known = known_result(compute, a, b)
    below = (a.below or b.below) and not _masked(op, a, b)
    if below and not isinstance(op, _MODULAR):
        frame.fail(node, "an operand may be below zero in Python and is modulo 2^32 in C++; write u32(...) around it")
    if known is not None:
        kind, a = _checked(frame, node, kind, known, a, b)
    if kind is types.LITERAL and known is None and _may_be_large(op, a, b):
        kind, a = types.U32, _unsigned(a)
    frame.owner.signed |= kind.signed or a.type.signed or b.type.signed
    text = f"{side(a, level)} {sign} {side(b, level, right=True)}"
    return Expr(text, kind, level, known, below=below, **united(a, b))


def _may_be_large(op: ast.operator, a: Expr, b: Expr) -> bool:
    """May C++, which computes narrow numbers as `int`, come to its sign bit?"""
    return isinstance(op, ast.LShift) or (isinstance(op, ast.Mult) and a.number is None and b.number is None)


def _unsigned(a: Expr) -> Expr:
    if a.written:
        return replace(a, code=f"{a.code}u")
    return replace(a, code=f"(uint32_t){a.at(values.ATOM)}", level=values.UNARY)


def side(side: Expr, level: int, right: bool = False) -> str:
    """An operand; parentheses also where C++ needs none but a reader does."""
    mixed = level in (values.SHIFT, values.AMPERSAND, values.PIPE, values.CARET) and side.level < values.UNARY
    if mixed and (side.level != level or right):
        return f"({side.code})"
    return side.at(level + right)


def known_result(compute: Callable[[Any, Any], Any], a: Expr, b: Expr) -> Any:
    if a.number is None or b.number is None:
        return None
    try:
        return compute(a.number, b.number)
    except (ArithmeticError, ValueError, TypeError):
        return None


def _masked(op: ast.operator, a: Expr, b: Expr) -> bool:
    return isinstance(op, ast.BitAnd) and not (a.below and b.below)


def _type(frame: Frame, node: ast.AST, op: ast.operator, a: Expr, b: Expr) -> Type:
    """The type of the result; refuses what C++ would compute otherwise than Python."""
    one, other = types.widened(a.type), types.widened(b.type)
    if types.FLOAT in (one, other):
        if isinstance(op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            return types.FLOAT
        frame.fail(
            node, "floats are only added, subtracted, multiplied and divided in C++; write u32(x) around a float"
        )
    if isinstance(op, ast.Div):
        frame.fail(
            node, "whole numbers give a float in Python and a whole number in C++; write a // b, or float(a) / b"
        )
    if isinstance(op, (ast.LShift, ast.RShift)):
        return one
    kind = types.join(one, other)
    if isinstance(op, (ast.FloorDiv, ast.Mod)) and (one.signed or other.signed):
        name = "div" if isinstance(op, ast.FloorDiv) else "mod"
        frame.fail(node, f"C++ rounds toward zero below zero, Python down; write {name}(a, b), from ttlearn.cpp.c")
    if kind is None:  # C++ computes signed with unsigned as unsigned
        return types.U64 if 64 in (one.bits, other.bits) else types.U32
    if isinstance(op, ast.Sub) and kind is types.LITERAL and None in (a.number, b.number):
        return types.I32
    return kind


def _checked(frame: Frame, node: ast.AST, kind: Type, known: float, a: Expr, b: Expr) -> tuple[Type, Expr]:
    """(type, left operand) when the result is known: it must be what C++ computes."""
    if kind is types.FLOAT:
        return kind, a
    if known < 0 and not kind.signed and kind is not types.LITERAL:
        frame.fail(node, f"this is {known} in Python, but unsigned in C++; write i32(...) around an operand")
    natural = types.of_number(known)
    if natural.bits > max(kind.bits, 32):
        if a.number is None or "(" in a.code or not a.code.isdigit():
            frame.fail(node, f"this is {known}, which leaves 32 bits in C++; write u64(...) around the left operand")
        return types.U64, replace(a, code=f"{a.code}ull")
    return (natural if kind is types.LITERAL else kind), a


def _pointer(frame: Frame, node: ast.AST, op: ast.operator, a: Expr, b: Expr) -> Expr:
    if isinstance(op, ast.Sub) and a.type == b.type:
        return Expr(f"{a.at(values.PLUS)} - {b.at(values.TIMES)}", types.I32, values.PLUS, **united(a, b))
    if not isinstance(op, (ast.Add, ast.Sub)) or not b.type.integer:
        frame.fail(node, "a pointer is only moved by whole numbers; write p + n")
    sign = "+" if isinstance(op, ast.Add) else "-"
    return Expr(f"{a.at(values.PLUS)} {sign} {b.at(values.TIMES)}", a.type, values.PLUS, **united(a, b))


def _sequence(frame: Frame, node: ast.BinOp, left: Value, right: Value) -> Value:
    if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
        return Items(left.values + right.values, left.array)
    if isinstance(left, Items) and isinstance(right, Expr) and isinstance(node.op, ast.Mult):
        if right.number is not None and not right.uses:
            return Items(left.values * int(right.number), left.array)
        frame.demand(right, node.right, "the length of an array")
        if left.array and isinstance(left.values[0], Unset) and len(left.values) == 1:
            return Unset(right.code)
        if left.array and len(left.values) == 1 and isinstance(left.values[0], Expr) and left.values[0].number == 0:
            return Expr("{}", types.array(left.values[0].type, right.code), constant=False)
    frame.fail(node, "sequences are joined with + and repeated with * n; an array of unknown length starts as [0] * n")
