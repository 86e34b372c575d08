"""Calls: which function is called, and by which module it is written.

Left out: classes of the kernel's own.
"""

from __future__ import annotations

import ast
import inspect
from types import FunctionType
from typing import Any

from . import api_calls, functions, objects, prints, special
from .api_calls import Arguments, api_call, call_of
from .arguments import given
from .code import Code, code_of, described, wrap
from .frame import Frame, expression
from .intrinsics import INTRINSICS
from .values import Expr, Items, Method, Static, Value

WRITERS = (prints, special)  # they fill INTRINSICS


@expression(ast.Await)
def awaited(frame: Frame, node: ast.Await) -> Value:
    """C++ has no word for it: the call itself waits."""
    if not isinstance(node.value, ast.Call):
        frame.fail(node, "`await` stands before a call that waits; write the call there")
    frame.awaited = node.value
    return frame.value(node.value)


@expression(ast.Call)
def call(frame: Frame, node: ast.Call) -> Value:
    function = frame.value(node.func)
    _check_await(frame, node, function)
    args = given(frame, node)
    if isinstance(function, Method):
        return objects.method(frame, node, function.on, function.name, *args)
    if not isinstance(function, Static) or not _callable(function.object):
        frame.fail(node, f"{ast.unparse(node.func)} is no function; call one")
    thing = function.object
    if isinstance(thing, Code):
        return functions.call(frame, node, thing, args)
    if thing in INTRINSICS:
        return INTRINSICS[thing](frame, node, *args)
    if thing in api_calls.functions():
        return api_call(frame, node, call_of(thing, node.func), args)
    if isinstance(thing, FunctionType):
        return functions.call(frame, node, code_of(thing, frame.module.texts), args)
    return _now(frame, node, thing, args)


def _check_await(frame: Frame, node: ast.Call, function: Value) -> None:
    """What Python would refuse when it runs is refused here."""
    thing = function.object if isinstance(function, Static) else None
    if isinstance(thing, Code):
        waits = isinstance(thing.node, ast.AsyncFunctionDef)
    elif isinstance(thing, FunctionType):
        names = api_calls.functions().get(thing)
        waits = inspect.iscoroutinefunction(thing) or (names is not None and next(iter(names.values())).waits)
    else:
        waits = False
    if waits and frame.awaited is not node:
        frame.fail(node, f"this waits, and nobody awaits it; write `await {ast.unparse(node)}`")
    if frame.awaited is node and not waits:
        frame.fail(node, "this does not wait for anybody; leave `await` out")


def _callable(thing: Any) -> bool:
    return callable(thing) or isinstance(thing, Code)


# ---- in Python ---------------------------------------------------------------------------------------------


class _Unknown(Exception):
    """A value that only the chip knows."""


def _now(frame: Frame, node: ast.Call, thing: Any, args: Arguments) -> Value:
    """A call of something else: done now, if everything it is given is known."""
    try:
        known = [_known(v) for v in args[0]], {k: _known(v) for k, v in args[1].items()}
    except _Unknown:
        frame.fail(
            node,
            f"{described(thing)} runs only in Python; compute this on the host and pass it as an argument, "
            "or write it with the kernel API and ttlearn.cpp.c",
        )
    return wrap(thing(*known[0], **known[1]))


def _known(value: Value) -> Any:
    if isinstance(value, Static) and not isinstance(value.object, Code):
        return value.object
    if isinstance(value, Expr) and value.number is not None:
        return value.number
    if isinstance(value, Items):
        return tuple(_known(v) for v in value.values)
    raise _Unknown
