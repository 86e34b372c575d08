"""The C++ text under construction: blocks of lines, rendered when every declaration's type is known.

Left out: breaking lines anywhere but between arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from . import types
from .values import Expr, Symbol

WIDTH = 120


@dataclass
class Line:
    """One statement, or a comment that stands alone (no `text`)."""

    text: str
    comment: str = ""


@dataclass
class Declaration:
    """A variable, with or without a first value. Those of one `statement` share a line if they can."""

    symbol: Symbol
    init: Expr | None
    statement: int = 0
    comment: str = ""

    @property
    def start(self) -> str:
        constant = self.symbol.constant or self.symbol.type is types.ARGS
        if self.symbol.type in (types.ACCESSOR, types.ARGS):
            return "constexpr auto" if constant else "const auto"
        if self.symbol.type is types.CB_RECORD:
            return "auto&"
        return f"{'constexpr ' if constant else ''}{self.symbol.type.name}"

    @property
    def rest(self) -> str:
        length = self.symbol.type.length
        name = self.symbol.name if length is None else f"{self.symbol.name}[{length}]"
        return f"{name} = {self.init.code}" if self.init else name

    def joins(self, other: Node) -> bool:
        """Can it stand on the line of another?"""
        return (
            isinstance(other, Declaration)
            and self.statement == other.statement != 0
            and self.symbol.type.number
            and self.start == other.start
        )


@dataclass
class Compound:
    """`header { body }`, and what follows the brace (`else`)."""

    header: str
    body: Block
    follows: Compound | None = None
    end: str = "}"
    comment: str = ""

    @property
    def text(self) -> str:
        return self.header if not self.header or self.header.endswith("(") else f"{self.header} "


Node = Line | Declaration | Compound


@dataclass
class Block:
    """Lines between two braces. `names` are declared in it; `outer` is the block around it."""

    outer: Block | None = None
    nodes: list[Node] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def sees(self, name: str) -> bool:
        """Is the name declared here or around?"""
        return name in self.names or (self.outer is not None and self.outer.sees(name))

    @property
    def empty(self) -> bool:
        """Is there nothing but comments?"""
        return all(isinstance(node, Line) and not node.text for node in self.nodes)


# ---- as lines ----------------------------------------------------------------------------------------------


def render(block: Block, depth: int = 1) -> list[str]:
    """The block's lines, indented."""
    lines: list[str] = []
    nodes = list(block.nodes)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, Compound):
            lines += _compound(node, depth)
        elif isinstance(node, Line):
            lines += _line(node.text, node.comment, depth)
        else:
            text = f"{node.start} {node.rest}"
            while nodes and node.joins(nodes[0]):
                text += f", {nodes.pop(0).rest}"  # type: ignore[union-attr]
            lines += _line(f"{text};", node.comment, depth)
    return lines


def _compound(node: Compound, depth: int, before: str = "") -> list[str]:
    lines = _line(f"{before}{node.text}{{", node.comment, depth) + render(node.body, depth + 1)
    if node.follows:
        return lines + _compound(node.follows, depth, "} ")
    return [*lines, " " * 4 * depth + node.end]


def _line(text: str, comment: str, depth: int) -> list[str]:
    indent = " " * 4 * depth
    if not text:
        return [f"{indent}// {comment}".rstrip()]
    lines = wrapped(text, indent)
    if comment and len(lines[-1]) + len(comment) + 5 > WIDTH:
        return [f"{indent}// {comment}", *lines]
    return [*lines[:-1], f"{lines[-1]}  // {comment}" if comment else lines[-1]]


def wrapped(text: str, indent: str) -> list[str]:
    """Lines of at most WIDTH columns, broken after commas."""
    lines, further = [], indent + " " * 4
    rest = indent + text
    while len(rest) > WIDTH and (cut := rest.rfind(", ", len(further) + 1, WIDTH)) > 0:
        lines.append(rest[: cut + 1])
        rest = further + rest[cut + 2 :]
    return [*lines, rest]


def chain(block: Block) -> Compound:
    """`else if` where an else holds nothing but an if."""
    (first, *rest) = block.nodes
    if not rest and isinstance(first, Compound) and first.header.startswith("if "):
        return replace(first, header=f"else {first.header}")
    return Compound("else", block)
