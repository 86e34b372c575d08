"""Prints and assertions: what a kernel says while it runs.

Left out: `sep` and `end` of print.
"""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

from ... import dataflow as dm
from ...errors import CppError
from .. import c
from . import types
from .api_calls import quoted
from .frame import Frame, expression
from .intrinsics import INTRINSICS, intrinsic
from .values import Expr, Static, Text, Value, number


@expression(ast.JoinedStr)
def formatted(frame: Frame, node: ast.JoinedStr) -> Value:
    """An f-string: a text if all in it is known, else a format and its values."""
    texts = [_piece(frame, part) for part in node.values]
    parts = tuple(e for t in texts for e in t.parts)
    form = "".join(t.form for t in texts)
    return Text(form, parts) if parts else Static(form.format())


def _piece(frame: Frame, node: ast.expr) -> Text:
    if not isinstance(node, ast.FormattedValue):
        return text_of(frame, frame.value(node), node)
    form = node.format_spec and frame.value(node.format_spec)
    if form is not None and not isinstance(form, Static):
        frame.fail(node, "its format must be written down; leave the braces in it out")
    value = frame.value(node.value)
    if isinstance(value, Expr) and form is not None:
        return Text(f"{{:{form.object}}}", (frame.settled(value, node),))
    return text_of(frame, value, node)


def text_of(frame: Frame, value: Value, node: ast.AST) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, Static) and not isinstance(value.object, bool):
        return Text(str(value.object).replace("{", "{{").replace("}", "}}"), ())
    return Text("{}", (frame.expr_of(value, node),))


@intrinsic(print)
def printed(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    """`print(...)` is a DPRINT."""
    if named:
        frame.fail(node, 'sep and end have no counterpart in C++; write DPRINT("...\\n", ...)')
    texts = [text_of(frame, value, node) for value in args]
    return _dprint(frame, Text(" ".join(t.form for t in texts) + "\n", tuple(e for t in texts for e in t.parts)))


@intrinsic(dm.DPRINT)
def dprint(frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    """`DPRINT("x={}\\n", x)` stays."""
    if not args or named or not isinstance(args[0], Static | Text):
        frame.fail(node, 'DPRINT takes a text and its values, as in DPRINT("x={}\\n", x)')
    first = Text(args[0].object, ()) if isinstance(args[0], Static) else args[0]
    parts = [e for value in args[1:] for e in text_of(frame, value, node).parts]
    return _dprint(frame, Text(first.form, (*first.parts, *parts)))


def _dprint(frame: Frame, text: Text) -> Expr:
    frame.module.used.add("DPRINT")
    frame.owner.runtime = True
    return Expr(f"DPRINT({', '.join([quoted(text.form), *(e.code for e in text.parts)])})", types.VOID, pure=False)


# ---- assertions --------------------------------------------------------------------------------------------


def _asserted(name: str, frame: Frame, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
    test = args[0]
    expr = number(bool(test.object)) if isinstance(test, Static) else frame.as_expr(test, node)
    text = [v.object for v in args[1:] if isinstance(v, Static) and isinstance(v.object, str)]
    if name == "ASSERT":
        for words in text:
            if words != expr.code:
                frame.emit("", words)
        return refusal(frame, expr)
    frame.demand(expr, node, "a static_assert")
    return Expr(f"static_assert({', '.join([expr.code, *map(quoted, text)])})", types.VOID, pure=False)


INTRINSICS[c.ASSERT] = partial(_asserted, "ASSERT")
INTRINSICS[c.static_assert] = partial(_asserted, "static_assert")


def refusal(frame: Frame, test: Expr) -> Expr:
    """`ASSERT(test)`."""
    frame.owner.runtime = True
    frame.module.used.add("ASSERT")
    return Expr(f"ASSERT({test.code})", types.VOID, pure=False)


def message(frame: Frame, node: ast.Raise) -> str:
    """What an exception says, for a comment."""
    given: Any = node.exc.args[0] if isinstance(node.exc, ast.Call) and node.exc.args else node.exc
    try:
        found = frame.value(given) if isinstance(given, (ast.Constant, ast.JoinedStr)) else None
    except CppError:  # it is only a comment
        found = None
    if isinstance(found, Text):
        return found.form.format(*(f"{{{e.code}}}" for e in found.parts))
    if isinstance(found, Static):
        return str(found.object)
    return ast.unparse(given) if given is not None else "raise"
