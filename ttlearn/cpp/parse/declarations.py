"""C++ declarations as Python assignments: numbers, objects, arrays."""

from __future__ import annotations

import re
from dataclasses import replace

from . import lambdas, objects
from .body import Body, statement
from .spelling import pointer_to, spelled_name, type_of
from .types import ATOM, OBJECT, VOID, CType, Kind, Value, converted, number, settled
from .unit import Node, Unit, Untranslatable, named, short

_MOST_ELEMENTS = 1 << 20


@statement("declaration")
def _declaration(body: Body, node: Node) -> None:
    declarators = node.children_by_field_name("declarator")
    try:
        spelled = declared_type(body, node)
    except Untranslatable:
        for name in (name for d in declarators for name in names(body.unit, d)):
            body.declare_broken(node, name)
        return
    for declarator in declarators:
        declare(body, node, spelled, declarator)


def declared_type(body: Body, node: Node) -> Node:
    """The type that a declaration spells, if it can be one of ours."""
    spelled = node.child_by_field_name("type")
    assert spelled is not None
    if spelled.type in ("struct_specifier", "union_specifier", "class_specifier"):
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: structs and unions are not translated; use plain variables"
        )
    qualifiers = [body.unit.text(n) for n in node.named_children if n.type == "storage_class_specifier"]
    if "static" in qualifiers and "const" not in body.unit.text(node):
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: a static variable outlives the kernel; make it a local one"
        )
    return spelled


def declare(body: Body, node: Node, spelled: Node, declarator: Node) -> None:
    """One variable of a declaration."""
    try:
        with body.simple(declarator):
            _declare(body, node, spelled, declarator)
    except Untranslatable:
        for name in names(body.unit, declarator):
            body.declare_broken(node, name)


def names(unit: Unit, declarator: Node) -> list[str]:
    """The name that a declarator declares."""
    while declarator.type != "identifier":
        inner = declarator.child_by_field_name("declarator") or next(iter(named(declarator)), None)
        if inner is None:
            return []
        declarator = inner
    return [unit.text(declarator)]


def _declare(body: Body, node: Node, spelled: Node, declarator: Node) -> None:
    type = type_of(body, spelled)
    value: Node | None = None
    if declarator.type == "init_declarator":
        value = declarator.child_by_field_name("value")
        declarator = declarator.child_by_field_name("declarator") or declarator
    if declarator.type == "function_declarator":  # `CircularBuffer cb(cb_id);` looks like one
        _vexing(body, node, spelled, declarator)
        return
    sizes: list[Node] = []
    if declarator.type == "reference_declarator":
        _check_reference(body, node, named(declarator)[-1], value)
    while declarator.type in ("pointer_declarator", "array_declarator", "reference_declarator"):
        if declarator.type == "pointer_declarator" and type is not None and type.kind is not Kind.POINTER:
            type = pointer_to(type)
        if declarator.type == "array_declarator":
            size = declarator.child_by_field_name("size")
            sizes.append(size if size is not None else declarator)
        declarator = declarator.child_by_field_name("declarator") or named(declarator)[-1]
    name = body.unit.text(declarator)
    if declarator.type != "identifier":
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: this declaration is not translated; name one variable a line"
        )
    if value is not None and value.type == "lambda_expression":
        lambdas.declare_lambda(body, node, name, value)
    elif sizes or _array_type(body, spelled):
        _declare_array(body, node, name, type, spelled, sizes, value)
    else:
        _declare_one(body, node, name, type, spelled, value)


def _check_reference(body: Body, node: Node, inner: Node, value: Node | None) -> None:
    """A reference becomes a variable of its own, which is the same as long as neither changes."""
    names = [body.unit.text(n) for n in (inner, value) if n is not None and n.type == "identifier"]
    element = value is not None and value.type in ("subscript_expression", "pointer_expression")
    if element or any(name in body.changed for name in names):
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: a second name for what changes is not translated; use the first"
        )


def _vexing(body: Body, node: Node, spelled: Node, declarator: Node) -> None:
    inner, listed = declarator.child_by_field_name("declarator"), declarator.child_by_field_name("parameters")
    arguments = [n.child_by_field_name("type") for n in named(listed)] if listed is not None else []
    plain = all(
        n.type == "parameter_declaration" and n.child_by_field_name("declarator") is None
        for n in named(listed or declarator)
    )
    if inner is None or not arguments or not plain:
        body.refuse(
            node, f"`{short(body.unit.text(node))}` declares a function inside a function; move it above kernel_main"
        )
    value = _made(body, node, spelled, [a for a in arguments if a is not None])
    _store(body, node, body.unit.text(inner), value.type, value)


def _made(body: Body, node: Node, spelled: Node, arguments: list[Node]) -> Value:
    """`Type name(a, b)` or `Type name{a, b}`."""
    type = type_of(body, spelled)
    if type is not None and type.number:
        if len(arguments) != 1:
            return number(0, type)
        return converted(body.value(arguments[0]), type)
    name, template = spelled_name(body, spelled)
    return objects.construct(body, node, name, template, arguments)


