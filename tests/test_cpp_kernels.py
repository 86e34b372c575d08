"""Whole kernels in the spellings that authors use: each runs in a small program and its output is checked by numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import CORE, launch

import ttlearn as tt
from ttlearn.cpp import read

Values = NDArray[Any]
A = np.random.default_rng(7).integers(-8, 8, (64, 128)).astype(np.float32)
B = np.random.default_rng(8).integers(-8, 8, (64, 128)).astype(np.float32)

HEAD = '#include <stdint.h>\n#include "api/dataflow/dataflow_api.h"\n'
ARGS = """
    constexpr auto a_args = TensorAccessorArgs<0>();
    constexpr auto b_args = TensorAccessorArgs<a_args.next_compile_time_args_offset()>();
    constexpr auto o_args = TensorAccessorArgs<b_args.next_compile_time_args_offset()>();
"""

# ---- readers: both tensors' tiles in order, into c_0 and c_1 ------------------------------------------------

READERS = {
    "while_and_constexpr_globals": """
constexpr uint32_t cb_a = tt::CBIndex::c_0, cb_b = tt::CBIndex::c_1;
static constexpr uint32_t onetile = 1;
void kernel_main() {ARGS
    const auto a = TensorAccessor(a_args, get_common_arg_val<uint32_t>(0), get_tile_size(cb_a));
    const auto b = TensorAccessor(b_args, get_common_arg_val<uint32_t>(1), get_tile_size(cb_b));
    uint32_t tile_id = 0;
    while (tile_id < N) {
        cb_reserve_back(cb_a, onetile);
        cb_reserve_back(cb_b, onetile);
        noc_async_read_tile(tile_id, a, get_write_ptr(cb_a));
        noc_async_read_tile(tile_id++, b, get_write_ptr(cb_b));
        noc_async_read_barrier();
        cb_push_back(cb_a, onetile);
        cb_push_back(cb_b, onetile);
    }
}""",
    "helper_with_accessor": """
#define TILE_BYTES 2048
template <typename Accessor>
FORCE_INLINE void read_tile(uint32_t cb_id, const Accessor& s, const uint32_t id) {
    cb_reserve_back(cb_id, 1);
    const uint32_t l1_write_addr = get_write_ptr(cb_id);
    noc_async_read(s.get_noc_addr(id), l1_write_addr, TILE_BYTES);
    noc_async_read_barrier();
    cb_push_back(cb_id, 1);
}
void kernel_main() {ARGS
    const TensorAccessor a(a_args, get_common_arg_val<uint32_t>(0), TILE_BYTES);
    const TensorAccessor b(b_args, get_common_arg_val<uint32_t>(1), TILE_BYTES);
    for (uint32_t i = 0; i < N; ++i) {
        read_tile(0, a, i);
        read_tile(1, b, i);
    }
}""",
    "several_reads_in_flight": """
constexpr std::uint32_t block = 4;
void kernel_main() {ARGS
    const auto a = TensorAccessor(a_args, get_common_arg_val<uint32_t>(0));
    const auto b = TensorAccessor(b_args, get_common_arg_val<uint32_t>(1));
    for (uint32_t base = 0; base < N; base += block) {
        for (uint32_t cb : {0u, 1u}) { (void)cb; }
        cb_reserve_back(0, block); cb_reserve_back(1, block);
        uint32_t to_a = get_write_ptr(0), to_b = get_write_ptr(1);
        for (uint32_t k = 0; k < block; k++, to_a += 2048, to_b += 2048) {
            noc_async_read_page(base + k, a, to_a);
            noc_async_read_page(base + k, b, to_b);
        }
        noc_async_read_barrier();
        cb_push_back(0, block); cb_push_back(1, block);
    }
}""",
    "object_api": """
