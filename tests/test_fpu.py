"""The FPU against runs of the real kernels (tests/data/tensix_ops) and against float64."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ttlearn.sim.formats import (
    Floats,
    Format,
    bf16_values,
    pack,
    round_dst16,
    to_bf16_rne,
    unpack,
)
from ttlearn.sim.fpu import (
    BroadcastType,
    EltwiseBinaryType,
    MathFidelity,
    PoolType,
    ReduceDim,
    accumulate,
    broadcast,
    eltwise,
    matmul_accumulate,
    reduce,
    reduce_accumulate,
    transpose_wh,
)
from ttlearn.sim.sfpu import SFPU
from ttlearn.sim.tile import from_rows, to_rows

Wide = NDArray[np.float64]

DATA = Path(__file__).parent / "data"
CASES: list[dict[str, Any]] = json.loads((DATA / "tensix_ops.json").read_text())["cases"]
ARRAYS = dict(np.load(DATA / "tensix_ops.npz"))
FORMATS = {"bf16": Format.BFLOAT16, "fp32": Format.FLOAT32}
ADD, SUB, MUL = EltwiseBinaryType
SUM, MAX = PoolType.SUM, PoolType.MAX
ROW, COL, SCALAR = ReduceDim
HIFI4 = MathFidelity.HiFi4
ELTWISE = {
    "add": (ADD, BroadcastType.NONE),
    "addsc": (ADD, BroadcastType.SCALAR),
    "subcol": (SUB, BroadcastType.COL),
    "mul": (MUL, BroadcastType.NONE),
    "mulrow": (MUL, BroadcastType.ROW),
}


@dataclass
class Golden:
    """One run: the operands as the source registers see them, and the packed result."""

    a: Floats
    b: Floats
    y: NDArray[Any]  # bit patterns, (1, 1024)
    format: Format
    fp32_dest: bool
    fidelity: MathFidelity
    defines: dict[str, str]

    @property
    def pool(self) -> PoolType:
        return PoolType[self.defines["RPOOL"].split("::")[1]]

    @property
    def dim(self) -> ReduceDim:
        return ReduceDim[self.defines["RDIM"].split("::")[1]]

    def packed(self, x: Floats) -> NDArray[Any]:
        return pack(x.reshape(1, 1024), self.format).view(self.y.dtype).reshape(1, 1024)


def golden(case: dict[str, Any]) -> Golden:
    def tiles(array: str) -> NDArray[Any]:
        return from_rows(ARRAYS[f"{case['name']}/{array}"])

    def operand(array: str, fmt: str) -> Floats:
        return unpack(tiles(array).reshape(-1).view(np.uint8), FORMATS[fmt], fp32_dest)

    fp32_dest = case["fp32_dest_acc_en"]
    a, b = operand("a", case["dta"]), operand("b", case["dtb"])
    fidelity = MathFidelity[case["fidelity"]]
    return Golden(a, b, tiles("y"), FORMATS[case["dto"]], fp32_dest, fidelity, case["defines"])


def cases(*ops: str, pool: str = "") -> pytest.MarkDecorator:
    chosen = [c for c in CASES if c["op"] in ops and pool in c["defines"].get("RPOOL", "")]
    return pytest.mark.parametrize("case", chosen, ids=[c["name"] for c in chosen])


def values(bits: NDArray[Any]) -> Wide:
    as_float = bf16_values(bits) if bits.dtype == np.uint16 else bits.view(np.float32)
    return as_float.astype(np.float64)


def assert_near(got: NDArray[Any], y: NDArray[Any], tolerance: Wide) -> None:
    """Bit patterns alike, or values less than one unit of the format and `tolerance` apart."""
    differ = got != y
    unit = 2.0 ** (-7 if y.dtype == np.uint16 else -23)
    error = np.abs(values(got)[differ] - values(y)[differ])
    bound = unit * np.abs(values(y)[differ]) + tolerance[differ]
    assert (error <= bound).all(), f"{(error > bound).sum()} elements off, worst by {error.max()}"


def test_every_golden_case_is_compared() -> None:
    assert {c["op"] for c in CASES} == {*ELTWISE, "copy", "matmul", "reduce"}


@cases("copy")
def test_copy_is_exact(case: dict[str, Any]) -> None:
    g = golden(case)
    assert (g.packed(g.a) == g.y).all()


@cases("add", "addsc", "subcol")
def test_sums_are_the_chips_within_its_adders_precision(case: dict[str, Any]) -> None:
    # The chip adds 11-bit mantissas and rounds the smaller operand to the larger's unit: half of it
    # is at most 2^-11 of the larger, and shows when the two nearly cancel.
    g = golden(case)
    op, bcast = ELTWISE[case["op"]]
    got = g.packed(eltwise(op, g.a, g.b, bcast, g.fidelity, g.fp32_dest))
    larger = np.maximum(np.abs(g.a), np.abs(broadcast(g.b, bcast))).astype(np.float64)
    assert_near(got, g.y, larger * 2.0**-11)


@cases("mul", "mulrow")
def test_products_are_the_chips_within_one_unit(case: dict[str, Any]) -> None:
    # The chip rounds a 16-bit DST after every fidelity phase, the model once: a bf16 unit here.
    # (Longer runs at HiFi4 have a few elements that are 2 units off.)
    g = golden(case)
    op, bcast = ELTWISE[case["op"]]
    got = g.packed(eltwise(op, g.a, g.b, bcast, g.fidelity, g.fp32_dest))
    with np.errstate(over="ignore"):
        exact = g.a.astype(np.float64) * broadcast(g.b, bcast)
    # 3e38 * 3e38 is inf here and at LoFi and HiFi2, but 0 on the chip at HiFi4
    compared = ~(np.isfinite(exact) & (np.abs(exact) > 2.0**200))
    assert_near(got[compared], g.y[compared], np.zeros(compared.sum()))


@cases("mul", "mulrow")
def test_with_an_fp32_dst_products_are_exactly_the_chips(case: dict[str, Any]) -> None:
    g = golden(case)
    if g.fp32_dest:
        got = g.packed(eltwise(MUL, g.a, g.b, ELTWISE[case["op"]][1], g.fidelity, True))
        assert (got != g.y).sum() <= 1  # 3e38 * 3e38, as above


def dot_tolerance(g: Golden, magnitude: Floats) -> Wide:
    """How far the chip's sum may lie from the model's; `magnitude` is the sum of |a||b|.

    fp32 DST: 8 products are aligned to the largest, 12 bits long; half a unit each makes 8 * 2^-12.
    16-bit DST: two tiles, two faces, up to four phases make 16 roundings of half a unit, 2^-9 of a
    partial sum. They are independent and grow with the root of their number: 4 * 2^-9.
    """
    return magnitude.reshape(1, -1).astype(np.float64) * (2.0**-9 if g.fp32_dest else 2.0**-7)


@cases("matmul")
def test_matmul_is_the_chips_within_its_rounding(case: dict[str, Any]) -> None:
    g = golden(case)
    fresh = np.zeros(1024, np.float32)
    got = matmul_accumulate(fresh, g.a, g.b, g.fp32_dest, g.fidelity)
    magnitude = matmul_accumulate(fresh, np.abs(g.a), np.abs(g.b), True, HIFI4)
    assert_near(g.packed(got), g.y, dot_tolerance(g, magnitude))


@cases("reduce", pool="SUM")
def test_reduce_sum_is_the_chips_within_its_rounding(case: dict[str, Any]) -> None:
    g = golden(case)
    got = reduce_accumulate(g.pool, g.dim, None, g.a, g.b[0], g.fp32_dest, g.fidelity)
    magnitude = reduce_accumulate(g.pool, g.dim, None, np.abs(g.a), g.b[0], True, HIFI4)
    assert_near(g.packed(got), g.y, dot_tolerance(g, magnitude))


@cases("reduce", pool="MAX")
def test_reduce_max_is_exact(case: dict[str, Any]) -> None:
    g = golden(case)
    got = reduce_accumulate(g.pool, g.dim, None, g.a, g.b[0], g.fp32_dest, g.fidelity)
    assert (g.packed(got) == g.y).all()


# Beyond the golden runs: float64 as oracle


def bf16_tiles(n: int, seed: int = 5) -> Floats:
    return bf16_values(to_bf16_rne(np.random.default_rng(seed).standard_normal((n, 1024))))


def scaler_tile(value: float) -> Floats:
    rows = np.full((2, 2, 16, 16), np.nan, np.float32)  # what the op must not read
    rows[:, :, 0] = value
    return rows.reshape(1024)


@pytest.mark.parametrize("op", EltwiseBinaryType)
@pytest.mark.parametrize("bcast", BroadcastType)
def test_a_broadcast_reads_its_row_column_or_element(op: EltwiseBinaryType, bcast: BroadcastType) -> None:
    a, b = bf16_tiles(3), bf16_tiles(1, seed=6)
    plain = to_rows(b)
    used = {
        BroadcastType.NONE: plain,
        BroadcastType.COL: plain[:, :, :1],
        BroadcastType.ROW: plain[:, :1],
        BroadcastType.SCALAR: plain[:, :1, :1],
    }[bcast]
    expected = {ADD: np.add, SUB: np.subtract, MUL: np.multiply}[op](to_rows(a), used)
    assert (to_rows(eltwise(op, a, b, bcast, HIFI4, True)) == expected).all()


def test_a_broadcast_reads_nothing_else() -> None:
    b = np.full((1, 1024), np.nan, np.float32)
    b[0, 0] = 2
    assert np.isfinite(eltwise(MUL, bf16_tiles(2), b, BroadcastType.SCALAR, HIFI4, True)).all()
    assert np.isfinite(eltwise(ADD, bf16_tiles(2), b, BroadcastType.SCALAR, HIFI4, False)).all()


@pytest.mark.parametrize("fidelity", MathFidelity)
@pytest.mark.parametrize("garbage", [np.inf, -np.inf, np.nan])
def test_zero_times_garbage_is_zero(fidelity: MathFidelity, garbage: float) -> None:
    zero, bad = np.zeros((1, 1024), np.float32), np.full((1, 1024), garbage, np.float32)
    for a, b in ((zero, bad), (bad, zero)):
        assert (eltwise(MUL, a, b, BroadcastType.NONE, fidelity, True) == 0).all()
        assert (matmul_accumulate(zero[0], a, b, True, fidelity) == 0).all()
        assert (matmul_accumulate(zero[0], a, b, False, fidelity) == 0).all()


def test_columns_of_weight_zero_may_hold_garbage() -> None:
    a = np.full((3, 32, 32), np.nan, np.float32)
    a[:, :, :20] = 1
    weights = np.zeros((1, 32, 32), np.float32)
    weights[0, 0, :20] = 1
    got = reduce_accumulate(SUM, ROW, None, from_rows(a), from_rows(weights)[0], True, HIFI4)
    assert (to_rows(got[None])[0, :, 0] == 60).all()


def test_a_fidelity_multiplies_the_high_bits_it_names() -> None:
    a, b = (np.full((1, 1024), v, np.float32) for v in (1 + 2**-4 + 2**-7, 1 + 2**-6 + 2**-7))
    high_a, high_b = 1 + 2**-4, 1 + 2**-6  # 5 and 7 bits, the hidden one included
    both = (1 + 2**-4 + 2**-7) * (1 + 2**-6 + 2**-7)
    expected = {
        MathFidelity.LoFi: high_a * high_b,
        MathFidelity.HiFi2: (high_a + 2**-7) * high_b,
        MathFidelity.HiFi3: both - 2**-7 * 2**-7,
        MathFidelity.HiFi4: both,
    }
    for fidelity, product in expected.items():
        assert (eltwise(MUL, a, b, BroadcastType.NONE, fidelity, True) == np.float32(product)).all()


def test_a_16_bit_dst_rounds_each_accumulation() -> None:
    dst, small = np.full((1, 1024), 256, np.float32), np.full((1, 1024), 0.75, np.float32)
    assert (accumulate(dst, small, fp32_dest=False) == 256).all()  # the unit at 256 is 2
    assert (accumulate(dst, small + 0.25, fp32_dest=False) == 258).all()  # a tie goes away from zero
    assert (accumulate(dst, small, fp32_dest=True) == 256.75).all()


def test_matmul_through_a_16_bit_dst_rounds_after_every_tile() -> None:
    one = from_rows(np.eye(32, dtype=np.float32)[None])
    a = np.concatenate([256 * one, 0.75 * one, 0.75 * one])
    b = np.concatenate([one, one, one])
    got = matmul_accumulate(np.zeros(1024, np.float32), a, b, False, HIFI4)
    assert (got == 256 * one[0]).all()


@pytest.mark.parametrize("fp32_dest", [True, False])
def test_matmul_adds_to_dst(fp32_dest: bool) -> None:
    a, b, dst = bf16_tiles(4), bf16_tiles(4, seed=6), bf16_tiles(1, seed=7)[0]
    exact = (to_rows(a).astype(np.float64) @ to_rows(b)).sum(axis=0) + to_rows(dst[None])[0]
    got = to_rows(matmul_accumulate(dst, a, b, fp32_dest, HIFI4)[None])[0]
    # float32 sums of 128 products; or four bf16 roundings of partial sums below 64, 2^-9 of 64 each
    assert np.abs(got - exact).max() < (1e-4 if fp32_dest else 0.5)


def live_sums(dim: ReduceDim, a: Floats, weight: float) -> Wide:
    """Each tile's result in float64, as a (n, 32, 32) that is 0 elsewhere."""
    rows = to_rows(a).astype(np.float64)
    out = np.zeros_like(rows)
    if dim is ROW:
        out[:, :, 0] = rows.sum(axis=2) * weight
    elif dim is COL:
        out[:, 0, :] = rows.sum(axis=1) * weight
    else:
        out[:, 0, 0] = rows.sum(axis=(1, 2)) * weight * weight
    return out


