"""The exact arithmetic against fpu_reference, which has the rules in plain integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fpu_reference as reference
import numpy as np
import pytest
from exact_numbers import Floats, cut, near, numbers

from ttlearn.sim import exact
from ttlearn.sim.exact.numbers import moderate
from ttlearn.sim.fpu import BroadcastType, EltwiseBinaryType, MathFidelity, PoolType, ReduceDim
from ttlearn.sim.tile import from_rows, to_rows

ADD, SUB, MUL = EltwiseBinaryType
ROW, COL, SCALAR = ReduceDim
BF16, TF32, FP32 = 16, 19, 32  # leading bits that a number has
WIDTHS = pytest.mark.parametrize("fp32_dest", [True, False], ids=["fp32", "16 bit"])
KEPT = pytest.mark.parametrize("kept", [BF16, TF32], ids=["bf16", "tf32"])
WILD = pytest.mark.parametrize("wild", [False, True], ids=["tame", "wild"])
FIDELITIES = pytest.mark.parametrize("fidelity", MathFidelity, ids=lambda f: f.name)


def patterns(x: Floats) -> list[Any]:
    return x.view(np.uint32).astype(object).tolist()


def plus_zero(x: Floats) -> Any:
    """Patterns with one zero: the sign of a zero that an operand was is nobody's business."""
    bits = x.view(np.uint32)
    return np.where(bits == 1 << 31, 0, bits)


def each(rule: Callable[..., int], *operands: Floats) -> Any:
    return np.array([rule(*values) for values in zip(*(patterns(x.reshape(-1)) for x in operands), strict=True)])


def some(seed: int, tiles: int, kept: int, wild: bool) -> tuple[Floats, Floats]:
    """Operands (tiles, 1024); of the second a third all but cancels the first."""
    rng = np.random.default_rng(seed)
    a, b = numbers(rng, tiles * 1024, kept, wild), numbers(rng, tiles * 1024, kept, wild)
    close = rng.random(len(a)) < 1 / 3
    return a.reshape(tiles, 1024), np.where(close, near(rng, a, kept), b).reshape(tiles, 1024)


def held(seed: int, tiles: int, fp32_dest: bool) -> Floats:
    return numbers(np.random.default_rng(seed), tiles * 1024, FP32 if fp32_dest else BF16).reshape(tiles, 1024)


def check_eltwise(
    op: EltwiseBinaryType, fidelity: MathFidelity, fp32_dest: bool, kept: int, wild: bool, tiles: int = 1, seed: int = 7
) -> None:
    """On fresh DST tiles, on held ones, and on what the first result all but cancels."""
    a, b = some(seed, tiles, kept, wild)

    def rule(dst: int, x: int, y: int) -> int:
        if op is MUL:
            return reference.multiplied(dst, x, y, fidelity.name, fp32_dest)
        return reference.added(dst, x, y, op is SUB, fp32_dest)

    fresh = exact.eltwise(op, a, b, BroadcastType.NONE, fidelity, fp32_dest)
    assert (fresh.reshape(-1).view(np.uint32) == each(rule, np.zeros_like(a), a, b)).all()
    close = near(np.random.default_rng(3), fresh.reshape(-1), FP32 if fp32_dest else BF16).reshape(a.shape)
    for dst in (held(8, tiles, fp32_dest), close):
        got = exact.eltwise(op, a, b, BroadcastType.NONE, fidelity, fp32_dest, dst)
        assert (plus_zero(got).reshape(-1) == each(rule, dst, a, b)).all()


def test_tame_numbers_are_those_computed_in_float32() -> None:
    rng = np.random.default_rng(0)
    assert all(moderate(x) for x in (*some(7, 4, TF32, False), *mixed(rng, BF16, False)))
    assert not any(moderate(x) for x in (*some(7, 4, TF32, True), mixed(rng, BF16, True)))


@WIDTHS
@KEPT
@WILD
@pytest.mark.parametrize("op", [ADD, SUB])
def test_sums_follow_the_rules(op: EltwiseBinaryType, wild: bool, kept: int, fp32_dest: bool) -> None:
    check_eltwise(op, MathFidelity.HiFi4, fp32_dest, kept, wild)


@WIDTHS
@KEPT
@WILD
@FIDELITIES
def test_products_follow_the_rules(fidelity: MathFidelity, wild: bool, kept: int, fp32_dest: bool) -> None:
    check_eltwise(MUL, fidelity, fp32_dest, kept, wild)