void kernel_main() {ARGS
    Noc noc;
    const uint32_t a_addr = get_common_arg_val<uint32_t>(0);
    const auto a = TensorAccessor(a_args, a_addr);
    const auto b = TensorAccessor(b_args, get_common_arg_val<uint32_t>(1));
    CircularBuffer cb_a(tt::CBIndex::c_0);
    DataflowBuffer cb_b{1};
    const uint32_t bytes = cb_a.get_tile_size();
    for (uint32_t i = 0; i < N; i++) {
        cb_a.reserve_back(1);
        noc.async_read(a, cb_a, bytes, {.page_id = i}, {.offset_bytes = 0});
        cb_b.reserve_back(1);
        noc.async_read(b, cb_b, bytes, {.page_id = i}, {});
        noc.async_read_barrier();
        cb_a.push_back(1);
        cb_b.push_back(1);
    }
}""",
    "halves_with_offsets": """
enum Half : uint32_t { TOP, BOTTOM, HALVES };
void kernel_main() {ARGS
    const auto a = TensorAccessor(a_args, get_common_arg_val<uint32_t>(0), 2048);
    const auto b = TensorAccessor(b_args, get_common_arg_val<uint32_t>(1), 2048);
    constexpr uint32_t half = 2048 >> 1;
    auto fetch = [&](const auto& s, uint32_t cb, uint32_t page) {
        cb_reserve_back(cb, 1);
        for (uint32_t h = TOP; h < HALVES; ++h)
            noc_async_read(s.get_noc_addr(page, h * half), get_write_ptr(cb) + h * half, half);
        noc_async_read_barrier();
        cb_push_back(cb, 1);
    };
    for (uint32_t page = 0; page != N; page++) { fetch(a, 0, page); fetch(b, 1, page); }
}""",
    "older_generator": """
void kernel_main() {
    const DataFormat format = get_dataformat(0);
    const InterleavedAddrGenFast<true> a = {
        .bank_base_address = get_common_arg_val<uint32_t>(0), .page_size = get_tile_size(0), .data_format = format};
    const InterleavedAddrGenFast<true> b = {
        .bank_base_address = get_common_arg_val<uint32_t>(1), .page_size = get_tile_size(1), .data_format = format};
    for (uint32_t i = 0; i < N; i++) {
        cb_reserve_back(tt::CB::c_in0, 1);
        noc_async_read_tile(i, a, get_write_ptr(tt::CB::c_in0));
        noc_async_read_barrier();
        cb_push_back(tt::CB::c_in0, 1);
        cb_reserve_back(tt::CB::c_in1, 1);
        noc_async_read_tile(i, b, get_write_ptr(tt::CB::c_in1));
        noc_async_read_barrier();
        cb_push_back(tt::CB::c_in1, 1);
    }
}""",
}

# ---- writers: c_16 to the output ----------------------------------------------------------------------------

WRITERS = {
    "do_while": """
void kernel_main() {ARGS
    const auto o = TensorAccessor(o_args, get_common_arg_val<uint32_t>(2));
    constexpr uint32_t cb_out = tt::CBIndex::c_16;
    uint32_t left = N, page = 0;
    do {
        cb_wait_front(cb_out, 1);
        noc_async_write_tile(page++, o, get_read_ptr(cb_out));
        noc_async_write_barrier();
        cb_pop_front(cb_out, 1);
    } while (--left > 0);
}""",
    "cumulative_waits": """
void kernel_main() {ARGS
    const auto o = TensorAccessor(o_args, get_common_arg_val<uint32_t>(2), 2048);
    constexpr uint32_t GROUP = 4;
    for (uint32_t g = 0; g < N / GROUP; g++) {
        for (uint32_t k = 0; k < GROUP; k++) {
            cb_wait_front(16, k + 1);  // counts up, nothing is popped yet
            uint64_t there = o.get_noc_addr(g * GROUP + k);
            noc_async_write(get_read_ptr(16) + (k << 11), there, 2048);
        }
        noc_async_writes_flushed();
        cb_pop_front(16, GROUP);
    }
    noc_async_write_barrier();
}""",
    "object_api": """
