"""Looks at a wait for pages that the waiting RISC has given back itself.

Left out: pages that were pushed too few (`look_cb`).
"""

from __future__ import annotations

from ...count.made import Made
from ...sim.sched import Risc
from ...sim.trace import Site, line_of
from .causes import Cause, Root
from .graph import Graph
from .look_cb import left_out
from .naming import cb_of, name, names, only, pages, where
from .promises import is_on
from .stops import Reason, Stop, role


def popped(graph: Graph, stop: Stop) -> Root | None:
    """Pages that the waiting RISC has given back itself, and that nobody will push again."""
    if stop.reason is not Reason.FRONT:
        return None
    cb, ring = cb_of(stop), stop.risc.rings[cb_of(stop).index]
    assert ring is not None
    pushed, ends = cb.pushed.values[-1], graph.ended(stop)
    pops = graph.promises.total(stop.risc, "cb_pop_front", cb)
    whole = all(graph.promises.total(e.risc, "cb_push_back", cb) in (None, pushed) for e in ends)  # as its text says
    if not ends or not whole or ring.acked < 1 or ring.acked + stop.pages <= pushed:
        return None
    if any(left_out(graph, party, True, cb, pushed) for party in ends):
        return None
    if _once_more(stop):
        return None
    last = graph.promises.asks(stop.risc, "cb_pop_front", cb)
    again = (pops or 0) % pushed == 0 and (not _passed(stop) or _before(graph, last, stop))
    if (pops is None or pops > pushed) and not again:
        return None  # the consumer wants more in all than there is, and no later phase wants all of it once more
    return _given_back(graph, stop, f"{names(ends)} pushes no more")


def overdrawn(graph: Graph, stop: Stop) -> Root | None:
    """More was popped than pushed: the counters, which hold 16 bits, then say that the CB is full."""
    cb = cb_of(stop)
    pushed, taken = cb.pushed.values[-1], cb.popped.values[-1]
    takers = graph.promises.who(stop.core, "cb_pop_front", cb)
    if stop.reason is not Reason.BACK or taken <= pushed or not takers:
        return None
    risc, made = takers[0]
    pops = [m for m in graph.promises.calls(risc) if m.call == "cb_pop_front" and is_on(m, cb.index)]
    if len(pops) > 1:
        return _popped_twice(graph, stop, risc, pops)
    wait = graph.promises.asks(risc, "cb_wait_front", cb)
    why = f"waits for it{only(wait)} ({graph.promises.at(wait)})" if wait is not None else "never waits for it"
    sentence = (
        f"{name(risc)} has popped {pages(taken)} of {cb} ({graph.promises.at(made)}) when {pages(pushed)} {'was' if pushed == 1 else 'were'} pushed, so "
        f"by its counters {cb} has no room, and {where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}; {name(risc)} {why}"
    )
    advice = f"let {name(risc)} wait for each page of {cb} before it pops it ({graph.promises.at(made)})"
    if wait is not None and graph.promises.seen(made, wait) and len(wait.loops) > len(made.loops):
        sentence += ", in a loop, and for the same page each time, since its pop stands outside that loop"
        advice = f"let {name(risc)} pop {cb} in the loop in which it waits for it ({graph.promises.at(wait)})"
    lines = [graph.promises.line(risc, one) for one in (made, wait) if one is not None]
    return Root(Cause.POPPED_TOO_EARLY, sentence, stop, tuple(dict.fromkeys((str(stop.site), *lines))), advice=advice)


def _popped_twice(graph: Graph, stop: Stop, risc: Risc, pops: list[Made]) -> Root:
    cb, places = cb_of(stop), " and ".join(graph.promises.at(made) for made in pops)
    sentence = (
        f"{name(risc)} pops {cb} at {places}, in all {cb.popped.values[-1]} when {cb.pushed.values[-1]} were pushed, so by its "
        f"counters {cb} has no room, and {where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}"
    )
    lines = [graph.promises.line(risc, made) for made in pops]
    advice = f"pop each page of {cb} once, after its last use: look at {places}"
    return Root(Cause.POPPED_TOO_EARLY, sentence, stop, tuple(dict.fromkeys((str(stop.site), *lines))), advice=advice)


