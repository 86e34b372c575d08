"""Which of two kernels did the odd thing with a page, and what would mend it: decided by what each had asked for.

A consumer may read the pages that it has waited for and not popped; a producer may write those that it has reserved and
not pushed. Who did is never blamed. Left out: bytes outside CBs, and other cores' (`words`).
"""

from __future__ import annotations

from typing import NamedTuple

from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trace import Site
from ...sim.work import Kind
from . import texts
from .pushes import overpushed, stale_pointer
from .shadow import kernel_name
from .steps import Side, Step, begins, entries, operand, side
from .trips import once


class Fault(NamedTuple):
    """`what` is wrong, empty where the other side's access says enough; and the `step` that would mend it."""

    what: str
    step: str
    where: str = ""  # what it reads, if that begins in another CB than the bytes in question

    def __str__(self) -> str:
        return ": ".join(part for part in (self.what, self.step) if part)


def reading(risc: Risc, site: Site, low: int, high: int, time: int) -> Fault | None:
    """What is wrong with a read of the pages from `low` to `high`; None if nothing is."""
    past = _wrong_format(risc, site, low) or _rows_past_the_end(risc, site, low, high)
    past = past or _past_its_ring(risc, site, low, time, True) or _over_the_end(risc, low, time, True)
    return past or _unasked(risc, site, low, high, time, True)


def writing(risc: Risc, site: Site, low: int, high: int, time: int) -> Fault | None:
    """What is wrong with a write to the pages from `low` to `high`; None if nothing is."""
    past = _wrong_format(risc, site, low) or _past_its_ring(risc, site, low, time, False)
    past = past or _over_the_end(risc, low, time, False)
    return past or _wrong_pointer(risc, site, low, time) or _unasked(risc, site, low, high, time, False)


# ---- pages that it has not asked for ------------------------------------------------------------------------


def _unasked(risc: Risc, site: Site, low: int, high: int, time: int, front: bool) -> Fault | None:
    """It has not waited for this page, or not any more."""
    cb = risc.core.cb_at(low)
    found = side(risc, cb, front, time) if cb is not None and not cb.aliased else None
    if found is None:
        return None
    if front and found.cb.pushed.values[-1] < sum(step.pages for step in found.moved):
        return _overdrawn(found)
    if found.index(low) < found.promised:
        return None
    if not front and found.asked and found.over is not None and once(found.asked[-1].site, found.over[0].site):
        what, step = overpushed(found, *found.over)
        return Fault(f"it {what}", step)
    if not found.asked:
        return _never_asked(risc, site, found.cb, front, time)
    if found.given is not None and found.index(low) < found.asked[-1].pages:
        return _given_away(risc, site, found, found.given, front, time)
    stale = stale_pointer(site, found.moved[-1]) if found.moved and not front else ""
    if stale:
        return Fault(f"it has pushed that page, at {found.moved[-1].site}", stale)
    return _too_few(found, low, high, front)


def _overdrawn(found: Side) -> Fault:
    """It has popped more pages than there ever were, so its waits are met at once."""
    popped, pushed = sum(step.pages for step in found.moved), found.cb.pushed.values[-1]
    lines = list(dict.fromkeys(str(step.site) for step in reversed(found.moved)))[:2]
    what = f"it has popped {popped} pages of {found.cb} when {pushed} were pushed, at {' and at '.join(lines[::-1])}"
    return Fault(what, "pop each page once, after its last use")


def _never_asked(risc: Risc, site: Site, cb: CircularBuffer, front: bool, time: int) -> Fault:
    call, promise = ("cb_wait_front", "push") if front else ("cb_reserve_back", "pop")
    other = texts.elsewhere(risc, call, cb)
    if other:
        return Fault("", other)
    plain = f"let {kernel_name(risc)} wait for the {promise} first, with `await {call}(...)`"
    return Fault("", plain + _other_cb(risc, site, cb, front, time))


