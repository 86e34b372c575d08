"""Two operands, with broadcasts and with policies for waiting, popping and pushing."""

from __future__ import annotations

from enum import Enum

from .. import compute as ck
from ..compute import BroadcastType, EltwiseBinaryType
from .reduce import PostOp

__all__ = [
    "InputPolicy",
    "OutputPolicy",
    "binary",
    "square",
]


class InputPolicy(Enum):
    """How a binary operation waits for and pops one of its operands."""

    WaitAndPopPerTile = "one tile at a time"
    WaitUpfrontPopAtEnd = "all at once, popped at the end"
    WaitUpfrontNoPop = "all at once, and the caller pops"
    NoWaitNoPop = "the caller has waited and pops"


class OutputPolicy(Enum):
    """How a binary operation reserves and pushes its output."""

    PerBlock = "a DST section at a time"
    Bulk = "all at once"


# ---- two operands -----------------------------------------------------------------------------------------

_BLOCKS = {
    EltwiseBinaryType.ELWADD: (ck.add_init, ck.add_tiles, ck.add_block),
    EltwiseBinaryType.ELWSUB: (ck.sub_init, ck.sub_tiles, ck.sub_block),
    EltwiseBinaryType.ELWMUL: (ck.mul_init, ck.mul_tiles, ck.mul_block),
}
_BCAST = {
    EltwiseBinaryType.ELWADD: ck.add_tiles_bcast,
    EltwiseBinaryType.ELWSUB: ck.sub_tiles_bcast,
    EltwiseBinaryType.ELWMUL: ck.mul_tiles_bcast,
}


async def binary(
    op: EltwiseBinaryType,
    bcast: BroadcastType,
    input_a_cb: int,
    input_b_cb: int,
    output_cb: int,
    rows: int,
    cols: int,
    *,
    policy_a: InputPolicy = InputPolicy.WaitAndPopPerTile,
    policy_b: InputPolicy = InputPolicy.WaitAndPopPerTile,
    output: OutputPolicy = OutputPolicy.PerBlock,
    post_op: PostOp | None = None,
) -> None:
    """A op B over a block of rows x cols tiles.

    B has as many tiles as A; or, broadcast, a tile a column (ROW), a tile a row (COL), or one (SCALAR). A broadcast B
    cannot be popped tile by tile.
    """
    if bcast is not BroadcastType.NONE and policy_b is InputPolicy.WaitAndPopPerTile:
        raise ValueError(
            "binary: WaitAndPopPerTile would pop a broadcast operand before it is used up; "
            "use WaitUpfrontPopAtEnd or WaitUpfrontNoPop for policy_b"
        )
    n = rows * cols
    n_b = {BroadcastType.NONE: n, BroadcastType.ROW: cols, BroadcastType.COL: rows, BroadcastType.SCALAR: 1}[bcast]
    ck.reconfig_data_format(input_a_cb, input_b_cb)
    ck.pack_reconfig_data_format(output_cb)
    if bcast is BroadcastType.NONE:
        _BLOCKS[op][0](input_a_cb, input_b_cb)
    else:
        ck.bcast_init(input_a_cb, input_b_cb, op=op, tBcastDim=bcast)
    await _wait_all(input_a_cb, n, policy_a)
    await _wait_all(input_b_cb, n_b, policy_b)
    if output is OutputPolicy.Bulk:
        await ck.cb_reserve_back(output_cb, n)
    per_tile_a, per_tile_b = (p is InputPolicy.WaitAndPopPerTile for p in (policy_a, policy_b))
    size = 1 if per_tile_a or per_tile_b else ck.DEST_AUTO_LIMIT()
    for first in range(0, n, size):
        count = min(size, n - first)
        if per_tile_a:
            await ck.cb_wait_front(input_a_cb, 1)
        if per_tile_b:
            await ck.cb_wait_front(input_b_cb, 1)
        start_a, start_b = 0 if per_tile_a else first, 0 if per_tile_b else first
        ck.tile_regs_acquire()
        _section(op, bcast, input_a_cb, input_b_cb, start_a, start_b, first, count, cols)
        for i in range(count) if post_op is not None else ():
            post_op(i)  # type: ignore[misc]
        ck.tile_regs_commit()
        if per_tile_a:
            ck.cb_pop_front(input_a_cb, 1)
        if per_tile_b:
            ck.cb_pop_front(input_b_cb, 1)
        if output is OutputPolicy.PerBlock:
            await ck.cb_reserve_back(output_cb, count)
        ck.tile_regs_wait()
        ck.pack_block(0, output_cb, count)
        ck.tile_regs_release()
        if output is OutputPolicy.PerBlock:
            ck.cb_push_back(output_cb, count)
    if output is OutputPolicy.Bulk:
        ck.cb_push_back(output_cb, n)
    _pop_all(input_a_cb, n, policy_a)
    _pop_all(input_b_cb, n_b, policy_b)


def _section(
    op: EltwiseBinaryType, bcast: BroadcastType, cb_a: int, cb_b: int, a: int, b: int, first: int, count: int, cols: int
) -> None:
    """One DST section of results: tiles a … a+count-1 of the first operand."""
    if bcast is BroadcastType.NONE:
        _BLOCKS[op][2](cb_a, cb_b, a, b, 0, count)
        return
    tiles = _BCAST[op]
    if bcast is BroadcastType.ROW:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, (first + i) % cols, i, tBcastDim=bcast)
    elif bcast is BroadcastType.COL:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, (first + i) // cols, i, tBcastDim=bcast)
    else:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, 0, i, tBcastDim=bcast)


async def _wait_all(cb: int, n: int, policy: InputPolicy) -> None:
    if policy in (InputPolicy.WaitUpfrontNoPop, InputPolicy.WaitUpfrontPopAtEnd):
        await ck.cb_wait_front(cb, n)


def _pop_all(cb: int, n: int, policy: InputPolicy) -> None:
    if policy is InputPolicy.WaitUpfrontPopAtEnd:
        ck.cb_pop_front(cb, n)


async def square(
    input_cb: int,
    output_cb: int,
    rows: int,
    cols: int,
    *,
    policy: InputPolicy = InputPolicy.WaitUpfrontNoPop,
    output: OutputPolicy = OutputPolicy.PerBlock,
) -> None:
    """Each tile times itself."""
    if policy is InputPolicy.WaitAndPopPerTile:
        raise ValueError("square: WaitAndPopPerTile would pop its one operand twice; use WaitUpfrontPopAtEnd")
    await binary(
        EltwiseBinaryType.ELWMUL,
        BroadcastType.NONE,
        input_cb,
        input_cb,
        output_cb,
        rows,
        cols,
        policy_a=policy,
        policy_b=InputPolicy.NoWaitNoPop,
        output=output,
    )