# float32 sums; SCALAR cuts 16 column sums, below 32, to TF32 (2^-10) and weights them by 1/32
REDUCE_TOLERANCE = {ROW: 1e-5, COL: 1e-5, SCALAR: 16 * 2.0**-10}


@pytest.mark.parametrize("dim", ReduceDim)
@pytest.mark.parametrize("pool", [PoolType.SUM, PoolType.AVG])
def test_reduce_leaves_its_result_and_zeros(pool: PoolType, dim: ReduceDim) -> None:
    a = bf16_tiles(5)
    got = to_rows(reduce(pool, dim, a, scaler_tile(1 / 32), True, HIFI4))
    expected = live_sums(dim, a, 1 / 32)
    assert np.abs(got - expected).max() < REDUCE_TOLERANCE[dim]
    assert ((got != 0) <= (expected != 0)).all()


@pytest.mark.parametrize("dim", ReduceDim)
def test_many_reduces_into_one_dst_add_up(dim: ReduceDim) -> None:
    a, scaler = bf16_tiles(7), scaler_tile(1 / 32)
    first = reduce_accumulate(SUM, dim, None, a[:3], scaler, True, HIFI4)
    got = reduce_accumulate(SUM, dim, first, a[3:], scaler, True, HIFI4)
    expected = live_sums(dim, a, 1 / 32).sum(axis=0)
    assert np.abs(to_rows(got[None])[0] - expected).max() < 7 * REDUCE_TOLERANCE[dim]