def _other_cb(risc: Risc, site: Site, cb: CircularBuffer, front: bool, time: int) -> str:
    """It never waits for this CB, and has pages of another one that this line does not name: a guess which was meant."""
    wait, move = ("cb_wait_front", "cb_pop_front") if front else ("cb_reserve_back", "cb_push_back")
    here, other = texts.operands(risc, site), _asked_for(risc, cb, front, time)
    if other is None or not here or other.cb in here or cb in texts.named(risc, wait):
        return ""
    asked, asks = f"{'waited for' if front else 'reserved'} at {other.asked[-1].site}", other.asked[-1].site
    if cb in texts.named(risc, move):
        return f"; or is {cb} meant, and not {other.cb}, at {asks}?"
    return f"; or is {other.cb} meant, which it has {asked}?"


def _given_away(risc: Risc, site: Site, found: Side, given: Step, front: bool, time: int) -> Fault:
    """Its own pop, or push, stands before this access."""
    if once(found.asked[-1].site, given.site):
        asks, asked, gave = ("waits", "waited for", "given back") if front else ("reserves", "reserved", "pushed")
        what = f"it has {gave} what it {asked} before, at {given.site}"
        step = "let both stand in the loop, or both outside it" if front else "reserve anew for each push"
        return Fault(what, f"it {asks} once, before the loop, at {found.asked[-1].site}: {step}")
    if site.code is given.site.code and site.lasti < given.site.lasti:  # of the trip before
        asks, gave = ("waits", "given back") if front else ("reserves", "pushed")
        what = f"it has {gave} the page of the trip before, at {given.site}, and this trip {asks} for none"
        return Fault(
            what, f"let {'cb_wait_front' if front else 'cb_reserve_back'}, at {found.asked[-1].site}, come in each trip"
        )
    if front:
        return Fault(f"it has given back what it waited for before, at {given.site}", "pop it after its last use")
    meant = _asked_for(risc, found.cb, False, time)
    step = (
        f"is {meant.cb} meant, which it has reserved at {meant.asked[-1].site}?"
        if meant
        else "push it after its last write"
    )
    return Fault(f"it has pushed what it reserved before, at {given.site}", step)


def _asked_for(risc: Risc, cb: CircularBuffer, front: bool, time: int) -> Side | None:
    """Another CB of which it has pages at this time: perhaps the one that it meant."""
    for other in risc.core.cbs.values():
        found = side(risc, other, front, time) if other is not cb else None
        if found is not None and found.promised:
            return found
    return None