@WIDTHS
@pytest.mark.parametrize("op", EltwiseBinaryType)
@pytest.mark.parametrize("bcast", BroadcastType)
def test_a_broadcast_is_the_operation_on_the_operand_it_makes(
    op: EltwiseBinaryType, bcast: BroadcastType, fp32_dest: bool
) -> None:
    a, b = some(5, 11, BF16, wild=False)
    whole = {
        BroadcastType.NONE: to_rows(b[:1]),
        BroadcastType.COL: to_rows(b[:1])[:, :, :1],
        BroadcastType.ROW: to_rows(b[:1])[:, :1],
        BroadcastType.SCALAR: to_rows(b[:1])[:, :1, :1],
    }[bcast]
    all_of_it = from_rows(np.broadcast_to(whole, (11, 32, 32)))
    expected = exact.eltwise(op, a, all_of_it, BroadcastType.NONE, MathFidelity.HiFi3, fp32_dest)
    assert (exact.eltwise(op, a, b[:1], bcast, MathFidelity.HiFi3, fp32_dest) == expected).all()


def dot(dst: int, a: list[int], b: list[int], fidelity: MathFidelity, fp32_dest: bool) -> int:
    """32 products, phase by phase, 16 at a time."""
    for phase in reference.PHASES[fidelity.name]:
        for half in (slice(16), slice(16, 32)):
            dst = reference.dotted(dst, a[half], b[half], phase, fp32_dest)
    return dst


def mixed(rng: np.random.Generator, kept: int, wild: bool) -> Floats:
    """Matrices (n, 32, 32): normal, the same negated, apart, far apart; if `wild`, with special numbers, few and many."""
    normal, spread = rng.standard_normal((2, 32, 32)).astype(np.float32)
    spread *= (2.0 ** rng.integers(-12, 12, spread.shape)).astype(np.float32)
    many = numbers(rng, 1024).reshape(32, 32)
    far = numbers(rng, 1024, wild=False).reshape(32, 32)
    few = np.where(rng.random((32, 32)) < 0.05, many, normal)
    return cut(np.stack([normal, -normal, spread, far, few, many][: 6 if wild else 4]).view(np.uint32), kept)


