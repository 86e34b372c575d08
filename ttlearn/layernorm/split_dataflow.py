"""Data movement of a row that is split over cores: who adds up what, and how all learn the result.

Per tile row there are two exchanges, the mean and 1/sqrt(variance + epsilon). Each core writes its partial sum into its
slot on the first core of its row of the group, and increments a semaphore there; the first cores of the rows do the
same with the rows' sums; the first of all multicasts the result, and a flag behind it. The pattern is that of the
vendor's sharded layernorm (reader_mcast_sender_unary_sharded_ln.cpp), which reads the sums where this writes them.
"""

from __future__ import annotations

from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_compile_time_arg_val,
    get_noc_addr,
    get_noc_multicast_addr,
    get_read_ptr,
    get_semaphore,
    get_tile_size,
    get_write_ptr,
    noc_async_atomic_barrier,
    noc_async_read,
    noc_async_read_barrier,
    noc_async_write,
    noc_async_write_barrier,
    noc_async_write_multicast_loopback_src,
    noc_async_writes_flushed,
    noc_semaphore_inc,
    noc_semaphore_set,
    noc_semaphore_set_multicast,
    noc_semaphore_wait,
    tt_l1_ptr,
    uint32_t,
)
from ..kernel_lib import prepare_reduce_scaler, prepare_scalar_tile
from .cbs import BETA, EPSILON, GAMMA, IN, INV_STD, MEAN, OUT, SCALER
from .dataflow import value
from .split_cbs import ARRIVED, ARRIVED_ROWS, GATHERED, GATHERED_ROWS, PARTIAL, RESULT, SEND, SUBTOTAL, VALID


async def reader() -> None:
    """This core's part of gamma and beta, then its part of 32 sticks a tile row."""
    stick, has_gamma, has_beta = (get_compile_time_arg_val(i) for i in range(3))
    x_args = TensorAccessorArgs(3)
    gamma_args = TensorAccessorArgs(x_args.next_compile_time_args_offset())
    beta_args = TensorAccessorArgs(gamma_args.next_compile_time_args_offset())
    x = TensorAccessor(x_args, get_arg_val(0), stick)
    first_stick, tile_rows, offset, part = (get_arg_val(i) for i in range(1, 5))
    if has_gamma:
        await read_parts(GAMMA, TensorAccessor(gamma_args, get_arg_val(5), stick), 0, 1, offset, part)
    if has_beta:
        await read_parts(BETA, TensorAccessor(beta_args, get_arg_val(6), stick), 0, 1, offset, part)
    for row in range(tile_rows):
        await read_parts(IN, x, first_stick + row * 32, 32, offset, part)


async def read_parts(cb: int, tensor: TensorAccessor, first: int, sticks: int, offset: int, part: int) -> None:
    """`part` bytes, from byte `offset` on, of each of `sticks` sticks."""
    await cb_reserve_back(cb, sticks)
    l1 = get_write_ptr(cb)
    for i in range(sticks):
        noc_async_read(tensor.get_noc_addr(first + i, offset), l1, part)
        l1 += part
    await noc_async_read_barrier()
    cb_push_back(cb, sticks)


async def sender() -> None:
    """Makes c_2; sends this core's partial sums, takes in the results, writes its part of each tile row."""
    y = TensorAccessor(TensorAccessorArgs(1), get_arg_val(0), get_compile_time_arg_val(0))
    first_stick, tile_rows, offset, part = (get_arg_val(i) for i in range(1, 5))
    x_collector, y_collector, slot = (get_arg_val(i) for i in range(6, 9))
    await prepare_reduce_scaler(SCALER, value(get_arg_val(5)))
    for row in range(tile_rows):
        await contribute(MEAN, x_collector, y_collector, slot)
        await contribute(INV_STD, x_collector, y_collector, slot)
        await write_parts(y, first_stick + row * 32, offset, part)
    await noc_async_write_barrier()
    await noc_async_atomic_barrier()


async def relay() -> None:
    """As `sender`, on the first core of a row of a group: what it sends is the sum of its row's partial sums."""
    y = TensorAccessor(TensorAccessorArgs(1), get_arg_val(0), get_compile_time_arg_val(0))
    first_stick, tile_rows, offset, part = (get_arg_val(i) for i in range(1, 5))
    x_collector, y_collector, slot, others = (get_arg_val(i) for i in range(6, 10))
    await prepare_reduce_scaler(SCALER, value(get_arg_val(5)))
    await cb_reserve_back(GATHERED, others)
    for row in range(tile_rows):
        await pass_on(MEAN, others, x_collector, y_collector, slot)
        await pass_on(INV_STD, others, x_collector, y_collector, slot)
        await write_parts(y, first_stick + row * 32, offset, part)
    await noc_async_write_barrier()
    await noc_async_atomic_barrier()


