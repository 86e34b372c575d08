"""What a call is given, matched with what the function takes. Left out: *args of helpers."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from .code import wrap
from .frame import Frame
from .sequences import elements
from .values import Static, Table, Value


def given(frame: Frame, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
    """(positional, by name), with * and ** written out."""
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        value = frame.value(keyword.value)
        if keyword.arg is not None:
            named[keyword.arg] = value
        elif isinstance(value, Table):
            named |= value.entries
        elif isinstance(value, Static) and isinstance(value.object, dict):
            named |= {key: wrap(entry) for key, entry in value.object.items()}
        else:
            frame.fail(node, "** needs a dict that is known when the C++ is written")
    return list(elements(frame, node.args)), named


def bound(
    frame: Frame,
    node: ast.Call,
    names: list[str],
    given: tuple[list[Value], dict[str, Value]],
    defaults: Mapping[str, Value],
    name: str,
) -> dict[str, Value]:
    """Each parameter's value, as Python binds them."""
    args, named = given
    if len(args) > len(names):
        frame.fail(node, f"{name} takes {len(names)} arguments, not {len(args)}")
    found = dict(zip(names, args, strict=False))
    for key, value in named.items():
        if key not in names or key in found:
            frame.fail(node, f"{name} has no free parameter {key}; it takes {', '.join(names)}")
        found[key] = value
    missing = [n for n in names if n not in found and n not in defaults]
    if missing:
        frame.fail(node, f"{name} needs {' and '.join(missing)} too")
    return {n: found[n] if n in found else defaults[n] for n in names}
