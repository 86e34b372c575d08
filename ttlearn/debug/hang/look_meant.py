"""Looks for the CB that was meant, where one is waited for that nobody fills, or that gets another one's number of pages.

Each is told as a guess beside the cause. Left out: two CBs that get equally many pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trisc import Trisc
from .graph import Graph
from .naming import cb_of, name, pages
from .promises import is_on
from .stops import Reason, Stop, kernel

MOST = 8  # arguments that are looked at


@dataclass(frozen=True)
class Meant:
    """What is added to the sentence, the lines, and what to change; empty: whatever is said without it."""

    sentence: str
    lines: tuple[str, ...]
    advice: str


def meant(graph: Graph, stop: Stop) -> Meant | None:
    """Another CB for one that nobody pushes: one that nobody takes, or that is popped without a wait."""
    others = [cb for cb in stop.core.cbs.values() if cb is not stop.cb]
    found = next((m for look in (_untaken, popped_only) for cb in others for m in (look(graph, stop, cb),) if m), None)
    found = found or moved_by_two(graph, stop)
    found = found or next((m for cb in others for m in (_too_many(graph, stop, cb),) if m), None)
    return found or _for_another_argument(graph, stop)


def _untaken(graph: Graph, stop: Stop, other: CircularBuffer) -> Meant | None:
    promises, core, cb = graph.promises, stop.core, cb_of(stop)
    pushes = promises.who(core, "cb_push_back", other)
    taken = other.consumer is not None or other.pushed.sleepers
    if not pushes or taken or any(promises.who(core, call, other) for call in ("cb_wait_front", "cb_pop_front")):
        return None
    risc, made = pushes[0]
    said = f"; {name(risc)} pushes {other}, which nobody waits for: they should be one, or a step from {other} to {cb} is missing"
    line = promises.line(risc, made)
    if stop.pages == other.index > 1:  # one page is what most wait for
        said = f"; {name(risc)} pushes {other}, which nobody waits for: the CB and the number of pages, {cb.index} and "
        said += f"{stop.pages}, look exchanged"
        return Meant(said, (line,), f"look at the arguments: cb_wait_front({other}, {cb.index}) may be meant")
    advice = f"let {name(stop.risc)} wait for {other} instead of {cb} at line {stop.site.place.line}, or let {name(risc)} push {cb}"
    if stop.core.pack.coro is not None and risc is not stop.core.pack:
        step = f"let the compute kernel, {kernel(stop.core.pack)}, take {other} and push {cb}"
        advice = "" if stop.risc is stop.core.unpack else step  # an earlier phase may take more than this CB
    return Meant(said, (line,), advice)


def popped_only(graph: Graph, stop: Stop, other: CircularBuffer) -> Meant | None:
    promises, cb = graph.promises, cb_of(stop)
    pop = promises.asks(stop.risc, "cb_pop_front", other)
    if pop is None or promises.asks(stop.risc, "cb_wait_front", other) is not None:
        return None
    if not promises.who(stop.core, "cb_push_back", other):
        return None
    said = f"; {name(stop.risc)} pops {other} ({promises.at(pop)}) and never waits for it: {other} may be meant"
    advice = f"let {name(stop.risc)} wait for {other} instead of {cb} at line {stop.site.place.line}"
    return Meant(said, (promises.line(stop.risc, pop),), advice)


def moved_by_two(graph: Graph, stop: Stop) -> Meant | None:
    """A CB that two kernels push (or pop), which only one may: one of them names it where this one is meant."""
    front, cb, found = stop.reason is Reason.FRONT, cb_of(stop), graph.promises.who
    call, verb, deed = (
        ("cb_push_back", "pushes", "fill and push") if front else ("cb_pop_front", "pops", "wait for and pop")
    )
    for other in stop.core.cbs.values():
        parties = found(stop.core, call, other) if other is not cb else []
        strangers = [(risc, made) for risc, made in parties if risc.kernel is not stop.risc.kernel]
        if len(parties) != 2 or not strangers:
            continue
        risc, made = strangers[0]
        partner, own = next(party for party in parties if party[0] is not risc)
        said = f"; {name(risc)} {verb} {other} ({graph.promises.at(made)}), which {name(partner)} {verb}, too, and only one may: "
        advice = f"let {name(risc)} {deed} {cb} instead of {other}"
        if len(strangers) > 1:
            said, advice = f"{said}one of them may mean {cb}", f"{advice}, or {name(partner)}"
        else:
            said += f"{cb} may be meant"
        lines = (graph.promises.line(risc, made), graph.promises.line(partner, own))
        return Meant(said, lines, advice)
    return None


def _too_many(graph: Graph, stop: Stop, other: CircularBuffer) -> Meant | None:
    """Another CB gets as many pages more than are taken of it."""
    promises, cb = graph.promises, cb_of(stop)
    pushes, taken = promises.who(stop.core, "cb_push_back", other), _takes(graph, stop, other)
    if len(pushes) != 1 or not taken or other.page_size != cb.page_size:
        return None
    risc, made = pushes[0]
    pushed = promises.total(risc, "cb_push_back", other)
    if pushed is None or pushed - taken != stop.pages:
        return None
    said = f"; {name(risc)} pushes {pages(pushed)} of {other}, and {name(stop.risc)} takes {taken}: some may be meant for {cb}"
    line = promises.line(risc, made)
    return Meant(said, (line,), f"look whether {name(risc)} names {other} where {cb} is meant ({promises.at(made)})")


def _for_another_argument(graph: Graph, stop: Stop) -> Meant | None:
    """A kernel that would push if a runtime argument of it were not 0."""
    promises, cb = graph.promises, cb_of(stop)
    for risc in stop.core.riscs:
        if risc.coro is None or (isinstance(risc, Trisc) and risc is not stop.core.pack):
            continue
        for index in [k for k, value in enumerate(risc.runtime_args) if value == 0][:MOST]:
            given = [*risc.runtime_args[:index], 1, *risc.runtime_args[index + 1 :]]
            found = [m for m in promises.calls(risc, given) if m.call == "cb_push_back" and is_on(m, cb.index)]
            if found:
                said = (
                    f"; {name(risc)} would push it ({promises.at(found[0])}) if its runtime argument {index} were not 0"
                )
                line = promises.line(risc, found[0])
                return Meant(said, (line,), f"give {name(risc)} another runtime argument {index} than 0")
    return None


def swapped(graph: Graph, stop: Stop, producer: Risc, supply: int) -> Meant | None:
    """Two CBs of which each gets as many pages as the waiting RISC takes of the other."""
    cb, promises = cb_of(stop), graph.promises
    demand = _takes(graph, stop, cb)
    for other in stop.core.cbs.values():
        pushes = promises.who(stop.core, "cb_push_back", other)
        if other is cb or other.page_size != cb.page_size or not pushes or demand in (None, supply):
            continue
        if promises.total(pushes[0][0], "cb_push_back", other) == demand and _takes(graph, stop, other) == supply:
            said = f"; {other} gets {pages(demand or 0)} and {name(stop.risc)} takes {supply} of them: {cb} and {other} look exchanged"
            advice = (
                f"look whether {name(stop.risc)} or {name(producer)} names {cb} where {other} is meant, and the reverse"
            )
            return Meant(said, (), advice)
    return None


def _takes(graph: Graph, stop: Stop, cb: CircularBuffer) -> int | None:
    """What a RISC pops of a CB in all; of one that it keeps, the most that it has waited for."""
    promises = graph.promises
    popped = promises.total(stop.risc, "cb_pop_front", cb)
    waits = [m.counts[1] for m in promises.calls(stop.risc) if m.call == "cb_wait_front" and is_on(m, cb.index)]
    sizes = [int(size.constant) for size in waits if size is not None and size.constant is not None]
    return popped or max(sizes, default=None)
