"""Calls of the kernel API that look otherwise in C++, and those that 0.81.1 has no more.

The latter are written as the calls they consisted of. Left out: objects (`objects`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from ... import compute as ck
from ... import dataflow as dm
from ..headers import GONE
from . import types
from .api_calls import Arguments, api_call, call_of
from .arguments import bound
from .code import wrap
from .frame import Frame
from .intrinsics import INTRINSICS, Intrinsic
from .values import Expr, Role, Static, Value


def _runtime_argument(function: Any, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    found = api_call(frame, node, call_of(function), (args, named))
    return Expr(found.code.replace("(", "<uint32_t>(", 1), found.type, uses=found.uses)


def _compile_time_argument(
    function: Any, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]
) -> Value:
    for index in (*args, *named.values()):
        if isinstance(index, Expr):
            frame.demand(index, node, "the index of a compile-time argument")
    return api_call(frame, node, call_of(function), (args, named))


def _coordinate(function: Any, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    found = api_call(frame, node, call_of(function), (args, named))
    return Expr(f"{found.code.removesuffix('()')}[noc_index]", types.U32)


def _role(name: str, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    return Role(name)


_function: Any
for _function in (dm.get_arg_val, dm.get_common_arg_val):
    INTRINSICS[_function] = partial(_runtime_argument, _function)
for _function in (dm.get_compile_time_arg_val, dm.get_named_compile_time_arg_val):
    INTRINSICS[_function] = partial(_compile_time_argument, _function)
for _function in (dm.my_x, dm.my_y):
    INTRINSICS[_function] = partial(_coordinate, _function)
for _function in (ck.UNPACK, ck.MATH, ck.PACK):
    INTRINSICS[_function] = partial(_role, _function.__name__)


def _constant(name: str, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    """C++ has it without parentheses."""
    frame.module.used.add(name)
    room = "compute_kernel_lib::" if name == "DEST_AUTO_LIMIT" else ""
    return Expr(f"{room}{name}", types.U32, constant=True)


for _function in (ck.DEST_AUTO_LIMIT, dm.MEM_ZEROS_BASE, dm.noc_index):
    INTRINSICS[_function] = partial(_constant, _function.__name__)


# ---- calls that are gone in 0.81.1 -------------------------------------------------------------------------


def _in_two(function: Any, start: Any, init: Any, into: Callable[[list[Value]], tuple[Arguments, Arguments]]) -> None:
    """Written as the two calls it consisted of."""

    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        call = call_of(function)
        template = {key: named.pop(key) for key in call.template if key in named}
        defaults = {p.name: wrap(p.default) for p in call.params if p.default is not p.empty}
        names = [p.name for p in call.params]
        first, second = into(list(bound(frame, node, names, (args, named), defaults, call.name).values()))
        frame.emit(f"{api_call(frame, node, call_of(start), first).code};")
        return api_call(frame, node, call_of(init), (second[0], second[1] | template))

    INTRINSICS[function] = handler


_HW_STARTUP, _REVERSE = ck.compute_kernel_hw_startup, {"src_order": Static(ck.SrcOrder.Reverse)}
_in_two(ck.mm_init, _HW_STARTUP, ck.matmul_init, lambda a: ((a[:3], {**_REVERSE}), ([a[0], a[1], a[3]], {})))
_in_two(ck.init_bcast, _HW_STARTUP, ck.bcast_init, lambda a: ((a, {}), (a[:2], {})))
_in_two(ck.transpose_wh_init, _HW_STARTUP, ck.transpose_init, lambda a: ((a, {}), (a[:1], {})))


def _gone(name: str) -> Intrinsic:
    def handler(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        frame.fail(node, f"0.81.1 has no {name}; write {GONE[name]}")

    return handler


for _name in GONE:
    _found = getattr(ck, _name, None)
    if _found is not None and _found not in INTRINSICS:
        INTRINSICS[_found] = _gone(_name)
