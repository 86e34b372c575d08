"""bfloat8_b against plain integers, one row of 16 at a time, and through the engine."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from programs import CORE, READER, WRITER, launch, tensor

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim import bfp8
from ttlearn.sim.formats import Format
from ttlearn.sim.tile import from_rows, index

TILE = 64 + 1024
Floats = NDArray[np.float32]

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
rows_of_16 = st.lists(floats, min_size=16, max_size=16)
near = st.lists(st.floats(-1000, 1000, width=32), min_size=16, max_size=16)
elements = st.lists(st.integers(0, 255).filter(lambda b: b != 0x80), min_size=16, max_size=16)


# ---- the oracle: integers only ------------------------------------------------------------------------------


def parts(value: float) -> tuple[int, int, int]:
    """(sign, exponent, 24-bit mantissa); denormals are zero."""
    word = int.from_bytes(struct.pack(">f", value), "big")
    exponent = word >> 23 & 255
    return word >> 31, exponent, (word & 0x7FFFFF | 0x800000) if exponent else 0


def packed_row(values: list[float], host: bool) -> tuple[int, list[int]]:
    """(shared exponent, 16 element bytes)."""
    shared = max(exponent for _, exponent, _ in map(parts, values))
    found = []
    for sign, exponent, mantissa in map(parts, values):
        down = min(shared - exponent, 30)
        if host:  # align 24 bits, then to nearest, ties to even, 7 bits at most
            whole, rest = divmod(mantissa >> down, 2**17)
            m = min(whole + (rest > 2**16 or (rest == 2**16 and whole % 2 == 1)), 127)
        else:  # keep 7 bits, then align to nearest, ties away
            m = math.floor(Fraction(mantissa >> 17, 2**down) + Fraction(1, 2)) if down else mantissa >> 17
        found.append((sign * 128 + m) if m else 0)
    return shared, found


def row_values(exponent: int, row: list[int]) -> list[float]:
    return [(-1.0) ** (b >> 7) * (b & 127) * 2.0 ** (exponent - 133) for b in row]


def tile_of(row: list[float]) -> Floats:
    """A tile of 64 such rows."""
    return np.tile(np.array(row, np.float32), (1, 64))


def bytes_of(row: list[int], exponent: int) -> NDArray[np.uint8]:
    return np.array([exponent] * 64 + row * 64, np.uint8)


# ---- the format ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pack", "host"), [(bfp8.pack, False), (bfp8.from_host, True)], ids=["packer", "host"])
@given(st.one_of(near, rows_of_16))
def test_packing_is_the_integers(pack: Callable[[Floats], NDArray[np.uint8]], host: bool, row: list[float]) -> None:
    exponent, expected = packed_row(row, host)
    assert pack(tile_of(row)).tolist() == [exponent] * 64 + expected * 64


@given(elements, st.integers(8, 247))
def test_unpacking_is_the_integers(row: list[int], exponent: int) -> None:
    values = bfp8.unpack(bytes_of(row, exponent)).reshape(64, 16)
    assert (values == np.array(row_values(exponent, row), np.float32)).all()


@given(elements, st.integers(8, 247))
def test_what_was_unpacked_packs_as_it_was(row: list[int], exponent: int) -> None:
    row[0] |= 0x40  # the row's largest element uses its leading bit: the only form that anybody packs
    raw = bytes_of(row, exponent)
    assert (bfp8.pack(bfp8.unpack(raw)) == raw).all()
    assert (bfp8.from_host(bfp8.unpack(raw)) == raw).all()


@given(near)
def test_the_host_is_within_half_a_unit_and_the_packer_within_one_and_a_half(row: list[float]) -> None:
    x = tile_of(row)
    exponent = max(e for _, e, _ in map(parts, row))
    unit = 2.0 ** (exponent - 133)
    largest = 127 * unit  # the host saturates there
    clipped = np.clip(x, -largest, largest)
    assert (np.abs(bfp8.unpack(bfp8.from_host(x)) - clipped) <= unit / 2).all()
    assert (np.abs(bfp8.unpack(bfp8.pack(x)) - x) < 1.5 * unit).all()


def test_the_exponents_come_first_and_belong_to_rows_of_faces() -> None:
    matrix = np.ones((32, 32), np.float32)
    matrix[5, 20] = 8.0  # face 1 (top right), row 5
    tile = bfp8.pack(from_rows(matrix[None]))
    assert [i for i in range(64) if tile[i] != 127] == [16 + 5]
    assert tile[21] == 127 + 3 and tile[64 + index(5, 20)] == 0x40
    assert tile[64 + index(5, 19)] == 0x40 >> 3


def test_the_vendors_host_function_gave_these() -> None:
    """Observed: convert_u32_to_bfp<Bfp8_b> of ttnn 0.81.1, called with (value, shared exponent)."""
    observed = {(1 + 2**-7, 127): 0x40, (1 + 3 * 2**-7, 127): 0x42, (1.9999, 127): 0x7F, (1.99, 128): 0x40}
    observed |= {(1.0, 134): 0x00, (1.0001, 134): 0x01, (-1.0, 127): 0xC0, (-(2.0**-9), 127): 0x00}
    for (value, exponent), byte in observed.items():
        tile = bfp8.from_host(tile_of([2.0 ** (exponent - 127), value] + [0.0] * 14))
        assert (tile[0], tile[65]) == (exponent, byte)


def test_a_large_neighbour_costs_the_small_elements_their_bits() -> None:
    row = [1.0, 1.0 + 2**-6, 2.0**-6, 2.0**-7, 2.0**-8] + [0.0] * 11
    assert bfp8.unpack(bfp8.from_host(tile_of(row)))[0, :5].tolist() == [1, 1 + 2**-6, 2**-6, 0, 0]
    assert bfp8.unpack(bfp8.pack(tile_of(row)))[0, :5].tolist() == [1, 1 + 2**-6, 2**-6, 2**-6, 0]


def test_infinity_and_nan_take_their_row_with_them() -> None:
    for value in (np.inf, np.nan):
        unpacked = bfp8.unpack(bfp8.pack(tile_of([value, 1.0] + [0.0] * 14)))[0]
        assert unpacked[0] == np.inf and unpacked[1] == 0


def test_zeros_and_denormals_are_a_row_of_zero_bytes() -> None:
    row = [0.0, -0.0, 1e-40, -1e-40] * 4
    for pack in (bfp8.pack, bfp8.from_host):
        assert not pack(tile_of(row)).any()


def test_what_nobody_wrote_is_nan() -> None:
    output = tt.allocate_tensor_on_device((32, 64), tt.bfloat8_b, tt.TILE_LAYOUT)
    assert np.isnan(tt.to_numpy(output)).all()


# ---- tensors ------------------------------------------------------------------------------------------------


def test_a_tensor_keeps_1088_bytes_a_tile_and_gives_its_values_back() -> None:
    x = np.random.default_rng(0).standard_normal((2, 32, 96)).astype(np.float32)
    t = tt.from_numpy(x, tt.bfloat8_b, layout=tt.TILE_LAYOUT)
    assert (t.buffer_page_size(), t.buffer_num_pages(), t.element_size()) == (TILE, 6, 1)
    groups = x.reshape(-1, 16)  # 16 neighbours in a row of the matrix are a row of a face
    expected = [row_values(*packed_row(group.tolist(), host=True)) for group in groups]
    assert (tt.to_numpy(t).reshape(-1, 16) == np.array(expected, np.float32)).all()


def test_row_major_is_refused_in_words() -> None:
    for make in (lambda: tt.from_numpy(np.ones((32, 32)), tt.bfloat8_b), lambda: no_layout()):
        with pytest.raises(tt.HostError) as error:
            make()
        assert str(error.value) == (
            "a bfloat8_b tensor needs layout=tt.TILE_LAYOUT: 16 elements, a row of a tile's face, share an exponent, "
            "and a row-major page has no faces"
        )


def no_layout() -> tt.Tensor:
    return tt.allocate_tensor_on_device((32, 32), tt.bfloat8_b)


def test_an_element_has_no_pattern_of_its_own() -> None:
    with pytest.raises(tt.HostError) as error:
        tt.to_bits(tt.from_numpy(np.ones((32, 32)), tt.bfloat8_b, tt.TILE_LAYOUT))
    assert str(error.value) == (
        "a bfloat8_b element has no bit pattern of its own: 16 of them share an exponent; "
        "tt.to_numpy gives the values, and tensor.bits the bytes, 1088 a tile"
    )


# ---- through the engine -------------------------------------------------------------------------------------


async def reader() -> None:
    """Each input tensor's one page to c_0, c_1."""
    for number in range(get_compile_time_arg_val(0)):
        await cb_reserve_back(number, 1)
        t = TensorAccessor(TensorAccessorArgs(1 + 2 * number), get_common_arg_val(number))
        noc_async_read_page(0, t, get_write_ptr(number))
        await noc_async_read_barrier()
        cb_push_back(number, 1)