def check_matmul(fidelity: MathFidelity, fp32_dest: bool, kept: int, wild: bool, outputs: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    a, b = mixed(rng, kept, wild), mixed(rng, kept, wild)
    b[1] = b[0]  # the first two products cancel
    start = held(seed, 1, fp32_dest)[0]
    got = exact.matmul_accumulate(start, from_rows(a), from_rows(b), fp32_dest, fidelity)
    dst, found = to_rows(start[None])[0], to_rows(got[None])[0]
    for r, c in rng.integers(0, 32, (outputs, 2)):
        expected = int(dst[r, c].view(np.uint32))
        for in0, in1 in zip(a, b, strict=True):
            expected = dot(expected, patterns(in1[:, c]), patterns(in0[r]), fidelity, fp32_dest)
        assert plus_zero(found[r, c : c + 1])[0] == expected


@WIDTHS
@KEPT
@WILD
@FIDELITIES
def test_matrix_products_follow_the_rules(fidelity: MathFidelity, wild: bool, kept: int, fp32_dest: bool) -> None:
    check_matmul(fidelity, fp32_dest, kept, wild, outputs=30)


def check_reduce(dim: ReduceDim, fidelity: MathFidelity, fp32_dest: bool, kept: int, wild: bool, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    a, scaler = mixed(rng, kept, wild), mixed(rng, kept, False)[2]
    start = held(seed, 1, fp32_dest)[0]
    got = exact.reduce_accumulate(
        PoolType.SUM, dim, start, from_rows(a), from_rows(scaler[None])[0], fp32_dest, fidelity
    )
    dst, found = to_rows(start[None])[0], to_rows(got[None])[0]
    for lane in range(32):
        place = (lane, 0) if dim is ROW else (0, lane)
        expected = int(dst[place].view(np.uint32))
        for tile in a:
            expected = (
                by_rows(expected, tile[lane], scaler, fidelity, fp32_dest)
                if dim is ROW
                else by_columns(expected, tile[:, lane], scaler[:, lane // 16 * 16 :][:, :16], fidelity, fp32_dest)
            )
        assert plus_zero(found[place].reshape(1))[0] == expected
    assert (np.delete(found, 0, axis=1 if dim is ROW else 0) == 0).all()


def by_rows(dst: int, row: Floats, scaler: Floats, fidelity: MathFidelity, fp32_dest: bool) -> int:
    return dot(dst, patterns(scaler[0]), patterns(row), fidelity, fp32_dest)


def by_columns(dst: int, column: Floats, scaler: Floats, fidelity: MathFidelity, fp32_dest: bool) -> int:
    """Half by half, and all phases of a half; the scaler's faces lie below each other."""
    for half in (0, 16):
        for phase in reference.PHASES[fidelity.name]:
            data, weights = patterns(column[half:][:16]), patterns(np.ascontiguousarray(scaler[half]))
            dst = reference.dotted(dst, data, weights, phase, fp32_dest)
    return dst


@WIDTHS
@KEPT
@WILD
@FIDELITIES
@pytest.mark.parametrize("dim", [ROW, COL])
def test_sums_of_rows_and_columns_follow_the_rules(
    dim: ReduceDim, fidelity: MathFidelity, wild: bool, kept: int, fp32_dest: bool
) -> None:
    check_reduce(dim, fidelity, fp32_dest, kept, wild)


@WIDTHS
@pytest.mark.parametrize("width", [1024, 1000], ids=["one bit", "many bits"])
@pytest.mark.parametrize("far", [0, 200], ids=["near", "far"])
def test_a_long_row_sum_follows_the_rules(far: int, width: int, fp32_dest: bool) -> None:
    """40 tiles: runs of steps that round nothing, and others; `far`: so many exponents lower, and below the smallest."""
    rng = np.random.default_rng(width)
    rows = (rng.standard_normal((40, 32, 32)) ** 2 * 2.0 ** -(far // 2)).astype(np.float32)
    rows[:, 1] *= rng.choice([-1, 1], (40, 32))
    a = cut(rows.view(np.uint32), BF16)
    scaler = np.zeros((32, 32), np.float32)
    scaler[0] = cut(np.full(32, 2.0 ** -(far // 2) / width, np.float32).view(np.uint32), BF16)
    tile = from_rows(scaler[None])[0]
    got = exact.reduce_accumulate(PoolType.SUM, ROW, None, from_rows(a), tile, fp32_dest, MathFidelity.HiFi4)
    for lane in (0, 1, 17):
        expected = 0
        for row in a[:, lane]:
            expected = by_rows(expected, row, scaler, MathFidelity.HiFi4, fp32_dest)
        assert to_rows(got[None])[0, lane, :1].view(np.uint32)[0] == expected


@pytest.mark.parametrize("dim", ReduceDim)
def test_a_maximum_takes_inf_and_nan_for_large_numbers(dim: ReduceDim) -> None:
    a = np.stack([numbers(np.random.default_rng(seed), 1024) for seed in (1, 2)])
    scaler = np.ones(1024, np.float32)
    got = to_rows(exact.reduce_accumulate(PoolType.MAX, dim, None, a, scaler, False, MathFidelity.HiFi4)[None])[0]

    def largest(lane: Floats) -> int:
        found: int = max(patterns(np.ascontiguousarray(lane)), key=lambda p: -(p & 0x7FFFFFFF) if p >> 31 else p)
        return found

    rows = np.concatenate(list(to_rows(a)), axis=0 if dim is COL else 1)
    lanes = rows if dim is ROW else rows.T if dim is COL else [rows.reshape(-1)]
    live = got[:, 0] if dim is ROW else got[0] if dim is COL else got[0, :1]
    assert patterns(live.copy()) == [largest(lane) for lane in lanes]


@WIDTHS
def test_the_sum_of_a_whole_tile_is_near_the_true_one(fp32_dest: bool) -> None:
    # Its order is not known. 16 sums of 64, cut to TF32 or bf16: 2^-10 or 2^-7 of what enters them
    a, _ = some(5, 3, BF16, wild=False)
    a = np.clip(a, -4, 4)
    scaler = np.full(1024, 0.5, np.float32)
    got = exact.reduce_accumulate(PoolType.SUM, SCALAR, None, a, scaler, fp32_dest, MathFidelity.HiFi4)
    true, magnitude = (x.astype(np.float64).sum() * 0.25 for x in (a, np.abs(a)))
    assert abs(got[0] - true) < magnitude * (2.0**-10 if fp32_dest else 2.0**-6)
    assert (got[1:] == 0).all()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
@WIDTHS
@KEPT
@WILD
@FIDELITIES
def test_many_more_numbers_follow_the_rules(
    fidelity: MathFidelity, wild: bool, kept: int, fp32_dest: bool, seed: int
) -> None:
    for op in EltwiseBinaryType:
        check_eltwise(op, fidelity, fp32_dest, kept, wild, tiles=10, seed=seed)
    check_matmul(fidelity, fp32_dest, kept, wild, outputs=300, seed=seed)
    for dim in (ROW, COL):
        check_reduce(dim, fidelity, fp32_dest, kept, wild, seed)
