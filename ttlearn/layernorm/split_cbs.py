"""The circular buffers of one core of a split row: those of the op on a narrower row, and some for the exchange.

What other cores write to comes first, so that it lies at one address on all cores of a group, however wide their
parts are. Left out: recentring, a residual, RMSNorm.
"""

from __future__ import annotations

from ..sim.formats import Format, float32
from .cbs import CB, INV_STD, MEAN, CBTable, cb_table

PARTIAL, GATHERED, RESULT, SUBTOTAL, GATHERED_ROWS = range(9, 14)
ARRIVED, VALID, SEND, ARRIVED_ROWS = range(
    4
)  # semaphores: sums that are there; a result is; the word to send; rows' sums


def split_table(
    width: int, others: int, rows: int, dtype: Format, fp32_dest_acc_en: bool, cb_depth: int, gamma: bool, beta: bool
) -> CBTable:
    """The table of a core with `width` columns, in a group of `others` more cores a row and `rows` more rows.

    Partial sums are fp32 if DST is: rounded to bf16 they would move the mean and the variance.
    """
    partial = float32 if fp32_dest_acc_en else dtype
    op = cb_table(width, dtype, "sticks", cb_depth, gamma, beta)
    shared = [cb for cb in op if cb.index in (MEAN, INV_STD)]
    second = [
        CB(SUBTOTAL, 1, partial.tile_bytes, partial, "the sum of a row of the group, on its first core"),
        CB(GATHERED_ROWS, rows, partial.tile_bytes, partial, "the other rows' sums, on the collecting core"),
    ]
    return CBTable(
        [
            CB(PARTIAL, 1, partial.tile_bytes, partial, "this core's sum in column 0"),
            CB(GATHERED, others, partial.tile_bytes, partial, "the other cores' sums, on the first core of a row"),
            *(second if rows else []),
            CB(RESULT, 1, dtype.tile_bytes, dtype, "mean, later 1/sqrt, on its way to all, on the collecting core"),
            *shared,
            *(cb for cb in op if cb not in shared),
        ]
    )
