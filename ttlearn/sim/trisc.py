"""TRISC0/1/2: the three RISCs that issue work into the compute engine, and the configuration they keep.

A compute kernel runs three times, once a TRISC. A call issues an entry (`Work`) into its own thread's queue
and goes on; like entries from one source line grow into one run of n tiles. Each thread's configuration is
its own: an init writes only its own fields, an op uses whatever is there. Left out: when an entry executes
(engine) and what it computes (values).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..errors import KernelError, Violation
from .arithmetic import ARITHMETIC
from .fpu import MathFidelity
from .sched import Risc
from .trace import Site, call_site
from .waits import History, Role
from .work import BOTH, ONCE, Kind, Marker, MathConf, PackConf, Shape, UnpackConf, Work

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


class Unpack(Trisc):
    """TRISC0. Pops CBs and unpacks their tiles into SrcA and SrcB."""

    role = Role.UNPACK
    backs = False
    conf: UnpackConf = UnpackConf()

    def unpack(self, cb_a: int, tile_a: int, cb_b: int, tile_b: int, call: str, shape: Shape = ONCE) -> None:
        """One unpack of the configured program, with SrcA's operand at (cb_a, tile_a), SrcB's at (cb_b, tile_b)."""
        if self.owed is not None:
            self.settle()
        try:
            ring_a, ring_b = self.rings[cb_a], self.rings[cb_b]
            a = ring_a.rd + tile_a * ring_a.page  # type: ignore[union-attr]
            b = ring_b.rd + tile_b * ring_b.page  # type: ignore[union-attr]
        except (IndexError, AttributeError, TypeError):
            raise KernelError(self.core.unknown_cb(call, cb_a, cb_b)) from None
        self.t += self.cost
        frame = sys._getframe(2)
        work = self.last
        if work is not None and work.conf is self.conf and frame.f_lasti == work.lasti and frame.f_code is work.code:
            n = work.n
            if n == 1:
                work.da, work.db, work.n = a - work.a, b - work.b, 2
                return
            if a == work.a + n * work.da and b == work.b + n * work.db:
                work.n = n + 1
                return
        self.t -= self.cost
        work = self.put(Kind.UNPACK, 2, self.conf, call)
        work.a, work.b = a, b
        if self.conf.program is not None:
            work.halves = shape.of((self.conf.program.gives_a, self.conf.program.gives_b))


class Math(Trisc):
    """TRISC1. Runs the FPU and SFPU on Src and DST."""

    role = Role.MATH
    fronts = backs = False
    conf: MathConf = MathConf()

    def __init__(self, name: str, core: Core, number: int) -> None:
        super().__init__(name, core, number)
        self.fidelity = MathFidelity.HiFi4
        self.fp32_dest = False
        self.arithmetic = ARITHMETIC["float"]

    def math(self, idst: int, call: str, shapes: tuple[Shape, Shape] = BOTH) -> None:
        """Run the configured math program on the next operands, into DST tile `idst`."""
        if self.owed is not None:
            self.settle()
        if not self.open or not 0 <= idst < self.limit:
            self.check_dst(call, idst)
        self.t += self.cost
        frame = sys._getframe(2)
        if self.repeated >= 0:
            model, tile = self.model, self.repeated
            assert model is not None
            same = frame.f_lasti == model.lasti and frame.f_code is model.code and model.conf is self.conf
            if same and tile < model.per and idst == model.dst + tile * model.ddst:
                self.repeated = tile + 1
                return
            self.put_repeated()
        work = self.last
        if work is not None and work.conf is self.conf and frame.f_lasti == work.lasti and frame.f_code is work.code:
            n = work.n
            if n == 1:
                work.ddst, work.n = idst - work.dst, 2
                return
            if idst == work.dst + n * work.ddst:
                work.n = n + 1
                return
        self.t -= self.cost
        work = self.put(Kind.MATH, 2, self.conf, call)
        work.dst = idst
        if self.conf.program is not None:
            work.halves = shapes[self.fidelity is not MathFidelity.LoFi].of(
                (self.conf.program.takes_a, self.conf.program.takes_b)
            )

    def check_dst(self, call: str, idst: int) -> None:
        if not 0 <= idst < self.limit:
            raise KernelError(
                f"{call}: DST tile {idst} does not exist: a section holds {self.limit} tiles (0 to {self.limit - 1}) "
                f"with {'fp32' if self.fp32_dest else '16-bit'} DST; use fewer tiles between tile_regs_acquire and tile_regs_commit"
            )
        if self.strict and not self.open:
            site, closed = call_site(3, self.frame), self.last_closed(Kind.COMMIT)
            if closed is not None:
                raise Violation(
                    f"{call} at {site} writes DST after its section was handed on, at {closed}: commit after the last "
                    "operation of a section, and acquire once for each section"
                )
            raise Violation(
                f"{call} writes DST without a section: call tile_regs_acquire() before it "
                f"and tile_regs_commit() after ({site})"
            )


class Pack(Trisc):
    """TRISC2. Packs DST tiles into CB pages and pushes them."""

    role = Role.PACK
    fronts = False
    conf: PackConf = PackConf()

    def pack(self, idst: int, address: int, call: str) -> None:
        """Pack DST tile `idst` to L1 `address`."""
        if self.owed is not None:
            self.settle()
        if not self.open or not 0 <= idst < self.limit:
            self.check_dst(call, idst)
        self.t += self.cost
        frame = sys._getframe(2)
        if self.repeated >= 0:
            model, tile = self.model, self.repeated
            assert model is not None
            same = frame.f_lasti == model.lasti and frame.f_code is model.code and model.conf is self.conf
            placed = idst == model.dst + tile * model.ddst and address == model.a + (model.n + tile) * model.da
            if same and placed and tile < model.per and model.n > 1:  # with one tile packed, `da` is not known yet
                self.repeated = tile + 1
                return
            self.put_repeated()
        work = self.last
        if work is not None and work.conf is self.conf and frame.f_lasti == work.lasti and frame.f_code is work.code:
            n = work.n
            if n == 1:
                work.ddst, work.da, work.n = idst - work.dst, address - work.a, 2
                return
            if idst == work.dst + n * work.ddst and address == work.a + n * work.da:
                work.n = n + 1
                return
        self.t -= self.cost
        work = self.put(Kind.PACK, 2, self.conf, call)
        work.dst, work.a = idst, address

    def check_dst(self, call: str, idst: int) -> None:
        if not 0 <= idst < self.limit:
            raise KernelError(
                f"{call}: DST tile {idst} does not exist: a section holds {self.limit} tiles (0 to {self.limit - 1})"
            )
        if self.strict and not self.open:
            site, closed = call_site(3, self.frame), self.last_closed(Kind.RELEASE)
            if closed is not None:
                raise Violation(
                    f"{call} at {site} reads DST after its section was given back, at {closed}: release after the last "
                    "pack of a section, and wait once for each section"
                )
            raise Violation(
                f"{call} reads DST without waiting for MATH: call tile_regs_wait() before it "
                f"and tile_regs_release() after ({site})"
            )
