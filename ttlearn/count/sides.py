"""Who does what with a CB: the calls of each kernel and their totals. Left out: what depends on data, which is None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .made import Made
from .poly import Poly

CB_CALLS = ("cb_reserve_back", "cb_push_back", "cb_wait_front", "cb_pop_front")


@dataclass(frozen=True)
class Entry:
    """One call: its kernel, line, group (CB, NOC, semaphore, DST, init), the RISC that does it, the loops around it."""

    kernel: str
    line: int
    group: str
    role: str
    text: str
    loops: tuple[str, ...]
    made: Made


@dataclass(frozen=True)
class Side:
    """What one kernel does with one CB. Totals are pages; None is "not decidable"."""

    kernel: str
    role: str
    pushed: Poly | None
    popped: Poly | None
    reserved: Poly | None
    calls: tuple[Entry, ...]

    def has(self, call: str) -> bool:
        return any(entry.made.call == call for entry in self.calls)

    def per_trip(self, call: str) -> str:
        """The requests of one kind as they stand in the text: `Wt`, `1, 32`."""
        asked = [entry.made.counts[1] for entry in self.calls if entry.made.call == call and len(entry.made.counts) > 1]
        return ", ".join(dict.fromkeys("?" if count is None else str(count) for count in asked))


def sides_of(entries: list[Entry]) -> dict[str, tuple[Side, ...]]:
    """Per CB, what each kernel does with it."""
    sides: dict[str, dict[str, list[Entry]]] = {}
    for entry in entries:
        if entry.made.call in CB_CALLS and entry.made.counts:
            sides.setdefault(_label(entry), {}).setdefault(entry.kernel, []).append(entry)
    ordered = sorted(sides, key=lambda label: (label == "c_?", int(label[2:]) if label[2:].isdigit() else 0))
    return {label: tuple(_side(kernel, calls) for kernel, calls in sides[label].items()) for label in ordered}


def _label(entry: Entry) -> str:
    index = entry.made.counts[0]
    return f"c_{index.constant}" if index is not None and index.constant is not None else "c_?"


def _side(kernel: str, calls: list[Entry]) -> Side:
    def total(call: str) -> Poly | None:
        sums = [
            e.made.total(e.made.counts[1] if len(e.made.counts) > 1 else None) for e in calls if e.made.call == call
        ]
        result: Poly | None = Poly({})
        for part in sums:
            result = result + part if result is not None and part is not None else None
        return result

    roles = " and ".join(dict.fromkeys(entry.role for entry in calls))
    return Side(kernel, roles, total("cb_push_back"), total("cb_pop_front"), total("cb_reserve_back"), tuple(calls))


def state(sides: Sequence[Side]) -> str:
    """One word for a CB: balanced, differs, one-sided, not decidable, or on what it depends."""
    pushed, popped = ([getattr(s, what) for s in sides if s.has(call)] for what, call in
                      (("pushed", "cb_push_back"), ("popped", "cb_pop_front")))  # fmt: skip
    if len(pushed) != 1 or len(popped) != 1:
        return "one side only" if not (pushed and popped) else "several producers or consumers"
    if pushed[0] is None or popped[0] is None:
        return "not decidable"
    if not (pushed[0] - popped[0]).terms:
        return "balanced"
    if not (pushed[0].exact() - popped[0].exact()).terms:
        return "balanced if even"
    return "≠ differs" if comparable(pushed[0], popped[0]) else f"if {pushed[0]} = {popped[0]}"


def comparable(x: Poly, y: Poly) -> bool:
    """Two formulas of different kernels: only the same names can be taken to mean the same."""
    return not x.names ^ y.names
