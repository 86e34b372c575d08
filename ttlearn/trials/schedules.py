"""`tt.explore`: does a program do the same whenever its calls take other, equally legal times?

Left out: proof. Two hundred timings are two hundred timings; what they do not show may still be there.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..cells.table import Table
from ..errors import HostError
from .outcome import End, Make, Outcome, Program, made, outcome


@dataclass(frozen=True)
class Exploration:
    """What `explore` found. `seed`: the first at which something differs, or None; `what`: how it differs.

    `tried`: how many seeds ran; `cycles`: the shortest and the longest modelled run of all, in clock cycles.
    """

    tried: int
    seed: int | None
    what: str
    plain: Outcome
    other: Outcome | None
    cycles: tuple[int, int]
    options: str = field(default="", repr=False)

    @property
    def same(self) -> bool:
        """Did every timing do what the plain run did?"""
        return self.seed is None

    def _repr_html_(self) -> str:
        return Table(repr(self)).html()

    def __repr__(self) -> str:
        spread = f"{self.cycles[0]:,} to {self.cycles[1]:,} cycles (model)"
        if self.seed is None:
            violations = f" with {len(self.plain.violations)} violations" if self.plain.violations else ""
            output = ", with the same output" if self.plain.end is End.FINISHES else ""
            return f"{self.tried} timings, {spread}: it {self.plain.end.value}{violations} each time{output}"
        return (
            f"seed {self.seed} differs (timing {self.tried} of those tried, {spread}): {self.what}\n"
            f"replay it: tt.generic_op(*make(), seed={self.seed}{self.options})"
        )


def explore(
    make: Make, seeds: int | Iterable[int] = 200, *, strict: bool = True, arch: str = "wormhole_b0"
) -> Exploration:
    """Run a program under many legal timings; report the first at which output, hang or violations differ.

    `make` returns (tensors, ProgramDescriptor), the same each time; or it is such a pair, of which copies are run.
    `seeds`: how many, from 0 on, or which. One seed decides everything: a transfer takes 0 to 199 cycles more, a wait
    call 0 to 49, a kernel starts 0 to 199 cycles later; the costs of calls, of issuing and of the engine are each up to
    a quarter smaller or larger for the whole run; events of the same cycle come in any order. Everything is compared
    with the run without a seed: violations by their words, output bit by bit.
    Raises HostError if `make` gives no program, other data each time, or one that does not fit the chip.

        found = tt.explore(make)
        print(found)
        if not found.same: tt.generic_op(*make(), seed=found.seed)
    """
    first = made(make)
    inputs = [tensor.bits.copy() for tensor in first[0][:-1]]
    plain = outcome(first, strict=strict, arch=arch)
    cycles, tried = [plain.cycles], 0
    base = replace(plain, run=None)
    for seed in _shown(range(seeds) if isinstance(seeds, int) else list(seeds)):
        program = made(make)
        _check_same(inputs, program)
        other, tried = outcome(program, seed, strict=strict, arch=arch), tried + 1
        cycles.append(other.cycles)
        what = plain.difference(other)
        if what:
            return Exploration(tried, seed, what, base, other, _spread(cycles), _options(strict, arch))
    return Exploration(tried, None, "", base, None, _spread(cycles))


def _check_same(inputs: list[Any], program: Program) -> None:
    fresh = [tensor.bits for tensor in program[0][:-1]]
    if len(fresh) != len(inputs) or not all(map(np.array_equal, inputs, fresh)):
        raise HostError(
            "make() gives other tensors each time, so outputs cannot be compared; draw their data once, or seed it"
        )


def _spread(cycles: list[int]) -> tuple[int, int]:
    """Of the runs that have a time: a refused one has none."""
    ran = [n for n in cycles if n] or [0]
    return min(ran), max(ran)


def _options(strict: bool, arch: str) -> str:
    return ("" if strict else ", strict=False") + ("" if arch == "wormhole_b0" else f", arch={arch!r}")


def _shown(seeds: Any) -> Any:
    """With a progress bar, if there is one and somebody looks."""
    if not sys.stderr.isatty():
        return seeds
    try:
        return importlib.import_module("tqdm").tqdm(seeds, desc="explore", unit="run", leave=False)
    except ImportError:
        return seeds
