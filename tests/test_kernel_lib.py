"""The helper library, each helper in a small program against numpy, in strict mode.

The data are small whole numbers, of which every sum and product here is exact, so results are compared with
`==`. Each program's reader sends whole tensors to CBs; its writer takes c_16 to the output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.kernel_lib import *
from ttlearn.sim.formats import Format, bf16_values

Floats = NDArray[Any]
Kernel = Callable[[], Any]

CORE = tt.core_set((0, 0))
SUM, MAX = PoolType.SUM, PoolType.MAX
ADD, SUB, MUL = EltwiseBinaryType.ELWADD, EltwiseBinaryType.ELWSUB, EltwiseBinaryType.ELWMUL
NONE, ROW, COL, SCALAR = BroadcastType.NONE, BroadcastType.ROW, BroadcastType.COL, BroadcastType.SCALAR
NUMPY = {ADD: np.add, SUB: np.subtract, MUL: np.multiply}
STREAMED = (ReduceInputPolicy.WaitAndPopPerTile, ReduceInputPolicy.BulkWaitBulkPop)

quickly = settings(max_examples=10, deadline=None, derandomize=True, database=None)


# ---- programs -----------------------------------------------------------------------------------------------


class Stream(NamedTuple):
    """A tensor on its way through a CB: `pages` of the tensor are `cb_pages` of the CB."""

    cb: int
    tensor: tt.Tensor
    pages: int = 1
    cb_pages: int = 1
    order: Sequence[int] = ()  # of the tensor's pages; as they are if empty

    @property
    def descriptor(self) -> tt.CBDescriptor:
        """A CB with room for the whole tensor."""
        size = self.tensor.buffer_page_size()
        form = tt.CBFormatDescriptor(self.cb, self.tensor.dtype, size * self.pages // self.cb_pages)
        return tt.CBDescriptor(size * self.tensor.buffer_num_pages(), CORE, [form])


async def send(stream: Stream, args: int = 0) -> None:
    """In the reader; `args` is where the tensor's compile-time arguments are."""
    accessor = TensorAccessor(TensorAccessorArgs(args), stream.tensor.buffer_address())
    size = stream.tensor.buffer_page_size()
    order = stream.order or range(stream.tensor.buffer_num_pages())
    for first in range(0, len(order), stream.pages):
        await cb_reserve_back(stream.cb, stream.cb_pages)
        for i, page in enumerate(order[first : first + stream.pages]):
            noc_async_read_page(page, accessor, get_write_ptr(stream.cb) + i * size)
        await noc_async_read_barrier()
        cb_push_back(stream.cb, stream.cb_pages)


async def receive(stream: Stream, args: int = 0) -> None:
    accessor = TensorAccessor(TensorAccessorArgs(args), stream.tensor.buffer_address())
    size = stream.tensor.buffer_page_size()
    for first in range(0, stream.tensor.buffer_num_pages(), stream.pages):
        await cb_wait_front(stream.cb, stream.cb_pages)
        for i in range(stream.pages):
            noc_async_write_page(first + i, accessor, get_read_ptr(stream.cb) + i * size)
        await noc_async_write_barrier()
        cb_pop_front(stream.cb, stream.cb_pages)


def words(*tensors: tt.Tensor) -> list[int]:
    return [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]


def run(
    compute: Kernel,
    inputs: Sequence[Stream],
    output: Stream,
    *cbs: tt.CBDescriptor,
    scaler: float | None = None,
    fp32_dest: bool = True,
) -> tt.Run:
    """`scaler` goes to c_1 before the inputs go to theirs."""

    async def reader() -> None:
        if scaler is not None:
            await prepare_reduce_scaler(1, scaler)
        for number, stream in enumerate(inputs):
            await send(stream, 2 * number)

    async def writer() -> None:
        await receive(output, 2 * len(inputs))

    tensors = [stream.tensor for stream in (*inputs, output)]
    kernels = [
        tt.KernelDescriptor(reader, CORE, tt.ReaderConfigDescriptor(), words(*tensors)),
        tt.KernelDescriptor(writer, CORE, tt.WriterConfigDescriptor(), words(*tensors)),
        tt.KernelDescriptor(compute, CORE, tt.ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dest)),
    ]
    buffers = [stream.descriptor for stream in (*inputs, output)]
    if scaler is not None:
        buffers.append(tile_cb(1, 1))
    return tt.generic_op(tensors, tt.ProgramDescriptor(kernels, [*buffers, *cbs]))


