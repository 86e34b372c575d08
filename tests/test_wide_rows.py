"""Rows that do not fit L1: the streaming design against float64, against the resident one, and what it reads.

Bounds are the vendor's for bf16 (`ttlearn.layernorm.golden`). Its ULP test allows 32 units of bf16, and near 0, where a
unit says nothing, a fraction of the largest value: .002, or .06 where 16-bit numbers are between; a mean packed to
bf16, as in the resident design, is one.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ttlearn as tt
from ttlearn.bench import floor
from ttlearn.layernorm.designs import Wants, designs, largest_block
from ttlearn.layernorm.golden import compare, layernorm
from ttlearn.layernorm.op import build, make_job
from ttlearn.sim.arch import ARCHS
from ttlearn.sim.formats import bf16_values, to_bf16_rne
from ttlearn.sim.tile import tilize

Floats = NDArray[Any]

KINDS = ("normal", "uniform", "shifted")
STREAMING: dict[str, Any] = {"design": "streaming"}


def bf16(values: Floats) -> Floats:
    """The nearest values that bf16 has."""
    return bf16_values(to_bf16_rne(values))


def draw(kind: str, height: int, width: int) -> Floats:
    """No row's mean is further from 0 than two standard deviations."""
    rng = np.random.default_rng(height + width + len(kind))
    if kind == "uniform":
        return bf16(rng.random((height, width)))
    shift = 2 * rng.choice([-1, 1], (height, 1)) if kind == "shifted" else 0
    return bf16(rng.standard_normal((height, width)) + shift)


def parameters(width: int) -> tuple[Floats, Floats]:
    gamma, beta = bf16(np.random.default_rng(width).standard_normal((2, width)))
    return gamma, beta


def units(result: Floats, expected: Floats, near_zero: float) -> float:
    """The largest error in bf16 units, of the elements whose error is more than `near_zero` of the largest value."""
    error = np.abs(result - expected)
    unit = 2.0 ** (np.floor(np.log2(np.abs(expected) + 1e-30)) - 7)
    return float(np.where(error > near_zero * np.abs(expected).max(), error / unit, 0).max())


# ---- against float64 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [32, 64, 256, 1024, 2048, 4096, 8192, 16384])
def test_every_width_is_within_the_vendors_bounds(width: int, kind: str) -> None:
    x, (gamma, beta) = draw(kind, 32, width), parameters(width)
    error = compare(tt.layernorm_fused_rm(x, gamma, beta).output, layernorm(x, gamma, beta))
    assert error.within, str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [32, 128, 512, 1024, 4096, 8192, 16384])
def test_streaming_is_within_32_units(width: int, kind: str) -> None:
    x = draw(kind, 32, width)
    assert units(tt.layernorm_fused_rm(x, **STREAMING).output, layernorm(x), 0.002) <= 32


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [32, 128, 512, 1024])
def test_resident_is_within_32_units_further_from_zero(width: int, kind: str) -> None:
    x = draw(kind, 32, width)
    assert units(tt.layernorm_fused_rm(x).output, layernorm(x), 0.06) <= 32


@pytest.mark.parametrize("wt", [3, 5, 7, 97])
@pytest.mark.parametrize("given", [False, True])
def test_odd_tile_counts_are_within_the_bounds(given: bool, wt: int) -> None:
    x, (gamma, beta) = draw("shifted", 32, wt * 32), parameters(wt * 32) if given else (None, None)
    blocks = {1, largest_block(Wants(wt * 32, gamma=given, beta=given), "wormhole_b0")}
    for block in blocks:
        error = compare(
            tt.layernorm_fused_rm(x, gamma, beta, block=block, **STREAMING).output, layernorm(x, gamma, beta)
        )
        assert error.within, str(error)


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_a_row_of_65536_is_within_the_bounds(dtype: Any) -> None:
    x = draw("normal", 32, 65536)
    assert compare(tt.layernorm_fused_rm(x, dtype=dtype).output, layernorm(x)).within


@pytest.mark.parametrize("width", [4096, 16384])
def test_recentre_serves_wide_rows_far_from_zero(width: int) -> None:
    x = bf16(draw("normal", 32, width) + 100)
    plain, again = (tt.layernorm_fused_rm(x, recentre=recentre).output for recentre in (False, True))
    assert not compare(plain, layernorm(x)).within
    assert compare(again, layernorm(x)).within


def test_recentre_makes_zeros_of_constant_rows() -> None:
    x = np.full((32, 96), 100.0)
    run = tt.layernorm_fused_rm(x, recentre=True, block=1, **STREAMING)
    assert np.abs(run.output).max() <= 0.05


