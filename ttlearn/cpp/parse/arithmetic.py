"""C++ arithmetic, comparisons, conditions, and assignments inside an expression."""

from __future__ import annotations

from .body import Body, expression
from .literals import negated
from .types import (
    AND,
    ATOM,
    BITAND,
    BITOR,
    BITXOR,
    BOOL,
    COMPARE,
    FLOAT,
    INF,
    INT,
    NOT,
    OR,
    PRODUCT,
    SHIFT,
    SUM,
    TERNARY,
    UNARY,
    CType,
    Kind,
    Value,
    common,
    converted,
    cut,
    of_type,
    promoted,
    settled,
)
from .unit import Node, named, short

_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "<<": SHIFT, ">>": SHIFT}
_LEVELS |= {"&": BITAND, "^": BITXOR, "|": BITOR}
_WHOLE_ONLY = ("%", "&", "|", "^", "<<", ">>")
_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")


@expression("binary_expression")
def _binary(body: Body, node: Node) -> Value:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    sign = node.child_by_field_name("operator")
    assert left is not None and right is not None and sign is not None
    operator = body.unit.text(sign)
    if operator in ("&&", "||", "and", "or"):
        level, word = (AND, "and") if operator in ("&&", "and") else (OR, "or")
        a, b = truth(body, left, strict=True), truth(body, right, strict=True)
        return Value(f"{a.within(level)} {word} {b.within(level + 1)}", level, BOOL, 0, 1)
    return combined(body, node, body.value(left), operator, body.value(right))


def combined(body: Body, node: Node, a: Value, operator: str, b: Value) -> Value:
    """`a operator b` for numbers and L1 pointers."""
    if a.type.kind is Kind.POINTER or b.type.kind is Kind.POINTER:
        return _pointer(body, node, a, operator, b)
    if not (a.type.number and b.type.number):
        if operator in ("==", "!=") and a.type.kind is b.type.kind is Kind.OBJECT:
            return Value(f"{a.within(COMPARE + 1)} {operator} {b.within(COMPARE + 1)}", COMPARE, BOOL, 0, 1)
        body.refuse(
            node, f"`{short(body.unit.text(node))}`: no arithmetic with {(b if a.type.number else a).type.name}"
        )
    if operator in _WHOLE_ONLY and Kind.FLOAT in (a.type.kind, b.type.kind):
        body.refuse(node, f"`{short(body.unit.text(node))}`: `{operator}` takes whole numbers, no float")
    if operator in ("&", "|", "^") and a.type.kind is b.type.kind is Kind.BOOL:  # Python's result would be a bool
        return Value(
            f"int({a.within(_LEVELS[operator])} {operator} {b.within(_LEVELS[operator] + 1)})", ATOM, INT, 0, 1
        )
    a, b = promoted(a), promoted(b)
    if operator in ("<<", ">>"):
        return _shift(a, operator, settled(b))
    type = common(a.type, b.type)
    a, b = _met(a, type, operator), _met(b, type, operator)
    if operator in _COMPARISONS:
        return Value(f"{a.within(COMPARE + 1)} {operator} {b.within(COMPARE + 1)}", COMPARE, BOOL, 0, 1)
    level = _LEVELS.get(operator)
    if level is None:
        body.refuse(node, f"the operator `{operator}` is not translated")
    if type.kind is Kind.FLOAT:
        return _float(a, operator, b, level, type)
    if operator in ("/", "%"):
        return _divided(a, operator, b, type)
    return Value(f"{a.within(level)} {operator} {b.within(level + 1)}", level, type, *_range(a, operator, b))


def _met(value: Value, type: CType, operator: str) -> Value:
    """An operand in the common type. Sums, products and bit operations come out alike modulo 2^bits either way."""
    if operator in ("+", "-", "*", "&", "|", "^") and type.kind is Kind.INT and value.type.bits == type.bits:
        return value
    return converted(value, type)


def _range(a: Value, operator: str, b: Value) -> tuple[float, float]:
    if operator == "+":
        return a.low + b.low, a.high + b.high
    if operator == "-":
        return a.low - b.high, a.high - b.low
    if operator == "*":
        ends = [
            x * y for x in (a.low, a.high) for y in (b.low, b.high) if not (0 in (x, y) and INF in (abs(x), abs(y)))
        ]
        return (min(ends), max(ends)) if len(ends) == 4 else (-INF, INF)
    if operator == "&" and max(a.low, b.low) >= 0:
        return 0, min(v.high for v in (a, b) if v.low >= 0)
    if min(a.low, b.low) < 0 or INF in (a.high, b.high):
        return -INF, INF
    return 0, (1 << max(int(a.high).bit_length(), int(b.high).bit_length())) - 1


