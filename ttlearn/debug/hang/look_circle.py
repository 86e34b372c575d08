"""A look at a circle of waits: a buffer that is too small for what is kept in it, or promises in the wrong order."""

from __future__ import annotations

from .causes import Cause, Root
from .graph import Graph
from .look_engine import in_circle
from .look_loops import odd_wait
from .look_meant import Meant, popped_only
from .look_popped import last_pop, popped_in_circle
from .look_signals import setters, signals
from .look_units import units
from .naming import cb_of, name, on, pages
from .stops import Reason, Stop, role


def circle(graph: Graph, stops: list[Stop]) -> Root:
    group = next(group for group in graph.groups() if stops[0] in group)
    engine = in_circle(graph, group)
    if engine is not None:
        return engine
    signal = signals(graph, group)
    if signal is not None:
        return signal
    full = fullest(graph, stops)
    told = next(
        (root for stop in stops for root in (_perhaps(graph, stop), popped_in_circle(graph, stop)) if root), None
    )
    if told is not None:
        return told
    for stop in full:
        root = units(graph, stop) or _pops_fewer(graph, stop, stops) or _overflows(graph, stop)
        if root is not None:
            return root
    return _too_small(graph, _from(stops, full[0])) if full else _order(graph, _from(stops, _first(stops)))


def _perhaps(graph: Graph, stop: Stop) -> Root | None:
    """Nobody is known to push what is waited for, and somebody in the circle decides by data what it pushes."""
    cb = stop.cb
    if cb is None or stop.reason is not Reason.FRONT or cb.producer is not None:
        return None
    other = next(iter(graph.waits_for(stop)), None)
    if other is None or graph.promises.who(stop.core, "cb_push_back", cb):
        return None
    sentence = (
        f"{role(stop.risc)} waits in {stop.call} at {stop.site}, and no kernel has pushed {cb} yet; {name(other.risc)}, which "
        f"waits in {other.call} at {other.site}, may push it later, or never: that depends on data"
    )
    advice = f"let {name(other.risc)} push {cb} before it waits there, or do not wait for {cb} if it never comes"
    return Root(Cause.NOT_TOLD, on(stop.core, sentence), stop, (str(stop.site), str(other.site)), advice=advice)


def _pops_fewer(graph: Graph, full: Stop, stops: list[Stop]) -> Root | None:
    """The consumer takes whole blocks and gives back less of each: a larger CB would only postpone the hang."""
    cb, block = cb_of(full), full.pages
    taker = next((s for s in stops if s.cb is cb and s.reason is Reason.FRONT and s.pages == block), None)
    if taker is None or _sizes(taker) != {block} or _sizes(full) != {block} or not _may_keep(graph, full, taker):
        return None
    ring, pop = taker.risc.rings[cb.index], last_pop(graph, taker)
    assert ring is not None
    trips = ring.asked[True, block] - 1  # the last wait is not over
    if pop is None or not ring.acked < trips * block:
        return None
    sentence = (
        f"{role(taker.risc)} has waited for {pages(trips * block)} of {cb}, {block} at a time, and popped only {ring.acked} "
        f"(the last at {pop}), so {cb} fills up: {role(full.risc)} waits in {full.call} at {full.site}; "
        "more room would only postpone it"
    )
    sites = tuple(dict.fromkeys((str(full.site), str(taker.site), str(pop))))
    advice = f"let {role(taker.risc)} pop {block} of {cb} for each wait for {block}"
    return Root(Cause.POP_MISSING, on(full.core, sentence), full, sites, advice=advice)


