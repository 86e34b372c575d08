"""The op's thirteen circular buffers as one table that can be printed and edited.

`sticks` design: c_0 and c_16 count sticks, 32 a tile row. `tiles` design: they count tiles, Wt a tile row.
The bytes are the same. A residual adds a buffer, RMSNorm needs one less. This is the resident design: a whole
tile row at a time. `designs` has the table for rows that do not fit L1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..cells.table import Table
from ..errors import HostError
from ..host.descriptors import CBDescriptor, CBFormatDescriptor, CoreRangeSet
from ..sim.formats import Format, bfloat16

IN, TILED, SCALER, EPSILON, GAMMA, BETA, GAMMA_TILED, BETA_TILED = range(8)
RESIDUAL = 8  # only with a residual
OUT, SHOWN = 16, 17  # SHOWN: only in programs that stop after a phase
CENTERED, MEAN, VARIANCE, INV_STD = range(24, 28)
SECOND_MEAN = 28  # only in the streaming design with `recentre`


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

    def _repr_html_(self) -> str:
        head = ["CB", "pages", "page (B)", "bytes", "format", "holds"]
        rows = [
            [f"c_{c.index}", f"{c.pages:,}", f"{c.page_size:,}", f"{c.total_size:,}", c.format.name.lower(), c.holds]
            for c in self
        ]
        return Table(f"{self.total_size:,} B of L1 a core", head, rows).html()

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
    residual: bool = False,
    rms: bool = False,
) -> CBTable:
    """The table for rows of `width` elements. `cb_depth` tile rows fit into c_0, into c_16 and into a residual's c_8.

    Without gamma, or beta, its two CBs shrink to a page each. `rms` has no mean.
    """
    wt, tile, stick = width // 32, dtype.tile_bytes, width * dtype.itemsize
    page, row = (stick, 32) if pages == "sticks" else (tile, wt)
    one = bfloat16.tile_bytes
    added = [CB(RESIDUAL, cb_depth * row, page, dtype, "residual, row-major")]
    squares = "mean square" if rms else "variance"
    mean = [CB(MEAN, 1, tile, dtype, "mean in column 0")]
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
            *(added if residual else []),
            CB(OUT, cb_depth * row, page, dtype, "output, row-major"),
            CB(CENTERED, wt, tile, dtype, "squared, later scaled" if rms else "input minus mean, later scaled"),
            *([] if rms else mean),
            CB(VARIANCE, 1, tile, dtype, f"{squares} in column 0"),
            CB(INV_STD, 1, tile, dtype, f"1/sqrt({squares} + epsilon) in column 0"),
        ]
    )
