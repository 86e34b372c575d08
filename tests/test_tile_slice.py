"""Printing parts of a tile, and a CB's record, in kernels of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import TILE, WRITER, cb, launch, no_tiles

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

NUMBERS = np.arange(1024, dtype=np.float32).reshape(32, 32)  # exact in bf16 up to 256; compared as stored


def stored(dtype: Any = tt.bfloat16) -> Any:
    return tt.to_numpy(tt.from_numpy(NUMBERS, dtype))


def shown(rows: Any) -> list[str]:
    return [" ".join(f"{value:.6g}" for value in row) for row in rows]


async def brings() -> None:
    """The tile, to c_0."""
    await cb_reserve_back(0, 1)
    a = TensorAccessor(TensorAccessorArgs(0), get_common_arg_val(0))
    noc_async_read_page(0, a, get_write_ptr(0))
    await noc_async_read_barrier()
    cb_push_back(0, 1)


def printed(run: tt.Run, risc: str) -> list[str]:
    return [text for _, name, text in run.trace.prints if name == risc]


def front(show: Callable[[], Any], dtype: Any = tt.bfloat16) -> list[str]:
    """What BRISC prints between wait and pop of the tile."""

    async def takes() -> None:
        await cb_wait_front(0, 1)
        DPRINT("{}\n", show())
        cb_pop_front(0, 1)

    tensors = [tt.from_numpy(NUMBERS, dtype, tt.TILE_LAYOUT), no_tiles(1)]
    size = TILE * dtype.itemsize // 2
    one = tt.CBDescriptor(size, tt.core_set((0, 0)), [tt.CBFormatDescriptor(0, dtype, size)])
    return printed(launch(brings, takes, tensors=tensors, cbs=[one]), "BRISC")


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32], ids=["bf16", "fp32"])
def test_a_slice_shows_rows_and_columns_with_the_faces_resolved(dtype: Any) -> None:
    lines = front(lambda: TileSlice(0, 0, SliceRange(15, 18, 1, 14, 18, 1)), dtype)
    assert lines == shown(stored(dtype)[15:18, 14:18])


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(0, 32)] * 4, st.integers(1, 33), st.integers(1, 33)))
def test_a_slice_is_numpys(numbers: tuple[int, ...]) -> None:
    (h0, h1), (w0, w1), hs, ws = sorted(numbers[:2]), sorted(numbers[2:4]), numbers[4], numbers[5]
    lines = front(lambda: TileSlice(0, 0, SliceRange(h0, h1, hs, w0, w1, ws), MAX_BYTES=4096))
    expected = shown(stored()[h0:h1:hs, w0:w1:ws])
    assert lines == [line for line in expected if line] or [""]


def test_as_on_the_chip_a_slice_shows_at_most_64_bytes() -> None:
    lines = front(lambda: TileSlice(0, 0, SliceRange.hw0_32_4()))
    assert lines[:-1] == shown(stored()[0:16:4, ::4])
    assert lines[-1] == "<TileSlice data truncated due to exceeding max count (32)>"


def test_rows_may_be_joined_and_the_tile_taken_as_it_lies() -> None:
    part = SliceRange(0, 2, 1, 14, 18, 1)
    joined = front(lambda: TileSlice(0, 0, part, TSLICE_INPUT_CB, TSLICE_RD_PTR, False))
    assert joined == [" ".join(shown(stored()[0:2, 14:18]))]
    flat = np.concatenate([stored()[r : r + 16, c : c + 16].reshape(-1) for r in (0, 16) for c in (0, 16)])
    assert front(lambda: TileSlice(0, 0, part, print_untilized=False)) == shown(flat.reshape(32, 32)[0:2, 14:18])


def test_ncrisc_prints_what_it_is_about_to_push() -> None:
    async def reads() -> None:
        await cb_reserve_back(0, 1)
        a = TensorAccessor(TensorAccessorArgs(0), get_common_arg_val(0))
        noc_async_read_page(0, a, get_write_ptr(0))
        DPRINT("{}\n", TileSlice(0, 0, SliceRange.hw041()))
        await noc_async_read_barrier()
        DPRINT("{}\n", TileSlice(0, 0, SliceRange.hw041(), TSLICE_INPUT_CB))
        cb_push_back(0, 1)

    tensors = [tt.from_numpy(NUMBERS, layout=tt.TILE_LAYOUT), no_tiles(1)]
    lines = printed(launch(reads, tensors=tensors, cbs=[cb(0, 1, TILE)]), "NCRISC")
    assert lines == ["nan nan nan nan"] * 4 + shown(stored()[:4, :4])  # poison until the barrier


async def looks() -> None:
    compute_kernel_hw_startup(0, 0)
    await cb_wait_front(0, 1)
    DPRINT("{}\n", TileSlice(0, 0, SliceRange.h0_w0_32()))
    debug_dump_cb(0)
    cb_pop_front(0, 1)
    debug_dump_cb(0)


def test_in_a_compute_kernel_unpack_prints_the_front_and_math_has_none() -> None:
    tensors = [tt.from_numpy(NUMBERS, layout=tt.TILE_LAYOUT), no_tiles(1)]
    run = launch(brings, None, looks, tensors=tensors, cbs=[cb(0, 2, TILE)])
    base = run.device.arch.cb_base // 16
    assert printed(run, "UNPACK") == [
        *shown(stored()[:1]),
        f"CB0 sz=256 rd={base} wr={base} ack=0 rcv=0",
        f"CB0 sz=256 rd={base + 128} wr={base} ack=1 rcv=0",
    ]
    assert printed(run, "MATH") == [
        "TileSlice: MATH has no CBs; print in UNPACK or PACK",
        *["debug_dump_cb: not available on math thread"] * 2,
    ]


def test_pack_prints_the_back() -> None:
    async def looks_back() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        copy_init(0)
        for _ in range(2):
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
            await cb_reserve_back(16, 2)  # after the ring's turn: the page that was packed first
            if PACK():
                DPRINT("{}\n", TileSlice(16, 0, SliceRange.hw041()))

    async def takes() -> None:
        for _ in range(2):
            await cb_wait_front(16, 1)
            cb_pop_front(16, 1)

    tensors = [tt.from_numpy(NUMBERS, layout=tt.TILE_LAYOUT), no_tiles(1)]
    run = launch(brings, takes, looks_back, tensors=tensors, cbs=[cb(0, 1, TILE), cb(16, 2, TILE)])
    assert printed(run, "PACK") == ["nan nan nan nan"] * 4 + shown(stored()[:4, :4])


def test_a_dump_shows_this_riscs_numbers_and_words() -> None:
    async def dumps() -> None:
        tt_l1_ptr(uint32_t, get_write_ptr(0))[0:2] = np.array([1, 0x3F803F80], np.uint32)
        debug_dump_cb(0, 2)
        cb_push_back(0, 3)
        debug_dump_cb(0)

    run = launch(dumps, cbs=[cb(0, 4)])
    base = run.device.arch.cb_base
    assert printed(run, "NCRISC") == [
        f"CB0 sz=256 rd={base} wr={base} ack=0 rcv=0",
        "  [0] 0x00000001",
        "  [1] 0x3f803f80",
        f"CB0 sz=256 rd={base} wr={base + 192} ack=0 rcv=3",
    ]


def test_a_range_outside_the_tile_is_refused() -> None:
    with pytest.raises(tt.KernelError) as caught:
        SliceRange(0, 33, 1, 0, 4, 1)
    assert str(caught.value) == (
        "SliceRange: h0=0, h1=33, hs=1; a tile has rows and columns 0 to 31, so give 0 <= h0 <= h1 <= 32 and a step of "
        "at least 1"
    )


@pytest.mark.parametrize(("config", "names"), [(WRITER, "cb_type, ptr_type, endl_rows, print_untilized")])
def test_too_many_arguments_are_refused_with_those_there_are(config: Any, names: str) -> None:
    async def wrong() -> None:
        TileSlice(0, 0, SliceRange.hw041(), True, True, True, True, True)

    with pytest.raises(tt.KernelError) as caught:
        launch(more=[(wrong, config, tt.core_set((0, 0)))], cbs=[cb(0, 1)])
    assert str(caught.value) == f"TileSlice takes, on BRISC (wrong), (cb, tile_idx, slice_range, {names})"


def test_printing_changes_neither_time_nor_data() -> None:
    async def plain() -> None:
        compute_kernel_hw_startup(0, 0)
        await cb_wait_front(0, 1)
        cb_pop_front(0, 1)

    tensors = [tt.from_numpy(NUMBERS, layout=tt.TILE_LAYOUT), no_tiles(1)]
    runs = [launch(brings, None, kernel, tensors=tensors, cbs=[cb(0, 2, TILE)]) for kernel in (looks, plain)]
    assert runs[0].cycles == runs[1].cycles
    assert [fact[:6] for fact in runs[0].trace.facts] == [fact[:6] for fact in runs[1].trace.facts]


def test_the_ready_made_ranges_are_the_chips() -> None:
    assert SliceRange.hw0_32_16() == SliceRange(0, 32, 16, 0, 32, 16)
    assert SliceRange.hw0_32_8() == SliceRange(0, 32, 8, 0, 32, 8)
    assert SliceRange.h0_32_w0() == SliceRange(0, 32, 1, 0, 1, 1)
    assert SliceRange.h0_32_w1() == SliceRange(0, 32, 1, 1, 2, 1)
