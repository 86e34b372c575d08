"""A look at a semaphore of one core that nobody changes, though a kernel changes those of the same number on other cores.

A rehearsal tells to which cores each RISC would send. Left out: targets that depend on data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ...sim.sched import Risc
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .look_signals import never_sends, setters, stays
from .naming import cores, name
from .stops import Stop


def unaimed(graph: Graph, stop: Stop) -> Root | None:
    """All who change a semaphore of this number are known to change other cores' only."""
    changing = setters(graph, stop)
    if not changing or not all(never_sends(graph, stop, risc) for risc, _ in changing):
        return None
    address, here = semaphore_address(stop), stop.core.xy
    aims = {risc: graph.promises.aims(risc, address) for risc, _ in changing}
    aimed = sorted({xy for found in aims.values() for xy in found})
    risc, made = changing[0]
    line = graph.promises.line(risc, made)
    what = f"that of {cores(aimed)}" if aimed else "none"
    sentence = f"{stays(stop)}: nobody changes that of core {here}; {name(risc)}, at {line}, changes {what}"
    sentence += _idle(graph, stop, list(aims), address)
    advice = (
        f"look at the runtime arguments of {name(risc)}: one core should change that of core {here}{_twice(aims, here)}"
    )
    sites = (str(stop.site), line)
    return Root(Cause.SEMAPHORE, sentence, stop, sites, advice=f"{advice}; or do not wait for it there")


def _idle(graph: Graph, stop: Stop, aiming: list[Risc], address: int) -> str:
    """Cores that run the same kernel, and whose arguments let it change none."""
    sources = {risc.kernel.kernel_source for risc in aiming if risc.kernel is not None}
    movers = (risc for core in graph.device.cores.values() for risc in core.riscs[:2] if risc.kernel is not None)
    alike = (risc for risc in movers if risc.kernel.kernel_source in sources and never_sends(graph, stop, risc))
    idle = [risc.core.xy for risc in alike if not graph.promises.aims(risc, address)]
    if not idle:
        return ""
    return (
        f"; {cores(idle)} {'runs' if len(idle) == 1 else 'run'} the same kernel and change{'s' * (len(idle) == 1)} none"
    )


def _twice(aims: Mapping[Risc, set[tuple[int, int]]], here: tuple[int, int]) -> str:
    """Who changes what another one changes, too: one of them may have the wrong target."""
    counted = Counter(xy for found in aims.values() for xy in found)
    xy = next((xy for xy, count in sorted(counted.items()) if count > 1), None)
    both = sorted(risc.core.xy for risc, found in aims.items() if xy in found and risc.core.xy != here)
    if xy is None or not both:
        return ""
    return f"; {cores(both)} {'changes' if len(both) == 1 else 'change'} that of core {xy}, as another core does"