def tile_cb(index: int, tiles: int, dtype: Format = tt.bfloat16) -> tt.CBDescriptor:
    size = dtype.tile_bytes
    return tt.CBDescriptor(tiles * size, CORE, [tt.CBFormatDescriptor(index, dtype, size)])


def whole(rows: int, cols: int, seed: int = 0) -> Floats:
    """Whole numbers from -8 to 8, rows x cols tiles of them."""
    return np.random.default_rng(seed + 100 * rows + cols).integers(-8, 9, (32 * rows, 32 * cols)).astype(np.float32)


def tiles(values: Floats, dtype: Format = tt.bfloat16) -> tt.Tensor:
    return tt.from_numpy(values, dtype, tt.TILE_LAYOUT)


def no_tiles(rows: int, cols: int, dtype: Format = tt.bfloat16) -> tt.Tensor:
    return tt.allocate_tensor_on_device((32 * rows, 32 * cols), dtype, tt.TILE_LAYOUT)


def left_over(run: tt.Run, index: int) -> int:
    return next(report.left_over for report in run.cbs if report.index == index)


# ---- tilize -------------------------------------------------------------------------------------------------


def tilized(Wt: int, Ht: int, *, sticks: bool, wait: WaitMode, dtype: Format = tt.bfloat16) -> bool:
    """Are the tiles the sticks?"""
    x = whole(Ht, Wt)
    pages = 32 if sticks else Wt

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        if wait is WaitMode.NoWait:
            await cb_wait_front(0, pages * Ht)
        await tilize(Wt, 0, 16, Ht, 32 * Ht if sticks else None, wait=wait)

    done = run(compute, [Stream(0, tt.from_numpy(x, dtype), 32, pages)], Stream(16, no_tiles(Ht, Wt, dtype)))
    return bool((done.output == x).all())


@pytest.mark.parametrize("wait", WaitMode)
@given(Wt=st.integers(1, 12), Ht=st.integers(1, 3))
@quickly
def test_tilize_makes_tiles_of_sticks_in_tile_pages(wait: WaitMode, Wt: int, Ht: int) -> None:
    assert tilized(Wt, Ht, sticks=False, wait=wait)


@pytest.mark.parametrize("wait", WaitMode)
@given(Wt=st.integers(1, 12), Ht=st.integers(1, 3))
@quickly
def test_tilize_makes_tiles_of_sticks_in_stick_pages(wait: WaitMode, Wt: int, Ht: int) -> None:
    assert tilized(Wt, Ht, sticks=True, wait=wait)


@pytest.mark.parametrize("sticks", [False, True])
def test_tilize_takes_fp32(sticks: bool) -> None:
    assert tilized(3, 2, sticks=sticks, wait=WaitMode.WaitBlock, dtype=tt.float32)


