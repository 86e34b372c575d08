"""Loops: a range becomes a C++ for, a tuple of numbers a loop over an array, others are written out turn by turn.

A loop is written out too when C++ needs its variable at compile time. Left out: `else` of a loop.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from . import types, values
from .branches import same
from .conditions import condition
from .elements import array
from .frame import Env, Frame, Unroll, statement
from .plan import Home
from .sequences import bind, known_items
from .text import Block, Compound
from .types import Type
from .values import Expr, Items, Range, Static, Symbol, Value
from .variables import counter, declare, free, kept


@statement(ast.For)
def for_(frame: Frame, node: ast.For) -> None:
    _no_else(frame, node)
    for name in {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)} & frame.plan.misused.keys():
        frame.fail(
            frame.plan.misused[name],
            f"{name} is the variable of a `for` loop, which C++ forgets after it; keep it in another variable",
        )
    value, target = frame.value(node.iter), node.target
    if isinstance(value, Range) and isinstance(target, ast.Name):
        if not _empty(value):
            _or_written_out(frame, node, value, lambda: _counted(frame, node, target.id, value))
    elif isinstance(value, Items) and len(value.values) > 1 and isinstance(target, ast.Name) and _plain(value):
        _or_written_out(frame, node, value, lambda: _each(frame, node, target.id, array(frame, value, node.iter)))
    elif isinstance(value, Expr) and value.type.length is not None and isinstance(target, ast.Name):
        _or_written_out(frame, node, value, lambda: _each(frame, node, target.id, value))
    else:
        _written_out(frame, node, known_items(frame, node.iter, value))


def _no_else(frame: Frame, node: ast.For | ast.While) -> None:
    if node.orelse:
        frame.fail(node.orelse[0], "`else` of a loop has no counterpart in C++; keep a bool and ask it after the loop")


def _empty(value: Range) -> bool:
    ends = (value.start, value.stop, value.step)
    return all(e.written for e in ends) and not range(*(e.number for e in ends))


def _plain(value: Items) -> bool:
    return all(isinstance(v, Expr) and v.type.number for v in value.values)


def _or_written_out(frame: Frame, node: ast.For, value: Value, loop: Callable[[], None]) -> None:
    back, before = frame.checkpoint(), set(frame.owner.open_loops)
    try:
        loop()
    except Unroll as needed:
        mine = needed.variable in frame.owner.open_loops and needed.variable not in before
        frame.owner.open_loops = before
        if not mine:
            raise
        back()
        _written_out(frame, node, known_items(frame, node.iter, value))


# ---- in C++ ------------------------------------------------------------------------------------------------


def _counted(frame: Frame, node: ast.For, name: str, value: Range) -> None:
    """`for (uint32_t i = start; i < stop; i += step)`."""
    start, stop, step = value.start, _steady(frame, node, value.stop, "stop"), _steady(frame, node, value.step, "step")
    kind = _kind(frame, node, start, stop, step)
    known = None not in (start.number, stop.number, step.number)
    symbol = Symbol(_named(frame, name), kind, frame.owner, turns=known)
    i, down = symbol.name, step.number is not None and step.number < 0
    change = f"{i} -= {-step.number}" if down else f"{i} += {step.code}"
    if step.written and abs(step.number) == 1:
        change = f"{i}--" if down else f"{i}++"
    first = start.code if kind.signed == start.type.signed or start.written else f"(int32_t)({start.code})"
    sign = ">" if down else "<"
    header = f"for ({kind.name} {i} = {first}; {i} {sign} {stop.at(values.SHIFT)}; {change})"
    frame.block.nodes.append(Compound(header, _body(frame, node, name, symbol)))


def _named(frame: Frame, name: str) -> str:
    return counter(frame) if name == "_" or name in frame.plan.moved else free(frame, name, frame.block)


def _kind(frame: Frame, node: ast.For, start: Expr, stop: Expr, step: Expr) -> Type:
    if step.number is not None and step.number < 0:
        return types.U32 if step.number == -1 and not stop.type.signed and not start.type.signed else types.I32
    kind = types.join(types.widened(start.type), types.widened(stop.type))
    if kind is None or not kind.integer:
        frame.fail(
            node.iter, f"it counts from {start.type.name} to {stop.type.name}; write u32(...) or i32(...) around one"
        )
    return types.declared(kind)


def _steady(frame: Frame, node: ast.For, end: Expr, name: str) -> Expr:
    """C++ looks at the end of the range every time: what may change meanwhile is kept first."""
    changed = {n.id for s in node.body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    moving = {frame.env.get(n) for n in changed | frame.plan.shared}
    if end.pure and not any(s in moving for s in end.uses):
        return end
    return kept(frame, name, end)


def _each(frame: Frame, node: ast.For, name: str, value: Expr) -> None:
    """`for (uint32_t x : array)`."""
    if not value.uses or value.code.startswith("{"):
        value = kept(frame, f"all_{name}".rstrip("_"), value)
    element = value.type.element
    assert element
    kind = element if element is types.BOOL else types.declared(types.widened(element))
    symbol = Symbol(_named(frame, name), kind, frame.owner, turns=True)
    block = _body(frame, node, name, symbol)
    frame.block.nodes.append(Compound(f"for ({symbol.type.name} {symbol.name} : {value.code})", block))


def _body(frame: Frame, node: ast.For | ast.While, name: str = "", variable: Symbol | None = None) -> Block:
    """The body; what is known before it must still be so after it, because it comes round again."""
    outer, before, hidden = frame.block, dict(frame.env), frame.declared.pop(name, None)
    block = frame.block = Block(outer)
    if variable is not None:
        _entered(frame, name, variable)
    frame.loops.append(True)
    frame.run(node.body)
    frame.loops.pop()
    if variable is not None:
        frame.counters.pop()
        frame.owner.open_loops.discard(variable)
        frame.env.pop(name)
        frame.declared.pop(name, None)
    if hidden is not None:
        frame.declared[name] = hidden
    _unchanged(frame, node, before, name)
    frame.block, frame.ended = outer, False
    frame.env = before | {n: v for n, v in frame.env.items() if isinstance(v, Symbol)}
    return block


def _entered(frame: Frame, name: str, variable: Symbol) -> None:
    """The loop's variable; if the body changes it, C++ counts with another, and the body has a copy."""
    frame.env[name] = variable
    frame.block.names.add(variable.name)
    frame.counters.append(variable.name)
    frame.owner.open_loops.add(variable)
    if name in frame.plan.moved:
        declare(frame, name, variable.type, variable.read())


