"""What DST holds before it is worked out: descriptions of many tiles at once.

A `Batch` names the program and the operands of n DST tiles; `Packed` is n of them on their way to L1.
Left out: the working out (values).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .waits import Order
from .work import MathProgram, Tiles, Work


class Operands:
    """What one unpack brings to SrcA and SrcB, when it has been read. Its `Work` holds it until MATH is `past` it."""

    __slots__ = ("past", "tiles")

    def __init__(self, tiles: tuple[Tiles, Tiles] | None = None) -> None:
        self.tiles, self.past = tiles, False

    def leave(self, work: Work) -> None:
        """Their `work` lets them go, if it can: held until the end of the run, they would fill the host's memory."""
        if self.past and self.tiles is not None:
            work.loaded = READ


class Batch:
    """n DST tiles that one program makes of n operands, or one tile that it folds them into."""

    __slots__ = ("array", "fold", "n", "operands", "previous", "program", "source", "tile")

    def __init__(self, program: Any, source: Any, tile: int, n: int, previous: Ref | None, fold: bool) -> None:
        self.program, self.source, self.tile, self.n = program, source, tile, n
        self.previous, self.fold = previous, fold
        # kept until they are worked out: pages are given back, and tiles worked out in any order, before
        self.operands: Operands | None = source.loaded if isinstance(source, Work) else None
        self.array: Tiles | None = None

    def needs(self) -> list[Batch]:
        """The batches that it is made from."""
        if isinstance(self.program, MathProgram):
            return [self.previous[0]] if self.previous is not None else []
        if isinstance(self.source, list):
            return [batch for batch, _ in self.source]
        return [self.source[0]] if self.source is not None else []


Ref = tuple[Batch, int]  # tile number `int` of a batch
Slots = dict[int, Ref]  # what the tiles of one DST section hold


class Packed:
    """n tiles on their way to L1: rows of a batch, from `address` on, `stride` bytes apart."""

    __slots__ = ("address", "batch", "n", "order", "row", "stride", "work")

    def __init__(self, work: Work, batch: Batch, row: int, address: int, n: int, order: Order) -> None:
        self.work, self.batch, self.row, self.address, self.order = work, batch, row, address, order
        self.n, self.stride = n, work.da

    def extend(self, work: Work, batch: Batch, row: int, address: int, n: int) -> bool:
        """Take n more tiles if they continue this run."""
        if batch is not self.batch or row != self.row + self.n or work.conf is not self.work.conf:
            return False
        stride = address - self.address if self.n == 1 else self.stride
        if stride <= 0 or address != self.address + self.n * stride or (n > 1 and work.da != stride):
            return False
        self.n, self.stride = self.n + n, stride
        return True


ZERO = Batch(None, None, 0, 1, None, False)
NO_TILES = np.zeros((0, 1024), np.float32)
READ = Operands((NO_TILES, NO_TILES))  # of a `Work` that was read and that MATH is past: who needs them holds them
