"""C++ literals and names as Python values."""

from __future__ import annotations

import re
from dataclasses import replace

from ..api import CONSTANTS as CALLED
from ..c import f32
from .arguments import called
from .body import Body, expression
from .types import ATOM, BOOL, DOUBLE, FLOAT, INT, LONG, OBJECT, UINT, ULONG, UNARY, CType, Kind, Value, number
from .unit import BROKEN, Node, Untranslatable, named, short

# the vendor's headers: hostdevcommon/common_values.hpp, tt-metalium/constants.hpp, noc_parameters.h (Wormhole)

CONSTANTS = {"INVALID": 0, "VALID": 1, "TILE_HEIGHT": 32, "TILE_WIDTH": 32, "TILE_HW": 1024}
CONSTANTS |= {"FACE_HEIGHT": 16, "FACE_WIDTH": 16, "FACE_HW": 256, "NOC_MAX_BURST_SIZE": 8192}
OWN_NOC = CType("noc_index", Kind.OBJECT)  # the only NOC a kernel uses here, so the argument is left out


@expression("number_literal")
def _literal(body: Body, node: Node) -> Value:
    """A number; the parser counts a sign to it."""
    text = body.unit.text(node).replace("'", "").lower()
    value = _magnitude(body, node, text.lstrip("+-").strip())
    return negated(value) if text.startswith("-") else value


def negated(value: Value) -> Value:
    """Minus a promoted number, in the number's own type."""
    return Value(f"-{value.within(UNARY)}", UNARY, value.type, -value.high, -value.low)


def _magnitude(body: Body, node: Node, text: str) -> Value:
    if re.fullmatch(r"(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?f?", text):
        return _float(text)
    digits = re.fullmatch(r"(0x[0-9a-f]+|0b[01]+|\d+)([ulz]*)", text)
    if not digits:
        body.refuse(node, f"the number `{text}` is not translated; write it in decimal or hexadecimal")
    octal = re.fullmatch(r"0[0-7]+", digits[1])
    if digits[1].isdigit() and digits[1].startswith("0") and len(digits[1]) > 1 and not octal:
        body.refuse(node, f"`{text}` is not a number: one that begins with 0 is octal, so it has no 8 and no 9")
    if len(digits[1]) > 80:
        body.refuse(node, f"the number `{short(text)}` does not fit 64 bits")
    value = int(digits[1], 8) if octal else int(digits[1], 0)
    wide, unsigned = "ll" in digits[2], "u" in digits[2] or "z" in digits[2]
    fits = [t for t in (INT, UINT, LONG, ULONG) if not (wide and t.bits < 64) and not (unsigned and t.signed)]
    fits = [t for t in fits if value <= t.most and (t is not UINT or unsigned or not digits[1].isdigit())]
    if not fits:
        body.refuse(node, f"the number `{text}` does not fit 64 bits")
    shown = digits[1] if digits[1].startswith(("0x", "0b")) else str(value)
    return replace(number(value, fits[0]), text=shown)


def _float(text: str) -> Value:
    """`0.5f`; one that a float cannot hold exactly is cut to one."""
    shown = text.rstrip("f")
    if not text.endswith("f"):
        return Value(shown, ATOM, DOUBLE)
    return Value(shown if f32(float(shown)) == float(shown) else f"f32({shown})", ATOM, FLOAT)


@expression("true", "false")
def _truth(body: Body, node: Node) -> Value:
    return Value(
        "True" if node.type == "true" else "False", ATOM, BOOL, int(node.type == "true"), int(node.type == "true")
    )


@expression("null", "nullptr")
def _null(body: Body, node: Node) -> Value:
    return number(0, UINT)


@expression("char_literal")
def _char(body: Body, node: Node) -> Value:
    inner = body.unit.text(node)[1:-1]
    if len(inner) != 1:
        body.refuse(node, f"the character {body.unit.text(node)} is not translated; write its number")
    return number(ord(inner), CType("uint8_t", Kind.INT, 8))


@expression("string_literal", "concatenated_string")
def _string(body: Body, node: Node) -> Value:
    pieces = [node] if node.type == "string_literal" else named(node)
    text = "".join(body.unit.text(piece)[1:-1] for piece in pieces)
    if any(not body.unit.text(piece).startswith('"') for piece in pieces) or re.search(r"\\[^nt\"\\]", text):
        body.refuse(node, f"the string {short(body.unit.text(node))} is not translated; write a plain one")
    return Value(f'"{text}"', ATOM, OBJECT)


@expression("parenthesized_expression", "condition_clause")
def _parentheses(body: Body, node: Node) -> Value:
    inner = named(node)
    if len(inner) != 1:
        body.refuse(
            node, f"`{short(body.unit.text(node))}` declares something inside a condition; declare it on a line before"
        )
    return body.value(inner[0])


@expression("identifier", "type_identifier", "field_identifier")
def _name(body: Body, node: Node) -> Value:
    name = body.unit.text(node)
    variable = body.find(name)
    if variable is not None:
        if variable.type is BROKEN:
            raise Untranslatable
        return variable.value
    if name == "noc_index":
        return Value("noc_index", ATOM, OWN_NOC)
    if name in CONSTANTS:
        return number(CONSTANTS[name], UINT)
    if name in CALLED and name in body.unit.calls:
        return called(body, body.unit.calls[name], [])
    if name in ("my_x", "my_y"):
        body.refuse(node, f"`{name}` alone is not translated; write my_x[noc_index] or my_y[noc_index]")
    if name in body.unit.calls or name in body.unit.enums or name in body.unit.functions:
        body.refuse(node, f"`{name}` is used as a value; only calls of it are translated")
    for enum, members in body.unit.members.items():
        if name in members:
            return number(members[name], body.unit.types[enum])
    body.unit.unknown_name(node, name)


@expression("qualified_identifier")
def _qualified(body: Body, node: Node) -> Value:
    name = re.sub(r"\s", "", body.unit.text(node))
    parts = name.split("::")
    if len(parts) >= 2 and parts[-2] in ("CBIndex", "CB"):
        index = cb_index(parts[-1])
        if index is not None:
            return number(index, UINT)
    if len(parts) >= 2 and parts[-2] in body.unit.members and parts[-1] in body.unit.members[parts[-2]]:
        return Value(
            f"{parts[-2]}.{parts[-1]}",
            ATOM,
            body.unit.types[parts[-2]],
            *(body.unit.members[parts[-2]][parts[-1]],) * 2,
        )
    if len(parts) >= 2 and parts[-2] in body.unit.enums:
        if parts[-1] in body.unit.enums[parts[-2]].__members__:
            return Value(f"{parts[-2]}.{parts[-1]}", ATOM, CType(parts[-2], Kind.OBJECT))
        have = ", ".join(body.unit.enums[parts[-2]].__members__)
        body.refuse(node, f"`{name}`: {parts[-2]} has {have}")
    variable = body.unit.globals.get(parts[-1])
    if variable is not None:
        return variable.value
    if parts[-1] in CONSTANTS:
        return number(CONSTANTS[parts[-1]], UINT)
    if parts[-1] in CALLED and parts[-1] in body.unit.calls:
        return called(body, body.unit.calls[parts[-1]], [])
    body.unit.unknown_name(node, name)


def cb_index(name: str) -> int | None:
    """c_3, and the older c_in3, c_dataflow1, c_out0, c_intermed2."""
    found = re.fullmatch(r"c_(in|dataflow|out|intermed)?(\d+)", name)
    if not found:
        return None
    base = {None: 0, "in": 0, "dataflow": 8, "out": 16, "intermed": 24}[found[1]]
    return base + int(found[2])
