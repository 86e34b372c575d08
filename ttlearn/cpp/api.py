"""The kernel API as C++ sees it: for each name its template arguments, its types, and whether the RISC waits.

Read off the Python functions themselves, so that an operation added there is known here: keyword-only
parameters are the template arguments, an awaitable return marks a wait. Left out: headers (`headers`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache
from typing import Any

from .. import compute, dataflow
from ..errors import HostError

KINDS = ("reader", "writer", "compute")

# what C++ returns where a Python `int` does not say it all
_RETURNS = {
    "get_noc_addr": "uint64_t",
    "get_noc_multicast_addr": "uint64_t",
    "get_tile_size": "int32_t",
    "cb_pages_available_at_front": "bool",
    "cb_pages_reservable_at_back": "bool",
}
_WIDE = ("src_noc_addr", "dst_noc_addr", "dst_noc_addr_multicast", "addr")  # parameters of 64 bits: NOC addresses
_L1_LIMIT = 1 << 21  # an L1 address is below this; calls that give one
_SMALL = ("get_write_ptr", "get_read_ptr", "get_semaphore", "get_tile_size", "DEST_AUTO_LIMIT")
CONSTANTS = ("DEST_AUTO_LIMIT", "MEM_ZEROS_BASE")  # what C++ writes without parentheses and is a call here


@dataclass(frozen=True)
class Call:
    """One function of the API. `params` are its ordinary parameters in order, `template` its C++ template ones."""

    name: str
    function: Callable[..., Any]
    params: tuple[inspect.Parameter, ...]
    template: tuple[str, ...]
    waits: bool
    returns: str  # a C++ type, or "void"

    @property
    def most(self) -> int | None:
        """How many arguments it takes at most; None: any number."""
        if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in self.params):
            return None
        return len(self.params)

    @property
    def least(self) -> int:
        return sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in self.params)

    @property
    def limit(self) -> int | None:
        """The result is below this, where that is known."""
        return _L1_LIMIT if self.name in _SMALL else None

    def wide(self, index: int) -> bool:
        """Is argument `index` a NOC address of 64 bits?"""
        wide = index < len(self.params) and self.params[index].name in _WIDE
        return wide and self.name != "get_noc_multicast_addr"


def namespace(kind: str) -> dict[str, Any]:
    """Every name of the API for a kind of kernel: functions, classes, enums."""
    if kind not in KINDS:
        raise HostError(f"kind is {kind!r}; a kernel is a 'reader', a 'writer' or 'compute'")
    module = compute if kind == "compute" else dataflow
    return {name: getattr(module, name) for name in module.__all__}


@cache
def calls(kind: str) -> dict[str, Call]:
    """The functions of the API."""
    return {name: _call(name, value) for name, value in namespace(kind).items() if inspect.isfunction(value)}


@cache
def enums(kind: str) -> dict[str, EnumMeta]:
    """The enums of the API."""
    return {name: value for name, value in namespace(kind).items() if isinstance(value, EnumMeta)}


def _call(name: str, function: Callable[..., Any]) -> Call:
    signature = inspect.signature(function)
    params = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    template = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    result = str(signature.return_annotation)
    waits = "Wait" in result or inspect.iscoroutinefunction(function)
    kind = {"None": "void", "bool": "bool"}.get(result, "uint32_t")
    if waits and name != "read_tile_value" and name != "get_tile_address":
        kind = "void"
    return Call(name, function, tuple(params), tuple(template), waits, _RETURNS.get(name, kind))
