"""Looks for calls that stand in the wrong place: a push behind the loop that it belongs to, a pop where a push is meant.

Each is read from the text of the kernel that gave too little. Left out: counts that depend on data.
"""

from __future__ import annotations

from ...count.made import Made
from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from .graph import Ended, Graph
from .look_meant import Meant
from .naming import cb_of, name, pages
from .stops import Reason, Stop, role

ADDRESSES = 1 << 16  # larger runtime arguments are no numbers of pages


def outside(graph: Graph, stop: Stop, party: Ended, count: int) -> Meant | None:
    """It has moved the bytes of more pages than it handed on, in a loop that its push (or pop) is not in."""
    cb, front = cb_of(stop), stop.reason is Reason.FRONT
    did, moves = ("cb_push_back", "noc_async_read") if front else ("cb_pop_front", "noc_async_write")
    promises, risc = graph.promises, party.risc
    here = promises.asks(risc, did, cb)
    if here is None or not promises.seen(here):
        return None
    calls = (made for made in promises.calls(risc) if made.call.startswith(moves) and made.counts)
    inner = next((made for made in calls if _deeper(made, here)), None)
    if inner is None:
        return _behind_its_requests(graph, stop, risc, here)
    moved = moved_bytes(risc, cb, "read" if front else "write") // cb.page_size  # looks through the whole trace
    if moved <= count:
        return None
    verb, deed = ("reads", "push") if front else ("writes", "pop")
    request = promises.asks(risc, "cb_reserve_back" if front else "cb_wait_front", cb)
    if request is not None and promises.seen(request) and _deeper(inner, request):
        deed = f"{'reserve' if front else 'wait for'} and {deed}"
    said = (
        f"; {role(risc)} {verb} {pages(moved)} in a loop ({promises.at(inner)}), and its {did} ({promises.at(here)}) stands "
        "outside that loop"
    )
    advice = f"let {name(risc)} {deed} {cb} in the loop in which it {verb} ({promises.at(inner)}), after its barrier"
    return Meant(said, (promises.line(risc, inner),), advice)


def _behind_its_requests(graph: Graph, stop: Stop, risc: Risc, here: Made) -> Meant | None:
    """It asks in a loop for as many pages as the other side moves, and hands on, or gives back, outside of that loop."""
    promises, cb, front = graph.promises, cb_of(stop), stop.reason is Reason.FRONT
    asks, other = ("cb_reserve_back", "cb_pop_front") if front else ("cb_wait_front", "cb_push_back")
    there = promises.asks(risc, asks, cb)
    if there is None or not promises.seen(there) or not _deeper(there, here):
        return None
    total = promises.total(risc, asks, cb)
    if total is None or total != promises.total(stop.risc, other, cb):
        return None  # a wait that is repeated for pages that stay
    verb, deed, when = (
        ("reserves", "push", "when it is filled") if front else ("waits for", "pop", "after its last use")
    )
    said = f"; {role(risc)} {verb} {pages(total)} in a loop ({promises.at(there)}), and its {here.call} ({promises.at(here)}) stands outside that loop"
    advice = f"let {name(risc)} {deed} {cb} in the loop in which it {verb} it ({promises.at(there)}), {when}"
    return Meant(said, (promises.line(risc, there),), advice)


def moved_bytes(risc: Risc, cb: CircularBuffer, kind: str) -> int:
    """Bytes that this RISC has read into a CB, or written from it, over the NOC."""
    facts = (f for f in risc.core.device.trace.facts if f.what == f"noc {kind}" and f.core == risc.core.xy)
    return sum(f.detail[0] for f in facts if f.risc == risc.name and cb.base <= f.detail[2] < cb.limit)


def _deeper(made: Made, other: Made) -> bool:
    """Does it stand in all loops of the other, and in one more?"""
    mine, theirs = (one.loops for one in (made, other))
    return len(mine) > len(theirs) and mine[: len(theirs)] == theirs


