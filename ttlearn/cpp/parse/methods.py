"""The object API as free calls: `cb.wait_front(1)` becomes `cb_wait_front(cb, 1)`, `noc.async_read(…)` a read.

Left out: transaction ids, posted writes, set-state forms of `Noc`, which have no free call here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from .arguments import argument_text, called
from .body import Body
from .objects import BUFFERS, GENERATORS, VIEWS, designated
from .spelling import spelled_name
from .types import ATOM, SUM, UINT, CType, Kind, Value, converted, of_type, settled
from .unit import Node, short

# methods of a buffer that are a free call on its index
_ON_BUFFER = {
    "reserve_back": "cb_reserve_back",
    "push_back": "cb_push_back",
    "wait_front": "cb_wait_front",
    "pop_front": "cb_pop_front",
    "get_write_ptr": "get_write_ptr",
    "get_read_ptr": "get_read_ptr",
    "get_tile_size": "get_tile_size",
    "pages_reservable_at_back": "cb_pages_reservable_at_back",
    "pages_available_at_front": "cb_pages_available_at_front",
    "get_tile_address": "get_tile_address",
    "read_tile_value": "read_tile_value",
}
_BARRIERS = [
    "async_read_barrier",
    "async_write_barrier",
    "async_writes_flushed",
    "async_atomic_barrier",
    "async_full_barrier",
]


class Method(NamedTuple):
    """One call of a method, with what its translation needs."""

    body: Body
    node: Node
    on: Value
    name: str
    template: list[str]
    arguments: list[Node]

    def refuse(self, why: str) -> NoReturn:
        self.body.refuse(self.node, f"`{short(self.body.unit.text(self.node))}`: {why}")

    def call(self, name: str, *given: str) -> Value:
        if name not in self.body.unit.calls:
            self.body.unit.unknown_name(self.node, name)
            return Value(name, ATOM, UINT)
        return called(self.body, self.body.unit.calls[name], [g for g in given if g])

    def texts(self, least: int, most: int | None = None) -> list[str]:
        if not least <= len(self.arguments) <= (least if most is None else most):
            self.refuse(f"{self.name} takes {least} argument{'s' * (least != 1)} here")
        return [argument_text(self.body, a) for a in self.arguments]


def method_call(body: Body, node: Node, callee: Node, arguments: list[Node]) -> Value:
    """`object.method(…)`."""
    base, field = callee.child_by_field_name("argument"), callee.child_by_field_name("field")
    assert base is not None and field is not None
    name, template = spelled_name(body, field)
    on = body.value(base)
    spelled = [body.unit.text(t).split("::")[-1] for t in template]
    call = Method(body, node, on, name, spelled, arguments)
    if on.type.name in BUFFERS:
        return _buffer(call)
    if on.type.kind is Kind.ARRAY and name == "size":
        return Value(f"len({on.text})", ATOM, UINT, on.type.size or 0, on.type.size or UINT.most)
    if on.type.kind is Kind.POINTER and name in ("get_address", "get_unsafe_ptr"):
        return of_type(f"{on.text}.address", UINT) if name == "get_address" else on
    handler = _BY_CLASS.get(on.type.name, _accessor)
    return handler(call)


def _buffer(call: Method) -> Value:
    index = call.on.text
    if call.name in ("get_cb_id", "get_id"):
        return of_type(index, UINT)
    if call.name not in _ON_BUFFER:
        call.refuse(f"{call.on.type.name} has {', '.join(sorted(_ON_BUFFER))} here")
    free = _ON_BUFFER[call.name]
    if free not in call.body.unit.calls:
        call.refuse(f"a {call.body.unit.kind} kernel has no {free}")
    return call.call(free, index, *call.texts(len(call.body.unit.calls[free].params) - 1))


def _accessor(call: Method) -> Value:
    """Methods that the Python object has itself."""
    cls = call.body.unit.names.get(call.on.type.name)
    if not hasattr(cls, call.name):
        call.refuse(f"{call.on.type.name} has no {call.name} here")
    if call.template:
        call.refuse("template arguments are not translated here")
    text = f"{call.on.within(ATOM)}.{call.name}({', '.join(call.texts(0, 3))})"
    return of_type(text, CType("uint64_t", Kind.INT, 64)) if "noc_addr" in call.name else of_type(text, UINT)


# ---- Noc ----------------------------------------------------------------------------------------------------


def _noc(call: Method) -> Value:
    multicast = call.name == "async_write_multicast"
    options = [o for o in call.template[:1] if o != "DEFAULT"]
    if options and not (multicast and options == ["MCAST_INCL_SRC"]):
        call.refuse(f"NocOptions::{options[0]} is not simulated")
    if call.name in _BARRIERS:
        call.texts(0)
        return call.call(f"noc_{call.name}")
    if call.name == "get_noc_id":
        call.refuse("only a kernel's own NOC is simulated; leave the argument out")
    if call.name in ("async_read", "async_write") and len(call.arguments) == 5:
        return _transfer(call, reading=call.name == "async_read")
    if multicast and len(call.arguments) in (6, 7):
        return _multicast(call, bool(options))
    call.refuse("Noc has async_read, async_write (5 arguments each), async_write_multicast and the barriers here")


def _transfer(call: Method, reading: bool) -> Value:
    source, target, size, source_args, target_args = call.arguments
    if reading:
        far, near = _far(call, source, source_args), _near(call, target, target_args, "get_write_ptr")
        return call.call("noc_async_read", far, near, _size(call, size))
    near, far = _near(call, source, source_args, "get_read_ptr"), _far(call, target, target_args)
    return call.call("noc_async_write", near, far, _size(call, size))


def _size(call: Method, node: Node) -> str:
    return converted(call.body.value(node), UINT).text


def _far(call: Method, node: Node, args: Node) -> str:
    """The NOC address at the far end of a transfer."""
    end, fields = call.body.value(node), {key: value.text for key, value in designated(call.body, args).items()}
    if end.type.name == "UnicastEndpoint":
        x, y, address = (fields.get(key, "0") for key in ("noc_x", "noc_y", "addr"))
        return f"get_noc_addr({x}, {y}, {address})"
    if end.type.name == "PrecomposedUnicastEndpoint":
        return fields.get("noc_addr", "0")
    if end.type.name not in ("TensorAccessor", *GENERATORS):
        call.refuse(
            f"{end.type.name} is not translated as the far end of a transfer; use a TensorAccessor or a UnicastEndpoint"
        )
    offset = f", {fields['offset_bytes']}" if fields.get("offset_bytes", "0") != "0" else ""
    return f"{end.within(ATOM)}.get_noc_addr({fields.get('page_id', '0')}{offset})"


def _near(call: Method, node: Node, args: Node, pointer: str) -> str:
    """The L1 address at this core's end."""
    end, fields = call.body.value(node), designated(call.body, args)
    if end.type.kind is Kind.POINTER:
        base = of_type(f"{end.within(ATOM)}.address", UINT)
    elif end.type.name in (*BUFFERS, *VIEWS):
        base = call.call(VIEWS.get(end.type.name, pointer), end.text)
    else:
        call.refuse(f"{end.type.name} is not translated as this core's end; use a CircularBuffer or CoreLocalMem")
    offset = fields.get("offset_bytes")
    if offset is None or offset.text == "0":
        return base.text
    total = Value(f"{base.text} + {offset.within(SUM + 1)}", SUM, UINT, 0, base.high + offset.high)
    return settled(total).text


