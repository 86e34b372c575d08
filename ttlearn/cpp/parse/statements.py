"""C++ statements as Python: comments, blocks, branches and jumps. Loops are in `loops`."""

from __future__ import annotations

import re

from .arithmetic import truth
from .body import Body, statement
from .spelling import type_of
from .types import VOID, converted, settled
from .unit import Node, named, short

# ---- comments, blocks ---------------------------------------------------------------------------------------


@statement("comment")
def _comment(body: Body, node: Node) -> None:
    """A comment stays where it stands: behind its statement, or on lines of its own."""
    text = body.unit.text(node)
    if text.startswith("//"):
        lines = [line.strip() for line in text[2:].splitlines()]
    else:
        lines = [line.strip().lstrip("*").strip() for line in text[2:-2].strip().splitlines()]
    last, here = (body.lines[-1] if body.lines else None), body.unit.place(node)
    behind = last is not None and last.place.file == here.file and last.place.last == here.line
    if behind and last is not None and len(lines) == 1 and "#" not in last.text and not last.text.endswith('"""'):
        last.text += f"  # {lines[0]}"
        return
    for line in lines:
        body.emit(f"# {line}".rstrip(), node)


@statement("compound_statement")
def _compound(body: Body, node: Node) -> None:
    with body.scope():
        for child in node.named_children:
            body.statement(child)


def branch(body: Body, node: Node) -> None:
    """The statement (or block) that an `if` or a loop governs."""
    with body.scope():
        for child in node.named_children if node.type == "compound_statement" else [node]:
            body.statement(child)


@statement("attributed_statement")
def _attributed(body: Body, node: Node) -> None:
    """`[[maybe_unused]] uint32_t x = 0;`: attributes only advise the compiler."""
    for child in named(node):
        if child.type != "attribute_declaration":
            body.statement(child)


@statement("using_declaration", "namespace_alias_definition", "preproc_call", ";", "empty_statement")
def _nothing(body: Body, node: Node) -> None:
    """`using namespace x;` has no meaning here."""


@statement("alias_declaration", "type_definition")
def _alias(body: Body, node: Node) -> None:
    spelled = node.child_by_field_name("type")
    name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    type = type_of(body, spelled) if spelled is not None else None
    if type is None or name is None or name.type != "type_identifier":
        body.refuse(node, f"`{short(body.unit.text(node))}`: only names for number types are translated")
    body.unit.types[body.unit.text(name)] = type


@statement("static_assert_declaration")
def _static_assert(body: Body, node: Node) -> None:
    condition, message = node.child_by_field_name("condition"), node.child_by_field_name("message")
    assert condition is not None
    said = f", {body.value(message).text}" if message is not None else ""
    body.emit(f"static_assert({truth(body, condition).text}{said})", node)


# ---- branches and jumps -------------------------------------------------------------------------------------


@statement("if_statement")
def _if(body: Body, node: Node) -> None:
    _branches(body, node, "if")


def _branches(body: Body, node: Node, word: str) -> None:
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    otherwise = node.child_by_field_name("alternative")
    assert condition is not None and then is not None
    with body.block(f"{word} {truth(body, condition).text}:", node if word == "if" else condition):
        branch(body, then)
    if otherwise is None:
        return
    inner = named(otherwise)
    if len(inner) == 1 and inner[0].type == "if_statement":
        _branches(body, inner[0], "elif")
        return
    with body.block("else:", otherwise):
        for child in otherwise.named_children:
            if child.type == "comment":
                body.statement(child)
            else:
                branch(body, child)


@statement("switch_statement")
def _switch(body: Body, node: Node) -> None:
    """As if / elif. Every case ends with `break` or `return`; several labels may stand above one case."""
    condition, block = node.child_by_field_name("condition"), node.child_by_field_name("body")
    assert condition is not None and block is not None
    subject = settled(body.value(condition))
    if not re.fullmatch(r"\w+", subject.text):  # looked at once, as C++ does
        chosen = body.declare(node, "chosen", subject.type)
        body.emit(f"{chosen.text} = {subject.text}", condition)
        subject = chosen.value
    labels: list[str] = []
    word = "if"
    for case in named(block):
        value = case.child_by_field_name("value")
        inner = [n for n in named(case) if value is None or n.id != value.id]
        if len(inner) == 1 and inner[0].type == "compound_statement":  # case 1: { …; break; }
            inner = named(inner[0])
        labels.append(settled(body.value(value)).text if value is not None else "")
        if not inner:
            continue
        if inner[-1].type not in _ENDS and case.id != named(block)[-1].id:
            body.refuse(case, "a `case` that falls through into the next is not translated; end it with `break`")
        keep = inner[:-1] if inner[-1].type == "break_statement" else inner
        if any(_breaks(n) for n in keep):
            body.refuse(case, "a `break` in the middle of a `case` is not translated; write if / else if")
        tests = " or ".join(f"{subject.text} == {label}" for label in labels)
        head = "else:" if "" in labels and word == "elif" else f"{word} {'True' if '' in labels else tests}:"
        with body.block(head, case), body.scope():
            for n in keep:
                body.statement(n)
        labels, word = [], "elif"


_ENDS = ("break_statement", "return_statement", "continue_statement")


def _breaks(node: Node) -> bool:
    if node.type in ("for_statement", "while_statement", "do_statement", "switch_statement", "for_range_loop"):
        return False
    return node.type == "break_statement" or any(_breaks(child) for child in node.children)


@statement("return_statement")
def _return(body: Body, node: Node) -> None:
    inner = named(node)
    if inner and inner[0].type == "initializer_list":
        body.refuse(node, f"`{short(body.unit.text(node))}`: return one number")
    value = settled(body.value(inner[0])) if inner else None
    if value is not None and body.returns is None:
        body.returns = value.type
    if value is not None and body.returns is not None and body.returns.number:
        value = converted(value, body.returns)
    if value is not None and value.type is VOID:
        body.emit(value.text, node)
        value = None
    if value is None:
        body.emit(" ".join(["return", ", ".join(body.inout)]).strip(), node)
    else:
        body.emit(f"return {value.text}", node)


@statement("break_statement")
def _break(body: Body, node: Node) -> None:
    if not body.loops:
        body.refuse(node, "`break` outside a loop")
    body.emit("break", node)


@statement("continue_statement")
def _continue(body: Body, node: Node) -> None:
    if not body.loops:
        body.refuse(node, "`continue` outside a loop")
    for text, place in body.loops[-1].before_continue:
        body.emit(text, place)
    body.emit("continue", node)


@statement("ERROR")
def _error(body: Body, node: Node) -> None:
    body.refuse(
        node, f"`{short(body.unit.text(node))}` is no C++ that can be read; look for a missing `;`, `)` or `}}`"
    )
