"""C++ calls and casts as Python: which call it is, and those names that have a meaning of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from . import methods, objects
from .arguments import api_call, argument_text
from .arithmetic import truth
from .body import Body, expression
from .functions import call_helper
from .spelling import cast_parts, spelled_name, type_of
from .types import (
    ATOM,
    DOUBLE,
    FLOAT,
    UINT,
    VOID,
    CType,
    Kind,
    Value,
    common,
    converted,
    number,
    of_type,
    promoted,
    settled,
)
from .unit import Node, Untranslatable, named, short

_NOTHING = ("WAYPOINT", "DeviceZoneScopedN", "DeviceZoneScopedMainN", "noc_init")  # no part of what a kernel does


@expression("cast_expression", "compound_literal_expression")
def _cast(body: Body, node: Node) -> Value:
    parts = cast_parts(body, node)
    if parts is None:
        return objects.constructed(body, node)
    return cast(body, node, *parts)


def cast(body: Body, node: Node, target: CType, operand: Node) -> Value:
    value = settled(body.value(operand))
    text = body.unit.text(node)
    if "bit_cast" in text.split("<")[0] and {target.kind, value.type.kind} == {Kind.INT, Kind.FLOAT}:
        if target is FLOAT:
            return Value(f"bits_to_float({value.text})", ATOM, FLOAT)
        return of_type(f"float_to_bits({value.text})", target)
    if target.kind is Kind.POINTER:
        return _pointer(body, node, value, target)
    if value.type.kind is Kind.POINTER and target.number:
        return Value(f"{value.within(ATOM)}.address", ATOM, UINT, 0, 1 << 21)
    if target is VOID or (target.kind is value.type.kind and not target.number):
        return value
    if not (target.number and value.type.number):
        body.refuse(node, f"`{short(text)}`: {value.type.name} cannot become {target.name} here")
    return converted(value, target)


def _pointer(body: Body, node: Node, value: Value, target: CType) -> Value:
    assert target.to is not None
    if target.to.kind is not Kind.INT or target.to.bits > 32:
        body.refuse(node, f"`{short(body.unit.text(node))}`: a pointer into L1 is to uint8_t, uint16_t or uint32_t")
    address = f"{value.within(ATOM)}.address" if value.type.kind is Kind.POINTER else settled(value).text
    return Value(f"tt_l1_ptr(uint{target.to.bits}_t, {address})", ATOM, target)


@expression("sizeof_expression")
def _sizeof(body: Body, node: Node) -> Value:
    spelled, value = node.child_by_field_name("type"), node.child_by_field_name("value")
    type = type_of(body, spelled) if spelled is not None else body.value(value).type if value is not None else None
    if (
        type is not None
        and type.kind is Kind.ARRAY
        and type.size is not None
        and type.to is not None
        and type.to.number
    ):
        return number(type.size * max(1, type.to.bits // 8), UINT)
    if type is None or not type.number:
        body.refuse(node, f"`{short(body.unit.text(node))}`: the size of a number's type only")
    return number(max(1, type.bits // 8), UINT)


# ---- calls --------------------------------------------------------------------------------------------------


@expression("call_expression")
def _call(body: Body, node: Node) -> Value:
    callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    assert callee is not None and arguments is not None
    parts = cast_parts(body, node)
    if parts is not None:
        return cast(body, node, *parts)
    if callee.type == "field_expression":
        return methods.method_call(body, node, callee, named(arguments))
    name, template = spelled_name(body, callee)
    local = body.find(name)
    if local is not None and local.type.name == "lambda":
        return call_helper(body, node, name, template, named(arguments))
    if name in body.unit.functions:
        return call_helper(body, node, name, template, named(arguments))
    if name in _SPECIAL:
        return _SPECIAL[name](body, node, template, named(arguments))
    if name in body.unit.calls:
        return api_call(body, node, body.unit.calls[name], template, named(arguments))
    if name in body.unit.names or objects.is_class(name):
        return objects.construct(body, node, name, template, named(arguments))
    for argument in named(arguments):  # the names in it may be unknown too: tell all at once
        with suppress(Untranslatable):
            body.value(argument)
    body.unit.unknown_name(node, name)


# ---- names with a meaning of their own ----------------------------------------------------------------------

Special = Callable[[Body, Node, list[Node], list[Node]], Value]


def _exactly(body: Body, node: Node, arguments: list[Node], count: int) -> None:
    if len(arguments) != count:
        body.refuse(node, f"`{short(body.unit.text(node))}` has {len(arguments)} arguments; it takes {count}")


def _arg_val(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    _exactly(body, node, arguments, 1)
    name, _ = spelled_name(body, node.child_by_field_name("function"))  # type: ignore[arg-type]
    type = type_of(body, template[0]) if len(template) == 1 else None
    if type is None or not type.number or type is DOUBLE:
        body.refuse(node, f"`{short(body.unit.text(node))}`: write {name}<uint32_t>(…), or another number's type")
    word = of_type(f"{name}({argument_text(body, arguments[0])})", UINT)
    return Value(f"bits_to_float({word.text})", ATOM, FLOAT) if type is FLOAT else converted(word, type)


def _ct_arg(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    _exactly(body, node, arguments, 1)
    index = settled(body.value(arguments[0]))
    known = body.unit.args
    if known is None or index.constant is None:
        return of_type(f"get_compile_time_arg_val({index.text})", UINT)
    if index.constant >= len(known):
        body.refuse(
            node,
            f"`{short(body.unit.text(node))}`: `args` has {len(known)} compile-time arguments, 0 to {len(known) - 1}",
        )
    return number(known[index.constant], UINT)


def _named_arg(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    _exactly(body, node, arguments, 1)
    return of_type(f"get_named_compile_time_arg_val({body.value(arguments[0]).text})", UINT)


def _least(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    _exactly(body, node, arguments, 2)
    name, _ = spelled_name(body, node.child_by_field_name("function"))  # type: ignore[arg-type]
    a, b = (promoted(body.value(argument)) for argument in arguments)
    type = (type_of(body, template[0]) if template else None) or common(a.type, b.type)
    a, b = converted(a, type), converted(b, type)
    pick = min if name == "min" else max
    return Value(f"{name}({a.text}, {b.text})", ATOM, type, pick(a.low, b.low), pick(a.high, b.high))


def _nothing(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    return Value("", ATOM, VOID)


def _assertion(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    if not arguments:
        body.refuse(node, "`ASSERT()` needs a condition")
    said = body.unit.text(arguments[0]).replace("\\", "\\\\").replace('"', "'")
    return Value(f'ASSERT({truth(body, arguments[0]).text}, "{short(said)}")', ATOM, VOID)


def _role(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    body.refuse(node, f"`{short(body.unit.text(node))}` stands for a statement; do not use its value")


def _print(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    if not arguments or arguments[0].type not in ("string_literal", "concatenated_string"):
        body.refuse(node, 'DPRINT takes a format in quotes, as in DPRINT("x={}\\n", x)')
    return Value(f"DPRINT({', '.join(argument_text(body, a) for a in arguments)})", ATOM, VOID)


def _swap(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    _exactly(body, node, arguments, 2)
    a, b = (body.value(argument) for argument in arguments)
    if a.type != b.type or node.parent is None or node.parent.type != "expression_statement":
        body.refuse(node, f"`{short(body.unit.text(node))}`: swap two variables of one type, in a statement of its own")
    return Value(f"{a.text}, {b.text} = {b.text}, {a.text}", ATOM, VOID)


_SPECIAL: dict[str, Special] = {
    "swap": _swap,
    "get_arg_val": _arg_val,
    "get_common_arg_val": _arg_val,
    "get_compile_time_arg_val": _ct_arg,
    "get_named_compile_time_arg_val": _named_arg,
    "min": _least,
    "max": _least,
    "ASSERT": _assertion,
    "LLK_ASSERT": _assertion,
    "DPRINT": _print,
    "use": objects.view,
    "DEVICE_PRINT": _print,
    **dict.fromkeys(_NOTHING, _nothing),
    **dict.fromkeys(("UNPACK", "MATH", "PACK"), _role),
}
