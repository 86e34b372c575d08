"""A ledger as text of at most 100 columns, and as HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence

from .poly import Poly
from .sides import CB_CALLS, Entry, Side, state

WIDTH = 100
Row = tuple[str, ...]
Sides = Mapping[str, tuple[Side, ...]]
_CALL_HEAD = ("kernel", "line", "RISC", "call", "in each trip of")
_CB_HEAD = ("CB", "kernel", "RISC", "reserves", "pushes", "waits", "pops", "in all", "balance")


def as_text(entries: Sequence[Entry], cbs: Sides, imbalances: Sequence[str]) -> str:
    """Every call, then the CBs, then what does not balance."""
    lines = [*_aligned(_CALL_HEAD, _call_rows(entries)), "", *_aligned(_CB_HEAD, _cb_rows(cbs)), ""]
    if not imbalances:
        return "\n".join([*lines, "No imbalance found (counted from the text; what depends on data is not decided)."])
    folded = [textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="      ") for text in imbalances]
    return "\n".join([*lines, "Imbalances:", *folded])


def as_html(entries: Sequence[Entry], cbs: Sides, imbalances: Sequence[str]) -> str:
    tables = _html_table(_CALL_HEAD, _call_rows(entries)) + _html_table(_CB_HEAD, _cb_rows(cbs))
    findings = "".join(f"<li>{html.escape(text)}</li>" for text in imbalances)
    return tables + (f"<ul>{findings}</ul>" if findings else "<p>No imbalance found.</p>")


def _call_rows(entries: Sequence[Entry]) -> list[Row]:
    return [(e.kernel, str(e.line), e.role, e.text, " · ".join(e.loops)) for e in entries]


def _cb_rows(cbs: Sides) -> list[Row]:
    rows: list[Row] = []
    for label, sides in cbs.items():
        for k, side in enumerate(sides):
            total = [f"{_total(side.pushed)} in"] * side.has("cb_push_back")
            total += [f"{_total(side.popped)} out"] * side.has("cb_pop_front")
            asked = [side.per_trip(call) for call in CB_CALLS]
            last = ", ".join(total), "" if k else state(sides)
            rows.append(("" if k else label, side.kernel, side.role, *asked, *last))
    return rows


def _total(count: Poly | None) -> str:
    return "?" if count is None else str(count)


def _aligned(head: Row, rows: list[Row]) -> list[str]:
    """Columns as wide as they need to be, lines no longer than WIDTH."""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    lines = [
        "  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    ]
    return [lines[0], "-" * min(WIDTH, max(map(len, lines))), *lines[1:]]


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def _html_table(head: Row, rows: list[Row]) -> str:
    cells = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
