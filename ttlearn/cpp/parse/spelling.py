"""What names, types and casts are called in the text: `tt::CBIndex`, `volatile uint32_t*`, `a::b<c>`."""

from __future__ import annotations

import re

from .body import Body
from .types import TYPES, CType, Kind
from .unit import Node, named

_CASTS = ("static_cast", "reinterpret_cast", "const_cast", "bit_cast", "__builtin_bit_cast")


def type_of(body: Body, node: Node) -> CType | None:
    """The type that a type node names; None if it is `auto`. Pointers are pointers into L1."""
    if node.type == "type_descriptor":
        inner = node.child_by_field_name("type")
        declarator = node.child_by_field_name("declarator")
        base = type_of(body, inner) if inner is not None else None
        if declarator is not None and declarator.type == "abstract_pointer_declarator" and base is not None:
            return pointer_to(base)
        return base
    if node.type in ("placeholder_type_specifier", "auto"):
        return None
    name = re.sub(r"\s+", " ", body.unit.text(node)).replace("std::", "")
    known = body.unit.types.get(name) or TYPES.get(name)
    return known or CType(name.split("<")[0].split("::")[-1].strip(), Kind.OBJECT)


def pointer_to(base: CType) -> CType:
    return CType(f"{base.name}*", Kind.POINTER, to=base)


def cast_parts(body: Body, node: Node) -> tuple[CType, Node] | None:
    """(target type, operand) if this is a cast of any spelling."""
    if node.type == "cast_expression":
        spelled, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        target = type_of(body, spelled) if spelled is not None else None
        return (target, value) if target is not None and value is not None else None
    if node.type == "compound_literal_expression":
        spelled, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        return _constructed(body, spelled, value)
    if node.type != "call_expression":
        return None
    callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if callee is None or arguments is None:
        return None
    name, template = spelled_name(body, callee)
    if name in _CASTS and len(template) == 1 and len(named(arguments)) == 1:
        target = type_of(body, template[0])
        return (target, named(arguments)[0]) if target is not None else None
    if callee.type in ("primitive_type", "sized_type_specifier") or name in TYPES or name in body.unit.types:
        return _constructed(body, callee, arguments)
    return None


def _constructed(body: Body, spelled: Node | None, arguments: Node | None) -> tuple[CType, Node] | None:
    target = type_of(body, spelled) if spelled is not None else None
    inner = named(arguments) if arguments is not None else []
    return (target, inner[0]) if target is not None and target.number and len(inner) == 1 else None


def spelled_name(body: Body, node: Node) -> tuple[str, list[Node]]:
    """A callee's last name and its template arguments: `a::b<c>` gives ("b", [c])."""
    if node.type in ("template_function", "template_type", "template_method"):
        inner, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        name = body.unit.text(inner) if inner is not None else ""
        return name, named(arguments) if arguments is not None else []
    if node.type in ("qualified_identifier", "dependent_name"):
        inner = node.child_by_field_name("name") or (named(node)[-1] if named(node) else None)
        return spelled_name(body, inner) if inner is not None else ("", [])
    return body.unit.text(node), []
