"""Where a function's variables live: Python has one scope a function, C++ one a block.

A variable is declared in the innermost block that holds all its uses; or, when its first value comes from a
block further in, outside of all loops, because it may carry a value from turn to turn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .source import Def

Body = list[ast.stmt]
Path = tuple[tuple[int, bool], ...]  # (id of a statement list, is it a loop's body)


@dataclass(frozen=True)
class Home:
    """A block in which a name is declared: the same block outside of loops, and how often it is assigned in it.

    `straight`: only as a statement of the block itself, and never in place.
    """

    outside: int
    stores: int
    straight: bool = False


@dataclass
class Plan:
    """By name: its homes, by the id of their statement list, and how often it is assigned in all."""

    homes: dict[str, dict[int, Home]] = field(default_factory=dict)
    assigned: dict[str, int] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)  # assigned by a function inside (nonlocal)
    moved: set[str] = field(default_factory=set)  # loop variables that are set in their loop
    misused: dict[str, ast.AST] = field(default_factory=dict)  # loop variables that are read after their loop


@dataclass(frozen=True)
class _Use:
    """One place where a name stands."""

    path: Path
    stored: bool
    read: bool


def plan(node: Def) -> Plan:
    """The plan of one function."""
    scan = _Scan()
    if not isinstance(node, ast.Lambda):
        scan.body(node.body, ((id(node.body), False),), frozenset())
        for name, uses in scan.uses.items():
            scan.plan.homes[name] = dict(_homes(uses, 1, name in scan.plan.shared))
    return scan.plan


def _homes(uses: list[_Use], depth: int, shared: bool) -> Iterator[tuple[int, Home]]:
    """The homes of a name that is used in one block, `depth` blocks deep, and in those inside."""
    inside = _inside(uses, depth)
    if shared or inside is None or not all(_begins(part, depth + 1) for part in inside):
        yield _home(uses, depth, shared)
        return
    for part in inside:
        yield from _homes(part, depth + 1, shared)


def _inside(uses: list[_Use], depth: int) -> list[list[_Use]] | None:
    """The uses by the block inside that they stand in; None if one stands in the block itself."""
    parts: dict[int, list[_Use]] = {}
    for use in uses:
        if len(use.path) == depth:
            return None
        parts.setdefault(use.path[depth][0], []).append(use)
    return list(parts.values())


def _begins(uses: list[_Use], depth: int) -> bool:
    """Does each way through the block begin with a new value?"""
    first = uses[0]
    if len(first.path) == depth:
        return first.stored and not first.read
    inside = _inside(uses, depth)
    return inside is not None and all(_begins(part, depth + 1) for part in inside)


def _home(uses: list[_Use], depth: int, shared: bool) -> tuple[int, Home]:
    path = uses[0].path[:depth]
    loops = [k for k, (_, loop) in enumerate(path) if loop]
    outside = path[loops[0] - 1 if loops else -1][0]
    stores = [use for use in uses if use.stored]
    straight = all(len(use.path) == depth and not use.read for use in stores) and not shared
    return path[-1][0], Home(outside, len(stores) + shared, straight)


class _Scan:
    """One walk in the order of the text. `bound`: loop variables, which live in their `for`."""

    def __init__(self) -> None:
        self.plan = Plan()
        self.uses: dict[str, list[_Use]] = {}
        self.left: set[str] = set()  # loop variables whose loop has ended, not assigned since

    def body(self, body: Body, path: Path, bound: frozenset[str]) -> None:
        for statement in body:
            self.statement(statement, path, bound)

    def statement(self, node: ast.stmt, path: Path, bound: frozenset[str]) -> None:
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self.expression(node.iter, path, bound)
            targets = frozenset(n.id for n in ast.walk(node.target) if isinstance(n, ast.Name))
            self.body(node.body, (*path, (id(node.body), True)), bound | targets)
            self.left |= targets
        elif isinstance(node, ast.While):
            self.expression(node.test, path, bound)
            self.body(node.body, (*path, (id(node.body), True)), bound)
        elif isinstance(node, ast.If):
            self.expression(node.test, path, bound)
            for part in (node.body, node.orelse):
                self.body(part, (*path, (id(part), False)), bound)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.definition(node, path, bound)
        else:
            for name in _names(node):
                self.name(name, path, bound, isinstance(node, ast.AugAssign))

    def expression(self, node: ast.expr, path: Path, bound: frozenset[str]) -> None:
        for name in _names(node):
            self.name(name, path, bound)

    def name(self, node: ast.Name, path: Path, bound: frozenset[str], also_read: bool = False) -> None:
        stored = isinstance(node.ctx, ast.Store)
        if node.id in bound:
            if stored:
                self.plan.moved.add(node.id)
            return
        if node.id in self.left and (not stored or also_read):
            self.plan.misused[node.id] = node
        if stored:
            self.left.discard(node.id)
            self.plan.assigned[node.id] = self.plan.assigned.get(node.id, 0) + 1
        self.uses.setdefault(node.id, []).append(_Use(path, stored, not stored or also_read))

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, path: Path, bound: frozenset[str]) -> None:
        self.plan.assigned[node.name] = self.plan.assigned.get(node.name, 0) + 1
        self.uses.setdefault(node.name, []).append(_Use(path, True, False))
        own = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        outer = {name for n in ast.walk(node) if isinstance(n, ast.Nonlocal) for name in n.names}
        inner = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for name in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own - (inner - outer) - bound:
            self.uses.setdefault(name, []).append(_Use(path, False, True))
        self.plan.shared |= outer


def _names(node: ast.AST) -> Iterator[ast.Name]:
    """The names of a statement or expression in the order in which they are used; those of comprehensions left out."""
    hidden = {
        n.id
        for part in ast.walk(node)
        if isinstance(part, ast.comprehension)
        for n in ast.walk(part.target)
        if isinstance(n, ast.Name)
    }
    hidden |= {a.arg for part in ast.walk(node) if isinstance(part, ast.Lambda) for a in part.args.args}
    found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in hidden]
    yield from sorted(found, key=lambda n: isinstance(n.ctx, ast.Store))  # values first, then targets
