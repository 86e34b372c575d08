"""C++ types and what arithmetic does to values of them: promotion, wrap, ranges.

A value being translated is its Python text with a type and the range it may lie in, so that a wrap is
written only where it could matter. The RISCs are 32-bit: int, long and size_t have 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

INF = float("inf")


class Kind(Enum):
    INT = "integer"
    BOOL = "bool"
    FLOAT = "float"
    VOID = "void"
    POINTER = "L1 pointer"
    ARRAY = "array"
    OBJECT = "object"  # an accessor, an enum's member, a string: only handed on


@dataclass(frozen=True)
class CType:
    """One C++ type. `to`: what a pointer points to or an array holds. `size`: how many, for an array."""

    name: str
    kind: Kind
    bits: int = 0
    signed: bool = False
    to: CType | None = None
    size: int | None = None

    @property
    def number(self) -> bool:
        return self.kind in (Kind.INT, Kind.BOOL, Kind.FLOAT)

    @property
    def least(self) -> float:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def most(self) -> float:
        return (1 << self.bits - self.signed) - 1


def _int(name: str, bits: int, signed: bool) -> CType:
    return CType(name, Kind.INT, bits, signed)


VOID, BOOL = CType("void", Kind.VOID), CType("bool", Kind.BOOL, 1)
INT, UINT = _int("int32_t", 32, True), _int("uint32_t", 32, False)
LONG, ULONG = _int("int64_t", 64, True), _int("uint64_t", 64, False)
FLOAT, DOUBLE = CType("float", Kind.FLOAT, 32), CType("double", Kind.FLOAT, 64)
OBJECT = CType("object", Kind.OBJECT)
_BYTE, _SHORT = _int("uint8_t", 8, False), _int("int16_t", 16, True)

TYPES = {t.name: t for t in (VOID, BOOL, INT, UINT, LONG, ULONG, FLOAT, DOUBLE)}
for _bits in (8, 16):
    for _signed in (False, True):
        _name = f"{'' if _signed else 'u'}int{_bits}_t"
        TYPES[_name] = _int(_name, _bits, _signed)
TYPES |= dict.fromkeys(("int", "long", "long int", "signed", "ptrdiff_t", "int32_t"), INT)
TYPES |= dict.fromkeys(("unsigned", "unsigned int", "unsigned long", "size_t", "uint", "long unsigned int"), UINT)
TYPES |= dict.fromkeys(("long long", "long long int"), LONG)
TYPES |= dict.fromkeys(("unsigned long long", "unsigned long long int"), ULONG)
TYPES |= dict.fromkeys(("char", "unsigned char"), TYPES["uint8_t"])  # char is unsigned on RISC-V
TYPES |= {"short": _SHORT, "short int": _SHORT, "unsigned short": TYPES["uint16_t"], "signed char": TYPES["int8_t"]}


# ---- precedence of Python's operators -----------------------------------------------------------------------

TERNARY, OR, AND, NOT, COMPARE, BITOR, BITXOR, BITAND, SHIFT, SUM, PRODUCT, UNARY, AWAIT, ATOM = range(14)


@dataclass(frozen=True)
class Value:
    """An expression: Python text, how tightly it binds, its type, and between which numbers it lies.

    The range may leave the type's: then the text still has to be wrapped (`settled` does it).
    `uncut`: the text before it was wrapped, all that a further cut to as many bits or fewer needs.
    """

    text: str
    level: int
    type: CType
    low: float = -INF
    high: float = INF
    uncut: str = ""

    def within(self, level: int) -> str:
        """The text, in parentheses if it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def constant(self) -> int | None:
        return int(self.low) if self.low == self.high and self.type.kind is Kind.INT else None


def number(value: int, type: CType = INT) -> Value:
    return Value(str(value), ATOM if value >= 0 else UNARY, type, value, value)


def of_type(text: str, type: CType, level: int = ATOM) -> Value:
    """A value that may be anything its type holds."""
    if type.kind is Kind.INT:
        return Value(text, level, type, type.least, type.most)
    return Value(text, level, type, 0, 1) if type.kind is Kind.BOOL else Value(text, level, type)


def wrapper(type: CType) -> str:
    """The function of `c` that cuts a number to a type."""
    if type.kind is Kind.FLOAT:
        return "f32" if type.bits == 32 else "float"
    return f"{'i' if type.signed else 'u'}{type.bits}"


def settled(value: Value) -> Value:
    """The same value inside its type's range. Overflow of signed integers is undefined in C++; here it is left exact."""
    t = value.type
    if t.kind is not Kind.INT or (t.least <= value.low and value.high <= t.most):
        return value
    if t.signed:
        return replace(value, low=max(value.low, t.least), high=min(value.high, t.most))
    if value.constant is not None:
        return number(value.constant % (1 << t.bits), t)
    return cut(value, t)


def cut(value: Value, type: CType) -> Value:
    """An integer modulo the range of an integer type."""
    text = value.uncut if value.uncut and type.bits <= value.type.bits else value.text
    return replace(of_type(f"{wrapper(type)}({text})", type), uncut=text)


def converted(value: Value, type: CType) -> Value:
    """What an assignment to a variable of `type` stores."""
    if type == value.type or not (type.number and value.type.number):
        return settled(value)
    value = settled(value)
    if type.kind is Kind.BOOL:
        return Value(f"{value.within(COMPARE + 1)} != 0", COMPARE, BOOL, 0, 1)
    if type.kind is Kind.FLOAT:
        if value.constant is not None and abs(value.constant) <= 1 << 24:
            return Value(f"{value.constant}.0", ATOM if value.constant >= 0 else UNARY, type)
        exact = value.type.kind is Kind.FLOAT and value.type.bits <= type.bits
        return _as(value, type) if exact else Value(f"{wrapper(type)}({value.text})", ATOM, type)
    if value.type.kind is Kind.BOOL:
        known = {"True": "1", "False": "0"}.get(value.text)
        return Value(known or f"int({value.text})", ATOM, type, *((int(known),) * 2 if known else (0, 1)))
    if value.type.kind is Kind.INT and type.least <= value.low and value.high <= type.most:
        return _as(value, type)
    if value.constant is not None:
        rest = value.constant % (1 << type.bits)
        return number(rest - (1 << type.bits) if rest > type.most else rest, type)
    return cut(value, type) if value.type.kind is Kind.INT else of_type(f"{wrapper(type)}({value.text})", type)


def promoted(value: Value) -> Value:
    """Integers smaller than int become int before arithmetic; their values stay."""
    small = value.type.kind is Kind.BOOL or (value.type.kind is Kind.INT and value.type.bits < 32)
    return _as(settled(value), INT) if small else value


def _as(value: Value, type: CType) -> Value:
    """The same number in another type that holds it."""
    return replace(value, type=type, uncut="")


def common(a: CType, b: CType) -> CType:
    """The type in which two promoted numbers meet."""
    if Kind.FLOAT in (a.kind, b.kind):
        return DOUBLE if DOUBLE in (a, b) else FLOAT
    wide = max(a, b, key=lambda t: (t.bits, not t.signed))
    return wide
