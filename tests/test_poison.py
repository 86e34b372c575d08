"""Poison in an fp32 output: a whole number of it, and not half of one."""

from __future__ import annotations

import numpy as np
import pytest
from programs import CORE, launch, reader, tensor, writer

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.sim.formats import POISON

PAGES = [tt.CBDescriptor(4 * 128, CORE, [tt.CBFormatDescriptor(0, tt.float32, 128)])]


def none(count: int) -> tt.Tensor:
    return tt.allocate_tensor_on_device((count, 32), tt.float32)


def test_a_number_whose_lower_half_looks_like_poison_is_a_number() -> None:
    bits = np.full((4, 32), 0x3F80_0000 | POISON, np.uint32)
    given, taken = tt.from_numpy(bits.view(np.float32), tt.float32), none(4)
    launch(reader, writer, cbs=PAGES, tensors=[given, taken])
    assert (tt.to_bits(taken) == bits).all()


async def sends_an_empty_page() -> None:
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()


def test_a_page_that_nobody_wrote_is_told() -> None:
    with pytest.raises(tt.Violation, match="page 0 of the output holds poison: BRISC"):
        launch(None, sends_an_empty_page, cbs=PAGES, tensors=[none(1), none(1)])
