"""The numbers of the compute engine, worked out late and many tiles at a time.

MATH's results are first only described (`Batch`: which program, which operands); like neighbours join one
batch. Bytes move when others could see it: operands are read before their page is given back, results are
written before their page is published. So a whole row of tiles costs one numpy call a step.
Left out: when things happen (engine) and the arithmetic itself (fpu, formats).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import formats
from .batch import ZERO, Batch, Operands, Packed, Ref, Slots
from .fpu import transpose_wh
from .packer import added, shaped
from .roles import Math
from .tile import tilize, untilize
from .waits import Order
from .work import Combine, MathProgram, Tiles, Work

if TYPE_CHECKING:
    from .device import Core


class Values:
    """DST as descriptions, and the two moments when bytes move: `load_until` and `store_until`."""

    def __init__(self, core: Core, math: Math) -> None:
        self.core, self.risc = core, math
        self.slots: Slots = {}
        self.last: Batch | None = None
        self.packed: list[Packed] = []
        self._stored = self._loaded = self._sealed = 0
        self._rows: tuple[int, Order | None] = (-1, None)
        self._source: Work | None = None  # whose operands MATH takes

    def let_go(self) -> None:
        """Nobody will ask for a tile again."""
        self.slots, self.last, self._source, self.packed = {}, None, None, []

    # ---- MATH ---------------------------------------------------------------------------------------------

    def math(self, work: Work, k: int, source: Work, tile: int, n: int) -> None:
        """Tiles k … k+n-1 of `work` take the operands tile … tile+n-1 of `source`."""
        if source is not self._source:
            self._go_on_to(source)
        program: MathProgram = work.conf.program
        slots, dst, step = self.slots, work.target(k), work.ddst
        if program.fold is not None:
            together = n if step == 0 else 1
            for i in range(0, n, together):
                self._fold(program, source, tile + i, together, dst + i * step)
            return
        bound = program.adds and slots and any(dst + i * step in slots for i in range(n))
        if (bound or (step == 0 and n > 1)) and work.per != 1:
            for i in range(n):
                previous = slots.get(dst + i * step) if program.adds else None
                slots[dst + i * step] = (Batch(program, source, tile + i, 1, previous, False), 0)
            self.last = None
            return
        batch, row = self.last, 0
        if (
            batch is not None
            and batch.source is source
            and batch.program is program
            and not batch.fold
            and batch.tile + batch.n == tile
            and batch.array is None
        ):
            row = batch.n
            batch.n += n
        else:
            batch = self.last = Batch(program, source, tile, n, None, False)
        for i in range(max(0, n - work.per) if work.per else 0, n):  # sections before the last are handed on already
            slots[work.target(k + i)] = (batch, row + i)

    def _go_on_to(self, source: Work) -> None:
        """MATH takes operands in order: those before `source` only tiles need that are described already."""
        before, self._source = self._source, source
        source.loaded = source.loaded or Operands()
        if before is not None and before.loaded is not None:
            before.loaded.past = True
            before.loaded.leave(before)

    def _fold(self, program: MathProgram, source: Work, tile: int, n: int, dst: int) -> None:
        previous = self.slots.get(dst)
        if previous is not None:
            batch = previous[0]
            if (
                batch.program is program
                and batch.source is source
                and batch.tile + batch.n == tile
                and batch.array is None
            ):
                batch.n += n
                return
        self.slots[dst] = (Batch(program, source, tile, n, previous, True), 0)

    def sfpu(self, work: Work, k: int) -> None:
        """An SFPU function on one DST tile, in place, or of several tiles."""
        index = work.target(k)
        function, last = work.detail, self.last
        if type(function) is Combine:
            refs = [self.slots.get(tile, (ZERO, 0)) for tile in function.sources]
            self.slots[index] = (Batch(function.function, refs, 0, 1, None, False), 0)
            self.last = None
            return
        ref = self.slots.get(index)
        batch = Batch(function, ref, 0, 1, None, False)
        if last is not None and last.program is function and last.array is None and ref is not None:
            first = last.source
            if first is not None and first[0] is ref[0] and first[1] + last.n == ref[1]:
                self.slots[index] = (last, last.n)
                last.n += 1
                return
        self.slots[index] = (batch, 0)
        self.last = batch

    def commit(self) -> Slots:
        slots, self.slots = self.slots, {}
        return slots

    # ---- UNPACK -------------------------------------------------------------------------------------------

    def load_until(self, position: int) -> None:
        """Read the operands of every unpack before queue `position`: their pages are given back now."""
        queue = self.core.engine.unpack.queue
        while self._loaded < position:
            work = queue[self._loaded]
            if isinstance(work, Work):
                work.loaded = work.loaded or Operands()
                self._load(work, work.loaded)
            self._loaded += 1

    def _load(self, work: Work, operands: Operands) -> tuple[Tiles, Tiles]:
        if operands.tiles is None:
            operands.tiles = self._operands(work)
            operands.leave(work)
        return operands.tiles

    def _operands(self, work: Work) -> tuple[Tiles, Tiles]:
        conf = work.conf
        if conf.program.only_b:
            b = self._read(work, conf.format_b, work.b, work.db, rows=False)
            return b, b
        a = self._read(work, conf.format_a, work.a, work.da, rows=conf.rows, whole=conf.program.whole)
        same = conf.program.reads == 1 or (work.b, work.db, conf.format_b) == (work.a, work.da, conf.format_a)
        b = a if same else self._read(work, conf.format_b, work.b, work.db, rows=False)
        if conf.program.transposed:
            return transpose_wh(a), b
        return (np.ascontiguousarray(untilize(a)).reshape(a.shape), b) if conf.program.untilized else (a, b)

    def _read(
        self, work: Work, fmt: formats.Format, address: int, stride: int, rows: bool, whole: bool = False
    ) -> Tiles:
        """n tiles as SrcA or SrcB sees them, or `whole`; with a stride of 0 one tile serves all."""
        size, l1 = fmt.tile_bytes, self.core.l1
        n = work.n if stride else 1
        if rows:
            n, stride = work.n, size
        span = size + (n - 1) * abs(stride)
        low = address if stride >= 0 else address - (n - 1) * -stride
        l1.settle(work.starts[-1] if work.starts else self.core.device.clock.now)
        raw = l1.view(low, span, str(work.detail))
        self.core.observer.read(self.core.unpack, low, low + span, work.site, work.order)
        if stride != size and n > 1:
            raw = np.concatenate([raw[address - low + i * stride :][:size] for i in range(n)])
        if rows:
            flat = raw.view(f"u{fmt.itemsize}").reshape(32, -1)
            raw = tilize(flat).reshape(-1).view(np.uint8)
        if whole:
            return raw.view(np.float32).reshape(-1, 1024).copy()
        tiles = formats.unpack(raw, fmt, self.risc.fp32_dest)
        return self.risc.arithmetic.from_l1(tiles) if fmt is formats.Format.FLOAT32 else tiles

    # ---- evaluation ---------------------------------------------------------------------------------------

    def array(self, batch: Batch) -> Tiles:
        """Worked out from its beginnings on, in a loop: a sum over a long row is a long chain of batches."""
        pending = [batch]
        while pending:
            missing = [before for before in pending[-1].needs() if before.array is None]
            if missing:
                pending += missing
                continue
            latest = pending.pop()
            if latest.array is None:
                latest.array, latest.operands = self._worked_out(latest), None
        assert batch.array is not None
        return batch.array

    def _worked_out(self, batch: Batch) -> Tiles:
        """Of a batch whose beginnings are there."""
        if isinstance(batch.program, MathProgram):
            return self._evaluate(batch, batch.program)
        if isinstance(batch.source, list):
            operands = [source.array[row : row + 1] for source, row in batch.source]
            combined: Tiles = batch.program(*operands, self.risc.fp32_dest)
            return combined
        source, row = batch.source if batch.source is not None else (ZERO, 0)
        assert source.array is not None
        changed: Tiles = batch.program(source.array[row : row + batch.n], self.risc.fp32_dest)
        return changed

    def _evaluate(self, batch: Batch, program: MathProgram) -> Tiles:
        source: Work = batch.source
        assert batch.operands is not None
        a, b = self._load(source, batch.operands)
        first, last = batch.tile, batch.tile + batch.n
        a = a[first:last] if len(a) > 1 else a
        b = b[first:last] if len(b) > 1 else b
        previous = None
        if batch.previous is not None:
            before, row = batch.previous
            assert before.array is not None
            previous = before.array[row]
        if batch.fold:
            assert program.fold is not None
            if batch.n > 1 and len(a) == len(b) == 1:  # the same operands again and again
                a = np.broadcast_to(a, (batch.n, 1024))
            return program.fold(previous, a, b, self.risc)[None]
        held = None if previous is None else previous[None]
        return program.apply(a if len(a) == batch.n else np.broadcast_to(a, (batch.n, 1024)), b, self.risc, held)

    # ---- PACK ---------------------------------------------------------------------------------------------

    def pack(self, work: Work, k: int, n: int, slots: Slots, order: Order) -> None:
        """Tiles k … k+n-1 of `work` will be written from DST to their pages."""
        while n > 0:
            dst, step = work.target(k), work.ddst
            batch, row = slots.get(dst, (ZERO, 0))
            run = 1
            while run < n and slots.get(dst + run * step) == (batch, row + run):
                run += 1
            self._pack_run(work, batch, row, work.a + k * work.da, run, order)
            k, n = k + run, n - run

    def pack_run(self, work: Work, last: Ref, k: int, n: int, order: Order) -> None:
        """The n tiles of `work` from the k-th on are the n up to `last`."""
        self._pack_run(work, last[0], last[1] - n + 1, work.a + k * work.da, n, order)

    def _pack_run(self, work: Work, batch: Batch, row: int, address: int, n: int, order: Order) -> None:
        if n > 1 and work.da <= 0:  # out of order and backwards: a stretch of L1 is written upwards only
            for i in range(n):
                self._pack_run(work, batch, row + i, address + i * work.da, 1, order)
            return
        if len(self.packed) == self._sealed or not self.packed[-1].extend(work, batch, row, address, n):
            self.packed.append(Packed(work, batch, row, address, n, order))

    def seal(self) -> int:
        """All that is packed so far belongs to one push; later tiles start afresh."""
        self._sealed = len(self.packed)
        return self._sealed

    def store_until(self, mark: int) -> None:
        """Write every packed tile before `mark`: their pages are published now."""
        while self._stored < mark:
            self._store(self.packed[self._stored])
            self.packed[self._stored] = None  # type: ignore[call-overload]
            self._stored += 1

    def _store(self, packed: Packed) -> None:
        conf, l1 = packed.work.conf, self.core.l1
        tiles = self.array(packed.batch)[packed.row : packed.row + packed.n]
        size = conf.format.tile_bytes
        tiles = shaped(tiles, conf)
        raw = formats.pack(tiles, conf.format).reshape(packed.n, size)
        l1.settle(packed.work.starts[-1])
        if conf.untilize:
            self._store_rows(packed, raw)
            self.core.observer.packed(self.core.pack, packed.address, tiles)
            return
        span = size + (packed.n - 1) * packed.stride
        target = l1.view(packed.address, span, str(packed.work.detail))
        self.core.observer.write(self.core.pack, packed.address, packed.address + span, packed.work.site, packed.order)
        self.core.observer.packed(self.core.pack, packed.address, tiles)
        if conf.l1_acc:
            for i in range(packed.n):
                page = target[i * packed.stride :][:size]
                page[:] = added(page, raw[i], conf.format)
        elif packed.n == 1 or packed.stride == size:
            target[:] = raw.reshape(-1)
        else:
            for i in range(packed.n):
                target[i * packed.stride :][:size] = raw[i]

    def _store_rows(self, packed: Packed, raw: Any) -> None:
        """pack_untilize: 32 rows of n tiles, `full` tiles apart."""
        conf, width = packed.work.conf, packed.work.conf.format.itemsize
        rows = untilize(raw.view(f"u{width}").reshape(packed.n, 1024))
        pitch, run = conf.full * 32 * width, packed.n * 32 * width
        span = 31 * pitch + run
        target = self.core.l1.view(packed.address, span, str(packed.work.detail))
        if self._rows[0] != packed.work.b or self._rows[1] is not packed.order:
            self._rows = (packed.work.b, packed.order)  # one look serves all column blocks of a tile row
            low, high = packed.work.b, packed.work.b + 32 * pitch
            self.core.observer.write(self.core.pack, low, high, packed.work.site, packed.order)
        flat = np.ndarray((32, run), np.uint8, buffer=target, strides=(pitch, 1))
        new = np.ascontiguousarray(rows).view(np.uint8).reshape(32, run)
        flat[:] = added(np.ascontiguousarray(flat), new, conf.format).reshape(32, run) if conf.l1_acc else new


ZERO.array = np.zeros((1, 1024), np.float32)
