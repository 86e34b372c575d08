"""`for` loops that only count: from where, to where, by how much."""

from __future__ import annotations

from typing import NamedTuple

from .body import Body
from .changes import changed_names
from .spelling import type_of
from .types import ATOM, INT, SUM, CType, Kind, Value, converted, settled
from .unit import Node, named

_PURE = ("get_arg_val", "get_compile_time_arg_val", "get_common_arg_val")
_VARYING = [
    "subscript_expression",
    "update_expression",
    "assignment_expression",
    "pointer_expression",
    "field_expression",
]


class Counter(NamedTuple):
    """A `for` that only counts."""

    name: str
    type: CType
    start: Value
    stop: Value
    step: Value
    up: bool


def span(counter: Counter) -> tuple[float, float]:
    if counter.up:
        return counter.start.low, max(counter.start.low, counter.stop.high - 1)
    return min(counter.stop.low + 1, counter.start.high), counter.start.high


def steps(counter: Counter) -> str:
    start, stop, step = counter.start.text, counter.stop.text, counter.step
    if counter.up and step.constant is None:
        return f"count({start}, {stop}, {step.text})"
    if not counter.up:
        return f"range({start}, {stop}, -{step.within(ATOM)})"
    if step.constant != 1:
        return f"range({start}, {stop}, {step.text})"
    return f"range({stop})" if start == "0" else f"range({start}, {stop})"


def counter_of(body: Body, node: Node, block: Node) -> Counter | None:
    """What the loop counts, if nothing in it changes the counter or its bound."""
    declared, condition = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
    update = node.child_by_field_name("update")
    if declared is None or condition is None or update is None or declared.type != "declaration":
        return None
    spelled, declarators = declared.child_by_field_name("type"), declared.children_by_field_name("declarator")
    if spelled is None or len(declarators) != 1 or declarators[0].type != "init_declarator":
        return None
    inner, first = declarators[0].child_by_field_name("declarator"), declarators[0].child_by_field_name("value")
    if (
        inner is None
        or inner.type != "identifier"
        or first is None
        or first.type in ("initializer_list", "argument_list")
    ):
        return None
    name, changed = body.unit.text(inner), set(changed_names(body.unit, block))
    if name in changed or condition.type != "binary_expression":
        return None
    sign, bound = _bound(body, condition, name)
    step = _step(body, update, name)
    if bound is None or step is None or not _constant(body, bound, changed):
        return None
    return _counting(body, type_of(body, spelled), name, body.value(first), sign, body.value(bound), step)


def _bound(body: Body, condition: Node, name: str) -> tuple[str, Node | None]:
    left, right = condition.child_by_field_name("left"), condition.child_by_field_name("right")
    operator = body.unit.text(condition.child_by_field_name("operator"))  # type: ignore[arg-type]
    if left is not None and left.type == "identifier" and body.unit.text(left) == name:
        return operator, right
    return "", None


def _step(body: Body, update: Node, name: str) -> tuple[str, Value] | None:
    """("+" or "-", by how much)."""
    text = body.unit.text(update).replace(" ", "")
    if update.type == "update_expression" and text in (f"{name}++", f"++{name}", f"{name}--", f"--{name}"):
        return ("+" if "++" in text else "-"), Value("1", ATOM, INT, 1, 1)
    left, right = update.child_by_field_name("left"), update.child_by_field_name("right")
    if update.type != "assignment_expression" or left is None or right is None or body.unit.text(left) != name:
        return None
    operator = body.unit.text(update.child_by_field_name("operator"))  # type: ignore[arg-type]
    plain = right.type in ("number_literal", "identifier", "qualified_identifier")
    if operator not in ("+=", "-=") or not plain or body.unit.text(right) in (name, *body.changed):
        return None
    return operator[0], settled(body.value(right))


def _constant(body: Body, node: Node, changed: set[str]) -> bool:
    """Does this expression have the same value in every round?"""
    if node.type == "call_expression":
        callee = node.child_by_field_name("function")
        if callee is None or body.unit.text(callee).split("<")[0] not in _PURE:
            return False
    elif node.type in _VARYING:
        return False
    if node.type == "identifier" and body.unit.text(node) in changed:
        return False
    return all(_constant(body, child, changed) for child in named(node))


def _counting(
    body: Body, type: CType | None, name: str, start: Value, sign: str, stop: Value, step: tuple[str, Value]
) -> Counter | None:
    if type is None:
        type = start.type
    if type.kind is not Kind.INT or type.bits < 32 or stop.type.kind is not Kind.INT:
        return None
    start, stop, up = converted(start, type), settled(stop), step[0] == "+"
    by = step[1]
    if start.low < 0 and not stop.type.signed:
        return None  # the comparison would turn the counter unsigned
    if up and sign in ("<", "<=") and (by.constant or by.low >= 0) and not (by.constant is None and by.type.signed):
        return Counter(name, type, start, _beyond(stop) if sign == "<=" else stop, by, True)
    if up and sign == "!=" and by.constant == 1 and start.constant is not None and start.constant <= stop.low:
        return Counter(name, type, start, stop, by, True)
    if not up and sign in (">", ">=") and by.constant and (type.signed or (sign == ">" and by.constant == 1)):
        return Counter(name, type, start, stop if sign == ">" else _before(stop), by, False)
    return None


def _beyond(stop: Value) -> Value:
    return Value(f"{stop.within(SUM)} + 1", SUM, stop.type, stop.low + 1, stop.high + 1)


def _before(stop: Value) -> Value:
    if stop.constant is not None:
        return Value(str(stop.constant - 1), ATOM, INT, stop.constant - 1, stop.constant - 1)
    return Value(f"{stop.within(SUM)} - 1", SUM, stop.type, stop.low - 1, stop.high - 1)