async def collector() -> None:
    """Makes c_2 and c_3; collects the sums, sends the results to all, writes its own part of each tile row."""
    y = TensorAccessor(TensorAccessorArgs(1), get_arg_val(0), get_compile_time_arg_val(0))
    first_stick, tile_rows, offset, part = (get_arg_val(i) for i in range(1, 5))
    others, rows, members = (get_arg_val(i) for i in range(7, 10))
    x_start, y_start, x_end, y_end = (get_arg_val(i) for i in range(10, 14))
    await prepare_reduce_scaler(SCALER, value(get_arg_val(5)))
    await prepare_scalar_tile(EPSILON, value(get_arg_val(6)))
    noc_semaphore_set(tt_l1_ptr(uint32_t, get_semaphore(SEND)), 1)
    await cb_reserve_back(GATHERED, others)
    if rows > 0:
        await cb_reserve_back(GATHERED_ROWS, rows)
    for row in range(tile_rows):
        await collect(MEAN, others, rows)
        await tell(MEAN, members, x_start, y_start, x_end, y_end)
        await collect(INV_STD, others, rows)
        await tell(INV_STD, members, x_start, y_start, x_end, y_end)
        await write_parts(y, first_stick + row * 32, offset, part)
    await noc_async_write_barrier()


# ---- one exchange -------------------------------------------------------------------------------------------


async def contribute(result: int, x_collector: int, y_collector: int, slot: int) -> None:
    """This core's partial sum out, the result in."""
    await cb_reserve_back(result, 1)  # before anybody can know of the sum, so before the answer
    await give(PARTIAL, GATHERED, ARRIVED, x_collector, y_collector, slot)
    await take(result)


async def pass_on(result: int, others: int, x_collector: int, y_collector: int, slot: int) -> None:
    """The row's partial sums in, their sum out, the result in."""
    await cb_reserve_back(result, 1)
    await gather(GATHERED, ARRIVED, others)
    await cb_wait_front(SUBTOTAL, 1)
    await cb_reserve_back(GATHERED, others)  # behind the flag the row sends again: the slots must be free
    await give(SUBTOTAL, GATHERED_ROWS, ARRIVED_ROWS, x_collector, y_collector, slot)
    await take(result)


async def collect(result: int, others: int, rows: int) -> None:
    """All sums in, until the result is there and the slots are free: behind the flag the others send again."""
    await gather(GATHERED, ARRIVED, others)
    if rows > 0:
        await gather(GATHERED_ROWS, ARRIVED_ROWS, rows)
    await cb_wait_front(RESULT, 1)
    await cb_reserve_back(GATHERED, others)
    if rows > 0:
        await cb_reserve_back(GATHERED_ROWS, rows)
    await cb_reserve_back(result, 1)


async def give(cb: int, slots: int, semaphore: int, x: int, y: int, slot: int) -> None:
    """The tile of `cb` to its slot on core (x, y), and word of it."""
    await cb_wait_front(cb, 1)
    size = get_tile_size(cb)
    there = get_write_ptr(slots) + slot * size  # the slots lie at the same address on all cores
    noc_async_write(get_read_ptr(cb), get_noc_addr(x, y, there), size)
    await noc_async_writes_flushed()  # the increment takes the same path; Blackhole wants the data gone before it
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(semaphore)), 1)
    cb_pop_front(cb, 1)


async def take(result: int) -> None:
    """The result, once its flag is there."""
    valid = tt_l1_ptr(uint32_t, get_semaphore(VALID))
    await noc_semaphore_wait(valid, 1)
    noc_semaphore_set(valid, 0)  # nobody sets it again before this core's next increment
    cb_push_back(result, 1)


async def gather(slots: int, semaphore: int, others: int) -> None:
    """What the others have written into their slots, for compute to add up."""
    arrived = tt_l1_ptr(uint32_t, get_semaphore(semaphore))
    await noc_semaphore_wait(arrived, others)
    noc_semaphore_set(arrived, 0)  # the others wait for the flag now, so nobody increments
    cb_push_back(slots, others)


async def tell(result: int, members: int, x_start: int, y_start: int, x_end: int, y_end: int) -> None:
    """The result to every core of the rectangle, and a flag behind it.

    The result goes to this core, too (loopback), so that compute finds it in the same buffer everywhere; the flag goes
    to the others only, since here the barrier tells. Linking the two is unverified.
    """
    to_all = get_noc_multicast_addr(x_start, y_start, x_end, y_end, get_write_ptr(result))
    flags = get_noc_multicast_addr(x_start, y_start, x_end, y_end, get_semaphore(VALID))
    noc_async_write_multicast_loopback_src(get_read_ptr(RESULT), to_all, get_tile_size(RESULT), members, True)
    await noc_async_writes_flushed()
    noc_semaphore_set_multicast(get_semaphore(SEND), flags, members - 1)
    await noc_async_write_barrier()
    cb_pop_front(RESULT, 1)
    cb_push_back(result, 1)


async def write_parts(tensor: TensorAccessor, first: int, offset: int, part: int) -> None:
    """This core's part of 32 sticks."""
    await cb_wait_front(OUT, 32)
    l1 = get_read_ptr(OUT)
    for i in range(32):
        noc_async_write(l1, tensor.get_noc_addr(first + i, offset), part)
        l1 += part
    await noc_async_writes_flushed()
    cb_pop_front(OUT, 32)
