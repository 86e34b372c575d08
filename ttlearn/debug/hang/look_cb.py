"""Looks at a wait for pages, or for room, that nobody's going on could help."""

from __future__ import annotations

from ...count.made import Made
from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trisc import Trisc
from .causes import Cause, Root
from .graph import Ended, Graph, hopeless, needed
from .look_loops import fitting, mixed_up, odd_wait, outside
from .look_meant import meant, moved_by_two, swapped
from .look_totals import agreed_on, brings_fewer, largest, pushed_elsewhere
from .naming import both, cb_of, name, on, only, pages, request, where
from .stops import Reason, Stop, role


def too_large(graph: Graph, stop: Stop) -> Root | None:
    if not hopeless(stop):
        return None
    cb = cb_of(stop)
    sentence = (
        f"{where(stop.core, role(stop.risc))} asks for {stop.pages} pages of {cb}, which has {cb.num_pages}, at {stop.site}: "
        "it can never have them"
    )
    advice = f"give {cb} {pages(largest(graph, stop))}, or ask for at most {cb.num_pages} at a time"
    if cb.page_size == 32 * stop.pages * cb.format.itemsize and cb.page_size != cb.format.tile_bytes:
        sentence += f"; its pages are sticks, {stop.pages} tiles wide, of which a tile row has 32, not {stop.pages}"
        advice = f"count sticks: ask for 32 pages of {cb} a tile row"
    fit = fitting(graph, stop.risc, cb, stop.pages, stop.reason is Reason.FRONT)
    few = brings_fewer(graph, stop) if not fit else None
    advice = fit or advice
    other = meant(graph, stop) if stop.reason is Reason.FRONT and not graph.helpers[stop] else None
    if other is not None:
        sentence, advice = f"{sentence}, and nobody pushes {cb}{other.sentence}", other.advice or advice
    sites = (str(stop.site), *(other.lines if other is not None else ()))
    if few is not None:
        sentence, advice, sites = sentence + few.sentence, few.advice, (*sites, *few.lines)
    return Root(Cause.REQUEST_TOO_LARGE, sentence, stop, sites, advice=advice)


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
            f"; {name(risc)} reserves its pages ({promises.at(made)}) and hands none on",
            [promises.line(risc, made)],
        )
        advice = f"let {name(risc)} push {cb} after it has filled what it reserves at {promises.at(made)}"
        mixed = mixed_up(graph, risc, cb, True)
        if mixed is not None:
            lost, by, advice = mixed.sentence, [*by, *mixed.lines], mixed.advice
    else:
        other = meant(graph, stop) or pushed_elsewhere(graph, stop)
        lost, by = (other.sentence, [*other.lines]) if other is not None else ("", [])
        deed = f"reserve {pages(stop.pages)} of {cb}, fill and push {'it' if stop.pages == 1 else 'them'}"
        advice = (other.advice if other is not None else "") or f"let {_maker(graph, stop)} {deed}"
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, but {_nobody(graph, stop)} ever pushes "
        f"{cb}: cb_push_back({cb}, …) is missing{lost}"
    )
    return Root(Cause.NEVER_PRODUCED, sentence, stop, (str(stop.site), *by), advice=advice)


def _nobody(graph: Graph, stop: Stop) -> str:
    """What the waiting RISC itself would do afterwards may depend on data."""
    call = "cb_push_back" if stop.reason is Reason.FRONT else "cb_pop_front"
    return "no other RISC of this core" if graph.promises.doubtful(stop.core, call) else "no kernel of this core"


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


