"""C++ loops as Python. A `for` that only counts becomes `for … in range(…)`; any other one a `while`.

A loop that polls memory without a call that waits gets `await invalidate_l1_cache()`, the point at which
others run: on the chip they run anyway.
"""

from __future__ import annotations

from typing import NamedTuple

from .arithmetic import truth
from .body import Body, Loop, statement
from .changes import changed_names
from .effects import effect
from .spelling import type_of
from .statements import branch
from .types import ATOM, INT, SUM, CType, Kind, Value, converted, settled
from .unit import Node, named, short

_PURE = ("get_arg_val", "get_compile_time_arg_val", "get_common_arg_val")
_VARYING = [
    "subscript_expression",
    "update_expression",
    "assignment_expression",
    "pointer_expression",
    "field_expression",
]
_POLLS = [f"{cb}pages_{which}" for cb in ("cb_", "") for which in ("available_at_front", "reservable_at_back")]


class Counter(NamedTuple):
    """A `for` that only counts."""

    name: str
    type: CType
    start: Value
    stop: Value
    step: Value
    up: bool


@statement("for_statement")
def _for(body: Body, node: Node) -> None:
    block = node.child_by_field_name("body")
    assert block is not None
    with body.scope():
        counter = _counter(body, node, block)
        if counter is None:
            _general(body, node, block)
            return
        variable = body.declare(node, counter.name, counter.type)
        variable.low, variable.high = _span(counter)
        with body.block(f"for {variable.text} in {_steps(counter)}:", _head(node)):
            body.loops.append(Loop())
            branch(body, block)
            body.loops.pop()


def _head(node: Node) -> Node:
    """The part of a `for` that shows where it counts."""
    return node.child_by_field_name("condition") or node


def _span(counter: Counter) -> tuple[float, float]:
    if counter.up:
        return counter.start.low, max(counter.start.low, counter.stop.high - 1)
    return min(counter.stop.low + 1, counter.start.high), counter.start.high


def _steps(counter: Counter) -> str:
    start, stop, step = counter.start.text, counter.stop.text, counter.step
    if counter.up and step.constant is None:
        return f"count({start}, {stop}, {step.text})"
    if not counter.up:
        return f"range({start}, {stop}, -{step.within(ATOM)})"
    if step.constant != 1:
        return f"range({start}, {stop}, {step.text})"
    return f"range({stop})" if start == "0" else f"range({start}, {stop})"


def _counter(body: Body, node: Node, block: Node) -> Counter | None:
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


def _general(body: Body, node: Node, block: Node) -> None:
    """Any other `for`: what it declares, a `while`, and its step at the end and before each `continue`."""
    declared, condition = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
    update = node.child_by_field_name("update")
    if declared is not None and declared.type == "declaration":
        body.statement(declared)
    elif declared is not None:
        effect(body, declared)
    steps: list[tuple[str, Node]] = []
    if update is not None:
        kept, body.lines = body.lines, []
        indent, body.indent = body.indent, 0
        effect(body, update)
        steps = [(line.text, update) for line in body.lines]
        body.lines, body.indent = kept, indent
    test = truth(body, condition).text if condition is not None else "True"
    with body.block(f"while {test}:", _head(node)):
        _rounds(body, node, block, steps)


def _rounds(body: Body, node: Node, block: Node, steps: list[tuple[str, Node]], test: str = "") -> None:
    """The body of a `while`, with what ends each round."""
    before = len(body.lines)
    body.loops.append(Loop(steps))
    branch(body, block)
    body.loops.pop()
    waits = any("await " in line.text for line in body.lines[before:])
    if not waits and _polls(body, node) and "invalidate_l1_cache" in body.unit.calls:
        body.awaits = True
        body.emit("await invalidate_l1_cache()  # the poll: others run", node)
    for text, place in steps:
        body.emit(text, place)


def _polls(body: Body, node: Node) -> bool:
    """Does the loop look at memory or at a CB's counters?"""
    if node.type in ("subscript_expression", "pointer_expression"):
        base = node.child_by_field_name("argument")
        found = body.find(body.unit.text(base)) if base is not None and base.type == "identifier" else None
        if (found is not None and found.type.kind is Kind.POINTER) or (base is not None and base.type != "identifier"):
            return True
    if node.type in ("identifier", "field_identifier") and body.unit.text(node) in _POLLS:
        return True
    return any(_polls(body, child) for child in node.children)


@statement("while_statement")
def _while(body: Body, node: Node) -> None:
    condition, block = node.child_by_field_name("condition"), node.child_by_field_name("body")
    assert condition is not None and block is not None
    with body.block(f"while {truth(body, condition).text}:", condition):
        _rounds(body, node, block, [])


@statement("do_statement")
def _do(body: Body, node: Node) -> None:
    condition, block = node.child_by_field_name("condition"), node.child_by_field_name("body")
    assert condition is not None and block is not None
    if _continues(block):
        body.refuse(node, "`continue` inside do … while is not translated; write a while loop")
    with body.block("while True:", node):
        _rounds(body, node, block, [])
        test = truth(body, condition)
        body.emit(f"if not {test.within(3)}:", condition)
        body.indent += 1
        body.emit("break", condition)
        body.indent -= 1


def _continues(node: Node) -> bool:
    if node.type in ("for_statement", "while_statement", "do_statement", "for_range_loop"):
        return False
    return node.type == "continue_statement" or any(_continues(child) for child in node.children)


@statement("for_range_loop")
def _each(body: Body, node: Node) -> None:
    """`for (auto x : array)`, `for (uint32_t x : {1, 2})`."""
    spelled, inner, over, block = (node.child_by_field_name(f) for f in ("type", "declarator", "right", "body"))
    assert spelled is not None and inner is not None and over is not None and block is not None
    reference = inner.type == "reference_declarator"
    if reference:
        inner = named(inner)[0]
    name = body.unit.text(inner)
    handed = reference and "const" not in body.unit.text(node).split(":")[0] and name in body.changed
    if inner.type != "identifier" or handed:
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: only a loop that reads elements is translated; use an index"
        )
    type, values = _elements(body, node, over, type_of(body, spelled))
    with body.scope():
        variable = body.declare(node, name, type)
        with body.block(f"for {variable.text} in {values}:", over):
            body.loops.append(Loop())
            branch(body, block)
            body.loops.pop()


def _elements(body: Body, node: Node, over: Node, type: CType | None) -> tuple[CType, str]:
    """(type, Python text) of what a loop goes through."""
    if over.type == "initializer_list" and named(over):
        items = [body.value(item) for item in named(over)]
        type = type or settled(items[0]).type
        return type, f"({', '.join(converted(item, type).text for item in items)},)"
    values = body.value(over)
    if values.type.kind is not Kind.ARRAY or values.type.to is None or type not in (None, values.type.to):
        body.refuse(node, f"`{short(body.unit.text(node))}`: only a loop over an array's elements is translated")
    return values.type.to, values.text
