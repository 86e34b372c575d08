"""One question of the study: a grid of errors, printed with a mark at those outside the vendor's bounds.

Left out: how the errors are measured (methods) and what is asked (cases).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from textwrap import fill

from ..layernorm.golden import Error

WIDTH, PAGE = 14, 100  # characters of a column, and of a line


class Measure(Enum):
    """The figure of an error that a section shows. The value: its name in words."""

    FROBENIUS = "relative Frobenius error"
    MAX_ABS = "largest absolute error"

    def of(self, error: Error) -> float:
        return error.frobenius if self is Measure.FROBENIUS else error.max_abs


@dataclass(frozen=True)
class Section:
    """`errors[i][j]` is that of row i under column j. Columns are named in two words, one above the other."""

    title: str
    measure: Measure
    rows_are: str
    rows: tuple[float | str, ...]
    columns: tuple[tuple[str, str], ...]
    errors: tuple[tuple[Error, ...], ...]
    lesson: str

    def column(self, name: tuple[str, str]) -> list[Error]:
        """A column's errors, row by row."""
        place = self.columns.index(name)
        return [row[place] for row in self.errors]

    def __repr__(self) -> str:
        heads = [f"{'':>10}" + "".join(f"{part[k]:>{WIDTH}}" for part in self.columns) for k in (0, 1)]
        heads[1] = f"{self.rows_are:>10}" + heads[1][10:]
        body = [
            f"{row if isinstance(row, str) else f'{row:g}':>10}" + "".join(self._cell(error) for error in errors)
            for row, errors in zip(self.rows, self.errors, strict=True)
        ]
        return "\n".join([f"{self.title} ({self.measure.value})", *heads, *body, fill(self.lesson, PAGE)])

    def _cell(self, error: Error) -> str:
        value = self.measure.of(error)
        text = f"{value:.4f}" if value < 100 else f"{value:.0f}"
        return f"{text + (' ' if error.within else '!'):>{WIDTH}}"


def grid(
    title: str,
    measure: Measure,
    rows_are: str,
    rows: Sequence[float | str],
    columns: Sequence[tuple[str, str]],
    error: Callable[[int, int], Error],
    lesson: str,
) -> Section:
    """A section of error(i, j) for each row and column."""
    errors = tuple(tuple(error(i, j) for j in range(len(columns))) for i in range(len(rows)))
    return Section(title, measure, rows_are, tuple(rows), tuple(columns), errors, lesson)