# ---- 16-bit DST ---------------------------------------------------------------------------------------------


def with_16_bits(width: int, design: str) -> bool:
    """Is uniform data within the bounds? With cb_depth 1 the resident design fits 4096."""
    x, depth = draw("uniform", 32, width), 1 if design == "resident" else 2
    run = tt.layernorm_fused_rm(x, fp32_dest_acc_en=False, design=design, cb_depth=depth)
    return compare(run.output, layernorm(x)).within


@pytest.mark.parametrize("design", ["resident", "streaming"])
@pytest.mark.parametrize("width", [32, 256, 1024])
def test_16_bits_do_for_rows_up_to_1024(width: int, design: str) -> None:
    assert with_16_bits(width, design)


def test_at_4096_a_sum_in_16_bits_fails_and_one_in_blocks_does_not() -> None:
    assert not with_16_bits(4096, "resident")  # each of 128 tiles rounds the sum to bf16
    assert with_16_bits(4096, "streaming")  # each of 64 does, then fp32 in L1


# ---- every design -------------------------------------------------------------------------------------------

DESIGNS = list(product(("sticks", "tiles"), (tt.bfloat16, tt.float32), (False, True), (False, True), (False, True)))


@pytest.mark.parametrize(("pages", "dtype", "gamma", "beta", "recentre"), DESIGNS)
def test_all_that_the_resident_design_takes_streams(
    pages: str, dtype: Any, gamma: bool, beta: bool, recentre: bool
) -> None:
    x, given = draw("shifted", 96, 192), parameters(192)
    used = [values if there else None for values, there in zip(given, (gamma, beta), strict=True)]
    options = {"pages": pages, "dtype": dtype, "recentre": recentre, "cores": 2, "cb_depth": 3}
    run = tt.layernorm_fused_rm(x, *used, block=2, **options, **STREAMING)
    assert compare(run.output, layernorm(x, *used)).within


@pytest.mark.parametrize(("style", "design"), [("helpers", "resident"), ("raw", "resident"), ("helpers", "streaming")])
@pytest.mark.parametrize("pages", ["sticks", "tiles"])
def test_a_residual_is_added_first_and_rounded_once(pages: str, style: str, design: str) -> None:
    x, residual = draw("normal", 64, 96), draw("uniform", 64, 96)
    options = {"pages": pages, "style": style, "design": design, "block": 1 if design == "streaming" else None}
    given = parameters(96)
    summed = (x + residual).view(np.uint32) + 0x8000 >> 16  # the packer: nearest, ties away from zero
    plain = tt.layernorm_fused_rm(summed.astype(np.uint16), *given, **options)
    assert (tt.layernorm_fused_rm(x, *given, residual=residual, **options).output == plain.output).all()


@pytest.mark.parametrize("recentre", [False, True])
def test_a_wide_residual_is_within_the_bounds(recentre: bool) -> None:
    x, residual = draw("normal", 32, 4096), draw("uniform", 32, 4096)
    run = tt.layernorm_fused_rm(x, residual=residual, recentre=recentre)
    assert compare(run.output, layernorm(x, residual=residual)).within


@pytest.mark.parametrize("block", [1, 2, 4, 8])
@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_the_width_of_a_block_hardly_matters_to_the_output(dtype: Any, block: int) -> None:
    x = draw("shifted", 32, 256)
    one, more = (tt.layernorm_fused_rm(x, dtype=dtype, block=n, **STREAMING).output for n in (8, block))
    assert (one == more).mean() > 0.99  # only the order of an fp32 sum differs


def test_in_fp32_one_block_gives_the_bits_of_the_resident_design() -> None:
    x, given = draw("shifted", 64, 256), parameters(256)
    resident, streaming = (
        tt.layernorm_fused_rm(x, *given, dtype=tt.float32, design=design).output for design in ("resident", "streaming")
    )
    assert (resident == streaming).all()


