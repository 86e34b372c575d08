"""Looks at a wait for pages, or for room, that nobody's going on could help."""

from __future__ import annotations

from ...count.walk import Made
from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trace import Site, line_of
from ...sim.trisc import Trisc
from .causes import Cause, Root
from .graph import Ended, Graph, hopeless, needed
from .naming import both, cb_of, name, names, on, only, pages, request, where
from .promises import is_on
from .stops import Reason, Stop, role


def too_large(graph: Graph, stop: Stop) -> Root | None:
    if not hopeless(stop):
        return None
    cb = cb_of(stop)
    sentence = (
        f"{where(stop.core, role(stop.risc))} asks for {stop.pages} pages of {cb}, which has {cb.num_pages}, at {stop.site}: "
        "it can never have them"
    )
    advice = f"give {cb} {pages(stop.pages)}, or ask for at most {cb.num_pages} at a time"
    if cb.page_size == 32 * stop.pages * cb.format.itemsize and cb.page_size != cb.format.tile_bytes:
        sentence += f"; its pages are sticks, {stop.pages} tiles wide, of which a tile row has 32, not {stop.pages}"
        advice = f"count sticks: ask for 32 pages of {cb} a tile row"
    return Root(Cause.REQUEST_TOO_LARGE, sentence, stop, (str(stop.site),), advice=advice)


def never(graph: Graph, stop: Stop) -> Root | None:
    if graph.helpers[stop]:
        return None
    return _never_pushed(graph, stop) if stop.reason is Reason.FRONT else _never_popped(graph, stop)


def _never_pushed(graph: Graph, stop: Stop) -> Root:
    cb, promises = cb_of(stop), graph.promises
    reserving = promises.who(stop.core, "cb_reserve_back", cb)[:1]
    if reserving:
        risc, made = reserving[0]
        lost, by = (
            f"; {name(risc)} reserves its pages ({promises.at(made)}) and keeps them",
            [promises.line(risc, made)],
        )
        advice = f"let {name(risc)} push {cb} after it has filled what it reserves at {promises.at(made)}"
    else:
        lost, by = _unused(graph, stop)
        who = _maker(graph, stop)
        advice = f"let {who} reserve {pages(stop.pages)} of {cb}, fill and push {'it' if stop.pages == 1 else 'them'}"
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, but no kernel of this core ever pushes "
        f"{cb}: cb_push_back({cb}, …) is missing{lost}"
    )
    return Root(Cause.NEVER_PRODUCED, sentence, stop, (str(stop.site), *by), advice=advice)


def _maker(graph: Graph, stop: Stop) -> str:
    """Who should push: an earlier phase, where the compute kernel takes what it has made; else a mover."""
    core, promises = stop.core, graph.promises
    taken = [cb for cb in core.cbs.values() if promises.asks(stop.risc, "cb_wait_front", cb) is not None]
    if stop.risc is core.unpack and any(promises.asks(core.pack, "cb_push_back", cb) for cb in taken):
        return "an earlier phase of the compute kernel, or whoever has the data,"
    if stop.risc is not core.unpack and core.pack.coro is not None:
        return f"{name(core.pack)}, or whoever has the data,"
    mover = next((r for r in (core.ncrisc, core.brisc) if r.coro is not None and r is not stop.risc), None)
    return f"{name(mover)}, or whoever has the data," if mover is not None else "whoever has the data"


def _unused(graph: Graph, stop: Stop) -> tuple[str, list[str]]:
    """A CB that is pushed and that nobody waits for: perhaps the one that was meant."""
    promises = graph.promises
    for other in stop.core.cbs.values():
        pushes = promises.who(stop.core, "cb_push_back", other)
        taken = other.consumer is not None or other.pushed.sleepers
        if (
            pushes
            and not taken
            and not any(promises.who(stop.core, call, other) for call in ("cb_wait_front", "cb_pop_front"))
        ):
            risc, made = pushes[0]
            meant = f"; {name(risc)} pushes {other}, which nobody waits for: they should be one, or a step from {other} to {cb_of(stop)} is missing"
            return meant, [promises.line(risc, made)]
    return "", []


def _never_popped(graph: Graph, stop: Stop) -> Root:
    cb = cb_of(stop)
    waiting = graph.promises.who(stop.core, "cb_wait_front", cb)[:1]
    uses = [f"; {name(r)} waits for its pages ({graph.promises.at(m)}) and keeps them" for r, m in waiting]
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, but no kernel of this core ever pops "
        f"{cb}: cb_pop_front({cb}, …) is missing{''.join(uses)}"
    )
    who = name(waiting[0][0]) if waiting else "its consumer"
    advice = f"let {who} pop {cb} after its last use of a page"
    lines = [graph.promises.line(risc, made) for risc, made in waiting]
    return Root(Cause.NEVER_CONSUMED, sentence, stop, (str(stop.site), *lines), advice=advice)


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
    if any(_left_out(graph, party, True, cb, pushed) for party in ends):
        return None
    last = graph.promises.asks(stop.risc, "cb_pop_front", cb)
    again = (pops or 0) % pushed == 0 and _before(graph, last, stop)
    if (pops is None or pops > pushed) and not again:
        return None  # the consumer wants more in all than there is, and no later phase wants all of it once more
    given = last_pop(graph, stop)
    before = f" before (line {given.line}: `{given.text}`)" if given is not None else " before"
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits for {pages(stop.pages)} of {cb} at {stop.site}, but has given "
        f"{ring.acked} of its {pages(pushed)} back{before}, and {names(ends)} pushes no more: a popped page is gone, "
        "and a wait counts only those still at the front"
    )
    sites = (str(stop.site), *([str(given)] if given is not None else []))
    return Root(Cause.POPPED_TOO_EARLY, sentence, stop, sites, advice=_later(graph, stop, given))


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


