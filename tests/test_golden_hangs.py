"""The golden hangs (tests/data/hangs): who hangs, who finishes, and what the CB counters say then.

The watcher's lines were read from the real stack's own watcher. `rcv` and `ack` are the 16-bit counters of
pages pushed and popped; a CB is listed only where they differ.
"""

from __future__ import annotations

import re
from typing import Any

import golden
import numpy as np
import pytest
from golden import Case, assert_same, cases
from golden_kernels import Kernel, p_cp, p_rd, p_wr
from test_fpu import assert_near

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

HANGS = ("hang", "simulator_stopped")  # ttsim refuses h29's unconfigured unpacker; the chip waits for ever


# ---- kernels ------------------------------------------------------------------------------------------------


async def h03_cp() -> None:
    compute_kernel_hw_startup(0, 1)
    await _one_row()


async def h29_cp() -> None:
    await _one_row()


async def _one_row() -> None:
    await cb_wait_front(0, 2)
    await cb_reserve_back(1, 2)
    tilize_init(0, 2, 1)
    tilize_block(0, 2, 1)
    tilize_uninit(0, 1)
    cb_push_back(1, 2)
    cb_pop_front(0, 2)
    await cb_wait_front(1, 2)
    await cb_reserve_back(16, 2)
    pack_untilize_init(1, 16, block_ct_dim=2, full_ct_dim=2)
    pack_untilize_block(1, 1, 16, block_ct_dim=2, full_ct_dim=2)
    pack_untilize_uninit(16)
    cb_push_back(16, 2)
    cb_pop_front(1, 2)


async def h03_rd() -> None:
    A = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0), 128)
    await cb_reserve_back(0, 2)
    p = get_write_ptr(0)
    for i in range(32):
        noc_async_read(A.get_noc_addr(i), p, 128)
        p += 128
    await noc_async_read_barrier()
    cb_push_back(0, 2)


async def h03_wr() -> None:
    D = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0), 128)
    for i in range(32):
        await cb_wait_front(16, 1)
        noc_async_write(get_read_ptr(16), D.get_noc_addr(i), 128)
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


async def h03b_wr() -> None:
    D = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0), 128)
    await cb_wait_front(16, 32)
    p = get_read_ptr(16)
    for i in range(32):
        noc_async_write(p, D.get_noc_addr(i), 128)
        p += 128
    await noc_async_write_barrier()
    cb_pop_front(16, 32)


async def h05_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        cb_push_back(16, 1)
        await cb_reserve_back(1, 1)
        pack_tile(0, 1)
        cb_push_back(1, 1)  # credit back to the reader
        tile_regs_release()


async def h05_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    for i in range(n):
        await cb_wait_front(1, 1)  # credit from compute
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        cb_pop_front(1, 1)


async def h08_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


async def h10_recv() -> None:
    d0, want = get_arg_val(0), get_arg_val(1)
    D = TensorAccessor(TensorAccessorArgs(0), d0, 2048)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), want)
    noc_async_write(get_write_ptr(0), D.get_noc_addr(0), 2048)
    await noc_async_write_barrier()


async def h10_send() -> None:
    a0, nx, ny = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    l1 = get_write_ptr(0)
    noc_async_read(A.get_noc_addr(0), l1, 2048)
    await noc_async_read_barrier()
    noc_async_write(l1, get_noc_addr(nx, ny, l1), 2048)
    await noc_async_write_barrier()


async def h13_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(1, 1)
        tile_regs_wait()
        pack_tile(0, 1)
        tile_regs_release()
        cb_push_back(1, 1)
    await cb_wait_front(1, n)
    for i in range(n):
        tile_regs_acquire()
        copy_tile(1, i, 0)
        tile_regs_commit()
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
    cb_pop_front(1, n)


async def h14_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for i in range(n):
        await cb_wait_front(0, i + 1)  # cumulative: tile i is at index i
        tile_regs_acquire()
        copy_tile(0, i, 0)
        tile_regs_commit()
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
    cb_pop_front(0, n)


async def h15_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for b in range(n // 2):
        await cb_wait_front(0, 2 * (b + 1))  # cumulative count, but ...
        for k in range(2):
            tile_regs_acquire()
            copy_tile(0, k, 0)
            tile_regs_commit()
            await cb_reserve_back(16, 1)
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
        cb_pop_front(0, 2)  # ... each block is popped


async def h17_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        cb_push_back(16, 1)


async def h18_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


async def h21_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 4, 16)
    await cb_wait_front(4, n)
    mul_bcast_rows_init(0, 4)
    for i in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        mul_tiles_bcast(0, 4, 0, i, 0, tBcastDim=BroadcastType.ROW)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


