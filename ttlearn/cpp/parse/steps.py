"""C++ assignments and `i++` inside an expression: put off behind the statement where nothing can tell, else `:=`."""

from __future__ import annotations

from dataclasses import replace

from .body import Body, expression
from .tree import nodes
from .types import INF, SUM, Kind, Value, converted, cut, of_type, promoted
from .unit import BROKEN, Node, Untranslatable, Variable, short

_NOT_ALWAYS = ("conditional_expression", "lambda_expression")


@expression("update_expression")
def _update(body: Body, node: Node) -> Value:
    """`i++` as a value. In a plain statement the step is put off; in a condition it becomes `:=`."""
    target = node.child_by_field_name("argument")
    assert target is not None
    text = body.unit.text(node)
    name, variable = body.unit.text(target), body.find(body.unit.text(target))
    if variable is not None and variable.type is BROKEN:
        raise Untranslatable
    if variable is None or target.type != "identifier" or variable.type.kind not in (Kind.INT, Kind.POINTER):
        body.refuse(node, f"`{text}` inside an expression; write it as a statement of its own")
    sign = "+" if "++" in text else "-"
    pointer = variable.type.kind is Kind.POINTER
    step = f"{variable.text} {sign} 1" if pointer else counted(variable, sign).text
    if text.startswith(("++", "--")):
        return of_type(f"({variable.text} := {step})", variable.type)
    if body.full is not None and _may_wait(body, node, name, body.full):
        body.pending.append((f"{variable.text} = {step}", node))
        return variable.value
    if pointer:
        body.refuse(node, f"`{text}` inside an expression; move the pointer in a statement of its own")
    back = of_type(f"({variable.text} := {step}) {'-' if sign == '+' else '+'} 1", variable.type, SUM)
    back = replace(back, low=-INF, high=INF)
    return cut(back, variable.type) if variable.type.bits < 32 else back


def counted(variable: Variable, sign: str) -> Value:
    """A variable one up or one down, inside its type."""
    value = promoted(variable.value) if variable.type.bits < 32 else variable.value
    one = 1 if sign == "+" else -1
    text = f"{variable.text} {sign} 1"
    return converted(Value(text, SUM, value.type, value.low + one, value.high + one), variable.type)


def _may_wait(body: Body, node: Node, name: str, root: Node) -> bool:
    """May the step of `i++` be done after its statement? It always happens, and nothing else there sees `i`."""
    if _occurrences(body, root, name) != 1 or body.lambdas():
        return False
    above = node.parent
    while above is not None and above.id != root.id:
        if above.type in _NOT_ALWAYS or {"&&", "||", "and", "or"} & {child.type for child in above.children}:
            return False
        above = above.parent
    return above is not None


def _occurrences(body: Body, root: Node, name: str) -> int:
    return sum(node.type == "identifier" and body.unit.text(node) == name for node in nodes(root))


@expression("assignment_expression")
def _assignment(body: Body, node: Node) -> Value:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    assert left is not None and right is not None
    variable = body.find(body.unit.text(left)) if left.type == "identifier" else None
    if variable is None or body.unit.text(node.child_by_field_name("operator")) != "=":  # type: ignore[arg-type]
        body.refuse(node, f"`{short(body.unit.text(node))}` inside an expression; write it as a statement of its own")
    value = converted(body.value(right), variable.type)
    return of_type(f"({variable.text} := {value.text})", variable.type)