@given(Wt=st.integers(1, 6), more=st.integers(1, 32))
@quickly
def test_the_last_block_of_sticks_may_be_short(Wt: int, more: int) -> None:
    """Rows that are not sent are what lies in the CB: zeros here."""
    x = whole(2, Wt)
    source, out = tt.from_numpy(x), no_tiles(2, Wt)

    async def reader() -> None:
        accessor, stick = TensorAccessor(TensorAccessorArgs(0), source.buffer_address()), 64 * Wt
        await cb_reserve_back(0, 64)
        tt_l1_ptr(uint16_t, get_write_ptr(0))[0 : 64 * 32 * Wt] = 0
        for i in range(32 + more):
            noc_async_read_page(i, accessor, get_write_ptr(0) + i * stick)
        await noc_async_read_barrier()
        cb_push_back(0, 32 + more)

    async def writer() -> None:
        await receive(Stream(16, out))

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        await tilize(Wt, 0, 16, 2, 32 + more)

    kernels = [
        tt.KernelDescriptor(reader, CORE, tt.ReaderConfigDescriptor(), words(source)),
        tt.KernelDescriptor(writer, CORE, tt.WriterConfigDescriptor(), words(out)),
        tt.KernelDescriptor(compute, CORE, tt.ComputeConfigDescriptor()),
    ]
    done = tt.generic_op(
        [source, out], tt.ProgramDescriptor(kernels, [Stream(0, source).descriptor, Stream(16, out).descriptor])
    )
    x[32 + more :] = 0
    assert (done.output == x).all()


def test_after_tilize_the_unpacker_reads_tiles_again() -> None:
    x = whole(1, 3)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 24)
        await tilize(3, 0, 24, 1, 32)
        await square(24, 16, 1, 3)
        cb_pop_front(24, 3)

    done = run(compute, [Stream(0, tt.from_numpy(x))], Stream(16, no_tiles(1, 3)), tile_cb(24, 3))
    assert (done.output == x * x).all()


# ---- untilize -----------------------------------------------------------------------------------------------


def untilized(Wt: int, Ht: int, *, sticks: bool, wait: WaitMode, fp32_dest: bool, dtype: Format = tt.bfloat16) -> bool:
    """Are the sticks the tiles?"""
    x = whole(Ht, Wt)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        if wait is WaitMode.NoWait:
            await cb_wait_front(0, Wt * Ht)
        await untilize(Wt, 0, 16, Ht, 32 if sticks else None, wait=wait)

    out = tt.allocate_tensor_on_device(x.shape, dtype)
    output = Stream(16, out, 32, 32 if sticks else Wt)
    done = run(compute, [Stream(0, tiles(x, dtype))], output, fp32_dest=fp32_dest)
    return bool((done.output == x).all())


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("sticks", [False, True])
@pytest.mark.parametrize("wait", WaitMode)
@given(Wt=st.integers(1, 24), Ht=st.integers(1, 3))
@quickly
def test_untilize_makes_sticks_of_tiles(wait: WaitMode, sticks: bool, fp32_dest: bool, Wt: int, Ht: int) -> None:
    assert untilized(Wt, Ht, sticks=sticks, wait=wait, fp32_dest=fp32_dest)


@pytest.mark.parametrize("Wt", [9, 16, 17, 32, 60])
def test_untilize_serves_rows_wider_than_dst(Wt: int) -> None:
    assert untilized(Wt, 1, sticks=True, wait=WaitMode.WaitBlock, fp32_dest=False)


def test_untilize_takes_fp32() -> None:
    assert untilized(3, 2, sticks=True, wait=WaitMode.WaitBlock, fp32_dest=True, dtype=tt.float32)


@pytest.mark.parametrize(("fp32_dest", "limit"), [(False, 8), (True, 4)])
def test_dest_block_is_the_largest_divisor_that_dst_holds(fp32_dest: bool, limit: int) -> None:
    found: dict[int, int] = {}

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        found.update({width: dest_block(width) for width in range(1, 41)})
        await untilize(1, 0, 16, 1)

    out = tt.allocate_tensor_on_device((32, 32))
    run(compute, [Stream(0, tiles(whole(1, 1)))], Stream(16, out, 32), fp32_dest=fp32_dest)
    divisors = {width: {n for n in range(1, width + 1) if width % n == 0 and n <= limit} for width in found}
    assert found == {width: max(n) for width, n in divisors.items()}


