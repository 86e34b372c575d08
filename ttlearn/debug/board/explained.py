"""What is said of a pasted dump: data for programs, text of 100 columns for people.

Equal cores are told once. Left out: finding it out (`explain`).
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from ..hang.diagnosis import Diagnosis
from .dump import Seen
from .waypoints import words

WIDTH = 100
SHOWN = 4  # lines of each kind


@dataclass(frozen=True)
class RiscSays:
    """One RISC. `lines` leave its waypoint; at `silent` it may wait without one; `here` the agreeing simulated one is."""

    risc: str
    waypoint: str
    words: str
    known: bool
    kernel: str = ""  # its file, as the dump names it
    lines: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    here: tuple[str, ...] = ()

    def __str__(self) -> str:
        passed = "past" if self.waypoint.endswith("D") else "perhaps at"
        where = [*_few(passed, self.lines), *_few("may wait at", self.silent)]
        where = [f"here: {text}" for text in self.here] or where
        kernel = f"({self.kernel}) " if self.kernel else ""
        first = _fit(f"{self.risc:<7}{self.waypoint:<5}{kernel}{self.words}", 2, 14)
        return "\n".join([first, *(_fit(text, 14) for text in where)])


@dataclass(frozen=True)
class CoreSays:
    """One core. `differences` from the simulated core; None: there is none to compare with."""

    seen: Seen
    riscs: tuple[RiscSays, ...]
    counters: tuple[str, ...]
    hints: tuple[str, ...]
    differences: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """All that is said of it, without its name."""
        parts = [str(risc) for risc in self.riscs if risc.waypoint != "W" or not risc.known]
        quiet = [risc.risc for risc in self.riscs if risc.waypoint == "W"]
        parts += [_fit(f"{', '.join(quiet)}: W, {words('W')}", 2)] if quiet else []
        parts += [_fit(text, 2, 4) for text in (*self.counters, *self.hints)]
        return "\n".join(parts + [_fit(f"not as here: {text}", 2, 4) for text in self.differences or ()])


@dataclass(frozen=True)
class Explanation:
    """What a dump says. `agrees`: whether the run ends as the board did (None: nothing to compare with).

    `diagnosis` is that of the agreeing hang, `idle` the number of cores with nothing to do.
    """

    cores: tuple[CoreSays, ...]
    idle: int
    verdict: str
    agrees: bool | None = None
    diagnosis: Diagnosis | None = field(default=None, repr=False, compare=False)

    @property
    def cause(self) -> str:
        """The root cause in one sentence; empty without an agreeing hang."""
        return "" if self.diagnosis is None else self.diagnosis.sentence

    def core(self, xy: tuple[int, int]) -> CoreSays:
        return next(core for core in self.cores if core.seen.core == xy)

    def __repr__(self) -> str:
        parts = [_fit(self.verdict)] + ([_fit(f"Cause: {self.cause}.")] if self.cause else [])
        folded: dict[str, list[str]] = {}
        for core in self.cores:
            folded.setdefault(core.text, []).append(core.seen.place)
        for text, places in folded.items():
            parts += [_fit(f"Core{'s' * (len(places) > 1)} {', '.join(places)}:"), text]
        return "\n".join(parts + ([f"{self.idle} more with nothing to do."] if self.idle else []))


def _few(word: str, lines: tuple[str, ...]) -> list[str]:
    more = len(lines) - SHOWN
    return [f"{word} {text}" for text in lines[:SHOWN]] + ([f"{word} one of {more} lines more"] if more > 0 else [])


def _fit(text: str, indent: int = 0, more: int | None = None) -> str:
    following = " " * (indent if more is None else more)
    return textwrap.fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=following, break_on_hyphens=False)
