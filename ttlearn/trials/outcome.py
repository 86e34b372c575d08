"""What one run comes to, so that it can be compared with another: output, hang, violations.

Numbers in messages (addresses, pages, cycles) do not count as a difference. Left out: times, which always differ.
"""

from __future__ import annotations

import contextlib
import copy
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..debug.hang import diagnosis
from ..errors import DeviceHang, HostError
from ..host.descriptors import ProgramDescriptor
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import Tensor

Program = tuple[list[Tensor], ProgramDescriptor]
Make = Callable[[], Any] | tuple[Any, Any]  # gives (tensors, ProgramDescriptor), or is such a pair


class End(Enum):
    """How a run ends."""

    FINISHES = "finishes"
    HANGS = "hangs"
    REFUSED = "is refused"


@dataclass(frozen=True)
class Outcome:
    """How a run ended and what it left. `error`: the hang's or the refusal's words; `cycles` of the model."""

    end: End
    cycles: int = 0
    error: str = ""
    violations: tuple[str, ...] = ()
    bits: tuple[NDArray[Any], ...] = field(default=(), repr=False, compare=False)
    run: Run | None = field(default=None, repr=False, compare=False)

    def difference(self, other: Outcome) -> str:
        """What is different about `other`, in a sentence; empty if nothing is."""
        if self.end is not other.end:
            return f"it {other.end.value} where it {self.end.value} without a seed" + (
                f": {other.error}" * bool(other.error)
            )
        if self.end is End.REFUSED and _words(self.error) != _words(other.error):
            return f"it is refused for another reason: {other.error}"
        here, there = ({_words(text): text for text in o.violations} for o in (self, other))
        if set(here) != set(there):
            new = [text for words, text in there.items() if words not in here]
            return (
                f"another violation: {new[0]}" if new else f"a violation is gone: {next(iter(set(here) - set(there)))}"
            )
        if self.end is End.FINISHES:
            return _first_page(self.bits, other.bits)
        return ""


def _words(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _first_page(here: tuple[NDArray[Any], ...], there: tuple[NDArray[Any], ...]) -> str:
    for number, (a, b) in enumerate(zip(here, there, strict=True)):
        if not np.array_equal(a, b):
            pages = np.flatnonzero((a != b).any(axis=1))
            name = "the output" if number == len(here) - 1 else f"tensor {number}"
            return f"{len(pages)} of {len(a)} pages of {name} differ, the first is page {pages[0]}"
    return ""


def made(make: Make) -> Program:
    """A fresh (tensors, ProgramDescriptor): by the function, or as copies of the pair."""
    pair = make() if callable(make) else make
    fits = isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[1], ProgramDescriptor)
    if not fits or not isinstance(pair[0], (tuple, list)):
        raise HostError(
            f"give a pair (tensors, ProgramDescriptor), or a function that returns one, not {type(pair).__name__}; "
            "it is what generic_op takes"
        )
    tensors = [copy.copy(tensor) for tensor in pair[0]]
    for tensor in tensors:
        tensor.bits = tensor.bits.copy()
    return tensors, replace(pair[1], last_run=None)


def outcome(program: Program, seed: int | None = None, *, strict: bool = True, arch: str = "wormhole_b0") -> Outcome:
    """Run it, with nothing printed. Raises HostError if the program does not fit."""
    tensors, descriptor = program
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run = generic_op(tensors, descriptor, seed=seed, strict=strict, arch=arch, diagnose=False)
    except HostError:
        raise
    except DeviceHang as hang:
        return Outcome(End.HANGS, hang.run.cycles, _why(hang.run), tuple(hang.run.violations), run=hang.run)
    except Exception as error:  # a kernel's own, too: it may come with one timing only
        return Outcome(End.REFUSED, error=str(error) or type(error).__name__)
    return Outcome(End.FINISHES, run.cycles, "", tuple(run.violations), tuple(tensor.bits for tensor in tensors), run)


def _why(run: Run) -> str:
    return diagnosis.diagnose(run.device).sentence