def _overflows(graph: Graph, full: Stop) -> Root | None:
    """In all so much more is pushed than popped that the CB must fill up, whoever goes first."""
    cb = cb_of(full)
    pushed = graph.promises.total(full.risc, "cb_push_back", cb)
    for risc, made in graph.promises.who(full.core, "cb_pop_front", cb)[:1]:
        popped = graph.promises.total(risc, "cb_pop_front", cb)
        if not pushed or popped is None or pushed - popped <= cb.num_pages:
            continue
        sentence = (
            f"in all {name(full.risc)} pushes {pages(pushed)} of {cb}, and {name(risc)} pops {popped} ({graph.promises.at(made)}), "
            f"so {cb} of {pages(cb.num_pages)} fills up: {role(full.risc)} waits in {full.call} at {full.site}; "
            "more room would only postpone it"
        )
        advice = f"let {name(risc)} pop {pages(pushed)} of {cb}, as many as are pushed, instead of {popped}"
        advice += f"; or let {name(full.risc)} push {popped}"
        sites = (str(full.site), graph.promises.line(risc, made))
        return Root(Cause.POP_MISSING, on(full.core, sentence), full, sites, advice=advice)
    return None


def _sizes(stop: Stop) -> set[int]:
    """How many pages this RISC has asked for at a time, at its side of the CB."""
    ring = stop.risc.rings[cb_of(stop).index]
    return {size for (front, size) in (ring.asked if ring else ()) if front is (stop.reason is Reason.FRONT)}


def _may_keep(graph: Graph, full: Stop, taker: Stop) -> bool:
    """True unless the texts say that all that is pushed is popped in the end."""
    pushed = graph.promises.total(full.risc, "cb_push_back", cb_of(full))
    popped = graph.promises.total(taker.risc, "cb_pop_front", cb_of(full))
    return not pushed or not popped or popped < pushed


def fullest(graph: Graph, stops: list[Stop]) -> list[Stop]:
    """Who waits for room, that CB first whose pages are kept: by the kernel that makes them, or untouched as yet."""
    return sorted(
        (stop for stop in stops if stop.reason is Reason.BACK),
        key=lambda stop: (not _own(graph, stop), cb_of(stop).popped.values[-1] > 0),
    )


def _own(graph: Graph, stop: Stop) -> bool:
    """Does the kernel that fills this CB also take from it?"""
    pops = graph.promises.who(stop.core, "cb_pop_front", cb_of(stop))
    return any(risc.kernel is stop.risc.kernel for risc, _ in pops)


def _first(stops: list[Stop]) -> Stop:
    """A RISC that waits for pages, a mover if there is one: the engine only follows."""
    return min(stops, key=lambda s: (s.engine, s.reason is not Reason.FRONT, s.risc.number))


def _from(stops: list[Stop], first: Stop) -> list[Stop]:
    at = stops.index(first)
    return stops[at:] + stops[:at]


def _too_small(graph: Graph, stops: list[Stop]) -> Root:
    full = stops[0]
    cb, sites = cb_of(full), [str(full.site)]
    sentence = f"{cb} of {pages(cb.num_pages)} is full: {role(full.risc)} waits in {full.call} at {full.site}"
    for risc, made in graph.promises.who(full.core, "cb_pop_front", cb)[:1]:
        sentence += f", and {name(risc)}, who pops it at {graph.promises.at(made)}, gets there only if {role(full.risc)} goes on"
        sites.append(graph.promises.line(risc, made))
    sentence += _totals(graph, full)
    total = graph.promises.total(full.risc, "cb_push_back", cb)
    advice = f"give {cb} room for all that is kept in it" + (f", at most {pages(total)}" if total else "")
    sites += [str(stop.site) for stop in stops[1:]]
    return Root(Cause.TOO_SMALL, on(full.core, sentence), full, tuple(dict.fromkeys(sites)), tuple(stops), advice)


def _totals(graph: Graph, full: Stop) -> str:
    """Said where the two sides do not want the same in all: then room alone does not help."""
    cb = cb_of(full)
    pushed = graph.promises.total(full.risc, "cb_push_back", cb)
    for risc, _ in graph.promises.who(full.core, "cb_pop_front", cb)[:1]:
        popped = graph.promises.total(risc, "cb_pop_front", cb)
        if pushed is not None and popped is not None and pushed != popped:
            return f"; in all {role(full.risc)} pushes {pages(pushed)} and {role(risc)} pops {popped}, which does not match"
    return ""