async def writer() -> None:
    number = get_compile_time_arg_val(0)
    await cb_wait_front(16, 1)
    t = TensorAccessor(TensorAccessorArgs(1 + 2 * number), get_common_arg_val(number))
    noc_async_write_page(0, t, get_read_ptr(16))
    await noc_async_write_barrier()
    cb_pop_front(16, 1)


def through(op: Callable[[], None], inputs: list[tt.Tensor], out: Format, fp32: bool = False) -> Floats:
    """One tile of each input in, `op` between acquire and commit, one tile out."""

    async def compute() -> None:
        compute_kernel_hw_startup(0, len(inputs) - 1, 16)
        for number in range(len(inputs)):
            await cb_wait_front(number, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        op()
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        for number in range(len(inputs)):
            cb_pop_front(number, 1)

    output = tt.allocate_tensor_on_device((32, 32), out, tt.TILE_LAYOUT)
    tensors = [*inputs, output]
    words = [len(inputs), *(word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args())]
    config = tt.ComputeConfigDescriptor(fp32_dest_acc_en=fp32)
    kernels = [
        tt.KernelDescriptor(kernel, CORE, how, words, common_runtime_args=[t.buffer_address() for t in tensors])
        for kernel, how in ((reader, READER), (writer, WRITER), (compute, config))
    ]
    formats = [(i, t.dtype) for i, t in enumerate(inputs)] + [(16, out)]
    cbs = [tt.CBDescriptor(f.tile_bytes, CORE, [tt.CBFormatDescriptor(i, f, f.tile_bytes)]) for i, f in formats]
    return tt.generic_op(tensors, tt.ProgramDescriptor(kernels, cbs)).output


def tensors(count: int, seed: int, small: bool = False) -> list[tt.Tensor]:
    """bfloat8_b tiles; `small`: whole numbers from -8 to 8, whose sums are exact."""
    rng = np.random.default_rng(seed)
    made = [rng.integers(-8, 9, (32, 32)) if small else rng.standard_normal((32, 32)) for _ in range(count)]
    return [tt.from_numpy(x, tt.bfloat8_b, tt.TILE_LAYOUT) for x in made]


def copied() -> None:
    copy_init(0)
    copy_tile(0, 0, 0)


def test_a_copy_to_bf16_and_to_bfp8_changes_nothing() -> None:
    (x,) = tensors(1, 1)
    for out in (tt.bfloat16, tt.float32, tt.bfloat8_b):
        assert (through(copied, [x], out) == tt.to_numpy(x)).all()


def test_a_copy_from_bf16_packs_as_the_packer_not_as_the_host() -> None:
    x = np.random.default_rng(2).standard_normal((32, 32)).astype(np.float32)
    bf16 = tt.from_numpy(x, tt.bfloat16, tt.TILE_LAYOUT)
    got = through(copied, [bf16], tt.bfloat8_b)
    rows = tt.to_numpy(bf16).reshape(-1, 16)
    expected = [row_values(*packed_row(row.tolist(), host=False)) for row in rows]
    assert (got.reshape(-1, 16) == np.array(expected, np.float32)).all()
    assert (got != tt.to_numpy(tt.from_numpy(x, tt.bfloat8_b, tt.TILE_LAYOUT))).any()


def added() -> None:
    add_init(0, 1)
    add_tiles(0, 1, 0, 0, 0)


def row_added() -> None:
    add_bcast_rows_init(0, 1)
    add_tiles_bcast_rows(0, 1, 0, 0, 0)


def multiplied() -> None:
    matmul_init(0, 1)
    matmul_tiles(0, 1, 0, 0, 0)


def test_small_whole_numbers_are_added_and_multiplied_exactly() -> None:
    a, b = tensors(2, 3, small=True)
    x, y = tt.to_numpy(a).astype(np.float64), tt.to_numpy(b).astype(np.float64)
    assert (through(added, [a, b], tt.bfloat16) == x + y).all()
    assert (through(added, [a, b], tt.bfloat8_b) == x + y).all()  # at most 16: five bits, and seven are kept
    assert (through(row_added, [a, b], tt.bfloat16) == x + y[0]).all()
    assert (through(multiplied, [a, b], tt.float32, fp32=True) == x @ y).all()


def reduced() -> None:
    reduce_init(0, 1, 16, reduce_type=PoolType.SUM, reduce_dim=ReduceDim.REDUCE_ROW)
    reduce_tile(0, 1, 0, 0, 0, reduce_type=PoolType.SUM, reduce_dim=ReduceDim.REDUCE_ROW)
    reduce_uninit(0)


def test_a_row_sum_of_bfp8_with_a_bf16_scaler() -> None:
    (a,) = tensors(1, 4, small=True)
    ones = tt.from_numpy(np.ones((32, 32)), tt.bfloat16, tt.TILE_LAYOUT)

    def op() -> None:
        reconfig_data_format(1, 0)  # the scaler goes through SrcA
        reduced()

    assert (through(op, [a, ones], tt.float32, fp32=True)[:, 0] == tt.to_numpy(a).sum(axis=1)).all()


@pytest.mark.parametrize(
    ("call", "cb", "instead"),
    [
        (
            lambda: tilize_init(0, 1, 16),
            0,
            "keep the sticks in tt.bfloat16 or tt.float32 and give the tiles' CB tt.bfloat8_b",
        ),
        (
            lambda: pack_untilize_init(0, 16),
            16,
            "give the rows' CB tt.bfloat16 or tt.float32 (its tiles may be tt.bfloat8_b)",
        ),
    ],
    ids=["tilize_init", "pack_untilize_init"],
)
def test_rows_are_never_bfp8(call: Callable[[], None], cb: int, instead: str) -> None:
    (x,) = tensors(1, 5)
    with pytest.raises(tt.KernelError) as error:
        through(call, [x], tt.bfloat8_b)
    name = {0: "tilize_init", 16: "pack_untilize_init"}[cb]
    assert str(error.value) == (
        f"{name}: c_{cb} holds bfloat8_b, in which the 16 elements of a face's row share an exponent, so it has no "
        f"row-major form; {instead}"
    )


def test_packing_cannot_add_to_bfp8_in_l1() -> None:
    (x,) = tensors(1, 5)
    with pytest.raises(tt.KernelError) as error:
        through(lambda: pack_reconfig_l1_acc(1), [x], tt.bfloat8_b)
    assert str(error.value) == (
        "pack_reconfig_l1_acc(1): the packer writes bfloat8_b, to which it cannot add in L1; pack partial sums "
        "to a CB of tt.bfloat16 or tt.float32"
    )


# ---- what kernels see ---------------------------------------------------------------------------------------


def test_a_kernel_is_told_the_size_and_the_format_and_prints_values() -> None:
    x = tt.from_numpy(np.arange(1024).reshape(32, 32) % 7, tt.bfloat8_b, tt.TILE_LAYOUT)
    seen: list[object] = []

    async def kernel() -> None:
        await cb_reserve_back(0, 1)
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        seen.extend((get_tile_size(0), get_dataformat(0)))
        DPRINT("{}", TileSlice(0, 0, SliceRange(1, 2, 1, 14, 19, 1)))

    output = tt.allocate_tensor_on_device((32, 32), tt.bfloat8_b, tt.TILE_LAYOUT)
    cbs = [tt.CBDescriptor(TILE, CORE, [tt.CBFormatDescriptor(0, tt.bfloat8_b, TILE)])]
    run = launch(kernel, tensors=[x, output], cbs=cbs)
    assert seen == [1088, DataFormat.Bfp8_b]
    shown = " ".join(str((32 + column) % 7) for column in range(14, 19))
    assert any(shown in line for line in run.prints)


def test_interleaved_bfp8_pages_are_1088_bytes_apart() -> None:
    x = tt.from_numpy(np.repeat(np.arange(1.0, 16), 32) * np.ones((32, 1)), tt.bfloat8_b, tt.TILE_LAYOUT)

    async def mover() -> None:
        source = InterleavedAddrGenFast(
            bank_base_address=get_common_arg_val(0), page_size=TILE, data_format=DataFormat.Bfp8_b
        )
        target = tensor(1)
        for i in range(15):  # more pages than banks
            await cb_reserve_back(0, 1)
            noc_async_read_tile(i, source, get_write_ptr(0))
            await noc_async_read_barrier()
            noc_async_write_page(i, target, get_write_ptr(0))
            await noc_async_write_barrier()

    output = tt.allocate_tensor_on_device((32, 480), tt.bfloat8_b, tt.TILE_LAYOUT)
    cbs = [tt.CBDescriptor(TILE, CORE, [tt.CBFormatDescriptor(0, tt.bfloat8_b, TILE)])]
    for arch in ("wormhole_b0", "blackhole"):
        assert (launch(mover, tensors=[x, output], cbs=cbs, arch=arch).output == tt.to_numpy(x)).all()


MOVER = """
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    constexpr uint32_t cb = 0;
    const uint32_t bytes = get_tile_size(cb);
    const InterleavedAddrGenFast<true> s = {
        .bank_base_address = get_common_arg_val<uint32_t>(0), .page_size = bytes, .data_format = get_dataformat(cb)};
    const InterleavedAddrGenFast<true> d = {
        .bank_base_address = get_common_arg_val<uint32_t>(1), .page_size = bytes, .data_format = DataFormat::Bfp8_b};
    for (uint32_t i = 0; i < 3; i++) {
        cb_reserve_back(cb, 1);
        noc_async_read_tile(i, s, get_write_ptr(cb));
        noc_async_read_barrier();
        noc_async_write_tile(i, d, get_write_ptr(cb));
        noc_async_write_barrier();
    }
}
"""


def test_a_cpp_kernel_moves_bfp8_tiles() -> None:
    x = tt.from_numpy(np.random.default_rng(0).standard_normal((32, 96)), tt.bfloat8_b, tt.TILE_LAYOUT)
    output = tt.allocate_tensor_on_device((32, 96), tt.bfloat8_b, tt.TILE_LAYOUT)
    addresses = [x.buffer_address(), output.buffer_address()]
    kernel = tt.KernelDescriptor(MOVER, CORE, READER, common_runtime_args=addresses)
    cbs = [tt.CBDescriptor(TILE, CORE, [tt.CBFormatDescriptor(0, tt.bfloat8_b, TILE)])]
    assert (tt.generic_op([x, output], tt.ProgramDescriptor([kernel], cbs)).output == tt.to_numpy(x)).all()
