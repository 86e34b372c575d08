"""An output that is an input, too, keeps what it holds."""

from __future__ import annotations

import numpy as np
from programs import cb, launch, tensor

import ttlearn as tt
from ttlearn.dataflow import *


async def turns_pages_round() -> None:
    """Pages 0 and 1 change places."""
    first, second = get_write_ptr(0), get_write_ptr(0) + 64
    noc_async_read_page(0, tensor(0), first)
    noc_async_read_page(1, tensor(0), second)
    await noc_async_read_barrier()
    noc_async_write_page(1, tensor(0), first)
    noc_async_write_page(0, tensor(0), second)
    await noc_async_write_barrier()


def test_an_op_in_place_reads_its_input_and_leaves_other_pages() -> None:
    values = np.arange(96.0).reshape(3, 32)
    both = tt.from_numpy(values)
    launch(turns_pages_round, cbs=[cb(0, 2)], tensors=[both, both])
    assert (tt.to_numpy(both) == values[[1, 0, 2]]).all()
