"""What stands in an engine queue, and the configuration it was issued under.

`Work` is a run of n like tiles from one source line, `Marker` an entry that moves no tile. Programs say what an
init has set up: how many halves of SrcA and SrcB an unpack gives and MATH takes, and the sum. Left out: who
issues (trisc), when it happens (engine).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .formats import Format
from .fpu import MathFidelity, ReduceDim
from .trace import Site

if TYPE_CHECKING:
    from .roles import Math
    from .trisc import Trisc


Tiles = NDArray[np.float32]


class Kind(Enum):
    """What an engine entry does."""

    UNPACK = "unpack"
    POP = "pop"
    ACQUIRE = "acquire"
    MATH = "math"
    SFPU = "sfpu"
    COMMIT = "commit"
    WAIT = "wait"
    PACK = "pack"
    RELEASE = "release"
    PUSH = "push"


@dataclass(frozen=True)
class UnpackProgram:
    """What one unpack call of this program gives: valid halves of SrcA and SrcB, read how."""

    name: str
    gives_a: int
    gives_b: int
    reads: int = 2  # operands read from L1
    only_b: bool = False  # the one operand read is SrcB's
    untilized: bool = False  # the tiles go into DST row by row
    transposed: bool = False  # SrcA's tiles come transposed
    whole: bool = False  # fp32 tiles that go to DST as they are, past SrcA (UnpackToDestFp32)


@dataclass(frozen=True)
class MathProgram:
    """What one run of this program takes, and computes: (a, b, risc, dst) -> (n, 1024), or a fold into one tile."""

    name: str
    takes_a: int
    takes_b: int
    cycles: Callable[[MathFidelity, Any], int]
    apply: Callable[[Tiles, Tiles, Math, Tiles | None], Tiles]
    fold: Callable[[Tiles | None, Tiles, Tiles, Math], Tiles] | None = None  # many tiles into one DST tile
    adds: bool = False  # adds to what DST holds


class UnpackConf(NamedTuple):
    """UNPACK's fields. A format of None: never configured."""

    format_a: Format | None = None
    format_b: Format | None = None
    program: UnpackProgram | None = None
    rows: bool = False  # the source is row-major, `block` tiles wide
    block: int = 1


class MathConf(NamedTuple):
    """MATH's fields."""

    synced: bool = False  # the DST semaphore was set up
    program: MathProgram | None = None


class PackConf(NamedTuple):
    """PACK's fields. `mask` is what reduce leaves on the packer; `block`/`full` belong to pack_untilize.

    `relu`: negative values become 0 on their way. `l1_acc`: packing adds to what L1 holds.
    """

    format: Format | None = None
    mask: ReduceDim | None = None
    untilize: bool = False
    block: int = 1
    full: int = 1
    relu: bool = False
    l1_acc: bool = False


class Combine(NamedTuple):
    """An SFPU function of several DST tiles: (x, y, ..., fp32_dest) -> the tile it writes."""

    function: Callable[..., Tiles]
    sources: tuple[int, ...]  # DST tiles that it reads


class Shape(NamedTuple):
    """How often a call runs the configured program, and which Src halves it moves besides."""

    runs: int = 1
    a: int = 0
    b: int = 0

    def of(self, per_run: tuple[int, int]) -> tuple[int, int]:
        return self.runs * per_run[0] + self.a, self.runs * per_run[1] + self.b


ONCE = Shape()
BOTH = (ONCE, ONCE)  # at LoFi, and at the higher fidelities


class Marker:
    """An engine entry that moves no tile: acquire, commit, wait, release, push, pop."""

    __slots__ = ("conf", "detail", "kind", "order", "risc", "site", "stamp", "time")
    n, step, per = 1, 0, 0

    def __init__(self, kind: Kind, risc: Trisc, conf: Any, detail: Any, site: Site) -> None:
        self.kind, self.risc, self.conf, self.detail, self.site = kind, risc, conf, detail, site
        self.stamp, self.order = risc.t, risc.order
        self.time: int | None = None  # when it took effect

    def stamp_of(self, k: int) -> int:
        return self.stamp

    def times(self) -> list[tuple[int, int]]:
        return [] if self.time is None else [(self.time, self.time)]

    def describe(self, k: int) -> tuple[Any, ...]:
        return (self.detail[0].cb.index, *self.detail[2:]) if self.detail is not None else ()


class Work:
    """A run of n like tiles that one source line put into an engine queue."""

    __slots__ = (
        *("kind", "risc", "conf", "detail", "site", "code", "lasti"),  # what, whose, and from which line
        *("n", "stamp", "step", "order", "halves"),
        *("per", "period", "opens", "closes"),
        *("a", "da", "b", "db", "dst", "ddst"),
        *("starts", "ends", "loaded"),
    )

    def __init__(self, kind: Kind, risc: Trisc, conf: Any, detail: Any, site: Site) -> None:
        self.kind, self.risc, self.conf, self.detail, self.site = kind, risc, conf, detail, site
        self.code, self.lasti = site.code, site.lasti
        self.n, self.stamp, self.step, self.order = 1, risc.t, risc.cost, risc.order
        self.per = 0  # tiles a DST section, when the run takes its sections itself; 0: others open them
        self.period = self.step  # cycles from one section's first tile to the next one's
        self.opens: Marker | None = None  # how sections were opened and closed, if by calls of their own
        self.closes: Marker | None = None
        self.halves = (0, 0)  # Src halves that each tile gives (UNPACK) or takes (MATH)
        self.a = self.da = self.b = self.db = 0  # L1 addresses of the operands, or of the packed page
        self.dst = self.ddst = 0
        self.starts, self.ends = array("q"), array("q")  # of each tile so far; lists take five times the memory
        self.loaded: Any = None

    def stamp_of(self, k: int) -> int:
        """When tile k was issued."""
        if self.per:
            section, tile = divmod(k, self.per)
            return self.stamp + section * self.period + tile * self.step
        return self.stamp + k * self.step

    def leads_to(self, other: Work) -> bool:
        """Is `other` what this run would be with more tiles?"""
        n, step = self.n, (self.da, self.db)
        alike = other.conf is self.conf and other.site == self.site and other.order is self.order
        same = alike and other.halves == self.halves and (other.da, other.db) == step
        places = (self.a + n * self.da, self.b + n * self.db, self.stamp + n * self.step)
        return same and (other.a, other.b, other.stamp) == places

    def opened(self, k: int) -> int:
        """When the section of tile k was asked for."""
        return self.stamp_of(k) if self.opens is None else self.opens.stamp + k // self.per * self.period

    def closed(self, k: int) -> int:
        """When the section of tile k was closed."""
        return 0 if self.closes is None else self.closes.stamp + k // self.per * self.period

    def target(self, k: int) -> int:
        """The DST tile of tile k."""
        return self.dst + (k % self.per if self.per else k) * self.ddst

    def times(self) -> list[tuple[int, int]]:
        return list(zip(self.starts, self.ends, strict=True))

    def describe(self, k: int) -> tuple[Any, ...]:
        if self.kind is Kind.UNPACK:
            return (self.detail, self.a + k * self.da, self.b + k * self.db)
        if self.kind is Kind.PACK:
            return (self.detail, self.target(k), self.a + k * self.da)
        return (self.detail if isinstance(self.detail, str) else self.kind.value, self.target(k))
