"""What `#if` decides by: whole numbers of 64 bits, in which a name that is not defined is 0.

pcpp's own evaluator knows no `and`, and a shift in it may ask for more memory than there is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import tree_sitter
import tree_sitter_cpp

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cpp.language()))
_BINARY: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    **dict.fromkeys(("!", "not"), operator.not_),
}


class Condition:
    """One `#if` expression, its macros expanded. Raises ValueError where it is none."""

    def __init__(self, tokens: Sequence[Any], **_: Any) -> None:
        self._text = " ".join("".join(str(token.value) for token in tokens).split())

    def value(self) -> int:
        tree = _PARSER.parse(f"int x = ({self._text});".encode("utf-8", "replace"))
        declared = tree.root_node.named_children
        value = declared[0].child_by_field_name("declarator") if len(declared) == 1 else None
        if tree.root_node.has_error or value is None or value.type != "init_declarator":
            self._refuse(self._text)
        return self._of(value.child_by_field_name("value"))

    def _refuse(self, text: str) -> NoReturn:
        raise ValueError(f"`{text}` is no condition of whole numbers")

    def _of(self, node: tree_sitter.Node | None) -> int:
        if node is None:
            self._refuse(self._text)
        if node.type == "parenthesized_expression" and node.named_child_count == 1:
            return self._of(node.named_children[0])
        if node.type == "conditional_expression":
            chosen = "consequence" if self._of(node.child_by_field_name("condition")) else "alternative"
            return self._of(node.child_by_field_name(chosen))
        if node.type == "binary_expression":
            return self._binary(node)
        if node.type == "unary_expression":
            return _cut(_UNARY[_operator(node)](self._of(node.child_by_field_name("argument"))))
        return self._leaf(node, (node.text or b"").decode("utf-8", "replace"))

    def _leaf(self, node: tree_sitter.Node, text: str) -> int:
        if node.type in ("identifier", "true", "false"):
            return int(node.type == "true")
        if node.type == "number_literal" and re.fullmatch(r"[+-]?(0x[\da-f]+|0b[01]+|\d+)[ulz]*", text.lower()):
            sign, digits = -1 if text.startswith("-") else 1, text.lower().lstrip("+-").rstrip("ulz")
            octal = re.fullmatch(r"0[0-7]+", digits)
            if len(digits) < 30 and (octal or digits == "0" or not digits.startswith("0") or digits[1] in "xb"):
                return _cut(sign * int(digits, 8 if octal else 0))
        if node.type == "char_literal" and len(text) == 3:
            return ord(text[1])
        if node.type == "call_expression":
            raise ValueError(f"`{text}` is not defined; pass it in `defines`")
        self._refuse(text)

    def _binary(self, node: tree_sitter.Node) -> int:
        sign, left = _operator(node), self._of(node.child_by_field_name("left"))
        right = node.child_by_field_name("right")
        if sign in ("&&", "and"):
            return int(bool(left) and bool(self._of(right)))
        if sign in ("||", "or"):
            return int(bool(left) or bool(self._of(right)))
        by = self._of(right)
        if sign in ("/", "%"):
            if by == 0:
                raise ValueError(f"`{self._text}` divides by zero")
            whole = abs(left) // abs(by) * (1 if (left < 0) == (by < 0) else -1)
            return whole if sign == "/" else left - whole * by
        if sign not in _BINARY:
            self._refuse(self._text)
        return _cut(_BINARY[sign](left, by))


def _operator(node: tree_sitter.Node) -> str:
    sign = node.child_by_field_name("operator")
    return (sign.text or b"").decode() if sign is not None else ""


def _cut(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)
