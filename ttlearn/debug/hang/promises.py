"""Who could keep a promise: read from the kernels' text, with the arguments that each core really has.

Where a text leaves a CB or a count open, the kernel is rehearsed. Left out: calls that depend on data; who may make them
is in `doubtful`.
"""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...count.made import Made
from ...count.sections import CALLS
from ...dry.notes import Deed, Deeds
from ...dry.rehearsal import Rehearsal, rehearse
from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.sched import Risc
from ...sim.trace import Site, line_of
from ...sim.trisc import Trisc
from ...sim.waits import Role
from .account import Account, account, clear
from .stops import kernel, source
from .text import SEMAPHORE, Text, text_of

_SIDES = {"cb_push_back": "PACK", "cb_reserve_back": "PACK", "cb_pop_front": "UNPACK", "cb_wait_front": "UNPACK"}
_SETS = ("noc_semaphore_inc", "noc_semaphore_set")
_SECOND = ("noc_semaphore_set_remote", "noc_semaphore_set_multicast")  # their target is the second argument
_DONE = {"push": "cb_push_back", "pop": "cb_pop_front"}
MOST = 60_000  # calls of all rehearsals of a device together

Arguments = Sequence[int] | None  # other runtime arguments than its own


@dataclass
class Promises:
    """The calls of each kernel, counted once per set of arguments."""

    texts: dict[Any, Text | None] = field(default_factory=dict)
    accounts: dict[Any, Account] = field(default_factory=dict)
    rehearsals: dict[Any, Rehearsal] = field(default_factory=dict)
    inside: dict[int, str] = field(default_factory=dict)
    done: dict[Risc, Deeds] | None = None
    unseen: set[int] = field(default_factory=set)
    rehearsed: int = 0
    kept: list[Made] = field(default_factory=list)  # so that the keys of `inside` stay theirs

    def calls(self, risc: Risc, runtime_args: Arguments = None) -> list[Made]:
        """Every call that this RISC's kernel makes, as far as can be told; with other arguments if they are given."""
        return self._account(risc, runtime_args).made if risc.kernel is not None else []

    def told(self, risc: Risc) -> bool:
        """Is the text of its kernel at hand, or could it be rehearsed to its end?"""
        return self._text(risc, None) is not None or self._account(risc, None).whole

    def untold(self, cores: list[Core]) -> list[str]:
        """The names of the kernels on these cores of which nothing can be told."""
        riscs = (risc for core in cores for risc in core.riscs)
        return list(dict.fromkeys(kernel(risc) for risc in riscs if risc.coro is not None and not self.told(risc)))

    # ---- what is known of a kernel --------------------------------------------------------------------------

    def _text(self, risc: Risc, runtime_args: Arguments) -> Text | None:
        given = tuple(risc.runtime_args if runtime_args is None else runtime_args)
        key = (risc.kernel.kernel_source, tuple(risc.compile_time_args), given, tuple(risc.common_args))
        if key not in self.texts:
            self.texts[key] = text_of(*key)
        return self.texts[key]

    def _account(self, risc: Risc, runtime_args: Arguments) -> Account:
        text = self._text(risc, runtime_args)
        given = None if runtime_args is None else tuple(runtime_args)
        key = id(text) if clear(text) else (risc, given)
        if key not in self.accounts:
            self.accounts[key] = found = self._put_together(risc, runtime_args, text)
            self.inside |= found.inside
            self.unseen |= found.unseen
        return self.accounts[key]

    def _put_together(self, risc: Risc, runtime_args: Arguments, text: Text | None) -> Account:
        """The text alone where it shows everything; a compute kernel is one for its three RISCs."""
        if text is not None and clear(text):
            return Account(text.made, text.inside)
        riscs = (risc.core.unpack, risc.core.math, risc.core.pack) if isinstance(risc, Trisc) else (risc,)
        parts = [self._rehearsal(part, runtime_args) for part in riscs]
        deeds = [deed for part in riscs for deed in self._done(part)] if runtime_args is None else []
        deeds += [deed for part in parts for deed in part.deeds]
        return account(text, deeds, all(part.whole for part in parts))

    def _rehearsal(self, risc: Risc, runtime_args: Arguments = None) -> Rehearsal:
        """One for all cores, if the kernel does not ask where it runs. Empty when enough has been rehearsed."""
        given = tuple(risc.runtime_args if runtime_args is None else runtime_args)
        pages = tuple((cb.index, cb.num_pages, cb.page_size) for cb in risc.core.cbs.values())
        alike = (risc.name, id(risc.kernel), given, pages)
        key = alike if alike in self.rehearsals else (risc, *alike)
        if key not in self.rehearsals:
            found = rehearse(risc, given) if self.rehearsed < MOST else Rehearsal()
            self.rehearsals[key if found.placed else alike] = found
            self.rehearsed += found.made
            return found
        return self.rehearsals[key]

    def _done(self, risc: Risc) -> list[Deed]:
        """The pushes and pops that have happened."""
        if self.done is None:
            self.done = {}
            riscs = {(core.xy, r.name): r for core in risc.core.device.cores.values() for r in core.riscs}
            for fact in risc.core.device.trace.facts:
                if fact.what in _DONE and fact.site is not None:
                    deeds = self.done.setdefault(riscs[fact.core, fact.risc], Deeds())
                    deeds.note(_DONE[fact.what], fact.site, fact.detail[0], fact.detail[1])
        return list(self.done.get(risc, Deeds()).values())

    # ---- places ---------------------------------------------------------------------------------------------

    def place(self, risc: Risc, made: Made) -> str:
        """The line of a call: `reader line 12`, or that of the helper in which it stands."""
        label = self.inside.get(id(made), "")
        return f"{label} line {made.line}, in {source(risc)}" if label else f"{source(risc)} line {made.line}"

    def seen(self, *calls: Made) -> bool:
        """Does a text show these calls, with the loops and conditions around them?"""
        return not any(id(made) in self.unseen for made in calls)

    def at(self, made: Made) -> str:
        """`line 12` of the kernel, or `_pop_all line 142` of a helper."""
        return f"{self.inside.get(id(made), '')} line {made.line}".lstrip()

    def line(self, risc: Risc, made: Made) -> str:
        """The same with its text; of C++ the line as it stands in the file."""
        text = made.text
        if source(risc) != kernel(risc) and not self.inside.get(id(made)):
            text = linecache.getline(risc.code.co_filename, made.line).strip() or text
        return f"{self.place(risc, made)}: `{text}`"

    def learners_line(self, risc: Risc, site: Site) -> Site:
        """The learner's line that led to a call inside this package, if there is only one."""
        return self._rehearsal(risc).learners.get(site, site)

    def init_before(self, risc: Risc, site: Site) -> tuple[bool, Made | None]:
        """(is it known?, the init that comes last before a call of the engine); only where the text does not show it."""
        found = self._rehearsal(risc).inits.get(site[:2], ())
        if len(found) != 1 or found[0] is None:
            return len(found) == 1, None
        init = found[0]
        made = Made("init", line_of(init.code, init.lasti), init.text, (), ())
        self.inside[id(made)] = "" if init.code is init.kernel else init.code.co_name
        self.kept.append(made)
        return True, made

    def clear(self, risc: Risc) -> bool:
        """Does the text of its kernel show every call?"""
        return clear(self._text(risc, None))

    def asks(self, risc: Risc, call: str, cb: CircularBuffer) -> Made | None:
        """The first `call` on a CB in the text of a kernel."""
        return next((m for m in self.calls(risc) if m.call == call and is_on(m, cb.index)), None)

    def who(self, core: Core, call: str, cb: CircularBuffer) -> list[tuple[Risc, Made]]:
        """The RISCs of a core whose kernels make `call` on a CB, each with the first such call."""
        found = []
        for risc in core.riscs:
            if risc.coro is None or (isinstance(risc, Trisc) and risc.role.name != _SIDES[call]):
                continue
            made = self.asks(risc, call, cb)
            if made is not None:
                found.append((risc, made))
        return found

    def total(self, risc: Risc, call: str, cb: CircularBuffer, runtime_args: Arguments = None) -> int | None:
        """Pages that this RISC's kernel asks for by `call` in all; None if that cannot be told."""
        if risc.kernel is None:
            return 0
        text = self._text(risc, runtime_args)
        told = _total(text.made, call, cb) if text is not None else None
        if told is not None and clear(text):
            return told
        core = risc.core
        side = risc if not isinstance(risc, Trisc) else core.unpack if _SIDES[call] == "UNPACK" else core.pack
        rehearsal = self._rehearsal(side, runtime_args)
        if rehearsal.whole:
            return rehearsal.pages(call, cb.index)
        return told if text is not None and not text.blind else None

    def most(self, risc: Risc, call: str, cb: CircularBuffer) -> int:
        """The most pages that this RISC asks for at a time, as far as a rehearsal can tell."""
        return self._rehearsal(risc).most(call, cb.index)

    def sections(self, core: Core) -> dict[str, int] | None:
        """How often each of the tile_regs calls is made in all, if a rehearsal could tell."""
        parts = [self._rehearsal(risc) for risc in (core.math, core.pack)]
        if not all(part.whole for part in parts):
            return None
        return {call: sum(part.times(call) for part in parts) for call in CALLS}

    def never_signals(self, risc: Risc, core: Core, address: int) -> bool:
        """Does a rehearsal to the kernel's end show that it never changes this semaphore of that core?"""
        rehearsal = self._rehearsal(risc)
        return rehearsal.whole and (core.xy, address) not in rehearsal.signals

    def aims(self, risc: Risc, address: int) -> set[tuple[int, int]]:
        """The cores whose semaphore at this address it changes, as far as a rehearsal shows."""
        return {xy for xy, at in self._rehearsal(risc).signals if at == address}

    def doubtful(self, core: Core, call: str) -> list[Risc]:
        """RISCs that have not ended, and may yet make `call` on a CB that cannot be told."""
        return [
            risc
            for risc in core.riscs
            if risc.coro is not None
            and not risc.done
            and not (isinstance(risc, Trisc) and risc.role.name != _SIDES[call])
            and not self._account(risc, None).whole
        ]

    def setters(self, core: Core, address: int, cores: list[Core]) -> list[tuple[Risc, Made]]:
        """RISCs whose kernels change semaphores, those that name this one first."""
        number = (address - core.device.arch.semaphore_base) // 16
        sure: list[tuple[Risc, Made]] = []
        perhaps: list[tuple[Risc, Made]] = []
        for other in cores:
            for risc in other.riscs:
                if risc.coro is None or risc.role is not Role.MOVER:
                    continue
                for made in self.calls(risc):
                    if not made.call.startswith(_SETS) or (made.call == "noc_semaphore_set" and other is not core):
                        continue
                    target = _semaphore(made)
                    if target is None:
                        perhaps.append((risc, made))
                    elif target == number:
                        sure.append((risc, made))
        return sure or perhaps


def _total(calls: list[Made], call: str, cb: CircularBuffer) -> int | None:
    """As the text tells."""
    total = 0
    for made in calls:
        if made.call != call or not made.counts:
            continue
        if made.counts[0] is None or made.counts[0].constant is None:
            return None
        if made.counts[0].constant == cb.index:
            count = made.total(made.counts[1] if len(made.counts) > 1 else None)
            if count is None or count.constant is None:
                return None
            total += int(count.constant)
    return total


def _semaphore(made: Made) -> int | None:
    """The number of the semaphore that a call changes, if it can be told."""
    place = int(made.call.startswith(_SECOND))
    names = made.counts[place].names if len(made.counts) > place and made.counts[place] is not None else set()  # type: ignore[union-attr]
    found = [int(name.removeprefix(SEMAPHORE)) for name in names if name.startswith(SEMAPHORE)]
    return found[0] if len(found) == 1 else None


def is_on(made: Made, index: int) -> bool:
    return bool(made.counts) and made.counts[0] is not None and made.counts[0].constant == index