def _later(graph: Graph, stop: Stop, last: Site | None) -> str:
    where = f" (line {last.line})" if last is not None else ""
    for wait in _waits(graph, stop):
        asked = wait.counts[1] if len(wait.counts) > 1 else None
        if asked is not None and asked.names & {trip.label for trip in wait.around}:
            return f"wait only for the pages of one block, since they are popped{where} in between; or pop once, at the end"
    return (
        f"pop {cb_of(stop)}{where} only after its last use, which comes after line {stop.site.line}; or push it again"
    )


def short(graph: Graph, stop: Stop) -> Root | None:
    """The producer's or the consumer's text has no more, or has left some out on its way."""
    ends, cb, front = graph.ended(stop), cb_of(stop), stop.reason is Reason.FRONT
    if not ends:
        return None
    party, verb = ends[0], "pushed" if front else "popped"
    count = (cb.pushed if front else cb.popped).values[-1]
    whole = party.total if party.total is not None and not party.risc.done else None
    done = count if whole is None else whole
    gone = f"finished after it {verb} {pages(count)}" if count else f"finished and {verb} none"
    if whole is not None:
        gone = f"{'pushes' if front else 'pops'} only {pages(whole)}"
    sentence = f"{name(party.risc)}, the {'producer' if front else 'consumer'} of {cb}, {gone}"
    sentence = on(stop.core, f"{sentence}; {request(stop)}")
    role_of = _other_role(party) if not count else ""
    if role_of and party.made is not None:
        call, own = party.made.call, role(party.risc)
        sentence += f"; {graph.promises.at(party.made)} calls {call} under `if {role_of}`, where it does nothing: the call is {own}'s"
        advice = f"take {call} at {graph.promises.at(party.made)} out of `if {role_of}`, or write `if {own}():` there"
        return Root(
            Cause.PRODUCER_SHORT if front else Cause.CONSUMER_EARLY, sentence, stop, both(graph, stop), advice=advice
        )
    missing = _left_out(graph, party, front, cb, count)
    if missing:
        cause, advice = Cause.PUSH_MISSING if front else Cause.POP_MISSING, _every_path(front, cb)
        return Root(cause, f"{sentence}; {missing}", stop, both(graph, stop), advice=advice)
    cause = Cause.PRODUCER_SHORT if front else Cause.CONSUMER_EARLY
    return Root(cause, sentence, stop, both(graph, stop), advice=_as_many(graph, stop, party.risc, done))


def _other_role(party: Ended) -> str:
    """`MATH()`, if a call of UNPACK or PACK stands under a condition that keeps it for another role."""
    roles = {f"if {name}()": f"{name}()" for name in ("UNPACK", "MATH", "PACK") if name != role(party.risc)}
    around = party.made.around if party.made is not None and isinstance(party.risc, Trisc) else ()
    return next((roles[trip.text] for trip in around if trip.text in roles), "")


def _every_path(front: bool, cb: CircularBuffer) -> str:
    deed, request = ("push", "reserved") if front else ("pop", "waited for")
    return f"{deed} {cb} on every path on which it is {request}"


def _as_many(graph: Graph, stop: Stop, party: Risc, have: int) -> str:
    """How many the other side wants in all, if its text tells."""
    cb, front = cb_of(stop), stop.reason is Reason.FRONT
    total = graph.promises.total(stop.risc, "cb_pop_front" if front else "cb_push_back", cb)
    deed, other = ("push", "pops") if front else ("pop", "pushes")
    if total is not None and total >= needed(stop):
        wanted = f"{pages(total)} of {cb}, as many as {name(stop.risc)} {other}, instead of {have}"
        return f"let {name(party)} {deed} {wanted}; or {'pop' if front else 'push'} {have} there"
    return f"let {name(party)} {deed} {pages(needed(stop))} of {cb} instead of {have}, or more"


def _left_out(graph: Graph, party: Ended, front: bool, cb: CircularBuffer, count: int) -> str:
    """Its kernel reserves (or waits for) more than it pushes (or pops): one of them is missing somewhere."""
    did, asked = ("cb_push_back", "cb_reserve_back") if front else ("cb_pop_front", "cb_wait_front")
    ring = party.risc.rings[cb.index]
    sizes = {size: n for (at_front, size), n in (ring.asked if ring else {}).items() if at_front is not front}
    here, there = (graph.promises.asks(party.risc, call, cb) for call in (did, asked))
    asked_for = sum(size * n for size, n in sizes.items())
    if len(sizes) != 1 or asked_for <= count or there is None or here is None or not _in_one_loop(here, there):
        return ""  # several sizes: cumulative waits, which promise nothing about their number
    condition = only(here)
    why = (
        f"{graph.promises.at(here)} is reached{condition}"
        if condition
        else f"a {did[3:].split('_')[0]} is missing in some trip"
    )
    return (
        f"{role(party.risc)} has called {asked} for {pages(asked_for)} ({graph.promises.at(there)}) and {did} for {count} "
        f"({graph.promises.at(here)}): {why}"
    )


def _in_one_loop(here: Made, there: Made) -> bool:
    """Both stand in the same loops; a wait that is repeated in an inner loop promises nothing."""
    loops = [[trip.label for trip in made.around if trip.label] for made in (here, there)]
    return loops[0] == loops[1]
