"""The picture of `sweep`: a column of numbers over one axis as lines, over two as heat maps; the other axes make panels.

Each cell also says its number, and hatches mark runs without one, so it reads in grey. Left out: columns of words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HostError
from .sweep_table import setting

if TYPE_CHECKING:
    from .sweep_table import Sweep

_BLUE, _ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito's
_COLOURS = "cividis"  # even steps of lightness, also in grey and for the colour-blind
_UNITS = {
    "cycles": "cycles (model)",
    "ns": "ns (model)",
    "dram_bytes": "DRAM traffic (bytes, model)",
    "cb_bytes": "L1 taken by CBs (bytes)",
}
_HATCHES = {"hangs": "///", "is refused": "xx", "finishes": ""}
_ACROSS = 3
_TICKS = [digit * 10.0**power for power in range(-12, 13) for digit in (1, 2, 5)]
_FAR = 20  # the largest number over the smallest from which on colours go by their logarithm


@dataclass(frozen=True)
class Panel:
    """Numbers and ends of the runs of one panel: an axis's values, (x,), or two axes', (y, x)."""

    title: str
    numbers: NDArray[np.float64]
    ends: NDArray[Any]


def picture(found: Sweep, axes: Sequence[str], value: str) -> Any:
    """A matplotlib Figure."""
    from matplotlib.figure import Figure

    _check(found, axes, value)
    shown = _panels(found, axes, value)
    across = min(_ACROSS, len(shown))
    down = -(-len(shown) // across)
    wide, high = _size(found, axes)
    figure = Figure(figsize=(wide * across + 1.2 * (len(axes) == 2), high * down + 0.4), layout="constrained")
    places = figure.subplots(down, across, squeeze=False).ravel()
    for place in places[len(shown) :]:
        place.set_axis_off()
    draw = _maps if len(axes) == 2 else _lines
    draw(figure, places[: len(shown)], shown, found, axes, value)
    figure.suptitle(f"{_unit(value)} over {' and '.join(axes)}")
    return figure


def _check(found: Sweep, axes: Sequence[str], value: str) -> None:
    call = f"picture({', '.join(map(repr, axes))}, value={value!r})"
    have = ", ".join(found.axes)
    for axis in axes:
        if axis not in found.axes:
            raise HostError(f"{call}: there is no axis {axis!r} in this sweep; it has {have}")
    if len(axes) > 2 or len(set(axes)) < len(axes):
        raise HostError(f"{call}: name one axis or two different ones of {have}; the others make panels")
    names = [name for name in found.array.dtype.names or () if found.array.dtype[name] == np.float64]
    names = [name for name in names if name not in found.axes]
    if value not in names:
        raise HostError(f"{call}: there is no column of numbers {value!r}; choose one of {', '.join(names)}")


def _panels(found: Sweep, axes: Sequence[str], value: str) -> list[Panel]:
    names = list(found.axes)
    others = [name for name in names if name not in axes]
    order = [names.index(name) for name in (*others, *reversed(axes))]
    shape = [len(values) for values in found.axes.values()]
    last = [len(found.axes[name]) for name in reversed(axes)]
    numbers, ends = (found.array[c].reshape(shape).transpose(order).reshape(-1, *last) for c in (value, "end"))
    titles = [
        ", ".join(f"{name} {setting(v)}" for name, v in zip(others, some, strict=True))
        for some in product(*(found.axes[name] for name in others))
    ]
    return [Panel(*parts) for parts in zip(titles, numbers, ends, strict=True)]


def _size(found: Sweep, axes: Sequence[str]) -> tuple[float, float]:
    """Inches of a panel: room for a number in each cell."""
    if len(axes) == 1:
        return 4.2, 2.9
    return 1.2 + 0.72 * max(3, len(found.axes[axes[0]])), 1.1 + 0.42 * max(3, len(found.axes[axes[1]]))


def _unit(value: str) -> str:
    return _UNITS.get(value, value)


# ---- two axes -------------------------------------------------------------------------------------------------------


def _maps(figure: Any, places: Any, shown: list[Panel], found: Sweep, axes: Sequence[str], value: str) -> None:
    """Heat maps with one scale of colours."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    numbers = np.concatenate([panel.numbers.ravel() for panel in shown])
    numbers = numbers[np.isfinite(numbers)]
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
    far = 0 < low * _FAR < high
    scale = ScalarMappable((LogNorm if far else Normalize)(low, high), _COLOURS)
    for place, panel in zip(places, shown, strict=True):
        _map(place, panel, scale)
        place.set_title(panel.title, fontsize="medium")
        for axis, name in ((place.xaxis, axes[0]), (place.yaxis, axes[1])):
            values = found.axes[name]
            axis.set_ticks(range(len(values)), [setting(each) for each in values])
            axis.set_label_text(name)
    if len(numbers):
        bar = figure.colorbar(scale, ax=list(places), label=_unit(value) + ", log scale" * far, format=_tick)
        if far:
            bar.set_ticks([tick for tick in _TICKS if low <= tick <= high])
            bar.minorticks_off()


