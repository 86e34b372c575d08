"""Page contracts that do not fit: the table 'Designs that do hang' of the reference sheet, cell by cell.

c_0 and c_16 hold 32 stick pages, a tile row goes c_0 -> tilize -> c_1 -> pack_untilize -> c_16, and the two
sides of a CB may count the same bytes in different units. A row of the table is one mistake, a column a width.
`correct` says that the output is the input: what stands between tilize and untilize multiplies by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

CORES = tt.core_set((0, 0))
WIDTHS = (1, 4, 32, 64)
ROW_SUM = {"reduce_type": PoolType.SUM, "reduce_dim": ReduceDim.REDUCE_ROW}


def largest_block(Wt: int, limit: int = 8) -> int:
    """The widest pack_untilize block that divides Wt and fits a DST section."""
    return max(b for b in range(1, limit + 1) if Wt % b == 0)


# ---- programs -----------------------------------------------------------------------------------------------


def cb(index: int, pages: int, page_size: int = 2048) -> tt.CBDescriptor:
    return tt.CBDescriptor(pages * page_size, CORES, [tt.CBFormatDescriptor(index, tt.bfloat16, page_size)])


def kernel(source: Callable[[], Any], config: Any, on: list[tt.Tensor], *args: int) -> tt.KernelDescriptor:
    words = [word for t in on for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    return tt.KernelDescriptor(source, CORES, config, words, [((0, 0), [*(t.buffer_address() for t in on), *args])])


def launch(
    compute: Callable[[], Any],
    Wt: int,
    Ht: int,
    *cbs: tt.CBDescriptor,
    ones: tuple[int, int] = (0, 0),
    written: int = 32,
    sticks_per_barrier: int = 32,
    fp32_dest: bool = False,
) -> tuple[tt.Tensor, tt.Tensor, tt.ProgramDescriptor]:
    """Input, output and program. The reader first pushes pages full of ones: `ones` = (CB, pages).

    The writer waits for and pops `written` pages.
    """
    source = tt.from_numpy(np.random.default_rng(Wt).standard_normal((32 * Ht, 32 * Wt)))
    out = tt.allocate_tensor_on_device(source.shape)
    program = tt.ProgramDescriptor(
        [
            kernel(reader, tt.ReaderConfigDescriptor(), [source], Ht, *ones),
            kernel(writer, tt.WriterConfigDescriptor(), [out], Ht, written, sticks_per_barrier),
            kernel(compute, tt.ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dest), []),
        ],
        [cb(0, 32, Wt * 64), cb(16, 32, Wt * 64), *cbs],
    )
    return source, out, program


def outcome(compute: Callable[[], Any], Wt: int, Ht: int, *cbs: tt.CBDescriptor, strict: bool, **more: Any) -> str:
    """`hang`, `violation`, or how the output compares with the input: `correct` or `wrong`."""
    source, out, program = launch(compute, Wt, Ht, *cbs, **more)
    try:
        tt.generic_op([source, out], program, strict=strict)
    except tt.DeviceHang:
        return "hang"
    except tt.Violation:
        return "violation"
    return "correct" if (tt.to_bits(out) == tt.to_bits(source)).all() else "wrong"


async def reader() -> None:
    args = TensorAccessorArgs(0)
    src, Ht, constant, ones = TensorAccessor(args, get_arg_val(0)), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    for _ in range(ones):
        await cb_reserve_back(constant, 1)
        tt_l1_ptr(uint16_t, get_write_ptr(constant))[0:1024] = 0x3F80
        cb_push_back(constant, 1)
    for r in range(Ht):
        await cb_reserve_back(0, 32)
        for i in range(32):
            noc_async_read_page(r * 32 + i, src, get_write_ptr(0) + i * args.page_size)
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def writer() -> None:
    args = TensorAccessorArgs(0)
    dst, Ht, pages, sticks = TensorAccessor(args, get_arg_val(0)), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    for r in range(Ht):
        await cb_wait_front(16, pages)
        for i in range(32):
            noc_async_write_page(r * 32 + i, dst, get_read_ptr(16) + i * args.page_size)
            if (i + 1) % sticks == 0:
                await noc_async_write_barrier()
        cb_pop_front(16, pages)


async def to_tiles(Wt: int, ocb: int, pages: int = 32) -> None:
    """32 sticks of c_0, counted as `pages`, to Wt tiles."""
    await cb_wait_front(0, pages)
    await cb_reserve_back(ocb, Wt)
    tilize_init(0, Wt, ocb)
    tilize_block(0, Wt, ocb)
    tilize_uninit(0, ocb)
    cb_push_back(ocb, Wt)
    cb_pop_front(0, pages)


async def to_sticks(icb: int, Wt: int, block: int, pages: int = 32) -> None:
    """Wt tiles to 32 sticks of c_16, counted as `pages`."""
    await cb_reserve_back(16, pages)
    pack_untilize_init(icb, 16, block_ct_dim=block, full_ct_dim=Wt)
    for c in range(Wt // block):
        await cb_wait_front(icb, block)
        pack_untilize_block(icb, 1, 16, c, block_ct_dim=block, full_ct_dim=Wt)
        cb_pop_front(icb, block)
    pack_untilize_uninit(16)
    cb_push_back(16, pages)


async def each_tile(op: Callable[[int], None], Wt: int, ocb: int) -> None:
    """Tile by tile, `op(t)` into DST[0] and on to `ocb`."""
    await cb_reserve_back(ocb, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        op(t)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, ocb)
        tile_regs_release()
    cb_push_back(ocb, Wt)


# ---- the table's rows: (Wt, Ht) -> what becomes of it; `right` is the same kernel without the mistake -------


def there_and_back(Wt: int, Ht: int, tilized: int = 32, packed: int = 32, block: int | None = None) -> Any:
    """Tilize and untilize: c_0 is popped by `tilized` pages, c_16 pushed by `packed`."""

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1)
        for _ in range(Ht):
            await to_tiles(Wt, 1, tilized)
            await to_sticks(1, Wt, block or largest_block(Wt), packed)

    return compute


def reader_pushes_32_compute_pops_wt(Wt: int, Ht: int, **more: Any) -> str:
    return outcome(there_and_back(Wt, Ht, tilized=Wt), Wt, Ht, cb(1, 2 * Wt), **more)


def compute_pushes_wt_writer_waits_32(Wt: int, Ht: int, **more: Any) -> str:
    return outcome(there_and_back(Wt, Ht, packed=Wt), Wt, Ht, cb(1, 2 * Wt), **more)


def compute_pushes_wt_sticks_writer_waits_wt(Wt: int, Ht: int, sticks_per_barrier: int = 1, **more: Any) -> str:
    """A race: tile row 2 starts Wt sticks after row 1, which a writer with a barrier a stick has not yet read."""
    more |= {"written": Wt, "sticks_per_barrier": sticks_per_barrier}
    return outcome(there_and_back(Wt, Ht, packed=Wt), Wt, Ht, cb(1, 2 * Wt), **more)


def block_of_the_whole_width(Wt: int, Ht: int, **more: Any) -> str:
    return outcome(there_and_back(Wt, Ht, block=Wt), Wt, Ht, cb(1, 2 * Wt), **more)


def gamma_of_one_page(Wt: int, Ht: int, right: bool = False, **more: Any) -> str:
    async def compute() -> None:
        compute_kernel_hw_startup(1, 4, 24)
        await cb_wait_front(4, Wt)
        await to_tiles(Wt, 1)
        await cb_wait_front(1, Wt)
        mul_bcast_rows_init(1, 4)
        await each_tile(lambda t: mul_tiles_bcast_rows(1, 4, t, t, 0), Wt, 24)
        cb_pop_front(1, Wt)
        await to_sticks(24, Wt, largest_block(Wt))

    return outcome(compute, Wt, Ht, cb(1, Wt), cb(4, Wt), cb(24, Wt), ones=(4, Wt if right else 1), **more)


def centered_popped_by_square(Wt: int, Ht: int, right: bool = False, **more: Any) -> str:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 24)
        await to_tiles(Wt, 24)
        await cb_wait_front(24, Wt)
        mul_init(24, 24)
        await each_tile(lambda t: mul_tiles(24, 24, t, t, 0), Wt, 25)
        if not right:
            cb_pop_front(24, Wt)
        await cb_wait_front(24, Wt)
        await to_sticks(24, Wt, largest_block(Wt))

    return outcome(compute, Wt, Ht, cb(24, Wt), cb(25, Wt), **more)


def input_popped_by_a_streaming_reduce(Wt: int, Ht: int, right: bool = False, **more: Any) -> str:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 1)
        await to_tiles(Wt, 1)
        reduce_init(1, 2, 25, **ROW_SUM)
        await cb_wait_front(2, 1)
        await cb_reserve_back(25, 1)
        tile_regs_acquire()
        for t in range(Wt):
            await cb_wait_front(1, t + 1 if right else 1)
            reduce_tile(1, 2, t if right else 0, 0, 0, **ROW_SUM)
            if not right:
                cb_pop_front(1, 1)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 25)
        tile_regs_release()
        reduce_uninit(1)
        cb_push_back(25, 1)
        await cb_wait_front(1, Wt)
        await to_sticks(1, Wt, largest_block(Wt))

    return outcome(compute, Wt, Ht, cb(1, Wt), cb(2, 1), cb(25, 1), ones=(2, 1), **more)


def centered_kept_over_the_next_row(Wt: int, Ht: int, right: bool = False, **more: Any) -> str:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 24)
        for _ in range(Ht):
            await to_tiles(Wt, 24)
            await cb_wait_front(24, Wt)
            copy_init(24)
            await each_tile(lambda t: copy_tile(24, t, 0), Wt, 1)
            if right:
                cb_pop_front(24, Wt)
            await to_sticks(1, Wt, largest_block(Wt))

    return outcome(compute, Wt, Ht, cb(1, Wt), cb(24, Wt), **more)


def scaler_pushed_twice_used_once(Wt: int, Ht: int, **more: Any) -> str:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 1)
        await cb_wait_front(2, 1)
        cb_pop_front(2, 1)
        await to_tiles(Wt, 1)
        await to_sticks(1, Wt, largest_block(Wt))

    return outcome(compute, Wt, Ht, cb(1, Wt), cb(2, 2), ones=(2, 2), **more)


TABLE = [
    (reader_pushes_32_compute_pops_wt, 1, "correct correct correct hang"),
    (reader_pushes_32_compute_pops_wt, 2, "hang hang correct hang"),
    (compute_pushes_wt_writer_waits_32, 1, "hang hang correct hang"),
    (compute_pushes_wt_sticks_writer_waits_wt, 2, "wrong wrong correct hang"),
    (gamma_of_one_page, 1, "correct hang hang hang"),
    (centered_popped_by_square, 1, "hang hang hang hang"),
    (input_popped_by_a_streaming_reduce, 1, "hang hang hang hang"),
    (centered_kept_over_the_next_row, 1, "correct correct correct correct"),
    (centered_kept_over_the_next_row, 2, "hang hang hang hang"),
    (block_of_the_whole_width, 1, "correct correct wrong wrong"),
    (scaler_pushed_twice_used_once, 1, "correct correct correct correct"),
]
CELLS = [
    pytest.param(row, Wt, Ht, cell, id=f"{row.__name__}-Wt{Wt}-Ht{Ht}")
    for row, Ht, cells in TABLE
    for Wt, cell in zip(WIDTHS, cells.split(), strict=True)
]
RIGHT = (
    gamma_of_one_page,
    centered_popped_by_square,
    input_popped_by_a_streaming_reduce,
    centered_kept_over_the_next_row,
)


@pytest.mark.parametrize(("row", "Wt", "Ht", "cell"), CELLS)
def test_hardware_does_what_the_table_says(row: Callable[..., str], Wt: int, Ht: int, cell: str) -> None:
    assert row(Wt, Ht, strict=False) == cell


@pytest.mark.parametrize(("row", "Wt", "Ht", "cell"), CELLS)
def test_strict_mode_never_lets_wrong_data_pass(row: Callable[..., str], Wt: int, Ht: int, cell: str) -> None:
    allowed = {"correct": ("correct",), "hang": ("hang", "violation"), "wrong": ("violation",)}
    assert row(Wt, Ht, strict=True) in allowed[cell]


@pytest.mark.parametrize("row", RIGHT)
@pytest.mark.parametrize("Wt", WIDTHS)
def test_without_the_mistake_the_same_kernel_is_correct(row: Callable[..., str], Wt: int) -> None:
    Ht = 2 if row is centered_kept_over_the_next_row else 1
    assert row(Wt, Ht, right=True, strict=True) == "correct"


@pytest.mark.parametrize("Wt", WIDTHS)
def test_32_stick_pages_on_every_side_are_correct(Wt: int) -> None:
    assert outcome(there_and_back(Wt, 3), Wt, 3, cb(1, 2 * Wt), strict=True) == "correct"


def test_a_writer_of_32_is_let_go_with_wrong_data_when_32_pages_have_come() -> None:
    source, out, program = launch(there_and_back(4, 8, packed=4), 4, 8, cb(1, 8))  # 8 tile rows of 4 pages
    with pytest.raises(tt.DeviceHang):  # in the writer's second wait
        tt.generic_op([source, out], program, strict=False)
    first = tt.to_bits(out)[:32]
    assert (first[:4] == tt.to_bits(source)[:4]).all()
    assert (first[4:] != tt.to_bits(source)[4:32]).any(axis=1).all()


@pytest.mark.parametrize("Wt", [1, 2, 4, 8, 16])
def test_row_2_packed_into_row_1_is_a_violation_even_when_the_writer_is_quick_enough(Wt: int) -> None:
    assert compute_pushes_wt_sticks_writer_waits_wt(Wt, 2, sticks_per_barrier=32, strict=True) == "violation"


@pytest.mark.parametrize(("Wt", "expected"), [(4, "correct"), (5, "wrong"), (8, "wrong")])
def test_an_fp32_dst_holds_a_block_of_4(Wt: int, expected: str) -> None:
    assert block_of_the_whole_width(Wt, 1, fp32_dest=True, strict=False) == expected
