"""What is known of a kernel's calls: its text, what it did until the device hung, and a rehearsal, put together.

The text has the loops and conditions; a rehearsal has the numbers, wherever the text leaves them open. Left out: whose
promise is whose (`promises`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ...count.made import Made
from ...count.poly import number
from ...count.sections import OLDER
from ...dry.notes import Deed
from ...sim.trace import line_of
from .text import Text

CB_CALLS = ("cb_reserve_back", "cb_push_back", "cb_wait_front", "cb_pop_front")


@dataclass
class Account:
    """The calls of one kernel on one RISC. `whole`: no other call of a CB or of a DST section is ever made."""

    made: list[Made]
    inside: dict[int, str] = field(default_factory=dict)
    whole: bool = True
    unseen: set[int] = field(
        default_factory=set
    )  # ids of calls that no text shows: in which loops they stand is not known


def clear(text: Text | None) -> bool:
    """Does a text show every call, each with its CB?"""
    return text is not None and not text.blind and all(_index(made) is not None for made in text.made if _on_a_cb(made))


def account(text: Text | None, deeds: Iterable[Deed], whole: bool) -> Account:
    """Every call of the text, with CBs as they were in fact, and the calls that the text does not show."""
    known = Account(list(text.made) if text else [], dict(text.inside) if text else {}, whole)
    at, met = len(known.made), set()  # what no text shows, and nothing is known before it, comes last
    for key, pages in _places(deeds):
        call, label, _, line, cb = key
        made = next((m for m in known.made if _is(known, m, call, label, line) and _index(m) in (cb, None)), None)
        if made is None:
            made = Made(call, line, pages.text, (), ())
            known.made.insert(at, made)
            known.inside[id(made)] = label
            known.unseen.add(id(made))
        if _on_a_cb(made) and _index(made) is None:
            met.add(id(made))
            shown = replace(made, counts=(number(cb), number(pages.count) if pages.count is not None else None))
            known.made.insert(known.made.index(made), shown)
            known.inside[id(shown)] = known.inside.get(id(made), "")
            known.unseen |= {id(shown)} if id(made) in known.unseen else set()
            made = shown
        at = known.made.index(made) + 1
    known.made = [made for made in known.made if id(made) not in met]
    return known


@dataclass
class _Asked:
    """How many pages a place asks for, if always as many, and how it stands in the source."""

    count: int | None
    text: str


_Key = tuple[str, str, str, int, int]  # call, helper, its file, line, CB


def _places(deeds: Iterable[Deed]) -> Iterator[tuple[_Key, _Asked]]:
    """The places at which something was done, in the order of their first time."""
    found: dict[_Key, _Asked] = {}
    for deed in deeds:
        site = deed.site
        label = "" if site.code is site.kernel else site.code.co_name
        key = deed.call, label, site.code.co_filename, line_of(site.code, site.lasti), deed.cb
        asked = found.setdefault(key, _Asked(deed.each, site.text or _call(deed)))
        asked.count = deed.each if asked.count == deed.each else None
    yield from found.items()


def _call(deed: Deed) -> str:
    return f"{deed.call}(c_{deed.cb}, {deed.each or '…'})" if deed.cb >= 0 else f"{deed.call}()"


def _is(known: Account, made: Made, call: str, label: str, line: int) -> bool:
    """A comprehension or a lambda has no name of its own."""
    same = made.call == call or call in OLDER.get(made.call, ())
    return same and made.line == line and (label.startswith("<") or known.inside.get(id(made), "") == label)


def _on_a_cb(made: Made) -> bool:
    return made.call in CB_CALLS


def _index(made: Made) -> int | None:
    constant = made.counts[0].constant if made.counts and made.counts[0] is not None else None
    return -1 if not _on_a_cb(made) else None if constant is None else int(constant)