def _order(graph: Graph, stops: list[Stop]) -> Root:
    first = stops[0]
    own = next((meant for stop in stops for meant in (_its_own_pages(graph, stop),) if meant), None)
    sentence = (
        f"a circle of waits: {first.who} waits in {first.call} at {first.site}, and whoever could help waits, through "
        f"others, for {first.who}"
    )
    sites = tuple(dict.fromkeys(str(stop.site) for stop in stops))
    own = own or next((meant for stop in stops for meant in (_wants_more(graph, stop),) if meant), None)
    if own is None:
        advice, line = _somebody_first(graph, stops)
        sites = tuple(dict.fromkeys((*sites, *line)))
        return Root(Cause.CIRCLE, on(first.core, sentence), first, sites, tuple(stops), advice)
    sites = tuple(dict.fromkeys((*sites, *own.lines)))
    return Root(Cause.CIRCLE, on(first.core, sentence + own.sentence), first, sites, tuple(stops), own.advice)


def _wants_more(graph: Graph, stop: Stop) -> Meant | None:
    """In all it takes more pages than its producer pushes: whoever goes first, they do not suffice."""
    if stop.reason is not Reason.FRONT or stop.engine:
        return None
    cb, promises = cb_of(stop), graph.promises
    wanted = promises.total(stop.risc, "cb_pop_front", cb)
    for risc, made in promises.who(stop.core, "cb_push_back", cb)[:1]:
        pushed = promises.total(risc, "cb_push_back", cb)
        odd = odd_wait(graph, stop, pushed) if pushed else None
        if odd is not None:
            return odd
        if not pushed or not wanted or pushed >= wanted:
            return None
        said = f"; in all {name(risc)} pushes {pages(pushed)} of {cb} ({promises.at(made)}), and {name(stop.risc)} pops {wanted}"
        advice = f"let {name(stop.risc)} wait for and pop {pushed} of {cb} in all, or let {name(risc)} push {wanted}"
        return Meant(said, (promises.line(risc, made),), advice)
    return None


def _its_own_pages(graph: Graph, stop: Stop) -> Meant | None:
    """A kernel that waits for pages which only it fills: another CB is meant if it never takes them, or a reserve."""
    if stop.reason is not Reason.FRONT or stop.engine:
        return None
    cb, promises = cb_of(stop), graph.promises
    pushes = promises.who(stop.core, "cb_push_back", cb)
    if [risc.kernel for risc, _ in pushes] != [stop.risc.kernel]:
        return None
    risc, made = pushes[0]
    takes = promises.asks(stop.risc, "cb_pop_front", cb) is not None
    others = (popped_only(graph, stop, other) for other in stop.core.cbs.values() if other is not cb and not takes)
    other = next((found for found in others if found is not None), None)
    if other is not None:
        return other
    if promises.asks(risc, "cb_reserve_back", cb) is not None:
        return None
    said = f"; {name(risc)} itself fills {cb} ({promises.at(made)}), and never reserves room in it"
    advice = f"call cb_reserve_back at line {stop.site.place.line}"
    more = (
        f", if room in {cb} is meant; else push {cb} before that" if takes else ": who fills a CB reserves room in it"
    )
    return Meant(said, (promises.line(risc, made),), advice + more)


def _somebody_first(graph: Graph, stops: list[Stop]) -> tuple[str, list[str]]:
    """Whose promise should come before its own wait, and the line of a signal."""
    for stop in stops:
        if stop.cb is None or stop.reason is not Reason.FRONT:
            continue
        for risc, made in graph.promises.who(stop.core, "cb_push_back", stop.cb)[:1]:
            gives = f"before it waits for what {role(stop.risc)} gives"
            return f"let {name(risc)} push {stop.cb} ({graph.promises.at(made)}) {gives}", []
    for stop in stops:
        for risc, made in setters(graph, stop) if stop.reason is Reason.SEMAPHORE else ():
            waits = next((s for s in graph.waits_for(stop) if s in stops and s.risc is risc and s is not stop), None)
            if waits is not None:
                own = f"let {name(risc)} of core {risc.core.xy} call {made.call} ({graph.promises.at(made)})"
                return f"{own} before it waits at line {waits.site.place.line}", [graph.promises.line(risc, made)]
    return "let one of them keep its promise before it waits", []
