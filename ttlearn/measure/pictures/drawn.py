"""A matplotlib figure that a notebook shows when a cell ends with it, without pyplot. Imported only where one is drawn."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class Drawn(Figure):
    """A Figure whose rich form is a PNG; `savefig` and all else are matplotlib's."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
