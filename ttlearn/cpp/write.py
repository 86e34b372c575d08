"""A Python kernel as C++ with the free functions of 0.81.1: `write(kernel)` is the text of a kernel file.

The Python source is evaluated as far as it can be known; what only the chip knows is written down, line by line, with
its comments. Helpers become C++ functions above `kernel_main`. Left out: classes, exceptions other than as ASSERT.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import CppError
from . import api
from .headers import header_of
from .out import calls, expressions, loops, names, specialise, statements, types
from .out.code import code_of
from .out.frame import Frame
from .out.module import Function, Module
from .out.values import Symbol

__all__ = ["write"]

_OTHERS = {"ASSERT": "api/debug/assert.h"}
_LIBRARY = "api/dataflow/dataflow_api.h"
WRITERS = (names, expressions, calls, statements, loops)  # importing them says how each construct is written


def write(kernel: Callable[[], Any], kind: str | None = None) -> str:
    """`kernel`: an `async def` function. `kind`: 'reader', 'writer' or 'compute'; found from its calls if not given.

    Raises CppError for what has no C++ counterpart, with the line and what to write instead.
    """
    _check(kernel)
    kind = kind or getattr(kernel, "kind", None)
    if kind is not None:
        api.namespace(kind)  # refuses another kind
    module = Module()
    if text := getattr(kernel, "python", None):
        module.texts[id(kernel.__globals__)] = text
    main = _kernel(module, kernel)
    kind = _kind(module, kernel, kind)
    parts = [_includes(module, kind), [line for _, line in module.constants.values()]]
    parts += [f.render() for f in module.functions if f is not main] + [main.render()]
    return "\n".join("\n".join(part) + "\n" for part in parts if part)


def _check(kernel: Any) -> None:
    if not inspect.iscoroutinefunction(kernel) or not inspect.isfunction(kernel):
        what = f"{kernel.__name__}, a plain function" if inspect.isfunction(kernel) else repr(kernel)
        raise CppError(f"write takes a kernel, an `async def` function, not {what}")
    if names := inspect.signature(kernel).parameters:
        raise CppError(
            f"{kernel.__name__} has the parameter {next(iter(names))}, but nobody calls a kernel with arguments; "
            "take it from get_compile_time_arg_val or get_arg_val"
        )


def _kernel(module: Module, kernel: Any) -> Function:
    def fresh(known: dict[tuple[str, int], types.Type]) -> Frame:
        symbol = Symbol("kernel_main", types.VOID, module, once=True)
        frame = Frame(module, code_of(kernel, module.texts), Function(symbol, []))
        frame.known = known
        return frame

    return specialise.finished(specialise.written(module, fresh))


# ---- which kind --------------------------------------------------------------------------------------------


def _kind(module: Module, kernel: Any, given: str | None) -> str:
    """What the calls belong to; `given` must agree."""
    data, engine = (set(api.namespace(kind)) for kind in ("reader", "compute"))
    used = module.used
    only_data = {name for name in used if name in data and name not in engine}
    only_engine = {name for name in used if name in engine and name not in data}
    if only_data and only_engine:
        raise CppError(
            f"{kernel.__name__} calls {min(only_data)}, which moves data, and {min(only_engine)}, which computes: "
            "no RISC does both; make two kernels"
        )
    found = "compute" if only_engine else "reader" if only_data else None
    if given is None and found is None:
        raise CppError(
            f"{kernel.__name__} calls nothing that tells its kind; write(…, kind='reader'), 'writer' or 'compute'"
        )
    if given is not None and found is not None and (given == "compute") != (found == "compute"):
        name = min(only_data or only_engine)
        raise CppError(f"{kernel.__name__} is no {given} kernel: it calls {name}; write(…, kind={found!r})")
    return given or found or ""


def _includes(module: Module, kind: str) -> list[str]:
    found = {header_of(name, kind) or _OTHERS.get(name) for name in module.used}
    if kind != "compute":
        found.add(_LIBRARY)
    system = ["cstdint", *sorted(module.system - {"cstdint"})]
    return [f"#include <{name}>" for name in system] + [f'#include "{name}"' for name in sorted(filter(None, found))]
