"""What a look at a program before its run may find: how sure it is, in one sentence, with lines and CB.

An ERROR makes the run fail, hang or break a rule; a HINT is legal and rarely meant. Left out: finding them (`check`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..cells.table import Table


class Severity(Enum):
    """How sure it is."""

    ERROR = "error"
    HINT = "hint"


class Kind(Enum):
    """What is wrong."""

    DOES_NOT_FIT = "the program cannot be put on the device"
    REFUSED = "a call that cannot be served"
    HANGS = "the program hangs"
    POPPED_MORE = "more pages are popped than are pushed"
    LEFT_OVER = "pages are left over where somebody pops"
    UNUSED_CB = "a CB that no kernel uses"
    UNDESCRIBED_SEMAPHORE = "a semaphore that the program does not describe"
    SECTIONS = "tile_regs calls do not match"
    PROGRAMMED = "the engine does other than a call says"
    START_UP = "the engine is started up late, or more than once"


HINTS = (Kind.LEFT_OVER, Kind.UNUSED_CB, Kind.SECTIONS, Kind.PROGRAMMED, Kind.START_UP)


@dataclass(frozen=True)
class Finding:
    """One thing found. `lines`: places with their text; `cb`: "c_0"; `cores`: all on which it is so."""

    kind: Kind
    sentence: str
    lines: tuple[str, ...] = ()
    cb: str | None = None
    cores: tuple[tuple[int, int], ...] = ()

    @property
    def severity(self) -> Severity:
        """Legal and rarely meant, or wrong."""
        return Severity.HINT if self.kind in HINTS else Severity.ERROR

    def __str__(self) -> str:
        others = len(self.cores) - 1
        more = f" (and {others} more core{'s' * (others > 1)} like it)" if others > 0 else ""
        places = "".join(f"\n    {line}" for line in self.lines if line not in self.sentence)
        return f"{self.severity.value}: {self.sentence}{more}{places}"


class Findings(list[Finding]):
    """A list of findings that prints one after the other. Empty: nothing was found, which proves nothing.

    `undecided` names the RISCs that could not be followed to their end, since they decide by data; that is no finding.
    """

    def __init__(self, found: Iterable[Finding] = (), undecided: Iterable[str] = ()) -> None:
        super().__init__(found)
        self.undecided = tuple(undecided)

    def _repr_html_(self) -> str:
        rows = [[f.severity.value, str(f).partition(": ")[2]] for f in self]
        head = ["how sure", "what was found"]
        return Table(f"{len(self)} found" if self else "nothing found", head, rows, self.undecided).html()

    def __repr__(self) -> str:
        return "\n".join([*(map(str, self) if self else ["nothing found"]), *self.undecided])
