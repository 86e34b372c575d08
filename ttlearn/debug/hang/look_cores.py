"""Looks at what goes over the NOC: barriers that cannot complete, semaphores that nobody brings to their value."""

from __future__ import annotations

from ...count.made import Made
from ...sim.sched import Risc
from ...sim.trace import line_of
from ...sim.waits import History
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .look_aims import unaimed
from .look_signals import others, setters, signals, told_by
from .look_thrown import sets_back
from .naming import name, where
from .stops import Stop, role

Setters = list[tuple[Risc, Made]]


# ---- barriers -----------------------------------------------------------------------------------------------


def barrier(graph: Graph, stop: Stop) -> Root | None:
    told = next((m for m in stop.core.ports[stop.risc].missing if m.kind in _kinds(stop)), None)
    sentence = f"{where(stop.core, role(stop.risc))} waits in {stop.call} at {stop.site}, which cannot complete"
    if told is None:
        return Root(Cause.BARRIER, sentence, stop, (str(stop.site),))
    sentence += (
        f": the multicast at {told.site} waits for {told.asked} acknowledgements and reaches {_cores(told.reached)}"
    )
    advice = (
        f"pass num_dests = {told.reached} there: the cores of the rectangle, without the sender "
        "unless it is a …_loopback_src call"
    )
    return Root(Cause.BARRIER, sentence, stop, (str(stop.site), str(told.site)), advice=advice)


def _kinds(stop: Stop) -> tuple[str, ...]:
    return ("atomic",) if "atomic" in stop.call else ("write", "atomic") if "full" in stop.call else ("write",)


def _cores(count: int) -> str:
    return f"{count} core{'s' * (count != 1)}"


# ---- semaphores ---------------------------------------------------------------------------------------------


def semaphore(graph: Graph, stop: Stop) -> Root | None:
    address = semaphore_address(stop)
    history = stop.core.semaphores[address]
    assert stop.wait is not None
    want, have = stop.wait.args[1], history.values[-1]
    told = None if have > want else signals(graph, [stop])
    if told is None and have <= want and _another(stop) is None:
        told = unaimed(graph, stop)
    if told is not None:
        return told
    changing, far = setters(graph, stop), others(graph, stop)
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays {have}"
    )
    if have > want:
        who, advice = _past(graph, stop, far, want, have)
    elif not changing or (_another(stop) is not None and len(history.values) == 1 and all(r.done for r, _ in far)):
        who, advice = _nobody(graph, stop)
    else:
        who, advice = _too_few(graph, far, want, have)
    named = (far or changing)[:1] or [*_writers(graph, stop)[:1], *_of_another(graph, stop)[:1]]
    sites = (str(stop.site), *(graph.promises.line(risc, made) for risc, made in named))
    return Root(Cause.SEMAPHORE, f"{sentence}: {who}", stop, sites, advice=advice)


def _past(graph: Graph, stop: Stop, others: Setters, want: int, have: int) -> tuple[str, str]:
    """noc_semaphore_wait wants the very value."""
    steps = stop.core.semaphores[semaphore_address(stop)].values
    went = " to ".join(str(value) for value in [*steps[:1], *steps[1:][-3:]])
    missed = "it was past it before the wait looked" if want in steps else f"it never was {want}"
    own = sets_back(graph, stop)
    who = f"it went from {went}, so {missed}, and this call waits for the very value"
    if own is not None and not others:
        who += f"; only {role(stop.risc)} itself changes it ({graph.promises.at(own)})"
        return who, f"let another core bring it to {want}, or do not wait for that"
    who += f"; changed by {_list(graph, others)}" if others else ""
    if want in steps and sets_back(graph, stop) is not None:
        return who, "do not set it back, and wait with noc_semaphore_wait_min for what has come in all"
    return who, f"let the increments add up to {want}, or wait with noc_semaphore_wait_min(…, {want})"


def _nobody(graph: Graph, stop: Stop) -> tuple[str, str]:
    who, writers = "no kernel of this program sets or increments a semaphore", _writers(graph, stop)
    if setters(graph, stop):
        who = "nobody has set or incremented it, and all who could have finished"
    elif any(
        made.call.startswith(("noc_semaphore_inc", "noc_semaphore_set"))
        for risc in _movers(graph)
        for made in graph.promises.calls(risc)
    ):
        who = "no other kernel of this program sets or increments it"
    another = _another(stop)
    if another is not None:
        who += f", while {another.name} of this core has come to {another.values[-1]}"
        return who, f"wait for {another.name}, or let those who change it change this one"
    told = told_by(graph, stop.risc)  # who has not heard of this core may wait before it should tell it something
    unheard = (s for s in graph.stops if s.core is not stop.core and s.core.xy not in told)
    waiting = next((s for s in unheard if stop in graph.waits_for(s)), None)
    if not writers and waiting is not None:
        other = f"{name(waiting.risc)} of core {waiting.core.xy}"
        who += f"; {other} waits for this core, at {waiting.site}"
        return (
            who,
            f"let {other} call noc_semaphore_inc on it before line {waiting.site.place.line}, or do not wait for it",
        )
    if not writers:
        return who, "let whoever has finished first call noc_semaphore_inc on this core's semaphore"
    risc, made = writers[0]
    who += f"; {name(risc)} of core {risc.core.xy} writes into this core's L1 ({graph.promises.place(risc, made)}) and tells nobody"
    if "multicast" in made.call:
        return who, f"let {name(risc)} send a flag behind line {made.line} with noc_semaphore_set_multicast"
    return who, f"let {name(risc)} call noc_semaphore_inc on it after the write barrier that follows line {made.line}"


def _movers(graph: Graph) -> list[Risc]:
    return [risc for core in graph.device.cores.values() for risc in core.riscs[:2] if risc.coro is not None]


def _another(stop: Stop) -> History | None:
    """Another semaphore of this core that has come to the value, and that nobody waits for."""
    assert stop.wait is not None
    for history in stop.core.semaphores.values():
        if len(history.values) > 1 and history.values[-1] == stop.wait.args[1] and not history.sleepers:
            return history
    return None


def _of_another(graph: Graph, stop: Stop) -> Setters:
    """Who has brought another semaphore to the value."""
    another = _another(stop)
    address = next((a for a, history in stop.core.semaphores.items() if history is another), None)
    cores = list(graph.device.cores.values())
    found = graph.promises.setters(stop.core, address, cores) if address is not None else []
    return [(risc, made) for risc, made in found if risc is not stop.risc]


def _writers(graph: Graph, stop: Stop) -> Setters:
    """RISCs of other cores that have written into this core's L1, with the call."""
    found = {
        (fact.core, fact.risc, line_of(fact.site.code, fact.site.lasti))
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


def _too_few(graph: Graph, others: Setters, want: int, have: int) -> tuple[str, str]:
    done = "has finished" if all(r.done for r, _ in others) else "is not there yet"
    who = f"who could change it {done}: {_list(graph, others)}"
    return who, f"let them add {want - have} more in all" + (f", or wait for {have}" if have else "")


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