@pytest.mark.parametrize("kind", KINDS)
def test_in_bf16_the_designs_differ_by_what_rounding_the_statistics_does(kind: str) -> None:
    x = draw(kind, 64, 1024)
    resident, streaming = (tt.layernorm_fused_rm(x, design=d).output for d in ("resident", "streaming"))
    unit = 2.0**-8
    sigmas = np.abs(x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    # the mean is off by a unit of itself, 1/sigma by one, and three results are packed
    assert (np.abs(resident - streaming) <= unit * (sigmas + 5 * np.abs(streaming))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_streaming_is_nearer_to_float64_than_resident(kind: str) -> None:
    x = draw(kind, 64, 1024)
    resident, streaming = (tt.layernorm_fused_rm(x, design=d).output for d in ("resident", "streaming"))
    assert compare(streaming, layernorm(x)).frobenius < compare(resident, layernorm(x)).frobenius


@pytest.mark.parametrize("design", ["resident", "streaming"])
def test_the_benchmarks_floor_does_the_same_sums(design: str) -> None:
    x, given = draw("shifted", 64, 256), parameters(256)
    gamma, beta = (tilize(np.tile(values, (32, 1))) for values in given)
    expected = floor(to_bf16_rne(x), gamma, beta, 1e-5, streaming=design == "streaming").view(np.uint16)
    assert (tt.layernorm_fused_rm(x, *given, design=design).output == bf16_values(expected.reshape(x.shape))).all()


# ---- cores, heights, chips, seeds ---------------------------------------------------------------------------


@pytest.mark.parametrize(("cores", "rows"), [(1, [5]), (3, [2, 2, 1]), (64, [1, 1, 1, 1, 1])])
def test_tile_rows_are_split_over_cores(cores: int, rows: list[int]) -> None:
    x, given = draw("normal", 160, 128), parameters(128)
    one, more = (tt.layernorm_fused_rm(x, *given, block=2, cores=n, **STREAMING) for n in (1, cores))
    assert (one.output == more.output).all()
    popped = [report.popped for report in more.cbs if report.index == 16]
    assert popped == [2 * 32 * row for row in rows]  # two blocks of 32 sticks a tile row


def test_many_tile_rows() -> None:
    x = draw("normal", 1056, 96)
    assert compare(tt.layernorm_fused_rm(x, cores=8, block=1, **STREAMING).output, layernorm(x)).within


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_blackhole_gives_wormholes_bits(dtype: Any) -> None:
    x, given = draw("normal", 32, 160), parameters(160)
    options = {"block": 1, "dtype": dtype, **STREAMING}
    wormhole, blackhole = (tt.layernorm_fused_rm(x, *given, arch=arch, **options).output for arch in ARCHS)
    assert (wormhole == blackhole).all()


def test_no_seed_changes_the_output() -> None:
    x, given = draw("normal", 64, 128), parameters(128)
    outputs = [tt.layernorm_fused_rm(x, *given, block=2, seed=seed, **STREAMING).output for seed in (None, *range(4))]
    assert all((output == outputs[0]).all() for output in outputs)


@pytest.mark.parametrize("recentre", [False, True])
def test_without_strict_no_violation_is_listed(recentre: bool) -> None:
    x, given = draw("normal", 32, 4096), parameters(4096)
    run = tt.layernorm_fused_rm(x, *given, recentre=recentre, residual=x, strict=False)
    assert run.violations == []


def test_a_wide_program_has_no_findings() -> None:
    x, given = draw("normal", 64, 4096), parameters(4096)
    job = make_job(x, *given, recentre=True, residual=x, cores=2)
    assert build(job).check(job.tensors) == build(job).check() == []


def test_a_block_of_tiles_one_page_short_hangs() -> None:
    job = make_job(draw("normal", 32, 128), block=2, **STREAMING)
    job.cbs = job.cbs.edit(24, pages=1)
    with pytest.raises(tt.DeviceHang, match="asks for 2 pages of c_24, which has 1"):
        tt.generic_op(job.tensors, build(job))


# ---- what is read, what is kept -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "passes"), [({}, 3), ({"recentre": True}, 4), ({"rms": True}, 2), ({"recentre": True, "cores": 2}, 4)]
)
def test_x_is_read_once_a_pass(options: dict[str, Any], passes: int) -> None:
    job = make_job(draw("normal", 64, 256), block=2, **STREAMING, **options)
    run = tt.generic_op(job.tensors, build(job))
    assert run.counters["dram_read_bytes"] == passes * 64 * 256 * 2
    assert run.counters["dram_write_bytes"] == 64 * 256 * 2


def test_gamma_and_beta_are_read_once_a_tile_row() -> None:
    run = tt.layernorm_fused_rm(draw("normal", 64, 256), *parameters(256), block=2, **STREAMING)
    assert run.counters["dram_read_bytes"] == 3 * 64 * 256 * 2 + 2 * (2 * 256 * 2)


def test_only_scaler_and_epsilon_are_left_in_the_buffers() -> None:
    run = tt.layernorm_fused_rm(draw("normal", 64, 128), *parameters(128), recentre=True, block=2, **STREAMING)
    assert {r.index for r in run.cbs if r.left_over} == {2, 3}


# ---- the choice ---------------------------------------------------------------------------------------------


def test_the_run_says_which_design_it_was_and_why() -> None:
    gamma, beta = parameters(2048)
    details = tt.layernorm_fused_rm(draw("normal", 32, 2048), gamma, beta).details
    assert (details["design"], details["block"]) == ("streaming", 64)
    assert details["why"] == (
        "the resident design does not fit: it needs 1,454,080 bytes of L1, wormhole_b0 has 1,393,312 for circular buffers "
        "(with cb_depth=1 it would fit)"
    )


def test_a_short_row_is_resident() -> None:
    details = tt.layernorm_fused_rm(draw("normal", 32, 64)).details
    assert details["design"] == "resident"
    assert details["why"].startswith("the resident design fits: it needs ")


def test_a_forced_design_says_so() -> None:
    details = tt.layernorm_fused_rm(draw("normal", 32, 64), **STREAMING).details
    assert (details["design"], details["why"]) == ("streaming", "it was asked for")


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("wt", [1, 7, 64, 97, 128, 130, 512, 513])
def test_a_block_is_the_largest_divisor_that_fits(wt: int, arch: str) -> None:
    wants, facts = Wants(32 * wt), ARCHS[arch]
    fits = [wants.streaming(n).total_size <= facts.l1_bytes - facts.cb_base for n in range(1, wt + 1)]
    assert largest_block(wants, arch) == max(n for n in range(1, wt + 1) if wt % n == 0 and fits[n - 1])


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_sticks_and_tiles_take_the_same_bytes(dtype: Any) -> None:
    sticks, tiles = (Wants(192, dtype, pages, residual=True).streaming(3) for pages in ("sticks", "tiles"))
    assert [cb.total_size for cb in sticks] == [cb.total_size for cb in tiles]


SIDE_BY_SIDE = """\
W = 2,048, float32, Wt = 64; wormhole_b0, one core
                                resident: pages x bytes          streaming, 16 tiles a block
c_0   input                      64 x 8,192 = 524,288 B               64 x 2,048 = 131,072 B
c_1   tiles                     128 x 4,096 = 524,288 B               32 x 4,096 = 131,072 B
c_2   1/W                           2 x 2,048 = 4,096 B                  2 x 2,048 = 4,096 B
c_3   epsilon                       1 x 2,048 = 2,048 B                  1 x 2,048 = 2,048 B
c_4   gamma                      32 x 8,192 = 262,144 B                32 x 2,048 = 65,536 B
c_5   beta                          1 x 8,192 = 8,192 B                                    -
c_6   gamma tiles                64 x 4,096 = 262,144 B                16 x 4,096 = 65,536 B
c_7   beta tiles                    1 x 4,096 = 4,096 B                                    -
c_8   residual                   64 x 8,192 = 524,288 B               64 x 2,048 = 131,072 B
c_16  output                     64 x 8,192 = 524,288 B               64 x 2,048 = 131,072 B
c_24  centered                   64 x 4,096 = 262,144 B                16 x 4,096 = 65,536 B
c_25  mean                          1 x 4,096 = 4,096 B                  1 x 4,096 = 4,096 B
c_26  variance                      1 x 4,096 = 4,096 B                  1 x 4,096 = 4,096 B
c_27  1/sqrt                        1 x 4,096 = 4,096 B                  1 x 4,096 = 4,096 B
c_28  second mean                                     -                  1 x 4,096 = 4,096 B
total                                       2,914,304 B                            743,424 B
                            does not fit in 1,393,312 B                                 fits
DRAM reads an element: 2 resident, 8 streaming (4 passes)
gamma and beta are read once a core by the resident design, once a tile row by the streaming one
blocks: 4 of 16 tiles, 16 being the largest divisor of 64 that fits
design="auto" takes streaming"""


def test_the_designs_print_side_by_side() -> None:
    assert repr(designs(2048, tt.float32, recentre=True, beta=False, residual=True)) == SIDE_BY_SIDE
    assert max(map(len, SIDE_BY_SIDE.splitlines())) <= 100


def test_the_designs_are_those_that_run() -> None:
    job = make_job(np.ones((32, 4096)), np.ones(4096), np.ones(4096))
    assert job.cbs == designs(4096).streaming
    assert job.design == designs(4096).chosen


def test_a_prime_number_of_tiles_is_streamed_one_by_one() -> None:
    last = repr(designs(3104)).splitlines()[-2]
    assert last == "blocks: 97 of 1 tile, 1 being the largest divisor of 97 that fits"


@pytest.mark.parametrize("width", [0, -32, 33])
def test_designs_wants_whole_tiles(width: int) -> None:
    with pytest.raises(tt.HostError) as error:
        designs(width)
    assert str(error.value) == f"designs({width}): W must be a multiple of 32, the width of a tile, from 32 on"
