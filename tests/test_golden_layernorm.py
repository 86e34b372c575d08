"""The golden layernorm runs (tests/data/layernorm, layernorm_hard), phase by phase, kernels translated line by line."""

from __future__ import annotations

import functools
from typing import Any

import golden
import numpy as np
from golden import Case, cases
from golden_kernels import Kernel

from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.tile import tilize, untilize

SETS = ("layernorm", "layernorm_hard")
ROW_SUM = {"reduce_type": PoolType.SUM, "reduce_dim": ReduceDim.REDUCE_ROW}


# ---- kernels ------------------------------------------------------------------------------------------------


async def ln_reader() -> None:
    x0, s0, i0, g0, b0, Ht = (get_arg_val(i) for i in range(6))
    Wt = get_compile_time_arg_val(0)
    stick, TB = Wt * 64, 2048
    ax = TensorAccessorArgs(1)
    as_ = TensorAccessorArgs(ax.next_compile_time_args_offset())
    ai = TensorAccessorArgs(as_.next_compile_time_args_offset())
    ag = TensorAccessorArgs(ai.next_compile_time_args_offset())
    ab = TensorAccessorArgs(ag.next_compile_time_args_offset())
    X, S, I = TensorAccessor(ax, x0, stick), TensorAccessor(as_, s0, TB), TensorAccessor(ai, i0, TB)  # noqa: E741
    G, B = TensorAccessor(ag, g0, TB), TensorAccessor(ab, b0, TB)
    await cb_reserve_back(2, 1)
    noc_async_read(S.get_noc_addr(0), get_write_ptr(2), TB)
    await noc_async_read_barrier()
    cb_push_back(2, 1)
    await cb_reserve_back(4, Wt)
    p = get_write_ptr(4)
    for t in range(Wt):
        noc_async_read(G.get_noc_addr(t), p, TB)
        p += TB
    await noc_async_read_barrier()
    cb_push_back(4, Wt)
    await cb_reserve_back(5, Wt)
    p = get_write_ptr(5)
    for t in range(Wt):
        noc_async_read(B.get_noc_addr(t), p, TB)
        p += TB
    await noc_async_read_barrier()
    cb_push_back(5, Wt)
    for r in range(Ht):
        await cb_reserve_back(0, Wt)
        p = get_write_ptr(0)
        for i in range(32):
            noc_async_read(X.get_noc_addr(r * 32 + i), p, stick)
            p += stick
        await noc_async_read_barrier()
        cb_push_back(0, Wt)
        await cb_reserve_back(3, 1)
        noc_async_read(I.get_noc_addr(r), get_write_ptr(3), TB)
        await noc_async_read_barrier()
        cb_push_back(3, 1)


async def drain(t: TensorAccessor, cb: int, first: int, n: int) -> None:
    for i in range(n):
        await cb_wait_front(cb, 1)
        noc_async_write(get_read_ptr(cb), t.get_noc_addr(first + i), 2048)
        await noc_async_write_barrier()
        cb_pop_front(cb, 1)


async def ln_writer() -> None:
    Wt = get_compile_time_arg_val(0)
    stick, TB = Wt * 64, 2048
    a = [get_arg_val(i) for i in range(7)]
    Ht = get_arg_val(7)
    ac = TensorAccessorArgs(1)
    M, C, Q, V, N, G = (TensorAccessor(ac, a[i], TB) for i in range(6))
    O = TensorAccessor(ac, a[6], stick)  # noqa: E741
    for r in range(Ht):
        await drain(M, 20, r, 1)
        await drain(C, 21, r * Wt, Wt)
        await drain(Q, 22, r * Wt, Wt)
        await drain(V, 23, r, 1)
        await drain(N, 24, r * Wt, Wt)
        await drain(G, 25, r * Wt, Wt)
        await cb_wait_front(16, Wt)
        p = get_read_ptr(16)
        for i in range(32):
            noc_async_write(p, O.get_noc_addr(r * 32 + i), stick)
            p += stick
        await noc_async_write_barrier()
        cb_pop_front(16, Wt)


def MID() -> None:
    tile_regs_commit()
    tile_regs_wait()


OPEN, CLOSE = tile_regs_acquire, tile_regs_release