void kernel_main() {ARGS
    const auto o = TensorAccessor(o_args, get_common_arg_val<uint32_t>(2));
    Noc noc{};
    CircularBuffer out(16);
    for (uint32_t i = 0; i < N; ++i) {
        out.wait_front(1);
        noc.async_write(use<CircularBuffer::AddrSelector::READ_PTR>(out), o, 1024, {}, {.page_id = i});
        noc.async_write(out, o, 1024, {.offset_bytes = 1024}, {.page_id = i, .offset_bytes = 1024});
        noc.async_writes_flushed();
        out.pop_front(1);
    }
    noc.async_write_barrier();
}""",
    "two_at_a_time_printing": """
#include "api/debug/dprint.h"
void kernel_main() {ARGS
    const auto o = TensorAccessor(o_args, get_common_arg_val<uint32_t>(2));
    uint32_t done{0};
    for (;;) {
        if (done >= N) { DPRINT << "done " << done << ENDL(); break; }
        const uint32_t now = (N - done) < 2 ? N - done : std::min<uint32_t>(2, N);
        cb_wait_front(16, now);
        uint32_t l1 = get_read_ptr(16);
        for (uint32_t k = now; k > 0; k--) { noc_async_write_tile(done, o, l1); done += 1; l1 += get_tile_size(16); }
        noc_async_write_barrier();
        cb_pop_front(16, now);
    }
}""",
}

# ---- compute: c_0 and c_1 to c_16 ---------------------------------------------------------------------------

TILE = 32


def tiled(x: Values) -> Values:
    """(tiles, 32, 32) of a matrix, a row of tiles after the other."""
    return x.reshape(x.shape[0] // TILE, TILE, x.shape[1] // TILE, TILE).swapaxes(1, 2).reshape(-1, TILE, TILE)


def untiled(x: Values, shape: tuple[int, ...]) -> Values:
    return x.reshape(shape[0] // TILE, shape[1] // TILE, TILE, TILE).swapaxes(1, 2).reshape(shape)


def each_tile(change: Any) -> Values:
    return untiled(np.stack([change(a, b) for a, b in zip(tiled(A), tiled(B), strict=True)]), A.shape)


COMPUTES: dict[str, tuple[str, Values]] = {
    "older_add": ("""
namespace NAMESPACE {
void MAIN {
    constexpr auto in0 = tt::CBIndex::c_0;
    constexpr auto in1 = tt::CBIndex::c_1;
    constexpr auto out = tt::CBIndex::c_16;
    compute_kernel_hw_startup(in0, in1, out);
    add_tiles_init(in0, in1);
    for (uint32_t i = 0; i < N; ++i) {
        acquire_dst();
        cb_wait_front(in0, 1); cb_wait_front(in1, 1);
        add_tiles(in0, in1, 0, 0, 0);
        cb_pop_front(in0, 1); cb_pop_front(in1, 1);
        cb_reserve_back(out, 1);
        pack_tile(0, out);
        cb_push_back(out, 1);
        release_dst();
    }
}
}  // namespace NAMESPACE
""", A + B),
    "block_of_four_by_dst_index": ("""
constexpr uint32_t BLOCK = 4;
void kernel_main() {
    compute_kernel_hw_startup(0, 1, 16);
    sub_tiles_init(0, 1);
    for (uint32_t b = 0; b < N / BLOCK; b++) {
        cb_wait_front(0, BLOCK); cb_wait_front(1, BLOCK); cb_reserve_back(16, BLOCK);
        tile_regs_acquire();
        for (uint32_t k = 0; k < BLOCK; k++) { sub_tiles(0, 1, k, k, k); }
        tile_regs_commit();
        tile_regs_wait();
        for (int k = BLOCK - 1; k >= 0; k--) { pack_tile<true>(k, 16, k); }
        tile_regs_release();
        cb_push_back(16, BLOCK); cb_pop_front(0, BLOCK); cb_pop_front(1, BLOCK);
    }
}""", A - B),
    "sfpu_by_define": ("""
