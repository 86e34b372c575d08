"""What is noted of a rehearsal: pushes, pops, waits for pages and DST sections, each with its line and how often.

Notes observe a RISC from inside the calls that it makes. Left out: transfers and semaphores.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from ..sim.cb import CircularBuffer, Ring
from ..sim.device import Observer
from ..sim.sched import Risc
from ..sim.trace import OURS, Site, call_site
from ..sim.trisc import Trisc
from ..sim.work import Kind, Work
from .unknown import NotDecidable

MOST = 20_000  # calls of one rehearsal; a kernel that makes more is not followed to its end
_ENGINE = (f"{OURS}compute{os.sep}", f"{OURS}sim{os.sep}")
_CALLS = {kind: f"tile_regs_{kind.value}" for kind in (Kind.ACQUIRE, Kind.COMMIT, Kind.WAIT, Kind.RELEASE)}

Call = tuple[CodeType, int]  # function and offset


@dataclass
class Deed:
    """One call of the text on one CB (-1: of none), made `times` times, for `pages` in all, at `most` so many at a time.

    `each`: how many at a time, if always as many.
    """

    call: str
    site: Site
    cb: int = -1
    pages: int = 0
    times: int = 0
    each: int | None = None
    most: int = 0

    def again(self, pages: int) -> None:
        """Made once more."""
        self.each = pages if not self.times or self.each == pages else None
        self.pages, self.times, self.most = self.pages + pages, self.times + 1, max(self.most, pages)


class Deeds(dict[tuple[str, CodeType, int, int], Deed]):
    """Deeds by call and place, in the order of their first time."""

    def note(self, call: str, site: Site, cb: int = -1, pages: int = 0) -> None:
        key = call, site.code, site.lasti, cb
        deed = self.get(key)
        if deed is None:
            deed = self[key] = Deed(call, site, cb)
        deed.again(pages)


class Notes(Observer):
    """Is told of each push and pop of a RISC, and listens to what it issues to the engine.

    `learners`: of what is issued from inside this package, the learner's lines that led there. `inits`: for what is
    issued, the places of the inits that came last before it; None: no init did.
    """

    def __init__(self, risc: Risc) -> None:
        self.deeds, self.made = Deeds(), 0
        self.learners: dict[Site, list[Site]] = {}
        self.inits: dict[Call, list[Site | None]] = {}
        self.init: Site | None = None
        risc.core.observer, risc.waits = self, _Waits(self)
        if isinstance(risc, Trisc):
            risc.program = self._programmed(risc)  # type: ignore[method-assign]
            risc.put = self._issued(risc)  # type: ignore[method-assign]
            risc.open_section = risc.close_section = self._section(risc)  # type: ignore[method-assign,assignment]

    def note(self, call: str, site: Site, cb: int = -1, pages: int = 0) -> None:
        self.made += 1
        if self.made > MOST:
            raise NotDecidable(f"a rehearsal of more than {MOST:,} calls")
        self.deeds.note(call, site, cb, pages)

    def published(self, risc: Risc, ring: Ring, low: int, pages: int, popped: bool, site: Site) -> None:
        self.note("cb_pop_front" if popped else "cb_push_back", site, ring.cb.index, pages)

    # ---- in the place of a TRISC's own ----------------------------------------------------------------------

    def _section(self, risc: Trisc) -> Callable[[Kind], None]:
        """For the calls that open and close DST sections."""

        def noted(kind: Kind) -> None:
            risc.settle()
            risc.open = kind in (Kind.ACQUIRE, Kind.WAIT)
            site = call_site(2, risc.frame)
            self.note(_CALLS[kind], site)
            self._led_by(site, risc)

        return noted

    def _issued(self, risc: Trisc) -> Callable[..., Work]:
        """For what puts work into the engine's queue."""
        put = risc.put

        def noted(kind: Kind, depth: int, conf: Any, detail: Any) -> Work:
            work = put(kind, depth + 1, conf, detail)
            self._led_by(work.site, risc)
            if self.init not in (found := self.inits.setdefault(work.site[:2], [])):
                found.append(self.init)
            return work

        return noted

    def _programmed(self, risc: Trisc) -> Callable[[], None]:
        """For the part that a TRISC has in an init."""
        program = risc.program

        def noted() -> None:
            program()
            frame, called = sys._getframe(1), ""
            while frame.f_back is not None and frame.f_code.co_filename.startswith(_ENGINE):
                frame, called = frame.f_back, frame.f_code.co_name
            if "init" in called and "uninit" not in called:
                self.init = Site(frame.f_code, frame.f_lasti, risc.frame.f_code, risc.frame.f_lasti)

        return noted

    def _led_by(self, site: Site, risc: Risc) -> None:
        """The learner's function nearest to a call that kernel and helper of this package make."""
        if not (site.code.co_filename.startswith(OURS) and site.kernel.co_filename.startswith(OURS)):
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame is not risc.frame:
            if not frame.f_code.co_filename.startswith(OURS):
                own = site._replace(kernel=frame.f_code, kernel_lasti=frame.f_lasti)
                if own not in (found := self.learners.setdefault(site, [])):
                    found.append(own)
                return
            frame = frame.f_back


class _Waits(list[Any]):
    """A RISC's list of waits that are over, as notes."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self.notes = notes

    def append(self, wait: tuple[int, str, tuple[Any, ...], Site]) -> None:
        _, call, args, site = wait
        if args and isinstance(args[0], CircularBuffer):
            self.notes.note(call, site, args[0].index, args[1])
