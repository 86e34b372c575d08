"""What does not balance in a ledger, told only where both counts are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .poly import Poly
from .sections import section_totals, section_words
from .sides import Entry, Side, comparable

_STARTS = [
    "compute_kernel_hw_startup",
    "binary_op_init_common",
    "unary_op_init_common",
    "init_sfpu",
    "mm_init",
    "mm_block_init",
    "transpose_wh_init",
    "init_bcast",
]


def imbalances(
    entries: Sequence[Entry], cbs: Mapping[str, tuple[Side, ...]], pages: Mapping[str, int]
) -> Iterable[str]:
    """Everything that does not balance. `pages`: how many each CB holds, where that is known."""
    for label, sides in cbs.items():
        if label == "c_?":
            continue
        for side in sides:
            if side.has("cb_push_back") and side.has("cb_reserve_back"):
                yield from _differ(label, side, "pushes", side.pushed, side, "reserves", side.reserved)
            if side.has("cb_push_back") and not side.has("cb_reserve_back"):
                yield f"{label}: {side.kernel} pushes without ever reserving: cb_reserve_back({label}, …) belongs before"
            if side.has("cb_pop_front") and not side.has("cb_wait_front"):
                yield f"{label}: {side.kernel} pops without ever waiting: cb_wait_front({label}, …) belongs before"
            yield from _growing(label, side)
        yield from _between(label, sides)
        if label in pages:
            yield from _too_small(label, sides, pages[label])
    for kernel in dict.fromkeys(entry.kernel for entry in entries):
        yield from _engine(kernel, [entry for entry in entries if entry.kernel == kernel])


def _too_small(label: str, sides: Sequence[Side], pages: int) -> Iterable[str]:
    """Requests for more than the ring holds, and rings that fill up since nobody pops."""
    popped = any(side.has("cb_pop_front") for side in sides)
    for side in sides:
        for entry in side.calls:
            asked = entry.made.counts[1] if len(entry.made.counts) > 1 else None
            if entry.made.call in ("cb_wait_front", "cb_reserve_back") and _more(asked, pages):
                yield f"{label}: {side.kernel} line {entry.line} asks for {asked} pages of a CB that has {pages}"
        if side.has("cb_push_back") and not popped and _more(side.pushed, pages):
            yield f"{label}: {side.kernel} pushes {side.pushed} pages into a CB that has {pages}, and nobody pops"


def _more(count: Poly | None, pages: int) -> bool:
    return count is not None and count.constant is not None and count.constant > pages


def _engine(kernel: str, entries: Sequence[Entry]) -> Iterable[str]:
    """A compute kernel's start-up, and its DST sections."""
    calls = [entry.made.call for entry in entries]
    if any(entry.group in ("DST", "init") for entry in entries) and not set(calls) & set(_STARTS):
        yield f"{kernel} never calls compute_kernel_hw_startup: on a fresh core its engine is not configured"
    totals = section_totals(entry.made for entry in entries)
    known = [total for total in totals.values() if total is not None]
    if len(known) == len(totals) and any((total - known[0]).terms for total in known):
        yield f"{kernel}: tile_regs_… calls do not match: {section_words(totals)} times"


def _between(label: str, sides: Sequence[Side]) -> Iterable[str]:
    """Producer against consumer."""
    producers, consumers = ([s for s in sides if s.has(call)] for call in ("cb_push_back", "cb_pop_front"))
    waiting = [s for s in sides if s.has("cb_wait_front")]
    if len(producers) == 1 and len(consumers) == 1:
        a, b = producers[0], consumers[0]
        yield from _differ(label, a, "pushes", a.pushed, b, "pops", b.popped)
    elif waiting and not producers and len({s.kernel for s in sides}) > 1:
        yield f"{label}: {waiting[0].kernel} waits for pages, but none of these kernels pushes any"
    elif len(producers) == 1 and waiting and not consumers:
        yield from _kept(label, producers[0], waiting[0])


def _kept(label: str, producer: Side, consumer: Side) -> Iterable[str]:
    """Pages that nobody pops: the largest wait must not be for more than are ever pushed."""
    for entry in consumer.calls:
        asked = entry.made.counts[1] if entry.made.call == "cb_wait_front" and len(entry.made.counts) > 1 else None
        if asked is None or producer.pushed is None or (asked.names & {trip.label for trip in entry.made.around}):
            continue
        missing = (asked - producer.pushed).constant
        if missing is None or missing > 0:
            short = "" if missing is not None else f"; it hangs where {asked} is more than {producer.pushed}"
            yield (
                f"{label}: {consumer.kernel} line {entry.line} waits for {asked} pages at once, {producer.kernel} pushes "
                f"{producer.pushed} in all{short}"
            )


def _growing(label: str, side: Side) -> Iterable[str]:
    """A wait that asks for more in each trip of a loop in which the CB is popped too."""
    for entry in side.calls:
        asked = entry.made.counts[1] if entry.made.call == "cb_wait_front" and len(entry.made.counts) > 1 else None
        for trip in entry.made.around if asked is not None else ():
            popped = [e for e in side.calls if e.made.call == "cb_pop_front" and trip in e.made.around]
            if asked is not None and trip.label in asked.names and popped:
                yield (
                    f"{label}: {side.kernel} line {entry.line} waits for {asked} pages, more in each trip of {trip.text}, but "
                    f"line {popped[0].line} pops in that loop: a wait counts only the pages that are still there"
                )


def _differ(label: str, a: Side, does: str, x: Poly | None, b: Side, also: str, y: Poly | None) -> Iterable[str]:
    if x is None or y is None or not (x - y).terms:
        return
    if not (x.exact() - y.exact()).terms:
        return  # equal if the quotients come out even, which the table shows
    if a.kernel != b.kernel and not comparable(x, y):
        return  # other names may stand for the same number; the table shows both
    where = f"{b.kernel} {also}" if a.kernel != b.kernel else also
    yield f"{label}: {a.kernel} {does} {x} pages in all, {where} {y}"
