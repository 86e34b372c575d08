"""A trace as a table: its first and its last events. Left out: all between, which `trace.events()` lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..cells.table import Table

if TYPE_CHECKING:
    from .trace import Event, Trace

ENDS = 5  # events shown at each end


def trace_table(trace: Trace) -> Table:
    """Cycles, who, what, and the source line of each."""
    events = trace.events()
    cut, many = len(events) > 2 * ENDS, len({event.core for event in events}) > 1
    shown = [_row(event, many) for event in (events[:ENDS] if cut else events)]
    if cut:
        shown += [["…"] * len(shown[0]), *(_row(event, many) for event in events[-ENDS:])]
    title = f"Trace of {len(events):,} events" + f", the first and the last {ENDS}" * cut
    head = ["begin", "end", *(["core"] if many else []), "RISC", "what", "line", "detail"]
    return Table(title, head, shown, ["times in cycles (model)"])


def _row(event: Event, many: bool) -> list[str]:
    core = [str(event.core)] if many else []
    line = "" if event.site is None else re.split(r": `| \(inside", str(event.site))[0]
    return [f"{event.start:,}", f"{event.end:,}", *core, event.risc, event.what, line, _told(event)]


def _told(event: Event) -> str:
    """An event's detail in words; that of a wait is the call's arguments, that of the engine its tiles."""
    detail = event.detail
    if event.what in ("push", "pop"):
        index, pages, total = detail
        return f"c_{index}: {pages}, {total} in all"
    if event.what.startswith("noc "):
        size, _, _, where, *rest = detail
        place = f"bank {rest[0]}, page {rest[1]}" if where == "dram" else f"core ({rest[0]}, {rest[1]})"
        return f"{size:,} B, {place}"
    return ", ".join(map(str, detail))
