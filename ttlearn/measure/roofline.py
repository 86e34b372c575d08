"""`Run.roofline()`: what a run asked of DRAM, links and engine threads, beside the most that each gives.

Of links and engine threads the fullest of all cores is told. A limit's share is what the bottleneck goes by. Left out:
RISCs and latency, which a roofline does not know: a run far below every roof waits for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from ..sim.device import Device
from ..sim.formats import bfloat16
from ..sim.work import Kind
from .limits import Limit, What, limits, tiles_moved
from .threads import entries


@dataclass(frozen=True)
class Roofline:
    """The rows of a run on `cores` cores. `operations`: tiles that MATH and the SFPU worked on, each time they did."""

    cycles: int
    cores: int
    rows: tuple[Limit, ...]
    operations: int

    def row(self, name: str) -> Limit:
        """The row of that name; a KeyError tells which there are."""
        found = [row for row in self.rows if row.name == name]
        if not found:
            raise KeyError(f"no {name} in this run; it has {', '.join(row.name for row in self.rows)}")
        return found[0]

    @property
    def dram_bytes(self) -> float:
        return sum(row.amount for row in self.rows if row.what is What.DRAM)

    @property
    def intensity(self) -> float | None:
        """Tile operations for each byte to or from DRAM; None if there were no bytes, or no operations."""
        return self.operations / self.dram_bytes if self.operations and self.dram_bytes else None

    @property
    def tile(self) -> str:
        """Cycles for each tile that the run moved; nothing if it moved none."""
        words, tiles = tiles_moved(self.rows)
        size = f"{bfloat16.tile_bytes} B (a bf16 tile)"
        return f"{self.cycles / tiles:,.1f} cycles for each {size} {words}" if tiles else ""

    def picture(self) -> Any:
        """A matplotlib Figure."""
        from .pictures.roofline_figure import figure

        return figure(self)

    def __repr__(self) -> str:
        if not self.rows:
            return f"{self.cycles:,} cycles (model) on {self.cores} core(s): nothing was moved or computed"
        what = "of links: the fullest core's" if self.cores > 1 else ""
        head = f"{what:<32} {'amount':>15} {'achieved':>16} {'limit':>15} {'share':>7}"
        lines = [f"{self.cycles:,} cycles (model) on {self.cores} core(s)", "  " + head]
        for row in self.rows:
            name, amount, rate, most, share = told(row)
            lines.append(f"  {name:<32} {amount:>15} {rate:>16} {most:>15} {share:>7}")
        return "\n".join([*lines, *([f"  {self.tile}"] if self.tile else [])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("of", "amount", "achieved", "limit", "share"))
        body = "".join(_html(row) for row in self.rows)
        caption = f"{self.cycles:,} cycles (model) on {self.cores} core(s){'; ' * bool(self.tile)}{self.tile}"
        return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def roofline(device: Device) -> Roofline:
    """Of a finished run, or of all up to a hang."""
    rows = limits(device)
    chip = [row for row in rows if row.what not in (What.LINK, What.THREAD)]
    links = fullest(row for row in rows if row.what is What.LINK)
    threads = fullest(row for row in rows if row.what is What.THREAD)
    work = [entry for given in entries(device).values() for entry in given if entry.kind in (Kind.MATH, Kind.SFPU)]
    operations = sum(len(entry.times()) for entry in work)
    return Roofline(max(1, device.cycles), len(device.cores), (*chip, *links, *threads), operations)


def fullest(rows: Iterable[Limit]) -> list[Limit]:
    """Of each name, the row of the core that fills it most."""
    found: dict[str, Limit] = {}
    for row in rows:
        if row.name not in found or row.share > found[row.name].share:
            found[row.name] = row
    return list(found.values())


def told(row: Limit) -> tuple[str, str, str, str, str]:
    """A row's words: name, amount, achieved, limit, share. An engine thread's rates are in tiles a thousand cycles."""
    scale, unit = (1000, "tiles/kcycle") if row.what is What.THREAD else (1, "B/cycle")
    name = f"{row.name}, a link's" if row.what is What.LINK else row.name
    rate, most = (f"{each * scale:,.1f} {unit}" for each in (row.rate, row.ceiling))
    return name, f"{row.amount:,} {row.unit}", rate, most, f"{row.share:.0%}"


def _html(row: Limit) -> str:
    name, *figures = told(row)
    cells = "".join(f'<td style="text-align:right">{escape(words)}</td>' for words in figures)
    return f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>{cells}</tr>'
