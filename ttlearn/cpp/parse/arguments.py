"""A call of the API: its arguments inside their C++ types, its template arguments by name, `await` where it waits."""

from __future__ import annotations

import re

from ..api import Call
from .body import Body
from .types import ATOM, AWAIT, TYPES, UINT, VOID, Kind, Value, converted, of_type, settled
from .unit import Node, short


def api_call(body: Body, node: Node, call: Call, template: list[Node], arguments: list[Node]) -> Value:
    """A call of the API: its template arguments by name, its numbers inside their types."""
    spelled = short(body.unit.text(node))
    most = call.most
    while arguments and _own_noc(body, arguments[-1]):
        arguments = arguments[:-1]
    if len(template) > len(call.template):
        takes = f"takes {', '.join(call.template)} at most" if call.template else "takes none here"
        plural = "s" * (len(template) != 1)
        body.refuse(node, f"`{spelled}` has {len(template)} template argument{plural}; {call.name} {takes}")
    if len(arguments) < call.least or (most is not None and len(arguments) > most):
        names, plural = ", ".join(p.name for p in call.params), "s" * (len(arguments) != 1)
        body.refuse(node, f"`{spelled}` has {len(arguments)} argument{plural}; here {call.name} takes ({names})")
    given = [argument_text(body, a, call.wide(i)) for i, a in enumerate(arguments)]
    given += [f"{key}={template_value(body, t)}" for key, t in zip(call.template, template, strict=False)]
    return called(body, call, given)


def _own_noc(body: Body, node: Node) -> bool:
    """`noc_index` and `noc.get_noc_id()`: the kernel's own NOC, which is the default."""
    text = body.unit.text(node)
    return (text == "noc_index" and body.find(text) is None) or text.endswith(".get_noc_id()")


def called(body: Body, call: Call, given: list[str]) -> Value:
    """The Python call, awaited where the RISC waits."""
    text = f"{call.name}({', '.join(given)})"
    level = ATOM
    if call.waits:
        body.awaits, text, level = True, f"await {text}", AWAIT
    if call.returns == "void":
        return Value(text, level, VOID)
    value = of_type(text, TYPES[call.returns], level)
    return value if call.limit is None else Value(text, level, value.type, 0, call.limit - 1)


def argument_text(body: Body, node: Node, wide: bool = False) -> str:
    """An argument as the API takes it: an unsigned number of 32 bits (64 for NOC addresses), or what it is."""
    value = settled(body.value(node))
    if value.type.kind is Kind.VOID:
        body.refuse(node, f"`{short(body.unit.text(node))}` gives nothing that could be an argument")
    if value.type.kind is Kind.BOOL or not value.type.number or value.type.kind is Kind.FLOAT:
        return value.text
    return converted(value, TYPES["uint64_t"] if wide else UINT).text


def template_value(body: Body, node: Node) -> str:
    """A template argument as Python: a number, a bool, or a member of an enum."""
    own = re.fullmatch(r"decltype\((\w+)\)::(\w+)\(\)", "".join(body.unit.text(node).split()))
    if own and (variable := body.find(own[1])) is not None:  # decltype(a)::f() is a.f()
        return f"{variable.text}.{own[2]}()"
    if node.type == "type_descriptor":
        inner = node.child_by_field_name("type")
        if inner is None or node.child_by_field_name("declarator") is not None:
            body.refuse(node, f"`{short(body.unit.text(node))}` is not translated as a template argument")
        node = inner
    value = settled(body.value(node))
    return value.text if value.type.kind in (Kind.BOOL, Kind.OBJECT) else converted(value, UINT).text