#define SFPU_OP_CHAIN_0 relu_tile_init(); relu_tile(0); SFPU_MORE
#define SFPU_MORE negative_tile_init(); negative_tile(0);
void kernel_main() {
    init_sfpu(tt::CBIndex::c_0, tt::CBIndex::c_16);
    for (uint32_t n = 0; n < N; n++) {
        tile_regs_acquire();
        cb_wait_front(tt::CBIndex::c_0, 1);
        copy_tile(tt::CBIndex::c_0, 0, 0);
#ifdef SFPU_OP_CHAIN_0
        SFPU_OP_CHAIN_0
#endif
        tile_regs_commit();
        tile_regs_wait();
        cb_reserve_back(tt::CBIndex::c_16, 1);
        pack_tile(0, tt::CBIndex::c_16);
        cb_push_back(tt::CBIndex::c_16, 1);
        cb_pop_front(tt::CBIndex::c_0, 1);
        tile_regs_release();
        cb_wait_front(1, 1); cb_pop_front(1, 1);
    }
}""", -np.maximum(A, 0)),
    "copies_chosen_by_a_switch": ("""
ALWI void copy_from(uint32_t cb, uint32_t dst = 0) {
    copy_tile_to_dst_init_short(cb);
    copy_tile(cb, 0, dst);
}
void kernel_main() {
    compute_kernel_hw_startup(0, 16);
    for (uint32_t i = 0; i < N; i++) {
        cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
        tile_regs_acquire();
        switch (i % 2) {
            case 0: copy_from(0); break;
            default: copy_from(1);
        }
        tile_regs_commit(); tile_regs_wait(); pack_tile(0, 16); tile_regs_release();
        cb_push_back(16, 1); cb_pop_front(0, 1); cb_pop_front(1, 1);
    }
}""", untiled(np.stack([(a, b)[k % 2] for k, (a, b) in enumerate(zip(tiled(A), tiled(B), strict=True))]), A.shape)),
    "two_steps_through_dst": ("""
void kernel_main() {
    CircularBuffer in0(0), in1(1), out(16);
    compute_kernel_hw_startup(0, 1, 16);
    for (uint32_t i = 0; i < N; i++) {
        in0.wait_front(1);
        in1.wait_front(1);
        tile_regs_acquire();
        copy_tile_init(0);
        copy_tile(0, 0, 0);
        copy_tile_init(1);
        copy_tile(1, 0, 1);
        mul_binary_tile_init();
        mul_binary_tile(0, 1, 0);
        tile_regs_commit();
        in0.pop_front(1);
        in1.pop_front(1);
        out.reserve_back(1);
        tile_regs_wait();
        pack_tile(0, out.get_cb_id());
        tile_regs_release();
        out.push_back(1);
    }
}""", A * B),
    "broadcast_rows_of_a_template": ("""
template <bool rows, uint32_t cb_out = 16>
void add_one(uint32_t a, uint32_t b) {
    tile_regs_acquire();
    if constexpr (rows) { add_tiles_bcast_rows(a, b, 0, 0, 0); }
    else { add_tiles_bcast<BroadcastType::COL>(a, b, 0, 0, 0); }
    tile_regs_commit();
    cb_reserve_back(cb_out, 1);
    tile_regs_wait();
    pack_tile(0, cb_out);
    tile_regs_release();
    cb_push_back(cb_out, 1);
}
void kernel_main() {
    compute_kernel_hw_startup(0, 1, 16);
    add_bcast_rows_init_short(0, 1);
    for (uint32_t i = 0; i < N; i++) {
        cb_wait_front(0, 1); cb_wait_front(1, 1);
        add_one<true>(0, 1);
        cb_pop_front(0, 1); cb_pop_front(1, 1);
    }
}""", each_tile(lambda a, b: a + b[:1])),
    "matmul_of_tile_pairs": ("""
