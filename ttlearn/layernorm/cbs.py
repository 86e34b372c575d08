"""The op's thirteen circular buffers as one table that can be printed and edited.

`sticks` design: c_0 and c_16 count sticks, 32 a tile row. `tiles` design: they count tiles, Wt a tile row.
The bytes are the same. Left out: rows that do not fit L1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import HostError
from ..host.descriptors import CBDescriptor, CBFormatDescriptor, CoreRangeSet
from ..sim.formats import Format, bfloat16

IN, TILED, SCALER, EPSILON, GAMMA, BETA, GAMMA_TILED, BETA_TILED = range(8)
OUT, SHOWN = 16, 17  # SHOWN: only in programs that stop after a phase
CENTERED, MEAN, VARIANCE, INV_STD = range(24, 28)


@dataclass(frozen=True)
class CB:
    """One row of the table. `pages` and `page_size` (bytes) may be edited with `dataclasses.replace`."""

    index: int
    pages: int
    page_size: int
    format: Format
    holds: str

    @property
    def total_size(self) -> int:
        return self.pages * self.page_size


class CBTable(list[CB]):
    """The CBs in the order in which they are placed."""

    def edit(self, index: int, **changes: int) -> CBTable:
        """A copy with other `pages` or `page_size` for CB `index`."""
        if index not in [cb.index for cb in self]:
            raise HostError(f"c_{index} is not in the table; it has {', '.join(f'c_{cb.index}' for cb in self)}")
        return CBTable(replace(cb, **changes) if cb.index == index else cb for cb in self)  # type: ignore[arg-type]

    @property
    def total_size(self) -> int:
        """Bytes of L1 a core."""
        return sum(cb.total_size for cb in self)

    def descriptors(self, cores: CoreRangeSet) -> list[CBDescriptor]:
        return [
            CBDescriptor(cb.total_size, cores, [CBFormatDescriptor(cb.index, cb.format, cb.page_size)]) for cb in self
        ]

    def __repr__(self) -> str:
        rows = [
            f"c_{cb.index:<3} {cb.pages:>5} x {cb.page_size:>6} B = {cb.total_size:>9,} B  "
            f"{cb.format.name.lower():<8}  {cb.holds}"
            for cb in self
        ]
        return "\n".join([*rows, f"total {self.total_size:>26,} B"])


def cb_table(
    width: int,
    dtype: Format = bfloat16,
    pages: str = "sticks",
    cb_depth: int = 2,
    gamma: bool = True,
    beta: bool = True,
) -> CBTable:
    """The table for rows of `width` elements. `cb_depth` tile rows fit into c_0 and into c_16.

    Without gamma, or beta, its two CBs shrink to a page each.
    """
    wt, tile, stick = width // 32, dtype.tile_bytes, width * dtype.itemsize
    page, row = (stick, 32) if pages == "sticks" else (tile, wt)
    one = bfloat16.tile_bytes
    return CBTable(
        [
            CB(IN, cb_depth * row, page, dtype, "input, row-major"),
            CB(TILED, 2 * wt, tile, dtype, "a tile row: input, later squared, normalized, shifted"),
            CB(SCALER, 2, one, bfloat16, "1/W in row 0 of each face"),
            CB(EPSILON, 1, one, bfloat16, "epsilon in element [0, 0]"),
            CB(GAMMA, row if gamma else 1, page, dtype, "gamma, one stick of a tile row"),
            CB(BETA, row if beta else 1, page, dtype, "beta, one stick of a tile row"),
            CB(GAMMA_TILED, wt if gamma else 1, tile, dtype, "gamma in row 0 of its tiles"),
            CB(BETA_TILED, wt if beta else 1, tile, dtype, "beta in row 0 of its tiles"),
            CB(OUT, cb_depth * row, page, dtype, "output, row-major"),
            CB(CENTERED, wt, tile, dtype, "input minus mean, later scaled"),
            CB(MEAN, 1, tile, dtype, "mean in column 0"),
            CB(VARIANCE, 1, tile, dtype, "variance in column 0"),
            CB(INV_STD, 1, tile, dtype, "1/sqrt(variance + epsilon) in column 0"),
        ]
    )