def _never_popped(graph: Graph, stop: Stop) -> Root:
    cb = cb_of(stop)
    waiting = graph.promises.who(stop.core, "cb_wait_front", cb)[:1]
    uses = [f"; {name(r)} waits for its pages ({graph.promises.at(m)}) and keeps them" for r, m in waiting]
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, but {_nobody(graph, stop)} ever pops "
        f"{cb}: cb_pop_front({cb}, …) is missing{''.join(uses)}"
    )
    who = name(waiting[0][0]) if waiting else "its consumer"
    advice = f"let {who} pop {cb} after its last use of a page"
    lines = [graph.promises.line(risc, made) for risc, made in waiting]
    mixed = mixed_up(graph, waiting[0][0], cb, False) if waiting else moved_by_two(graph, stop)
    if mixed is not None:
        sentence, lines, advice = sentence + mixed.sentence, [*lines, *mixed.lines], mixed.advice
    return Root(Cause.NEVER_CONSUMED, sentence, stop, (str(stop.site), *lines), advice=advice)


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
    missing = left_out(graph, party, front, cb, count)
    if missing:
        cause, advice = Cause.PUSH_MISSING if front else Cause.POP_MISSING, _every_path(front, cb)
        return Root(cause, f"{sentence}; {missing}", stop, both(graph, stop), advice=advice)
    behind = outside(graph, stop, party, done)
    if behind is not None:
        cause, sites = Cause.PUSH_MISSING if front else Cause.POP_MISSING, both(graph, stop)
        return Root(cause, sentence + behind.sentence, stop, (*sites, *behind.lines), advice=behind.advice)
    more = None if front else _pushes_more(graph, stop)
    if more is not None:
        return more
    cause, advice = Cause.PRODUCER_SHORT if front else Cause.CONSUMER_EARLY, _as_many(graph, stop, party.risc, done)
    other = odd_wait(graph, stop, done) or (swapped(graph, stop, party.risc, done) if front else None)
    if other is not None:
        sentence, advice = sentence + other.sentence, other.advice
    kept = _kept(graph, stop, party.risc) if front and other is None else None
    if kept is not None:
        sentence += f"; {name(stop.risc)} pops {cb} in each trip, at {graph.promises.at(kept)}"
        advice = f"keep {cb} if every trip needs the same pages: pop it once, behind the loop; else {advice.partition('; or pop')[0]}"
    blocks = front and other is None and _in_blocks(stop, cb, done)
    agreed = (
        agreed_on(graph, stop, party.risc, done) if front and other is None and kept is None and not blocks else None
    )
    if agreed is not None:
        sentence, advice = sentence + agreed.sentence, agreed.advice
    if blocks:
        sentence += f"; it takes {stop.pages} at a time, and {done} is no multiple of {stop.pages}"
        advice = f"let {name(stop.risc)} take what is left, {done % stop.pages}, in its last trip; or {advice.partition('; or pop')[0]}"
    sites = both(graph, stop) if kept is None else (*both(graph, stop), graph.promises.line(stop.risc, kept))
    return Root(cause, sentence, stop, sites, advice=advice)


def _in_blocks(stop: Stop, cb: CircularBuffer, done: int) -> bool:
    """Has the consumer taken whole blocks so far, and is the last one not whole?"""
    popped = cb.popped.values[-1]
    return 0 < popped == done - done % stop.pages < done


def _kept(graph: Graph, stop: Stop, producer: Risc) -> Made | None:
    """The pop in a loop, of pages that are pushed outside of any: constants, which should perhaps be kept."""
    cb, promises = cb_of(stop), graph.promises
    push, pop = promises.asks(producer, "cb_push_back", cb), promises.asks(stop.risc, "cb_pop_front", cb)
    if push is None or pop is None or push.loops:
        return None
    return pop if pop.loops else None


def _pushes_more(graph: Graph, stop: Stop) -> Root | None:
    """It waits for room that its own pushes have taken: it pushes more than it ever reserves."""
    cb, promises, risc = cb_of(stop), graph.promises, stop.risc
    reserved, pushed = (promises.total(risc, call, cb) for call in ("cb_reserve_back", "cb_push_back"))
    push = promises.asks(risc, "cb_push_back", cb)
    if not reserved or not pushed or push is None or pushed <= reserved:
        return None
    sentence = f"{name(risc)} reserves {pages(reserved)} of {cb} in all and pushes {pushed} ({promises.at(push)}); {request(stop)}"
    advice = f"let {name(risc)} push {cb} ({promises.at(push)}) once for each page that it reserves, {reserved} in all"
    sites = (str(stop.site), promises.line(risc, push))
    return Root(Cause.PUSHED_TOO_MANY, on(stop.core, sentence), stop, sites, advice=advice)


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


def left_out(graph: Graph, party: Ended, front: bool, cb: CircularBuffer, count: int) -> str:
    """Its kernel reserves (or waits for) more than it pushes (or pops): one of them is missing somewhere."""
    did, asked = ("cb_push_back", "cb_reserve_back") if front else ("cb_pop_front", "cb_wait_front")
    ring = party.risc.rings[cb.index]
    sizes = {size: n for (at_front, size), n in (ring.asked if ring else {}).items() if at_front is not front}
    here, there = (graph.promises.asks(party.risc, call, cb) for call in (did, asked))
    asked_for = sum(size * n for size, n in sizes.items())
    under_way = 0 if party.risc.done else max(sizes, default=0)  # its last trip is not over
    if (
        len(sizes) != 1
        or asked_for - under_way <= count
        or there is None
        or here is None
        or not _in_one_loop(graph, here, there)
    ):
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


def _in_one_loop(graph: Graph, here: Made, there: Made) -> bool:
    """Both stand in the same loops; a wait that is repeated in an inner loop promises nothing."""
    if not graph.promises.seen(here, there):
        return False
    loops = [made.loops for made in (here, there)]
    return loops[0] == loops[1]
