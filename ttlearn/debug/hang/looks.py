"""The root causes of a hang: each end of a chain of waits is looked at, and so is each circle.

A look is a function (graph, stop) -> Root or None; the first that fits says what it is. Left out: the words around
it (`diagnosis`), and trying out changes (`ttlearn.host.changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .causes import Cause, Root
from .graph import Graph, hopeless
from .look_cb import never, popped, short, too_large
from .look_circle import circle
from .look_cores import barrier, semaphore
from .look_engine import dst, not_configured, wrong_operation
from .look_units import units
from .naming import where
from .stops import Reason, Stop

Look = Callable[[Graph, Stop], Root | None]
_CB_LOOKS: tuple[Look, ...] = (units, popped, too_large, never, short)
_LOOKS: dict[Reason, tuple[Look, ...]] = {
    Reason.UNCONFIGURED: (not_configured,),
    Reason.SRC_FULL: (wrong_operation,),
    Reason.SRC_EMPTY: (wrong_operation,),
    Reason.DST_FULL: (dst,),
    Reason.DST_EMPTY: (dst,),
    Reason.FRONT: _CB_LOOKS,
    Reason.BACK: _CB_LOOKS,
    Reason.BARRIER: (barrier,),
    Reason.SEMAPHORE: (semaphore,),
}


def roots(graph: Graph) -> list[Root]:
    """Every root, the surest first."""
    found = [root for stop in graph.ends() for root in _looks(graph, stop)]
    found += [circle(graph, stops) for stops in graph.circles() if not any(hopeless(stop) for stop in stops)]
    order = list(Cause)
    found = sorted(found, key=lambda root: (order.index(root.cause), root.stop.core.xy))
    return found or [_not_told(stop) for stop in [*graph.ends(), *graph.stops][:1]]


def _looks(graph: Graph, stop: Stop) -> Iterator[Root]:
    """The first look that fits."""
    for look in _LOOKS.get(stop.reason, ()):
        root = look(graph, stop)
        if root is not None:
            yield root
            return


def _not_told(stop: Stop) -> Root:
    sentence = f"{where(stop.core, stop.who)} waits in {stop.call} at {stop.site}, and nobody is left who could help it"
    return Root(Cause.NOT_TOLD, sentence, stop, (str(stop.site),))
