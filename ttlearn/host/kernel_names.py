"""What a kernel's names mean, looked at before it runs: an old kernel, a shadowed call, sleep and threads.

Only names of the whole module are looked up, in the kernel and in the learner's functions that it reaches; parameters,
local names and closures are the learner's own business. Left out: names that are reached through objects.
"""

from __future__ import annotations

import dis
import inspect
import sys
import time
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..cells.place import learners, place_of
from ..errors import HostError
from ..sim.trace import Site

_API = "ttlearn.dataflow", "ttlearn.compute"
_THREADS = ("threading", "_thread", "multiprocessing", "concurrent")
_SLEEP = "a kernel cannot sleep; it waits with `await`, for a CB, a barrier or a semaphore"
_THREAD = "a kernel cannot start threads; a core's RISCs are its threads: give each of them its own kernel"


def look(kernel: Any) -> None:
    """Raises HostError, in the learner's words, for what is surely not meant."""
    _check_current(kernel)
    for function in _reached(kernel):
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            _check_shadowed(kernel, function, name, value)
            _check_host(function, name, value)


# ---- an old kernel -------------------------------------------------------------------------------------------


def _check_current(kernel: Any) -> None:
    """A function made inside another, a lambda or a decorated one may share its name with others."""
    current = kernel.__globals__.get(kernel.__name__)
    if kernel.__qualname__ != kernel.__name__ or not inspect.isfunction(current):
        return
    new, old = inspect.unwrap(current), inspect.unwrap(kernel)
    same_place = current.__qualname__ == kernel.__qualname__ and current.__module__ == kernel.__module__
    if same_place and new is not old and not _alike(new.__code__, old.__code__):
        error = HostError(
            f"{kernel.__name__} was redefined after this program was built, and the program still holds the old one: "
            "run the cell or line that builds the program again; to keep both kernels, give them different names"
        )
        error.places = (place_of(new.__code__),)
        raise error


def _alike(one: CodeType, other: CodeType) -> bool:
    """The same instructions, wherever they stand."""
    parts = [(a, b) for a, b in zip(one.co_consts, other.co_consts, strict=False) if isinstance(a, CodeType)]
    plain = [[repr(c) for c in code.co_consts if not isinstance(c, CodeType)] for code in (one, other)]
    names = [(code.co_code, code.co_names, code.co_varnames, code.co_freevars) for code in (one, other)]
    return (
        names[0] == names[1]
        and plain[0] == plain[1]
        and all(isinstance(b, CodeType) and _alike(a, b) for a, b in parts)
    )


# ---- names that are not what they seem -----------------------------------------------------------------------


def _check_shadowed(kernel: Any, function: FunctionType, name: str, value: Any) -> None:
    if not inspect.isfunction(value) or not learners(value.__code__.co_filename) or name not in _api_names():
        return
    if value.__module__.startswith("ttlearn."):  # read from C++, where headers decide what is there
        return
    error = HostError(
        f"{kernel.__name__} calls {name}, and gets your own function of that name instead of ttlearn's "
        f"({_site(function.__code__, name)}): give yours another name, and run `from {_api_of(name)} import *` again"
    )
    error.places = (place_of(value.__code__),)
    raise error


def _check_host(function: FunctionType, name: str, value: Any) -> None:
    """Sleep and threads: `sleep(1)`, `time.sleep(1)`, `threading.Thread(...)`, and imports in the kernel itself."""
    code = function.__code__
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    sleeps = value is time.sleep or (name == "time" and _sleeps(code) and (value is time or _imports(code, "time")))
    threads = str(home).partition(".")[0] in _THREADS or (name in _THREADS and _imports(code, name))
    if sleeps or threads:
        error = HostError(f"{_site(code, name)}: {_SLEEP if sleeps else _THREAD}")
        error.places = (_site(code, name).place,)
        raise error


def _sleeps(code: CodeType) -> bool:
    return "sleep" in code.co_names


def _imports(code: CodeType, name: str) -> bool:
    return any(step.opname == "IMPORT_NAME" and step.argval == name for step in dis.get_instructions(code))


# ---- the code of a kernel ------------------------------------------------------------------------------------


def _reached(kernel: Any) -> Iterator[FunctionType]:
    """The kernel and the learner's functions that it names, each once."""
    found, seen = [kernel], {kernel}
    while found:
        function = found.pop()
        yield function
        cells = (cell.cell_contents for cell in function.__closure__ or () if _filled(cell))
        for value in (*cells, *map(function.__globals__.get, _names(function.__code__))):
            if inspect.isfunction(value) and value not in seen and learners(value.__code__.co_filename):
                seen.add(value)
                found.append(value)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is bound only later
        return False


def _names(code: CodeType) -> Iterator[str]:
    """Names of the module that the code uses, also in its comprehensions."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


def _api_names() -> set[str]:
    """Of what the learner has imported: without it nothing can be shadowed."""
    return {name for module in _API if module in sys.modules for name in sys.modules[module].__all__}


def _api_of(name: str) -> str:
    return next(module for module in _API if module in sys.modules and name in sys.modules[module].__all__)


def _site(code: CodeType, name: str) -> Site:
    """Where `code` uses the name."""
    for part in (code, *(c for c in code.co_consts if isinstance(c, CodeType))):
        for step in dis.get_instructions(part):
            if step.argval == name and step.opname.startswith(("LOAD_", "IMPORT_")):
                return Site(part, step.offset, part, step.offset)
    return Site(code, 0, code, 0)
