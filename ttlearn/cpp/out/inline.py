"""Functions that are written out where they are called: lambdas, and those that return no number.

Left out: a `return` from inside an `if` or a loop.
"""

from __future__ import annotations

import ast

from .code import Code
from .frame import Frame
from .values import Expr, Static, Value


class _Return(Exception):
    """The function has come to its `return`."""

    def __init__(self, value: Value) -> None:
        super().__init__("return")
        self.value = value


def written_out(frame: Frame, node: ast.Call, code: Code, values: dict[str, Value]) -> Value:
    """The value of the call, in the caller's own words."""
    for name, value in values.items():
        if isinstance(value, Expr) and not value.pure:
            frame.fail(node, f"{name} would be computed where {code.name} uses it; keep it in a variable first")
    inner = Frame(frame.module, code, frame.owner.function, frame.owner)
    inner.block = inner.inline = frame.block
    inner.env |= values
    if isinstance(code.node, ast.Lambda):
        return inner.value(code.node.body)
    count = len(frame.block.nodes)
    frame.module.open.append(code.node)
    try:
        inner.run(code.node.body)
    except _Return as found:
        if all(getattr(n, "text", n) == "" for n in frame.block.nodes[count:]):
            del frame.block.nodes[count:]  # its docstring
        return found.value
    finally:
        frame.module.open.remove(code.node)
    frame.fail(node, f"{code.name} returns no number but something that only Python has; return numbers")


def returned(frame: Frame, node: ast.Return, value: Value | None) -> None:
    """`return`."""
    if frame.inline is None:
        frame.returns.append(value)
    elif frame.block is not frame.inline:
        frame.fail(node, f"{frame.code.name} returns no number, from inside an `if` or a loop; return numbers")
    else:
        raise _Return(Static(None) if value is None else value)
