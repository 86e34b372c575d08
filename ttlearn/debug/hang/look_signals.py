"""Looks at semaphores that other cores are to bring to a value: by whom, who was left out, what was sent, how it adds up.

The trace tells what has really arrived, the kernels' text who could have sent it. Left out: semaphores that nobody
changes, and those that went past their value (`look_cores`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ...count.made import Made
from ...sim.sched import Risc
from ...sim.trace import Event, line_of
from .causes import Cause, Root
from .graph import Graph, semaphore_address
from .look_thrown import thrown
from .naming import cores, name, where
from .stops import Reason, Stop, role

Coordinates = tuple[int, int]
Setters = list[tuple[Risc, Made]]


def signals(graph: Graph, stops: Sequence[Stop]) -> Root | None:
    """The first stop of a group for which a signal is wrong; None if each could still come."""
    waiting = [stop for stop in stops if stop.reason is Reason.SEMAPHORE and not stop.engine]
    for look in (thrown, to_itself, left_out, astray, wrong_word, adds_up_to_less):
        for stop in waiting:
            root = look(graph, stop)
            if root is not None:
                return root
    return None


def setters(graph: Graph, stop: Stop) -> Setters:
    """Who changes the semaphore; what it does to it itself, in L1, is no promise."""
    found = graph.promises.setters(stop.core, semaphore_address(stop), list(graph.device.cores.values()))
    return [(risc, made) for risc, made in found if risc is not stop.risc or made.call != "noc_semaphore_set"]


def others(graph: Graph, stop: Stop) -> Setters:
    """Who changes it besides the one that waits for it; who has only ever reached other cores is of another group."""
    found = setters(graph, stop)
    own = any(risc is stop.risc for risc, _ in found)
    return [
        (risc, made)
        for risc, made in found
        if risc is not stop.risc and not (own and _elsewhere(graph, stop, risc, made))
    ]


def _elsewhere(graph: Graph, stop: Stop, risc: Risc, made: Made) -> bool:
    reached = {_core(fact) for fact in sent(graph, risc, made)}
    return bool(reached) and stop.core.xy not in reached


def wanted(stop: Stop) -> tuple[int, int]:
    """(the value waited for, the value that is there)."""
    assert stop.wait is not None
    return stop.wait.args[1], stop.core.semaphores[semaphore_address(stop)].values[-1]


def stays(stop: Stop) -> str:
    want, have = wanted(stop)
    semaphore = stop.core.semaphores[semaphore_address(stop)].name
    return f"{where(stop.core, role(stop.risc))} waits at {stop.site} until {semaphore} is {want}, and it stays {have}"


def to_itself(graph: Graph, stop: Stop) -> Root | None:
    """Nobody but the one that waits changes the semaphore."""
    changing = setters(graph, stop)
    if not changing or others(graph, stop):
        return None
    if all(never_sends(graph, stop, risc) and "multicast" not in made.call for risc, made in changing):
        return None  # it changes other cores', as the line says that all of them run
    risc, made = changing[0]
    who = f"only it itself changes that semaphore, with {made.call} at line {made.line}"
    advice = "let another core call noc_semaphore_inc on it, or do not wait for it"
    if "multicast" in made.call and "loopback" not in made.call:
        who = f"only it itself sends to that semaphore, with {made.call} at line {made.line}"
        who += ", and a multicast leaves its sender out"
        advice = f"send with {made.call}_loopback_src, or do not wait for what this core sends itself"
    sites = (str(stop.site), graph.promises.line(risc, made))
    return Root(Cause.SEMAPHORE, f"{stays(stop)}: {who}", stop, sites, advice=advice)


def left_out(graph: Graph, stop: Stop) -> Root | None:
    """A multicast of the signal has reached others and not this core."""
    casting = [(risc, made) for risc, made in setters(graph, stop) if "multicast" in made.call]
    if len({risc.core for risc, _ in casting}) > 1:  # several groups: its own is the one that it sends to
        casting = [(risc, made) for risc, made in casting if risc.core.xy in told_by(graph, stop.risc)]
    for risc, made in casting:
        reached = sorted({_core(fact) for fact in sent(graph, risc, made)})
        if risc is stop.risc or not reached or stop.core.xy in reached:
            continue
        line = graph.promises.line(risc, made)
        sentence = f"{stays(stop)}: {name(risc)} of core {risc.core.xy} multicasts to {cores(reached)}, at {line}"
        sentence += f", and core {stop.core.xy} is not in that rectangle"
        advice = f"let the rectangle at line {made.line} reach core {stop.core.xy}, and count it in num_dests"
        return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), line), advice=advice)
    return None


def astray(graph: Graph, stop: Stop) -> Root | None:
    """All that was sent to a semaphore of this number went to other cores."""
    far = others(graph, stop)
    if not far or not all(_elsewhere(graph, stop, risc, made) for risc, made in far):
        return None
    risc, made = far[0]
    reached, line = sorted({_core(fact) for fact in sent(graph, risc, made)}), graph.promises.line(risc, made)
    sentence = f"{stays(stop)}: {name(risc)} of core {risc.core.xy} changes that of {cores(reached)}, at {line}"
    sentence += f", and nobody changes that of core {stop.core.xy}"
    advice = f"let the address at line {made.line} be that of core {stop.core.xy}, or send to that core, too"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), line), advice=advice)


def wrong_word(graph: Graph, stop: Stop) -> Root | None:
    """The signal has come, with another value than the one waited for."""
    want, have = wanted(stop)
    right = stop.core.semaphores[semaphore_address(stop)].values.count(want)
    for risc, made in others(graph, stop):
        came = [fact for fact in sent(graph, risc, made) if _core(fact) == stop.core.xy]
        if "_set" in made.call and len(came) > right:
            line = graph.promises.line(risc, made)
            sentence = f"{stays(stop)}: {name(risc)} of core {risc.core.xy} has set it, at {line}, to {have}"
            advice = f"let the word that {name(risc)} sends be {want}: noc_semaphore_set it before line {made.line}"
            return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), line), advice=advice)
    return None


def adds_up_to_less(graph: Graph, stop: Stop) -> Root | None:
    """Some never increment it, or one more is counted than there are."""
    want, have = wanted(stop)
    adding = [(risc, made) for risc, made in others(graph, stop) if "_inc" in made.call]
    done: Counter[Risc] = Counter()
    for risc, made in {(risc, made.line): (risc, made) for risc, made in adding}.values():
        reached = [_core(fact) for fact in sent(graph, risc, made)]
        if stop.core.xy in (reached or told_by(graph, risc)):  # else it is of another group
            done[risc] += reached.count(stop.core.xy)
    most = max(done.values(), default=0)
    late = [risc for risc, count in done.items() if count < most]
    values = stop.core.semaphores[semaphore_address(stop)].values
    untouched = len(values) == 1  # what was sent here went elsewhere
    fell = next(((before, after) for before, after in pairwise(values) if after < before), None)
    if have >= want or most == 0 or untouched or not all(_has_passed(graph, risc, adding) for risc in late):
        return None
    risc, made = next((risc, made) for risc, made in adding if done[risc] == most)
    line, who = graph.promises.line(risc, made), sorted(r.core.xy for r in done if r not in late)
    left = sorted([*(risc.core.xy for risc in late), *_alike(graph, stop, [risc for risc, _ in adding])])
    one = len(who) == 1
    sentence = f"{stays(stop)}: {cores(who)} {'has' if one else 'have'} incremented it, {name(risc)} at {line}"
    ended = all(risc.done for risc in done if risc not in late)
    now = f"now {'waits' if one else 'wait'} for core {stop.core.xy}"
    over = "has finished" if one else "have finished"
    sentence += f", and {over if ended else now}"
    advice = f"wait for {have}, which is what they add up to"
    if fell is not None:
        sentence += f"; it had come to {fell[0]} and was set back to {fell[1]}"
        advice = "set it back only after the wait that it has met"
    elif left:
        sentence += f"; {cores(left)} {'has' if len(left) == 1 else 'have'} passed that line without incrementing it"
        advice = f"let {cores(left)} increment it, too, or wait for {have}"
    idle = [] if left or fell is not None else _silent(graph, stop, [risc for risc, _ in adding], done)
    if idle:
        sentence += (
            f"; {cores(idle)} {'runs' if len(idle) == 1 else 'run'} the same kernel to its end without incrementing it"
        )
        advice = f"let {cores(idle)} increment it, too, or wait for {have}"
    return Root(Cause.SEMAPHORE, sentence, stop, (str(stop.site), line), advice=advice)


def never_sends(graph: Graph, stop: Stop, risc: Risc) -> bool:
    return graph.promises.never_signals(risc, stop.core, semaphore_address(stop))


def _has_passed(graph: Graph, risc: Risc, adding: Setters) -> bool:
    """Does it wait at a call that stands, in its text, behind its own that increments?"""
    calls = graph.promises.calls(risc)
    first = min(
        (k for k, made in enumerate(calls) for other, own in adding if other is risc and own is made), default=-1
    )
    for stop in graph.stops:
        if stop.risc is risc and stop.wait is not None:
            line = line_of(stop.site.code, stop.site.lasti)
            waits = [k for k, made in enumerate(calls) if made.line == line and made.call == stop.wait.call]
            return bool(waits) and 0 <= first < waits[0]
    return False


def _alike(graph: Graph, stop: Stop, adding: list[Risc]) -> list[Coordinates]:
    """Cores that run the kernel of those that increment, send to the same core, and do not increment."""
    sources = {risc.kernel.kernel_source for risc in adding if risc.kernel is not None}
    riscs = [risc for core in graph.device.cores.values() for risc in core.riscs[:2] if risc.kernel is not None]
    same = [r for r in riscs if r.kernel.kernel_source in sources and r not in adding and r is not stop.risc]
    return sorted(risc.core.xy for risc in same if stop.core.xy in told_by(graph, risc))


def _silent(graph: Graph, stop: Stop, adding: list[Risc], done: Counter[Risc]) -> list[Coordinates]:
    """Cores that run the kernel of those that increment, have come to its end, and have sent nothing to any core."""
    sources = {risc.kernel.kernel_source for risc in adding if risc.kernel is not None}
    riscs = [risc for core in graph.device.cores.values() for risc in core.riscs[:2] if risc.kernel is not None]
    same = [r for r in riscs if r.kernel.kernel_source in sources and r.done and r is not stop.risc]
    return sorted(risc.core.xy for risc in same if risc not in done and not told_by(graph, risc))


def sent(graph: Graph, risc: Risc, made: Made) -> list[Event]:
    """What a call of the text has sent, a fact for each target."""
    return [
        fact
        for fact in graph.device.trace.facts
        if fact.core == risc.core.xy
        and fact.risc == risc.name
        and fact.what in ("noc write", "noc atomic")
        and fact.detail[3] == "l1"
        and fact.site is not None
        and made.line in (fact.site.line, line_of(fact.site.code, fact.site.lasti))
    ]


def told_by(graph: Graph, risc: Risc) -> set[Coordinates]:
    """The cores that a RISC has sent something to."""
    return {
        _core(fact)
        for fact in graph.device.trace.facts
        if (fact.core, fact.risc) == (risc.core.xy, risc.name)
        and fact.what in ("noc write", "noc atomic")
        and fact.detail[3] == "l1"
    }


def _core(fact: Event) -> Coordinates:
    x, y = fact.detail[4:6]
    return x, y