@pytest.mark.parametrize("dim", ReduceDim)
@pytest.mark.parametrize("pool", [SUM, MAX])
def test_reduces_into_a_16_bit_dst_are_one_reduce_after_another(pool: PoolType, dim: ReduceDim) -> None:
    a, scaler = bf16_tiles(6), scaler_tile(1.0)
    at_once = reduce_accumulate(pool, dim, None, a, scaler, False, HIFI4)
    step: Floats | None = None
    for tile in a:
        step = reduce_accumulate(pool, dim, step, tile[None], scaler, False, HIFI4)
    assert (at_once == step).all()
    assert (round_dst16(at_once) == at_once).all()


@pytest.mark.parametrize("dim", ReduceDim)
def test_max_of_negative_tiles_starts_below_them(dim: ReduceDim) -> None:
    a = -np.abs(bf16_tiles(4)) - 1
    got = to_rows(reduce_accumulate(MAX, dim, None, a, scaler_tile(1), False, HIFI4)[None])[0]
    axes = {ROW: (0, 2), COL: (0, 1), SCALAR: (0, 1, 2)}[dim]
    live = {ROW: got[:, 0], COL: got[0], SCALAR: got[0, 0]}[dim]
    assert (live == to_rows(a).max(axis=axes)).all()
    each = to_rows(reduce(MAX, dim, a, scaler_tile(1), False, HIFI4))
    assert (each.reshape(4, -1).min(axis=1) < -1).all() and (each <= 0).all()


