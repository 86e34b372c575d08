"""`tt.shrink`: the smallest sizes at which a program still hangs, for the same cause.

Left out: minima that no single step, and no step of several parameters at once, leads to.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ..debug.hang import diagnosis
from ..debug.hang.causes import Cause
from ..errors import DeviceHang, HostError, TTError
from ..host.program import generic_op
from .outcome import made

MOST = 1000  # runs
Indices = tuple[int, ...]


@dataclass(frozen=True)
class Shrunk:
    """The smallest `values` that still hang, their `hang` with its diagnosis and run, and how many `runs` it took."""

    values: Mapping[str, int]
    cause: Cause
    hang: DeviceHang
    runs: int

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"The smallest that still hangs: {values} ({self.runs} runs). {self.hang}"


def shrink(factory: Callable[..., Any], **parameters: Iterable[int]) -> Shrunk:
    """The smallest values of `parameters` at which the program of `factory(**values)` hangs, for the same cause.

    `factory` returns (tensors, ProgramDescriptor). Each parameter is given by the values it may have, as a range or a
    list; it starts at the largest of each. Values for which the program does not fit, or is refused, do not hang.
    Each parameter is made as small as it can be while the others stay, again and again; then every neighbour, with
    several parameters one step smaller or larger, is tried. At most 1000 runs.
    Raises HostError if nothing hangs within those runs, or a parameter has no values.

        small = tt.shrink(program, Wt=range(1, 9), Ht=range(1, 5), depth=[1, 2, 4])
        print(small.values, small.hang)
    """
    return _Search(factory, {name: sorted(set(values)) for name, values in parameters.items()}).shrunk()


@dataclass
class _Search:
    """The causes seen so far, by the indices of the values."""

    factory: Callable[..., Any]
    values: dict[str, list[int]]
    seen: dict[Indices, Cause | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            if not values or not all(isinstance(value, int) for value in values):
                raise HostError(f"shrink({name}=...): give the whole numbers that it may have, as in range(1, 9)")
        if not self.values:
            raise HostError("shrink(factory): name what may become smaller, as in shrink(factory, Wt=range(1, 9))")

    def at(self, indices: Indices) -> dict[str, int]:
        return {name: values[k] for (name, values), k in zip(self.values.items(), indices, strict=True)}

    def cause(self, indices: Indices) -> Cause | None:
        """Why it hangs there; None if it does not, or if too many runs were made."""
        if indices not in self.seen and len(self.seen) < MOST:
            hang = _hang(self.factory, self.at(indices), diagnose=False)
            self.seen[indices] = diagnosis.diagnose(hang.run.device).cause if hang is not None else None
        return self.seen.get(indices)

    def shrunk(self) -> Shrunk:
        here = self._start()
        cause = self.seen[here]
        assert cause is not None
        smaller: Indices | None = here
        while smaller is not None:
            here = self._descended(smaller, cause)
            smaller = next((there for there in self._neighbours(here) if self.cause(there) is cause), None)
        hang = _hang(self.factory, self.at(here), diagnose=True)
        assert hang is not None
        return Shrunk(self.at(here), cause, hang, len(self.seen) + 1)

    def _start(self) -> Indices:
        """The largest values that hang."""
        down = product(*(range(len(values) - 1, -1, -1) for values in self.values.values()))
        for indices in down:
            if self.cause(indices) is not None:
                return indices
            if len(self.seen) >= MOST:
                break
        raise HostError(f"shrink: none of {len(self.seen)} programs hangs; give values at which it does")

    def _descended(self, here: Indices, cause: Cause) -> Indices:
        """Each parameter as small as it can be, until none can be smaller."""
        moved = True
        while moved:
            moved = False
            for axis in range(len(here)):
                lower = ((*here[:axis], k, *here[axis + 1 :]) for k in range(here[axis]))
                there = next((indices for indices in lower if self.cause(indices) is cause), None)
                if there is not None:
                    here, moved = there, True
        return here

    def _neighbours(self, here: Indices) -> Iterator[Indices]:
        """One step smaller or larger in each parameter, smaller in all."""
        for steps in product((-1, 0, 1), repeat=len(here)):
            there = tuple(k + step for k, step in zip(here, steps, strict=True))
            inside = all(0 <= k < len(v) for k, v in zip(there, self.values.values(), strict=True))
            if inside and sum(steps) < 0:
                yield there


def _hang(factory: Callable[..., Any], values: dict[str, int], diagnose: bool) -> DeviceHang | None:
    try:
        tensors, program = made(factory(**values))
        with contextlib.redirect_stdout(io.StringIO()):
            generic_op(tensors, program, diagnose=diagnose)
    except DeviceHang as hang:
        return hang
    except TTError:
        return None
    return None
