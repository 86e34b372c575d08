"""DST as an operand, unary broadcasts, accumulation in DST and in L1, packer ReLU, block calls, older names.

Small whole numbers, of which every sum and product here is exact, and `==`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_lib import Stream, no_tiles, run, tile_cb, tiles, whole
from test_sfpu_mailbox import in_dst, section

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.sim.formats import Format

Floats = NDArray[Any]
TO_A, TO_B = EltwiseBinaryReuseDestType.DEST_TO_SRCA, EltwiseBinaryReuseDestType.DEST_TO_SRCB
ADD, SUB, MUL = EltwiseBinaryType.ELWADD, EltwiseBinaryType.ELWSUB, EltwiseBinaryType.ELWMUL


def two(body: Callable[[], None], x: Floats, y: Floats, n_out: int = 1, **options: Any) -> Floats:
    """DST after `body`, with the tiles of x in c_0 and of y in c_1."""
    kernel = section(body, x.shape[1] // 32, n_out, second=y.shape[1] // 32)
    return run(kernel, [Stream(0, tiles(x)), Stream(1, tiles(y))], Stream(16, no_tiles(1, n_out)), **options).output


X, Y = whole(1, 1, seed=1), whole(1, 1, seed=2)


# ---- DST as an operand ----------------------------------------------------------------------------------------

REUSE: dict[str, tuple[Any, Any, Callable[[Floats, Floats], Floats]]] = {
    "add": (add_reuse_dest_init, add_reuse_dest_tiles, np.add),
    "sub": (sub_reuse_dest_init, sub_reuse_dest_tiles, np.subtract),
    "mul": (mul_reuse_dest_init, mul_reuse_dest_tiles, np.multiply),
}


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("where", [TO_A, TO_B])
@pytest.mark.parametrize("name", REUSE)
def test_dst_is_the_first_or_the_second_operand(name: str, where: EltwiseBinaryReuseDestType, fp32_dest: bool) -> None:
    init, op, exact = REUSE[name]

    def body() -> None:
        copy_init(0)
        copy_tile(0, 0, 0)
        init(1, reuse_dest=where)
        op(1, 0, 0, reuse_dest=where)

    expected = exact(X, Y) if where is TO_A else exact(Y, X)
    assert (two(body, X, Y, fp32_dest=fp32_dest) == expected).all()


def test_several_operands_one_after_the_other() -> None:
    y = whole(1, 3)

    def body() -> None:
        copy_init(0)
        copy_tile(0, 0, 0)
        add_reuse_dest_init(1, reuse_dest=TO_A)
        for i in range(3):
            add_reuse_dest_tiles(1, i, 0, reuse_dest=TO_A)

    assert (two(body, X, y) == X + y[:, :32] + y[:, 32:64] + y[:, 64:]).all()


def test_reuse_and_a_plain_sum_in_a_loop_of_sections() -> None:
    n = 5
    x, y = whole(1, n, seed=3), whole(1, n, seed=4)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        for i in range(n):
            await cb_wait_front(0, i + 1)
            await cb_wait_front(1, i + 1)
            await cb_reserve_back(16, 1)
            tile_regs_acquire()
            add_init(0, 1)
            add_tiles(0, 1, i, i, 0)
            binary_dest_reuse_tiles_init(1, eltwise_binary_type=MUL, binary_reuse_dest=TO_A)
            binary_dest_reuse_tiles(1, i, 0, eltwise_binary_type=MUL, binary_reuse_dest=TO_A)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)

    done = run(compute, [Stream(0, tiles(x)), Stream(1, tiles(y))], Stream(16, no_tiles(1, n)))
    assert (done.output == (x + y) * y).all()


def test_the_operand_has_its_own_format() -> None:
    """DEST_TO_SRCA reads its CB as SrcB: a bf16 CB beside an fp32 one."""

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_init(0)
        copy_tile(0, 0, 0)
        sub_reuse_dest_init(1, reuse_dest=TO_A)
        sub_reuse_dest_tiles(1, 0, 0, reuse_dest=TO_A)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)

    done = run(compute, [Stream(0, tiles(X, tt.float32)), Stream(1, tiles(Y))], Stream(16, no_tiles(1, 1)))
    assert (done.output == X - Y).all()


def test_reuse_wants_to_know_where() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_dst(lambda: add_reuse_dest_init(0, reuse_dest=EltwiseBinaryReuseDestType.NONE), X)
    assert str(error.value) == (
        "add_reuse_dest_init: reuse_dest is NONE; say DEST_TO_SRCA or DEST_TO_SRCB, or use the two-operand call"
    )


def test_a_reuse_op_after_add_init_starves() -> None:
    """MATH runs the program of add_init four times, four faces each, where UNPACK gives four."""

    def body() -> None:
        add_init(0, 0)
        add_reuse_dest_tiles(0, 0, 0, reuse_dest=TO_A)

    with pytest.raises(tt.DeviceHang):
        in_dst(body, X)


# ---- broadcasts -----------------------------------------------------------------------------------------------

BROADCASTS: dict[BroadcastType, Callable[[Floats], Floats]] = {
    BroadcastType.ROW: lambda x: x[:1, :],
    BroadcastType.COL: lambda x: x[:, :1],
    BroadcastType.SCALAR: lambda x: x[:1, :1],
}


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
@pytest.mark.parametrize("bcast", BROADCASTS)
def test_a_row_column_or_element_for_the_whole_tile(bcast: BroadcastType, dtype: Format) -> None:
    x = whole(1, 4)

    def body() -> None:
        unary_bcast_init(0, bcast_type=bcast)
        for i in range(4):
            unary_bcast(0, 3 - i, i, bcast_type=bcast)
        unary_bcast_uninit(0, bcast_type=bcast)

    parts = [np.broadcast_to(BROADCASTS[bcast](x[:, 32 * (3 - i) :][:, :32]), (32, 32)) for i in range(4)]
    assert (in_dst(body, x, dtype=dtype) == np.hstack(parts)).all()


def test_the_same_tile_broadcast_twice() -> None:
    def body() -> None:
        unary_bcast_init(0, bcast_type=BroadcastType.ROW)
        for i in range(2):
            unary_bcast(0, 0, i, bcast_type=BroadcastType.ROW)

    kernel = section(body, 1, 2)
    done = run(kernel, [Stream(0, tiles(X))], Stream(16, no_tiles(1, 2)))
    assert (done.output == np.tile(X[:1], (32, 2))).all()


def test_copy_tile_after_a_column_broadcasts_init_hangs() -> None:
    """The call that releases Src is unary_bcast: copy_tile runs the same program and releases nothing."""

    def body() -> None:
        unary_bcast_init(0, bcast_type=BroadcastType.COL)
        for i in range(3):
            copy_tile(0, 0, i)

    with pytest.raises(tt.DeviceHang):
        run(section(body, 1, 1), [Stream(0, tiles(X))], Stream(16, no_tiles(1, 1)))


def test_there_is_no_broadcast_of_nothing() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_dst(lambda: unary_bcast_init(0, bcast_type=BroadcastType.NONE), X)
    assert str(error.value) == (
        "unary_bcast_init(bcast_type=BroadcastType.NONE): nothing to broadcast; use copy_init and copy_tile"
    )


# ---- accumulation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accumulates", [False, True])
def test_add_adds_to_dst_if_its_init_says_so(accumulates: bool) -> None:
    x, y = whole(1, 3, seed=5), whole(1, 3, seed=6)

    def body() -> None:
        add_init(0, 1, accumulates)
        for i in range(3):
            add_tiles(0, 1, i, i, 0)

    parts = [x[:, 32 * i :][:, :32] + y[:, 32 * i :][:, :32] for i in range(3)]
    assert (two(body, x, y) == (sum(parts) if accumulates else parts[2])).all()


def test_sub_adds_to_dst_and_mul_always_does() -> None:
    def body() -> None:
        sub_init(0, 1, acc_to_dest=True)
        sub_tiles(0, 1, 0, 0, 0)
        sub_tiles(0, 1, 0, 0, 0)
        mul_init(0, 1, acc_to_dest=False)
        mul_tiles(0, 1, 0, 0, 0)

    assert (two(body, X, Y) == 2 * (X - Y) + X * Y).all()


def test_binary_tiles_init_programs_both_or_math_only() -> None:
    def body() -> None:
        binary_tiles_init(0, 1, full_init=True, eltwise_binary_type=ADD)
        add_tiles(0, 1, 0, 0, 0)
        binary_tiles_init(0, 1, True, full_init=False, eltwise_binary_type=SUB)
        sub_tiles(0, 1, 0, 0, 0)

    assert (two(body, X, Y) == 2 * X).all()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_same_product_again_and_again(times: int) -> None:
    def body() -> None:
        compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
        matmul_init(0, 1)
        for _ in range(times):
            matmul_tiles(0, 1, 0, 0, 0)

    assert (two(body, X, np.eye(32, dtype=np.float32)) == times * X).all()


# ---- the packer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_packing_adds_to_l1(dtype: Format) -> None:
    """Three passes over the same two pages: the first writes, the others add."""
    x = whole(1, 6)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, 6)
        await cb_reserve_back(16, 2)
        for k in range(3):
            pack_reconfig_l1_acc(int(k > 0))
            tile_regs_acquire()
            copy_tile(0, 2 * k, 0)
            copy_tile(0, 2 * k + 1, 1)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16, 0, out_of_order_output=True)
            pack_tile(1, 16, 1, out_of_order_output=True)
            tile_regs_release()
        pack_reconfig_l1_acc(0)
        cb_push_back(16, 2)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 2, dtype)))
    assert (done.output == x[:, :64] + x[:, 64:128] + x[:, 128:]).all()


def test_a_loop_of_sections_packs_to_one_page_again_and_again() -> None:
    x = whole(1, 5)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, 5)
        await cb_reserve_back(16, 1)
        for k in range(5):
            if k == 1:
                pack_reconfig_l1_acc(1)
            tile_regs_acquire()
            copy_tile(0, k, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16, 0, out_of_order_output=True)
            tile_regs_release()
        cb_push_back(16, 1)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 1)))
    assert (done.output == sum(x[:, 32 * k :][:, :32] for k in range(5))).all()


def test_partial_sums_in_a_cb_are_pushed_and_popped_between_passes() -> None:
    x = whole(1, 3)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 5)
        copy_init(0)
        for k in range(3):
            await cb_wait_front(0, 1)
            await cb_reserve_back(5, 1)
            pack_reconfig_l1_acc(int(k > 0))
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 5)
            tile_regs_release()
            cb_push_back(5, 1)
            cb_pop_front(0, 1)
            if k < 2:
                await cb_wait_front(5, 1)
                cb_pop_front(5, 1)
        pack_reconfig_l1_acc(0)
        await cb_wait_front(5, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_tile(5, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_pop_front(5, 1)
        cb_push_back(16, 1)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 1)), tile_cb(5, 1))
    assert (done.output == x[:, :32] + x[:, 32:64] + x[:, 64:]).all()


def test_rows_are_added_to_l1_too() -> None:
    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        pack_untilize_init(0, 16, block_ct_dim=1)
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 32)
        for k in range(2):
            pack_reconfig_l1_acc(k)
            pack_untilize_block(0, 1, 16, block_ct_dim=1)
        cb_push_back(16, 32)

    sticks = tt.allocate_tensor_on_device((32, 32))
    done = run(compute, [Stream(0, tiles(X))], Stream(16, sticks, 32, 32))
    assert (done.output == 2 * X).all()


def test_the_packer_turns_negative_values_into_zero() -> None:
    x = whole(1, 2)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        for config in (ReluConfig.zero(), ReluConfig.none()):
            await cb_wait_front(0, 1)
            await cb_reserve_back(16, 1)
            pack_relu_config(config)
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 2)))
    assert (done.output == np.hstack([np.maximum(x[:, :32], 0), x[:, 32:]])).all()


# ---- blocks, older names ----------------------------------------------------------------------------------------


def test_transpose_block_takes_tile_after_tile() -> None:
    x = whole(1, 3)

    def body() -> None:
        transpose_init(0)
        transpose_block(0, 0, 0, 3)

    assert (in_dst(body, x) == np.hstack([x[:, 32 * i :][:, :32].T for i in range(3)])).all()


@pytest.mark.parametrize("dim", ReduceDim)
@pytest.mark.parametrize("pool", [PoolType.SUM, PoolType.MAX])
def test_reduce_block_is_reduce_tile_again_and_again(pool: PoolType, dim: ReduceDim) -> None:
    x, kind = whole(1, 3), {"reduce_type": pool, "reduce_dim": dim}

    def block() -> None:
        reduce_init(0, 1, 16, **kind)
        reduce_block(0, 1, 0, 0, 0, 3, **kind)

    def loop() -> None:
        reduce_init(0, 1, 16, **kind)
        for i in range(3):
            reduce_tile(0, 1, i, 0, i, **kind)

    ones = np.ones((32, 32), np.float32)
    assert (two(block, x, ones, 3) == two(loop, x, ones, 3)).all()


def test_older_names_are_the_same_functions() -> None:
    assert copy_block_matmul_partials is copy_block
    assert matmul_pack_tile is pack_block
    assert add_tiles_init is add_init


@pytest.mark.parametrize("block", [False, True])
def test_inits_with_formats(block: bool) -> None:
    """in1 is fp32 and SrcA, where it goes, was set for bf16."""

    async def compute() -> None:
        if block:
            mm_block_init(0, 0, 16)
            mm_block_init_short_with_dt(0, 1, 0)
        else:
            mm_init(0, 0, 16)
            mm_init_short_with_dt(0, 1, 0)
        dummy_unpack(0)
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        matmul_tiles(0, 1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        dummy_pack(16)
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)

    eye = tiles(np.eye(32, dtype=np.float32), tt.float32)
    done = run(compute, [Stream(0, tiles(X)), Stream(1, eye)], Stream(16, no_tiles(1, 1)))
    assert (done.output == X).all()


@pytest.mark.parametrize(
    "init", [lambda: tilize_init_short_with_dt(5, 0, 1, 16), lambda: fast_tilize_init_with_dt(0, 1, 16)]
)
def test_tilize_with_its_format(init: Callable[[], None]) -> None:
    async def compute() -> None:
        compute_kernel_hw_startup(5, 16)
        init()
        await cb_wait_front(0, 32)
        await cb_reserve_back(16, 1)
        tilize_block(0, 1, 16)
        cb_push_back(16, 1)

    sticks = Stream(0, tt.from_numpy(X, tt.float32), 32, 32)
    done = run(compute, [sticks], Stream(16, no_tiles(1, 1)), tile_cb(5, 1))
    assert (done.output == X).all()