def test_row_weights_come_from_faces_0_and_1_only() -> None:
    weights = (np.arange(32) * 7 % 8 + 1).astype(np.float32)
    scaler = np.full((1, 32, 32), np.nan, np.float32)
    scaler[0, 0] = weights
    a = bf16_tiles(1)
    got = to_rows(reduce(SUM, ROW, a, from_rows(scaler)[0], True, HIFI4))[0, :, 0]
    assert np.abs(got - to_rows(a)[0].astype(np.float64) @ weights).max() < 1e-4


def test_transpose_wh_transposes_each_tile() -> None:
    a = bf16_tiles(3)
    assert (to_rows(transpose_wh(a)) == to_rows(a).swapaxes(1, 2)).all()


def test_rsqrt_is_right_to_23_bits() -> None:
    x = np.exp(np.random.default_rng(5).uniform(-80, 80, 100_000)).astype(np.float32)
    error = SFPU["rsqrt"](x, True).astype(np.float64) * np.sqrt(x.astype(np.float64)) - 1
    assert np.abs(error).max() < 7.5e-8


def test_rsqrt_of_zeros_inf_and_negatives() -> None:
    x = np.array([0.0, -0.0, np.inf, -1.0, -np.inf, np.nan], np.float32)
    got = SFPU["rsqrt"](x, True)
    assert (got[:3] == [np.inf, -np.inf, 0]).all() and np.isnan(got[3:]).all()


