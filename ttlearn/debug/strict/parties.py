"""Two accesses to a page of one core without an order between them: the sentence that names the one at fault.

Left out: what a fault is (`faults`), and accesses of which nothing is known (`words`).
"""

from __future__ import annotations

from typing import NamedTuple

from ...sim.sched import Risc
from ...sim.trace import Site
from .faults import Fault, reading, writing
from .pushes import unfilled
from .shadow import kernel_name
from .steps import side

READS = ("read", "noc write", "noc read there")  # accesses that take bytes


class Party(NamedTuple):
    """One access: who made it, where, when (in its own time; None: not known), to where its bytes go, and is it a read?"""

    risc: Risc
    site: Site
    time: int | None
    high: int
    read: bool

    @property
    def does(self) -> str:
        return "reads" if self.read else "writes"

    def fault(self, low: int) -> Fault | None:
        if self.time is None:
            return None
        return (reading if self.read else writing)(self.risc, self.site, low, self.high, self.time)


def told(me: Party, other: Party, where: str, low: int, early: bool) -> str:
    """The sentence on `me`'s access after the other's; empty if it is not known who is at fault.

    `early`: nobody had written the bytes when the other read them.
    """
    mine, theirs = me.fault(low), other.fault(low)
    did = f"{me.risc.label} {me.does} {where} at {me.site}, but"
    they = f"{other.risc.label} {other.does} it at {other.site}"
    if early:
        before = f"{other.risc.label} read it at {other.site}, before anybody had written it"
        if theirs is not None:
            return f"{did} {before}; {theirs}" if theirs.what else ""
        pushed = unfilled(other.risc, low) if other.time is not None else ""
        return f"{did} {before}; {pushed}" if pushed else ""
    if mine is not None and mine.where:
        theirs_there = f"{other.risc.label} {other.does} {where} at {other.site}"
        return f"{me.risc.label} {me.does} {mine.where} at {me.site}, but {theirs_there}; {mine}"
    if mine is not None:
        return f"{did} {mine}" if mine.what else f"{did} {they}, and nothing says that it has finished: {mine.step}"
    if other.time is None:
        return ""
    if theirs is None:
        more = _by_a_third(me, other, low) if me.read is not other.read else _both_fill(me, other, low)
        return f"{did} {they}, {more}" if more else ""
    if theirs.what:
        return f"{did} {they}; {theirs}"
    if other.read:
        return f"{did} {they}, and nothing says that it was there: {theirs.step}"
    return f"{did} {other.risc.label} writes it again at {other.site}, and nothing says that it was given back: {theirs.step}"


def _by_a_third(me: Party, other: Party, low: int) -> str:
    """Both have waited; then the page was popped by somebody else than the one who reads it."""
    cb, reader = me.risc.core.cb_at(low), me.risc if me.read else other.risc
    for risc in me.risc.core.riscs:
        found = side(risc, cb, True, risc.t) if cb is not None and not cb.aliased and risc is not reader else None
        if found is not None and found.moved and found.asked and risc.kernel is not reader.kernel:
            both = f"{kernel_name(reader)} and {kernel_name(risc)} both take from {cb}"
            return f"and {risc.label} has popped {cb}, at {found.moved[-1].site}: {both}, and only one kernel may"
        if found is not None and found.moved:
            return (
                f"and {risc.label} has popped {cb}, at {found.moved[-1].site}: only {kernel_name(reader)}, which reads it, "
                "may pop it"
            )
    return ""


def _both_fill(me: Party, other: Party, low: int) -> str:
    """Two kernels have reserved pages of one CB."""
    cb = me.risc.core.cb_at(low)
    if me.read or me.risc.kernel is other.risc.kernel or cb is None or cb.aliased:
        return ""
    sides = [side(party.risc, cb, False, party.risc.t) for party in (me, other)]
    if not all(found is not None and found.asked for found in sides):
        return ""
    return f"and both reserve pages of {cb}: only one kernel may fill a CB, so give each one of its own"
