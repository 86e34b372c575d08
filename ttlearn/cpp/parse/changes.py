"""What a piece of C++ text changes: which plain variables are assigned, counted or handed out by reference."""

from __future__ import annotations

from collections.abc import Iterator

from .unit import Node, Unit, named


def changed_names(unit: Unit, root: Node) -> Iterator[str]:
    """Every name that something below `root` assigns, counts up, or takes a reference of."""
    stack = [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.type in ("assignment_expression", "update_expression", "pointer_expression"):
            target = node.child_by_field_name("left") or node.child_by_field_name("argument")
            if target is not None and target.type == "identifier" and not unit.text(node).startswith("*"):
                yield unit.text(target)
        elif node.type == "call_expression":
            yield from _referenced(unit, node)


def _referenced(unit: Unit, node: Node) -> Iterator[str]:
    """Plain variables that a call of this file's helpers takes by reference, and may change."""
    callee, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if callee is None or given is None:
        return
    name = unit.text(callee).split("<")[0].split("::")[-1]
    places = {k for definition in unit.functions.get(name, []) for k in _references(unit, definition)}
    for k, argument in enumerate(named(given)):
        if argument.type == "identifier" and (k in places or name == "swap"):
            yield unit.text(argument)


def _references(unit: Unit, definition: Node) -> Iterator[int]:
    """Which parameters of a helper are changeable references."""
    stack = [definition]
    while stack:
        node = stack.pop()
        if node.type == "parameter_list":
            for k, parameter in enumerate(named(node)):
                inner = parameter.child_by_field_name("declarator")
                if inner is not None and inner.type == "reference_declarator" and "const " not in unit.text(parameter):
                    yield k
            return
        stack.extend(
            n for n in reversed(node.children) if n.type not in ("compound_statement", "template_parameter_list")
        )
