"""A look at a semaphore that the waiting RISC itself sets back, when more than it had waited for had come by then.

Left out: semaphores that others set back.
"""

from __future__ import annotations

from itertools import pairwise

from ...count.made import Made
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .naming import where
from .stops import Stop, role


def sets_back(graph: Graph, stop: Stop) -> Made | None:
    """Its own noc_semaphore_set of the semaphore for which it waits."""
    found = graph.promises.setters(stop.core, semaphore_address(stop), [stop.core])
    return next((made for risc, made in found if risc is stop.risc and made.call == "noc_semaphore_set"), None)


def thrown(graph: Graph, stop: Stop) -> Root | None:
    """Increments were lost: they came between its wait and its noc_semaphore_set."""
    made = sets_back(graph, stop)
    history = stop.core.semaphores.get(semaphore_address(stop))
    if made is None or history is None or stop.wait is None:
        return None
    want, values = stop.wait.args[1], history.values
    lost = sum(max(0, before - want) for before, after in pairwise(values) if after < before)
    if not lost or values[-1] >= want:
        return None
    own = graph.promises.line(stop.risc, made)
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays {values[-1]}: "
        f"it sets it back itself, at {own}, and lost {lost} that had come by then beyond the {want} it had waited for"
    )
    advice = f"do not set it back at line {made.line}: let it grow, and wait with noc_semaphore_wait_min for {want}, then for {2 * want}, and so on"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), own), advice=advice)
