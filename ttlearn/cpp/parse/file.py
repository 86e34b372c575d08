"""A kernel file's top level: functions by name, constants, enums, and `void kernel_main()` itself."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from ...errors import CppError
from .. import c
from . import calls, declarations, effects, literals, loops, memory, statements, steps
from .body import Body, statement
from .functions import body_of, callee_of, head
from .spelling import type_of
from .types import CType, Kind, number, settled
from .unit import Chunk, Line, Node, Unit, Untranslatable, named, short

HANDLERS = (calls, declarations, effects, literals, loops, memory, statements, steps)  # imported for what they register


_SLOW = re.compile(rf"\b(?!(?:{'|'.join(c.__all__)}|int|min|max)\()\w+\(|\)\[")  # calls, but for arithmetic


def translate(unit: Unit) -> None:
    """The whole file; its kernel becomes the unit's last chunk."""
    unit.check_readable()
    try:
        _collect(unit, unit.tree.root_node)
        _kernel(unit)
    except RecursionError:
        raise CppError(f"{unit.source.name}: expressions or blocks are nested too deeply to be read") from None
    unit.raise_problems()


def _collect(unit: Unit, root: Node) -> None:
    """Functions by name; constants, enums and type names in order."""
    constants = Body(unit, root)
    comments: list[Node] = []
    for node in _top(unit, root):
        if node.type == "comment":
            comments.append(node)
        elif node.type in ("function_definition", "template_declaration"):
            with suppress(Untranslatable):
                _function(unit, node, comments)
            comments = []
        else:
            _before(constants, comments)
            comments = []
            _declaration(constants, node)
    if constants.lines:
        unit.chunks.append(Chunk(constants.lines[0].place.file, constants.lines))


def _top(unit: Unit, root: Node) -> list[Node]:
    """Top-level nodes, those inside namespaces included."""
    nodes: list[Node] = []
    for node in root.named_children:
        block = node.child_by_field_name("body")
        if node.type in ("namespace_definition", "linkage_specification") and block is not None:
            nodes += _top(unit, block) if block.type == "declaration_list" else [block]
        elif node.type not in (
            "using_declaration",
            "empty_statement",
            ";",
            "preproc_call",
            "namespace_alias_definition",
        ):
            nodes.append(node)
    return nodes


def _function(unit: Unit, node: Node, comments: list[Node]) -> None:
    inner = node
    if node.type == "template_declaration":
        inner = next((n for n in named(node) if n.type == "function_definition"), node)
    if inner.type != "function_definition" or inner.child_by_field_name("body") is None:
        if inner.type == "function_definition" or "{" in unit.text(node):
            unit.problem(
                node, f"`{short(unit.text(node))}`: only functions are translated; use plain functions and variables"
            )
        return
    declarator, _, _ = callee_of(unit, node)
    name = declarator.child_by_field_name("declarator")
    if name is None or name.type != "identifier":
        unit.problem(node, f"`{short(unit.text(node))}`: only plain functions are translated")
        return
    unit.functions.setdefault(unit.text(name), []).append(node)
    unit.comments[node.start_byte] = comments


def _before(body: Body, comments: list[Node]) -> None:
    for comment in comments:
        body.statement(comment)


def _declaration(body: Body, node: Node) -> None:
    unit = body.unit
    try:
        if node.type == "enum_specifier":
            _enum(body, node)
        elif node.type == "declaration":
            _constant(body, node)
        elif node.type in ("alias_declaration", "type_definition", "static_assert_declaration", "ERROR"):
            body.statement(node)
        else:
            what = node.type.replace("_", " ")
            body.refuse(
                node, f"`{short(unit.text(node))}` ({what}) is not translated; use plain functions and variables"
            )
    except Untranslatable:
        unit.refused.update(_declared(unit, node))


