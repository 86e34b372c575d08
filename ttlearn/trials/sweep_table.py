"""What `sweep` found: a row a run, as a structured array, a table for a terminal or a notebook, and pictures.

All cycles are the model's. Left out: running anything.
"""

from __future__ import annotations

import html
import importlib
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HostError

NUMBERS = ("cycles", "ns", "dram_bytes", "cb_bytes")
GIVEN = (*NUMBERS, "bottleneck", "end", "why")  # the columns that every sweep has, beside its axes
WIDTH = 100  # columns of the text
_LESS = ("ns", "cb_bytes", "dram_bytes", "bottleneck")  # left out of the text, in this order, where it gets too wide
_END = 15  # columns of the last cell, how the run ended: "is refused [12]"
_CELL = 24  # columns of a word at most
_MOST = 60  # rows of the text


@dataclass(frozen=True)
class Row:
    """One run in plain numbers and words, which travel between processes. nan: there is no such number.

    `end` and `why`: how it ended, and the reason if it did not finish. `cb_bytes`: L1 taken by the CBs of the fullest core.
    """

    end: str
    why: str = ""
    cycles: float = math.nan
    ns: float = math.nan
    dram_bytes: float = math.nan
    cb_bytes: float = math.nan
    bottleneck: str = ""
    own: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, repr=False, eq=False)
class Sweep:
    """A row a run, in the order of the product of `axes` (the last is the fastest).

    `array` is a structured array: the axes, `cycles`, `ns`, `dram_bytes`, `cb_bytes`, `bottleneck`, own figures, `end`
    ("finishes", "hangs", "is refused") and `why`. A number that a run does not have is nan.
    """

    axes: Mapping[str, tuple[Any, ...]]
    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def __repr__(self) -> str:
        names, hidden = self._fitting()
        table = [[*names, "end"], *(self._cells(row, names) for row in self.array[:_MOST])]
        widths = [max(len(line[k]) for line in table) for k in range(len(names))]
        lines = [_line(line, widths) for line in table]
        notes = [part for note in self._notes(hidden) for part in textwrap.wrap(note, WIDTH, subsequent_indent="    ")]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], *notes])

    def _repr_html_(self) -> str:
        names = self._names()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in (*names, "end"))
        cells = (map(html.escape, self._cells(row, names)) for row in self.array[:_MOST])
        rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in cells)
        notes = "<br>".join(map(html.escape, self._notes([])))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{notes}</p>"

    def _names(self) -> list[str]:
        """The columns but the last two, which are told in one cell."""
        return [name for name in self.array.dtype.names or () if name not in ("end", "why")]

    def _fitting(self) -> tuple[list[str], list[str]]:
        """(the columns that the text has room for, those left out)."""
        names, hidden = self._names(), list[str]()
        cells = [names, *(self._cells(row, names) for row in self.array[:_MOST])]
        wide = {name: 2 + max(len(line[k]) for line in cells) for k, name in enumerate(names)}
        for name in _LESS:
            if sum(wide[shown] for shown in names if shown not in hidden) + _END > WIDTH:
                hidden.append(name)
        return [name for name in names if name not in hidden], hidden

    def _cells(self, row: Any, names: Iterable[str]) -> list[str]:
        why = f" [{list(self._reasons).index(_words(row['why'])) + 1}]" if row["why"] else ""
        return [*(told(name, row[name], name in self.axes) for name in names), row["end"] + why]

    @cached_property
    def _reasons(self) -> dict[str, str]:
        """Why runs did not finish, the first of those that differ in numbers only."""
        reasons: dict[str, str] = {}
        for why in self.array["why"]:
            if why:
                reasons.setdefault(_words(why), str(why))
        return reasons

    def _notes(self, hidden: Sequence[str]) -> list[str]:
        more = len(self.array) - _MOST
        cut = [f"... and {more} more rows, in .array"] if more > 0 else []
        unshown = f"; not shown, but in .array: {', '.join(hidden)}" if hidden else ""
        reasons = [f"[{number}] {why}" for number, why in enumerate(self._reasons.values(), 1)]
        runs = f"{len(self.array)} run{'s' * (len(self.array) != 1)}"
        return [*cut, *reasons, f"{runs}; cycles and ns are the model's{unshown}"]

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame. Raises HostError if pandas is not installed."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError:
            raise HostError("to_pandas() needs pandas, which is not installed: pip install pandas") from None
        return pandas.DataFrame({name: self.array[name] for name in self.array.dtype.names or ()})

    def picture(self, *axes: str, value: str = "cycles") -> Any:
        """A matplotlib Figure of one column of numbers: over one axis as lines, over two as heat maps.

        The first of `axes` goes across, the second up; without any, the last one or two of the sweep. The axes that are
        not named make panels, one for each of their values together. Hatched (a cross on a line): it has no number.
        Raises HostError for a name that the sweep does not have.

            found.picture("W", "depth", value="ns")
        """
        from .sweep_picture import picture

        return picture(self, axes or tuple(reversed(list(self.axes)[-2:])), value)


def table(axes: Mapping[str, tuple[Any, ...]], settings: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> Sweep:
    """The runs' rows, each beside its settings."""
    columns = {name: column([setting[name] for setting in settings]) for name in axes}
    columns |= {name: np.array([getattr(row, name) for row in rows], np.float64) for name in NUMBERS}
    columns["bottleneck"] = column([row.bottleneck for row in rows])
    for name in dict.fromkeys(name for row in rows for name in row.own):
        words = any(isinstance(row.own.get(name), str) for row in rows)
        columns[name] = column([row.own.get(name, "" if words else math.nan) for row in rows])
    columns |= {name: column([getattr(row, name) for row in rows]) for name in ("end", "why")}
    array = np.empty(len(rows), [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        array[name] = values
    return Sweep(axes, array)


def column(values: Sequence[Any]) -> NDArray[Any]:
    """An array of the values' own type if they share one, else of objects."""
    kinds = {type(value) for value in values}
    if kinds in ({bool}, {int}, {str}) or kinds <= {int, float}:
        return np.array(values)
    return np.fromiter(values, object, len(values))


def told(name: str, value: Any, axis: bool = False) -> str:
    """A cell in words: whole numbers in thousands, own figures with four digits, "-" where there is no number."""
    if axis or not isinstance(value, float):
        return _cut(setting(value), _CELL)
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if name in NUMBERS else f"{value:.4g}"


def setting(value: Any) -> str:
    """A value of an axis as a learner would name it."""
    if isinstance(value, Enum):
        return value.name.lower()
    return str(getattr(value, "__name__", value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    numbers = [cell.rjust(width) for cell, width in zip(cells[:-1], widths, strict=True)]
    return _cut("  ".join([*numbers, cells[-1]]), WIDTH)


def _words(text: str) -> str:
    return re.sub(r"\d[\d,]*", "#", text)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