def test_the_sfpu_writes_a_16_bit_dst_by_each_functions_own_rounding() -> None:
    x = np.array([1.0], np.float32)
    tie, above = 2.0**-8, 2.0**-8 + 2.0**-9  # half and three quarters of a bf16 unit at 1
    assert SFPU["add"](x, True, above)[0] == 1 + above
    assert SFPU["add"](x, False, above)[0] == 1  # cut by SFPSTORE
    assert SFPU["rsub"](x * 0 - 1, False, tie)[0] == 1  # to even
    assert SFPU["sqrt"]((x + np.float32(tie)) ** 2, False)[0] == 1 + 2 * tie  # ties away


@pytest.mark.parametrize(
    ("name", "scalar", "expected"),
    [
        ("sqrt", (), 1.5),
        ("recip", (), 1 / 2.25),
        ("exp", (), np.exp(2.25)),
        ("square", (), 2.25**2),
        ("relu", (), 2.25),
        ("abs", (), 2.25),
        ("add", (0.5,), 2.75),
        ("sub", (0.5,), 1.75),
        ("mul", (0.5,), 1.125),
        ("rsub", (0.5,), -1.75),
    ],
)
def test_sfpu_functions(name: str, scalar: tuple[float, ...], expected: float) -> None:
    got = SFPU[name](np.full((2, 1024), 2.25, np.float32), True, *scalar)
    assert got.dtype == np.float32
    assert (got == np.float32(expected)).all()
    if name == "relu":
        assert (SFPU[name](np.full((1, 1024), -2.0, np.float32), True) == 0).all()
