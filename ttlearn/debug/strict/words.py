"""The sentences of the strict checks: who, what, both lines, and the next step.

Every function makes one whole sentence of what `checks` found. Left out: finding it.
"""

from __future__ import annotations

from ...sim.cb import CircularBuffer, Ring
from ...sim.device import Core
from ...sim.noc import Transfer
from ...sim.sched import Risc
from ...sim.trace import CPP, Site
from ...sim.waits import Order
from .shadow import Access, kernel_name, place
from .steps import Step

UNDER_WAY = {  # of a transfer: its call, what may be wrong, what settles it, and before what
    "noc read": ("noc_async_read", "may not have landed", "`await noc_async_read_barrier()`", "hands the bytes on"),
    "noc read there": (
        "noc_async_read",
        "may not have fetched its bytes",
        "`await noc_async_read_barrier()`",
        "gives them back",
    ),
    "noc write": (
        "noc_async_write",
        "may not have taken its bytes away",
        "`await noc_async_writes_flushed()` (or a write barrier)",
        "gives them back",
    ),
    "noc write there": (
        "noc_async_write",
        "may not have arrived: what announces it may overtake it",
        "`await noc_async_write_barrier()`",
        "announces the bytes",
    ),
}


def spoken(text: str) -> str:
    """About C++ kernels without the word `await`, which C++ does not have."""
    return text.replace("`await ", "`") if any(f"{suffix} line" in text for suffix in CPP) else text


def unordered(
    risc: Risc, where: str, site: Site, other: Access, order: Order, reading: bool, pushed: bool = False, low: int = 0
) -> str:
    """`other` touched the same bytes and nothing says that it is over."""
    begun = other.verb in UNDER_WAY and other.begun(risc.number, order)
    same, near = other.actor == risc.number, other.core is risc.core and " of c_" in where
    push = "the push first, with `await cb_wait_front(...)`" if near else "a semaphore that says so"
    pop = "the pop first, with `await cb_reserve_back(...)`" if near else "a semaphore that says so"
    if other.was_early(low) and not reading and not same:
        cause = f"{other.who} read it at {other.site}, before anybody had written it"
        step = f"let {other.kernel} wait for {push}"
    elif begun:
        call, fate, barrier, before = UNDER_WAY[other.verb]
        cause = f"the {call} of {other.who} at {other.site} {fate}"
        step = f"put {barrier} " + ("between them" if same else f"into {other.kernel}, before it {before}")
    elif pushed:  # the reader did wait, and the writer writes for the second time
        cause = f"{other.who} writes it again at {other.site}, and nothing says that it was given back"
        step = f"let {other.kernel} wait for {pop}"
    elif reading or other.verb not in ("read", "noc write", "noc read there"):
        cause = f"{other.who} writes it at {other.site}, and nothing says that it has finished"
        step = f"let {kernel_name(risc)} wait for {push}"
    else:
        cause = f"{other.who} reads it at {other.site}, and nothing says that it has finished"
        step = f"let {kernel_name(risc)} wait for {pop}"
    return f"{risc.label} {'reads' if reading else 'writes'} {where} at {site}, but {cause}: {step}"


def met_by_the_last(
    risc: Risc, where: str, site: Site, other: Access, reading: bool, party: Risc, wait: Site, value: int
) -> str:
    """`party` went on before its time: its wait was met by the value of the round before."""
    does = "reads" if other.verb in ("read", "noc write", "noc read there") else "writes"
    return (
        f"{risc.label} {'reads' if reading else 'writes'} {where} at {site}, but {other.who} {does} it at {other.site}; the "
        f"wait of {party.label} before that, at {wait}, was met by the {value} of the time before: after each wait let "
        f"{kernel_name(party)} set the semaphore back with noc_semaphore_set, before anybody may change it again"
    )


def overlapping(risc: Risc, where: str, site: Site, other: Access) -> str:
    """Two reads of one kernel bring bytes to the same place."""
    first = "the same line has started" if other.site == site else f"it has started at {other.site}"
    return (
        f"{risc.label} reads to {where} at {site}, where a read that {first} before may not have landed: both bring bytes to "
        "the same place; let the address of each begin behind the bytes of the one before"
    )


def after_pop(risc: Risc, where: str, site: Site, pop: Access, pushing: bool = False) -> str:
    """`pushing`: it is the place of this kernel's next push, where a consumer's pop changes nothing."""
    if pushing and _asks_to_write(risc, site):
        return (
            f"{risc.label} reads {where} after giving it back: read at {site}, popped at {pop.site}; a consumer reads at "
            "`get_read_ptr`, which its pops move on; `get_write_ptr` is the place of the next push and stays"
        )
    return (
        f"{risc.label} reads {where} after giving it back: read at {site}, "
        f"popped at {pop.site}; the producer may be writing there already, so pop after the last read"
    )


def popped_too_many(risc: Risc, where: str, site: Site, cb: CircularBuffer, pop: Step, popped: int, waited: int) -> str:
    """With this pop it gave back pages that it had not waited for."""
    return (
        f"{risc.label} reads {where} at {site}, which it has given back: with the pop at {pop.site} it has popped {popped} pages of "
        f"{cb} when it had waited for {waited}; pop each page once, after its last use"
    )


def _asks_to_write(risc: Risc, site: Site) -> bool:
    names = getattr(risc.code, "co_names", ())
    return "get_write_ptr" in str(site) or ("get_write_ptr" in names and "get_read_ptr" not in names)