def _map(place: Any, panel: Panel, scale: Any) -> None:
    from matplotlib.patches import Rectangle

    place.imshow(panel.numbers, cmap=scale.cmap, norm=scale.norm, aspect="auto", origin="lower")
    for (y, x), number in np.ndenumerate(panel.numbers):
        if math.isfinite(number):
            red, green, blue, _ = scale.to_rgba(number)
            light = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
            _write(place, x, y, short(number), "black" if light else "white", None)
            continue
        end = str(panel.ends[y, x])
        corner, hatch = (x - 0.5, y - 0.5), _HATCHES[end]
        place.add_patch(Rectangle(corner, 1, 1, linewidth=0.5, hatch=hatch, facecolor="white", edgecolor="#777777"))
        _write(place, x, y, end.removeprefix("is ").replace("finishes", "-"), "black", "white")


def _write(place: Any, x: int, y: int, text: str, colour: str, ground: str | None) -> None:
    box = None if ground is None else {"facecolor": ground, "edgecolor": "none", "pad": 1}
    place.text(x, y, text, color=colour, ha="center", va="center", fontsize=8, bbox=box)


def short(number: float) -> str:
    """At most six signs: 12,345, then 123 k, 12.3 M; below 1000, three digits."""
    if abs(number) < 1e3:
        return f"{number:.3g}"
    if abs(number) < 99_999.5:
        return f"{number:,.0f}"
    unit, size = ("k", 1e3) if abs(number) < 999_500 else ("M", 1e6) if abs(number) < 999.5e6 else ("G", 1e9)
    return f"{number / size:.3g} {unit}"


def _tick(number: float, _: Any) -> str:
    return short(number)


# ---- one axis -------------------------------------------------------------------------------------------------------


def _lines(figure: Any, places: Any, shown: list[Panel], found: Sweep, axes: Sequence[str], value: str) -> None:
    """A line a panel, with the same scale in all; numbers on the axis stand where they belong, words side by side."""
    values = found.axes[axes[0]]
    counts = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values)
    x = np.array(values if counts else range(len(values)), np.float64)
    top = max((float(n) for panel in shown for n in panel.numbers.ravel() if math.isfinite(n)), default=1.0)
    low = min((float(n) for panel in shown for n in panel.numbers.ravel() if math.isfinite(n)), default=0.0)
    for place, panel in zip(places, shown, strict=True):
        place.plot(x, panel.numbers, color=_BLUE, marker="o", markersize=4)
        for end in ("hangs", "is refused"):
            none = x[panel.ends == end]
            mark = "x" if end == "hangs" else "s"
            if len(none):
                place.plot(none, np.full(len(none), 0.04), mark, color=_ORANGE, fillstyle="none", label=end,
                           transform=place.get_xaxis_transform())  # fmt: skip
                place.legend(fontsize="x-small")
        if low >= 0:
            place.set_ylim(0, 1.15 * top or 1)
        if counts and x.min() > 0 and x.max() > 8 * x.min():
            place.set_xscale("log", base=2)
        place.set_xticks(x, [setting(each) for each in values], rotation=0 if len(x) <= 8 else 60)
        place.set_xticks([], minor=True)
        place.set(xlabel=axes[0], ylabel=_unit(value))
        place.set_title(panel.title, fontsize="medium")
        place.yaxis.set_major_formatter(_tick)