async def ln_compute() -> None:
    Wt, BCT = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    Ht = get_arg_val(0)
    compute_kernel_hw_startup(0, 2, 1)
    await cb_wait_front(2, 1)
    await cb_wait_front(4, Wt)
    await cb_wait_front(5, Wt)
    for _ in range(Ht):
        await cb_wait_front(0, Wt)
        await cb_reserve_back(1, Wt)
        tilize_init(0, Wt, 1)
        tilize_block(0, Wt, 1)
        tilize_uninit(0, 1)
        cb_push_back(1, Wt)
        cb_pop_front(0, Wt)
        # mean
        await cb_wait_front(1, Wt)
        await cb_reserve_back(6, 1)
        await cb_reserve_back(20, 1)
        reduce_init(1, 2, 6, **ROW_SUM)
        OPEN()
        for t in range(Wt):
            reduce_tile(1, 2, t, 0, 0, **ROW_SUM)
        MID()
        pack_tile(0, 6)
        pack_tile(0, 20)
        CLOSE()
        reduce_uninit(1)
        cb_push_back(6, 1)
        cb_push_back(20, 1)
        # centered
        await cb_wait_front(6, 1)
        await cb_reserve_back(7, Wt)
        sub_bcast_cols_init(1, 6)
        for t in range(Wt):
            OPEN()
            sub_tiles_bcast(1, 6, t, 0, 0, tBcastDim=BroadcastType.COL)
            MID()
            await cb_reserve_back(21, 1)
            pack_tile(0, 7)
            pack_tile(0, 21)
            cb_push_back(21, 1)
            CLOSE()
        cb_push_back(7, Wt)
        cb_pop_front(6, 1)
        cb_pop_front(1, Wt)
        # squared
        await cb_wait_front(7, Wt)
        await cb_reserve_back(8, Wt)
        mul_init(7, 7)
        for t in range(Wt):
            OPEN()
            mul_tiles(7, 7, t, t, 0)
            MID()
            await cb_reserve_back(22, 1)
            pack_tile(0, 8)
            pack_tile(0, 22)
            cb_push_back(22, 1)
            CLOSE()
        cb_push_back(8, Wt)
        # variance
        await cb_wait_front(8, Wt)
        await cb_reserve_back(9, 1)
        await cb_reserve_back(23, 1)
        reduce_init(8, 2, 9, **ROW_SUM)
        OPEN()
        for t in range(Wt):
            reduce_tile(8, 2, t, 0, 0, **ROW_SUM)
        MID()
        pack_tile(0, 9)
        pack_tile(0, 23)
        CLOSE()
        reduce_uninit(8)
        cb_push_back(9, 1)
        cb_push_back(23, 1)
        cb_pop_front(8, Wt)
        await cb_wait_front(9, 1)
        cb_pop_front(9, 1)
        # normalized = centered * inv_std (given by the host)
        await cb_wait_front(3, 1)
        await cb_reserve_back(10, Wt)
        mul_bcast_cols_init(7, 3)
        for t in range(Wt):
            OPEN()
            mul_tiles_bcast(7, 3, t, 0, 0, tBcastDim=BroadcastType.COL)
            MID()
            await cb_reserve_back(24, 1)
            pack_tile(0, 10)
            pack_tile(0, 24)
            cb_push_back(24, 1)
            CLOSE()
        cb_push_back(10, Wt)
        cb_pop_front(7, Wt)
        cb_pop_front(3, 1)
        # * gamma
        await cb_wait_front(10, Wt)
        await cb_reserve_back(11, Wt)
        mul_bcast_rows_init(10, 4)
        for t in range(Wt):
            OPEN()
            mul_tiles_bcast(10, 4, t, t, 0, tBcastDim=BroadcastType.ROW)
            MID()
            await cb_reserve_back(25, 1)
            pack_tile(0, 11)
            pack_tile(0, 25)
            cb_push_back(25, 1)
            CLOSE()
        cb_push_back(11, Wt)
        cb_pop_front(10, Wt)
        # + beta
        await cb_wait_front(11, Wt)
        await cb_reserve_back(12, Wt)
        add_bcast_rows_init(11, 5)
        for t in range(Wt):
            OPEN()
            add_tiles_bcast(11, 5, t, t, 0, tBcastDim=BroadcastType.ROW)
            MID()
            pack_tile(0, 12)
            CLOSE()
        cb_push_back(12, Wt)
        cb_pop_front(11, Wt)
        # untilize
        await cb_reserve_back(16, Wt)
        pack_untilize_init(12, 16, block_ct_dim=BCT, full_ct_dim=Wt)
        for c in range(Wt // BCT):
            await cb_wait_front(12, BCT)
            pack_untilize_block(12, 1, 16, c, block_ct_dim=BCT, full_ct_dim=Wt)
            cb_pop_front(12, BCT)
        pack_untilize_uninit(16)
        cb_push_back(16, Wt)
    cb_pop_front(2, 1)
    cb_pop_front(4, Wt)
    cb_pop_front(5, Wt)


KERNELS: dict[str, Kernel] = {f.__name__: f for f in (ln_reader, ln_writer, ln_compute)}


# ---- tests --------------------------------------------------------------------------------------------------

# What this phase's own rounding may change, as a share of its magnitude. A unit of bf16 is 2^-7 of a value;
# test_fpu says why an adder is good to 2^-11 of its larger operand, a product through a 16-bit DST to a second unit.
UNIT, ADDER = 2.0**-7, 2.0**-11
NAMES = ("mean", "centered", "squared", "variance", "normalized", "gamma_scaled", "out")
Phases = dict[str, Any]


def run_bits(case: Case, numerics: str = "float") -> Phases:
    """What every phase gives here, as bit patterns in the shapes of the golden arrays."""
    a = case.arrays
    inputs = {"x": a["x"], "s": tilize(a["scaler"]), "i": tilize(a["inv_std"])}
    inputs |= {"g": tilize(a["gamma"]), "b": tilize(a["beta"])}
    bits = golden.run(case, KERNELS, inputs=inputs, numerics=numerics).bits
    return {name: bits[name] if name == "out" else untilize(bits[name]) for name in NAMES}


def run_phases(case: Case) -> Phases:
    """The same as numbers."""
    return {name: golden.values(bits) for name, bits in run_bits(case).items()}


@functools.cache
def both(name: str) -> tuple[Phases, Phases, Phases]:
    """(here, on the chip, the difference); a column is kept as a column, with inv_std, gamma and beta beside."""
    case = next(c for s in SETS for c in golden.load(s) if c.name == name)
    got, chip = run_phases(case), {key: golden.values(bits) for key, bits in case.arrays.items()}
    for key in ("mean", "variance", "inv_std"):
        chip[key] = chip[key][:, :1]
    for key in ("gamma", "beta"):
        chip[key] = chip[key][:1]
    for key in ("mean", "variance"):
        assert (got[key][:, 1:] == 0).all()
        got[key] = got[key][:, :1]
    return got, chip, {key: np.abs(got[key] - chip[key]) for key in NAMES}


def units(case: Case) -> int:
    return 1 if case.program["kernels"][2]["fp32_dest_acc_en"] else 2


def assert_within(case: Case, phase: str, came_in: Any, own: Any) -> None:
    """The difference to the chip is what came in from the phase before, and at most one phase's own rounding."""
    got, chip, error = both(case.name)
    bound = came_in + own + UNIT * np.maximum(np.abs(got[phase]), np.abs(chip[phase]))
    off = error[phase] > bound
    assert not off.any(), f"{off.sum()} elements of {phase} are off, worst by {error[phase][off].max()}"


def dot_rounding(case: Case, magnitude: Any) -> Any:
    """As in test_fpu: fp32 DST 8 * 2^-12; 16-bit DST 2^-9 for each tile, face and phase, which grow as a root."""
    steps = case.entry["W"] // 32 * 2 * 4
    return magnitude * (2.0**-9 if units(case) == 1 else 2.0**-9 * np.sqrt(steps))


@cases(*SETS)
def test_mean_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, _ = both(case.name)
    magnitude = np.abs(chip["x"]).sum(axis=1, keepdims=True) * chip["scaler"][0, 0]
    assert_within(case, "mean", 0, dot_rounding(case, magnitude))


@cases(*SETS)
def test_centered_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, error = both(case.name)
    assert_within(case, "centered", error["mean"], ADDER * np.maximum(np.abs(chip["x"]), np.abs(chip["mean"])))


@cases(*SETS)
def test_squared_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    got, chip, error = both(case.name)
    came_in = error["centered"] * (np.abs(got["centered"]) + np.abs(chip["centered"]))
    assert_within(case, "squared", came_in, (units(case) - 1) * UNIT * chip["squared"])


@cases(*SETS)
def test_variance_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, error = both(case.name)
    came_in, magnitude = (v["squared"].sum(axis=1, keepdims=True) * chip["scaler"][0, 0] for v in (error, chip))
    assert_within(case, "variance", came_in, dot_rounding(case, magnitude))


@cases(*SETS)
def test_normalized_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, error = both(case.name)
    own = (units(case) - 1) * UNIT * np.abs(chip["normalized"])
    assert_within(case, "normalized", error["centered"] * chip["inv_std"], own)


@cases(*SETS)
def test_gamma_scaled_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, error = both(case.name)
    own = (units(case) - 1) * UNIT * np.abs(chip["gamma_scaled"])
    assert_within(case, "gamma_scaled", error["normalized"] * np.abs(chip["gamma"]), own)


@cases(*SETS)
def test_out_differs_by_no_more_than_its_own_rounding(case: Case) -> None:
    _, chip, error = both(case.name)
    own = ADDER * np.maximum(np.abs(chip["gamma_scaled"]), np.abs(chip["beta"]))
    assert_within(case, "out", error["gamma_scaled"], own)


@cases(*SETS, where=lambda case: units(case) == 1)
def test_an_fp32_dst_is_as_near_to_the_exact_layernorm_as_the_chip_is(case: Case) -> None:
    got, chip, _ = both(case.name)
    x = chip["x"] - chip["x"].mean(axis=1, keepdims=True)
    exact = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5) * chip["gamma"] + chip["beta"]
    mine, theirs = (np.linalg.norm(v["out"] - exact) / np.linalg.norm(exact) for v in (got, chip))
    assert mine <= 1.1 * theirs