def reads_past(risc: Risc, cb: CircularBuffer, low: int, high: int, behind: str, site: Site, ask: Step | None) -> str:
    """`ask`: its last wait for this CB, if that was for less than it reads."""
    count = (high - low) // cb.page_size
    step = f"it reads {count} pages of {cb}, so wait for {count} and pop {count}"
    if ask is not None:
        index = "its index is 0" if ask.pages == 1 else f"its index goes from 0 to {ask.pages - 1}"
        step = f"it has waited for {ask.pages} of {cb}, at {ask.site}, so {index}"
        if "_block" in site.text:
            step = f"it has waited for {ask.pages} of {cb}, at {ask.site}: let the block be as wide"
        if "pack_untilize" in site.text and "block_ct_dim" not in site.text:
            step += " (block_ct_dim is 8 where it is not given)"
    return (
        f"{risc.label} reads {high - low:,} bytes from page {(low - cb.base) // cb.page_size} of {cb} on at {site}, where only "
        f"{cb.limit - low:,} are left: the other {high - cb.limit:,} come from {behind}; {step}"
    )


def two_pushers(core: Core) -> str:
    """Empty unless two RISCs have pushed the same CB of this core."""
    first: dict[int, dict[str, Site | None]] = {}
    for fact in core.device.trace.facts:
        if fact.what == "push" and fact.core == core.xy:
            first.setdefault(fact.detail[0], {}).setdefault(fact.risc, fact.site)
    labels = {risc.name: risc.label for risc in core.riscs}
    for index, sites in first.items():
        if len(sites) > 1:
            both = " and by ".join(f"{labels[name]} at {site}" for name, site in sites.items())
            return f"; c_{index} is pushed by {both}, but one kernel alone may push a CB"
    return ""


def past_ring(risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> str:
    at, size = (low - ring.cb.base) // ring.page, ring.num_pages
    larger = f"give {ring.cb} {-(-size // pages) * pages} pages, a multiple of {pages}, or " if size % pages else ""
    return (
        f"{'cb_pop_front' if popped else 'cb_push_back'}({ring.cb}, {pages}) at {site}: the pointer of {risc.name} is at "
        f"page {at} of {size}, so {pages} pages run past the ring's end into the neighbour's memory; the counts must meet "
        f"the end exactly: {larger}{'pop' if popped else 'push'} {size - at} here and the rest after it"
    )


def past_end(transfer: Transfer, call: str, cb: CircularBuffer, behind: str) -> str:
    return (
        f"{call} at {transfer.site} brings {transfer.size:,} bytes to page {(transfer.local - cb.base) // cb.page_size} of "
        f"{cb}, where only {cb.limit - transfer.local:,} are left: the other {transfer.local + transfer.size - cb.limit:,} go "
        f"past its end into {behind}; make {cb} as large as what is read, or read less"
    )


def nowhere(what: str, address: int, cb: CircularBuffer | None, why: str) -> str:
    """`cb`: the last one before the bytes. `why`: how it came by the address, if that is known."""
    behind = f", behind the end of {cb}" if cb is not None else ""
    step = why or "write to a page of a CB, which begins at `get_write_ptr(...)`"
    return f"{what} to L1 address {address}, where no CB is{behind}; {step}"


def pushed_early(ring: Ring, pages: int, site: Site, transfer: Transfer) -> str:
    return (
        f"cb_push_back({ring.cb}, {pages}) at {site} hands on a page whose noc_async_read at {transfer.site} "
        "may not have landed: put `await noc_async_read_barrier()` before the push"
    )


def popped_early(ring: Ring, pages: int, site: Site, transfer: Transfer) -> str:
    return (
        f"cb_pop_front({ring.cb}, {pages}) at {site} gives back a page whose bytes the noc_async_write at "
        f"{transfer.site} may not have taken away: put `await noc_async_writes_flushed()` (or a write barrier) "
        "before the pop"
    )


def under_way_at_end(risc: Risc, transfers: list[Transfer]) -> str:
    kind, more = transfers[0].kind, len(transfers) > 1
    count = f"{len(transfers)} {kind}s under way, the first" if more else f"a {kind} under way,"
    return (
        f"{risc.label} ends with {count} started at {transfers[0].site}: "
        f"put `await noc_async_{kind}_barrier()` before the end"
    )


def word_under_way_at_end(risc: Risc, site: Site) -> str:
    return (
        f"{risc.label} ends with a multicast of a semaphore's word under way, started at {site}: "
        "put `await noc_async_write_barrier()` before the end"
    )


def poisoned(page: int, writer: Transfer, source: Access, why: str) -> str:
    """`why`: who is at fault where nobody had written the page, if it is known."""
    text = (
        f"page {page} of the output holds poison: {writer.risc.label} wrote it at {writer.site} from "
        f"{place(writer.risc.core, writer.local)}, "
    )
    if source.where:
        step = "write from where the filled bytes begin, or fill those too"
        return f"{text}where nobody had written {source.where}; {step}"
    if source.actor < 0:
        return f"{text}which nobody had written; {why or 'fill that page first, and wait until it is there'}"
    return text + f"which {source.who} filled at {source.site} with bytes that nobody had written; fill those first"


def spread(page: int, read: Access, why: str) -> str:
    """`why`: what the reader did wrong, if it is known."""
    return (
        f"page {page} of the output holds inf or NaN that comes from poison: {read.who} read {read.where} at "
        f"{read.site}, which nobody had written; {why or 'fill it first, or wait until it is there'}"
        f"{two_pushers(read.risc.core) if read.risc is not None else ''}"
    )
