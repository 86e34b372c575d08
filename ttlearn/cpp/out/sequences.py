"""Tuples, lists, tables and comprehensions: their lengths are known, and they are written out element by element."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import EnumMeta
from typing import Any

from .code import wrap
from .conditions import condition
from .elements import element
from .frame import Frame, expression
from .values import Expr, Items, Range, Static, Table, Unset, Value, number


def elements(frame: Frame, nodes: Iterable[ast.expr]) -> Iterator[Value]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            yield from known_items(frame, node.value, frame.value(node.value))
        else:
            yield frame.value(node)


@expression(ast.Tuple)
def sequence(frame: Frame, node: ast.Tuple) -> Value:
    return Items(tuple(elements(frame, node.elts)))


@expression(ast.List)
def listed(frame: Frame, node: ast.List) -> Value:
    return _list(tuple(elements(frame, node.elts)))


def _list(found: tuple[Value, ...]) -> Items:
    return Items(found, array=bool(found) and all(_plain(v) for v in found))


def _plain(value: Value) -> bool:
    if isinstance(value, Static):
        return isinstance(value.object, bool)
    return isinstance(value, Unset) or (isinstance(value, Expr) and value.type.number)


@expression(ast.Dict)
def table(frame: Frame, node: ast.Dict) -> Value:
    entries: dict[Any, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            more = frame.value(value)
            entries |= _entries(frame, value, more)
        else:
            entries[key_of(frame, key, frame.value(key))] = frame.value(value)
    return Table(entries)


def _entries(frame: Frame, node: ast.expr, value: Value) -> dict[Any, Value]:
    if isinstance(value, Table):
        return dict(value.entries)
    if isinstance(value, Static) and isinstance(value.object, dict):
        return {key: wrap(entry) for key, entry in value.object.items()}
    frame.fail(node, "** needs a dict that is known when the C++ is written")


def key_of(frame: Frame, node: ast.expr, value: Value) -> Any:
    if isinstance(value, Static):
        return value.object
    if isinstance(value, Expr) and value.number is not None:
        return value.number
    frame.fail(node, "which entry is known only on the chip; write if and elif")


def known_items(frame: Frame, node: ast.AST, value: Value) -> list[Value]:
    """The elements of something whose length is known now."""
    if isinstance(value, Items):
        return list(value.values)
    if isinstance(value, Range):
        ends = (value.start.number, value.stop.number, value.step.number)
        if None not in ends and not value.stop.uses:
            return [number(k) for k in range(*(int(end) for end in ends if end is not None))]
    if isinstance(value, Expr) and value.type.length is not None and value.type.length.isdigit():
        return [element(value, number(k)) for k in range(int(value.type.length))]
    if isinstance(value, Static) and isinstance(value.object, (list, tuple, EnumMeta)):
        return [wrap(v) for v in value.object]
    frame.fail(node, "how many elements there are is known only on the chip; write a for loop over range(...)")


@expression(ast.GeneratorExp)
def generated(frame: Frame, node: ast.GeneratorExp | ast.ListComp) -> Value:
    return Items(tuple(_comprehension(frame, node, node.generators)))


@expression(ast.ListComp)
def comprehension(frame: Frame, node: ast.ListComp) -> Value:
    return _list(tuple(_comprehension(frame, node, node.generators)))


def _comprehension(
    frame: Frame, node: ast.GeneratorExp | ast.ListComp, parts: list[ast.comprehension]
) -> Iterator[Value]:
    if not parts:
        yield frame.value(node.elt)
        return
    part, kept = parts[0], dict(frame.env)
    for item in known_items(frame, part.iter, frame.value(part.iter)):
        bind(frame, part.target, item)
        tests = [condition(frame, test) for test in part.ifs]
        if any(isinstance(test, Expr) for test in tests):
            frame.fail(node, "which elements are taken is known only on the chip; write a for loop with an if")
        if all(isinstance(test, Static) and test.object for test in tests):
            yield from _comprehension(frame, node, parts[1:])
    frame.env = kept


def bind(frame: Frame, target: ast.expr, value: Value) -> None:
    """Give a name to a value that is written out wherever it is used."""
    if isinstance(target, ast.Name):
        frame.env[target.id] = value
    elif isinstance(target, ast.Tuple):
        for part, item in zip(target.elts, known_items(frame, target, value), strict=True):
            bind(frame, part, item)
    else:
        frame.fail(target, "a loop variable is a name; use one")
