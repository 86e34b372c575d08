"""What the golden runs do not cover: the SFPU on the device, the mailbox, block calls, formats that must be set.

The SFPU is compared with numpy in units of bf16; everything else uses small whole numbers and `==`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_kernel_lib import Stream, no_tiles, quickly, run, tile_cb, tiles, whole

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.sim.formats import Format, bf16_values, to_bf16_rne

Floats = NDArray[Any]
Kernel = Callable[[], Any]

ROW_SUM = {"reduce_type": PoolType.SUM, "reduce_dim": ReduceDim.REDUCE_ROW}


def section(body: Callable[[], None], n_in: int, n_out: int, *, second: int = 0) -> Kernel:
    """A kernel that waits for `n_in` tiles of c_0 (and `second` of c_1), and packs DST 0 … n_out-1 after `body`."""

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1 if second else 0, 16)
        await cb_wait_front(0, n_in)
        if second:
            await cb_wait_front(1, second)
        await cb_reserve_back(16, n_out)
        tile_regs_acquire()
        body()
        tile_regs_commit()
        tile_regs_wait()
        pack_block(0, 16, n_out)
        tile_regs_release()
        cb_push_back(16, n_out)

    return compute


def in_dst(
    body: Callable[[], None], x: Floats, *, fp32_dest: bool = True, dtype: Format = tt.bfloat16, n_out: int = 0
) -> Floats:
    """What `body` leaves of the tiles of x in DST."""
    n_in = x.shape[1] // 32
    n_out = n_out or n_in
    compute = section(body, n_in, n_out)
    done = run(compute, [Stream(0, tiles(x, dtype))], Stream(16, no_tiles(1, n_out, dtype)), fp32_dest=fp32_dest)
    return done.output


def copied(op: Callable[[int], None], count: int) -> Callable[[], None]:
    """Tiles 0 … count-1 to DST, then `op` on each."""

    def body() -> None:
        copy_init(0)
        for i in range(count):
            copy_tile(0, i, i)
        for i in range(count):
            op(i)

    return body


# ---- SFPU: one operand --------------------------------------------------------------------------------------


def spread(low: int, high: int, *, negative: bool) -> Floats:
    """A tile of bf16 numbers between powers of 2, of either sign or positive."""
    rng = np.random.default_rng(high - low)
    values = 2.0 ** rng.uniform(low, high, (32, 32))
    return bf16_values(to_bf16_rne(values * (rng.choice([-1, 1], values.shape) if negative else 1)))


ANY, POSITIVE = spread(-40, 40, negative=True), spread(-60, 60, negative=False)
UNARY: dict[str, tuple[Callable[[], None], Callable[[int], None], Any, Floats]] = {
    "rsqrt": (rsqrt_tile_init, rsqrt_tile, lambda x: 1 / np.sqrt(x), POSITIVE),
    "sqrt": (sqrt_tile_init, sqrt_tile, np.sqrt, POSITIVE),
    "recip": (recip_tile_init, recip_tile, lambda x: 1 / x, ANY),
    "exp": (exp_tile_init, exp_tile, np.exp, spread(-10, 6, negative=True)),
    "relu": (relu_tile_init, relu_tile, lambda x: np.maximum(x, 0), ANY),
    "abs": (abs_tile_init, abs_tile, np.abs, ANY),
    "square": (square_tile_init, square_tile, np.square, ANY),
}


def units_apart(got: Floats, exact: Floats) -> int:
    """The largest distance in units of bf16 in the last place: patterns counted from the most negative up."""
    one, other = (to_bf16_rne(v).astype(np.int64) for v in (got, exact))
    one, other = (np.where(bits < 0x8000, bits, 0x8000 - bits) for bits in (one, other))
    return int(np.abs(one - other).max())


def unary(name: str, **options: Any) -> tuple[Floats, Floats]:
    """(result, exact result)"""
    init, op, exact, x = UNARY[name]

    def apply(idst: int) -> None:
        init()
        op(idst)

    return in_dst(copied(apply, 1), x, **options), exact(x.astype(np.float64))


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("name", UNARY)
def test_a_function_is_numpys_within_one_unit_of_bf16(name: str, fp32_dest: bool) -> None:
    got, exact = unary(name, fp32_dest=fp32_dest)
    assert units_apart(got, exact) <= 1


@pytest.mark.parametrize("name", UNARY)
def test_with_fp32_throughout_a_function_is_right_to_20_bits(name: str) -> None:
    got, exact = unary(name, dtype=tt.float32)
    assert (np.abs(got - exact) <= 2.0**-20 * np.abs(exact)).all()


def test_a_function_changes_its_own_tile_only() -> None:
    x = whole(1, 4)

    def body() -> None:
        copied(lambda i: None, 4)()
        square_tile_init()
        square_tile(2)

    expected = x.copy()
    expected[:, 64:96] **= 2
    assert (in_dst(body, x) == expected).all()


def test_functions_follow_each_other_in_dst() -> None:
    def both(idst: int) -> None:
        abs_tile_init()
        abs_tile(idst)
        sqrt_tile_init()
        sqrt_tile(idst)

    x = whole(1, 3)
    assert units_apart(in_dst(copied(both, 3), x), np.sqrt(np.abs(x))) <= 1


def test_the_sfpu_leaves_the_fpus_program_alone() -> None:
    x = whole(1, 2)

    def body() -> None:
        copy_init(0)
        copy_tile(0, 0, 0)
        square_tile_init()
        square_tile(0)
        copy_tile(0, 1, 1)

    expected = x.copy()
    expected[:, :32] **= 2
    assert (in_dst(body, x) == expected).all()


@pytest.mark.parametrize(("fp32_dest", "word", "limit"), [(True, "fp32", 4), (False, "16-bit", 8)])
def test_a_function_beyond_dst_is_refused(fp32_dest: bool, word: str, limit: int) -> None:
    with pytest.raises(tt.KernelError) as error:
        in_dst(lambda: rsqrt_tile(limit), whole(1, 1), fp32_dest=fp32_dest)
    assert str(error.value) == (
        f"rsqrt_tile: DST tile {limit} does not exist: a section holds {limit} tiles (0 to {limit - 1}) with {word} "
        "DST; use fewer tiles between tile_regs_acquire and tile_regs_commit"
    )


def test_a_function_outside_a_section_is_a_violation() -> None:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 1)
        exp_tile_init()
        exp_tile(0)

    with pytest.raises(tt.Violation, match=r"^exp_tile writes DST without a section: call tile_regs_acquire"):
        run(compute, [Stream(0, tiles(whole(1, 1)))], Stream(16, no_tiles(1, 1)))


# ---- SFPU: a number beside the tile -------------------------------------------------------------------------


def bits(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


SCALAR: dict[str, tuple[Callable[[int, int], None], Callable[[float], int], Any]] = {
    "add": (add_unary_tile, bits, np.add),
    "sub": (sub_unary_tile, bits, np.subtract),
    "mul": (mul_unary_tile, bits, np.multiply),
    "div": (div_unary_tile, lambda s: bits(1 / s), np.divide),
    "rsub": (rsub_unary_tile, bits, lambda x, s: s - x),
}


def with_scalar(name: str, x: Floats, scalar: float, **options: Any) -> tuple[Floats, Floats]:
    """(result, exact result)"""
    op, argument, exact = SCALAR[name]

    def apply(idst: int) -> None:
        binop_with_scalar_tile_init()
        op(idst, argument(scalar))

    return in_dst(copied(apply, x.shape[1] // 32), x, **options), exact(x.astype(np.float64), float(np.float32(scalar)))


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("name", SCALAR)
@given(scalar=st.floats(2.0**-10, 1000, width=32) | st.floats(-1000, -(2.0**-10), width=32))
@quickly
def test_a_scalar_op_is_numpys_within_one_unit_of_bf16(name: str, fp32_dest: bool, scalar: float) -> None:
    got, exact = with_scalar(name, spread(-12, 12, negative=True), scalar, fp32_dest=fp32_dest)
    assert units_apart(got, exact) <= 1


@pytest.mark.parametrize("name", SCALAR)
def test_whole_numbers_are_exact(name: str) -> None:
    got, exact = with_scalar(name, whole(1, 3), 2.0)
    assert (got == exact).all()


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("wrong", [2.0, -1, 1 << 32])
def test_a_scalar_is_given_by_its_bits(name: str, wrong: Any) -> None:
    op = SCALAR[name][0]
    with pytest.raises(tt.KernelError) as error:
        in_dst(copied(lambda i: op(i, wrong), 1), whole(1, 1))
    assert str(error.value) == (
        f"{op.__name__}: param1 is {wrong!r}; give the bits of an fp32 number: int(np.float32({wrong}).view(np.uint32))"
    )


def test_two_scalars_in_one_kernel_are_two_numbers() -> None:
    def body() -> None:
        copied(lambda i: None, 2)()
        add_unary_tile(0, bits(1))
        add_unary_tile(1, bits(2))

    x = whole(1, 2)
    assert (in_dst(body, x) == x + np.repeat([1, 2], 32)).all()


# ---- mailbox ------------------------------------------------------------------------------------------------


def role() -> str:
    return "UNPACK" if UNPACK() else "MATH" if MATH() else "PACK"


def everywhere(*values: int) -> dict[str, list[Any]]:
    return {name: list(values) for name in ("UNPACK", "MATH", "PACK")}


def mailed(x: Floats, read: Callable[[], Any], dtype: Format = tt.bfloat16) -> dict[str, list[Any]]:
    """What each role gets from the coroutine `read`, which runs when all tiles of x are there."""
    got = everywhere()
    n = x.shape[1] // 32

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, n)
        got[role()] += await read()
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        cb_pop_front(0, n)

    run(compute, [Stream(0, tiles(x, dtype))], Stream(16, no_tiles(1, 1, dtype)))
    return got


@given(tile=st.integers(0, 2), column=st.integers(0, 7))
@quickly
def test_all_three_roles_read_the_same_two_bf16(tile: int, column: int) -> None:
    x = whole(1, 3)

    async def read() -> list[int]:
        return [await read_tile_value(0, tile, column)]

    low, high = to_bf16_rne(x[0, 32 * tile + 2 * column :][:2]).tolist()
    assert mailed(x, read) == everywhere(high << 16 | low)


def test_all_three_roles_read_the_same_fp32() -> None:
    x = whole(1, 1) / 3

    async def read() -> list[int]:
        return [await read_tile_value(0, 0, 5)]

    assert mailed(x, read, tt.float32) == everywhere(bits(x[0, 5]))


def test_values_arrive_in_the_order_of_the_calls() -> None:
    x = whole(1, 1)

    async def read() -> list[int]:
        return [await read_tile_value(0, 0, i) for i in range(8)]

    words = to_bf16_rne(x[0, :16]).view(np.uint32).tolist()
    assert mailed(x, read) == everywhere(*words)


def test_math_and_pack_wait_for_unpack() -> None:
    """Only UNPACK waits for the page here; the others go on when its mail is there."""
    heard: list[str] = []

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        if UNPACK():
            await cb_wait_front(0, 1)
            heard.append("page")
        await read_tile_value(0, 0, 0)
        heard.append(role())

    empty = tt.allocate_tensor_on_device((1, 32))
    with pytest.raises(tt.DeviceHang):  # nobody fills c_16
        run(compute, [Stream(0, tiles(whole(1, 1)))], Stream(16, empty))
    assert heard[0] == "page"
    assert sorted(heard[1:]) == ["MATH", "PACK", "UNPACK"]


def test_a_tile_address_is_the_page_at_the_front() -> None:
    x, seen = whole(1, 3), []

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 3)
        seen.append([await get_tile_address(0, i) for i in range(3)])
        cb_pop_front(0, 1)
        seen.append([await get_tile_address(0, i) for i in range(2)])
        await cb_reserve_back(16, 2)
        copy_init(0)
        tile_regs_acquire()
        copy_block(0, 0, 0, 2)
        tile_regs_commit()
        tile_regs_wait()
        pack_block(0, 16, 2)
        tile_regs_release()
        cb_push_back(16, 2)
        cb_pop_front(0, 2)

    run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 2)))
    first = seen[0][0]
    of_a_role = [[first, first + 2048, first + 4096], [first + 2048, first + 4096]]
    assert sorted(seen) == sorted(3 * of_a_role)


def test_a_value_may_decide_what_the_kernel_does() -> None:
    """The first word says how many tiles to copy; all roles must agree, or the kernel hangs."""
    x = whole(1, 4)
    x[0, :2] = (0, 3)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, 4)
        count = int(bf16_values(np.array([await read_tile_value(0, 0, 0) >> 16], np.uint16))[0])
        await cb_reserve_back(16, count)
        tile_regs_acquire()
        copy_block(0, 1, 0, count)
        tile_regs_commit()
        tile_regs_wait()
        pack_block(0, 16, count)
        tile_regs_release()
        cb_push_back(16, count)
        cb_pop_front(0, 4)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 3)))
    assert (done.output == x[:, 32:]).all()


@pytest.mark.parametrize("call", [lambda: read_tile_value(0, 0, 0), lambda: get_tile_address(0, 0)])
def test_the_mailbox_belongs_to_the_compute_engine(call: Callable[[], Any]) -> None:
    async def reader() -> None:
        await call()

    core, out = tt.core_set((0, 0)), tt.allocate_tensor_on_device((32, 32))
    kernel = tt.KernelDescriptor(reader, core, tt.ReaderConfigDescriptor())
    with pytest.raises(tt.KernelError, match="belongs to the compute engine"):
        tt.generic_op([out], tt.ProgramDescriptor([kernel], [tile_cb(0, 1)]))


# ---- blocks -------------------------------------------------------------------------------------------------


def product_of(rt: int, ct: int, kt: int, init: Callable[..., None], fp32_dest: bool = True) -> tuple[Floats, Floats]:
    """(a @ b by matmul_block, by numpy)"""
    a, b = whole(rt, kt), whole(kt, ct, seed=7)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
        init(0, 1, 0, ct, rt, kt)
        await cb_wait_front(0, rt * kt)
        await cb_wait_front(1, kt * ct)
        await cb_reserve_back(16, rt * ct)
        tile_regs_acquire()
        for k in range(kt):
            matmul_block(0, 1, k, k * ct, 0, 0, ct, rt, kt)
        tile_regs_commit()
        tile_regs_wait()
        pack_block(0, 16, rt * ct)
        tile_regs_release()
        cb_push_back(16, rt * ct)

    output = Stream(16, no_tiles(rt, ct, tt.float32))
    done = run(compute, [Stream(0, tiles(a)), Stream(1, tiles(b))], output, fp32_dest=fp32_dest)
    return done.output, a @ b


@given(shape=st.sampled_from([(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (3, 1), (4, 1)]), kt=st.integers(1, 4))
@quickly
def test_matmul_block_multiplies_blocks_of_tiles(shape: tuple[int, int], kt: int) -> None:
    got, expected = product_of(*shape, kt, matmul_block_init)
    assert (got == expected).all()


def test_the_old_name_of_the_init_serves_too() -> None:
    got, expected = product_of(2, 2, 2, mm_block_init_short)
    assert (got == expected).all()


def test_a_product_that_dst_cannot_hold_is_refused() -> None:
    with pytest.raises(tt.KernelError, match="DST tile 4 does not exist: a section holds 4 tiles"):
        product_of(1, 5, 1, matmul_block_init)


def test_copy_block_copies_consecutive_tiles() -> None:
    def body() -> None:
        copy_init(0)
        copy_block(0, 1, 0, 3)

    x = whole(1, 4)
    assert (in_dst(body, x, n_out=3) == x[:, 32:]).all()


BLOCKS = {
    "add": (add_init, add_block, np.add),
    "sub": (sub_init, sub_block, np.subtract),
    "mul": (mul_init, mul_block, np.multiply),
}


@pytest.mark.parametrize("name", BLOCKS)
@given(first_a=st.integers(0, 2), first_b=st.integers(0, 2), count=st.integers(1, 4))
@quickly
def test_a_block_op_takes_consecutive_tiles(name: str, first_a: int, first_b: int, count: int) -> None:
    init, block, numpys = BLOCKS[name]
    a, b = whole(1, 6), whole(1, 6, seed=3)

    def body() -> None:
        init(0, 1)
        block(0, 1, first_a, first_b, 0, count)

    compute = section(body, 6, count, second=6)
    done = run(compute, [Stream(0, tiles(a)), Stream(1, tiles(b))], Stream(16, no_tiles(1, count)))
    of_a, of_b = a[:, 32 * first_a :][:, : 32 * count], b[:, 32 * first_b :][:, : 32 * count]
    assert (done.output == numpys(of_a, of_b)).all()


def test_a_block_op_goes_to_the_tiles_it_names() -> None:
    """DST tile 0 is left as a fresh section has it: 0."""

    def body() -> None:
        copy_init(0)
        copy_block(0, 0, 1, 2)

    x = whole(1, 2)
    assert (in_dst(body, x, n_out=3) == np.hstack([np.zeros((32, 32)), x])).all()


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("copy_block", lambda: copy_block(0, 0, 1, 4)),
        ("add_block", lambda: add_block(0, 0, 0, 0, 1, 4)),
    ],
)
def test_a_block_that_dst_cannot_hold_is_refused(call: str, body: Callable[[], None]) -> None:
    with pytest.raises(tt.KernelError, match=f"^{call}: DST tile 4 does not exist"):
        in_dst(body, whole(1, 4))


# ---- packing ------------------------------------------------------------------------------------------------


def packed(pack: Callable[[], None], x: Floats) -> Floats:
    """The pages of c_16 after `pack`, which finds the tiles of x in DST."""
    n = x.shape[1] // 32

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, n)
        await cb_reserve_back(16, n)
        tile_regs_acquire()
        copy_block(0, 0, 0, n)
        tile_regs_commit()
        tile_regs_wait()
        pack()
        tile_regs_release()
        cb_push_back(16, n)

    return run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, n))).output


def reordered(x: Floats, *order: int) -> Floats:
    return np.hstack([x[:, 32 * i :][:, :32] for i in order])


@given(order=st.permutations(range(4)))
@quickly
def test_out_of_order_packing_puts_each_tile_where_it_says(order: list[int]) -> None:
    def pack() -> None:
        for tile, page in enumerate(order):
            pack_tile(tile, 16, page, out_of_order_output=True)

    x = whole(1, 4)
    assert (packed(pack, x) == reordered(x, *np.argsort(order))).all()


def test_packing_in_order_takes_no_notice_of_packing_out_of_order() -> None:
    def pack() -> None:
        pack_tile(0, 16)
        pack_tile(1, 16, 2, out_of_order_output=True)
        pack_tile(2, 16)

    x = whole(1, 3)
    assert (packed(pack, x) == reordered(x, 0, 2, 1)).all()


def test_in_order_the_index_is_not_looked_at() -> None:
    def pack() -> None:
        pack_tile(0, 16, 1)
        pack_tile(1, 16, 0)

    x = whole(1, 2)
    assert (packed(pack, x) == x).all()


def test_pack_block_follows_pack_tile() -> None:
    def pack() -> None:
        pack_tile(3, 16)
        pack_block(0, 16, 3)

    x = whole(1, 4)
    assert (packed(pack, x) == reordered(x, 3, 0, 1, 2)).all()


def test_pack_block_beyond_dst_is_refused() -> None:
    with pytest.raises(tt.KernelError) as error:
        packed(lambda: pack_block(1, 16, 4), whole(1, 4))
    assert str(error.value) == "pack_block: DST tile 4 does not exist: a section holds 4 tiles (0 to 3)"


@pytest.mark.parametrize("page", [-1, 3, 7])
def test_packing_outside_the_ring_is_a_violation(page: int) -> None:
    with pytest.raises(tt.Violation) as error:
        packed(lambda: pack_tile(0, 16, page, out_of_order_output=True), whole(1, 3))
    assert str(error.value) == (
        f"pack_tile into c_16: page {page} of a ring of 3 pages (0 to 2); the bytes would go to the neighbour's memory, "
        "so pack no more pages than are reserved, and push them"
    )


def test_after_a_push_packing_starts_at_the_next_page() -> None:
    x = whole(1, 2)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        for _ in range(2):
            await cb_wait_front(0, 1)
            await cb_reserve_back(16, 1)
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16, 0, out_of_order_output=True)
            tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)

    assert (run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 2))).output == x).all()


# ---- formats ------------------------------------------------------------------------------------------------


def row_sums(set_formats: Callable[[], None], *, order: SrcOrder = SrcOrder.Regular) -> tuple[Floats, Floats]:
    """(sums of fp32 rows with a bf16 scaler of 1, numpy's)"""
    x = whole(1, 3)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16, src_order=order)
        set_formats()
        reduce_init(0, 1, 16, **ROW_SUM)
        await cb_wait_front(1, 1)
        await cb_wait_front(0, 3)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        for t in range(3):
            reduce_tile(0, 1, t, 0, 0, **ROW_SUM)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        reduce_uninit(0)

    output = Stream(16, no_tiles(1, 1, tt.float32))
    done = run(compute, [Stream(0, tiles(x, tt.float32))], output, scaler=1.0)
    return done.output[:, 0], x.sum(axis=1)


