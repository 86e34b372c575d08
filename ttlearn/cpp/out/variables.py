"""C++ variables: where they are declared, under which name, and what of a known value has to become one."""

from __future__ import annotations

from dataclasses import replace

from . import types
from .frame import Frame
from .module import spare
from .text import Block, Declaration
from .types import Type
from .values import Expr, Items, Range, Symbol, Table, Value


def declare(frame: Frame, name: str, kind: Type, value: Expr | None) -> Symbol:
    """A new variable, here if all its uses are in this block, else further out and without a value."""
    found = frame.home(name)
    home = frame.places[found[0]] if found else frame.block
    here = home is frame.block
    place = home if here or found is None else frame.places.get(found[1].outside, home)
    once = here and (frame.once(name) or own_value(frame, name)) and value is not None
    symbol = _symbol(frame, name, kind, value, place, once)
    frame.declared[name] = frame.env[name] = symbol
    place.nodes.append(Declaration(symbol, value if here else None, frame.statement_now))
    if value is not None and not here:
        frame.emit(f"{symbol.name} = {value.code};")
    return symbol


def own_value(frame: Frame, name: str) -> bool:
    """Does each value of this name get a variable of its own?"""
    return name in frame.renamed and frame.straight(name)


def _symbol(frame: Frame, name: str, kind: Type, value: Expr | None, place: Block, once: bool) -> Symbol:
    owner = frame.owner
    key = (name, sum(known == name for known, _ in owner.symbols))
    kind = types.join(kind, owner.known.get(key, kind)) or kind
    kind = types.LITERAL if kind is types.COUNT else kind
    symbol = Symbol(free(frame, name, place), kind, owner, value, once)
    fixed = all(s.constant for s in symbol.init_uses)
    symbol.constant = once and fixed and symbol.possible and kind.number
    owner.symbols[key] = symbol
    place.names.add(symbol.name)
    return symbol


def free(frame: Frame, name: str, place: Block) -> str:
    """A name that no block around has."""
    base = spare(name)
    names = (base if k == 1 else f"{base}_{k}" for k in range(1, 1000))
    return next(n for n in names if not place.sees(n))


def counter(frame: Frame) -> str:
    """A name for a loop that Python does not name."""
    used = frame.plan.homes.keys() | frame.plan.moved | frame.env.keys() | set(frame.counters)
    names = ("i", "j", "k", "m", "n", *(f"i_{k}" for k in range(2, 100)))
    return next(n for n in names if n not in used and not frame.block.sees(n))


def settle(frame: Frame, name: str, value: Value) -> Value:
    """Something known that holds computed values: each of those becomes a variable of this name."""
    if isinstance(value, Expr):
        return _kept(frame, name, value)
    if isinstance(value, Items):
        return replace(value, values=tuple(settle(frame, f"{name}_{k}", v) for k, v in enumerate(value.values)))
    if isinstance(value, Table):
        return Table({k: settle(frame, f"{name}_{n}", v) for n, (k, v) in enumerate(value.entries.items())})
    if isinstance(value, Range):
        ends = (("start", value.start), ("stop", value.stop), ("step", value.step))
        return Range(*(_kept(frame, f"{name}_{k}", e) for k, e in ends))
    return value


def _kept(frame: Frame, name: str, value: Expr) -> Expr:
    """The expression itself if it is the same wherever it is written, else a variable that holds it."""
    if value.constant and not value.uses:
        return value
    if any(s.name == value.code and s.once for s in value.uses):
        return value
    return kept(frame, name, value)


def kept(frame: Frame, name: str, value: Expr) -> Expr:
    """A variable that holds the value from here on."""
    symbol = _symbol(frame, name, value.type, value, frame.block, once=True)
    symbol.constant |= value.type.length is not None and value.constant and not value.uses
    frame.block.nodes.append(Declaration(symbol, value, frame.statement_now))
    return symbol.read()
