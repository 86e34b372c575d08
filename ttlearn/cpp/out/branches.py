"""`if`: decided while writing, it leaves only its branch; else both, and what they leave alike stays known.

`if UNPACK():` is the code of one role. Left out: `match`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from .conditions import condition
from .frame import Env, Frame, statement
from .prints import message, refusal
from .text import Block, Compound, Line, chain
from .values import Conflict, Expr, Role, Static, Symbol, Value

ROLES = ("UNPACK", "MATH", "PACK")
_MACROS = ("DPRINT(", "ASSERT(")  # statements in C++, which have no place in parentheses


@statement(ast.If)
def if_(frame: Frame, node: ast.If) -> None:
    if _role(frame, node.test) is not None:
        _roles(frame, node)
        return
    test = condition(frame, node.test)
    if isinstance(test, Static):
        frame.run(node.body if test.object else node.orelse)
    elif len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.orelse:
        test = condition(frame, _negation(node.test))
        assert isinstance(test, Expr)
        frame.emit(f"{refusal(frame, test).code};", message(frame, node.body[0]))
    else:
        branches(frame, test, lambda: frame.run(node.body), lambda: frame.run(node.orelse))


_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Lt: ast.GtE(),
    ast.GtE: ast.Lt(),
    ast.Gt: ast.LtE(),
    ast.LtE: ast.Gt(),
}


def _negation(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return ast.copy_location(ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]], test.comparators), test)
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def branches(frame: Frame, test: Expr, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
    """`if (test) { … } else { … }`."""
    outer, before = frame.block, dict(frame.env)
    first = frame.block = Block(outer)
    then()
    after, ended = frame.env, frame.ended
    frame.env, frame.ended = before, False
    second = frame.block = Block(outer)
    otherwise()
    frame.env = merged(after, frame.env, ended, frame.ended)
    frame.block, frame.ended = outer, ended and frame.ended
    fixed = test.constant and all(s.constant for s in test.uses)
    compound = Compound(f"if {'constexpr ' if fixed else ''}({test.code})", first)
    if second.nodes:
        compound.follows = chain(second)
    outer.nodes.append(compound)


def merged(a: Env, b: Env, a_ended: bool, b_ended: bool) -> Env:
    """What is known after two branches."""
    if a_ended or b_ended:
        return b if a_ended else a
    both: Env = {}
    for name in a.keys() | b.keys():
        one, other = a.get(name), b.get(name)
        found = one if other is None else other
        alike = same(one, other) if one is not None and other is not None else isinstance(found, Symbol)
        both[name] = found if alike and found is not None else Conflict(name)
    return both


def same(a: Value | Symbol, b: Value | Symbol) -> bool:
    return a is b or (not isinstance(a, Symbol) and a == b)


# ---- the code of one role ----------------------------------------------------------------------------------


def _role(frame: Frame, test: ast.expr) -> tuple[str, ast.expr | None] | None:
    """(role, further condition) of `UNPACK()` or `UNPACK() and …`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        found = _role(frame, test.values[0])
        more = test.values[1:]
        rest = more[0] if len(more) == 1 else ast.copy_location(ast.BoolOp(ast.And(), more), test)
        return found and (found[0], rest)
    if isinstance(test, ast.Call) and not test.args and isinstance(test.func, (ast.Name, ast.Attribute)):
        value = frame.value(test.func)
        name = getattr(value.object, "__name__", "") if isinstance(value, Static) else ""
        if name in ROLES and isinstance(frame.value(test), Role):
            return name, None
    return None


def _roles(frame: Frame, node: ast.If) -> None:
    """Each role's branch; the roles left over take the else."""
    left = list(ROLES)
    body: list[ast.stmt] = [node]
    while len(body) == 1 and isinstance(branch := body[0], ast.If) and (found := _role(frame, branch.test)):
        role, test = found
        if test is not None and branch.orelse:
            frame.fail(branch.test, f"this has an else; write `if {role}():` and the rest as an `if` inside")
        _for_role(frame, role, branch.body, test)
        left.remove(role)
        body = branch.orelse
    for role in left if body else ():
        _for_role(frame, role, body, None)


def _for_role(frame: Frame, role: str, body: list[ast.stmt], test: ast.expr | None) -> None:
    """`UNPACK((call));`, or `UNPACK({ … });` for more than calls."""
    outer, before = frame.block, dict(frame.env)
    frame.module.used.add(role)
    block = frame.block = Block(outer)
    if test is None:
        frame.run(body)
    else:
        if_(frame, ast.copy_location(ast.If(test, body, []), test))
    if frame.ended:
        frame.fail(body[-1], "this leaves the function in one role only; write `if` around what the role skips instead")
    frame.block, frame.env = outer, merged(before, frame.env, False, False)
    if all(isinstance(n, Line) for n in block.nodes):
        for line in block.nodes:
            assert isinstance(line, Line)
            call = line.text.removesuffix(";")
            call = call if call.startswith(_MACROS) else f"({call})"
            frame.emit(f"{role}({call});" if line.text else "", line.comment)
    else:
        outer.nodes.append(Compound(f"{role}(", block, end="});"))
