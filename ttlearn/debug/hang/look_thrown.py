"""A look at a semaphore that the waiting RISC itself sets back, when more than it had waited for had come by then.

Left out: semaphores that others set back.
"""

from __future__ import annotations

from itertools import pairwise

from ...count.made import Made
from ...sim.waits import History
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .naming import name, where
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
    own = graph.promises.line(stop.risc, made)
    passed = _passed(stop)
    if not passed:
        return _before_its_wait(stop, made, own, want, history)
    falls = [(before, after) for before, after in pairwise(values) if after < before]
    beyond, unmet = sum(max(0, before - want) for before, _ in falls), sum(b - a for b, a in falls) - passed * want
    lost = max(beyond, unmet)  # what came beyond a wait, or when there was none
    if lost <= 0 or values[-1] >= want:
        return _twice_as_one(graph, stop, own, want, history)
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays {values[-1]}: "
        f"it sets it back itself, at {own}, and lost {lost} that had come by then beyond the {want} it had waited for"
    )
    advice = f"do not set it back at line {made.line}: let it grow, and wait with noc_semaphore_wait_min for {want}, then for {2 * want}, and so on"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), own), advice=advice)


def _twice_as_one(graph: Graph, stop: Stop, own: str, want: int, history: History) -> Root | None:
    """A flag that was set again before it was cleared: of two signals one is seen."""
    again = sum(before == after == want for before, after in pairwise(history.values))
    found = graph.promises.setters(stop.core, semaphore_address(stop), list(graph.device.cores.values()))
    setting = [
        (risc, made) for risc, made in found if risc is not stop.risc and made.call.startswith("noc_semaphore_set")
    ]
    if not again or not setting or history.values[-1] >= want:
        return None
    risc, made = setting[0]
    line = graph.promises.line(risc, made)
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays "
        f"{history.values[-1]}: {name(risc)} of core {risc.core.xy} has set it, at {line}, while it still was {want}, so that two "
        f"signals were seen as one; it is set back at {own}"
    )
    advice = f"let {name(risc)} wait, before it sends the next, for a semaphore that says that the last was seen; or let both count on"
    advice += f", with noc_semaphore_inc and noc_semaphore_wait_min for {want}, then {2 * want}"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), line, own), advice=advice)


def _passed(stop: Stop) -> int:
    """How many waits for this semaphore have been over before: what they had waited for was not lost."""
    assert stop.wait is not None
    semaphore = stop.wait.args[0]
    return sum("semaphore" in call and args[:1] == (semaphore,) for _, call, args, _ in stop.risc.waits)


def _before_its_wait(stop: Stop, made: Made, own: str, want: int, history: History) -> Root | None:
    """It clears the semaphore when what it is going to wait for has come already."""
    values = history.values
    lost = sum(before - after for before, after in pairwise(values) if after < before)
    if not lost or values[-1] >= want or values[-1] + lost < want:
        return None
    sentence = (
        f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {history.name} is {want}, and it stays {values[-1]}: "
        f"it sets it back itself before that, at {own}, and lost {lost} that had come by then"
    )
    advice = f"leave out the noc_semaphore_set at line {made.line}: {history.name} begins at {values[0]}, as the program describes it"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), own), advice=advice)
