"""The hung layernorm_fused_rm of the execution log, page for page: its CBs, its reader, compute and writer.

Every push and pop balances. Compute lacks `compute_kernel_hw_startup`; the repaired kernel has it as its first line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

CORES = tt.core_set((0, 0))
SHAPES = [(1, 1), (1, 2), (2, 2), (4, 2), (4, 3), (8, 2)]  # (Wt, Ht) that ran on the real stack
EPSILON = 0x3727  # 1e-5 in bf16


def fill(cb: int, bits: int) -> None:
    """A tile with `bits` in row 0 of every face."""
    tile = tt_l1_ptr(uint16_t, get_write_ptr(cb))
    tile[0:1024] = 0
    for face in range(0, 1024, 256):
        tile[face : face + 16] = bits


async def reader() -> None:
    scaler, Ht = get_arg_val(3), get_arg_val(4)
    args = TensorAccessorArgs(0)
    src, gamma, beta = (TensorAccessor(args, get_arg_val(i)) for i in range(3))
    for cb, bits in ((2, scaler), (3, EPSILON)):
        await cb_reserve_back(cb, 1)
        fill(cb, bits)
        cb_push_back(cb, 1)
    for cb, stick in ((4, gamma), (5, beta)):
        await cb_reserve_back(cb, 1)
        noc_async_read_page(0, stick, get_write_ptr(cb))
        await noc_async_read_barrier()
        cb_push_back(cb, 1)
    for row in range(Ht):
        await cb_reserve_back(0, 32)
        for i in range(32):
            noc_async_read_page(row * 32 + i, src, get_write_ptr(0) + i * args.page_size)
        await noc_async_read_barrier()
        cb_push_back(0, 32)


def compute(first_line: Callable[[], None], block: int) -> Callable[[], Any]:
    async def compute() -> None:
        Wt, Ht = get_compile_time_arg_val(0), get_arg_val(0)
        first_line()
        for cb in (2, 3, 4, 5):
            await cb_wait_front(cb, 1)
            cb_pop_front(cb, 1)
        for _ in range(Ht):
            await cb_wait_front(0, 32)
            await cb_reserve_back(1, Wt)
            tilize_init(0, Wt, 1)
            tilize_block(0, Wt, 1)
            tilize_uninit(0, 1)
            cb_push_back(1, Wt)
            cb_pop_front(0, 32)
            await cb_wait_front(1, Wt)
            await cb_reserve_back(16, 32)
            pack_untilize_init(1, 16, block_ct_dim=block, full_ct_dim=block)
            pack_untilize_block(1, 1, 16, block_ct_dim=block, full_ct_dim=block)
            pack_untilize_uninit(16)
            cb_push_back(16, 32)
            cb_pop_front(1, Wt)

    return compute


async def writer() -> None:
    args = TensorAccessorArgs(0)
    dst, Ht = TensorAccessor(args, get_arg_val(0)), get_arg_val(1)
    for row in range(Ht):
        await cb_wait_front(16, 32)
        for i in range(32):
            noc_async_write_page(row * 32 + i, dst, get_read_ptr(16) + i * args.page_size)
        await noc_async_write_barrier()
        cb_pop_front(16, 32)


def nothing() -> None:
    pass


def hw_startup() -> None:
    compute_kernel_hw_startup(0, 1)


def cbs(Wt: int) -> list[tt.CBDescriptor]:
    """The log's table, all of it."""
    stick, tile = Wt * 64, 2048
    pages = {0: (32, stick), 1: (2 * Wt, tile), 2: (2, tile), 3: (1, tile), 4: (1, stick), 5: (1, stick)}
    pages |= {6: (Wt, tile), 7: (Wt, tile), 16: (32, stick), 24: (Wt, tile)} | dict.fromkeys((25, 26, 27), (1, tile))
    return [
        tt.CBDescriptor(n * size, CORES, [tt.CBFormatDescriptor(i, tt.bfloat16, size)])
        for i, (n, size) in pages.items()
    ]


def run(Wt: int, Ht: int, source: Callable[[], Any], strict: bool = True) -> tuple[tt.Run, Any, Any]:
    """The run, the input's bits and the output's."""
    rng = np.random.default_rng(Wt)
    x, gamma, beta = (tt.from_numpy(rng.standard_normal((n, 32 * Wt))) for n in (32 * Ht, 1, 1))
    out = tt.allocate_tensor_on_device(x.shape)
    words = tt.TensorAccessorArgs(x).get_compile_time_args()
    scaler = int(np.float32(1 / (32 * Wt)).view(np.uint32)) >> 16
    addresses = [t.buffer_address() for t in (x, gamma, beta)]
    program = tt.ProgramDescriptor(
        [
            tt.KernelDescriptor(
                reader, CORES, tt.ReaderConfigDescriptor(), words, [((0, 0), [*addresses, scaler, Ht])]
            ),
            tt.KernelDescriptor(
                writer, CORES, tt.WriterConfigDescriptor(), words, [((0, 0), [out.buffer_address(), Ht])]
            ),
            tt.KernelDescriptor(source, CORES, tt.ComputeConfigDescriptor(), [Wt], [((0, 0), [Ht])]),
        ],
        cbs(Wt),
    )
    done = tt.generic_op([x, gamma, beta, out], program, strict=strict)
    return done, tt.to_bits(x), tt.to_bits(out)


