"""`tt.compare`: the first call at which two runs part, RISC by RISC, by call and arguments and not by time.

Left out: why; that is the diagnosis of the one that hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ..debug.hang.stops import role
from ..errors import DeviceHang, HostError
from ..host.run import Run
from ..sim.device import Core
from ..sim.trace import Event
from .calls import MOVES, Call, by_core, calls


@dataclass(frozen=True)
class Parting:
    """Where one RISC of two runs parts: its `number`th call, from 0. None: this run makes no more calls."""

    core: tuple[int, int]
    risc: str
    number: int
    good: Call | None
    bad: Call | None
    before: tuple[tuple[Any, ...], ...]  # a CB, its last push and pop in the good run, and in the bad one

    def __str__(self) -> str:
        place = f"{self.risc} of core {self.core}, call {self.number + 1}"
        lines = [f"{place}:", f"  good: {_told(self.good)}", f"  bad:  {_told(self.bad)}"]
        for cb, *moves in self.before:
            good, bad = (f"{_last('push', moves[k])}, {_last('pop', moves[k + 1])}" for k in (0, 2))
            lines += [f"  {cb} before it, good: {good}", f"  {' ' * len(cb)}             bad: {bad}"]
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class Comparison:
    """Every RISC that parts, the `first` one first: other calls before waits that never end, then by time."""

    partings: tuple[Parting, ...]

    @property
    def first(self) -> Parting | None:
        """The parting to look at; None if both runs make the same calls."""
        return self.partings[0] if self.partings else None

    def __repr__(self) -> str:
        if self.first is None:
            return "the two runs make the same calls"
        rest = [f"{p.risc} of core {p.core}: {_short(p)}" for p in self.partings[1:9]]
        more = [f"and {len(self.partings) - 9} more"] if len(self.partings) > 9 else []
        return "\n".join(["the runs part at", str(self.first), *(["then"] if rest else []), *rest, *more])


def compare(good: Run | DeviceHang, bad: Run | DeviceHang) -> Comparison:
    """Where two runs part: per core and RISC the first call that differs in its name or its arguments.

    Takes two `Run`s, or the DeviceHang of one that hangs. Times are in cycles of the model, and do not count as a
    difference; nor do L1 addresses. The result prints the first parting, with both source lines and, for each CB of that
    core, its last push and pop before it in both runs.
    Raises HostError for anything else than a Run or a DeviceHang with one.

        print(tt.compare(tt.generic_op(*fixed()), hang))
    """
    here, there = _run(good), _run(bad)
    facts, places = (by_core(here), by_core(there)), dict.fromkeys((*here.device.cores, *there.device.cores))
    found: list[Parting] = []
    for xy in places:
        of_core = facts[0].get(xy, []), facts[1].get(xy, [])
        found += _of_core(of_core, here.device.cores.get(xy), there.device.cores.get(xy))
    return Comparison(tuple(sorted(found, key=_rank)))


def _run(given: Run | DeviceHang) -> Run:
    run = given.run if isinstance(given, DeviceHang) else given
    if not isinstance(run, Run):
        raise HostError(f"compare takes what generic_op returns, or the DeviceHang that it raises, not {given!r}")
    return run


def _of_core(facts: tuple[list[Event], list[Event]], good: Core | None, bad: Core | None) -> Iterator[Parting]:
    some = good or bad
    assert some is not None
    for k, risc in enumerate(some.riscs):
        one, other = (
            [] if core is None else calls(mine, core.riscs[k]) for mine, core in zip(facts, (good, bad), strict=True)
        )
        number = next((n for n, (a, b) in enumerate(zip_longest(one, other)) if a != b), None)
        if number is not None:
            a, b = (made[number] if number < len(made) else None for made in (one, other))
            moves = [_last_moves(mine, _until(made, number)) for mine, made in zip(facts, (one, other), strict=True)]
            before = tuple(
                (f"c_{index}", *(made.get((index, what)) for made in moves for what in ("push", "pop")))
                for index in sorted({index for made in moves for index, _ in made})
            )
            yield Parting(some.xy, role(risc), number, a, b, before)


def _until(made: list[Call], number: int) -> int:
    """The time of a call, or of the last one."""
    return made[min(number, len(made) - 1)].time if made else 0


def _last_moves(facts: list[Event], end: int) -> dict[tuple[int, str], Call]:
    """The last push and pop of each CB up to a cycle; the second argument is how many pages there are in all by then."""
    last = {}
    for fact in facts:
        if fact.what in MOVES and fact.start <= end:
            index, _, total = fact.detail
            last[index, fact.what] = Call(MOVES[fact.what], (f"c_{index}", str(total)), False, fact.start, fact.site)
    return last


def _rank(parting: Parting) -> tuple[bool, int]:
    """Who does something else comes before who only waits for ever; then the earlier in the bad run."""
    bad, good = parting.bad, parting.good
    time = bad.time if bad is not None else good.time if good is not None else 0
    return bad is not None and bad.stuck, time


# ---- words --------------------------------------------------------------------------------------------------


def _told(call: Call | None) -> str:
    if call is None:
        return "makes no more calls"
    return f"{call}{', and never comes back,' * call.stuck} at cycle {call.time:,}, {call.site}"


def _short(parting: Parting) -> str:
    good, bad = (str(call) if call is not None else "no more calls" for call in (parting.good, parting.bad))
    stuck = parting.bad is not None and parting.bad.stuck
    on = "goes on" if good == bad else f"has {good}"
    return f"{'waits for ever in ' * stuck}{bad} where the good run {on}"


def _last(what: str, call: Call | None) -> str:
    if call is None:
        return f"no {what}"
    return f"{what} {call.args[1]} at cycle {call.time:,} (line {call.site.line if call.site is not None else '?'})"
