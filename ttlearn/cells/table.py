"""One table, as text of at most 100 columns and as HTML with the same facts.

Columns of numbers are aligned right. The HTML has no colours of its own, so light and dark pages both do. Left out:
pictures (`ttlearn.show`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 100  # columns of the text
_NUMBER = re.compile(r"[-+]?[\d,.]+(e[-+]?\d+)?( %)?|poison|nan|-?inf|none|…|")
_LINE = "border-bottom:1px solid currentColor"
_TABLE = "border-collapse:collapse;color:inherit;font-variant-numeric:tabular-nums;margin:4px 0"
_BOX = "font:13px system-ui,sans-serif;color:inherit"


@dataclass(frozen=True)
class Table:
    """`title`, a `head` and `rows` of as many cells, and `notes` below. The first cell of a row is its name."""

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        table = [self.head, *self.rows] if self.rows else []
        widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
        right = self._right()
        lines = [
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
            for row in table
        ]
        return "\n".join([self.title, *(_cut(f"  {line.rstrip()}") for line in lines), *self.notes])

    def html(self) -> str:
        """As a `<div>`; without rows, the title and the notes alone."""
        told = f"<div>{_lines(self.title)}</div>"
        notes = "".join(f"<div>{_lines(note)}</div>" for note in self.notes)
        if not self.rows:
            return f'<div style="{_BOX}">{told}{notes}</div>'
        right = self._right()
        head = "".join(_cell("th", "col", cell, r) for cell, r in zip(self.head, right, strict=True))
        body = "".join(f"<tr>{self._row(row, right)}</tr>" for row in self.rows)
        top = f'<thead><tr style="{_LINE}">{head}</tr></thead>'
        table = f'<table cellpadding="5" style="{_TABLE}">{top}<tbody>{body}</tbody></table>'
        return f'<div style="{_BOX}">{told}{table}{notes}</div>'

    def _row(self, row: Sequence[str], right: Sequence[bool]) -> str:
        cells = [_cell("td", "", cell, r) for cell, r in zip(row[1:], right[1:], strict=True)]
        return "".join([_cell("th", "row", row[0], right[0]), *cells])

    def _right(self) -> list[bool]:
        """Which columns hold numbers."""
        columns = zip(*self.rows, strict=True)
        return [any(column) and all(_NUMBER.fullmatch(cell) for cell in column) for column in columns]


def _cell(tag: str, scope: str, text: str, right: bool) -> str:
    of = f' scope="{scope}"' if scope else ""
    return f'<{tag}{of} style="text-align:{"right" if right else "left"}">{escape(text)}</{tag}>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
