"""Pointers, arguments in L1, zeros, older accessors, transfers with a kept state, inline writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    COMPUTE,
    CORE,
    OTHER,
    PAGE,
    PAIR,
    READER,
    TILE,
    WRITER,
    cb,
    empty,
    launch,
    no_tiles,
    pages,
    reader,
    rows,
    tensor,
    tiles,
    writer,
)

import ttlearn as tt
from ttlearn import compute as engine
from ttlearn.dataflow import *
from ttlearn.sim.formats import bf16_values, to_bf16_rne, to_bf16_trunc

Seen = list[Any]

steadily = settings(deadline=None, derandomize=True, database=None)


def in_reader(body: Callable[[Seen], None], *cbs: tt.CBDescriptor, **options: Any) -> Seen:
    """What `body` notes down when a reader with a CB c_0 of four pages runs it."""
    seen: Seen = []

    async def kernel() -> None:
        body(seen)

    kernels = [tt.KernelDescriptor(kernel, CORE, options.pop("config", READER), **options)]
    program = tt.ProgramDescriptor(kernels, list(cbs) or [cb(0, 4)])
    tt.generic_op([rows(1), empty(1)], program, strict=False)
    return seen


# ---- pointers -------------------------------------------------------------------------------------------------


def test_a_pointer_counts_elements() -> None:
    def body(seen: Seen) -> None:
        base = get_write_ptr(0)
        p = tt_l1_ptr(uint32_t, base)
        for i in range(8):
            p[i] = 10 * i
        q = p + 3
        seen += [q[0], q[-1 + 1], (q - 2)[0], (2 + p)[0], q - p, p - q, q.address - base]
        q += 2
        seen += [q[0], q == p + 5, q != p, p < q, q >= p, p > q, q <= p + 5, len({p, p + 0, q})]

    assert in_reader(body) == [30, 30, 10, 20, 3, -3, 12, 50, True, True, True, True, False, True, 2]


def test_a_pointer_moves_by_its_elements_size() -> None:
    def body(seen: Seen) -> None:
        for dtype in (uint8_t, uint16_t, uint32_t):
            p = tt_l1_ptr(dtype, get_write_ptr(0))
            seen.append((p + 4).address - p.address)

    assert in_reader(body) == [4, 8, 16]


def test_a_pointer_says_what_it_is() -> None:
    def body(seen: Seen) -> None:
        seen.append(repr(tt_l1_ptr(uint16_t, 110_000) + 8))

    assert in_reader(body) == ["tt_l1_ptr(uint16_t, 110016)"]


def test_arguments_lie_in_l1() -> None:
    def body(seen: Seen) -> None:
        p = tt_l1_ptr(uint32_t, get_arg_addr(1))
        seen += [p[0], p[1], get_arg_addr(3) - get_arg_addr(0)]
        p[0] = p[0] + 5
        seen += [tt_l1_ptr(uint32_t, get_arg_addr(0))[1], tt_l1_ptr(uint32_t, get_common_arg_addr(0))[1]]

    args = {"runtime_args": [((0, 0), [7, 8, 1 << 32 | 9])], "common_runtime_args": [1, 2]}
    assert in_reader(body, **args) == [8, 9, 12, 13, 2]


def test_an_argument_that_is_not_there_has_no_address() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: get_arg_addr(2), runtime_args=[((0, 0), [7])])
    assert str(error.value) == (
        "get_arg_addr(2): kernel has 1 runtime_args on core (0, 0); "
        "add to them in its KernelDescriptor, or use a smaller index"
    )


def test_more_arguments_than_a_kernel_may_have() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: get_arg_addr(0), runtime_args=[((0, 0), [0] * 342)])
    assert str(error.value) == "get_arg_addr: 342 arguments; a kernel has at most 341 on the chip, use a tensor"


def test_compute_kernels_know_their_place_too() -> None:
    names = ["get_arg_addr", "get_common_arg_addr", "get_absolute_logical_x", "get_relative_logical_y", "DataFormat"]
    assert all(getattr(engine, name) is globals()[name] for name in names)


def test_where_a_core_is() -> None:
    seen: Seen = []

    async def kernel() -> None:
        seen.append((get_absolute_logical_x(), get_absolute_logical_y(), get_relative_logical_x()))
        seen.append((get_relative_logical_y(), my_x() - get_absolute_logical_x(), noc_index()))

    launch(more=[(kernel, WRITER, PAIR)], cbs=[cb(0, 1, cores=PAIR)], strict=False)
    assert sorted(seen) == [(0, 0, 0), (0, 18, 1), (0, 18, 1), (1, 0, 1)]


def test_the_noc_of_a_kernel() -> None:
    def body(seen: Seen) -> None:
        seen.append(noc_index())

    assert [in_reader(body, config=config) for config in (READER, WRITER)] == [[0], [1]]


def test_what_a_cb_holds() -> None:
    def body(seen: Seen) -> None:
        seen.extend((get_tile_hw(0), get_dataformat(0), get_dataformat(1)))

    wide = tt.CBDescriptor(4096, CORE, [tt.CBFormatDescriptor(1, tt.float32, 4096)])
    assert in_reader(body, cb(0, 1), wide) == [1024, DataFormat.Float16_b, DataFormat.Float32]


def test_a_riscs_record_of_a_cb() -> None:
    def body(seen: Seen) -> None:
        mine = get_local_cb_interface(0)
        base = mine.fifo_rd_ptr
        seen += [mine.fifo_size, mine.fifo_limit - base, mine.fifo_page_size, mine.fifo_num_pages]
        cb_push_back(0, 1)
        seen += [mine.fifo_wr_ptr - base, mine.fifo_wr_ptr == get_write_ptr(0)]
        mine.fifo_wr_ptr = base + 3 * PAGE
        mine.fifo_rd_ptr = base + PAGE
        seen += [get_write_ptr(0) - base, get_read_ptr(0) - base]

    assert in_reader(body) == [4 * PAGE, 4 * PAGE, PAGE, 4, PAGE, True, 3 * PAGE, PAGE]


def test_a_compute_kernels_record_is_in_words_of_16_bytes() -> None:
    def body(seen: Seen) -> None:
        mine = engine.get_local_cb_interface(0)
        seen.append((mine.fifo_size, mine.fifo_page_size, mine.fifo_limit - mine.fifo_rd_ptr))
        mine.fifo_rd_ptr += 4
        seen.append((mine.fifo_rd_ptr - mine.fifo_wr_ptr, mine.fifo_wr_ptr))
        mine.fifo_wr_ptr += 4
        seen.append(mine.fifo_rd_ptr - mine.fifo_wr_ptr)

    first, (gap, start), after = in_reader(body, config=COMPUTE)[:3]
    assert (first, gap, after) == ((16, 4, 16), 4, 0)
    assert 16 * start >= 105_824


def test_align_goes_up_to_a_multiple() -> None:
    assert [align(n, 32) for n in (0, 1, 31, 32, 33)] == [0, 32, 32, 32, 64]


@steadily
@given(st.floats(width=32, allow_nan=False))
def test_bf16_patterns_and_floats(x: float) -> None:
    assert fp32_to_bf16(x) == int(to_bf16_rne([x])[0])
    assert fp32_to_bf16_truncate(x) == to_bf16_trunc(x)
    assert bf16_to_fp32(fp32_to_bf16(x)) == float(bf16_values(to_bf16_rne([x]))[0])


@steadily
@given(st.integers(0, 0x7F80), st.integers(0, 0x7F80), st.booleans(), st.booleans())
def test_bf16_patterns_compare_as_their_numbers(a: int, b: int, minus_a: bool, minus_b: bool) -> None:
    a, b = a | minus_a << 15, b | minus_b << 15
    expected = bf16_to_fp32(a) > bf16_to_fp32(b)
    assert bfloat16_greater(a, b) == (expected or (a, b) == (0, 0x8000))


# ---- zeros ----------------------------------------------------------------------------------------------------


async def clears() -> None:
    """Four pages of zeros, read from this core's own region."""
    zeros = get_noc_addr(MEM_ZEROS_BASE())
    for _ in range(4):
        await cb_reserve_back(0, 1)
        for done in range(0, TILE, MEM_ZEROS_SIZE):
            noc_async_read(zeros, get_write_ptr(0) + done, MEM_ZEROS_SIZE)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def tiles_out() -> None:
    for i in range(4):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_a_page_is_cleared_from_the_region_of_zeros(arch: str) -> None:
    run = launch(clears, tiles_out, tensors=[tiles(4), no_tiles(4)], cbs=[cb(0, 2, TILE)], arch=arch)
    assert (run.output == 0).all()


