"""A run in numbers that may be laid beside another run of the same case.

Read from its trace and its CBs. Left out: which differences are odd (`odd`).
"""

from __future__ import annotations

import linecache
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..host.run import Run
from ..sim.device import Core
from ..sim.trace import Event, line_of
from ..sim.work import Kind

OPEN_AND_CLOSE = {Kind.MATH: (Kind.ACQUIRE, Kind.COMMIT), Kind.PACK: (Kind.WAIT, Kind.RELEASE)}
WORK = (Kind.MATH, Kind.SFPU, Kind.PACK)
_MARKERS = tuple(kind for pair in OPEN_AND_CLOSE.values() for kind in pair)
_CALL = re.compile(r"(\w+)\(")
Mover = tuple[str, str, str]  # RISC, kernel, "read" or "write"


@dataclass(frozen=True)
class Facts:
    """What was counted.

    `pages`: (pushed, popped) by core and CB. `sections`: calls about DST sections. `tiles`: by kind and call.
    `programs`: as what the engine carried out a call. `operands`: the L1 addresses that a call read as its operand 1 or 2.
    `dst`: the DST tiles that MATH filled, and PACK packed. `transfers`, `bytes_moved`, `dram_pages`: to and from DRAM;
    a page is its bank, its place there, and the CB at the other end.
    `barriers`: by RISC and call. `sources`: the CBs in which a call's operand 1 or 2 lies.
    """

    pages: dict[tuple[tuple[int, int], int], tuple[int, int]]
    sections: Counter[Kind] = field(default_factory=Counter)
    tiles: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    programs: dict[str, set[str]] = field(default_factory=dict)
    operands: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    dst: dict[Kind, set[int]] = field(default_factory=lambda: {Kind.MATH: set(), Kind.PACK: set()})
    transfers: Counter[Mover] = field(default_factory=Counter)
    bytes_moved: Counter[Mover] = field(default_factory=Counter)
    dram_pages: dict[tuple[str, str], set[tuple[int, int, int]]] = field(default_factory=dict)
    barriers: Counter[tuple[str, str]] = field(default_factory=Counter)
    sources: dict[tuple[str, int], set[int]] = field(default_factory=dict)


def facts_of(run: Run) -> Facts:
    """All of a run's facts."""
    facts = Facts({(cb.core, cb.index): (cb.pushed, cb.popped) for cb in run.cbs})
    for work in run.trace.tiles:
        _add_work(facts, work)
    for fact in run.trace.facts:
        if fact.what in ("noc read", "noc write") and fact.detail[3] == "dram" and fact.site is not None:
            _add_transfer(facts, fact, run.device.cores[fact.core])
    for risc in (risc for core in run.device.cores.values() for risc in core.riscs):
        facts.barriers.update((risc.name, call) for _, _, call in risc.calls if call.endswith("_barrier"))
    return facts


def _add_work(facts: Facts, work: Any) -> None:
    if work.kind in _MARKERS:
        facts.sections[work.kind] += 1
    if work.kind in WORK:
        facts.tiles[work.kind, _call(work)] += work.n
        for kind in OPEN_AND_CLOSE.get(work.kind, ()) if work.per else ():
            facts.sections[kind] += work.n // work.per
    if work.kind in facts.dst:
        facts.dst[work.kind] |= {work.target(k) for k in range(work.n)}
    if work.kind is Kind.MATH and work.conf.program is not None:
        facts.programs.setdefault(work.detail, set()).add(work.conf.program.name)
    if work.kind is Kind.UNPACK:
        facts.tiles[work.kind, work.detail] += work.n
        for place in (1, 2):
            read = {work.describe(k)[place] for k in range(work.n)}
            facts.operands.setdefault((work.detail, place), set()).update(read)
            cbs = [cb.index for cb in work.risc.core.cbs.values() if any(cb.base <= a < cb.limit for a in read)]
            facts.sources.setdefault((work.detail, place), set()).update(cbs)


def _add_transfer(facts: Facts, fact: Event, core: Core) -> None:
    assert fact.site is not None
    kind, (size, _, local, _, bank, page) = fact.what.removeprefix("noc "), fact.detail
    key = fact.risc, fact.site.kernel.co_name, kind
    cb = core.cb_at(local)
    facts.transfers[key] += 1
    facts.bytes_moved[key] += size
    facts.dram_pages.setdefault((fact.risc, kind), set()).add((bank, page, -1 if cb is None else cb.index))


def _call(work: Any) -> str:
    """The name of the call: the SFPU's work does not carry it, its source line does."""
    name, site = str(next(iter(work.describe(0)), "")), work.site
    line = linecache.getline(site.code.co_filename, line_of(site.code, site.lasti)) if name == "sfpu" else ""
    found = _CALL.search(line)
    return found[1] if found else name
