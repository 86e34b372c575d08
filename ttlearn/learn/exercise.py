"""What an exercise is: functions for the learner to write, cases to try them on, and what a right answer must cost.

Frozen facts only. Left out: running the cases (`check`), and the exercises themselves (`course/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from numpy.typing import ArrayLike

from ..host.descriptors import ProgramDescriptor
from ..host.tensor import Tensor

Functions = Mapping[str, Callable[..., Any]]

EXACT = (0.0, 0.0)
BF16 = (1e-2, 5e-2)  # rtol, atol of the vendor's layernorm tests in bf16


class Kind(Enum):
    """What the learner does."""

    WRITE = "write"
    FIX = "fix"
    FASTER = "faster"  # or with fewer transactions, or so that it fits L1


@dataclass(frozen=True)
class Trial:
    """One program to run. `expected` is the right output, and `bounds` how near to it is right: (rtol, atol)."""

    tensors: list[Tensor]
    program: ProgramDescriptor
    expected: ArrayLike
    bounds: tuple[float, float] = EXACT


@dataclass(frozen=True)
class Value:
    """What a plain function of the learner's returned, and what it should."""

    got: Any
    expected: Any


@dataclass(frozen=True, eq=False)
class Case:
    """`make` puts the learner's functions into a program, or calls one. `name` says in words what is special here."""

    name: str
    make: Callable[[Functions], Trial | Value]
    seed: int | None = None
    arch: str = "wormhole_b0"


@dataclass(frozen=True, eq=False)  # itself a key: its reference is run once
class Exercise:
    """One exercise. `id` is notebook and number ("01.2").

    `reference` holds the right functions by name; what the learner hands in has the same names. `given` is what the
    notebook shows before anything was done, if it is more than blanks: handed back unchanged it is "not attempted".
    `shown`: how many statements stand around the blank of a function (no number: none); no more than these and it is
    "not attempted", more and a `...` left behind does not matter.
    `cases` go from small to large. `work`: counters of a Run that must reach the reference's, so that the chip and not
    numpy does it. `goals`: a cost, and how many times the reference's it may be. `equivalent`: mutants of the reference
    that are right, too, with the reason.
    """

    id: str
    title: str
    kind: Kind
    reference: Functions
    cases: tuple[Case, ...]
    tips: tuple[str, str]
    given: Functions = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)
    work: tuple[str, ...] = ("dram_read_bytes", "dram_write_bytes", "tiles_unpacked", "math_ops", "tiles_packed")
    goals: Mapping[str, float] = field(default_factory=dict)
    equivalent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """What a run costs: bytes to and from DRAM, NOC transactions, bytes of L1 for CBs (of one core), modelled cycles."""

    dram_bytes: int
    noc_transactions: int
    l1_bytes: int
    cycles: int
