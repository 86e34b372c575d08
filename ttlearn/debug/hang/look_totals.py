"""Looks that lay the numbers of several kernels side by side: whose differs from all others', who asks for more than ever come.

Each adds to what another look has found. Left out: counts that depend on data.
"""

from __future__ import annotations

from ...sim.sched import Risc
from .graph import Graph
from .look_meant import Meant
from .naming import cb_of, name, pages
from .stops import Reason, Stop


def largest(graph: Graph, stop: Stop) -> int:
    """What it asks for now, or, if its waits grow from trip to trip, what it would ask for in the end."""
    assert stop.wait is not None
    return max(stop.pages, graph.promises.most(stop.risc, stop.wait.call, cb_of(stop)))


def brings_fewer(graph: Graph, stop: Stop) -> Meant | None:
    """A larger CB would not do: fewer pages than are asked for at a time are pushed in all."""
    cb, promises = cb_of(stop), graph.promises
    for risc, made in promises.who(stop.core, "cb_push_back", cb)[:1] if stop.reason is Reason.FRONT else ():
        total = promises.total(risc, "cb_push_back", cb)
        if total and total < stop.pages and total <= cb.num_pages:
            said = f"; {name(risc)} pushes only {pages(total)} in all ({promises.at(made)})"
            advice = (
                f"give {cb} {pages(stop.pages)} and let {name(risc)} push as many, or ask for at most {total} at a time"
            )
            return Meant(said, (promises.line(risc, made),), advice)
    return None


def agreed_on(graph: Graph, stop: Stop, producer: Risc, done: int) -> Meant | None:
    """The compute kernel has handed on as many pages as its reader brings: then the one that waits is alone with its number."""
    cb, promises, core = cb_of(stop), graph.promises, stop.core
    wanted = promises.total(stop.risc, "cb_pop_front", cb)
    if producer is not core.pack or stop.risc is core.unpack or not wanted or wanted <= done:
        return None
    for source in core.cbs.values():
        fills = promises.who(core, "cb_push_back", source)
        if source is cb or not fills or promises.asks(core.unpack, "cb_pop_front", source) is None:
            continue
        reader, push = fills[0]
        brought = promises.total(reader, "cb_push_back", source), promises.total(core.unpack, "cb_pop_front", source)
        if reader is core.pack or brought != (done, done):
            continue
        said = f"; {name(reader)} brings as many, {pages(done)} of {source} ({promises.at(push)}): only {name(stop.risc)} wants {wanted}"
        advice = f"let {name(stop.risc)} pop {done} of {cb} instead of {wanted}; or let {name(reader)} push {wanted} of {source}, and "
        return Meant(said, (), f"{advice}{name(producer)} {wanted} of {cb}")
    return None


def pushed_elsewhere(graph: Graph, stop: Stop) -> Meant | None:
    """A kernel that writes into this core's L1, and pushes the CB of the same number of its own core."""
    cb, facts = cb_of(stop), graph.device.trace.facts
    here = {(f.core, f.risc) for f in facts if f.what == "noc write" and f.detail[3:] == ("l1", *stop.core.xy)}
    for core in graph.device.cores.values() if here else ():
        for risc in core.riscs:
            made = graph.promises.asks(risc, "cb_push_back", cb) if (core.xy, risc.name) in here else None
            if made is None or core is stop.core:
                continue
            said = f"; {name(risc)} of core {core.xy} writes to this core and pushes {cb} of its own ({graph.promises.place(risc, made)}): "
            said += "a push is seen on its own core only"
            advice = f"let {name(stop.risc)} wait for a semaphore instead, which {name(risc)} increments after its write barrier"
            return Meant(said, (graph.promises.line(risc, made),), advice)
    return None
