"""The root causes of a hang: each end of a chain of waits is looked at, and so is each circle.

A look is a function (graph, stop) -> Root or None; the first that fits says what it is. Left out: the words around
it (`diagnosis`), and trying out changes (`ttlearn.host.changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...sim.waits import Role
from .causes import Cause, Root
from .graph import Graph, hopeless
from .look_cb import never, short, too_large
from .look_circle import circle
from .look_cores import barrier, semaphore
from .look_engine import dst, not_configured, wrong_operation
from .look_popped import overdrawn, popped
from .look_units import units
from .naming import where
from .stops import Reason, Stop

Look = Callable[[Graph, Stop], Root | None]
_CB_LOOKS: tuple[Look, ...] = (units, overdrawn, popped, too_large, never, short)
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
_BY_TEXT = (Reason.FRONT, Reason.BACK, Reason.SEMAPHORE, Reason.DST_FULL, Reason.DST_EMPTY)


def roots(graph: Graph) -> list[Root]:
    """Every root, the surest first."""
    found = [root for stop in graph.ends() for root in _looks(graph, stop)]
    circles = [stops for stops in graph.circles() if not any(hopeless(stop) for stop in stops)]
    found += [_untold(graph, stops) or circle(graph, stops) for stops in circles]
    order = list(Cause)
    found = sorted(found, key=lambda root: (order.index(root.cause), root.stop.core.xy, _behind(root)))
    return found or [_not_told(stop) for stop in [*graph.ends(), *graph.stops][:1]]


def _behind(root: Root) -> bool:
    """A mover that waits for pages comes after the engine: what the engine lacks explains it, and not the reverse."""
    return root.stop.reason is Reason.FRONT and root.stop.risc.role is Role.MOVER


def _looks(graph: Graph, stop: Stop) -> Iterator[Root]:
    """The first look that fits; one that needs the text of kernels only where there is text."""
    untold = _untold(graph, [stop])
    if untold is not None and not hopeless(stop):
        yield untold
        return
    for look in (too_large,) if untold is not None else _LOOKS.get(stop.reason, ()):
        root = look(graph, stop)
        if root is not None:
            yield root
            return


def _untold(graph: Graph, stops: list[Stop]) -> Root | None:
    """Where the cause would have to be read from a kernel whose text cannot be found."""
    asking = [stop for stop in stops if stop.reason in _BY_TEXT]
    if not asking:
        return None
    first = min(asking, key=lambda stop: stop.engine)
    wide = any(stop.reason is Reason.SEMAPHORE for stop in asking)
    names = graph.promises.untold(list(graph.device.cores.values()) if wide else [stop.core for stop in asking])
    if not names:
        return None
    sentence = (
        f"{where(first.core, first.who)} waits in {first.call} at {first.site}; why is not decided, since the "
        f"source text of {', '.join(names)} cannot be found (was it run by exec of a string?)"
    )
    advice = "put the kernels into a file or a notebook cell, where their text can be read, and run again"
    return Root(Cause.NOT_TOLD, sentence, first, (str(first.site),), advice=advice)


def _not_told(stop: Stop) -> Root:
    sentence = f"{where(stop.core, stop.who)} waits in {stop.call} at {stop.site}, and nobody is left who could help it"
    return Root(Cause.NOT_TOLD, sentence, stop, (str(stop.site),))
