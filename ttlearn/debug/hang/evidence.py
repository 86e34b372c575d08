"""How a core stands when the device hangs: a line for each RISC and engine thread, and the table of its CBs.

No line is longer than 100 columns; a source line that does not fit is left out. Left out: what it means (`looks`).
"""

from __future__ import annotations

from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.trace import Site
from .promises import Promises
from .stops import Reason, Stop, kernel, role

COLUMNS = 100
UNUSED = 2  # so many CBs that nobody uses still have a line each
ENGINE_WORDS = {
    Reason.UNCONFIGURED: "the engine was never configured for it",
    Reason.SRC_FULL: "SrcA and SrcB are full and MATH does not take them",
    Reason.SRC_EMPTY: "its operands do not come from UNPACK",
    Reason.DST_FULL: "no DST section is free (tile_regs_release)",
    Reason.DST_EMPTY: "no DST section was committed (tile_regs_commit)",
}
Row = tuple[str, ...]


def core_lines(promises: Promises, core: Core, stops: list[Stop], since: bool) -> list[str]:
    """What a core does, and its CBs. `since`: from which cycle on each RISC waits."""
    lines = _risc_lines([stop for stop in stops if not stop.engine], since)
    for stop in stops:
        if stop.engine:
            lines.append(fitted(f"  {role(stop.risc):<7} engine stalls in {stop.call} at ", stop.site))
            lines.append(f"          {ENGINE_WORDS[stop.reason]}")
    done = [f"{role(risc)} ({kernel(risc)})" for risc in core.riscs if risc.coro is not None and risc.done]
    return [*lines, *_finished(done), *cb_table(promises, core)]


def _risc_lines(stops: list[Stop], since: bool) -> list[str]:
    wide = max([len(stop.call) for stop in stops], default=0)
    times = [f"{stop.since:,}" if since else "" for stop in stops]
    late = max([len(time) for time in times], default=0)
    return [
        fitted(f"  {role(stop.risc):<7} {stop.call:<{wide}}  since {time:>{late}}  ", stop.site)
        for stop, time in zip(stops, times, strict=True)
    ]


def _finished(done: list[str]) -> list[str]:
    """`finished: …`, in lines that are short enough."""
    lines: list[str] = []
    for party in done:
        if lines and len(lines[-1]) + len(party) + 2 <= COLUMNS:
            lines[-1] += f", {party}"
        else:
            lines.append(f"  {'          ' if lines else 'finished: '}{party}")
    return lines


def fitted(head: str, site: Site) -> str:
    """With the source line if there is room for it, else with its place alone: the call stands in the head."""
    whole = f"{head}{site}"
    return whole if len(whole) <= COLUMNS else cut(head + str(site).split(": `")[0])


def cut(text: str) -> str:
    return text if len(text) <= COLUMNS else text[: COLUMNS - 1] + "…"


# ---- circular buffers ---------------------------------------------------------------------------------------


def cb_rows(promises: Promises, core: Core) -> list[Row]:
    """Capacity, format, counts and both sides of every CB of a core, under a head."""
    rows: list[Row] = [("CB", "pages", "bytes", "format", "pushed", "popped", "front", "free", "from -> to")]
    for cb in core.cbs.values():
        pushed, popped = cb.pushed.values[-1], cb.popped.values[-1]
        counts = (pushed, popped, pushed - popped, cb.num_pages - (pushed - popped))
        sides = f"{_side(promises, core, cb, True)} -> {_side(promises, core, cb, False)}"
        size = f"{cb.page_size:,}"
        rows.append((str(cb), str(cb.num_pages), size, cb.format.name.lower(), *map(str, counts), sides))
    return rows


def cb_table(promises: Promises, core: Core) -> list[str]:
    """The rows as lines. CBs that nobody uses are only named, if they are many."""
    rows = cb_rows(promises, core)
    unused = [row[0] for row in rows if row[-1] == "nobody -> nobody"]
    few = [row for row in rows if row[0] not in unused or len(unused) <= UNUSED]
    return _table(few) + ([cut(f"  used by nobody: {', '.join(unused)}")] if len(few) < len(rows) else [])


def _table(rows: list[Row]) -> list[str]:
    return [
        cut(f"  {name:<6}{pages:>5}  {size:>7}  {form:<9}{pushed:>6}{popped:>8}{front:>7}{free:>6}  {sides}")
        for name, pages, size, form, pushed, popped, front, free, sides in rows
    ]


def _side(promises: Promises, core: Core, cb: CircularBuffer, producer: bool) -> str:
    """Who has pushed or popped a CB; if nobody has, who would."""
    name = cb.producer if producer else cb.consumer
    if name is not None:
        return next(role(r) for r in core.riscs if r.name == name)
    for call in ("cb_push_back", "cb_reserve_back") if producer else ("cb_pop_front", "cb_wait_front"):
        found = promises.who(core, call, cb)
        if found:
            return ", ".join(role(risc) for risc, _ in found)
    waiting = (cb.popped if producer else cb.pushed).sleepers
    return ", ".join(role(risc) for risc in waiting) or "nobody"
