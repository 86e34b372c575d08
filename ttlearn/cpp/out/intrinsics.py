"""Python's own functions, and those of `ttlearn.cpp.c`, as C++: min, len, u32, bits_to_float …

Each takes the frame, the call's node and its values. Left out: the kernel API (`calls`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...sim.formats import to_bf16_trunc
from .. import c
from . import types, values
from .conditions import as_condition
from .frame import Frame
from .operators import arithmetic
from .sequences import known_items
from .types import Type
from .values import Expr, Items, Range, Static, Table, Unset, Value, number, united

Intrinsic = Callable[[Frame, ast.Call, list[Value], dict[str, Value]], Value]
INTRINSICS: dict[Any, Intrinsic] = {}


def intrinsic(*functions: Any) -> Callable[[Intrinsic], Intrinsic]:
    def register(handler: Intrinsic) -> Intrinsic:
        for function in functions:
            INTRINSICS[function] = handler
        return handler

    return register


def expressions(frame: Frame, node: ast.Call, args: list[Value], least: int, most: int | None = None) -> list[Expr]:
    """The arguments as C++ expressions."""
    most = least if most is None else most
    if not least <= len(args) <= most:
        frame.fail(node, f"it takes {least if least == most else f'{least} to {most}'} arguments, not {len(args)}")
    nodes = [*node.args, *[node] * len(args)]
    found = [frame.as_expr(arg, at) for arg, at in zip(args, nodes, strict=False)]
    return [frame.settled(expr, at) for expr, at in zip(found, nodes, strict=False)]


# ---- widths ------------------------------------------------------------------------------------------------

WIDTHS: dict[Any, Type] = {  # numpy's names are those of C++ in a kernel: uint32_t
    np.uint8: types.U8,
    np.uint16: types.U16,
    np.uint32: types.U32,
    np.int8: types.I8,
    np.int16: types.I16,
    np.int32: types.I32,
    np.float32: types.FLOAT,
}
WRAPS: dict[Any, Type] = {
    c.u8: types.U8,
    c.u16: types.U16,
    c.u32: types.U32,
    c.u64: types.U64,
    c.i8: types.I8,
    c.i16: types.I16,
    c.i32: types.I32,
    c.i64: types.I64,
}
_CASTS: dict[Any, Type] = WIDTHS | WRAPS | {c.f32: types.FLOAT, float: types.FLOAT}


def cast(value: Expr, kind: Type) -> Expr:
    """`(uint32_t)(x)`; nothing where the type is that already."""
    if value.type == kind or (value.type is types.COUNT and kind is types.U32):
        return replace(value, type=kind, below=False)
    if value.written and value.type is types.LITERAL and kind in _SUFFIXES:
        return replace(value, type=kind, code=f"{value.code}{_SUFFIXES[kind]}")
    text = value.code if value.level == values.ATOM else f"({value.code})"
    return Expr(f"({kind.name}){text}", kind, values.UNARY, **united(value))


_SUFFIXES = {types.U32: "u", types.I32: "", types.U64: "ull", types.I64: "ll", types.FLOAT: ".0f"}


def _casting(kind: Type) -> Intrinsic:
    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        if len(args) != 1:
            frame.fail(node, f"it takes one value, not {len(args)}")
        value = frame.as_expr(args[0], node.args[0])
        if not value.type.number and not value.type.pointer:
            frame.fail(node, f"a {value.type.name} is no number")
        return cast(value, kind)

    return handler


for _function, _kind in _CASTS.items():
    INTRINSICS[_function] = _casting(_kind)


@intrinsic(int)
def whole(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    (value,) = expressions(frame, node, args, 1)
    if value.type is types.FLOAT:
        frame.fail(node, "a float as a whole number needs a width in C++; write u32(x) or i32(x), from ttlearn.cpp.c")
    return cast(value, types.U32) if value.type is types.BOOL else value


@intrinsic(bool)
def truth(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    found = as_condition(frame, args[0], node.args[0])
    if isinstance(found, Static) or found.type is types.BOOL:
        return found
    return Expr(f"{found.at(values.LESS)} != 0", types.BOOL, values.EQUAL, **united(found))


@intrinsic(c.bits_to_float)
def bits_to_float(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    (value,) = expressions(frame, node, args, 1)
    return Expr(f"__builtin_bit_cast(float, {cast(value, types.U32).code})", types.FLOAT, **united(value))


@intrinsic(c.float_to_bits)
def float_to_bits(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    (value,) = expressions(frame, node, args, 1)
    return Expr(f"__builtin_bit_cast(uint32_t, {cast(value, types.FLOAT).code})", types.U32, **united(value))


@intrinsic(to_bf16_trunc)
def upper_half(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    """A float cut to bf16 is the upper half of its bits."""
    value = float_to_bits(frame, node, args, named)
    assert isinstance(value, Expr)
    return replace(value, code=f"{value.code} >> 16", level=values.SHIFT)


# ---- arithmetic --------------------------------------------------------------------------------------------


def _extreme(name: str) -> Intrinsic:
    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        found = known_items(frame, node, args[0]) if len(args) == 1 else args
        first, *rest = expressions(frame, node, found, 1, len(found))
        for other in rest:
            kind = types.join(first.type, other.type)
            if kind is None:
                frame.fail(node, f"{first.type.name} and {other.type.name} meet; write i32(...) or u32(...) around one")
            frame.module.system.add("algorithm")
            kind = types.declared(kind)
            first = Expr(f"std::{name}<{kind.name}>({first.code}, {other.code})", kind, **united(first, other))
        return first

    return handler


INTRINSICS[min], INTRINSICS[max] = _extreme("min"), _extreme("max")


@intrinsic(abs)
def absolute(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    (value,) = expressions(frame, node, args, 1)
    if value.type.integer and not value.type.signed:
        return value
    if not value.pure:
        frame.fail(node, "this value would be computed twice in C++; keep it in a variable first")
    text = f"{value.at(values.LESS)} < 0 ? -{value.at(values.UNARY)} : {value.code}"
    return Expr(text, value.type, values.CONDITIONAL, **united(value))


def _dividing(op: ast.operator) -> Intrinsic:
    """`div` and `mod` are what C++ does anyway."""

    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        a, b = expressions(frame, node, args, 2)
        signed = a.type.signed or b.type.signed
        plain = [replace(x, number=None, type=types.U32 if x.type.signed else x.type) for x in (a, b)]
        found = arithmetic(frame, node, op, *plain)
        return replace(found, type=types.I32) if signed else found

    return handler


INTRINSICS[c.div], INTRINSICS[c.mod] = _dividing(ast.FloorDiv()), _dividing(ast.Mod())


@intrinsic(divmod)
def both(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    a, b = expressions(frame, node, args, 2)
    return Items(tuple(arithmetic(frame, node, op, a, b) for op in (ast.FloorDiv(), ast.Mod())))


# ---- sequences ---------------------------------------------------------------------------------------------


@intrinsic(range)
def ranged(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    found = expressions(frame, node, args, 1, 3)
    start, stop = (number(0), found[0]) if len(found) == 1 else found[:2]
    return Range(start, stop, found[2] if len(found) == 3 else number(1))


@intrinsic(c.count)
def counted(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    return Range(*expressions(frame, node, args, 3))


@intrinsic(len)
def elements(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    value = args[0]
    if isinstance(value, Expr) and value.type.length is not None:
        length = value.type.length
        return number(int(length)) if length.isdigit() else Expr(length, types.U32, constant=True)
    if isinstance(value, Range) and value.step.number == 1 and value.step.code == "1":
        return arithmetic(frame, node, ast.Sub(), value.stop, value.start) if value.start.code != "0" else value.stop
    return number(len(known_items(frame, node, value)))


@intrinsic(enumerate)
def numbered(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    return Items(tuple(Items((number(k), v)) for k, v in enumerate(known_items(frame, node, args[0]))))


@intrinsic(zip)
def zipped(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    columns = [known_items(frame, node, arg) for arg in args]
    return Items(tuple(Items(row) for row in zip(*columns, strict=False)))


@intrinsic(tuple, list)
def gathered(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    return Items(tuple(known_items(frame, node, args[0])) if args else ())


@intrinsic(dict)
def dictionary(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    if args:
        frame.fail(node, "write the dict out as {...}")
    return Table(named)


@intrinsic(c.unset)
def unset(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    return Unset()
