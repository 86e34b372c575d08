"""What `depths` found, as a table for a terminal or a notebook, and as a picture.

All cycles are the model's. Left out: finding it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..cells.table import Table
from .search import SHARE

_HEAD = ("CB", "page (B)", "step", "given", "finishes from", "95 % from", "best cycles", "together", "together 95 %")


@dataclass(frozen=True)
class Row:
    """One CB with the others as given. Depths in pages; None: at no depth. `curve`: (depth, cycles or None if it hangs)."""

    label: str
    given: int
    page_size: int
    step: int
    smallest: int | None
    fast: int | None
    best: int | None
    curve: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True)
class Joint:
    """All depths together, in pages, and the modelled cycles with them."""

    depths: Mapping[str, int]
    cycles: int


@dataclass(frozen=True, repr=False)
class Depths:
    """A row a CB; `together` and `fast_together` for all at once; `given` and `best` cycles; how many `runs` it took."""

    rows: tuple[Row, ...]
    together: Joint | None
    fast_together: Joint | None
    given: int | None
    best: int | None
    runs: int

    def __getitem__(self, label: str | int) -> Row:
        """The row of "c_0", or of 0."""
        name = f"c_{label}" if isinstance(label, int) else label
        return next(row for row in self.rows if name in (row.label, *row.label.split("/")))

    def __repr__(self) -> str:
        table = [_HEAD, *self._cells()]
        widths = [max(len(row[k]) for row in table) for k in range(len(_HEAD))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *self._notes()])

    def _repr_html_(self) -> str:
        return Table("Depths of the circular buffers", _HEAD, list(self._cells()), self._notes()).html()

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            joint = [_shown(None if j is None else j.depths[row.label]) for j in (self.together, self.fast_together)]
            numbers = (row.page_size, row.step, row.given, row.smallest, row.fast, row.best)
            yield (row.label, *map(_shown, numbers), *joint)

    def _notes(self) -> list[str]:
        cycles = [("as given", self.given), ("at its best", self.best)]
        for name, joint in (("together", self.together), ("together 95 %", self.fast_together)):
            cycles.append((name, None if joint is None else joint.cycles))
        said = ", ".join(f"{name} {'does not finish' if n is None else f'{n:,}'}" for name, n in cycles)
        return [f"depths in pages; {self.runs} runs", f"cycles (model): {said}"]

    def picture(self) -> Any:
        """A matplotlib Figure: modelled cycles against depth, a panel a CB, with the line of 95 % of the best speed."""
        from .depth_picture import picture

        return picture(self)


def line_of(row: Row) -> float | None:
    """Cycles at 95 % of the best speed."""
    return None if row.best is None else row.best / SHARE


def _shown(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"
