"""The object API against the free functions: the same trace, event by event."""

from __future__ import annotations

from typing import Any

import pytest
from programs import CORE, OTHER, PAIR, READER, WRITER, cb, launch, pages

import ttlearn as tt
from ttlearn.cpp import read

ACCESSORS = """
    const TensorAccessor in(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
    const TensorAccessor out(TensorAccessorArgs<2>(), get_common_arg_val<uint32_t>(1));
"""

READ_FREE = """
    for (uint32_t i = 0; i < 4; i++) {
        cb_reserve_back(0, 1);
        noc_async_read(in.get_noc_addr(i), get_write_ptr(0), 64);
        noc_async_read_barrier();
        cb_push_back(0, 1);
    }
"""
READ_OBJECTS = """
    Noc noc;
    CircularBuffer cb(0);
    for (uint32_t i = 0; i < 4; i++) {
        cb.reserve_back(1);
        noc.async_read(in, cb, 64, {.page_id = i}, {});
        noc.async_read_barrier();
        cb.push_back(1);
    }
"""
WRITE_FREE = """
    for (uint32_t i = 0; i < 4; i++) {
        cb_wait_front(0, 1);
        noc_async_write(get_read_ptr(0), out.get_noc_addr(i), 32);
        noc_async_write(get_read_ptr(0) + 32, out.get_noc_addr(i, 32), 32);
        noc_async_writes_flushed();
        cb_pop_front(0, 1);
    }
    noc_async_write_barrier();
"""
WRITE_OBJECTS = """
    const Noc noc{noc_index};
    DataflowBuffer buffer{tt::CBIndex::c_0};
    for (uint32_t i = 0; i < 4; i++) {
        buffer.wait_front(1);
        noc.async_write(buffer, out, 32, {}, {.page_id = i, .offset_bytes = 0});
        noc.async_write(CoreLocalMem<uint32_t>(buffer.get_read_ptr() + 32), out, 32, {}, {.page_id = i, .offset_bytes = 32});
        noc.async_writes_flushed();
        buffer.pop_front(1);
    }
    noc.async_write_barrier();
"""


def kernel(body: str, kind: str) -> Any:
    return read(f"void kernel_main() {{{ACCESSORS}{body}}}", kind)


def events(run: tt.Run) -> list[Any]:
    """What happened and when, without the places in the text."""
    return [event._replace(site=None) for event in run.trace.events()]


def test_reads_and_writes_are_the_free_calls() -> None:
    runs = [
        launch(kernel(reading, "reader"), kernel(writing, "writer"), cbs=[cb(0, 2)])
        for reading, writing in ((READ_FREE, WRITE_FREE), (READ_OBJECTS, WRITE_OBJECTS))
    ]
    assert pages(runs[0]) == pages(runs[1]) == [1, 2, 3, 4]
    assert events(runs[0]) == events(runs[1])


# ---- two cores ----------------------------------------------------------------------------------------------

SEND_FREE = """
    volatile tt_l1_ptr uint32_t* ready = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
    volatile tt_l1_ptr uint32_t* valid = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(1));
    const uint32_t l1 = get_write_ptr(0);
    noc_async_read(in.get_noc_addr(2), l1, 64);
    noc_async_read_barrier();
    noc_semaphore_wait(ready, 1);
    noc_semaphore_set(ready, 0);
    noc_async_write_multicast(l1, get_noc_multicast_addr(X, Y, X, Y, l1), 64, 1);
    noc_async_write_barrier();
    noc_semaphore_set(valid, 1);
    noc_semaphore_set_multicast(get_semaphore(1), get_noc_multicast_addr(X, Y, X, Y, get_semaphore(1)), 1);
    noc_async_write_barrier();
"""
SEND_OBJECTS = """
    Noc noc; CircularBuffer cb(0);
    Semaphore<> ready(0), valid(1);
    noc.async_read(in, cb, 64, {.page_id = 2}, {});
    noc.async_read_barrier();
    ready.wait(1);
    ready.set(0);
    const uint32_t l1 = cb.get_write_ptr();
    noc.async_write_multicast(CoreLocalMem<uint32_t>(l1), MulticastEndpoint{}, 64, 1, {},
        {.noc_x_start = X, .noc_y_start = Y, .noc_x_end = X, .noc_y_end = Y, .addr = l1});
    noc.async_write_barrier();
    valid.set(1);
    valid.set_multicast(noc, X, Y, X, Y, 1);
    noc.async_write_barrier();
"""
RECEIVE_FREE = """
    noc_semaphore_inc(get_noc_addr(X, Y, get_semaphore(0)), 1);
    noc_semaphore_wait((volatile tt_l1_ptr uint32_t*)get_semaphore(1), 1);
    noc_async_write(get_write_ptr(0), out.get_noc_addr(0), 64);
    noc_async_write_barrier();
"""
RECEIVE_OBJECTS = """
    Noc noc; CircularBuffer cb(0);
    Semaphore ready(0); Semaphore valid(1);
    ready.up(noc, X, Y, 1);
    valid.wait(VALID);
    noc.async_write(use<CircularBuffer::AddrSelector::WRITE_PTR>(cb), out, 64, {}, {.page_id = 0});
    noc.async_write_barrier();
"""


