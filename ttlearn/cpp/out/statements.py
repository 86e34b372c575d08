"""Statements: calls, return, nested functions, assertions, and statements that are split in two.

Left out: if (`branches`), loops (`loops`) and assignments (`assign`).
"""

from __future__ import annotations

import ast
import inspect

from . import assign, types
from .branches import branches
from .code import Code
from .conditions import condition
from .expressions import Split
from .frame import STATEMENTS, Frame, statement
from .inline import returned
from .prints import message, refusal
from .values import Expr, Static, number
from .variables import settle


@statement(ast.Expr)
def called(frame: Frame, node: ast.Expr) -> None:
    """A call, or a docstring."""
    if isinstance(node.value, ast.Constant):
        if isinstance(node.value.value, str):
            for line in inspect.cleandoc(node.value.value).splitlines():
                frame.emit("", line)
        return
    value = frame.value(node.value)
    if isinstance(value, Expr) and isinstance(node.value, (ast.Call, ast.Await)):
        frame.emit(f"{value.code};")
    elif value != Static(None):
        frame.fail(node, "this does nothing; assign it or leave it out")


@statement(ast.Pass)
def nothing(frame: Frame, node: ast.Pass) -> None:
    pass


@statement(ast.Nonlocal)
def not_local(frame: Frame, node: ast.Nonlocal) -> None:
    frame.nonlocals |= set(node.names)


@statement(ast.Return)
def return_(frame: Frame, node: ast.Return) -> None:
    value = Static(None) if node.value is None else frame.value(node.value)
    if isinstance(value, Expr) and value.type is types.VOID:
        frame.emit(f"{value.code};")
        value = Static(None)
    returned(frame, node, None if value == Static(None) else value)
    if isinstance(value, Expr):
        frame.emit(f"return {frame.settled(value, node).code};")
    elif isinstance(value, Static) and isinstance(value.object, bool):
        frame.emit(f"return {number(value.object).code};")
    else:
        frame.emit("return;")
    frame.ended = True


@statement(ast.FunctionDef, ast.AsyncFunctionDef)
def nested(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A function inside a function: written when it is called."""
    if node.decorator_list:
        frame.fail(node.decorator_list[0], "a decorator has no counterpart in C++; call what it does")
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    given = dict(zip(names[len(names) - len(node.args.defaults) :], node.args.defaults, strict=True))
    given |= {a.arg: d for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None}
    defaults = {name: settle(frame, f"{node.name}_{name}", frame.value(d)) for name, d in given.items()}
    code = Code(node, frame.code.source, frame.code.globals, frame.code.cells, defaults, frame)
    frame.env[node.name] = Static(code)


# ---- refusals ----------------------------------------------------------------------------------------------


@statement(ast.Raise)
def raised(frame: Frame, node: ast.Raise) -> None:
    if frame.block is frame.function.body and frame.inline is None:
        frame.fail(node, f"with these arguments it always raises ({message(frame, node)}); pass others")
    frame.emit(f"{refusal(frame, number(False)).code};", message(frame, node))


@statement(ast.Assert)
def asserted(frame: Frame, node: ast.Assert) -> None:
    test = condition(frame, node.test)
    if isinstance(test, Expr):
        frame.emit(f"{refusal(frame, test).code};")
    elif not test.object:
        frame.fail(node, "with these arguments this is never true; pass others")


# ---- statements with two readings --------------------------------------------------------------------------


def _splitting(kind: type[ast.stmt]) -> None:
    """Let a kind of statement be split into if and else, by a conditional expression in it."""
    plain = STATEMENTS[kind]

    def handler(frame: Frame, node: ast.stmt) -> None:
        back = frame.checkpoint()
        try:
            plain(frame, node)
        except Split as found:
            back()
            split = found
        else:
            return

        def choose(choice: bool) -> None:
            frame.choices[split.node] = choice
            handler(frame, node)
            del frame.choices[split.node]

        branches(frame, split.test, lambda: choose(True), lambda: choose(False))

    STATEMENTS[kind] = handler


assert assign  # it says how assignments are written
for _kind in (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return):
    _splitting(_kind)