def test_a_bf16_scaler_taken_for_fp32_gives_garbage() -> None:
    got, right = row_sums(lambda: None)
    assert (np.abs(got - right) > 1).mean() > 0.9


# REDUCE_ROW's SUM takes the scaler as SrcA and the data as SrcB
SET = {
    "two": lambda: reconfig_data_format(1, 0),
    "old and new": lambda: reconfig_data_format(0, 1, 1, 0),
    "reversed": lambda: reconfig_data_format(0, 1, src_order=SrcOrder.Reverse),
    "one by one": lambda: (reconfig_data_format_srca(1), reconfig_data_format_srcb(0)),
    "one by one, old and new": lambda: (reconfig_data_format_srca(0, 1), reconfig_data_format_srcb(1, 0)),
}


@pytest.mark.parametrize("how", SET)
def test_with_reconfig_data_format_the_sum_is_right(how: str) -> None:
    got, right = row_sums(SET[how])
    assert (got == right).all()


def test_a_start_up_in_reverse_order_sets_the_formats_too() -> None:
    got, right = row_sums(lambda: None, order=SrcOrder.Reverse)
    assert (got == right).all()


@pytest.mark.parametrize("cbs", [(), (0,), (0, 1, 0)])
def test_reconfig_data_format_takes_two_or_four(cbs: tuple[int, ...]) -> None:
    with pytest.raises(tt.KernelError) as error:
        row_sums(lambda: reconfig_data_format(*cbs))
    assert str(error.value) == (
        f"reconfig_data_format takes (new_a, new_b) or (old_a, new_a, old_b, new_b), not {len(cbs)} CBs"
    )


