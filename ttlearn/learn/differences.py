"""Where a result first differs from the right one, in words and as a small picture of the tile around it.

Left out: how large an error is in units of the format; `layernorm.golden` tells that.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIDE = 32
CELL = 9  # pixels


def entry(got: Any, expected: Any) -> str:
    """Of two tables with a CB's number as key, the first CB that is not right; empty if they are no such tables.

    Only what was handed in is shown: the right number is what the learner looks for.
    """
    if not all(isinstance(table, dict) and all(isinstance(key, int) for key in table) for table in (got, expected)):
        return ""
    if more := [key for key in got if key not in expected]:
        return f"c_{more[0]} should not be there: the program has {', '.join(f'c_{key}' for key in expected)}."
    for key, right in expected.items():
        if key not in got:
            return f"c_{key} is missing."
        if got[key] != right:
            return f"c_{key} is not right: it gives {got[key]!r}{_no_tuple(got[key], right)}."
    return ""


def _no_tuple(got: Any, right: Any) -> str:
    same = isinstance(right, tuple) and isinstance(got, list) and tuple(got) == right
    return "; write it as a tuple, with ( )" if same else ""


@dataclass(frozen=True)
class Difference:
    """The first wrong element, row by row, and which elements of its 32 x 32 block are wrong (`wrong`, bool)."""

    place: tuple[int, ...]
    got: float
    expected: float
    count: int
    total: int
    wrong: NDArray[np.bool_]
    row_of: int | None = None  # the whole wrong row is what belongs into this row

    def __str__(self) -> str:
        row, column = self.place[-2:] if len(self.place) > 1 else (0, *self.place)
        got = "poison, or NaN: nothing was written there" if np.isnan(self.got) else f"{self.got:g}"
        return (
            f"{self.count:,} of {self.total:,} elements are wrong; the first, row {row}, column {column}, "
            f"should be {self.expected:g} and is {got}"
            + (f"; all of that row is what belongs into row {self.row_of}" if self.row_of is not None else "")
        )

    def _repr_html_(self) -> str:
        """The 32 x 32 block with the first wrong element; a cross marks each wrong one."""
        rows, columns = self.wrong.shape
        height, width = rows * CELL, columns * CELL
        marks = "".join(
            f'<path d="M{x * CELL + 2} {y * CELL + 2}l5 5m0-5l-5 5" stroke="#D55E00" stroke-width="2"/>'
            for y, x in np.argwhere(self.wrong).tolist()
        )
        lines = "".join(
            f'<path d="M{i * CELL} 0V{height}M0 {i * CELL}H{width}" stroke="currentColor" stroke-opacity="{0.5 if i % 16 == 0 else 0.12}"/>'
            for i in range(0, max(rows, columns) + 1, 4)
        )
        label = escape(f"Wrong elements (x) of the tile in which the first one lies. {self}", quote=True)
        return (
            f'<svg role="img" aria-label="{label}" width="{width + 2}" height="{height + 2}" '
            f'viewBox="-1 -1 {width + 2} {height + 2}">{lines}{marks}</svg>'
        )


def first_difference(
    got: ArrayLike, expected: ArrayLike, bounds: tuple[float, float] = (0.0, 0.0)
) -> Difference | None:
    """None if each |got - expected| <= atol + rtol * |expected|, with `bounds` = (rtol, atol); NaN is never right."""
    rtol, atol = bounds
    with np.errstate(invalid="ignore"):  # poison is a NaN that signals: converting it is invalid, too
        have, want = np.asarray(got, np.float64), np.asarray(expected, np.float64)
        bad = ~(np.abs(have - want) <= atol + rtol * np.abs(want))
    if not bad.any():
        return None
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    block: Any = bad.reshape(-1, bad.shape[-1]) if bad.ndim else bad.reshape(1, 1)
    row, column = np.argwhere(block)[0] // SIDE * SIDE
    return Difference(
        place,
        float(have[place]),
        float(want[place]),
        int(bad.sum()),
        bad.size,
        block[row : row + SIDE, column : column + SIDE],
        _row_of(have, want, place),
    )


def _row_of(have: NDArray[np.float64], want: NDArray[np.float64], place: tuple[int, ...]) -> int | None:
    """The one right row that stands, number for number, in the place of the wrong one; constant rows tell nothing."""
    if want.ndim != 2 or have.shape != want.shape or np.unique(have[place[0]]).size < SIDE // 4:
        return None
    rows = np.flatnonzero((want == have[place[0]]).all(axis=1))
    return int(rows[0]) if rows.size == 1 else None