def _divided(a: Value, operator: str, b: Value, type: CType) -> Value:
    if min(a.low, b.low) < 0:
        return of_type(f"{'div' if operator == '/' else 'mod'}({a.text}, {b.text})", type)
    high = a.high // max(b.low, 1) if operator == "/" else min(a.high, b.high - 1)
    low = a.low // b.high if operator == "/" and b.high else 0
    sign = "//" if operator == "/" else "%"
    return Value(f"{a.within(PRODUCT)} {sign} {b.within(PRODUCT + 1)}", PRODUCT, type, low, max(high, 0))


def _shift(a: Value, operator: str, b: Value) -> Value:
    bits = a.type.bits
    if not (b.low >= 0 and b.high < bits):  # the chip looks at the low bits of the count only
        b = Value(f"{b.within(BITAND)} & {bits - 1}", BITAND, INT, 0, bits - 1)
    if operator == "<<":
        low, high = (a.low * (1 << int(b.low)), a.high * (1 << int(b.high))) if a.low >= 0 else (-INF, INF)
        shifted = Value(f"{a.within(SHIFT)} << {b.within(SHIFT + 1)}", SHIFT, a.type, low, high)
        return cut(shifted, a.type) if a.type.signed and high > a.type.most else shifted
    a = settled(a)
    low, high = (int(a.low) >> int(b.high), int(a.high) >> int(b.low)) if a.low >= 0 else (a.type.least, a.type.most)
    return Value(f"{a.within(SHIFT)} >> {b.within(SHIFT + 1)}", SHIFT, a.type, low, high)


def _float(a: Value, operator: str, b: Value, level: int, type: CType) -> Value:
    text = f"{a.within(level)} {operator} {b.within(level + 1)}"
    return Value(f"f32({text})", ATOM, FLOAT) if type.bits == 32 else Value(text, level, type)


def _pointer(body: Body, node: Node, a: Value, operator: str, b: Value) -> Value:
    if operator in _COMPARISONS and a.type.kind is b.type.kind:
        return Value(f"{a.within(ATOM)}.address {operator} {b.within(ATOM)}.address", COMPARE, BOOL, 0, 1)
    if operator == "+" and a.type.number:
        a, b = b, a
    if operator not in ("+", "-") or not b.type.number:
        body.refuse(node, f"`{short(body.unit.text(node))}`: a pointer takes `+ n`, `- n`, comparisons and an index")
    return Value(f"{a.within(SUM)} {operator} {settled(b).within(SUM + 1)}", SUM, a.type)


@expression("unary_expression")
def _unary(body: Body, node: Node) -> Value:
    operator = body.unit.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
    argument = node.child_by_field_name("argument")
    assert argument is not None
    if operator in ("!", "not"):
        return Value(f"not {truth(body, argument).within(NOT)}", NOT, BOOL, 0, 1)
    value = body.value(argument)
    value = converted(value, INT) if value.type.kind is Kind.BOOL else promoted(value)
    if not value.type.number or operator not in ("-", "+", "~") or (operator == "~" and value.type.kind is Kind.FLOAT):
        body.refuse(node, f"`{short(body.unit.text(node))}` is not translated")
    if operator == "+":
        return value
    if operator == "~":
        return Value(f"~{value.within(UNARY)}", UNARY, value.type, -value.high - 1, -value.low - 1)
    return negated(value)


def truth(body: Body, node: Node, strict: bool = False) -> Value:
    """An expression as a condition. `strict`: its Python value must be a bool, since it may be handed on."""
    while node.type in ("parenthesized_expression", "condition_clause") and len(named(node)) == 1:
        node = named(node)[0]
    value = settled(body.value(node))
    if value.type.kind is Kind.POINTER:
        return Value(f"{value.within(ATOM)}.address != 0", COMPARE, BOOL, 0, 1)
    if not value.type.number:
        body.refuse(node, f"`{short(body.unit.text(node))}` is no condition: it is {value.type.name}")
    return converted(value, BOOL) if strict else value


@expression("conditional_expression")
def _conditional(body: Body, node: Node) -> Value:
    test, yes, no = (node.child_by_field_name(f) for f in ("condition", "consequence", "alternative"))
    if test is None or yes is None or no is None:
        body.refuse(node, f"`{short(body.unit.text(node))}` is not translated; write it with all three parts")
    a, b = body.value(yes), body.value(no)
    if a.type.number and b.type.number:
        type = a.type if a.type == b.type else common(promoted(a).type, promoted(b).type)
        a, b = converted(a, type), converted(b, type)
    text = f"{a.within(TERNARY + 1)} if {truth(body, test).within(TERNARY + 1)} else {b.within(TERNARY)}"
    return Value(text, TERNARY, a.type, min(a.low, b.low), max(a.high, b.high))


@expression("comma_expression")
def _comma(body: Body, node: Node) -> Value:
    body.refuse(node, f"`{short(body.unit.text(node))}`: a comma inside an expression; write two statements")