void kernel_main() {
    compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16);
    mm_init_short(0, 1);
    uint32_t i = 0;
    while (i++ < N) {
        cb_wait_front(0, 1); cb_wait_front(1, 1);
        tile_regs_acquire();
        matmul_tiles(0, 1, 0, 0, 0);
        tile_regs_commit();
        cb_pop_front(0, 1); cb_pop_front(1, 1);
        cb_reserve_back(16, 1);
        tile_regs_wait(); pack_tile(0, 16); tile_regs_release();
        cb_push_back(16, 1);
    }
}""", each_tile(lambda a, b: a @ b)),
    "transpose_older_name": ("""
void kernel_main() {
    constexpr uint32_t in = 0, out = 16;
    compute_kernel_hw_startup(in, out);
    transpose_wh_init_short(in);
    for (uint32_t i = 0; i < N; i++) {
        cb_wait_front(in, 1); cb_reserve_back(out, 1);
        tile_regs_acquire(); transpose_wh_tile(in, 0, 0); tile_regs_commit();
        tile_regs_wait(); pack_tile(0, out); tile_regs_release();
        cb_push_back(out, 1); cb_pop_front(in, 1);
        cb_wait_front(1, 1); cb_pop_front(1, 1);
    }
}""", each_tile(lambda a, b: a.T)),
    "arrays_and_bits": ("""
constexpr uint32_t inputs[2] = {0, 1};
inline uint32_t parity(uint32_t x) { x ^= x >> 2; x ^= x >> 1; return x & 0x1; }
void kernel_main() {
    compute_kernel_hw_startup(0, 16);
    uint32_t seen[2] = {};
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t which = inputs[parity(i)];
        ++seen[which];
        cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
        tile_regs_acquire();
        copy_init(which);
        copy_tile(which, 0, 0);
        tile_regs_commit(); tile_regs_wait(); pack_tile(0, 16); tile_regs_release();
        cb_push_back(16, 1); cb_pop_front(0, 1); cb_pop_front(1, 1);
    }
    ASSERT(seen[0] + seen[1] == N);
    UNPACK((DPRINT("zeros {}\\n", seen[0])));
}""", untiled(
        np.stack([(a, b)[k.bit_count() % 2] for k, (a, b) in enumerate(zip(tiled(A), tiled(B), strict=True))]), A.shape
    )),
}  # fmt: skip


def output(reader: str, writer: str, compute: str) -> Values:
    """Run three kernels on A and B, eight tiles each."""
    on = [tt.from_numpy(x, layout=tt.TILE_LAYOUT) for x in (A, B)]
    out = tt.allocate_tensor_on_device(A.shape, layout=tt.TILE_LAYOUT)
    defines = {"N": "8"}
    texts = [(reader, "reader"), (writer, "writer"), (compute, "compute")]
    made = [read(HEAD + text.replace("ARGS", ARGS), kind, defines) for text, kind in texts]
    cbs = [tt.CBDescriptor(8 * 2048, CORE, [tt.CBFormatDescriptor(k, tt.bfloat16, 2048)]) for k in (0, 1, 16)]
    launch(*made, tensors=[*on, out], cbs=cbs)
    return tt.to_numpy(out).astype(np.float32)


@pytest.mark.parametrize("name", READERS)
def test_reader(name: str) -> None:
    assert np.array_equal(output(READERS[name], WRITERS["do_while"], COMPUTES["older_add"][0]), A + B)


@pytest.mark.parametrize("name", WRITERS)
def test_writer(name: str) -> None:
    assert np.array_equal(output(READERS["object_api"], WRITERS[name], COMPUTES["older_add"][0]), A + B)


@pytest.mark.parametrize("name", COMPUTES)
def test_compute(name: str) -> None:
    text, expected = COMPUTES[name]
    got = output(READERS["several_reads_in_flight"], WRITERS["cumulative_waits"], text)
    assert np.allclose(got, expected, rtol=2**-7, atol=2**-7)
