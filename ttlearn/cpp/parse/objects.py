"""Objects that a kernel makes: accessors of the API, and the object API's classes.

A CircularBuffer or DataflowBuffer is its index, a Semaphore its L1 address, a Noc or an endpoint nothing at all.
"""

from __future__ import annotations

from .arguments import argument_text, template_value
from .body import Body
from .spelling import pointer_to, spelled_name, type_of
from .types import ATOM, UINT, CType, Kind, Value, converted
from .unit import Node, named, short

BUFFERS = ("CircularBuffer", "DataflowBuffer", "CB")
_EMPTY = ("Noc", "UnicastEndpoint", "MulticastEndpoint", "PrecomposedUnicastEndpoint")
GENERATORS = ("InterleavedAddrGen", "InterleavedAddrGenFast")
_CLASSES = (*BUFFERS, *_EMPTY, "Semaphore", "CoreLocalMem")


# `use<CircularBuffer::AddrSelector::READ_PTR>(cb)`: the buffer with the pointer that a transfer takes
VIEWS = {"READ_PTR": "get_read_ptr", "WRITE_PTR": "get_write_ptr"}


def view(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    """`use<…READ_PTR>(cb)`."""
    which = body.unit.text(template[0]).split("::")[-1] if len(template) == 1 else ""
    buffer = body.value(arguments[0]) if len(arguments) == 1 else None
    if which not in VIEWS or buffer is None or buffer.type.name not in BUFFERS:
        body.refuse(node, f"`{short(body.unit.text(node))}`: write use<CircularBuffer::AddrSelector::READ_PTR>(cb)")
    return Value(buffer.text, buffer.level, CType(which, Kind.OBJECT))


def is_class(name: str) -> bool:
    return name in _CLASSES


def construct(body: Body, node: Node, name: str, template: list[Node], arguments: list[Node]) -> Value:
    """`Class<T>(…)`: an accessor of the API, or one of the object API's classes."""
    type = CType(name, Kind.OBJECT)
    if name in _EMPTY:
        spelled = [body.unit.text(a) for a in arguments]
        if spelled not in ([], ["noc_index"], ["{}"]):
            body.refuse(node, f"`{short(body.unit.text(node))}`: only a kernel's own NOC is simulated; write {name}()")
        return Value("None", ATOM, type)
    if name == "CoreLocalMem":
        return _local_memory(body, node, template, arguments)
    given = [argument_text(body, a) for a in arguments]
    if name in BUFFERS or name == "Semaphore":
        if len(given) != 1:
            body.refuse(node, f"`{short(body.unit.text(node))}`: {name} takes one number, its index")
        return Value(given[0] if name in BUFFERS else f"get_semaphore({given[0]})", ATOM, type)
    if name == "TensorAccessorArgs":
        words = [template_value(body, t) for t in template[:1]]  # a second, of common arguments, is for shards only
        if len(template) not in (1, 2) or given:
            body.refuse(
                node,
                f"`{short(body.unit.text(node))}`: write TensorAccessorArgs<N>(), N a compile-time argument's index",
            )
        return Value(f"TensorAccessorArgs({words[0]})", ATOM, type)
    if name not in body.unit.names:
        body.unit.unknown_name(node, name)
    return Value(f"{name}({', '.join(given)})", ATOM, type)


def _local_memory(body: Body, node: Node, template: list[Node], arguments: list[Node]) -> Value:
    to = type_of(body, template[0]) if template else UINT
    if to is None or to.kind is not Kind.INT or to.bits > 32 or len(arguments) != 1:
        body.refuse(node, f"`{short(body.unit.text(node))}`: write CoreLocalMem<uint32_t>(address)")
    return Value(f"tt_l1_ptr(uint{to.bits}_t, {argument_text(body, arguments[0])})", ATOM, pointer_to(to))


def constructed(body: Body, node: Node) -> Value:
    """`Class{…}`."""
    spelled, values = node.child_by_field_name("type"), node.child_by_field_name("value")
    if spelled is None or values is None:
        body.refuse(node, f"`{short(body.unit.text(node))}` is not translated")
    name, template = spelled_name(body, spelled)
    if any(v.type == "initializer_pair" for v in named(values)):
        return generator(body, node, name, values)
    return construct(body, node, name, template, named(values))


def generator(body: Body, node: Node, name: str, values: Node) -> Value:
    """The older address generators, which are made with named fields."""
    if name not in GENERATORS or name not in body.unit.names:
        body.unit.unknown_name(node, name)
        return Value(name, ATOM, CType(name, Kind.OBJECT))
    fields = ", ".join(f"{key}={value.text}" for key, value in designated(body, values).items() if key != "data_format")
    return Value(f"{name}({fields})", ATOM, CType(name, Kind.OBJECT))


def designated(body: Body, node: Node) -> dict[str, Value]:
    """`{.page_id = i}` as names and values."""
    fields = {}
    for pair in named(node):
        designator, value = pair.child_by_field_name("designator"), pair.child_by_field_name("value")
        if pair.type != "initializer_pair" or designator is None or value is None:
            body.refuse(node, f"`{short(body.unit.text(node))}`: name the fields, as in {{.page_id = i}}")
        key = body.unit.text(designator).lstrip(".")
        fields[key] = converted(body.value(value), UINT) if key != "data_format" else Value("None", ATOM, UINT)
    return fields
