"""The syntax tree of an expanded C++ text.

A parser without a symbol table takes `(a) - b` for a cast of `-b` to a type `a`, and `T x(f(y));` for a function.
Where no type of that name is declared, the parentheses are doubled, which no cast's are, and the text is parsed again.
"""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter
import tree_sitter_cpp

from .source import Source
from .types import TYPES

Node = tree_sitter.Node
_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cpp.language()))
_DECLARES = ("enum_specifier", "struct_specifier", "class_specifier", "union_specifier", "alias_declaration")
_NAMES = ("type_identifier", "qualified_identifier", "template_type")


def parsed(source: Source) -> tree_sitter.Tree:
    """The tree of a source, without casts to what is no type."""
    while True:
        tree = _PARSER.parse(source.expanded)
        spans = [*_no_casts(tree.root_node, source.expanded), *_no_functions(tree.root_node)]
        if not spans:
            return tree
        source.double({end for span in spans for end in span})


def nodes(root: Node) -> Iterator[Node]:
    """Everything below `root`, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def unreadable(tree: tree_sitter.Tree) -> Iterator[Node]:
    """Where the text is no C++."""
    if tree.root_node.has_error:
        yield from (node for node in nodes(tree.root_node) if node.type == "ERROR" or node.is_missing)


def _no_casts(root: Node, text: bytes) -> Iterator[tuple[int, int]]:
    """Where the parentheses are of casts to names that are no types."""
    casts = [node for node in nodes(root) if node.type == "cast_expression"]
    types = {*TYPES, *_declared(root, text)} if casts else set()
    for node in casts:
        spelled, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        inner = spelled.child_by_field_name("type") if spelled is not None else None
        if inner is None or value is None or inner.type not in _NAMES:
            continue
        begins = text[value.start_byte : value.start_byte + 1]
        if begins in (b"+", b"-", b"*", b"&", b"(") and _last_name(inner, text) not in types:
            yield node.start_byte, _closing(node).start_byte


def _no_functions(root: Node) -> Iterator[tuple[int, int]]:
    """Where the parentheses are of `Type name(call(x));`, which looks like a function that takes a function."""
    for node in nodes(root):
        block = node.parent.parent if node.type == "function_declarator" and node.parent is not None else None
        listed = node.child_by_field_name("parameters")
        if block is None or block.type != "compound_statement" or listed is None or listed.named_child_count != 1:
            continue
        inner = listed.named_children[0].child_by_field_name("declarator")
        if inner is not None and inner.type == "abstract_function_declarator":
            yield listed.start_byte, listed.end_byte - 1


def _last_name(node: Node, text: bytes) -> str:
    """`b` of `a::b<c>`."""
    while node.type in ("qualified_identifier", "template_type"):
        inner = node.child_by_field_name("name")
        if inner is None:
            break
        node = inner
    return text[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _closing(cast: Node) -> Node:
    return next(child for child in cast.children if child.type == ")")


def _declared(root: Node, text: bytes) -> Iterator[str]:
    """Names of types that the text declares, template parameters included."""
    for node in nodes(root):
        if node.type == "type_definition":
            label = node.child_by_field_name("declarator")
        elif node.type in _DECLARES:
            label = node.child_by_field_name("name")
        elif node.type in ("type_parameter_declaration", "optional_type_parameter_declaration"):
            label = next(iter(node.named_children), None)
        else:
            continue
        if label is not None:
            yield text[label.start_byte : label.end_byte].decode("utf-8", "replace")
