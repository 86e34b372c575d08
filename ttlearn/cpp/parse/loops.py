"""C++ loops as Python. A `for` that only counts becomes `for … in range(…)`; any other one a `while`.

A loop that polls memory without a call that waits gets `await invalidate_l1_cache()`, the point at which
others run: on the chip they run anyway.
"""

from __future__ import annotations

from .arithmetic import truth
from .body import Body, Loop, statement
from .counters import counter_of, span, steps
from .effects import effect
from .spelling import type_of
from .statements import branch
from .types import CType, Kind, converted, settled
from .unit import Node, named, short

_POLLS = [f"{cb}pages_{which}" for cb in ("cb_", "") for which in ("available_at_front", "reservable_at_back")]


@statement("for_statement")
def _for(body: Body, node: Node) -> None:
    block = node.child_by_field_name("body")
    assert block is not None
    with body.scope():
        counter = counter_of(body, node, block)
        if counter is None:
            _general(body, node, block)
            return
        variable = body.declare(node, counter.name, counter.type)
        variable.low, variable.high = span(counter)
        with body.block(f"for {variable.text} in {steps(counter)}:", _head(node)):
            body.loops.append(Loop())
            branch(body, block)
            body.loops.pop()


def _head(node: Node) -> Node:
    """The part of a `for` that shows where it counts."""
    return node.child_by_field_name("condition") or node


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