# ---- reduce -------------------------------------------------------------------------------------------------


def reduced(
    pool: PoolType,
    dim: ReduceDim,
    x: Floats,
    *,
    policy: ReduceInputPolicy = ReduceInputPolicy.WaitUpfrontNoPop,
    scaler: float = 1.0,
    dtype: Format = tt.bfloat16,
    post_op: PostOp | None = None,
) -> tuple[Floats, tt.Run]:
    """What counts of the results: a column, a row, or a number."""
    rows, cols = x.shape[0] // 32, x.shape[1] // 32

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        if policy is ReduceInputPolicy.NoWaitNoPop:
            await cb_wait_front(0, rows * cols)
        await reduce(pool, dim, 0, 1, 16, rows, cols, policy=policy, post_op=post_op)

    shape = {
        ReduceDim.REDUCE_ROW: (rows, 1),
        ReduceDim.REDUCE_COL: (1, cols),
        ReduceDim.REDUCE_SCALAR: (1, 1),
    }[dim]
    order = []
    if dim is ReduceDim.REDUCE_COL and policy in STREAMED:  # in the order in which they are taken: column by column
        order = [r * cols + c for c in range(cols) for r in range(rows)]
    source = Stream(0, tiles(x, dtype), order=order)
    done = run(compute, [source], Stream(16, no_tiles(*shape, tt.float32)), scaler=scaler)
    corner = {
        ReduceDim.REDUCE_ROW: np.s_[:, :1],
        ReduceDim.REDUCE_COL: np.s_[:1],
        ReduceDim.REDUCE_SCALAR: np.s_[:1, :1],
    }
    return done.output[corner[dim]], done


def numpys(pool: PoolType, dim: ReduceDim, x: Floats) -> Floats:
    axis = {ReduceDim.REDUCE_ROW: 1, ReduceDim.REDUCE_COL: 0, ReduceDim.REDUCE_SCALAR: None}[dim]
    return np.asarray((np.max if pool is MAX else np.sum)(x.astype(np.float64), axis=axis, keepdims=True))


def reductions() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("pool", "dim"), list(product((SUM, MAX), ReduceDim)))


@reductions()
@pytest.mark.parametrize("policy", ReduceInputPolicy)
@given(rows=st.integers(1, 4), cols=st.integers(1, 9))
@quickly
def test_reduce_is_numpys(policy: ReduceInputPolicy, pool: PoolType, dim: ReduceDim, rows: int, cols: int) -> None:
    x = whole(rows, cols)
    assert (reduced(pool, dim, x, policy=policy)[0] == numpys(pool, dim, x)).all()


def test_a_row_of_600_tiles_taken_one_by_one_is_summed() -> None:
    x = whole(1, 600)
    result, _ = reduced(SUM, ReduceDim.REDUCE_ROW, x, policy=ReduceInputPolicy.WaitAndPopPerTile)
    assert (result == numpys(SUM, ReduceDim.REDUCE_ROW, x)).all()


@reductions()
def test_reduce_takes_fp32_beside_a_bf16_scaler(pool: PoolType, dim: ReduceDim) -> None:
    x = whole(2, 3)
    assert (reduced(pool, dim, x, dtype=tt.float32)[0] == numpys(pool, dim, x)).all()


@pytest.mark.parametrize(("dim", "times"), [("REDUCE_ROW", 1), ("REDUCE_COL", 1), ("REDUCE_SCALAR", 2)])
def test_a_sum_is_scaled_once_and_a_sum_of_all_twice(dim: str, times: int) -> None:
    x = whole(2, 2)
    result, _ = reduced(SUM, ReduceDim[dim], x, scaler=0.5)
    assert (result == numpys(SUM, ReduceDim[dim], x) * 0.5**times).all()


