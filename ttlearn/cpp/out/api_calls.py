"""Calls of the kernel API under its C++ names.

Keyword arguments are template arguments in C++, in the order that `api.Call.template` gives. Left out: calls that look
otherwise in C++ (`special`).
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

from ...compute import ReluConfig
from .. import api
from ..api import Call
from ..headers import newer_name
from . import types, values
from .arguments import bound
from .code import wrap
from .frame import Frame
from .types import Type
from .values import Expr, Static, Value, united

Arguments = tuple[list[Value], dict[str, Value]]

_TYPES: dict[str, Type] = {t.name: t for t in (types.VOID, types.BOOL, types.U32, types.U64)} | {
    "int32_t": types.LITERAL
}
_ANNOTATED = {"float": types.FLOAT, "DataFormat": types.DATA_FORMAT, "LocalCBInterface": types.CB_RECORD}
_REPEATABLE = {"get_arg_val", "get_common_arg_val", "get_semaphore", "get_tile_size", "get_noc_addr", "my_x", "my_y"}
_REPEATABLE |= {"get_noc_multicast_addr", "get_write_ptr", "get_read_ptr"}
_CONSTANT = {"get_compile_time_arg_val", "get_named_compile_time_arg_val", "get_tile_size"}


@cache
def functions() -> Mapping[Any, dict[str, Call]]:
    """By function object: its names, as two names may be one function."""
    found: dict[Any, dict[str, Call]] = {}
    for kind in ("compute", "reader"):
        for name, call in api.calls(kind).items():
            found.setdefault(call.function, {})[name] = call
    return found


def call_of(function: Any, node: ast.expr | None = None) -> Call:
    """The call, under the name that the kernel uses if 0.81.1 has that too."""
    names = functions()[function]
    written = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    wanted = [newer_name(written), newer_name(function.__name__), *names]
    return next(names[name] for name in wanted if name in names)


def api_call(frame: Frame, node: ast.Call, call: Call, args: Arguments) -> Expr:
    """`name<template arguments>(arguments)`."""
    named = dict(args[1])
    template = {key: named.pop(key) for key in call.template if key in named}
    found = _ordinary(frame, node, call, (args[0], named))
    code = ", ".join(_argument(frame, node, call, k, value) for k, value in enumerate(found))
    heads = ", ".join(_template(frame, node, call, template))
    frame.module.used.add(call.name)
    fields = united(*(v for v in found if isinstance(v, Expr)))
    fields["pure"] &= call.name in _REPEATABLE | _CONSTANT
    fields["constant"] &= call.name in _CONSTANT
    frame.owner.runtime |= call.name not in _CONSTANT
    return Expr(f"{call.name}{heads and f'<{heads}>'}({code})", _returns(call), **fields)


def _returns(call: Call) -> Type:
    if "noc_addr" in call.name and call.returns == "uint32_t":
        return types.U64
    return _ANNOTATED.get(inspect.signature(call.function).return_annotation) or _TYPES[call.returns]


def _ordinary(frame: Frame, node: ast.Call, call: Call, args: Arguments) -> list[Value]:
    """The ordinary arguments in order; those left out at the end stay out."""
    if call.most is None:
        if args[1]:
            frame.fail(node, f"{call.name} takes its arguments in order, without names")
        return args[0]
    names = [p.name for p in call.params]
    defaults = {p.name: wrap(p.default) for p in call.params if p.default is not p.empty}
    found = bound(frame, node, names, args, defaults, call.name)
    last = max((k for k, n in enumerate(names) if k < len(args[0]) or n in args[1]), default=-1)
    return [found[n] for n in names[: last + 1]]


def _argument(frame: Frame, node: ast.Call, call: Call, index: int, value: Value) -> str:
    at = node.args[index] if index < len(node.args) else node
    if isinstance(value, Static) and isinstance(value.object, str):
        return quoted(value.object)
    if written := written_enum(value):
        return written
    expr = frame.expr_of(value, at)
    parameter = call.params[min(index, len(call.params) - 1)]
    name = parameter.name
    if expr.type is types.FLOAT and parameter.annotation in (int, "int"):
        frame.fail(at, f"{name} of {call.name} is a whole number; write u32(...), or float_to_bits(...) for its bits")
    if name == "sem_addr" and not expr.type.pointer:
        return f"reinterpret_cast<{types.pointer(types.U32).name}>({expr.code})"
    if expr.type.pointer and name not in ("sem_addr", "values"):
        frame.fail(at, f"{call.name} takes an address here, not a pointer; write .address behind it")
    return expr.code


# ---- template arguments ------------------------------------------------------------------------------------


def _template(frame: Frame, node: ast.Call, call: Call, given: dict[str, Value]) -> list[str]:
    """Template arguments, up to the last that is given; the ones before it in full."""
    last = max((k for k, key in enumerate(call.template) if key in given), default=-1)
    parameters = inspect.signature(call.function).parameters
    found = []
    for key in call.template[: last + 1]:
        value = given[key] if key in given else wrap(parameters[key].default)
        if value == Static(None) or value == Static(inspect.Parameter.empty):
            frame.fail(node, f"{call.name} needs {key} too, because C++ takes template arguments in order")
        found.append(_template_argument(frame, node, value, f"{key} of {call.name}"))
    return found


def _template_argument(frame: Frame, node: ast.Call, value: Value, why: str) -> str:
    if written := written_enum(value):
        return written
    expr = frame.as_expr(value, node)
    frame.demand(expr, node, why)
    return expr.at(values.SHIFT + 1)


def written_enum(value: Value) -> str | None:
    """An enum member, or one of the packer's configurations, as C++ writes it."""
    thing = value.object if isinstance(value, Static) else None
    if isinstance(thing, Enum):
        return f"{type(thing).__name__}::{thing.name}"
    if isinstance(thing, ReluConfig):
        return f"ReluConfig::{'zero' if thing.on else 'none'}()"
    return None


def quoted(text: str) -> str:
    """A C++ string."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\0": "\\0", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'
