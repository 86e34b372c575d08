"""A matplotlib figure with words: what a screen reader says, and what plain text shows.

A notebook's own images carry no alternative text, so the figure travels as an `<img>` with one. Left out: anything live.
"""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

DPI = 90


class Plot:
    """`Plot(figure, "what it shows")` as the last line of a cell."""

    def __init__(self, figure: Any, words: str) -> None:
        self.figure, self.words = figure, words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        file = io.BytesIO()
        self.figure.savefig(file, format="jpeg", dpi=DPI)  # a tenth of PNG's bytes
        data = base64.b64encode(file.getvalue()).decode()
        return f'<img alt="{escape(self.words)}" style="max-width:100%" src="data:image/jpeg;base64,{data}">'
