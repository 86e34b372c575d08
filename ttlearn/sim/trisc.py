"""TRISC0/1/2: a RISC that issues work into the compute engine, and the configuration it keeps.

A compute kernel runs three times, once a TRISC. A call issues an entry (`Work`) into its own thread's queue
and goes on; like entries from one source line grow into one run of n tiles. Each thread's configuration is
its own: an init writes only its own fields, an op uses whatever is there. Left out: what each of the three
issues (roles), when an entry executes (engine) and what it computes (values).
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from .sched import Risc
from .trace import Site, call_site
from .waits import History
from .work import Kind, Marker, Work

if TYPE_CHECKING:
    from .device import Core
    from .engine import Engine


class Trisc(Risc):
    """What the three have in common: a queue, and the last run, which a like call extends."""

    conf: Any = None  # this thread's configuration: UnpackConf, MathConf or PackConf

    def __init__(self, name: str, core: Core, number: int) -> None:
        super().__init__(name, core, number)
        self.queue: list[Work | Marker] = []
        self.last: Work | None = None  # the run that a like call extends
        self.block: Work | None = None  # UNPACK's run at the queue's end that a like block call goes on with
        self.model: Work | None = None  # the run at the queue's end whose DST section a like section repeats
        self.repeated = -1  # tiles that the section under way has repeated so far; -1: it repeats nothing
        self.repeat_start = 0  # when that section was opened
        self.thread: Any = None  # engine.Thread
        self.open = False  # between acquire and commit (MATH), wait and release (PACK)
        self.cost = core.device.arch.engine_issue
        self.engine: Engine
        self.strict = True
        self.limit = 8  # tiles of one DST section
        self.mail = History("mailbox")  # values that UNPACK sent
        self.mail_read = 0

    def settle(self) -> None:
        self.seal()
        super().settle()

    def seal(self) -> None:
        """No later call extends what is in the queue."""
        if self.repeated >= 0:
            self.put_repeated()
        self.last = self.block = self.model = None

    def program(self) -> None:
        """The time of one init or reconfiguration, whatever it writes."""
        self.seal()
        self.t += self.core.device.arch.configure

    def configure(self, **fields: Any) -> None:
        """Write fields of this thread's configuration: the part that this TRISC has in an init."""
        self.program()
        self.conf = self.conf._replace(**fields)

    def put(self, kind: Kind, depth: int, conf: Any, detail: Any) -> Work:
        """Append a run of one tile, issued by the line `depth` frames up."""
        if self.owed is not None or self.repeated >= 0:
            self.settle()
        self.t += self.cost
        work = self.last = Work(kind, self, conf, detail, call_site(depth + 1, self.frame))
        self.queue.append(work)
        self.model = None  # it no longer stands at the queue's end
        return work

    def mark(self, kind: Kind, depth: int, conf: Any = None, detail: Any = None) -> Marker:
        """Append an entry that moves no tile."""
        if self.owed is not None or self.repeated >= 0:
            self.settle()
        self.t += self.cost
        entry = Marker(kind, self, conf, detail, call_site(depth + 1, self.frame))
        self.queue.append(entry)
        self.last = self.model = None
        return entry

    def grow(self, n: int, da: int = 0, db: int = 0, ddst: int = 0) -> None:
        """Make the entry just issued a run of `n` tiles: what a block call is."""
        model = self.model
        if self.repeated == 1 and model is not None and n <= model.per and (ddst, da) == (model.ddst, model.da):
            self.repeated = n
        else:
            if self.repeated >= 0:
                self.put_repeated()
            work = self.last
            assert work is not None
            work.n, work.da, work.db, work.ddst = n, da, db, ddst
            self.last = None
            if work.kind is Kind.UNPACK:
                self._join_block(work)
        self.t += (n - 1) * self.cost

    def _join_block(self, work: Work) -> None:
        """A block that goes on where the block before it ended is one run with it, as tiles one by one would be."""
        before, self.block = self.block, work
        if before is not None and self.queue[-2] is before and before.leads_to(work):
            before.n += work.n
            self.queue.pop()
            self.block = before

    def pause(self) -> None:
        self.seal()
        self.engine.pump()

    def finish(self) -> None:
        self.seal()
        self.engine.pump()

    # ---- DST sections: [open, tiles, close] again and again from the same lines grow into one run -----------
    #
    # What MATH's queue holds while a loop runs `acquire; add_tiles(0); add_tiles(1); commit` three times:
    #   first acquire       [Marker acquire]
    #   two add_tiles       [Marker acquire, Work n=2]
    #   first commit        [Work n=2 per=2]             the three became one run: the model
    #   second acquire      [Work n=2 per=2]             repeated = 0: nothing is put, it only has to match
    #   two add_tiles       [Work n=2 per=2]             repeated = 2
    #   second commit       [Work n=4 per=2]             and so on; what does not match is put as it is (`put_repeated`)

    def open_section(self, kind: Kind) -> None:
        """tile_regs_acquire or tile_regs_wait."""
        self.open = True
        model = self.model
        if model is not None and self.owed is None and self.repeated < 0 and model.conf is self.conf:
            frame, opens = sys._getframe(2), model.opens
            if opens is not None and frame.f_lasti == opens.site.lasti and frame.f_code is opens.site.code:
                self.t += self.cost
                self.repeated, self.repeat_start = 0, self.t
                return
        self.mark(kind, 2, self.conf)

    def close_section(self, kind: Kind) -> None:
        """tile_regs_commit or tile_regs_release."""
        self.open = False
        model = self.model
        if model is not None and self.repeated == model.per and self.owed is None:
            assert model.opens is not None
            sections = model.n // model.per
            if sections == 1:
                model.period = self.repeat_start - model.opens.stamp
            if self.repeat_start == model.opens.stamp + sections * model.period:
                self.t += self.cost
                model.n += model.per
                self.repeated = -1
                return
        self.mark(kind, 2, self.conf)
        self._make_model()

    def last_closed(self, kind: Kind) -> Site | None:
        """Where the last section was committed, or released."""
        ends = (entry.closes if isinstance(entry, Work) else entry for entry in reversed(self.queue))
        return next((end.site for end in ends if end is not None and end.kind is kind), None)

    def cb_for_dst(self, idst: int, argument: str) -> str:
        """What to say if the learner's line names a CB of this number as the `argument`, a pattern, that is a DST tile."""
        text = call_site(4, self.frame).text  # behind check_dst, the TRISC's own method, and the call
        if idst not in self.core.cbs or not re.search(argument.format(f"c_{idst}"), text):
            return ""
        return f"c_{idst} is a CB, and a DST tile's index belongs there"

    def _make_model(self) -> None:
        """Join the last three entries, if they are one run of tiles in a section of its own."""
        queue = self.queue
        if len(queue) < 3 or self.thread.at > len(queue) - 3:
            return
        opens, work, closes = queue[-3:]
        if not (isinstance(opens, Marker) and isinstance(work, Work) and isinstance(closes, Marker)) or work.per:
            return
        if opens.kind in (Kind.ACQUIRE, Kind.WAIT) and work.kind in (Kind.MATH, Kind.PACK):
            work.per, work.opens, work.closes = work.n, opens, closes
            queue[-3:] = [work]
            self.model = work

    def put_repeated(self) -> None:
        """The section under way turned out different: put what it repeated so far into the queue as it is."""
        model, repeated = self.model, self.repeated
        assert model is not None
        assert model.opens is not None
        self.model, self.repeated = None, -1
        opens = Marker(model.opens.kind, self, model.conf, None, model.opens.site)
        opens.stamp = self.repeat_start
        self.queue.append(opens)
        if repeated:
            work = Work(model.kind, self, model.conf, model.detail, model.site)
            work.stamp, work.n, work.halves = self.repeat_start + self.cost, repeated, model.halves
            work.dst, work.ddst, work.a, work.da = model.dst, model.ddst, model.a + model.n * model.da, model.da
            self.queue.append(work)
            self.last = work