def packed_as(set_format: Callable[[], None]) -> tuple[Floats, Floats]:
    """(a bf16 tile packed to the fp32 tiles of c_16 after a start-up for the bf16 c_24, the tile)"""
    x = whole(1, 1)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 24)
        copy_init(0)
        set_format()
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)

    return run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 1, tt.float32)), tile_cb(24, 1)).output, x


@pytest.mark.parametrize("cbs", [(16,), (24, 16)])
def test_pack_reconfig_data_format_sets_the_packers_format(cbs: tuple[int, ...]) -> None:
    got, right = packed_as(lambda: pack_reconfig_data_format(*cbs))
    assert (got == right).all()


def test_a_packer_set_for_bf16_fills_half_an_fp32_page() -> None:
    with pytest.raises(tt.Violation, match=r"^page \d+ of the output holds poison"):
        packed_as(lambda: None)


def test_copy_init_with_dt_sets_srcas_format() -> None:
    x, y = whole(1, 1) / 3, whole(1, 1, seed=5)

    def body() -> None:
        copy_init(0)
        copy_tile(0, 0, 0)
        copy_tile_to_dst_init_short_with_dt(0, 1)
        copy_tile(1, 0, 1)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        await cb_reserve_back(16, 2)
        tile_regs_acquire()
        body()
        tile_regs_commit()
        tile_regs_wait()
        pack_block(0, 16, 2)
        tile_regs_release()
        cb_push_back(16, 2)

    done = run(compute, [Stream(0, tiles(x, tt.float32)), Stream(1, tiles(y))], Stream(16, no_tiles(1, 2)))
    assert (done.output[:, 32:] == y).all()
