"""Programs that finish and are wrong: what strict mode tells before the numbers do."""

from __future__ import annotations

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
    get_arg_val,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from .entry import Entry, Fault, c_0
from .stream import same, stream


async def reader_without_barrier() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        cb_push_back(c_0, 1)
    await noc_async_read_barrier()


ENTRIES = (
    Entry(
        "read_barrier_missing",
        "The barrier moved out of the loop: one for all reads, that is faster. It is, and pages are handed over before their "
        "bytes are there. On a quiet chip the first tiles are even right.",
        "any reader with its noc_async_read_barrier after the loop",
        lambda: stream(reader=reader_without_barrier),
        stream,
        Fault.VIOLATION,
        "NCRISC",
        c_0,
        ("cb_push_back(c_0, 1)", "noc_async_read_page(i, src, get_write_ptr(c_0))"),
        "wait for the barrier before each push, or push several tiles behind one barrier",
        same,
    ),
)
