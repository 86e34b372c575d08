"""Helper functions, templates and lambdas of a kernel file.

A helper is translated when it is first called, once for each set of argument types; so whether it waits is
known where it is called. Left out: recursion, and references in anything but helpers without a result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from .arguments import template_value
from .body import Body
from .spelling import pointer_to, type_of
from .types import ATOM, AWAIT, OBJECT, TYPES, VOID, CType, Kind, Value, converted, of_type, settled
from .unit import Chunk, Function, Node, Unit, Untranslatable, Variable, named, short


@dataclass
class Parameter:
    """One parameter: its name, its type (None: to be deduced), whether it is a changeable reference.

    `label`: the template parameter that is its type, if it is one.
    """

    name: str
    type: CType | None
    reference: bool
    default: Node | None
    label: str = ""


def callee_of(unit: Unit, definition: Node) -> tuple[Node, Node, list[Node]]:
    """(declarator, body, template parameters) of a function definition, also inside `template <…>`."""
    template: list[Node] = []
    if definition.type == "template_declaration":
        given = definition.child_by_field_name("parameters")
        template = named(given) if given is not None else []
        definition = next(n for n in named(definition) if n.type == "function_definition")
    declarator = definition.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or next(iter(named(declarator)), None)
    body = definition.child_by_field_name("body")
    if declarator is None or body is None:
        unit.problem(definition, f"`{short(unit.text(definition))}`: only plain functions are translated")
        raise Untranslatable
    return declarator, body, template


def parameters(body: Body, declarator: Node, types: dict[str, CType | None]) -> list[Parameter]:
    """A function's parameters. `types`: the type names that stand for themselves (template parameters)."""
    listed = declarator.child_by_field_name("parameters")
    found: list[Parameter] = []
    for node in named(listed) if listed is not None else []:
        spelled, inner = node.child_by_field_name("type"), node.child_by_field_name("declarator")
        if spelled is None or node.type not in ("parameter_declaration", "optional_parameter_declaration"):
            body.refuse(node, f"the parameter `{short(body.unit.text(node))}` is not translated")
        if body.unit.text(spelled) == "void" and inner is None:
            continue
        text, label = body.unit.text(node), body.unit.text(spelled)
        type = types[label] if label in types else type_of(body, spelled)
        reference = inner is not None and inner.type == "reference_declarator" and "const " not in text
        while inner is not None and inner.type not in ("identifier",):
            if inner.type in ("pointer_declarator", "array_declarator") and type is not None:
                type = (
                    pointer_to(type)
                    if inner.type == "pointer_declarator"
                    else replace(OBJECT, kind=Kind.ARRAY, to=type)
                )
            inner = inner.child_by_field_name("declarator") or next(iter(named(inner)), None)
        name = body.unit.text(inner) if inner is not None else f"_unused{len(found)}"
        default = node.child_by_field_name("default_value")
        found.append(Parameter(name, type, reference, default, label if label in types else ""))
    return found


# ---- calls of helpers ---------------------------------------------------------------------------------------


def call_helper(body: Body, node: Node, name: str, template: list[Node], arguments: list[Node]) -> Value:
    """Translate the helper for these argument types, if that is new, and call it."""
    local = body.find(name)
    values = [settled(body.value(a)) for a in arguments]
    if local is not None and local.function is None:
        raise Untranslatable  # its own problem has been noted
    if local is not None and local.function is not None:
        function, numbers = local.function, list[str]()
    else:
        function, numbers = _instance(body, node, name, template, values)
    if len(values) != len(function.takes):
        body.refuse(node, f"`{short(body.unit.text(node))}`: {name} takes {len(function.takes)} arguments")
    given = numbers + [converted(v, t).text for v, t in zip(values, function.takes, strict=True)]
    text = f"{function.name}({', '.join(given)})"
    level = ATOM
    if function.awaits:
        body.awaits, text, level = True, f"await {text}", AWAIT
    if function.inout:
        return _handing_back(body, node, function, arguments, text)
    return of_type(text, function.returns, level)


def _handing_back(body: Body, node: Node, function: Function, arguments: list[Node], text: str) -> Value:
    """A helper that changes its reference parameters returns them: `p = advance(p, 4)`."""
    targets = []
    for index in function.inout:
        variable = body.find(body.unit.text(arguments[index])) if index < len(arguments) else None
        if variable is None:
            body.refuse(
                node,
                f"`{short(body.unit.text(node))}` changes its argument {index + 1}, which must be a plain variable",
            )
        targets.append(variable.text)
    if function.returns is not VOID or body.full is None or body.full.id != (node.parent.id if node.parent else 0):
        body.refuse(
            node,
            f"`{short(body.unit.text(node))}` changes a reference; let it return nothing, in a statement of its own",
        )
    return Value(f"{', '.join(targets)} = {text}", ATOM, VOID)


