"""The state of one translation: what the text declares, what has been made of it, what could not be.

Problems are collected, so that one error lists all of them. Left out: functions under way (`body`) and how
each construct is translated.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field
from typing import Any, NoReturn

import tree_sitter

from ...errors import CppError
from .. import api, c
from .source import Place, Source
from .tree import parsed, unreadable
from .types import ATOM, CType, Kind, Value

Node = tree_sitter.Node
_MOST_PROBLEMS, _MOST_NAMES = 12, 60  # listed in one error
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *c.__all__} - {"_", "type"}
RESERVED |= {"range", "min", "max", "int", "float", "bool", "abs", "list", "len", "print", "print_"}
RESERVED |= {"__builtins__", "__name__", "__build_class__"}

BROKEN = CType("unknown", Kind.OBJECT)


class Untranslatable(Exception):
    """Ends the translation of one statement; its problem has been noted."""


@dataclass
class Variable:
    """A name of the C++ text: its Python text, its type, and between which numbers it lies."""

    text: str
    type: CType
    low: float
    high: float
    function: Function | None = None  # what it calls, if it is a lambda

    @property
    def value(self) -> Value:
        return Value(self.text, ATOM, self.type, self.low, self.high)


@dataclass
class Line:
    """One line of Python and the C++ it stands for."""

    indent: int
    text: str
    place: Place


@dataclass
class Chunk:
    """One function (or a group of constants) of the Python module, from one C++ file."""

    file: str
    lines: list[Line]


@dataclass
class Function:
    """A helper of the C++ text as it was translated for one set of argument types."""

    name: str
    awaits: bool
    returns: CType
    takes: list[CType]
    inout: list[int] = field(default_factory=list)  # parameters it hands back, since Python's are not references


class Unit:
    """One kernel file under translation."""

    def __init__(self, source: Source, kind: str, args: list[int] | None) -> None:
        self.source, self.kind, self.args = source, kind, args
        self.calls, self.enums, self.names = api.calls(kind), api.enums(kind), api.namespace(kind)
        self.tree = parsed(source)
        self.problems: list[tuple[Place, str]] = []
        self.unknown: dict[str, list[int]] = {}
        self.refused: set[str] = set()  # names whose declaration could not be translated
        self.functions: dict[str, list[Node]] = {}
        self.globals: dict[str, Variable] = {}
        self.types: dict[str, CType] = {}
        self.members: dict[str, dict[str, int]] = {}  # enum -> member -> value
        self.made: dict[tuple[Any, ...], Function | None] = {}
        self.chunks: list[Chunk] = []
        self.comments: dict[int, list[Node]] = {}  # those above the function that starts at a byte
        self.name = ""  # the kernel's
        self.taken: set[str] = {*self.names, *RESERVED}

    def text(self, node: Node) -> str:
        return self.source.expanded[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place(self, node: Node) -> Place:
        return self.source.place(node.start_byte, max(node.end_byte, node.start_byte + 1))

    def check_readable(self) -> None:
        """Refuse a text that is no C++, before anything is made of what the parser guessed."""
        for node in unreadable(self.tree):
            if node.is_missing:
                self.problem(node, f"a `{node.type.replace('_', ' ')}` is missing here")
            else:
                self.problem(node, f"`{short(self.text(node))}` is no C++ that can be read; "
                             "look for a missing `;`, `)` or `}`")  # fmt: skip
        self.raise_problems()

    def problem(self, node: Node, what: str) -> None:
        """Note what cannot be translated and what to write instead."""
        place = self.place(node)
        if (place, what) not in self.problems:
            self.problems.append((place, what))

    def unknown_name(self, node: Node, name: str) -> NoReturn:
        """Note a name that nothing declares; all of them make one line of the error."""
        if name in self.refused:
            raise Untranslatable
        whole = node.parent
        if (
            whole is not None
            and whole.type == "assignment_expression"
            and self.text(whole.children[1]) == "="
            and (whole.child_by_field_name("left") == node)
        ):
            self.problem(whole, f"`{name}` is not declared; write its type: `uint32_t {short(self.text(whole))}`")
            self.refused.add(name)
            raise Untranslatable
        self.unknown.setdefault(name, []).append(self.place(node).line)
        raise Untranslatable

    def python_name(self, name: str) -> str:
        """A Python name for a module-level C++ name."""
        text = name
        while text in self.taken:
            text += "_"
        self.taken.add(text)
        return text

    def raise_problems(self) -> None:
        """One error for everything that was found."""
        parts = [f"{p.file} line {p.line}: {what}" for p, what in sorted(self.problems)[:_MOST_PROBLEMS]]
        if len(self.problems) > _MOST_PROBLEMS:
            parts.append(f"… and {len(self.problems) - _MOST_PROBLEMS} more")
        if self.unknown:
            listed = [f"{name} ({_lines(at)})" for name, at in sorted(self.unknown.items())[:_MOST_NAMES]]
            if len(self.unknown) > _MOST_NAMES:
                listed.append(f"… and {len(self.unknown) - _MOST_NAMES} more")
            parts.append(
                f"{self.source.name}: {len(self.unknown)} name{'s' * (len(self.unknown) > 1)} that a {self.kind} kernel does not have here: "
                f"{', '.join(listed)}; use calls of ttlearn.{'compute' if self.kind == 'compute' else 'dataflow'}"
            )
            if self.source.missing:
                parts[-1] += f", or put the missing include beside the kernel: {', '.join(self.source.missing)}"
        if parts:
            raise CppError("\n".join(parts))


def _lines(at: list[int]) -> str:
    return f"line{'s' * (len(set(at)) > 1)} {', '.join(str(line) for line in sorted(set(at)))}"


def short(text: str) -> str:
    """A piece of C++ on one line, cut to be quoted."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text).split())
    return line if len(line) <= 60 else line[:57] + "..."


def named(node: Node) -> list[Node]:
    """The children that are not punctuation or comments."""
    return [child for child in node.named_children if child.type != "comment"]
