"""Objects of the data-movement API: accessors, old address generators, CB records, L1 pointers.

What an object can be asked is in `METHODS` and `FIELDS`. Left out: `CircularBuffer`, `Noc`.
"""

from __future__ import annotations

import ast
from typing import Any

from ... import dataflow as dm
from . import types, values
from .api_calls import written_enum
from .arguments import bound
from .frame import Frame
from .intrinsics import INTRINSICS, WIDTHS, Intrinsic, expressions, intrinsic
from .types import Type
from .values import Expr, Static, Value, united

METHODS: dict[tuple[Type, str], tuple[Type, bool]] = {  # its type, and is it a constant expression
    (types.ACCESSOR, "get_noc_addr"): (types.U64, False),
    (types.ACCESSOR, "get_aligned_page_size"): (types.U32, False),
    (types.ACCESSOR, "get_bank_base_address"): (types.U32, False),
    (types.ARGS, "next_compile_time_args_offset"): (types.U32, True),
    (types.ARGS, "num_compile_time_args"): (types.U32, True),
    (types.ARGS, "get_aligned_page_size"): (types.U32, True),
}
_FIFO = ("fifo_size", "fifo_limit", "fifo_page_size", "fifo_num_pages", "fifo_rd_ptr", "fifo_wr_ptr")
FIELDS: dict[tuple[Type, str], Type] = {(types.CB_RECORD, name): types.U32 for name in _FIFO}


def field(on: Expr, name: str) -> Expr | None:
    """`on.name` of an object, if C++ has that too."""
    if on.type.pointer and name == "address":
        return Expr(f"(uint32_t){on.at(values.UNARY)}", types.U32, values.UNARY, **united(on))
    if on.type is types.ARGS and name == "page_size":
        return Expr(f"{on.at(values.ATOM)}.get_aligned_page_size()", types.U32, **united(on))
    kind = FIELDS.get((on.type, name))
    if kind is None:
        return None
    return Expr(f"{on.at(values.ATOM)}.{name}", kind, **{**united(on), "constant": False, "pure": False})


# ---- made in a kernel --------------------------------------------------------------------------------------


@intrinsic(dm.TensorAccessorArgs)
def accessor_args(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    (offset,) = expressions(frame, node, [*args, *named.values()], 1)
    frame.demand(offset, node, "the offset of TensorAccessorArgs")
    frame.module.used.add("TensorAccessorArgs")
    return Expr(f"TensorAccessorArgs<{offset.at(values.SHIFT + 1)}>()", types.ARGS, **united(offset))


@intrinsic(dm.TensorAccessor)
def accessor(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    names, nothing = ["args", "bank_base_address", "page_size"], Static(None)
    found = bound(frame, node, names, (args, named), {"page_size": nothing}, "TensorAccessor")
    parts = [frame.expr_of(v, node) for v in found.values() if v != nothing]
    if parts[0].type is not types.ARGS:
        frame.fail(node, "the first argument of a TensorAccessor is a TensorAccessorArgs(...)")
    frame.module.used.add("TensorAccessor")
    return _on_the_chip(frame, f"TensorAccessor({', '.join(p.code for p in parts)})", types.ACCESSOR, *parts)


@intrinsic(dm.tt_l1_ptr)
def l1_pointer(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    found = bound(frame, node, ["dtype", "address"], (args, named), {}, "tt_l1_ptr")
    element = WIDTHS.get(getattr(found["dtype"], "object", None))
    if element is None:
        frame.fail(node, "tt_l1_ptr needs a type that C++ has too: uint8_t, uint16_t or uint32_t")
    kind, address = types.pointer(element), frame.as_expr(found["address"], node)
    return _on_the_chip(frame, f"reinterpret_cast<{kind.name}>({address.code})", kind, address)


def _generator(name: str, fields: list[str]) -> Intrinsic:
    """`InterleavedAddrGen<true>{.bank_base_address = …, .page_size = …}`."""

    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        nothing = Static(None)
        found = bound(frame, node, [*fields, "DRAM"], (args, named), {"data_format": nothing, "DRAM": nothing}, name)
        dram = found.pop("DRAM")
        if dram not in (nothing, Static(True)):
            frame.fail(node, "tensors lie in DRAM here; leave DRAM out")
        parts = {key: _field(frame, node, value) for key, value in found.items() if value != nothing}
        frame.module.used.add(name)
        inside = ", ".join(f".{key} = {part.code}" for key, part in parts.items())
        return _on_the_chip(frame, f"{name}<true>{{{inside}}}", types.ACCESSOR, *parts.values())

    return handler


def _field(frame: Frame, node: ast.Call, value: Value) -> Expr:
    if written := written_enum(value):
        return Expr(written, types.DATA_FORMAT, constant=True)
    return frame.expr_of(value, node)


INTRINSICS[dm.InterleavedAddrGen] = _generator("InterleavedAddrGen", ["bank_base_address", "page_size"])
INTRINSICS[dm.InterleavedAddrGenFast] = _generator(
    "InterleavedAddrGenFast", ["bank_base_address", "page_size", "data_format"]
)


def _on_the_chip(frame: Frame, code: str, kind: Type, *parts: Expr) -> Expr:
    frame.owner.runtime = True
    return Expr(code, kind, **{**united(*parts), "constant": False})


# ---- asked -------------------------------------------------------------------------------------------------


def method(frame: Frame, node: ast.Call, on: Expr, name: str, args: list[Value], named: Any) -> Value:
    """`on.name(…)`."""
    if name == "view" and on.type.number:
        return _viewed(frame, node, on, args)
    found = [frame.expr_of(v, node) for v in args]
    kind, constant = METHODS.get((on.type, name), (None, False))
    if kind is None or named:
        have = ", ".join(known for kind, known in METHODS if kind is on.type) or "no methods"
        frame.fail(node, f"{name} is no method in C++; a {on.type.name} has {have}")
    fields = united(on, *found)
    fields["constant"] &= constant
    frame.owner.runtime |= not constant
    return Expr(f"{on.at(values.ATOM)}.{name}({', '.join(e.code for e in found)})", kind, **fields)


def _viewed(frame: Frame, node: ast.Call, on: Expr, args: list[Value]) -> Expr:
    """numpy's `np.uint32(x).view(np.float32)`: the same bits as another type."""
    kind = WIDTHS.get(args[0].object) if args and isinstance(args[0], Static) else None
    if kind is None or {kind, types.declared(on.type)} != {types.U32, types.FLOAT}:
        frame.fail(node, "only uint32 and float32 are viewed as each other in C++; write u32(...) to convert")
    return Expr(f"__builtin_bit_cast({kind.name}, {on.code})", kind, **united(on))