@pytest.mark.parametrize(("Wt", "Ht"), SHAPES)
def test_the_logs_kernel_hangs_without_hw_startup(Wt: int, Ht: int) -> None:
    with pytest.raises(tt.DeviceHang):
        run(Wt, Ht, compute(nothing, Wt))


def test_the_hang_is_blamed_on_the_tilize_block_line_and_the_missing_startup() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        run(1, 1, compute(nothing, 1))
    diagnosis = caught.value.diagnosis
    assert diagnosis.cause is Cause.NOT_CONFIGURED
    assert "UNPACK cannot tilize_block" in diagnosis.sentence and "`tilize_block(0, Wt, 1)`" in diagnosis.sites[0]
    assert diagnosis.change.text == "call compute_kernel_hw_startup(0, 16) first in compute"
    assert diagnosis.change.outcome == "tried: finishes, output not verified"


@pytest.mark.parametrize(("Wt", "Ht"), SHAPES)
def test_with_hw_startup_it_returns_its_input(Wt: int, Ht: int) -> None:
    _, given, got = run(Wt, Ht, compute(hw_startup, Wt))
    assert (got == given).all()


@pytest.mark.parametrize(("Wt", "Ht"), SHAPES)
def test_every_page_pushed_is_popped(Wt: int, Ht: int) -> None:
    done, _, _ = run(Wt, Ht, compute(hw_startup, Wt))
    moved = {r.index: (r.pushed, r.popped) for r in done.cbs if r.pushed or r.popped}
    assert moved == {
        0: (32 * Ht, 32 * Ht),
        1: (Wt * Ht, Wt * Ht),
        **dict.fromkeys((2, 3, 4, 5), (1, 1)),
        16: (32 * Ht, 32 * Ht),
    }


def test_its_hard_coded_block_of_1_gives_wrong_data_and_no_hang() -> None:
    _, given, got = run(4, 1, compute(hw_startup, 1), strict=False)
    assert (got != given).any()


def test_its_hard_coded_block_of_1_leaves_poison_in_the_output() -> None:
    with pytest.raises(tt.Violation, match="poison"):
        run(4, 1, compute(hw_startup, 1))


# ---- the same from C++ text ---------------------------------------------------------------------------------

TEXT = """#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/tilize.h"
#include "api/compute/pack_untilize.h"

constexpr uint32_t cb_in_rm = tt::CBIndex::c_0;
constexpr uint32_t cb_in_tiled = tt::CBIndex::c_1;
constexpr uint32_t cb_out_rm = tt::CBIndex::c_16;
constexpr uint32_t sticks = 32;

void kernel_main() {
    constexpr uint32_t Wt = get_compile_time_arg_val(0);
    const uint32_t Ht = get_arg_val<uint32_t>(0);
#ifdef STARTED
    compute_kernel_hw_startup(cb_in_rm, cb_out_rm);
#endif
    for (uint32_t cb = tt::CBIndex::c_2; cb <= tt::CBIndex::c_5; cb++) {
        cb_wait_front(cb, 1);
        cb_pop_front(cb, 1);
    }
    for (uint32_t row = 0; row < Ht; row++) {
        cb_wait_front(cb_in_rm, sticks);
        cb_reserve_back(cb_in_tiled, Wt);
        tilize_init(cb_in_rm, Wt, cb_in_tiled);
        tilize_block(cb_in_rm, Wt, cb_in_tiled);
        tilize_uninit(cb_in_rm, cb_in_tiled);
        cb_push_back(cb_in_tiled, Wt);
        cb_pop_front(cb_in_rm, sticks);
        cb_wait_front(cb_in_tiled, Wt);
        cb_reserve_back(cb_out_rm, sticks);
        pack_untilize_init<Wt, Wt>(cb_in_tiled, cb_out_rm);
        pack_untilize_block<Wt, Wt>(cb_in_tiled, 1, cb_out_rm);
        pack_untilize_uninit(cb_out_rm);
        cb_push_back(cb_out_rm, sticks);
        cb_pop_front(cb_in_tiled, Wt);
    }
}
"""


@pytest.mark.parametrize(("Wt", "Ht"), SHAPES)
def test_the_logs_kernel_as_cpp_hangs_at_tilize_block(Wt: int, Ht: int) -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        run(Wt, Ht, tt.cpp.read(TEXT, "compute", name="layernorm_fused_rm.cpp"))
    diagnosis = caught.value.diagnosis
    assert diagnosis.cause is Cause.NOT_CONFIGURED
    assert diagnosis.sites[0] == "layernorm_fused_rm.cpp line 24: `tilize_block(cb_in_rm, Wt, cb_in_tiled)`"


@pytest.mark.parametrize(("Wt", "Ht"), SHAPES)
def test_the_logs_kernel_as_cpp_returns_its_input_with_startup(Wt: int, Ht: int) -> None:
    _, given, got = run(Wt, Ht, tt.cpp.read(TEXT, "compute", {"STARTED": 1}))
    assert (got == given).all()
