"""Expressions that stand for what they do: assignments, calls, `i++`, role-only code and prints."""

from __future__ import annotations

from .arguments import argument_text
from .arithmetic import combined
from .body import Body, statement
from .steps import counted
from .types import ATOM, AWAIT, VOID, Kind, converted, number, settled
from .unit import Node, named, short

_ROLES = ("UNPACK", "MATH", "PACK")
_PRINTS = {"DPRINT_UNPACK": "UNPACK", "DPRINT_MATH": "MATH", "DPRINT_PACK": "PACK"}
_MOVERS = {"DPRINT_DATA0": "writer", "DPRINT_DATA1": "reader"}  # BRISC and NCRISC


@statement("expression_statement")
def _expression(body: Body, node: Node) -> None:
    for inner in named(node):
        effect(body, inner)


def effect(body: Body, node: Node) -> None:
    """An expression that stands for what it does."""
    if node.type == "comma_expression":
        for part in named(node):
            effect(body, part)
        return
    if node.type == "parenthesized_expression" and len(named(node)) == 1:
        effect(body, named(node)[0])
        return
    with body.simple(node):
        if node.type == "assignment_expression":
            assign(body, node)
        elif node.type == "update_expression":
            _count(body, node)
        elif not (_role_call(body, node) or _stream(body, node) or _discarded(body, node)):
            full, body.full = body.full, node.parent if node.type == "call_expression" else node
            value = body.value(node)
            body.full = full
            if value.text and (value.type is VOID or (value.level in (ATOM, AWAIT) and "(" in value.text)):
                body.emit(value.text, node)
            elif value.text and value.type is not VOID:
                body.refuse(node, f"`{short(body.unit.text(node))};` does nothing; delete it, or use its value")


def _discarded(body: Body, node: Node) -> bool:
    """`(void)x;`, which tells the compiler that x is not forgotten."""
    return node.type == "cast_expression" and body.unit.text(node).replace(" ", "").startswith("(void)")


def assign(body: Body, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = body.unit.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
    assert left is not None and right is not None
    if right.type == "assignment_expression":  # a = b = c
        assign(body, right)
        right = right.child_by_field_name("left")
        assert right is not None
    target = body.value(left)
    plain = left.type in ("subscript_expression", "pointer_expression") or target.text.isidentifier()
    if not plain or "await " in target.text or ":=" in target.text:
        body.refuse(node, f"`{short(body.unit.text(node))}`: only variables, array elements and L1 can be assigned")
    value = body.value(right)
    if operator == "=":
        value = converted(value, target.type)
        if value.type.kind is not target.type.kind:
            body.refuse(
                node, f"`{short(body.unit.text(node))}`: {value.type.name} cannot become {target.type.name} here"
            )
        body.emit(f"{target.text} = {value.text}", node)
        return
    result = combined(body, node, target, operator[:-1], value)
    stored = result if target.type.kind is Kind.POINTER else converted(result, target.type)
    plain = stored.text == result.text and operator not in ("/=",) and target.type.kind in (Kind.INT, Kind.POINTER)
    before = f"{target.text} {operator[:-1]} "
    if plain and result.text.startswith(before) and value.level == ATOM:
        body.emit(f"{target.text} {operator} {result.text.removeprefix(before)}", node)
    else:
        body.emit(f"{target.text} = {stored.text}", node)


def _count(body: Body, node: Node) -> None:
    """`i++;`"""
    argument = node.child_by_field_name("argument")
    assert argument is not None
    sign = "+" if "++" in body.unit.text(node) else "-"
    variable = body.find(body.unit.text(argument)) if argument.type == "identifier" else None
    if variable is not None and variable.type.kind is Kind.INT:
        body.emit(f"{variable.text} = {counted(variable, sign).text}", node)
        return
    target = body.value(argument)
    result = combined(body, node, target, sign, number(1))
    body.emit(f"{target.text} = {converted(result, target.type).text}", node)


def _role_call(body: Body, node: Node) -> bool:
    """UNPACK((…)), MATH((…)), PACK((…)), and the DPRINTs of one RISC."""
    callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if node.type != "call_expression" or callee is None or arguments is None:
        return False
    name = body.unit.text(callee)
    if name in _ROLES and name in body.unit.calls:
        with body.block(f"if {name}():", node):
            for argument in named(arguments):
                effect(body, argument)
        return True
    if name in _PRINTS and _PRINTS[name] in body.unit.calls:
        with body.block(f"if {_PRINTS[name]}():", node):
            _print(body, node, arguments)
        return True
    if name in _MOVERS:
        if _MOVERS[name] == body.unit.kind:
            _print(body, node, arguments)
        return True
    return False


def _print(body: Body, node: Node, arguments: Node) -> None:
    inner = named(arguments)
    if len(inner) == 1 and inner[0].type == "binary_expression" and _stream(body, inner[0]):
        return
    body.emit(f"DPRINT({', '.join(argument_text(body, a) for a in inner)})", node)


def _stream(body: Body, node: Node) -> bool:
    """The older `DPRINT << "x=" << x << ENDL()`."""
    parts: list[Node] = []
    inner: Node | None = node
    while inner is not None and inner.type == "binary_expression" and body.unit.text(inner.children[1]) == "<<":
        right = inner.child_by_field_name("right")
        assert right is not None
        parts.insert(0, right)
        inner = inner.child_by_field_name("left")
    if inner is None or body.unit.text(inner) != "DPRINT" or not parts:
        return False
    text, values = "", []
    for part in parts:
        spelled = body.unit.text(part)
        if part.type == "string_literal":
            text += body.value(part).text[1:-1].replace("{", "{{").replace("}", "}}")
        elif spelled.startswith("ENDL("):
            text += "\\n"
        elif not spelled.startswith(("HEX(", "DEC(", "SETW(", "SETPRECISION(", "FIXED(")):
            text += "{}"
            values.append(settled(body.value(part)).text)
    shown = [f'"{text}"', *values]
    body.emit(f"DPRINT({', '.join(shown)})", node)
    return True
