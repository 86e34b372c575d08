"""`auto f = [&](uint32_t i) { … };` as a Python function inside the function."""

from __future__ import annotations

from dataclasses import replace

from .body import Body
from .functions import body_of, head, parameters
from .tree import nodes
from .types import OBJECT, VOID, CType, Kind
from .unit import Function, Node, named


def declare_lambda(body: Body, node: Node, name: str, value: Node) -> None:
    """`auto f = [&](uint32_t i) { … };` as a function inside the function."""
    captures = next((n for n in value.named_children if n.type == "lambda_capture_specifier"), None)
    if captures is not None and "=" in body.unit.text(captures) and "constexpr" not in body.unit.text(node):
        by_value = _changed_outside(body, value)
        if by_value:
            body.refuse(
                node, f"the lambda `{name}` copies {', '.join(by_value)}, which changes later; capture with [&]"
            )
    declarator, block = value.child_by_field_name("declarator"), value.child_by_field_name("body")
    assert block is not None
    inner = Body(body.unit, value, outer=body)
    formals = parameters(inner, declarator, {}) if declarator is not None else []
    variable = body.declare(node, name, CType("lambda", Kind.OBJECT))
    for k, p in enumerate(formals):
        p.type = p.type or _handed(body, value, name, k)
        if p.type is None:
            body.refuse(value, f"the lambda `{name}` has an `auto` parameter, {p.name}; write its type")
        inner.declare(value, p.name, p.type)
    texts = [inner.scopes[0][p.name].text for p in formals]
    inner.returns, known = None, len(body.unit.problems) + len(body.unit.unknown)
    body_of(inner, block)
    if len(body.unit.problems) + len(body.unit.unknown) > known:
        body.declare_broken(node, name)
        return
    outer = sorted(_assigned_outside(inner, value))
    head(inner, variable.text, texts, node, block)
    if outer:
        inner.indent = 1
        inner.lines.insert(1, replace(inner.lines[0], indent=1, text=f"nonlocal {', '.join(outer)}"))
    for line in inner.lines:
        body.lines.append(replace(line, indent=line.indent + body.indent))
    takes = [p.type or OBJECT for p in formals]
    variable.function = Function(variable.text, inner.awaits, inner.returns or VOID, takes)


def _handed(body: Body, value: Node, name: str, index: int) -> CType | None:
    """The type of a lambda's `auto` parameter, if all calls hand it variables of one type that are known by now."""
    root = value
    while root.parent is not None and root.type != "function_definition":
        root = root.parent
    types = set()
    for call in (node for node in nodes(root) if node.type == "call_expression"):
        callee, given = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        if callee is not None and given is not None and body.unit.text(callee) == name and len(named(given)) > index:
            variable = body.find(body.unit.text(named(given)[index]))
            types.add(variable.type if variable is not None else None)
    return types.pop() if len(types) == 1 else None


def _changed_outside(body: Body, value: Node) -> list[str]:
    text = body.unit.text(value)
    return sorted(
        n for n in body.changed if body.find(n) is not None and n in text.replace("(", " ").replace(",", " ").split()
    )


def _assigned_outside(inner: Body, value: Node) -> set[str]:
    own = {n for scope in inner.scopes for n in scope}
    return {v.text for n in inner.changed - own if inner.outer is not None and (v := inner.outer.find(n)) is not None}