@pytest.mark.parametrize("dim", ReduceDim)
def test_the_maximum_of_negative_numbers_is_negative(dim: ReduceDim) -> None:
    x = whole(2, 2) - 16
    assert (reduced(MAX, dim, x)[0] == numpys(MAX, dim, x)).all()


@pytest.mark.parametrize("policy", ReduceInputPolicy)
@pytest.mark.parametrize("dim", ReduceDim)
def test_reduce_pops_what_its_policy_says(policy: ReduceInputPolicy, dim: ReduceDim) -> None:
    _, done = reduced(SUM, dim, whole(2, 3), policy=policy)
    assert left_over(done, 0) == (0 if policy in STREAMED else 6)


def test_reduce_never_pops_the_scaler() -> None:
    _, done = reduced(SUM, ReduceDim.REDUCE_ROW, whole(2, 3))
    assert left_over(done, 1) == 1


def test_reduce_hands_each_result_to_post_op() -> None:
    x = whole(3, 2)

    def double(idst: int) -> None:
        binop_with_scalar_tile_init()
        mul_unary_tile(idst, 0x40000000)

    result, _ = reduced(SUM, ReduceDim.REDUCE_ROW, x, post_op=double)
    assert (result == 2 * numpys(SUM, ReduceDim.REDUCE_ROW, x)).all()


def accumulated(x: Floats, block: int, post_op: PostOp | None = None) -> Floats:
    """The sums of x's rows, `block` tiles at a time."""
    rows, cols = x.shape[0] // 32, x.shape[1] // 32

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        for _ in range(rows):
            await cb_reserve_back(16, 1)
            for first in range(0, cols, block):
                await reduce_accumulate(0, 1, 16, block, first > 0, post_op=post_op)
            cb_push_back(16, 1)

    output = Stream(16, no_tiles(rows, 1, tt.float32))
    return run(compute, [Stream(0, tiles(x))], output, scaler=1.0).output[:, :1]


@pytest.mark.parametrize("block", [1, 2, 3, 6])
def test_blocks_add_up_to_the_row(block: int) -> None:
    x = whole(2, 6)
    assert (accumulated(x, block) == numpys(SUM, ReduceDim.REDUCE_ROW, x)).all()


def test_a_sum_over_blocks_keeps_what_tf32_would_cut() -> None:
    x = np.ones((32, 97 * 32), np.float32)
    x[:, 0] = 2
    assert (accumulated(x, 1) == 3105).all()  # odd, and above 2048: TF32 has only even numbers there


def test_accumulating_hands_each_block_to_post_op() -> None:
    x = whole(1, 4)

    def double(idst: int) -> None:
        binop_with_scalar_tile_init()
        mul_unary_tile(idst, 0x40000000)

    assert (accumulated(x, 2, double) == 2 * numpys(SUM, ReduceDim.REDUCE_ROW, x)).all()


@pytest.mark.parametrize("dim", ReduceDim)
def test_after_reduce_the_packer_writes_whole_tiles_again(dim: ReduceDim) -> None:
    x = whole(1, 1)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 24)
        await reduce(SUM, dim, 0, 1, 24, 1, 1, policy=ReduceInputPolicy.WaitUpfrontNoPop)
        await square(0, 16, 1, 1)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(1, 1)), tile_cb(24, 1), scaler=1.0)
    assert (done.output == x * x).all()


# ---- two operands -------------------------------------------------------------------------------------------

TILES_OF_B = {NONE: (True, True), ROW: (False, True), COL: (True, False), SCALAR: (False, False)}  # rows, cols
USED = {NONE: np.s_[:, :], ROW: np.s_[:1], COL: np.s_[:, :1], SCALAR: np.s_[:1, :1]}
PER_TILE = InputPolicy.WaitAndPopPerTile
BROADCASTS = list(product((ADD, SUB, MUL), (ROW, COL, SCALAR)))
UPFRONT = [policy for policy in InputPolicy if policy is not PER_TILE]


