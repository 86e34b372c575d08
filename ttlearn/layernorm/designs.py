"""Two designs for one op: resident (a tile row lies in L1) and streaming (a block of it does), side by side.

Resident reads each element once and fits while a row is short; streaming fits rows of any length and reads each
element once a pass. `designs` shows what both need; the op takes the resident one if it fits. Left out: one row
split over several cores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import HostError
from ..sim.arch import ARCHS
from ..sim.formats import Format, bfloat16, float32
from .cbs import (
    BETA,
    BETA_TILED,
    CB,
    CENTERED,
    EPSILON,
    GAMMA,
    GAMMA_TILED,
    IN,
    INV_STD,
    MEAN,
    OUT,
    RESIDUAL,
    SCALER,
    SECOND_MEAN,
    TILED,
    VARIANCE,
    CBTable,
    cb_table,
)

NAMES = {IN: "input", TILED: "tiles", SCALER: "1/W", EPSILON: "epsilon", GAMMA: "gamma", BETA: "beta"}
NAMES |= {GAMMA_TILED: "gamma tiles", BETA_TILED: "beta tiles", RESIDUAL: "residual", OUT: "output"}
NAMES |= {CENTERED: "centered", MEAN: "mean", VARIANCE: "variance", INV_STD: "1/sqrt", SECOND_MEAN: "second mean"}


@dataclass(frozen=True)
class Wants:
    """What a CB table depends on. `width` in elements."""

    width: int
    dtype: Format = bfloat16
    pages: str = "sticks"
    cb_depth: int = 2
    gamma: bool = True
    beta: bool = True
    residual: bool = False
    rms: bool = False
    recentre: bool = False

    @property
    def passes(self) -> int:
        """How often the streaming design reads a row: mean, (mean of the rest,) variance, output."""
        return 2 if self.rms else 3 + self.recentre

    def resident(self) -> CBTable:
        return cb_table(
            self.width, self.dtype, self.pages, self.cb_depth, self.gamma, self.beta, self.residual, self.rms
        )

    def streaming(self, block: int) -> CBTable:
        """The table for blocks of `block` tiles. What is summed over blocks is kept in fp32."""
        dtype, tile, depth = self.dtype, self.dtype.tile_bytes, self.cb_depth
        page, row = (block * 32 * dtype.itemsize, 32) if self.pages == "sticks" else (tile, block)
        one, total = bfloat16.tile_bytes, float32.tile_bytes
        squares = "mean square" if self.rms else "variance"
        given = [(self.gamma, GAMMA, GAMMA_TILED, "gamma"), (self.beta, BETA, BETA_TILED, "beta")]
        return CBTable(
            [
                CB(IN, depth * row, page, dtype, "a block of the input, row-major"),
                CB(TILED, (2 if self.residual else 1) * block, tile, dtype, "the block: input, later squared, shifted"),
                CB(SCALER, 2, one, bfloat16, "1/W in row 0 of each face"),
                CB(EPSILON, 1, one, bfloat16, "epsilon in element [0, 0]"),
                *[CB(cb, row, page, dtype, f"a block of {name}, one stick") for there, cb, _, name in given if there],
                *[CB(cb, block, tile, dtype, f"a block of {name}, in row 0") for there, _, cb, name in given if there],
                *([CB(RESIDUAL, depth * row, page, dtype, "a block of the residual")] if self.residual else []),
                CB(OUT, depth * row, page, dtype, "a block of the output, row-major"),
                CB(CENTERED, block, tile, dtype, "the block: centered, later scaled"),
                *([] if self.rms else [CB(MEAN, 1, total, float32, "mean in column 0, a sum of blocks")]),
                CB(VARIANCE, 1, total, float32, f"{squares} in column 0, a sum of blocks"),
                CB(INV_STD, 1, total, float32, f"1/sqrt({squares} + epsilon) in column 0"),
                *([CB(SECOND_MEAN, 1, total, float32, "mean of what is left")] if self.recentre else []),
            ]
        )


@dataclass(frozen=True)
class Designs:
    """Both designs for one shape. `block`: tiles of the streaming design's blocks; 0 if not even one tile fits."""

    wants: Wants
    arch: str
    block: int

    @property
    def budget(self) -> int:
        """Bytes of L1 a core has for CBs."""
        return ARCHS[self.arch].l1_bytes - ARCHS[self.arch].cb_base

    @property
    def resident(self) -> CBTable:
        return self.wants.resident()

    @property
    def streaming(self) -> CBTable:
        return self.wants.streaming(max(self.block, 1))

    @property
    def chosen(self) -> str:
        """What design="auto" takes."""
        return "resident" if self.resident.total_size <= self.budget else "streaming"

    @property
    def why(self) -> str:
        """The choice in a sentence."""
        need = f"{self.resident.total_size:,} bytes of L1, {self.arch} has {self.budget:,} for circular buffers"
        if self.chosen == "resident":
            return f"the resident design fits: it needs {need}"
        less = replace(self.wants, cb_depth=1).resident().total_size
        hint = " (with cb_depth=1 it would fit)" if less <= self.budget else ""
        return f"the resident design does not fit: it needs {need}{hint}"

    def __repr__(self) -> str:
        wt = self.wants.width // 32
        head = f"W = {self.wants.width:,}, {self.wants.dtype.name.lower()}, Wt = {wt}; {self.arch}, one core"
        columns = (self.resident, self.streaming)
        tiles = f"{max(self.block, 1)} tile{'s' * (self.block > 1)} a block"
        rows = [f"{'':<18}{'resident: pages x bytes':>37}{f'streaming, {tiles}':>37}"]
        for index in sorted({cb.index for table in columns for cb in table}):
            cells = "".join(_cell(table, index) for table in columns)
            rows.append(f"c_{index:<4}{NAMES[index]:<12}{cells}")
        fits = ["fits" if table.total_size <= self.budget else "does not fit" for table in columns]
        sums = [f"{f'{table.total_size:,} B':>37}" for table in columns]
        inputs = 1 + self.wants.residual
        return "\n".join(
            [
                head,
                *rows,
                f"{'total':<18}{''.join(sums)}",
                f"{'':<18}{fits[0] + f' in {self.budget:,} B':>37}{fits[1]:>37}",
                f"DRAM reads an element: {inputs} resident, {inputs * self.wants.passes} streaming "
                f"({self.wants.passes} passes)",
                "gamma and beta are read once a core by the resident design, once a tile row by the streaming one",
                _block_words(wt, self.block),
                f'design="auto" takes {self.chosen}',
            ]
        )


