"""`Run.occupancy()`: how full each CB of one core is over time, as text or as a picture.

All of its forms are drawn from the same steps. Left out: reserved pages (see `levels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..sim.device import Device
from .levels import Level, levels
from .pictures.svg import Picture
from .spans import Coordinates
from .timeline import a_core


@dataclass(frozen=True)
class Occupancy:
    """The CBs of one core, from cycle 0 to `end`."""

    core: Coordinates
    end: int
    levels: tuple[Level, ...]

    @property
    def title(self) -> str:
        return f"core {self.core}: pages in each CB, cycles 0 to {self.end:,} (model)"

    @property
    def summary(self) -> str:
        """One line: each CB that was used, and how full it was."""
        used = [level for level in self.levels if level.pushed]
        told = "; ".join(f"{level.name} high water {level.high_water} of {level.num_pages} pages" for level in used)
        return f"CB occupancy of {self.title}: {told or 'nothing was pushed'}"

    def svg(self) -> Picture:
        """A picture as text; where it stands in a page, pointing at a step tells its pages."""
        from .pictures.occupancy_svg import drawn

        return drawn(self)

    def figure(self) -> Any:
        """A matplotlib Figure."""
        from .pictures.occupancy_figure import figure

        return figure(self)

    def __repr__(self) -> str:
        from .pictures.occupancy_text import text

        return text(self)

    def _repr_html_(self) -> str:
        return self.svg()._repr_html_()


def occupancy(device: Device, core: Coordinates | None = None) -> Occupancy:
    """Of the first core, if none is named."""
    core = a_core(device, core, "occupancy")
    return Occupancy(core, device.cycles, tuple(level for level in levels(device) if level.core == core))