def combined(
    op: EltwiseBinaryType,
    bcast: BroadcastType,
    rows: int,
    cols: int,
    *,
    policy_a: InputPolicy = InputPolicy.WaitUpfrontPopAtEnd,
    policy_b: InputPolicy = InputPolicy.WaitUpfrontPopAtEnd,
    output: OutputPolicy = OutputPolicy.PerBlock,
    fp32_dest: bool = True,
    formats: tuple[Format, Format] = (tt.bfloat16, tt.bfloat16),
    post_op: PostOp | None = None,
) -> tuple[Floats, Floats, tt.Run]:
    """(result, numpy's result, run)"""
    shape_b = [size if full else 1 for size, full in zip((rows, cols), TILES_OF_B[bcast], strict=True)]
    a, b = whole(rows, cols), whole(*shape_b, seed=1)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        if policy_a is InputPolicy.NoWaitNoPop:
            await cb_wait_front(0, rows * cols)
        if policy_b is InputPolicy.NoWaitNoPop:
            await cb_wait_front(1, shape_b[0] * shape_b[1])
        policies = {"policy_a": policy_a, "policy_b": policy_b, "output": output}
        await binary(op, bcast, 0, 1, 16, rows, cols, **policies, post_op=post_op)

    inputs = [Stream(1, tiles(b, formats[1])), Stream(0, tiles(a, formats[0]))]
    done = run(compute, inputs, Stream(16, no_tiles(rows, cols)), fp32_dest=fp32_dest)
    spread = b if bcast is NONE else expanded(b, bcast, a.shape)
    return done.output, NUMPY[op](a, spread), done


def expanded(b: Floats, bcast: BroadcastType, shape: tuple[int, ...]) -> Floats:
    """What a broadcast makes of B: of each tile only the first row, column or element counts."""
    return np.broadcast_to(b[USED[bcast]], shape)


@pytest.mark.parametrize("output", OutputPolicy)
@pytest.mark.parametrize("policy_b", InputPolicy)
@pytest.mark.parametrize("policy_a", InputPolicy)
@pytest.mark.parametrize("op", NUMPY)
def test_two_full_operands_under_every_policy(
    op: EltwiseBinaryType, policy_a: InputPolicy, policy_b: InputPolicy, output: OutputPolicy
) -> None:
    result, expected, _ = combined(op, NONE, 2, 3, policy_a=policy_a, policy_b=policy_b, output=output)
    assert (result == expected).all()


@pytest.mark.parametrize("output", OutputPolicy)
@pytest.mark.parametrize("policy_b", UPFRONT)
@pytest.mark.parametrize("policy_a", InputPolicy)
@pytest.mark.parametrize(("op", "bcast"), BROADCASTS)
def test_a_broadcast_under_every_policy(
    op: EltwiseBinaryType, bcast: BroadcastType, policy_a: InputPolicy, policy_b: InputPolicy, output: OutputPolicy
) -> None:
    result, expected, _ = combined(op, bcast, 2, 3, policy_a=policy_a, policy_b=policy_b, output=output)
    assert (result == expected).all()


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("bcast", TILES_OF_B)
@pytest.mark.parametrize("op", NUMPY)
@given(rows=st.integers(1, 4), cols=st.integers(1, 11), bulk=st.booleans())
@quickly
def test_any_block_of_tiles_is_taken_in_sections(
    op: EltwiseBinaryType, bcast: BroadcastType, fp32_dest: bool, rows: int, cols: int, bulk: bool
) -> None:
    output = OutputPolicy.Bulk if bulk else OutputPolicy.PerBlock
    result, expected, _ = combined(op, bcast, rows, cols, output=output, fp32_dest=fp32_dest)
    assert (result == expected).all()