def exchanged(send: str, receive: str) -> tt.Run:
    """Core (0, 0) sends a page to core (1, 0), which writes it out."""
    there, here = {"X": "19", "Y": "18"}, {"X": "18", "Y": "18"}  # NOC coordinates of the cores
    sender = read(f"void kernel_main() {{{ACCESSORS}{send}}}", "reader", there)
    receiver = read(f"void kernel_main() {{{ACCESSORS}{receive}}}", "writer", here)
    return launch(more=[(sender, READER, CORE), (receiver, WRITER, OTHER)], cbs=[cb(0, 1, cores=PAIR)])


def test_semaphores_and_multicast_are_the_free_calls() -> None:
    runs = [exchanged(SEND_FREE, RECEIVE_FREE), exchanged(SEND_OBJECTS, RECEIVE_OBJECTS)]
    assert pages(runs[0])[0] == pages(runs[1])[0] == 3
    assert events(runs[0]) == events(runs[1])


# ---- the text that is made ----------------------------------------------------------------------------------

CALLS = [
    ("cb.reserve_back(2)", "await cb_reserve_back(cb, 2)"),
    ("cb.push_back(2)", "cb_push_back(cb, 2)"),
    ("x = cb.get_tile_size()", "x = get_tile_size(cb)"),
    ("x = cb.get_cb_id()", "x = cb"),
    ("b = cb.pages_available_at_front(1)", "b = cb_pages_available_at_front(cb, 1)"),
    ("noc.async_full_barrier()", "await noc_async_full_barrier()"),
    ("sem.set(x)", "noc_semaphore_set(sem, x)"),
    ("sem.wait_min(2)", "await noc_semaphore_wait_min(sem, 2)"),
    ("x = sem.value()", "x = tt_l1_ptr(uint32_t, sem)[0]"),
    ("sem.up(noc, 1, 2, 3)", "noc_semaphore_inc(get_noc_addr(1, 2, sem), 3)"),
    ("sem.relay_unicast(noc, sem, 1, 2)", "noc_semaphore_set_remote(sem, get_noc_addr(1, 2, sem))"),
    ("p[1] = 5", "p[1] = 5"),
    ("x = p.get_address()", "x = p.address"),
    (
        "noc.async_read(UnicastEndpoint{}, cb, 8, {.noc_x = 1, .noc_y = 2, .addr = x}, {.offset_bytes = 16})",
        "noc_async_read(get_noc_addr(1, 2, x), get_write_ptr(cb) + 16, 8)",
    ),
]


@pytest.mark.parametrize(("call", "python"), CALLS)
def test_method_as_text(call: str, python: str) -> None:
    text = f"""void kernel_main() {{
    CircularBuffer cb(3); Noc noc; Semaphore<> sem(0); CoreLocalMem<uint32_t> p(1024);
    uint32_t x = 7; bool b = false;
    {call};
    x++;
}}"""
    lines = read(text, "reader").python.splitlines()  # type: ignore[attr-defined]
    assert lines[-2].strip() == python


def test_buffers_in_a_compute_kernel() -> None:
    text = "void kernel_main() { CircularBuffer in(0), out(16); in.wait_front(1); in.pop_front(1); out.push_back(1); }"
    lines = read(text, "compute").python.splitlines()  # type: ignore[attr-defined]
    assert [line.strip() for line in lines[-5:]] == [
        "in_ = 0",
        "out = 16",
        "await cb_wait_front(in_, 1)",
        "cb_pop_front(in_, 1)",
        "cb_push_back(out, 1)",
    ]
