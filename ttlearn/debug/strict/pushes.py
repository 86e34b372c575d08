"""Pages that were handed on and never filled: who pushed them, and where did its bytes go instead?

Worked out when a finding is made. Left out: stores by pointers, of which no list is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.trisc import Trisc
from ...sim.work import Kind, Work
from .shadow import is_semaphore, place
from .steps import Side, Step, side
from .trips import once, pointer_once


class Put(NamedTuple):
    """Bytes that a producer has sent to `address`: when it called for that (cycles of its RISC), and where."""

    time: int
    address: int
    site: Site


def unfilled(risc: Risc, low: int) -> str:
    """Who has handed on the page at `low`, which `risc` has read and nobody had written; empty if nobody has."""
    cb = risc.core.cb_at(low)
    for other in risc.core.riscs:
        found = side(other, cb, False, other.t) if cb is not None and other is not risc else None
        if found is not None and found.moved:
            return f"{other.label} {_handed_on(other, found, low)}"
    return ""


def unreserved(risc: Risc, low: int) -> str:
    """Who has pushed more pages of the CB at `low` than it had reserved; empty if nobody has."""
    cb = risc.core.cb_at(low)
    for other in risc.core.riscs:
        found = side(other, cb, False, other.t) if cb is not None and not cb.aliased and other is not risc else None
        if found is not None and found.over is not None:
            return f"{other.label} {': '.join(overpushed(found, *found.over))}"
    return ""


def overpushed(found: Side, push: Step, pushed: int, reserved: int) -> tuple[str, str]:
    """What it did, and what would mend it: with this push it has handed on pages that it had not reserved."""
    pages = f"{pushed} page{'s' * (pushed != 1)} of {found.cb}"
    if not found.asked:
        return f"has pushed {pages} and reserved none, at {push.site}", "reserve each page before it is filled"
    ask = next(step for step in reversed(found.asked) if step.time <= push.time or step is found.asked[0])
    what = f"has pushed {pages} when it had reserved {reserved}, at {push.site}"
    if once(ask.site, push.site):
        return f"{what}; the reserve, at {ask.site}, stands before that loop", "let both stand in the same loop"
    return f"{what}; the reserve is at {ask.site}", f"reserve {push.pages} before it, or push {ask.pages}"


def _handed_on(other: Risc, found: Side, low: int) -> str:
    """What the pusher of the page at `low` did in place of filling it, as far as that is known."""
    push = next((move for move in found.moved if found.covers(move, low)), found.moved[-1])
    if found.asked and found.over is not None and found.over[0].time <= push.time:
        return ": ".join(overpushed(found, *found.over))
    earlier = max((move.time for move in found.moved if move.time < push.time), default=-1)
    puts = [put for put in _puts(other) if earlier <= put.time <= push.time]
    astray = next((put for put in reversed(puts) if not _in_place(other, found, push, put)), None)
    if astray is not None:
        what = "packs" if isinstance(other, Trisc) else "reads"
        goes = f"what it {what} before that, at {astray.site}, goes to {place(other.core, astray.address)}"
        return f"has pushed it, at {push.site}, but {goes}: {_meant(other, found.cb, astray, push)}"
    step = _other_format(other, found.cb) or "let it push a page when that is filled"
    if (
        isinstance(other, Trisc)
        and not found.cb.aliased
        and not any(other.core.cb_at(put.address) is found.cb for put in puts)
    ):
        step = f"it packs nothing into {found.cb} before that: let it pack what it pushes"
    return f"has pushed it all the same, at {push.site}: {step}"


def _other_format(risc: Risc, cb: CircularBuffer) -> str:
    """Its packer was set to the format of another CB, whose tiles are smaller."""
    for entry in risc.queue if isinstance(risc, Trisc) else ():
        if isinstance(entry, Work) and entry.kind is Kind.PACK and risc.core.cb_at(entry.a) is cb:
            made, page = entry.conf.format, cb.format
            if made is not None and made.tile_bytes < page.tile_bytes:
                sizes = f"{made.name.lower()} tiles of {made.tile_bytes:,} bytes, and {cb} holds {page.name.lower()}"
                return f"the packer makes {sizes}, {page.tile_bytes:,} bytes each: call pack_reconfig_data_format({cb}) before"
    return ""


def _meant(risc: Risc, cb: CircularBuffer, put: Put, push: Step) -> str:
    there = risc.core.cb_at(put.address)
    if isinstance(risc, Trisc):
        return f"is {cb} meant?" if there is not cb else f"pack into the page that {cb} has reserved"
    return stale_pointer(put.site, push) or f"`get_write_ptr({cb.index})` is where the page to fill begins"


def stale_pointer(site: Site, push: Step) -> str:
    """The line at `site` writes to an address that was asked for once, before the loop of this push; else empty."""
    asked = None if "get_write_ptr" in site.text else pointer_once("get_write_ptr", push.site)
    if asked is None or asked.code is not site.code:
        return ""
    return (
        f"`get_write_ptr` is called once, at {asked}, before the loop; it moves on only with a push, so call it again in "
        "each trip"
    )


def asked_once(risc: Risc, site: Site) -> str:
    """`stale_pointer`, for the last push of this kernel."""
    for fact in reversed(risc.core.device.trace.facts):
        if (fact.what, fact.risc, fact.core) == ("push", risc.name, risc.core.xy) and fact.site is not None:
            return stale_pointer(site, Step(fact.start, fact.detail[1], fact.site))
    return ""


def _in_place(risc: Risc, filled: Side, push: Step, put: Put) -> bool:
    """Did it go into a page of this push, or into one that it had reserved, or can that not be told?"""
    cb = risc.core.cb_at(put.address)
    if cb is None:
        return is_semaphore(risc.core, put.address)
    if cb is filled.cb and filled.covers(push, put.address):
        return True
    found = None if cb.aliased else side(risc, cb, False, put.time)
    return found is None or found.index(put.address) < found.promised


def _puts(risc: Risc) -> Iterator[Put]:
    """What this RISC has packed, or read into its core, in order."""
    for entry in risc.queue if isinstance(risc, Trisc) else ():
        if isinstance(entry, Work) and entry.kind is Kind.PACK:
            for k in range(entry.n):
                yield Put(entry.stamp_of(k), entry.a + k * entry.da, entry.site)
    for fact in risc.core.device.trace.facts:
        if (fact.what, fact.risc, fact.core) == ("noc read", risc.name, risc.core.xy) and fact.site is not None:
            yield Put(fact.detail[1], fact.detail[2], fact.site)