@pytest.mark.parametrize("formats", [(tt.float32, tt.bfloat16), (tt.bfloat16, tt.float32)])
@pytest.mark.parametrize("bcast", TILES_OF_B)
def test_operands_may_have_two_formats(bcast: BroadcastType, formats: tuple[Format, Format]) -> None:
    result, expected, _ = combined(ADD, bcast, 2, 3, formats=formats)
    assert (result == expected).all()


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        (InputPolicy.WaitAndPopPerTile, 0),
        (InputPolicy.WaitUpfrontPopAtEnd, 0),
        (InputPolicy.WaitUpfrontNoPop, 6),
        (InputPolicy.NoWaitNoPop, 6),
    ],
)
def test_an_operand_is_popped_as_its_policy_says(policy: InputPolicy, left: int) -> None:
    _, _, done = combined(ADD, NONE, 2, 3, policy_a=policy, policy_b=InputPolicy.WaitUpfrontPopAtEnd)
    assert (left_over(done, 0), left_over(done, 1)) == (left, 0)


@pytest.mark.parametrize(
    ("output", "fp32_dest", "pushes"),
    [
        (OutputPolicy.PerBlock, True, [4, 4, 2]),
        (OutputPolicy.PerBlock, False, [8, 2]),
        (OutputPolicy.Bulk, True, [10]),
    ],
)
def test_results_are_pushed_by_section_or_all_at_once(output: OutputPolicy, fp32_dest: bool, pushes: list[int]) -> None:
    _, _, done = combined(ADD, NONE, 2, 5, output=output, fp32_dest=fp32_dest)
    assert [f.detail[1] for f in done.trace.facts if f.what == "push" and f.detail[0] == 16] == pushes


def test_post_op_sees_every_result() -> None:
    def negative(idst: int) -> None:
        binop_with_scalar_tile_init()
        mul_unary_tile(idst, 0xBF800000)

    result, expected, _ = combined(SUB, COL, 2, 5, post_op=negative)
    assert (result == -expected).all()


@pytest.mark.parametrize("bcast", [ROW, COL, SCALAR])
def test_a_broadcast_operand_is_not_popped_tile_by_tile(bcast: BroadcastType) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        combined(ADD, bcast, 2, 3, policy_b=PER_TILE)
    assert str(error.value) == (
        "binary: WaitAndPopPerTile would pop a broadcast operand before it is used up; "
        "use WaitUpfrontPopAtEnd or WaitUpfrontNoPop for policy_b"
    )


# ---- square -------------------------------------------------------------------------------------------------


def squared(policy: InputPolicy, output: OutputPolicy, rows: int = 2, cols: int = 3) -> tuple[Floats, Floats, tt.Run]:
    """(result, numpy's result, run)"""
    x = whole(rows, cols)

    async def compute() -> None:
        compute_kernel_hw_startup(0, 16)
        if policy is InputPolicy.NoWaitNoPop:
            await cb_wait_front(0, rows * cols)
        await square(0, 16, rows, cols, policy=policy, output=output)

    done = run(compute, [Stream(0, tiles(x))], Stream(16, no_tiles(rows, cols)))
    return done.output, x * x, done


@pytest.mark.parametrize("output", OutputPolicy)
@pytest.mark.parametrize("policy", UPFRONT)
@given(rows=st.integers(1, 4), cols=st.integers(1, 9))
@quickly
def test_square_is_each_tile_times_itself(policy: InputPolicy, output: OutputPolicy, rows: int, cols: int) -> None:
    result, expected, _ = squared(policy, output, rows, cols)
    assert (result == expected).all()


@pytest.mark.parametrize(("policy", "left"), list(zip(UPFRONT, (0, 6, 6), strict=True)))
def test_square_pops_its_operand_once_or_not(policy: InputPolicy, left: int) -> None:
    assert left_over(squared(policy, OutputPolicy.Bulk)[2], 0) == left


def test_square_cannot_pop_tile_by_tile() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        squared(PER_TILE, OutputPolicy.Bulk)
    assert str(error.value) == ("square: WaitAndPopPerTile would pop its one operand twice; use WaitUpfrontPopAtEnd")


