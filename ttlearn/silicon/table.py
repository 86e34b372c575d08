"""The table: measured, modelled, error; as text, and as the page docs/silicon.md.

Errors are (modelled - measured) / measured. Left out: the picture (picture).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from .page import AFTER, BEFORE
from .programs import relu
from .rows import GROUPS, ROWS, Group, Measured

PAGE = Path(__file__).parent.parent.parent / "docs" / "silicon.md"
LESSON_ONE, LESSON_MANY = 37.5, 0.0  # % that depth 2 saves on silicon (EX/double_buffer, EX/dram_saturation)


@dataclass(frozen=True)
class Row:
    """One duration, measured and modelled, in ns (raw transfer cells: cycles)."""

    table: str
    name: str
    measured: float
    modelled: float

    @property
    def error(self) -> float:
        """In %: above 0 when the model is too slow."""
        return 100 * (self.modelled / self.measured - 1)

    def __str__(self) -> str:
        return f"{self.table:<3} {self.name:<26} {self.measured:>9,.0f} {self.modelled:>9,.0f} {self.error:>+7.1f} %"


@dataclass(frozen=True)
class Lesson:
    """What depth 2 saves of the time that depth 1 takes, in %, on one core and on 64."""

    one: float
    many: float


@dataclass(frozen=True)
class Table:
    """All rows. `print(table)` shows them; `worst()` and `middle()` sum them up."""

    rows: list[Row]
    lesson: Lesson

    @cached_property
    def counted(self) -> list[Row]:
        """The rows of tables A to H."""
        return [row for group in GROUPS if group.counted for row in self.of(group)]

    def of(self, group: Group | str) -> list[Row]:
        letter = group if isinstance(group, str) else group.letter
        return [row for row in self.rows if row.table == letter]

    def __repr__(self) -> str:
        lines = [f"{'':<30} {'measured':>9} {'modelled':>9} {'error':>9}   (ns; NL: cycles; model)"]
        for group in GROUPS:
            if rows := self.of(group):
                lines += ["", f"{group.letter}: {group.title} ({group.source})", *map(str, rows)]
        return "\n".join([*lines, "", *self.summary()])

    def summary(self) -> list[str]:
        """Medians and worst errors, table by table, then of A to H together, then the lessons."""
        groups = [(f"{group.letter:<4}", self.of(group)) for group in GROUPS]
        lines = [_sum(name, rows) for name, rows in [*groups, ("A-H ", self.counted)] if rows]
        return [
            *lines,
            f"Depth 2 saves {self.lesson.one:.1f} % on one core (silicon {LESSON_ONE} %) and {self.lesson.many:.1f} % on "
            f"64 cores (silicon {LESSON_MANY:.0f} %): relu, block 4.",
        ]


def middle(rows: Iterable[Row]) -> float:
    """Median of the errors' sizes, in %."""
    return median(abs(row.error) for row in rows)


def worst(rows: Iterable[Row]) -> float:
    """The largest error's size, in %."""
    return max(abs(row.error) for row in rows)


def _sum(name: str, rows: list[Row]) -> str:
    return f"{name} {len(rows):>3} rows, median error {middle(rows):>5.1f} %, worst {worst(rows):>5.1f} %"


def lesson() -> Lesson:
    """relu at block 4: 256 tiles on one core, 4096 on 64."""

    def saved(tiles: int, cores: int) -> float:
        single, double = (relu(tiles, 4, depth, cores).cycles for depth in (1, 2))
        return 100 * (1 - double / single)

    return Lesson(saved(256, 1), saved(4096, 64))


def table(rows: Iterable[Measured] = ROWS) -> Table:
    """Run every program: a few seconds."""
    return Table([Row(row.table, row.name, row.measured, row.model()) for row in rows], lesson())


def page(made: Table) -> str:
    """docs/silicon.md as text."""
    lines = [BEFORE, "## Medians\n\n```", *made.summary(), "```\n"]
    for group in GROUPS:
        lines += [f"## {group.letter}: {group.title}\n", f"Source: {group.source}.\n"]
        lines += ["| row | measured | modelled | error |", "|---|--:|--:|--:|"]
        lines += [f"| {r.name} | {r.measured:,.0f} | {r.modelled:,.0f} | {r.error:+.1f} % |" for r in made.of(group)]
        lines.append("")
    return "\n".join([*lines, AFTER])
