"""Writes of one RISC to one DRAM bank take one path, so they arrive in the order in which they were issued."""

from __future__ import annotations

import pytest
from programs import cb, empty, launch, rows, tensor

import ttlearn as tt
from ttlearn.dataflow import *


async def writes_twice() -> None:
    """A page of ones, and before anybody has acknowledged it its first half as twos."""
    ones, twos = get_write_ptr(0), get_write_ptr(0) + 2048
    tt_l1_ptr(uint16_t, ones)[0:1024] = 1
    tt_l1_ptr(uint16_t, twos)[0:512] = 2
    noc_async_write(ones, tensor(1).get_noc_addr(0), 2048)
    noc_async_write(twos, tensor(1).get_noc_addr(0), 1024)
    await noc_async_write_barrier()


@pytest.mark.parametrize("seed", [None, *range(20)])
def test_a_later_write_stays_on_top(seed: int | None) -> None:
    out = empty(1, 1024)
    launch(None, writes_twice, cbs=[cb(0, 2, 2048)], tensors=[rows(1), out], seed=seed)
    assert tt.to_bits(out).reshape(-1).tolist() == [2] * 512 + [1] * 512
