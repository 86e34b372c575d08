"""UNPACK, MATH and PACK: what each of the three TRISCs issues, and the configuration that its inits write.

A call that goes on where the last one from its line ended only makes that run longer. Left out: how runs are kept and
DST sections repeated (`trisc`), when an entry executes (`engine`) and what it computes (`values`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import KernelError, Violation
from .arithmetic import ARITHMETIC
from .cb import Ring
from .fpu import MathFidelity
from .trace import Site, call_site
from .trisc import Trisc
from .waits import Role
from .work import BOTH, ONCE, Kind, MathConf, PackConf, Shape, UnpackConf

if TYPE_CHECKING:
    from .device import Core


FIRST, LAST = (
    r"\(\s*{}\b",
    r"\b{}\s*\)",
)  # where a call that packs, and one that computes, takes the index of its DST tile


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
            fewer = "use fewer tiles between tile_regs_acquire and tile_regs_commit"
            raise KernelError(
                f"{call}: DST tile {idst} does not exist: a section holds {self.limit} tiles (0 to {self.limit - 1}) "
                f"with {'fp32' if self.fp32_dest else '16-bit'} DST; {self.cb_for_dst(idst, LAST) or fewer}"
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
    # it packs on into a ring of which it has pushed nothing: the ring, what is wrong, and where
    overfull: tuple[Ring, str, Site] | None = None

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
            cb = self.cb_for_dst(idst, FIRST)
            raise KernelError(
                f"{call}: DST tile {idst} does not exist: a section holds {self.limit} tiles (0 to {self.limit - 1})"
                f"{cb and f'; {cb}: the order is {call}(DST tile, CB)'}"
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
