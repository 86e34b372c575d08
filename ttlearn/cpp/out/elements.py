"""Arrays, and the elements and slices of arrays and L1 pointers. A slice becomes a loop.

Left out: arrays of arrays, slices with a step.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from . import types
from .frame import Frame
from .operators import arithmetic
from .text import Block, Compound, Line
from .values import ATOM, Expr, Items, Unset, Value, number, united
from .variables import counter, kept


def array(frame: Frame, value: Items, source: ast.AST) -> Expr:
    """A list of numbers as what an array is declared with."""
    parts = [frame.expr_of(v, source) for v in value.values]
    kind = parts[0].type
    for part in parts[1:]:
        joined = types.join(kind, part.type)
        if joined is None:
            frame.fail(source, f"its elements are {kind.name} and {part.type.name}; write u32(...) around some")
        kind = joined
    code = "{}" if all(p.code in ("0", "false") for p in parts) else f"{{{', '.join(p.code for p in parts)}}}"
    return Expr(code, types.array(kind, str(len(parts))), **united(*parts))


def without_values(value: Value) -> types.Type | None:
    """The type of an array of `unset(...)`."""
    if isinstance(value, Items) and value.values and all(isinstance(v, Unset) for v in value.values):
        return types.array(types.LITERAL, str(len(value.values)))
    return None


def element(on: Expr, index: Expr) -> Expr:
    """`on[index]`."""
    assert on.type.element
    fields = united(on, index)
    if on.type.pointer:
        fields |= {"pure": False, "constant": False}
    kind = types.COUNT if on.type.element is types.LITERAL else on.type.element
    return Expr(f"{on.at(ATOM)}[{index.code}]", kind, **fields)


def store(frame: Frame, target: ast.Subscript, value: Value, source: ast.AST) -> None:
    """`p[i] = x`: cut to the element's width in Python and in C++."""
    if isinstance(target.slice, ast.Slice):
        frame.fail(target, "a slice is assigned alone, as in p[0:16] = 0")
    base, item = frame.value(target.value), frame.as_expr(value, source)
    if not isinstance(base, Expr) or not base.type.element:
        frame.fail(target, "only arrays and tt_l1_ptr have elements that change in C++; use one of them")
    if base.type.pointer and not any(s.name == base.code for s in base.uses):
        base = kept(frame, "words", base)
    place = element(base, frame.expr(target.slice))
    if base.type.length is not None:
        _grow(frame, base, item, source)
    frame.emit(f"{place.code} = {item.code};")


def _grow(frame: Frame, base: Expr, item: Expr, source: ast.AST) -> None:
    """An array's element type grows with what is stored."""
    assert base.type.element
    kind = types.join(base.type.element, item.type)
    if kind is None or item.below:
        frame.fail(source, f"the array holds {base.type.element.name}; write u32(...) or i32(...) around this")
    for symbol in base.uses:
        if symbol.name == base.code and symbol.type.length is not None:
            symbol.type = types.array(kind, symbol.type.length)


# ---- slices ------------------------------------------------------------------------------------------------


def store_slice(frame: Frame, target: ast.Subscript, source: ast.expr) -> None:
    """`p[a:b] = x` is a loop."""
    assert isinstance(target.slice, ast.Slice)
    on = frame.value(target.value)
    if not isinstance(on, Expr) or not on.type.element:
        frame.fail(target, "only a slice of a tt_l1_ptr or an array is assigned; move the elements in a for loop")
    start, stop = _ends(frame, target.slice, target)
    name = counter(frame)
    body = Block(frame.block)
    body.nodes.append(Line(f"{on.at(ATOM)}[{name}] = {_source(frame, source, start, Expr(name, types.U32))};"))
    frame.block.nodes.append(Compound(f"for (uint32_t {name} = {start.code}; {name} < {stop.code}; {name}++)", body))


def _ends(frame: Frame, part: ast.Slice, node: ast.AST) -> tuple[Expr, Expr]:
    if part.upper is None or part.step is not None:
        frame.fail(node, "a slice needs its end and step 1, as in p[0:16]: a pointer has no length")
    start = number(0) if part.lower is None else frame.expr(part.lower)
    return start, frame.expr(part.upper)


def _source(frame: Frame, node: ast.expr, start: Expr, index: Expr) -> str:
    """What goes into element `index`: a number, or the same place of another slice."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice):
        value = frame.modular(node)
        return (value if value.pure else kept(frame, "value", value)).code
    on = frame.value(node.value)
    if not isinstance(on, Expr) or not on.type.element:
        frame.fail(node, "only slices of tt_l1_ptr and arrays are copied; move the elements in a for loop")
    first, _ = _ends(frame, node.slice, node)
    if first.code == start.code:
        return element(on, index).code
    steps = index if start.code == "0" else arithmetic(frame, node, ast.Sub(), index, replace(start, number=None))
    return element(on, arithmetic(frame, node, ast.Add(), steps, first) if first.code != "0" else steps).code
