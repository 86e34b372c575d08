"""Elements of arrays and of L1: indices, `*p`, `&p[i]`, and the bits of a number as another type."""

from __future__ import annotations

from .arithmetic import combined
from .body import Body, expression
from .spelling import cast_parts
from .types import ATOM, AWAIT, FLOAT, UINT, Kind, Value, of_type, settled
from .unit import Node, named, short


@expression("subscript_expression")
def _subscript(body: Body, node: Node) -> Value:
    base, indices = node.child_by_field_name("argument"), node.child_by_field_name("indices")
    assert base is not None and indices is not None
    if (
        base.type == "identifier"
        and body.unit.text(base) in ("my_x", "my_y")
        and body.find(body.unit.text(base)) is None
    ):
        return of_type(f"{body.unit.text(base)}()", UINT)
    inner = named(indices)
    value = body.value(base)
    if len(inner) != 1 or value.type.to is None:
        body.refuse(node, f"`{short(body.unit.text(node))}`: only L1 pointers and arrays are indexed here")
    return of_type(f"{value.within(AWAIT)}[{settled(body.value(inner[0])).text}]", value.type.to)


@expression("pointer_expression")
def _dereference(body: Body, node: Node) -> Value:
    argument = node.child_by_field_name("argument")
    assert argument is not None
    if body.unit.text(node).startswith("&"):
        return _address(body, node, argument)
    bits = _bits_of(body, argument)
    if bits is not None:
        return bits
    while argument.type == "parenthesized_expression" and len(named(argument)) == 1:
        argument = named(argument)[0]
    left, right = argument.child_by_field_name("left"), argument.child_by_field_name("right")
    if (
        argument.type == "binary_expression"
        and left is not None
        and right is not None
        and argument.children[1].type == "+"
    ):
        base = body.value(left)
        if base.type.kind is Kind.POINTER and base.type.to is not None:  # *(p + i) is p[i]
            return of_type(f"{base.within(AWAIT)}[{settled(body.value(right)).text}]", base.type.to)
    value = body.value(argument)
    if value.type.to is None:
        body.refuse(node, f"`{short(body.unit.text(node))}`: {value.type.name} is no pointer into L1")
    return of_type(f"{value.within(ATOM)}[0]", value.type.to)


def _bits_of(body: Body, node: Node) -> Value | None:
    """`*reinterpret_cast<float*>(&x)` and `*(float*)&x`: the bits of a number as another type."""
    parts = cast_parts(body, node)
    if parts is None or parts[1].type != "pointer_expression" or not body.unit.text(parts[1]).startswith("&"):
        return None
    target = parts[0].to
    inner = parts[1].child_by_field_name("argument")
    assert inner is not None
    value = settled(body.value(inner))
    if target is FLOAT and value.type.kind is Kind.INT:
        return Value(f"bits_to_float({value.text})", ATOM, FLOAT)
    if target == UINT and value.type is FLOAT:
        return of_type(f"float_to_bits({value.text})", UINT)
    return None


@expression("field_expression")
def _field(body: Body, node: Node) -> Value:
    base = node.child_by_field_name("argument")
    if base is not None:
        body.value(base)  # which may be refused already
    body.refuse(node, f"`{short(body.unit.text(node))}`: structs are not translated; use plain variables")


def _address(body: Body, node: Node, argument: Node) -> Value:
    if argument.type == "subscript_expression":
        base, indices = argument.child_by_field_name("argument"), argument.child_by_field_name("indices")
        assert base is not None and indices is not None
        value = body.value(base)
        if value.type.kind is Kind.POINTER and len(named(indices)) == 1:
            return combined(body, node, value, "+", body.value(named(indices)[0]))
    body.refuse(
        node, f"`{short(body.unit.text(node))}`: only the address of an element in L1 can be taken, as in &p[i]"
    )
