"""What parties, counts and lines are called in a diagnosis."""

from __future__ import annotations

from ...count.made import Made
from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.sched import Risc
from .graph import Ended, Graph, needed
from .stops import Reason, Stop, kernel, role


def where(core: Core, who: str) -> str:
    return f"{who} of core {core.xy}" if core.device.many else who


def on(core: Core, sentence: str) -> str:
    return f"on core {core.xy}, {sentence}" if core.device.many else sentence


def name(risc: Risc) -> str:
    return f"{role(risc)} ({kernel(risc)})"


def names(ends: list[Ended]) -> str:
    return " and ".join(name(party.risc) for party in ends)


def pages(count: int) -> str:
    return f"{count} page{'s' * (count != 1)}"


def ordinal(count: int) -> str:
    """`a 3rd`, `an 8th`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(count % 10 if count % 100 not in (11, 12, 13) else 0, "th")
    return f"{'an' if str(count)[0] == '8' or str(count) in ('11', '18') else 'a'} {count}{ending}"


def cb_of(stop: Stop) -> CircularBuffer:
    assert stop.cb is not None
    return stop.cb


def request(stop: Stop) -> str:
    """What the waiting side asks for, and what would have to be there."""
    cb = cb_of(stop)
    if stop.reason is Reason.FRONT:
        return f"{role(stop.risc)} waits for {ordinal(needed(stop))} at {stop.site}"
    return f"{role(stop.risc)} waits for {stop.pages} free of {pages(cb.num_pages)} at {stop.site}"


def both(graph: Graph, stop: Stop) -> tuple[str, ...]:
    """The waiting line, and the other side's call."""
    call = "cb_push_back" if stop.reason is Reason.FRONT else "cb_pop_front"
    other = graph.promises.who(stop.core, call, cb_of(stop))
    return (str(stop.site), *(graph.promises.line(risc, made) for risc, made in other[:1]))


def only(made: Made | None) -> str:
    """Under which condition a call stands: ` only where i < 4`; empty if under none."""
    inner = (
        [trip.text for trip in made.around if not trip.label and trip.text.startswith(("if ", "unless "))]
        if made
        else []
    )
    inner = [text for text in inner if text[3:] not in ("UNPACK()", "MATH()", "PACK()")]
    if not inner:
        return ""
    text = inner[-1]
    return f" only where {text[3:]}" if text.startswith("if ") else f" only where not ({text[7:]})"


def cores(places: list[tuple[int, int]]) -> str:
    """`core (0, 0)`, `cores (1, 0), (2, 0)`, and how many more there are after four."""
    shown = ", ".join(f"({x}, {y})" for x, y in places[:4])
    return f"core{'s' * (len(places) > 1)} {shown}" + (f" and {len(places) - 4} more" if len(places) > 4 else "")
