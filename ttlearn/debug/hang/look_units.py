"""A look at a CB whose one side counts sticks, 32 a tile row, and whose other side counts tiles, Wt a tile row."""

from __future__ import annotations

from dataclasses import dataclass

from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from .causes import Cause, Root
from .graph import Graph
from .look_loops import size_of
from .naming import both, cb_of, name, on, pages, request
from .stops import Stop


@dataclass(frozen=True)
class Units:
    """Who counts sticks and who tiles, and how many tiles a row has."""

    sticks: Risc
    tiles: Risc
    wide: int
    page_is_a_stick: bool


def units(graph: Graph, stop: Stop) -> Root | None:
    cb, (producer, consumer) = cb_of(stop), _sides(graph, stop)
    if producer is None or consumer is None or producer is consumer:
        return None
    pushed = graph.promises.total(producer, "cb_push_back", cb)
    popped = graph.promises.total(consumer, "cb_pop_front", cb)
    if not pushed or not popped or pushed == popped:
        return None
    found = _found(graph, cb, (producer, pushed), (consumer, popped)) or _found(
        graph, cb, (consumer, popped), (producer, pushed)
    )
    if found is None:
        return None
    counts = {found.sticks: "sticks", found.tiles: "tiles"}
    sentence = (
        f"{name(producer)} pushes {pages(pushed)} of {cb.page_size:,} B to {cb}, {pushed * cb.page_size:,} B in all, and "
        f"{name(consumer)} pops {popped} of them, {popped * cb.page_size:,} B: the one counts {counts[producer]}, the other "
        f"{counts[consumer]}; {request(stop)}"
    )
    advice = _advice(graph, cb, found, producer)
    return Root(Cause.UNITS, on(stop.core, sentence), stop, both(graph, stop), advice=advice)


def _advice(graph: Graph, cb: CircularBuffer, found: Units, producer: Risc) -> str:
    """Whoever does not count in the CB's own pages has to change; what it asks for may be right already."""
    wrong = found.tiles if found.page_is_a_stick else found.sticks
    unit, right, now = ("stick", 32, found.wide) if found.page_is_a_stick else ("tile", found.wide, 32)
    asks = graph.promises.asks(wrong, "cb_reserve_back" if wrong is producer else "cb_wait_front", cb)
    words = ("reserve", "push") if wrong is producer else ("wait for", "pop")
    deed = words[1] if size_of(asks) == right else " and ".join(words)
    return f"a page of {cb} is a {unit}: let {name(wrong)} {deed} {right} of them for each tile row instead of {now}"


def _found(graph: Graph, cb: CircularBuffer, sticks: tuple[Risc, int], tiles: tuple[Risc, int]) -> Units | None:
    rows = sticks[1] // 32
    if sticks[1] % 32 or tiles[1] % rows:
        return None
    wide = tiles[1] // rows
    stick = 32 * wide * cb.format.itemsize
    if cb.page_size == stick and stick != cb.format.tile_bytes:
        return Units(sticks[0], tiles[0], wide, True)
    if cb.page_size == cb.format.tile_bytes != stick and stick in _transfers(graph, sticks[0], tiles[0]):
        return Units(sticks[0], tiles[0], wide, False)
    return None


def _transfers(graph: Graph, *riscs: Risc) -> set[int]:
    """The sizes that these RISCs have moved over the NOC: one of them may be a stick's."""
    movers = {risc.name for risc in riscs}
    return {f.detail[0] for f in graph.device.trace.facts if f.what.startswith("noc ") and f.risc in movers}


def _sides(graph: Graph, stop: Stop) -> tuple[Risc | None, Risc | None]:
    cb = cb_of(stop)
    producers, consumers = (graph.promises.who(stop.core, c, cb) for c in ("cb_push_back", "cb_pop_front"))
    return (producers[0][0] if producers else None), (consumers[0][0] if consumers else None)