def _declared(unit: Unit, node: Node) -> list[str]:
    """The names that a declaration at the top of the file gives."""
    label = node.child_by_field_name("name")
    names = [unit.text(label)] if label is not None else []
    return names + [name for d in node.children_by_field_name("declarator") for name in declarations.names(unit, d)]


def _constant(body: Body, node: Node) -> None:
    """A constant of the file. One that asks for an argument is a function here, since it needs a running kernel."""
    unit = body.unit
    declarators = node.children_by_field_name("declarator")
    if any(d.type == "function_declarator" for d in declarators):
        return  # a function declared ahead of its definition
    if not re.search(r"\bconst(expr)?\b", unit.text(node)):
        body.refuse(node, f"`{short(unit.text(node))}`: a variable outside a function; declare it inside kernel_main")
    spelled = declarations.declared_type(body, node)
    for declarator in declarators:
        first = len(body.lines)
        declarations.declare(body, node, spelled, declarator)
        _kept(body, body.lines[first:])


def _kept(body: Body, lines: list[Line]) -> None:
    """What a file's constant becomes. One that asks for an argument is a function, since it needs a running kernel."""
    for key, variable in body.scopes[0].items():
        for line in lines:
            name, _, value = line.text.partition(" = ")
            if name == variable.text and _SLOW.search(value):
                line.text, variable.text = f"def {name}(): return {value}", f"{name}()"
        body.unit.globals[key] = variable


@statement("enum_specifier")
def _enum(body: Body, node: Node) -> None:
    """An enum's members as the numbers they are."""
    unit = body.unit
    label, block = node.child_by_field_name("name"), node.child_by_field_name("body")
    if block is None:
        body.refuse(node, f"`{short(unit.text(node))}`: give the enum its members")
    members = _members(body, block)
    base = node.child_by_field_name("base")
    known = type_of(body, base) if base is not None else None
    type = known if known is not None and known.kind is Kind.INT else CType("int32_t", Kind.INT, 32, True)
    if label is None:
        _constants(body, node, members, type)
        return
    name = unit.text(label)
    unit.types[name], unit.members[name] = type, members
    with body.block(f"class {name}:", node):
        for key, member in members.items():
            body.emit(f"{key} = {member}", node)


def _constants(body: Body, node: Node, members: dict[str, int], type: CType) -> None:
    """The members of an enum without a name are plain constants."""
    for key, member in members.items():
        variable = body.declare(node, key, type, number(member, type))
        body.emit(f"{variable.text} = {member}", node)
        if not body.indent:
            body.unit.globals[key] = variable


def _members(body: Body, block: Node) -> dict[str, int]:
    unit, following, members = body.unit, 0, {}
    for member in named(block):
        spelled, value = member.child_by_field_name("name"), member.child_by_field_name("value")
        if spelled is None:
            continue
        if value is not None:
            given = settled(body.value(value)).constant
            if given is None:
                body.refuse(member, f"`{unit.text(member)}`: an enum's value must be a number that is known here")
            following = given or 0
        members[unit.text(spelled)] = following
        following += 1
    return members


def _kernel(unit: Unit) -> None:
    mains = unit.functions.get("kernel_main", [])
    if len(mains) != 1:
        problem = "has no `void kernel_main()`" if not mains else "has kernel_main more than once"
        unit.raise_problems()
        raise CppError(f"{unit.source.name} {problem}; a kernel is one `void kernel_main() {{ … }}`")
    declarator, block, _ = callee_of(unit, mains[0])
    body = Body(unit, mains[0])
    stem = re.sub(r"\W", "_", Path(unit.source.name).stem) or "kernel"
    unit.name = unit.python_name(stem if not stem[0].isdigit() else f"k_{stem}")
    comments = Body(unit, block)
    _before(comments, unit.comments.get(mains[0].start_byte, []))
    body_of(body, block)
    body.awaits = True
    head(body, unit.name, [], declarator, block)
    unit.chunks.append(Chunk(unit.place(mains[0]).file, comments.lines + body.lines))
