"""The C++ types a kernel uses, and which type two values share.

A LITERAL is `int` in C++: a small number that is written down, or what C++ makes of narrow ones. A variable that was
only given literals so far is a COUNT: uint32_t, or int32_t if something signed is given to it later. Left out: double,
long, pointers to pointers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    """A C++ type: `bits` of an integer, `element` and `length` (C++ text) of a pointer or an array."""

    name: str
    bits: int = 0
    signed: bool = False
    element: Type | None = None
    length: str | None = None
    note: str = ""

    @property
    def integer(self) -> bool:
        return self.bits > 1

    @property
    def narrow(self) -> bool:
        """Does C++ compute with `int` instead?"""
        return self.bits in (8, 16)

    @property
    def number(self) -> bool:
        return self.bits > 0 or self is FLOAT

    @property
    def pointer(self) -> bool:
        return self.element is not None and self.length is None


VOID, BOOL, FLOAT = Type("void"), Type("bool", 1), Type("float")
U8, U16, U32, U64 = (Type(f"uint{bits}_t", bits) for bits in (8, 16, 32, 64))
I8, I16, I32, I64 = (Type(f"int{bits}_t", bits, True) for bits in (8, 16, 32, 64))
LITERAL, COUNT = Type("uint32_t", 32, note="literal"), Type("uint32_t", 32, note="count")
ACCESSOR, ARGS = Type("TensorAccessor"), Type("TensorAccessorArgs")
CB_RECORD, DATA_FORMAT = Type("LocalCBInterface"), Type("DataFormat")


def pointer(element: Type) -> Type:
    """A checked pointer into L1."""
    return Type(f"volatile tt_l1_ptr {element.name}*", element=element)


def array(element: Type, length: str) -> Type:
    return Type(element.name, element=element, length=length)


def of_number(value: float) -> Type:
    """The type of a number that is written down."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, float):
        return FLOAT
    if value < 0:
        return I32 if value >= -(1 << 31) else I64
    if value < 1 << 31:
        return LITERAL
    return U32 if value < 1 << 32 else U64


def join(a: Type, b: Type) -> Type | None:
    """The type of a variable that holds both; None: there is none that C++ and Python agree on."""
    if a == b:
        return a
    for loose in (LITERAL, COUNT):
        for one, other in ((a, b), (b, a)):
            if one is loose and (other.number or other is FLOAT):
                return loose if other is BOOL else widened(other)
    if a.integer and b.integer and a.signed == b.signed:
        return a if a.bits > b.bits else b
    if a.element and b.element and a.length and a.length == b.length:
        element = join(a.element, b.element)
        return array(element, a.length) if element else None
    return None


def declared(a: Type) -> Type:
    """What a variable that was only given small literals is declared as."""
    if a in (LITERAL, COUNT):
        return U32
    return array(declared(a.element), a.length) if a.element and a.length is not None else a


def decayed(a: Type) -> Type:
    """An array as a function sees it: one whose length has a name elsewhere is a plain pointer."""
    if a.element is None or a.length is None or a.length.isdigit():
        return a
    element = declared(a.element)
    return Type(f"{element.name}*", element=element)


def widened(a: Type) -> Type:
    """What arithmetic makes of a narrow type; a bool counts as 0 or 1."""
    if a is BOOL:
        return LITERAL
    if a.narrow:
        return I32 if a.signed else LITERAL
    return a
