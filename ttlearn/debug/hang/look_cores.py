"""Looks at what goes over the NOC: barriers that cannot complete, semaphores that nobody brings to their value."""

from __future__ import annotations

from collections import Counter

from ...count.walk import Made
from ...sim.sched import Risc
from ...sim.trace import Site
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .naming import name, where
from .stops import Stop, role

Setters = list[tuple[Risc, Made]]


# ---- barriers -----------------------------------------------------------------------------------------------


def barrier(graph: Graph, stop: Stop) -> Root | None:
    told = _wrong_multicast(graph, stop) if stop.core.ports[stop.risc].missing else None
    sentence = f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, which cannot complete"
    if told is None:
        advice = "make every multicast's num_dests the number of cores in its rectangle, the sender excepted"
        return Root(Cause.BARRIER, sentence, stop, (str(stop.site),), advice=advice)
    site, asked, reached = told
    sentence += f": the multicast at {site} waits for {asked} acknowledgements and reaches {_cores(reached)}"
    advice = (
        f"pass num_dests = {reached} at line {site.line}: the cores of the rectangle, without the sender unless it is a "
        "…_loopback_src call"
    )
    return Root(Cause.BARRIER, sentence, stop, (str(stop.site), str(site)), advice=advice)


def _wrong_multicast(graph: Graph, stop: Stop) -> tuple[Site, str, int] | None:
    """(where, how many acknowledgements it waits for, how many cores it reached)."""
    reached = Counter(
        (fact.site, fact.detail[1])
        for fact in graph.device.trace.facts
        if fact.core == stop.core.xy and fact.risc == stop.risc.name and fact.what == "noc write" and fact.site
    )
    asked = {
        m.line: _number(m, 3 if "write" in m.call else 2)
        for m in graph.promises.calls(stop.risc)
        if "multicast" in m.call
    }
    calls = {site: count for (site, _), count in reached.items() if site.line in asked}
    for site, count in calls.items():
        if asked[site.line] not in (None, count):
            return site, str(asked[site.line]), count
    unknown = [(site, count) for site, count in calls.items() if asked[site.line] is None]
    more = stop.core.ports[stop.risc].missing
    return (unknown[0][0], f"{more} more or fewer", unknown[0][1]) if len(unknown) == 1 else None


def _number(made: Made, place: int) -> int | None:
    count = made.counts[place] if len(made.counts) > place else None
    return int(count.constant) if count is not None and count.constant is not None else None


def _cores(count: int) -> str:
    return f"{count} core{'s' * (count != 1)}"


# ---- semaphores ---------------------------------------------------------------------------------------------


def semaphore(graph: Graph, stop: Stop) -> Root | None:
    address = semaphore_address(stop)
    history = stop.core.semaphores[address]
    assert stop.wait is not None
    want, have = stop.wait.args[1], history.values[-1]
    setters = graph.promises.setters(stop.core, address, list(graph.device.cores.values()))
    others = [(risc, made) for risc, made in setters if risc is not stop.risc]
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays {have}"
    )
    if have > want:
        who, advice = _past(graph, stop, others, want, have)
    elif not setters:
        who, advice = _nobody(graph, stop)
    elif not others:
        who, advice = _itself(graph, stop, setters[0][1])
    else:
        who, advice = _too_few(graph, others, want, have)
    named = setters or _writers(graph, stop)
    sites = (str(stop.site), *(graph.promises.line(risc, made) for risc, made in (others or named)[:1]))
    return Root(Cause.SEMAPHORE, f"{sentence}: {who}", stop, sites, advice=advice)


def _past(graph: Graph, stop: Stop, others: Setters, want: int, have: int) -> tuple[str, str]:
    """noc_semaphore_wait wants the very value."""
    steps = stop.core.semaphores[semaphore_address(stop)].values
    went = " to ".join(str(value) for value in [*steps[:1], *steps[1:][-3:]])
    missed = "it was past it before the wait looked" if want in steps else f"it never was {want}"
    who = f"it went from {went}, so {missed}, and this call waits for the very value; changed by {_list(graph, others)}"
    return who, f"let the increments add up to {want}, or wait with noc_semaphore_wait_min(…, {want})"


def _nobody(graph: Graph, stop: Stop) -> tuple[str, str]:
    who, writers = "no kernel of this program sets or increments a semaphore", _writers(graph, stop)
    if not writers:
        return who, "let whoever has finished first call noc_semaphore_inc on this core's semaphore"
    risc, made = writers[0]
    who += f"; {name(risc)} of core {risc.core.xy} writes into this core's L1 ({graph.promises.place(risc, made)}) and tells nobody"
    return who, f"let {name(risc)} call noc_semaphore_inc on it after the write barrier that follows line {made.line}"


def _writers(graph: Graph, stop: Stop) -> Setters:
    """RISCs of other cores that have written into this core's L1, with the call."""
    found = {
        (fact.core, fact.risc, fact.site.line)
        for fact in graph.device.trace.facts
        if fact.what == "noc write"
        and fact.detail[3:] == ("l1", *stop.core.xy)
        and fact.core != stop.core.xy
        and fact.site
    }
    riscs = {(core.xy, risc.name): risc for core in graph.device.cores.values() for risc in core.riscs}
    pairs = [(riscs[xy, risc], line) for xy, risc, line in sorted(found)]
    return [
        (risc, m) for risc, line in pairs for m in graph.promises.calls(risc) if m.line == line and "write" in m.call
    ]


def _itself(graph: Graph, stop: Stop, made: Made) -> tuple[str, str]:
    if "multicast" not in made.call or "loopback" in made.call:
        who = f"only it itself changes that semaphore, with {made.call} at line {made.line}"
        return who, "let another core call noc_semaphore_inc on it, or do not wait for it"
    who = f"only it itself sends to that semaphore, with {made.call} at line {made.line}, and a multicast leaves its sender out"
    return who, f"send with {made.call}_loopback_src, or do not wait for what this core sends itself"


def _too_few(graph: Graph, others: Setters, want: int, have: int) -> tuple[str, str]:
    done = "has finished" if all(r.done for r, _ in others) else "is not there yet"
    who = f"who could change it {done}: {_list(graph, others)}"
    return who, f"let them add {want - have} more in all, or wait for {have}"


def _list(graph: Graph, others: Setters) -> str:
    """Each line once, with the cores that run it."""
    lines: dict[str, list[Risc]] = {}
    for risc, made in others:
        lines.setdefault(f"{name(risc)} at {graph.promises.line(risc, made)}", []).append(risc)
    named = [f"{line}{_on(riscs)}" for line, riscs in lines.items()]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return "; ".join(named[:3]) + more


def _on(riscs: list[Risc]) -> str:
    return f" on {len(riscs)} cores" if len(riscs) > 1 else f" on core {riscs[0].core.xy}"
