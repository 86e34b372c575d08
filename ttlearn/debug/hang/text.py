"""A kernel's text, walked with the arguments that it really has: each call of the API with its line and its helper.

Left out: calls that a text does not show, by tables of functions, say, or by `getattr`. Where there may be some, the walk
is `blind`, and what is not in it may be made all the same.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...count.kernel import InModule, parsed, source_of
from ...count.made import Made
from ...count.poly import Poly, name
from ...count.walk import Definition, Known, Names, Walk

_WANTED = re.compile(r"cb_(push_back|pop_front|wait_front|reserve_back)|noc_semaphore_\w+|noc_inline_dw_write|tile_regs_\w+|"
                     r"acquire_dst|release_dst|\w*_init\w*|compute_kernel_hw_startup|noc_async_\w+|\w+_tiles?\w*|\w+_block")  # fmt: skip
_PLACES = ("get_noc_addr", "get_noc_multicast_addr", "tt_l1_ptr")  # the address is their last argument
SEMAPHORE = "semaphore "

_PACKAGE = __name__.split(".")[0]
_API = tuple(f"{_PACKAGE}.{room}" for room in ("compute.", "dataflow.", "kernel."))
_METHODS = {
    "get_noc_addr",
    "next_compile_time_args_offset",
    "get_aligned_page_size",
    *dir(list),
    *dir(dict),
    *dir(str),
    *dir(int),
}  # they make no calls of the API
_MANY = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
_STATEMENTS: tuple[type[ast.stmt], ...] = (
    ast.If,
    ast.For,
    ast.While,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Return,
    ast.Break,
    ast.Continue,
)
_STATEMENTS += (ast.Expr, ast.Pass, ast.Assert, ast.Import, ast.ImportFrom, ast.Nonlocal, ast.Global, ast.Raise)


@dataclass(frozen=True)
class Text:
    """Every call of a kernel's text; `inside`: id of a call -> the helper in which it stands, "" being the kernel."""

    made: list[Made]
    inside: dict[int, str]
    blind: bool


def text_of(source: Any, compile_time: Sequence[int], runtime: Sequence[int], common: Sequence[int]) -> Text | None:
    """The text of a kernel with these arguments; None where it has none: what was made by `exec` of a string."""
    known: Known = {
        "get_compile_time_arg_val": dict(enumerate(compile_time)),
        "get_arg_val": dict(enumerate(runtime)),
        "get_common_arg_val": dict(enumerate(common)),
    }
    try:
        definition, names = source_of(source)
        walk = Noting(Helper(names, ""), known, lambda name: True)
        walk.wanted = walk.of_the_api
        return Text(walk.kernel(definition), walk.inside, walk.blind)
    except (OSError, TypeError, SyntaxError, RecursionError, KeyError):
        return None


class Helper:
    """The names inside a helper, which remember its own; "" is the kernel."""

    def __init__(self, names: Any, label: str) -> None:
        self.names, self.label = names, label

    def own(self, name: str) -> bool:
        """Is this a function of the learner's, and not a call of the API, however it is called?"""
        if name in getattr(self.names, "functions", ()):
            return True
        found = self.names.names.get(name)
        return inspect.isfunction(found) and not f"{found.__module__}.".startswith(_API)

    def function(self, name: str) -> tuple[Definition, Names] | None:
        if "." not in name and not self.own(name):
            return None  # a call of the API
        found = self._of_a_module(name) if "." in name else self.names.function(name)
        return None if found is None else (found[0], Helper(found[1], name.split(".")[-1]))

    def _of_a_module(self, dotted: str) -> tuple[Definition, Names] | None:
        """A helper that is called as `phases.mean(…)`."""
        found = self.meant(dotted)
        if not inspect.isfunction(found) or f"{found.__module__}.".startswith(_API):
            return None
        try:
            return parsed(found), InModule(found)
        except (OSError, TypeError, SyntaxError):
            return None

    def meant(self, name: str) -> Any:
        """What a name, or a `module.name`, stands for outside the function; None if that is not known."""
        module, _, attribute = name.rpartition(".")
        if not module:
            return self.names.names.get(name, getattr(builtins, name, None))
        home = self.names.names.get(module)
        return getattr(home, attribute, None) if inspect.ismodule(home) else None

    def constant(self, name: str) -> int | None:
        """A number, or a flag as 0 or 1: what a kernel closes over does not change any more."""
        value = self.names.names.get(name)
        return int(value) if isinstance(value, bool) else self.names.constant(name)  # type: ignore[no-any-return]