def _cell(table: CBTable, index: int) -> str:
    found = [cb for cb in table if cb.index == index]
    if not found:
        return f"{'-':>37}"
    cb = found[0]
    return f"{f'{cb.pages:,} x {cb.page_size:,} = {cb.total_size:,} B':>37}"


def _block_words(wt: int, block: int) -> str:
    if block == 0:
        return "blocks: not even one tile a block fits; a smaller cb_depth may"
    if block == wt:
        return f"blocks: one, the whole row of {wt} tiles"
    return (
        f"blocks: {wt // block} of {block} tile{'s' * (block > 1)}, {block} being the largest divisor of {wt} that fits"
    )


def largest_block(wants: Wants, arch: str) -> int:
    """The largest divisor of Wt whose streaming table fits L1: few blocks, few waits. 0 if none does.

    A prime Wt is streamed tile by tile: 97 tiles take four times the cycles of 96.
    """
    wt, budget = wants.width // 32, ARCHS[arch].l1_bytes - ARCHS[arch].cb_base
    fitting = (n for n in range(wt, 0, -1) if wt % n == 0 and wants.streaming(n).total_size <= budget)
    return next(fitting, 0)


def designs(
    width: int,
    dtype: Format = bfloat16,
    *,
    pages: str = "sticks",
    cb_depth: int = 2,
    gamma: bool = True,
    beta: bool = True,
    residual: bool = False,
    rms: bool = False,
    recentre: bool = False,
    arch: str = "wormhole_b0",
) -> Designs:
    """Both designs for rows of `width` elements; print it. The options are those of `layernorm_fused_rm`."""
    if width <= 0 or width % 32:
        raise HostError(f"designs({width}): W must be a multiple of 32, the width of a tile, from 32 on")
    wants = Wants(width, dtype, pages, cb_depth, gamma, beta and not rms, residual, rms, recentre and not rms)
    return Designs(wants, arch, largest_block(wants, arch))
