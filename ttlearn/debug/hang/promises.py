"""Who could keep a promise: read from the kernels' text, with the arguments that each core really has.

Left out: calls whose CB or semaphore depends on data; those are named as "could".
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from dataclasses import dataclass, field
from typing import Any

from ...count.kernel import InModule, parsed, source_of
from ...count.poly import Poly, name
from ...count.walk import Definition, Made, Names, Walk
from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.sched import Risc
from ...sim.trisc import Trisc
from ...sim.waits import Role
from .stops import kernel, source

_SIDES = {"cb_push_back": "PACK", "cb_reserve_back": "PACK", "cb_pop_front": "UNPACK", "cb_wait_front": "UNPACK"}
_WANTED = re.compile(r"cb_(push_back|pop_front|wait_front|reserve_back)|noc_semaphore_\w+|noc_inline_dw_write|tile_regs_\w+|"
                     r"acquire_dst|release_dst|\w*_init\w*|compute_kernel_hw_startup|noc_async_\w+|\w+_tiles?\w*|\w+_block")  # fmt: skip
_SETS = ("noc_semaphore_inc", "noc_semaphore_set")
_SECOND = ("noc_semaphore_set_remote", "noc_semaphore_set_multicast")  # their target is the second argument
_PLACES = ("get_noc_addr", "get_noc_multicast_addr", "tt_l1_ptr")  # the address is their last argument
_SEMAPHORE = "semaphore "


_API = tuple(f"{__name__.split('.')[0]}.{room}" for room in ("compute.", "dataflow.", "kernel."))


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
        found = self._of_a_module(name) if "." in name else self.names.function(name)
        return None if found is None else (found[0], Helper(found[1], name.split(".")[-1]))

    def _of_a_module(self, dotted: str) -> tuple[Definition, Names] | None:
        """A helper that is called as `phases.mean(…)`."""
        module, name = dotted.split(".")
        found = (
            getattr(self.names.names.get(module), name, None)
            if inspect.ismodule(self.names.names.get(module))
            else None
        )
        if not inspect.isfunction(found) or f"{found.__module__}.".startswith(_API):
            return None
        try:
            return parsed(found), InModule(found)
        except (OSError, TypeError, SyntaxError):
            return None

    def constant(self, name: str) -> int | None:
        """A number, or a flag as 0 or 1: what a kernel closes over does not change any more."""
        value = self.names.names.get(name)
        return int(value) if isinstance(value, bool) else self.names.constant(name)  # type: ignore[no-any-return]


@dataclass
class Noting(Walk):
    """A walk that notes in which helper a call stands, "" being the kernel itself, and knows semaphores by number."""

    inside: dict[int, str] = field(default_factory=dict)

    def of_the_api(self, name: str) -> bool:
        return _WANTED.fullmatch(name) is not None and not (isinstance(self.names, Helper) and self.names.own(name))

    def _call(self, node: ast.Call, values: dict[str, Poly | None], label: str | None) -> Poly | None:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called == "get_semaphore" and node.args:
            number = self._value(node.args[0], values)
            return None if number is None or number.constant is None else name(f"{_SEMAPHORE}{int(number.constant)}")
        if called in _PLACES and node.args:
            return [self._value(argument, values) for argument in node.args][-1]
        before = len(self.made)
        result = super()._call(self._named(node), values, label)
        for made in self.made[before:]:
            self.inside.setdefault(id(made), getattr(self.names, "label", ""))
        return result

    def _named(self, node: ast.Call) -> ast.Call:
        """`phases.mean(…)`, if that is a helper of a module, as a call by the name `phases.mean`."""
        target = node.func
        if (
            not isinstance(target, ast.Attribute)
            or not isinstance(target.value, ast.Name)
            or self.of_the_api(target.attr)
        ):
            return node
        dotted = ast.Name(f"{target.value.id}.{target.attr}", ast.Load())
        if self.names.function(dotted.id) is None:
            return node
        return ast.copy_location(ast.Call(dotted, node.args, node.keywords), node)


@dataclass
class Promises:
    """The calls of each kernel, counted once per set of arguments."""

    known: dict[Any, list[Made] | None] = field(default_factory=dict)
    inside: dict[int, str] = field(default_factory=dict)

    def calls(self, risc: Risc, runtime_args: list[int] | None = None) -> list[Made]:
        """Every call that this RISC's kernel makes, as far as its text tells; with other arguments if they are given."""
        return self._known(risc, runtime_args) or []

    def told(self, risc: Risc) -> bool:
        """Is the text of its kernel at hand? What was made by `exec` of a string has none."""
        return self._known(risc, None) is not None

    def untold(self, cores: list[Core]) -> list[str]:
        """The names of the kernels on these cores whose text is not at hand."""
        riscs = (risc for core in cores for risc in core.riscs)
        return list(dict.fromkeys(kernel(risc) for risc in riscs if risc.coro is not None and not self.told(risc)))

    def _known(self, risc: Risc, runtime_args: list[int] | None) -> list[Made] | None:
        given = risc.runtime_args if runtime_args is None else runtime_args
        source = risc.kernel.kernel_source if risc.kernel is not None else None
        if source is None:
            return []
        key = (source, tuple(risc.compile_time_args), tuple(given), tuple(risc.common_args))
        if key not in self.known:
            self.known[key] = self._walk(source, risc, given)
        return self.known[key]

    def _walk(self, source: Any, risc: Risc, runtime_args: list[int]) -> list[Made] | None:
        known = {
            "get_compile_time_arg_val": dict(enumerate(risc.compile_time_args)),
            "get_arg_val": dict(enumerate(runtime_args)),
            "get_common_arg_val": dict(enumerate(risc.common_args)),
        }
        try:
            definition, names = source_of(source)
            walk = Noting(Helper(names, ""), known, lambda name: True)
            walk.wanted = walk.of_the_api
            made = walk.kernel(definition)
        except (OSError, TypeError, SyntaxError, RecursionError, KeyError):
            return None  # no source at hand: nothing can be told from it
        self.inside |= walk.inside
        return made

    def place(self, risc: Risc, made: Made) -> str:
        """The line of a call: `reader line 12`, or that of the helper in which it stands."""
        label = self.inside.get(id(made), "")
        return f"{label} line {made.line}, in {source(risc)}" if label else f"{source(risc)} line {made.line}"

    def at(self, made: Made) -> str:
        """`line 12` of the kernel, or `_pop_all line 142` of a helper."""
        return f"{self.inside.get(id(made), '')} line {made.line}".lstrip()

    def line(self, risc: Risc, made: Made) -> str:
        """The same with its text; of C++ the line as it stands in the file."""
        text = made.text
        if source(risc) != kernel(risc) and not self.inside.get(id(made)):
            text = linecache.getline(risc.code.co_filename, made.line).strip() or text
        return f"{self.place(risc, made)}: `{text}`"

    def asks(self, risc: Risc, call: str, cb: CircularBuffer) -> Made | None:
        """The first `call` on a CB in the text of a kernel."""
        return next((m for m in self.calls(risc) if m.call == call and is_on(m, cb.index)), None)

    def who(self, core: Core, call: str, cb: CircularBuffer) -> list[tuple[Risc, Made]]:
        """The RISCs of a core whose kernels make `call` on a CB, each with the first such call."""
        found = []
        for risc in core.riscs:
            if risc.coro is None or (isinstance(risc, Trisc) and risc.role.name != _SIDES[call]):
                continue
            made = self.asks(risc, call, cb)
            if made is not None:
                found.append((risc, made))
        return found

    def total(self, risc: Risc, call: str, cb: CircularBuffer, runtime_args: list[int] | None = None) -> int | None:
        """Pages that this RISC's kernel asks for by `call` in all; None if that cannot be told."""
        if not self.told(risc):
            return None
        sum_ = 0
        for made in self.calls(risc, runtime_args):
            if made.call != call or not made.counts:
                continue
            if made.counts[0] is None or made.counts[0].constant is None:
                return None
            if made.counts[0].constant == cb.index:
                total = made.total(made.counts[1] if len(made.counts) > 1 else None)
                if total is None or total.constant is None:
                    return None
                sum_ += int(total.constant)
        return sum_

    def setters(self, core: Core, address: int, cores: list[Core]) -> list[tuple[Risc, Made]]:
        """RISCs whose kernels change semaphores, those that name this one first."""
        number = (address - core.device.arch.semaphore_base) // 16
        sure: list[tuple[Risc, Made]] = []
        perhaps: list[tuple[Risc, Made]] = []
        for other in cores:
            for risc in other.riscs:
                if risc.coro is None or risc.role is not Role.MOVER:
                    continue
                for made in self.calls(risc):
                    if not made.call.startswith(_SETS) or (made.call == "noc_semaphore_set" and other is not core):
                        continue
                    target = _semaphore(made)
                    if target is None:
                        perhaps.append((risc, made))
                    elif target == number:
                        sure.append((risc, made))
        return sure or perhaps


def _semaphore(made: Made) -> int | None:
    """The number of the semaphore that a call changes, if it can be told."""
    place = int(made.call.startswith(_SECOND))
    names = made.counts[place].names if len(made.counts) > place and made.counts[place] is not None else set()  # type: ignore[union-attr]
    found = [int(name.removeprefix(_SEMAPHORE)) for name in names if name.startswith(_SEMAPHORE)]
    return found[0] if len(found) == 1 else None


def is_on(made: Made, index: int) -> bool:
    return bool(made.counts) and made.counts[0] is not None and made.counts[0].constant == index