def _declare_one(body: Body, node: Node, name: str, type: CType | None, spelled: Node, value: Node | None) -> None:
    listed = value is not None and value.type in ("argument_list", "initializer_list")
    if listed and value is not None and type is None and len(named(value)) == 1:  # auto x{3}
        value, listed = named(value)[0], False
    if listed and value is not None:
        pairs = any(v.type == "initializer_pair" for v in named(value))
        made = objects.generator(body, node, spelled_name(body, spelled)[0], value) if pairs else None
        _store(body, node, name, type, made or _made(body, node, spelled, named(value)))
    elif value is not None:
        _store(body, node, name, type, body.value(value))
    elif type is not None and type.number:
        variable = body.declare(node, name, type)
        body.emit(f'{variable.text} = unset("{name}")', node)
    elif type is not None and type.kind is Kind.OBJECT:
        _store(body, node, name, type, objects.construct(body, node, *spelled_name(body, spelled), []))
    else:
        body.refuse(node, f"`{short(body.unit.text(node))}`: give the pointer a value where it is declared")


def _store(body: Body, node: Node, name: str, type: CType | None, value: Value) -> None:
    if value.type is VOID:
        body.refuse(node, f"`{short(body.unit.text(node))}`: the call gives nothing that could be stored")
    if type is not None and type.kind is Kind.POINTER and value.constant == 0:
        body.refuse(node, f"`{short(body.unit.text(node))}`: give the pointer an address in L1 where it is declared")
    value = settled(value) if type is None or not type.number else converted(value, type)
    type = value.type if type is None or type.kind is Kind.OBJECT else type
    if type.kind is not value.type.kind and not (type.number and value.type.number):
        body.refuse(node, f"`{short(body.unit.text(node))}`: {value.type.name} cannot become {type.name} here")
    if value.text == "None":  # a Noc or an endpoint is nothing here
        variable = body.declare(node, name, value.type)
        variable.text = "None"
        return
    variable = body.declare(node, name, type, value)
    body.emit(f"{variable.text} = {value.text}", node)


# ---- arrays -------------------------------------------------------------------------------------------------


def _array_type(body: Body, spelled: Node) -> bool:
    return re.sub(r"\s|std::", "", body.unit.text(spelled)).startswith("array<")


def _declare_array(
    body: Body, node: Node, name: str, type: CType | None, spelled: Node, sizes: list[Node], value: Node | None
) -> None:
    if not sizes:
        template = spelled_name(body, spelled)[1]
        type = type_of(body, template[0]) if template else None
        sizes = template[1:2]
    if type is None or not (type.number or type.kind is Kind.OBJECT):
        body.refuse(node, f"`{short(body.unit.text(node))}`: arrays hold numbers here")
    length: int | None
    items = None
    if value is not None and value.type == "initializer_list":
        items = _items(body, node, value, type)
    elif value is not None:
        body.refuse(node, f"`{short(body.unit.text(node))}`: give the elements in braces")
    if len(sizes) == 1 and sizes[0].type != "array_declarator":
        size = settled(body.value(sizes[0]))
        length = size.constant
        if length is not None and length > _MOST_ELEMENTS:
            body.refuse(node, f"`{short(body.unit.text(node))}`: {length} elements do not fit a core's memory")
        text = _filled(items, size, name)
    elif items is not None and len(sizes) == 1:
        length, text = len(items), f"[{', '.join(items)}]"
    elif len(sizes) == 2 and items is None:
        length, inner = None, [settled(body.value(s)) for s in reversed(sizes)]
        text = f'[[unset("{name}[...]")] * {inner[1].text} for _ in range({inner[0].text})]'
        type = replace(OBJECT, kind=Kind.ARRAY, to=type)
    else:
        body.refuse(node, f"`{short(body.unit.text(node))}`: this array is not translated; use one dimension")
    variable = body.declare(node, name, CType(f"{type.name}[]", Kind.ARRAY, to=type, size=length))
    body.emit(f"{variable.text} = {text}", node)


def _items(body: Body, node: Node, value: Node, type: CType) -> list[str]:
    inner = named(value)
    if any(v.type in ("initializer_list", "initializer_pair") for v in inner):
        body.refuse(node, f"`{short(body.unit.text(node))}`: this array is not translated; use one dimension")
    return [converted(body.value(v), type).text if type.number else body.value(v).text for v in inner]


def _filled(items: list[str] | None, size: Value, name: str) -> str:
    """Elements that are not given are 0 if any is, and unset if none is."""
    if items is None:
        return f'[unset("{name}[...]")] * {size.within(ATOM)}'
    if size.constant == len(items):
        return f"[{', '.join(items)}]"
    if not items or set(items) == {"0"}:
        return f"[0] * {size.within(ATOM)}"
    return f"[{', '.join(items)}] + [0] * ({size.text} - {len(items)})"