def _too_few(found: Side, low: int, high: int, front: bool) -> Fault:
    """It has asked for some pages, and this is one behind them."""
    last, at, cb = found.asked[-1], found.index(low), found.cb
    asked, ask, use, end = (
        ("waited for", "wait for", "read", "front") if front else ("reserved", "reserve", "write", "back")
    )
    pages = f"{last.pages} page{'s' * (last.pages != 1)}"
    what = f"it has {asked} {pages} of {cb}, at {last.site}, and this is page {at + 1} from the {end} on"
    need, only = at + max(1, -(-(high - low) // found.page)), f"{use} only what it has {asked}"
    return Fault(what, only if need > cb.num_pages else f"{ask} {need}, or {only}")


def fewer(risc: Risc, cb: CircularBuffer, low: int, high: int, time: int) -> Step | None:
    """Its last wait for a CB from which it reads the bytes from `low` to `high`, if that was for fewer pages."""
    found = side(risc, cb, True, time)
    if found is None or not found.asked or found.promised * found.page >= high - low:
        return None
    return found.asked[-1]


# ---- formats and addresses ----------------------------------------------------------------------------------------------


def _wrong_format(risc: Risc, site: Site, low: int) -> Fault | None:
    """The engine moves tiles that are larger than the CB's pages: it is set to another CB's format."""
    work, cb = next(iter(entries(risc, site)), None), risc.core.cb_at(low)
    if work is None or cb is None or work.kind is not Kind.PACK or work.conf.format is None:
        return None
    moved, page = work.conf.format, cb.format
    if moved.tile_bytes <= page.tile_bytes:
        return None
    return Fault(
        f"the packer makes {moved.name.lower()} tiles of {moved.tile_bytes:,} bytes, and {cb} holds {page.name.lower()}, "
        f"{page.tile_bytes:,} bytes each",
        f"name {cb} as the output of compute_kernel_hw_startup, or call pack_reconfig_data_format({cb}) before",
    )


def _rows_past_the_end(risc: Risc, site: Site, low: int, high: int) -> Fault | None:
    """A tilize that begins in a CB and takes more sticks than are left there."""
    begin = begins(risc, site, low, high)
    cb = risc.core.cb_at(begin) if begin is not None else None
    if begin is None or cb is None or low < cb.limit:
        return None
    first, taken = (begin - cb.base) // cb.page_size, (high - begin) // cb.page_size
    step = f"give {cb} room for {taken} pages, or read only what it has waited for"
    if taken <= cb.num_pages:
        step = f"it takes {taken} pages from there on, so pop {taken} each time"
    return Fault(f"{cb} has {cb.num_pages - first} there", step, f"page {first} of {cb} and {taken - 1} more")


def _past_its_ring(risc: Risc, site: Site, low: int, time: int, front: bool) -> Fault | None:
    """The engine's index goes behind the end of the CB that the call names, into another one's memory."""
    named, here = texts.operands(risc, site), risc.core.cb_at(low)
    if not named or here in named:
        return None
    sides = [found for cb in named if (found := side(risc, cb, front, time)) is not None]
    behind = [found for found in sides if low >= found.cb.limit]
    if not behind:
        return None
    which = operand(risc, site, low)
    found = behind[which if len(behind) == len(named) > which else 0]
    cb, index = found.cb, (low - found.pointer) // found.page
    pages = f"{cb.num_pages} page{'s' * (cb.num_pages != 1)}"
    what = f"that is tile {index} of {cb} from its {'front' if front else 'back'} on, behind the end of its {pages}"
    return Fault(what, _index(found, index, front))


def _over_the_end(risc: Risc, low: int, time: int, front: bool) -> Fault | None:
    """The pages that it has asked for do not lie side by side: the last ones are at the ring's beginning again."""
    here = risc.core.cb_at(low)
    for cb in risc.core.cbs.values():
        found = side(risc, cb, front, time) if cb is not here else None
        if found is None or not cb.limit <= low < found.pointer + found.promised * found.page:
            continue
        first, ask = (found.pointer - cb.base) // found.page, found.asked[-1]
        what = (
            f"its {found.promised} pages of {cb}, asked for at {ask.site}, begin at page {first} of {cb.num_pages}, so only "
            f"{cb.num_pages - first} lie there side by side, and this is behind the end of {cb}"
        )
        return Fault(what, f"let {cb} have a multiple of {found.promised} pages")
    return None


def _index(found: Side, index: int, front: bool) -> str:
    """Which index would do, or which pop."""
    if not found.asked:
        return f"call `await {'cb_wait_front' if front else 'cb_reserve_back'}({found.cb}, ...)` for what it uses"
    ask, (waits, pops) = found.asked[-1], ("waits for", "pops") if front else ("reserves", "pushes")
    line = f"line {ask.site.place.line} {waits} {ask.pages}"
    if found.moved and index < ask.pages:
        move = found.moved[-1]
        did = f"{line} and line {move.site.place.line} {pops} {move.pages}"
        return f"{did}, so what is used together goes over the end; let both be as many"
    most = "its index is 0" if ask.pages == 1 else f"its index goes from 0 to {ask.pages - 1}"
    return f"{line}, so {most}" + ", counted anew after each pop" * front


def _wrong_pointer(risc: Risc, site: Site, low: int, time: int) -> Fault | None:
    """A producer that writes at `get_read_ptr`, which only pops move on."""
    cb = risc.core.cb_at(low)
    if cb is None or risc not in (risc.core.brisc, risc.core.ncrisc):
        return None
    push, pop = side(risc, cb, False, time), side(risc, cb, True, time)
    names = {*site.code.co_names, *getattr(risc.code, "co_names", ())}
    asks = "get_read_ptr" in site.text or ("get_read_ptr" in names and "get_write_ptr" not in names)
    if push is None or pop is None or not asks or pop.moved or not push.moved:
        return None
    return Fault(
        "`get_read_ptr` is the front of the CB, which only pops move on",
        "a producer writes at `get_write_ptr`, the place of the next push",
    )
