"""The Python text of a kernel or helper, with its comments: from a file, a notebook cell, or `.python` of one that was read.

Left out: functions made by exec without a text that `linecache` knows.
"""

from __future__ import annotations

import ast
import io
import linecache
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType

from ...errors import CppError

Def = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_MARKS = re.compile(r"#\s*(noqa|type:|ruff:|fmt:|pragma:|pylint:)")  # notes to Python's tools, not to the reader


@dataclass(frozen=True)
class Comment:
    """`alone`: it has a line of its own."""

    text: str
    column: int
    alone: bool


@dataclass(frozen=True)
class Source:
    """One Python text. `made`: it was read from C++, and its functions are found by name."""

    file: str
    text: str
    lines: list[str]
    tree: ast.Module
    comments: dict[int, Comment]
    made: bool = False

    def quiet(self, line: int) -> bool:
        """Is the line empty, or only a comment?"""
        return 0 < line <= len(self.lines) and self.lines[line - 1].strip()[:1] in ("", "#")

    def segment(self, node: ast.AST) -> str:
        """The text of a node, its first line if it has several."""
        lines = (ast.get_source_segment(self.text, node) or ast.unparse(node)).splitlines()
        return lines[0].strip() + (" …" if len(lines) > 1 else "")


@cache
def parse(file: str, text: str, made: bool = False) -> Source:
    """Parsed once a text."""
    comments = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not _MARKS.match(token.string):
            line, column = token.start
            alone = token.line[:column].strip() == ""
            comments[line] = Comment(token.string.lstrip("#").strip(), column, alone)
    return Source(file, text, text.splitlines(), ast.parse(text), comments, made)


def source_of(function: FunctionType, texts: dict[int, str]) -> Source:
    """`texts`: the Python of kernels that were read from C++, by the id of their namespace."""
    file = function.__code__.co_filename
    if id(function.__globals__) in texts:
        return parse(file, texts[id(function.__globals__)], made=True)
    text = "".join(linecache.getlines(file, function.__globals__))
    if not text:
        raise CppError(
            f"{file} line {function.__code__.co_firstlineno}: the Python text of {function.__name__} is gone; "
            "define it in a file or in a notebook cell"
        )
    return parse(file, text)


def definition(function: FunctionType, source: Source) -> Def:
    """The node that defines the function."""
    code = function.__code__
    if source.made:
        found: list[Def] = [node for node in source.tree.body if _named(node, code.co_name)]  # type: ignore[misc]
    else:
        found = [node for node in ast.walk(source.tree) if isinstance(node, Def) and _defines(node, code)]
    if len(found) != 1:
        raise CppError(
            f"{source.file} line {code.co_firstlineno}: {function.__name__} is not there any more; "
            "the file has changed since it was imported, so import it again"
        )
    return found[0]


def _named(node: ast.stmt, name: str) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name


def _defines(node: Def, code: CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        places = {(line, column) for line, _, column, _ in code.co_positions()}
        return code.co_name == "<lambda>" and (node.body.lineno, node.body.col_offset) in places
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return (node.name, first) == (code.co_name, code.co_firstlineno)


# ---- comments ----------------------------------------------------------------------------------------------


def above(source: Source, node: ast.stmt) -> list[str]:
    """The comment lines that stand directly above a definition."""
    texts: list[str] = []
    line = node.lineno - 1
    while (comment := source.comments.get(line)) and comment.alone and comment.column == node.col_offset:
        texts.insert(0, comment.text)
        line -= 1
    return texts


def leading(source: Source, node: ast.stmt) -> list[str]:
    """The comments on lines of their own above a statement, up to the code before it."""
    texts: list[str] = []
    line = node.lineno - 1
    while source.quiet(line):
        comment = source.comments.get(line)
        if comment and comment.column <= node.col_offset:
            texts.insert(0, comment.text)
        line -= 1
    return texts


def trailing(source: Source, body: list[ast.stmt]) -> list[str]:
    """The comments below the last statement of a block that are still indented like it."""
    texts: list[str] = []
    line = (body[-1].end_lineno or body[-1].lineno) + 1
    while source.quiet(line):
        comment = source.comments.get(line)
        if comment and comment.column < body[0].col_offset:
            break
        texts += [comment.text] if comment else []
        line += 1
    return texts


def beside(source: Source, node: ast.stmt) -> str:
    """The comments at the ends of a statement's lines, or of the lines that open a block."""
    body: list[ast.stmt] | None = getattr(node, "body", None)
    last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    found = [source.comments.get(line) for line in range(node.lineno, max(last, node.lineno) + 1)]
    return " ".join(c.text for c in found if c and not (body and c.alone))