def _unchanged(frame: Frame, node: ast.For | ast.While, before: Env, variable: str) -> None:
    for name, value in before.items():
        after = frame.env.get(name, value)
        if (
            name != variable
            and not same(value, after)
            and not (isinstance(value, Symbol) and isinstance(after, Symbol))
        ):
            frame.fail(node, f"{name} changes from turn to turn and is no number; use a number, or write the loop out")


@statement(ast.While)
def while_(frame: Frame, node: ast.While) -> None:
    _no_else(frame, node)
    test = condition(frame, node.test)
    if isinstance(test, Static) and not test.object:
        return
    block = _body(frame, node)
    frame.block.nodes.append(Compound(f"while ({test.code if isinstance(test, Expr) else 'true'})", block))
    frame.ended = isinstance(test, Static) and not any(isinstance(n, ast.Break) for n in ast.walk(node))


@statement(ast.Break, ast.Continue)
def leave(frame: Frame, node: ast.Break | ast.Continue) -> None:
    word = "break" if isinstance(node, ast.Break) else "continue"
    if not frame.loops or not frame.loops[-1]:
        frame.fail(node, f"this loop is written out turn by turn, so there is nothing to {word}; loop over range(...)")
    frame.emit(f"{word};")
    frame.ended = True


# ---- written out -------------------------------------------------------------------------------------------


def _written_out(frame: Frame, node: ast.For, items: list[Value]) -> None:
    """Once for each element, each in braces of its own if it declares something."""
    outer = frame.block
    for item in items:
        block = frame.block = Block(outer)
        frame.loops.append(False)
        _bound(frame, node, item)
        frame.run(node.body)
        frame.loops.pop()
        frame.block = outer
        if block.names:
            outer.nodes.append(Compound("", block))
        else:
            outer.nodes += block.nodes
        if frame.ended:
            break


def _bound(frame: Frame, node: ast.For, item: Value) -> None:
    """A number keeps its loop variable's name."""
    if isinstance(node.target, ast.Name) and isinstance(item, Expr) and node.target.id != "_":
        name = node.target.id
        home = Home(id(node.body), 1 + (name in frame.plan.moved))
        frame.plan.homes.setdefault(name, {})[id(node.body)] = home
        frame.places[id(node.body)] = frame.block
        frame.inside.append(id(node.body))
        declare(frame, name, item.type, item)
        frame.inside.pop()
    else:
        bind(frame, node.target, item)