def mixed_up(graph: Graph, risc: Risc, cb: CircularBuffer, front: bool) -> Meant | None:
    """A producer that pops what it reserves, a consumer that pushes what it waits for, or a push with its arguments exchanged."""
    wrong, right = ("cb_pop_front", "cb_push_back") if front else ("cb_push_back", "cb_pop_front")
    promises = graph.promises
    other = moved_unasked(graph, risc, cb, not front)
    if other is not None:
        made = promises.asks(risc, right, other)
        assert made is not None
        verb, asks = ("pushes", "reserves") if front else ("pops", "waits for")
        said = f"; {name(risc)} {asks} it and {verb} {other} ({promises.at(made)}), which it never {asks}: {cb} may be meant there"
        return Meant(said, (promises.line(risc, made),), f"name {cb} instead of {other} at {promises.at(made)}")
    made, request = promises.asks(risc, wrong, cb), "cb_wait_front" if front else "cb_reserve_back"
    if made is not None and promises.asks(risc, request, cb) is None:  # else another part of it does both, as it should
        said = f"; {name(risc)} calls {wrong} on it instead ({promises.at(made)})"
        return Meant(said, (promises.line(risc, made),), f"call {right} at {promises.at(made)}")
    for made in promises.calls(risc):
        given = [c.constant if c is not None else None for c in made.counts[:2]]
        if made.call == right and cb.index == 0 and len(given) == 2 and given[0] and given[1] == 0:
            deed = "pushes" if front else "pops"
            said = f"; {name(risc)} {deed} 0 pages of c_{given[0]} ({promises.at(made)}): the arguments look exchanged"
            return Meant(said, (promises.line(risc, made),), f"write {right}({cb}, {given[0]}) at {promises.at(made)}")
    return _moved_too_often(graph, risc, cb, front)


def _moved_too_often(graph: Graph, risc: Risc, cb: CircularBuffer, front: bool) -> Meant | None:
    """It pushes (or pops) another CB more often than it has asked for its pages: one of these calls may mean this CB."""
    did, asked, verb, asks = (
        ("cb_push_back", "cb_reserve_back", "pushes", "reserves")
        if front
        else ("cb_pop_front", "cb_wait_front", "pops", "waits for")
    )
    promises = graph.promises
    for other in risc.core.cbs.values():
        made = promises.asks(risc, did, other) if other is not cb else None
        moved, wanted = (promises.total(risc, call, other) for call in (did, asked))
        if made is None or not moved or not wanted or moved <= wanted:
            continue
        said = f"; {name(risc)} {verb} {pages(moved)} of {other} ({promises.at(made)}) and {asks} {wanted}: {cb} may be meant in some"
        return Meant(
            said,
            (promises.line(risc, made),),
            f"look whether {cb} is meant at {promises.at(made)}, or where {other} comes again",
        )
    return None


def fitting(graph: Graph, risc: Risc, cb: CircularBuffer, asked: int, front: bool) -> str:
    """What a producer that asks for more than a whole CB should ask for: what it pushes, or what the consumer takes."""
    promises = graph.promises
    other = moved_unasked(graph, risc, cb, front)
    if other is not None:
        asks, moves = ("waits for", "pops") if front else ("reserves", "pushes")
        return f"name {other} there: {name(risc)} {moves} {other} and never {asks} it"
    own = size_of(promises.asks(risc, "cb_pop_front" if front else "cb_push_back", cb))
    if own is not None and own < asked and own <= cb.num_pages:
        deed, verb = ("wait for", "pops") if front else ("reserve", "pushes")
        return f"{deed} {pages(own)} of {cb}, as many as {name(risc)} {verb}"
    takers = promises.who(risc.core, "cb_pop_front", cb) if not front else []
    taken = size_of(takers[0][1]) if takers else None
    if taken is None or own != asked or not taken < asked or taken > cb.num_pages:
        return ""
    whole = promises.total(risc, "cb_push_back", cb), promises.total(takers[0][0], "cb_pop_front", cb)
    if None in whole or whole[0] == whole[1]:
        return ""
    page = (
        "; a page of it is a tile, of which a tile row has fewer"
        if asked == 32 and cb.page_size == cb.format.tile_bytes
        else ""
    )
    return f"reserve and push {pages(taken)} of {cb}, as many as {name(takers[0][0])} pops{page}"