def _multicast(call: Method, loopback: bool) -> Value:
    source, target, size, count, source_args, target_args, *linked = call.arguments
    end, fields = call.body.value(target), {k: v.text for k, v in designated(call.body, target_args).items()}
    corners = [fields.get(key, "0") for key in ("noc_x_start", "noc_y_start", "noc_x_end", "noc_y_end")]
    address = fields.get("addr", "0")
    if end.type.name in (*BUFFERS, *VIEWS):
        address = call.call(VIEWS.get(end.type.name, "get_write_ptr"), end.text).text
    elif end.type.name != "MulticastEndpoint":
        call.refuse(f"{end.type.name} is not translated as the target of a multicast; use a MulticastEndpoint")
    near = _near(call, source, source_args, "get_read_ptr")
    name = f"noc_async_write_multicast{'_loopback_src' * loopback}"
    where = f"get_noc_multicast_addr({', '.join([*corners, address])})"
    flag = [call.body.value(linked[0]).text] if linked else []
    return call.call(name, near, where, _size(call, size), _size(call, count), *flag)


# ---- Semaphore ----------------------------------------------------------------------------------------------


def _semaphore(call: Method) -> Value:
    here, n = call.on.text, len(call.arguments)
    if call.name in ("set", "wait", "wait_min"):
        return call.call(f"noc_semaphore_{call.name}", here, *call.texts(1))
    if call.name == "value":
        return of_type(f"tt_l1_ptr(uint32_t, {here})[0]", UINT)
    if call.name == "up" and n == 4:
        _, x, y, by = call.texts(4)
        return call.call("noc_semaphore_inc", f"get_noc_addr({x}, {y}, {here})", by)
    if call.name == "set_multicast" and n in (6, 7):
        _, x0, y0, x1, y1, count, *linked = call.texts(6, 7)
        name = f"noc_semaphore_set_multicast{'_loopback_src' * ('MCAST_INCL_SRC' in call.template)}"
        return call.call(name, here, f"get_noc_multicast_addr({x0}, {y0}, {x1}, {y1}, {here})", count, *linked)
    if call.name == "inc_multicast" and n == 7:
        _, x0, y0, x1, y1, by, count = call.texts(7)
        where = f"get_noc_multicast_addr({x0}, {y0}, {x1}, {y1}, {here})"
        return call.call("noc_semaphore_inc_multicast", where, by, count)
    if call.name == "relay_unicast" and n == 4:
        _, there, x, y = call.texts(4)
        return call.call("noc_semaphore_set_remote", here, f"get_noc_addr({x}, {y}, {there})")
    call.refuse(
        "Semaphore has set, wait, wait_min, value, up(noc, x, y, n), set_multicast, inc_multicast, relay_unicast here"
    )


_BY_CLASS: dict[str, Callable[[Method], Value]] = {"Noc": _noc, "Semaphore": _semaphore}