def _instance(
    body: Body, node: Node, name: str, template: list[Node], values: list[Value]
) -> tuple[Function, list[str]]:
    """The helper translated for these argument types, and its template numbers, which are passed first."""
    unit = body.unit
    fitting = [d for d in unit.functions[name] if _fits(body, d, len(values))]
    if len(fitting) != 1:
        _misfit(body, node, name, len(fitting), len(values))
    declarator, _, formal = callee_of(unit, fitting[0])
    types: dict[str, CType | None] = {}
    numbers: list[tuple[str, CType, str]] = []  # (name, type, argument) of template parameters that are numbers
    for k, parameter in enumerate(formal):
        if parameter.type in ("type_parameter_declaration", "optional_type_parameter_declaration"):
            label = unit.text(named(parameter)[0])
            types[label] = type_of(body, template[k]) if k < len(template) else None
            continue
        spelled, inner = parameter.child_by_field_name("type"), parameter.child_by_field_name("declarator")
        default = parameter.child_by_field_name("default_value")
        chosen = template[k] if k < len(template) else default
        if spelled is None or inner is None or chosen is None:
            body.refuse(node, f"`{short(unit.text(node))}`: {name} needs its template argument {k + 1}")
        numbers.append((unit.text(inner), type_of(body, spelled) or TYPES["uint32_t"], template_value(body, chosen)))
    formals = parameters(body, declarator, types)
    for p, value in zip(formals, values, strict=False):
        if p.label and types[p.label] is None:
            types[p.label] = value.type
    taken = [p.type or types.get(p.label) or value.type for p, value in zip(formals, values, strict=False)]
    key = (name, fitting[0].start_byte, tuple(t.name for t in taken), tuple((k, t.name) for k, t in types.items() if t))
    if key not in unit.made:
        unit.made[key] = None  # under way
        unit.made[key] = _translate(unit, name, fitting[0], formals, taken, numbers, types)
    function = unit.made[key]
    if function is None:
        body.refuse(node, f"`{name}` calls itself; write a loop")
    outside = Body(unit, fitting[0])  # a default argument sees the file, and the template's numbers
    for label, type, text in numbers:
        outside.scopes[0][label] = Variable(text if text.isalnum() else f"({text})", type, type.least, type.most)
    values += [settled(outside.value(p.default)) for p in formals[len(values) :] if p.default is not None]
    return function, [text for _, _, text in numbers]


def _misfit(body: Body, node: Node, name: str, fitting: int, given: int) -> NoReturn:
    spelled, arguments = short(body.unit.text(node)), f"{given} argument{'s' * (given != 1)}"
    if not fitting:
        body.refuse(node, f"`{spelled}`: {name} of this file does not take {arguments}")
    body.refuse(node, f"`{spelled}`: {fitting} functions {name} take {arguments}; name them differently")


def _fits(body: Body, definition: Node, count: int) -> bool:
    declarator, _, _ = callee_of(body.unit, definition)
    listed = declarator.child_by_field_name("parameters")
    nodes = [n for n in (named(listed) if listed is not None else []) if body.unit.text(n) != "void"]
    return sum(n.type == "parameter_declaration" for n in nodes) <= count <= len(nodes)


def _translate(
    unit: Unit,
    name: str,
    definition: Node,
    formals: list[Parameter],
    taken: list[CType],
    numbers: list[tuple[str, CType, str]],
    types: dict[str, CType | None],
) -> Function:
    declarator, block, _ = callee_of(unit, definition)
    inner = Body(unit, definition)
    aliases, unit.types = unit.types, {**unit.types, **{k: t for k, t in types.items() if t is not None}}
    texts = [inner.declare(declarator, label, type).text for label, type, _ in numbers]
    all_types = taken + [p.type or TYPES["uint32_t"] for p in formals[len(taken) :]]
    for p, type in zip(formals, all_types, strict=True):
        texts.append(inner.declare(declarator, p.name, type).text)
    changed = [i for i, p in enumerate(formals) if p.reference and p.name in inner.changed and all_types[i].number]
    inner.inout = [texts[len(numbers) + i] for i in changed]
    inner.returns = _result_type(inner, definition)
    python = unit.python_name(name)
    body_of(inner, block)
    unit.types = aliases
    head(inner, python, texts, declarator, block)
    above = Body(unit, block)
    for comment in unit.comments.pop(definition.start_byte, []):
        above.statement(comment)
    unit.chunks.append(Chunk(unit.place(definition).file, above.lines + inner.lines))
    return Function(python, inner.awaits, inner.returns or VOID, all_types, changed)


def _result_type(body: Body, definition: Node) -> CType | None:
    if definition.type == "template_declaration":
        definition = next(n for n in named(definition) if n.type == "function_definition")
    spelled, declarator = definition.child_by_field_name("type"), definition.child_by_field_name("declarator")
    type = type_of(body, spelled) if spelled is not None else None
    pointer = declarator is not None and declarator.type == "pointer_declarator"
    return pointer_to(type) if pointer and type is not None else type


def body_of(body: Body, block: Node) -> None:
    """All statements of a function, indented."""
    body.indent += 1
    for child in block.named_children:
        body.statement(child)
    if body.inout:
        body.emit(f"return {', '.join(body.inout)}", block)
    body.indent -= 1


def head(body: Body, name: str, parameters: list[str], declarator: Node, block: Node) -> None:
    """Put `def` (or `async def`) above the lines of a translated body."""
    lines, body.lines = body.lines, []
    body.emit(f"{'async ' * body.awaits}def {name}({', '.join(parameters)}):", declarator)
    body.lines += lines
    if all(line.text.startswith("#") for line in lines):
        body.indent += 1
        body.emit("pass", block)
        body.indent -= 1