def moved_unasked(graph: Graph, risc: Risc, cb: CircularBuffer, front: bool) -> CircularBuffer | None:
    """Another CB that this kernel pushes and never reserves (or pops and never waits for)."""
    did, asked = ("cb_pop_front", "cb_wait_front") if front else ("cb_push_back", "cb_reserve_back")
    asks = graph.promises.asks
    for other in risc.core.cbs.values():
        if other is not cb and asks(risc, did, other) is not None and asks(risc, asked, other) is None:
            return other
    return None


def odd_wait(graph: Graph, stop: Stop, done: int) -> Meant | None:
    """The waiting kernel asks for more pages than it moves on, or for fewer; with as many, all would add up."""
    cb, front = cb_of(stop), stop.reason is Reason.FRONT
    did = "cb_pop_front" if front else "cb_push_back"
    made, total = graph.promises.asks(stop.risc, did, cb), graph.promises.total(stop.risc, did, cb)
    other = _an_address(stop.risc, total) or _moved_twice(graph, stop, did)
    if other is not None:
        return other
    own = size_of(made)
    if made is None or own is None or total is None or own == stop.pages:
        return None
    at, who = graph.promises.at(made), name(stop.risc)
    verb, deed, asks, move = (
        ("pops", "wait for", "waits for", "pop") if front else ("pushes", "reserve", "reserves", "push")
    )
    if own < stop.pages and total == done:
        said, advice = (
            f"{own} for that ({at}), {done} in all, as many as there are",
            f"{deed} {own}, as many as {who} {verb}",
        )
    elif own > stop.pages and total * stop.pages == done * own:
        said, advice = f"{own} each time ({at})", f"{move} {stop.pages} at {at}, as many as {who} {asks}"
    else:
        return None
    return Meant(f"; it {verb} {said}", (graph.promises.line(stop.risc, made),), advice)


def _an_address(risc: Risc, total: int | None) -> Meant | None:
    """It counts with a runtime argument that is no number of pages."""
    if total is None or total < ADDRESSES or total not in risc.runtime_args:
        return None
    index = risc.runtime_args.index(total)
    said = f"; {name(risc)} takes {total:,} for its number of pages, its runtime argument {index}, which looks like an address"
    return Meant(said, (), f"let {name(risc)} read its number of pages from another argument")


def _moved_twice(graph: Graph, stop: Stop, did: str) -> Meant | None:
    """It pops this CB at two places, and another one, for which it waits, at none."""
    cb, calls = cb_of(stop), graph.promises.calls(stop.risc)
    made = [
        m for m in calls if m.call == did and m.counts and m.counts[0] is not None and m.counts[0].constant == cb.index
    ]
    asked = "cb_wait_front" if did == "cb_pop_front" else "cb_reserve_back"
    asks = graph.promises.asks
    for other in stop.core.cbs.values() if len({m.line for m in made}) > 1 else ():
        if other is not cb and asks(stop.risc, asked, other) is not None and asks(stop.risc, did, other) is None:
            verb = "pops" if did == "cb_pop_front" else "pushes"
            lines = " and ".join(dict.fromkeys(graph.promises.at(m) for m in made))
            said = f"; {name(stop.risc)} {verb} {cb} at {lines}, and never {other}"
            return Meant(said, (), f"look whether {other} is meant at one of them: {lines}")
    return None


def size_of(made: Made | None) -> int | None:
    count = made.counts[1] if made is not None and len(made.counts) > 1 else None
    return int(count.constant) if count is not None and count.constant is not None else None
