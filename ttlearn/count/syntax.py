"""What pieces of a kernel's Python come to: sums of counts, loops as they are spelled, elements of tuples."""

from __future__ import annotations

import ast

from .poly import Poly, number


def load(target: ast.expr) -> ast.expr:
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target


def merge(values: dict[str, Poly | None], other: dict[str, Poly | None]) -> None:
    """After an if: what both branches agree on."""
    for label in {*values, *other}:
        if values.get(label) != other.get(label):
            values[label] = None


def defaults(arguments: ast.arguments) -> dict[str, Poly | None]:
    """What parameters are that a call does not give; a name of the module never stands for one of them."""
    usual, named = arguments.args, arguments.kwonlyargs
    values: dict[str, Poly | None] = dict.fromkeys(a.arg for a in (*usual, *named))
    last = usual[len(usual) - len(arguments.defaults) :]
    for parameter, default in zip((*last, *named), (*arguments.defaults, *arguments.kw_defaults), strict=True):
        if isinstance(default, ast.Constant) and isinstance(default.value, int):
            values[parameter.arg] = number(int(default.value))
    return values


def not_negative(count: Poly) -> Poly:
    return number(0) if count.constant is not None and count.constant < 0 else count


def fresh(statements: list[ast.stmt]) -> set[str]:
    """Names that a loop's body assigns at its top level before anything reads them."""
    fresh: set[str] = set()
    read: set[str] = set()
    for statement in statements:
        read |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if isinstance(statement, ast.Assign):
            targets = {n.id for n in ast.walk(statement.targets[0]) if isinstance(n, ast.Name)}
            fresh |= targets - read
    return fresh


def spelled(label: str, over: ast.expr) -> str:
    """`t<Wt` for a loop from 0, else as it stands."""
    if isinstance(over, ast.Call) and len(over.args) == 1 and ast.unparse(over.func) == "range":
        return f"{label}<{ast.unparse(over.args[0])}"
    return f"{label} in {ast.unparse(over)}"


def elements(value: ast.expr, count: int) -> list[ast.expr]:
    """The parts of a tuple, or of `(f(i) for i in range(n))`; none if it is neither."""
    if isinstance(value, ast.Tuple) and len(value.elts) == count:
        return value.elts
    if isinstance(value, ast.GeneratorExp) and len(value.generators) == 1:
        part = value.generators[0]
        if isinstance(part.target, ast.Name) and ast.unparse(part.iter) == f"range({count})":
            return [_put(part.target.id, k, value.elt) for k in range(count)]
    return []


def _put(label: str, value: int, element: ast.expr) -> ast.expr:
    """A copy of `element` with a number in the place of a name."""
    copy = ast.parse(ast.unparse(element), mode="eval").body
    for node in ast.walk(copy):
        if isinstance(node, ast.Call):
            node.args = [ast.Constant(value) if isinstance(a, ast.Name) and a.id == label else a for a in node.args]
    return copy


def combined(operator: ast.operator, left: Poly | None, right: Poly | None) -> Poly | None:
    if left is None or right is None:
        return None
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.FloorDiv) and right.constant != 0:
        return left // right
    if left.constant is None or right.constant is None or right.constant == 0:
        return None
    return _whole(operator, int(left.constant), int(right.constant))


def _whole(operator: ast.operator, a: int, b: int) -> Poly | None:
    if isinstance(operator, ast.Mod):
        return number(a % b)
    if isinstance(operator, (ast.LShift, ast.RShift)) and 0 <= b < 64:
        return number(a << b if isinstance(operator, ast.LShift) else a >> b)
    bits = {ast.BitAnd: a & b, ast.BitOr: a | b, ast.BitXor: a ^ b}
    return number(bits[type(operator)]) if type(operator) in bits else None


def compared(operation: ast.cmpop, left: Poly | None, right: Poly | None) -> Poly | None:
    """1 or 0 where their difference is a number; None where that cannot be told."""
    difference = (left - right).constant if left is not None and right is not None else None
    if difference is None:
        return None
    holds = {ast.Eq: difference == 0, ast.NotEq: difference != 0, ast.Lt: difference < 0, ast.LtE: difference <= 0}
    holds |= {ast.Gt: difference > 0, ast.GtE: difference >= 0}
    answer = holds.get(type(operation))
    return None if answer is None else number(int(answer))


def steps(given: list[Poly | None]) -> tuple[Poly, Poly, Poly] | None:
    """(first, how many, by how much) of a range with these arguments."""
    if len(given) == 1:
        given = [number(0), given[0]]
    start, stop, step = (*given, number(1))[:3]
    if start is None or stop is None or step is None or step.constant == 0:
        return None
    span = stop - start
    if step.constant == 1:
        return start, not_negative(span), step
    if step.constant == -1:
        return start, not_negative(number(0) - span), step
    if span.constant is None or step.constant is None:
        return start, span // step, step
    return start, not_negative(number(-((-span.constant) // step.constant))), step