@dataclass
class Noting(Walk):
    """A walk that notes in which helper a call stands, knows semaphores by number, and when it may miss a call."""

    inside: dict[int, str] = field(default_factory=dict)
    blind: bool = False

    def of_the_api(self, name: str) -> bool:
        return _WANTED.fullmatch(name) is not None and not (isinstance(self.names, Helper) and self.names.own(name))

    def _block(self, statements: list[ast.stmt], values: dict[str, Poly | None]) -> bool:
        for statement in statements:
            repeats = any(self._repeats(node) for node in ast.iter_child_nodes(statement))
            self.blind = self.blind or not isinstance(statement, _STATEMENTS) or repeats
        return super()._block(statements, values)

    def _call(self, node: ast.Call, values: dict[str, Poly | None], label: str | None) -> Poly | None:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called == "get_semaphore" and node.args:
            number = self._value(node.args[0], values)
            return None if number is None or number.constant is None else name(f"{SEMAPHORE}{int(number.constant)}")
        if called in _PLACES and node.args:
            return [self._value(argument, values) for argument in node.args][-1]
        self.blind = self.blind or not self._followed(node, values)
        before = len(self.made)
        result = super()._call(self._named(node), values, label)
        for made in self.made[before:]:
            self.inside.setdefault(id(made), getattr(self.names, "label", ""))
        return result

    def _repeats(self, node: ast.AST) -> bool:
        """Does it make calls that matter in an expression that is carried out many times, or later?"""
        if isinstance(node, ast.stmt):
            return False  # it is looked at by itself
        many = [part for part in ast.walk(node) if isinstance(part, _MANY)]
        calls = [part for one in many for part in ast.walk(one) if isinstance(part, ast.Call)]
        return not all(self._harmless(call) for call in calls)

    def _harmless(self, node: ast.Call) -> bool:
        """A class, or a call of the API that is not of the wanted ones, as `get_arg_val`."""
        called = _dotted(node.func)
        found = self.names.meant(called) if called and isinstance(self.names, Helper) else None
        plain = inspect.isclass(found) or inspect.isbuiltin(found)
        return plain or (_of_the_api(found) and not self.of_the_api(called.split(".")[-1]))

    def _named(self, node: ast.Call) -> ast.Call:
        """`phases.mean(…)`, if that is a helper of a module, as a call by the name `phases.mean`."""
        dotted = _dotted(node.func)
        if "." not in dotted or self.names.function(dotted) is None:
            return node
        return ast.copy_location(ast.Call(ast.Name(dotted, ast.Load()), node.args, node.keywords), node)

    def _followed(self, node: ast.Call, values: dict[str, Poly | None]) -> bool:
        """Is it known what is called here, and that it gets no function to call?"""
        called = _dotted(node.func)
        if not isinstance(self.names, Helper) or not called or self.depth >= 20:
            return False
        handed = (self.names.meant(argument.id) for argument in node.args if isinstance(argument, ast.Name))
        if any(inspect.isroutine(thing) and not inspect.isbuiltin(thing) for thing in handed):
            return False
        if called in values or getattr(node.func, "attr", "") in _METHODS:
            return called not in values
        found = self.names.meant(called)
        plain = inspect.isbuiltin(found) or inspect.isclass(found) or _of_the_api(found) or _ours(found)
        return plain or self.names.function(called) is not None


def _dotted(node: ast.expr) -> str:
    """`f` or `module.f`; empty if it is something else that is called."""
    if isinstance(node, ast.Name):
        return node.id
    return (
        f"{node.value.id}.{node.attr}" if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    )


def _of_the_api(found: Any) -> bool:
    return f"{getattr(found, '__module__', '')}.".startswith(_API)


def _ours(found: Any) -> bool:
    """A function of this package's that a kernel read from C++ calls, to keep integers in their types, say."""
    return inspect.isfunction(found) and found.__module__.startswith(f"{_PACKAGE}.cpp.")
