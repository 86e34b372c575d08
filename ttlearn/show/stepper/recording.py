"""What a recording holds, and how it is written as JSON.

A state is a flat dict from key to value, as in `risc NCRISC` to [state, place, words] or `cb 0 pushed` to 32; a step holds
the keys that change. Left out: where it comes from (`record`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from .buffers import Transfer
from .change import Jump
from .places import Json

State = dict[str, Any]


@dataclass
class Step:
    """At `cycle` the keys of `changes` take new values; `told` are the lines of the log."""

    cycle: int
    changes: State = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    jumps: set[Jump] = field(default_factory=set)


@dataclass(frozen=True)
class Recording:
    """`start` and `steps` are of the part recorded: `total` steps has the run, and the part begins after `first` of them."""

    core: tuple[int, int]
    cycles: int
    hung: bool
    diagnosis: str  # empty without a hang, or if none was asked for
    facts: Json  # what never changes: chip, RISCs, CBs, sources, places
    start: State
    steps: list[Step]
    transfers: list[Transfer]
    landed: int  # transfers before the part
    first: int
    total: int

    def state(self, k: int) -> State:
        """After k steps, from 0 to all."""
        state = dict(self.start)
        for step in self.steps[:k]:
            state |= step.changes
        return state

    def part(self, begin: int, end: int) -> Recording:
        """Steps `begin` to `end` only."""
        steps = self.steps[begin:end]
        low, high = steps[0].cycle, steps[-1].cycle
        return replace(
            self,
            start=self.state(begin),
            steps=steps,
            transfers=[t for t in self.transfers if t.land >= low and t.begin <= high],
            landed=self.landed + sum(t.land < low for t in self.transfers),
            first=self.first + begin,
        )

    @property
    def words(self) -> str:
        """Which part of the run this is; empty for all of it."""
        if len(self.steps) == self.total:
            return ""
        last = self.first + len(self.steps)
        cycles = f"cycle {self.steps[0].cycle:,} to {self.steps[-1].cycle:,} of {self.cycles:,}"
        return f"steps {self.first + 1:,} to {last:,} of {self.total:,} ({cycles}); begin= and end= choose others"

    def data(self) -> Json:
        """For JSON: keys, values and log lines are each kept once, and named by their number."""
        keys, values, told = _Table(), _Table(), _Table()
        return {
            "core": list(self.core),
            "cycles": self.cycles,
            "hung": self.hung,
            "diagnosis": self.diagnosis,
            "part": self.words,
            "landed": self.landed,
            "first": self.first,
            "total": self.total,
            **self.facts,
            "start": self.start,
            "steps": [
                [
                    step.cycle,
                    [n for key, value in step.changes.items() for n in (keys.number(key), values.number(value))],
                    [told.number(line) for line in step.told],
                    "".join(sorted(jump.value for jump in step.jumps)),
                ]
                for step in self.steps
            ],
            "transfers": [[t.begin, t.land, told.number(t.told), t.kind, t.cb, t.slots] for t in self.transfers],
            "keys": keys.items,
            "values": values.items,
            "told": told.items,
        }

    def json(self) -> str:
        return json.dumps(self.data(), separators=(",", ":"), ensure_ascii=False)


class _Table:
    """Items, each once."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, item: Any) -> int:
        text = json.dumps(item)
        if text not in self._numbers:
            self._numbers[text] = len(self.items)
            self.items.append(item)
        return self._numbers[text]