# ---- what the reader prepares -------------------------------------------------------------------------------


def prepared(helper: Callable[[int, float], Any], value: float, dtype: Format = tt.bfloat16) -> NDArray[Any]:
    """The bits of the tile, face by face."""
    out = tt.allocate_tensor_on_device((1, 1024), dtype)

    async def reader() -> None:
        await helper(16, value)

    async def writer() -> None:
        await receive(Stream(16, out))

    kernels = [
        tt.KernelDescriptor(reader, CORE, tt.ReaderConfigDescriptor()),
        tt.KernelDescriptor(writer, CORE, tt.WriterConfigDescriptor(), words(out)),
    ]
    tt.generic_op([out], tt.ProgramDescriptor(kernels, [tile_cb(16, 1, dtype)]))
    return tt.to_bits(out).reshape(4, 16, 16)


def cut(value: float) -> int:
    """bf16 by leaving bits out."""
    return int(np.float32(value).view(np.uint32)) >> 16


numbers = st.floats(2.0**-100, 2.0**100) | st.floats(-(2.0**100), -(2.0**-100))


@given(value=numbers)
@quickly
def test_a_scaler_is_in_row_0_of_each_face(value: float) -> None:
    assert (prepared(prepare_reduce_scaler, value)[:, 0] == cut(value)).all()


@given(value=numbers)
@quickly
def test_a_scaler_tile_is_zero_elsewhere(value: float) -> None:
    assert (prepared(prepare_reduce_scaler, value)[:, 1:] == 0).all()


@given(value=numbers)
@quickly
def test_a_scalar_is_in_element_0_only(value: float) -> None:
    faces = prepared(prepare_scalar_tile, value).reshape(-1)
    assert faces[0] == cut(value)
    assert (faces[1:] == 0).all()


@pytest.mark.parametrize("helper", [prepare_reduce_scaler, prepare_scalar_tile])
def test_a_scaler_needs_a_bf16_buffer(helper: Callable[[int, float], Any]) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        prepared(helper, 1.0, tt.float32)
    assert str(error.value) == (f"{helper.__name__}: c_16 must hold bfloat16 tiles; set its data_format to tt.bfloat16")


@pytest.mark.parametrize("dim", ReduceDim)
def test_a_calculated_scaler_makes_a_mean_of_ones_1(dim: ReduceDim) -> None:
    n = {ReduceDim.REDUCE_ROW: 32, ReduceDim.REDUCE_COL: 32, ReduceDim.REDUCE_SCALAR: 1024}[dim]

    async def helper(cb: int, value: float) -> None:
        await calculate_and_prepare_reduce_scaler(cb, PoolType.AVG, dim, int(value))

    scaler = bf16_values(prepared(helper, n))[:, 0].astype(np.float64)
    times = 2 if dim is ReduceDim.REDUCE_SCALAR else 1  # that the reduction applies it
    assert (n * scaler**times == 1).all()


@pytest.mark.parametrize("pool", [SUM, MAX])
def test_a_calculated_scaler_of_a_sum_or_a_maximum_is_1(pool: PoolType) -> None:
    async def helper(cb: int, value: float) -> None:
        await calculate_and_prepare_reduce_scaler(cb, pool, ReduceDim.REDUCE_ROW)

    assert (bf16_values(prepared(helper, 0))[:, 0] == 1).all()


def test_a_calculated_scaler_of_no_elements_is_refused() -> None:
    async def helper(cb: int, value: float) -> None:
        await calculate_and_prepare_reduce_scaler(cb, PoolType.AVG, ReduceDim.REDUCE_ROW, 0)

    with pytest.raises(ValueError) as error:  # noqa: PT011
        prepared(helper, 0)
    assert str(error.value) == (
        "calculate_and_prepare_reduce_scaler: reduce_factor is 0; give the number of elements of a mean"
    )