def test_words_below_the_cbs_are_no_poison() -> None:
    """An inf that comes of the kernel's own numbers is not blamed on a look at an argument or at the zeros."""

    async def looks() -> None:
        assert tt_l1_ptr(uint32_t, get_arg_addr(0))[0] == 3
        assert tt_l1_ptr(uint32_t, MEM_ZEROS_BASE())[0] == 0
        for i in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def overflows() -> None:
        engine.compute_kernel_hw_startup(0, 16)
        engine.copy_init(0)
        for _ in range(4):
            await cb_wait_front(0, 1)
            await cb_reserve_back(16, 1)
            engine.tile_regs_acquire()
            engine.copy_tile(0, 0, 0)
            engine.fill_tile(0, float("inf"))
            engine.tile_regs_commit()
            engine.tile_regs_wait()
            engine.pack_tile(0, 16)
            engine.tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)

    async def out() -> None:
        for i in range(4):
            await cb_wait_front(16, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(16))
            await noc_async_write_barrier()
            cb_pop_front(16, 1)

    tensors = [tiles(4), no_tiles(4)]
    words = [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    common = [t.buffer_address() for t in tensors]
    kernels = [
        tt.KernelDescriptor(f, CORE, config, words, [((0, 0), [3])], common)
        for f, config in ((looks, READER), (out, WRITER), (overflows, COMPUTE))
    ]
    run = tt.generic_op(tensors, tt.ProgramDescriptor(kernels, [cb(0, 2, TILE), cb(16, 2, TILE)]))
    assert np.isinf(run.output).all()


# ---- accessors ------------------------------------------------------------------------------------------------


def copies_with(accessor: Callable[[int, int], Any], width: int = 32) -> tt.Run:
    """Four pages through c_0, both tensors seen through `accessor(address, page size)`."""
    size = 2 * width

    async def reads() -> None:
        source = accessor(get_common_arg_val(0), size)
        for i in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read_tile(i, source, get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def writes() -> None:
        target = accessor(get_common_arg_val(1), size)
        for i in range(4):
            await cb_wait_front(0, 1)
            noc_async_write(get_read_ptr(0), get_noc_addr(i, target), size)
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    return launch(reads, writes, tensors=[rows(4, width), empty(4, width)], cbs=[cb(0, 2)])


def test_the_older_address_generator() -> None:
    def generator(address: int, size: int) -> InterleavedAddrGen:
        return InterleavedAddrGen(bank_base_address=address, page_size=size)

    assert pages(copies_with(generator)) == [1, 2, 3, 4]


def test_the_older_generator_reads_the_page_and_not_its_padding() -> None:
    """48 bytes of pages that stand 64 apart; TensorAccessor would read 64."""

    def generator(address: int, size: int) -> InterleavedAddrGen:
        return InterleavedAddrGen(DRAM=True, bank_base_address=address, page_size=size)

    run = copies_with(generator, width=24)
    assert pages(run) == [1, 2, 3, 4]
    assert [e.detail[0] for e in run.trace.facts if e.what == "noc read"] == [48] * 4


def test_the_older_generator_of_tiles() -> None:
    async def reads() -> None:
        fast = InterleavedAddrGenFast(
            bank_base_address=get_common_arg_val(0), page_size=get_tile_size(0), data_format=get_dataformat(0)
        )
        for i in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read_tile(i, fast, get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    run = launch(reads, tiles_out, tensors=[tiles(4), no_tiles(4)], cbs=[cb(0, 2, TILE)])
    assert pages(run) == [1, 2, 3, 4]


def test_generators_of_tensors_elsewhere() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: seen.append(InterleavedAddrGen(DRAM=False, bank_base_address=0, page_size=64)))
    assert str(error.value) == (
        "InterleavedAddrGen(DRAM=False): tensors lie in DRAM here; put the tensor into DRAM and leave DRAM out"
    )
    with pytest.raises(tt.KernelError) as error:
        in_reader(
            lambda seen: seen.append(
                InterleavedAddrGenFast(bank_base_address=0, page_size=64, data_format=DataFormat.Bfp4_b)
            )
        )
    assert str(error.value) == (
        "InterleavedAddrGenFast: data_format is DataFormat.Bfp4_b; tensors are Float16_b, Float32 or Bfp8_b "
        "here, so use get_dataformat(cb)"
    )


def test_what_accessors_say_of_themselves() -> None:
    def body(seen: Seen) -> None:
        args = TensorAccessorArgs(1)
        accessor = TensorAccessor(args, 4096)
        seen.extend((args.num_compile_time_args(), args.next_compile_time_args_offset()))
        seen.extend((args.get_aligned_page_size(), accessor.get_aligned_page_size(), accessor.get_bank_base_address()))

    assert in_reader(body, compile_time_args=[0, 2, 48]) == [2, 3, 48, 64, 4096]


def test_a_bank_and_an_offset_make_an_address() -> None:
    async def reads() -> None:
        base = get_common_arg_val(0)
        for i in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read(get_noc_addr_from_bank_id(i, base, DRAM=True), get_write_ptr(0), PAGE)
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    assert pages(launch(reads, writer, cbs=[cb(0, 2)])) == [1, 2, 3, 4]


def test_a_bank_that_is_not_there() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: seen.append(get_noc_addr_from_bank_id(12, 0, DRAM=True)))
    assert str(error.value) == (
        "get_noc_addr_from_bank_id: bank 12 does not exist; wormhole_b0 has 12 DRAM banks (0 to 11)"
    )


# ---- transfers with a kept state --------------------------------------------------------------------------------


async def reads_with_state() -> None:
    """All four pages from banks 0 to 3: the state is set again for each."""
    base = get_common_arg_val(0)
    for i in range(4):
        await cb_reserve_back(0, 1)
        noc_async_read_set_state(get_noc_addr(i, tensor(0)))
        noc_async_read_with_state(base, get_write_ptr(0), PAGE // 2)
        noc_async_read_with_state(base + PAGE // 2, get_write_ptr(0) + PAGE // 2, PAGE // 2)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def reads_packets_with_state() -> None:
    base = get_common_arg_val(0)
    for i in range(4):
        await cb_reserve_back(0, 1)
        noc_async_read_one_packet_set_state(get_noc_addr(i, tensor(0)), PAGE)
        noc_async_read_one_packet_with_state(base, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


@pytest.mark.parametrize("kernel", [reads_with_state, reads_packets_with_state])
def test_reads_with_state(kernel: Callable[[], Any]) -> None:
    assert pages(launch(kernel, writer, cbs=[cb(0, 2)])) == [1, 2, 3, 4]


@pytest.mark.parametrize("packets", [False, True])
def test_writes_with_state(packets: bool) -> None:
    async def writes() -> None:
        base = get_common_arg_val(1)
        for i in range(4):
            await cb_wait_front(0, 1)
            if packets:
                noc_async_write_one_packet_set_state(get_noc_addr(i, tensor(1)), PAGE)
                noc_async_write_one_packet_with_state(get_read_ptr(0), base)
            else:
                noc_async_write_set_state(get_noc_addr(i, tensor(1)))
                noc_async_write_with_state(get_read_ptr(0), base, PAGE)
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    assert pages(launch(reader, writes, cbs=[cb(0, 2)])) == [1, 2, 3, 4]


def test_a_plain_read_sets_the_state_too() -> None:
    """The read of page 2 leaves bank 2 and a page's size in the command buffer: page 2 it is, again and again."""

    async def reads() -> None:
        base = get_common_arg_val(0)
        noc_async_read_one_packet_set_state(get_noc_addr(0, tensor(0)), PAGE // 2)
        for _ in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read_page(2, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            noc_async_read_one_packet_with_state(base, get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    assert pages(launch(reads, writer, cbs=[cb(0, 2)])) == [3, 3, 3, 3]


def test_no_state_was_set() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: noc_async_write_one_packet_with_state(get_read_ptr(0), 0))
    assert str(error.value) == (
        "noc_async_write_one_packet_with_state: no state is set; call noc_async_write_one_packet_set_state before it"
    )


def test_a_packet_has_a_longest_size() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_reader(lambda seen: noc_async_read_one_packet_set_state(0, 8193))
    assert str(error.value) == (
        "noc_async_read_one_packet_set_state: 8193 bytes; one packet has at most 8192, use the form without one_packet"
    )


def test_a_with_state_line_is_named_when_its_bytes_are_used_too_early() -> None:
    async def reads() -> None:
        base = get_common_arg_val(0)
        noc_async_read_one_packet_set_state(get_noc_addr(0, tensor(0)), PAGE)
        for _ in range(4):
            await cb_reserve_back(0, 1)
            noc_async_read_one_packet_with_state(base, get_write_ptr(0))
            cb_push_back(0, 1)

    with pytest.raises(tt.Violation, match="noc_async_read_one_packet_with_state"):
        launch(reads, writer, cbs=[cb(0, 4)])


# ---- inline writes ----------------------------------------------------------------------------------------------


def test_an_inline_write_is_a_flag_somebody_polls() -> None:
    seen: Seen = []

    async def sends() -> None:
        flag = get_semaphore(0)
        noc_inline_dw_write(get_noc_addr(my_x() + 1, my_y(), flag), 42)
        await noc_async_write_barrier()

    async def polls() -> None:
        flag = get_semaphore(0)
        while tt_l1_ptr(uint32_t, flag)[0] != 42:
            await invalidate_l1_cache()
        await noc_semaphore_wait(flag, 42)
        seen.append(tt_l1_ptr(uint32_t, flag)[0])

    launch(more=[(sends, WRITER, CORE), (polls, WRITER, OTHER)], cbs=[cb(0, 1, cores=PAIR)], strict=False)
    assert seen == [42]


def test_an_inline_write_of_part_of_a_word() -> None:
    def body(seen: Seen) -> None:
        noc_inline_dw_write(get_noc_addr(get_semaphore(0)), 1, 0x3)

    with pytest.raises(tt.KernelError) as error:
        in_reader(body)
    assert str(error.value) == (
        "noc_inline_dw_write(..., be=0x3) to address 35184: only whole words can be written here; "
        "use be=0xF and a multiple of 4"
    )
