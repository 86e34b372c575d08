"""The explanation of a hang: the root cause, who only waits because of it, and the evidence.

A `Diagnosis` is data and text; equal cores are folded into one. Left out: finding the cause (`looks`), the tables of
a core (`evidence`), trying out changes (`ttlearn.host.changes`), HTML and the picture (`hang_html`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...sim.device import Core, Device
from .causes import Cause, Root
from .evidence import core_lines
from .graph import Graph
from .looks import roots
from .naming import cores as cores
from .stops import Reason, Stop

GROUPS = 4  # kinds of cores that are shown


@dataclass(frozen=True)
class Change:
    """A change that would let the program run: what, and what trying it has shown."""

    text: str
    outcome: str  # "finishes, output right" | "finishes, output not verified" | "not tried"


@dataclass(frozen=True)
class Group:
    """Cores that stand still alike: the first of them, all of them, and their lines of text."""

    first: Core
    cores: tuple[tuple[int, int], ...]
    stops: tuple[Stop, ...]
    lines: tuple[str, ...]


@dataclass
class Diagnosis:
    """Why a device hangs. `cause`, `sites` and `victims` are for programs, `str()` is for people."""

    device: Device
    graph: Graph
    found: list[Root]
    groups: list[Group]
    change: Change | None = field(default=None)

    @property
    def root(self) -> Root:
        return self.found[0]

    @property
    def cause(self) -> Cause:
        return self.root.cause

    @property
    def sentence(self) -> str:
        return self.root.sentence

    @property
    def sites(self) -> tuple[str, ...]:
        """The lines on both sides: where it waits, and where the promise would have been kept."""
        return self.root.sites

    @property
    def core(self) -> tuple[int, int]:
        """The core at which the cause shows."""
        return self.root.stop.core.xy

    @property
    def victims(self) -> list[Stop]:
        """Who only waits because of the root."""
        reason = self.root.stop.reason
        alike = [s for s in self.graph.stops if s.reason is reason and reason is Reason.UNCONFIGURED]
        return self.graph.before([*(self.root.circle or [self.root.stop]), *alike])

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join([*self._head(), *self._because(), *self._circle(), *self._change(), *self._evidence()])

    def _head(self) -> list[str]:
        cycle = f"{self.device.cycles:,}"
        lines = [
            f"The device hangs, nothing moves after cycle {cycle}: {self.sentence}.",
            f"Cause: {self.cause.value}.",
            *(f"The other side: {site}." for site in self.sites[1:] if not self.root.circle and not self._told(site)),
        ]
        alike = [r for r in self.found[1:] if r.cause is self.cause and r.stop.core is not self.root.stop.core]
        others = {r.stop.core.xy for r in alike}
        if others:
            lines.append(f"The same on {cores(sorted(others))}.")
        return lines

    def _told(self, site: str) -> bool:
        """Does the sentence, or the advice, name this line already?"""
        line = re.search(r"line \d+", site)
        said = f"{self.sentence} {self.change.text if self.change else ''}"
        return line is not None and re.search(rf"{line[0]}\b", said) is not None

    def _because(self) -> list[str]:
        """The victims: those of the root's core in one line, those of other cores in one line for the same cores."""
        near = [s for s in self.victims if s.core is self.root.stop.core]
        lines = []
        if near:
            names = ", ".join(dict.fromkeys(f"{stop.who} in {stop.call}" for stop in near))
            lines.append(f"Waiting only because of that: {names}.")
        far: dict[str, list[tuple[int, int]]] = {}
        for stop in self.victims:
            if stop.core is not self.root.stop.core:
                far.setdefault(f"{stop.who} in {stop.call}", []).append(stop.core.xy)
        alike: dict[tuple[tuple[int, int], ...], list[str]] = {}
        for what, places in far.items():
            alike.setdefault(tuple(places), []).append(what)
        return lines + [
            f"Waiting only because of that, on {cores(list(places))}: {', '.join(calls)}."
            for places, calls in alike.items()
        ]

    def _circle(self) -> list[str]:
        """Each wait of the circle, and for whom."""
        circle = self.root.circle
        if not circle:
            return []
        following = [*circle[1:], circle[0]]
        wants = {Reason.FRONT: " to push {}", Reason.BACK: " to pop {}"}
        apart = len({stop.core for stop in circle}) > 1
        who = {stop: f"{stop.who} of core {stop.core.xy}" if apart else stop.who for stop in circle}
        lines = [
            f"  {who[stop]} in {stop.call} waits for {who[other]}{wants.get(stop.reason, '').format(stop.cb)}"
            for stop, other in zip(circle, following, strict=True)
        ]
        return ["The circle:", *lines]

    def _evidence(self) -> list[str]:
        lines = []
        ours = sorted(self.groups, key=lambda group: self.core not in group.cores)
        for group in ours[:GROUPS]:
            rest = group.cores[1:]
            more = f" and {len(rest)} more like it ({cores(list(rest))})" if rest else ""
            lines += [f"Core {group.cores[0]}{more}:", *group.lines]
        left = [core for group in ours[GROUPS:] for core in group.cores]
        return lines + ([f"Others stand still too: {cores(left)}."] if left else [])

    def _change(self) -> list[str]:
        return [f"What would help: {self.change.text} ({self.change.outcome})."] if self.change else []

    def _repr_html_(self) -> str:
        from .hang_html import as_html

        return as_html(self)


def diagnose(device: Device) -> Diagnosis:
    """The whole explanation of a stuck device."""
    graph = Graph.of(device)
    return Diagnosis(device, graph, roots(graph), list(_groups(graph)))


def _groups(graph: Graph) -> Iterator[Group]:
    """Cores that look alike, whenever each of them got there."""
    folded: dict[tuple[str, ...], list[Core]] = {}
    stopped: dict[Core, list[Stop]] = {}
    for stop in graph.stops:
        stopped.setdefault(stop.core, []).append(stop)
    for core, stops in stopped.items():
        folded.setdefault(tuple(core_lines(graph.promises, core, stops, since=False)), []).append(core)
    for alike in folded.values():
        first = alike[0]
        lines = tuple(core_lines(graph.promises, first, stopped[first], since=True))
        yield Group(first, tuple(core.xy for core in alike), tuple(stopped[first]), lines)