async def h21_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    await cb_reserve_back(4, 1)
    noc_async_read(A.get_noc_addr(0), get_write_ptr(4), 2048)
    await noc_async_read_barrier()
    cb_push_back(4, 1)
    for i in range(n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def h24_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    await cb_reserve_back(1, 1)
    noc_async_read(A.get_noc_addr(7), get_write_ptr(1), 2048)
    await noc_async_read_barrier()
    cb_push_back(1, 1)
    for i in range(n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def h26_recv() -> None:
    d0, me = get_arg_val(0), get_arg_val(1)
    D = TensorAccessor(TensorAccessorArgs(0), d0, 2048)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)
    noc_async_write(get_write_ptr(0), D.get_noc_addr(me), 2048)
    await noc_async_write_barrier()


async def h27_send() -> None:
    v = tt_l1_ptr(uint32_t, get_semaphore(0))
    s = tt_l1_ptr(uint32_t, get_semaphore(1))
    noc_semaphore_set(s, 1)
    noc_semaphore_set_multicast(get_semaphore(1), get_noc_multicast_addr(18, 18, 20, 18, get_semaphore(0)), 2)
    await noc_async_write_barrier()
    await noc_semaphore_wait(v, 1)


async def h36_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 1, 16)
    mul_init(0, 1)
    for _ in range(n):
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        tile_regs_acquire()
        add_tiles(0, 1, 0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
    cb_pop_front(1, 1)


async def h42_rd() -> None:
    a0, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    for i in range(start, start + n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def h42_wr() -> None:
    d0, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    D = TensorAccessor(TensorAccessorArgs(0), d0, 2048)
    for i in range(start, start + n):
        await cb_wait_front(16, 1)
        noc_async_write(get_read_ptr(16), D.get_noc_addr(i), 2048)
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


async def ok2_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(0, n, 2):
        await cb_wait_front(0, 2)
        for _ in range(2):
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            cb_pop_front(0, 1)
            await cb_reserve_back(16, 1)
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)


async def ok7_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 1, 16)
    add_init(0, 1)
    for _ in range(n):
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        tile_regs_acquire()
        add_tiles(0, 1, 0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


async def ok10_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        tile_regs_commit()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


async def ok13_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    first = 0
    for pages in (5, 7, 4):  # ring of 12: 5 + 7
        await cb_reserve_back(0, pages)
        p = get_write_ptr(0)
        for i in range(first, min(first + pages, n)):
            noc_async_read(A.get_noc_addr(i), p, 2048)
            p += 2048
        await noc_async_read_barrier()
        cb_push_back(0, pages)
        first += pages


KERNELS: dict[str, Kernel] = {
    f.__name__: f
    for f in (
        *(h03_cp, h03_rd, h03_wr, h03b_wr, h05_cp, h05_rd, h08_cp, h10_recv, h10_send, h13_cp, h14_cp, h15_cp, h17_cp),
        *(h18_cp, h21_cp, h21_rd, h24_rd, h26_recv, h27_send, h29_cp, h36_cp, h42_rd, h42_wr, ok10_cp, ok13_rd),
        *(ok2_cp, ok7_cp, p_cp, p_rd, p_wr),
    )
}


# ---- what the watcher saw -----------------------------------------------------------------------------------

Core = tuple[int, int]
WAYPOINTS = {"CWFW": "cb_wait_front", "CRBW": "cb_reserve_back", "NSW": "noc_semaphore_wait"}


def watched(case: Case) -> dict[Core, str]:
    """The watcher's line of each core."""
    found = {}
    for line in case.entry["watcher"]:
        place = re.search(r"core\(x= *(\d+),y= *(\d+)\)", line)
        if place:
            found[int(place[1]), int(place[2])] = line.partition("): ")[2]
    return found


def hang(case: Case) -> tt.DeviceHang:
    with pytest.raises(tt.DeviceHang) as caught:
        golden.run(case, KERNELS)
    return caught.value


def waiting_in(core: Any, name: str) -> str | None:
    risc = next(r for r in core.riscs if r.name == name)
    return None if risc.waiting is None else risc.waiting.call


hanging = cases("hangs", where=lambda case: case.entry["observed"] in HANGS)
seen = cases("hangs", where=lambda case: case.entry["observed"] == "hang")
ADDS = "ok7_constant_never_popped"  # the others that finish only copy
finishing = cases("hangs", where=lambda case: case.entry["observed"] == "finished" and case.name != ADDS)


@hanging
def test_what_hangs_on_the_chip_hangs(case: Case) -> None:
    assert "The device hangs" in str(hang(case))


@finishing
def test_what_finishes_on_the_chip_finishes_with_the_same_data(case: Case) -> None:
    assert_same(golden.run(case, KERNELS).bits["o"], case.arrays["o"])


@cases("hangs", where=lambda case: case.name == ADDS)
def test_a_constant_may_be_waited_for_again_and_never_popped(case: Case) -> None:
    got, expected, a = golden.run(case, KERNELS).bits["o"], case.arrays["o"], np.abs(golden.values(case.arrays["a"]))
    larger = np.maximum(a, a[7])  # the adder is good to 2^-11 of its larger operand, as in test_fpu
    assert_near(got[:4], expected[:4], larger[:4] * 2.0**-11)


@seen
def test_pushed_and_popped_pages_are_the_watchers_counters(case: Case) -> None:
    expected = {
        (core, int(cb)): (int(received), int(acked))
        for core, line in watched(case).items()
        for cb, received, acked in re.findall(r"cb\[(\d+)\]\(rcv (\d+)!=ack (\d+)\)", line)
    }
    counters = {(r.core, r.index): (r.pushed % 65536, r.popped % 65536) for r in hang(case).run.cbs}
    assert {key: both for key, both in counters.items() if both[0] != both[1]} == expected


@seen
def test_data_movement_waits_where_the_watcher_saw_it(case: Case) -> None:
    cores = hang(case).run.device.cores
    for xy, line in watched(case).items():
        for name, waypoint in zip(("BRISC", "NCRISC"), line.split(","), strict=False):
            assert waiting_in(cores[xy], name) == WAYPOINTS.get(waypoint.strip()), f"{name} of core {xy}"


@seen
def test_the_compute_engine_is_as_far_as_the_watcher_saw_it(case: Case) -> None:
    # smsg: NCRISC, then the three TRISCs: G still goes (the RISC, or the engine's queue it fills), D is done
    cores = hang(case).run.device.cores
    for xy, line in watched(case).items():
        states = re.search(r"smsg:(....)", line)
        assert states
        assert unfinished(cores[xy]) == [state == "G" for state in states[1]], f"core {xy}: {states[1]}"


def unfinished(core: Any) -> list[bool]:
    going = [core.ncrisc.waiting is not None]
    for thread in (core.engine.unpack, core.engine.math, core.engine.pack):
        going.append(thread.risc.waiting is not None or thread.work() is not None)
    if core.engine.unpack.blocked == "src full" and core.unpack.coro is not None:
        going[1] = True  # its last operands are unpacked but not taken
    return going


@pytest.mark.parametrize(("name", "written"), [("h03_writer_counts_sticks", [0, 1]), ("h08_pop_missing", [0, 0, 0, 0])])
def test_what_the_writer_had_written_before_the_hang_is_in_the_output(name: str, written: list[int]) -> None:
    case = next(c for c in golden.load("hangs") if c.name == name)  # its `note` says what was written
    out = golden.zeroed(hang(case).run.tensors[-1])
    assert_same(out[: len(written)], case.arrays["a"][written])
    assert (out[len(written) :] == 0).all()


CULPRITS = {
    "h01_reader_pushes_fewer": (
        Cause.PRODUCER_SHORT,
        "NCRISC (p_rd), the producer of c_0, finished after it pushed 3 pages",
    ),
    "h03_writer_counts_sticks": (Cause.UNITS, "pushes 2 pages of 128 B to c_16, 256 B in all, and BRISC"),
    "h05_circular_two_cbs": (Cause.CIRCLE, "NCRISC waits in cb_wait_front(c_1, 1)"),
    "h08_pop_missing": (Cause.NEVER_CONSUMED, "no kernel of this core ever pops c_0"),
    "h10_semaphore_never_incremented": (Cause.SEMAPHORE, "no kernel of this program sets or increments a semaphore"),
    "h13_intermediate_cb_too_small": (Cause.REQUEST_TOO_LARGE, "UNPACK asks for 4 pages of c_1, which has 2"),
    "h15_cumulative_wait_with_pop": (Cause.POPPED_TOO_EARLY, "has given 2 of its 4 pages back before"),
    "h17_release_missing": (Cause.DST_MISUSE, "the kernel never calls tile_regs_release()"),
    "h21_gamma_one_tile": (Cause.PRODUCER_SHORT, "the producer of c_4, pushes only 1 page; UNPACK waits for a 4th"),
    "h27_multicast_excludes_sender": (Cause.SEMAPHORE, "a multicast leaves its sender out"),
    "h29_no_hw_startup": (Cause.NOT_CONFIGURED, "UNPACK cannot tilize_block"),
    "h36_mul_init_add_tiles": (Cause.WRONG_OPERATION, "the init before it is `mul_init(0, 1)`"),
    "h42_multicore_last_cores_too_many": (Cause.PRODUCER_SHORT, "on core (2, 0), NCRISC (h42_rd), the producer of c_0"),
}


@cases("hangs", where=lambda case: case.name in CULPRITS)
def test_the_cause_and_the_culprit_are_named(case: Case) -> None:
    diagnosis = hang(case).diagnosis
    cause, words = CULPRITS[case.name]
    assert diagnosis.cause is cause
    assert words in diagnosis.sentence


@seen
def test_the_diagnosis_shows_no_line_of_the_package(case: Case) -> None:
    assert "(inside noc_" not in str(hang(case))