def popped_in_circle(graph: Graph, stop: Stop) -> Root | None:
    """The same, where the producer would push more, but only after this wait: a phase of its own kernel comes first."""
    if stop.reason is not Reason.FRONT or stop.engine:
        return None
    cb, ring = cb_of(stop), stop.risc.rings[cb_of(stop).index]
    assert ring is not None
    pushed, producers = cb.pushed.values[-1], graph.promises.who(stop.core, "cb_push_back", cb)
    if not producers or not pushed or ring.acked != pushed or ring.acked < stop.pages:
        return None
    if _passed(stop):
        pop = graph.promises.asks(stop.risc, "cb_pop_front", cb)
        given = graph.promises.total(producers[0][0], "cb_push_back", cb)
        taken = graph.promises.total(stop.risc, "cb_pop_front", cb)
        if (
            given is None
            or taken is None
            or taken <= given
            or not (_before(graph, pop, stop) or _each(graph, pop, stop))
        ):
            return None
    return _given_back(graph, stop, f"{name(producers[0][0])} pushes the next only after this wait")


def _given_back(graph: Graph, stop: Stop, later: str) -> Root:
    cb, ring, given = cb_of(stop), stop.risc.rings[cb_of(stop).index], last_pop(graph, stop)
    assert ring is not None
    before = f" before ({_spot(given, stop)}: `{given.text}`)" if given is not None else " before"
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits for {pages(stop.pages)} of {cb} at {stop.site}, but has given "
        f"{ring.acked} of its {pages(cb.pushed.values[-1])} back{before}, and {later}: a popped page is gone, "
        "and a wait counts only those still at the front"
    )
    sites = (str(stop.site), *([str(given)] if given is not None else []))
    return Root(Cause.POPPED_TOO_EARLY, sentence, stop, sites, advice=_later(graph, stop, given))


def _once_more(stop: Stop) -> bool:
    """Has this very line got pages before, and was each page waited for once? Then it wants one that was never pushed."""
    ring = stop.risc.rings[cb_of(stop).index]
    assert ring is not None
    asked = sum(pages * times for (front, pages), times in ring.asked.items() if front)
    return _passed(stop) and asked - stop.pages == ring.acked


def _passed(stop: Stop) -> bool:
    """Has this very line got its pages before?"""
    wanted = (cb_of(stop), stop.pages)
    return any(args == wanted and site[:2] == stop.site[:2] for _, _, args, site in stop.risc.waits)


def last_pop(graph: Graph, stop: Stop) -> Site | None:
    """Where this RISC has last popped the CB for which it waits."""
    facts = (f for f in reversed(graph.device.trace.facts) if f.what == "pop" and f.core == stop.core.xy)
    return next((f.site for f in facts if f.risc == stop.risc.name and f.detail[0] == cb_of(stop).index), None)


def _waits(graph: Graph, stop: Stop) -> list[Made]:
    """The calls of the text at which it may stand."""
    cb, line = cb_of(stop), line_of(stop.site.code, stop.site.lasti)
    calls = graph.promises.calls(stop.risc)
    return [m for m in calls if m.call == "cb_wait_front" and m.line == line and is_on(m, cb.index)]


def _before(graph: Graph, pop: Made | None, stop: Stop) -> bool:
    """Does this pop come before the wait at which it stands still, in the order of the text?"""
    calls, waits = graph.promises.calls(stop.risc), _waits(graph, stop)
    return pop is not None and bool(waits) and calls.index(pop) < calls.index(waits[-1])


def _each(graph: Graph, pop: Made | None, stop: Stop) -> bool:
    """Do they stand in the same loops, so that each trip gives back what the next one waits for?"""
    waits = _waits(graph, stop)
    if pop is None or not waits or not graph.promises.seen(pop, waits[-1]):
        return False
    loops, others = (made.loops for made in (pop, waits[-1]))
    return bool(loops) and loops == others


def _spot(site: Site, stop: Stop) -> str:
    """The kernel's line; a helper's, if the kernel calls two of them from one line."""
    alike = site.line == stop.site.line and site.code is not site.kernel
    return f"{site.place.function} line {site.place.line}" if alike else f"line {site.line}"


def _later(graph: Graph, stop: Stop, last: Site | None) -> str:
    where = f" ({_spot(last, stop)})" if last is not None else ""
    for wait in _waits(graph, stop):
        asked = wait.counts[1] if len(wait.counts) > 1 else None
        if asked is not None and asked.names & set(wait.loops):
            return f"wait only for the pages of one block, since they are popped{where} in between; or pop once, at the end"
    alike = last is not None and last.line == stop.site.line
    after = f"{stop.site.place.function} line {stop.site.place.line}" if alike else f"line {stop.site.line}"
    return f"pop {cb_of(stop)}{where} only after its last use, which comes after {after}; or push it again"
