"""Reading what the board's tools print: the watcher's dump, and tt-triage's table of circular buffers.

Prefixes, timestamps, other spaces and broken lines do not matter: a core's part goes from its `core(x=` to the next.
Of several dumps the last counts. Left out: other cores than workers, stack usage, ring buffers, sanitizer reports.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

ROLES = ("BRISC", "NCRISC", "UNPACK", "MATH", "PACK")  # in the order of the waypoints

_CORE = re.compile(r"(\w*)\s*\bcore\s*\(\s*x\s*=\s*(\d+)\s*,\s*y\s*=\s*(\d+)\s*\)", re.I)
_VIRTUAL = re.compile(r"^(?:\s*(?:virtual|phys)\w*\s*\(\s*x\s*=\s*\d+\s*,\s*y\s*=\s*\d+\s*\))+", re.I)
_POINTS = re.compile(r"^\s*:?\s*([\w!?]{0,4}(?:\s*,\s*[\w!?]{0,4}){4})(?![\w,])")
_RMSG = re.compile(r"\brmsg\s*:\s*(\w+)\s*\|\s*(\w+)")
_SMSG = re.compile(r"\bsmsg\s*:\s*(\w+)")
_IDS = re.compile(r"\bk_ids\s*:\s*(\d+(?:\s*\|\s*\d+)+)")
_NAME = re.compile(r"\bk_id\s*\[\s*(\d+)\s*\]\s*:\s*(\S+)")
_CB = re.compile(r"\bcb\s*\[\s*(\d+)\s*\]\s*\(\s*rcv\s+(\d+)\s*!=\s*ack\s+(\d+)\s*\)")
_BEGIN = re.compile(r"\bDump\s*#\s*\d+\s+at\b", re.I)
_OTHER = ("eth", "ethernet", "dram", "idleth", "acteth", "dispatch")


@dataclass(frozen=True)
class Seen:
    """One core as the board showed it. `waypoints` is empty if only triage's table was given."""

    core: tuple[int, int] | None  # logical; None: the text tells it in other coordinates only
    place: str
    waypoints: tuple[str, ...] = ()
    rmsg: str = ""
    smsg: str = ""
    k_ids: tuple[int, ...] = ()
    counters: dict[int, tuple[int, int]] = field(default_factory=dict)  # of each CB named: received, acked
    complete: bool = False  # all CBs are named, not only those whose counters differ

    @property
    def idle(self) -> bool:
        """Nothing runs there."""
        return bool(self.waypoints) and self.waypoints[0] == "GW" and set(self.smsg) <= {"D"}


@dataclass(frozen=True)
class Dump:
    """All cores of the last dump in a text, and its kernels' names by their ids."""

    cores: tuple[Seen, ...]
    kernels: dict[int, str]


def parse(text: str) -> Dump:
    """The last watcher dump in `text`, and triage's CB rows, put together a core."""
    found = _last(text)
    for row in _rows(text):
        key, (cb, pushed, popped) = row[0], row[1]
        seen = found.get(key) or Seen(_logical(key), key, complete=True)
        found[key] = replace(seen, counters={**seen.counters, cb: (pushed & 0xFFFF, popped & 0xFFFF)}, complete=True)
    return Dump(tuple(found.values()), {int(number): name for number, name in _NAME.findall(text)})


# ---- the watcher --------------------------------------------------------------------------------------------


def _last(text: str) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    starts = list(_CORE.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    behind = 0  # the last core's own end
    for start, end in zip(starts, ends, strict=False):
        before, behind = text[behind : start.start()], start.end()
        if start[1].lower() in _OTHER:
            continue
        seen = _core(start, text[start.end() : end])
        if seen.place in found or _BEGIN.search(before):
            found = {}
        if seen.waypoints:
            found[seen.place] = seen
    return found


def _core(start: re.Match[str], text: str) -> Seen:
    core = int(start[2]), int(start[3])
    text = text[: end.start()] if (end := _BEGIN.search(text)) else text
    points = _POINTS.match(_VIRTUAL.sub("", text))
    rmsg, smsg, ids = _RMSG.search(text), _SMSG.search(text), _IDS.search(text)
    return Seen(
        core,
        _place(core),
        tuple(part.strip() for part in points[1].split(",")) if points else (),
        f"{rmsg[1]}|{rmsg[2]}" if rmsg else "",
        smsg[1] if smsg else "",
        tuple(int(number) for number in ids[1].split("|")) if ids else (),
        {int(cb): (int(received), int(acked)) for cb, received, acked in _CB.findall(text)},
    )


def _place(core: tuple[int, int]) -> str:
    return f"({core[0]}, {core[1]})"


# ---- tt-triage ----------------------------------------------------------------------------------------------


def _rows(text: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """(place, (CB, pushed, popped)) of every row of a table that has these columns, drawn or as CSV."""
    columns: dict[str, int] = {}
    for line in text.splitlines():
        cells = _cells(line)
        if {"cb", "pushed", "popped"} <= set(cells):
            columns = {cell: k for k, cell in enumerate(cells)}
        elif columns and len(cells) > max(columns[c] for c in ("cb", "pushed", "popped")):
            numbers = [cells[columns[c]] for c in ("cb", "pushed", "popped")]
            if all(number.isdecimal() for number in numbers):
                cb, pushed, popped = map(int, numbers)
                yield _located(cells[columns["loc"]] if "loc" in columns else ""), (cb, pushed, popped)


def _cells(line: str) -> list[str]:
    """The cells of a row, without colours."""
    line = re.sub(r"\[/?[a-z][\w ]*\]|\x1b\[[\d;]*m", "", line)
    if re.search(r"[│┃|]", line):
        return [cell.strip().lower() for cell in re.split(r"[│┃|]", line.strip().strip("│┃|"))]
    if "," in line:
        return [cell.strip().lower() for cell in next(csv.reader([line]))]
    return [cell.lower() for cell in re.split(r"\s{2,}|\t", line.strip())]


def _located(cell: str) -> str:
    """Triage names a core by NOC 0 coordinates, x-y, with the logical ones in parentheses or alone as x,y."""
    logical = re.search(r"(\d+)\s*,\s*(\d+)", cell)
    return _place((int(logical[1]), int(logical[2]))) if logical else cell or "the core"


def _logical(place: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"\((\d+), (\d+)\)", place)
    return (int(found[1]), int(found[2])) if found else None
