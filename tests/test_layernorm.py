"""The layernorm op against float64 numpy: what it must give, in every design, and what it costs.

The bounds are the vendor's for bf16 (`ttlearn.layernorm.golden`, sheet section H), the shapes those of the
vendor's own row-major layernorm. Inputs are bf16 values, also where the program works in fp32.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import golden
import numpy as np
import pytest
from golden import Case, cases
from numpy.typing import NDArray
from test_golden_layernorm import both, units

import ttlearn as tt
from ttlearn.layernorm.cbs import cb_table
from ttlearn.layernorm.golden import ATOL, Error, compare, layernorm
from ttlearn.layernorm.op import make_job, run_job
from ttlearn.layernorm.phases import PHASES, run_phase
from ttlearn.sim.formats import Format, bf16_values, to_bf16_rne

Floats = NDArray[Any]

SHAPES = [
    (1, 1, 32, 32),
    (1, 1, 64, 32),
    (1, 1, 128, 128),
    (1, 1, 32, 1024),
    (1, 1, 1024, 32),
    (1, 1, 4096, 32),
    (1, 1, 512, 512),
    (2, 3, 64, 128),
    (1, 64, 128),
]
PARAMETERS = list(product((False, True), (False, True)))  # gamma given, beta given
DTYPES = [tt.bfloat16, tt.float32]
PAGES, STYLES = ("sticks", "tiles"), ("helpers", "raw")
KINDS = ("uniform", "normal", "tailed", "scaled", "shifted")


# ---- data ---------------------------------------------------------------------------------------------------


def bf16(values: Floats) -> Floats:
    """The nearest values that bf16 has."""
    return bf16_values(to_bf16_rne(values))


def draw(kind: str, shape: tuple[int, ...]) -> Floats:
    """No row's mean is further from 0 than two standard deviations."""
    rng = np.random.default_rng(len(kind) + sum(shape))
    normal, a_row = rng.standard_normal(shape), (*shape[:-1], 1)
    return bf16(
        {
            "uniform": lambda: rng.random(shape),
            "normal": lambda: normal,
            "tailed": lambda: rng.standard_t(4, shape).clip(-10, 10),
            "scaled": lambda: normal * rng.choice([1e-3, 1, 1e3], a_row),
            "shifted": lambda: normal + rng.choice([-2, 2], a_row),
        }[kind]()
    )


def parameters(width: int, gamma: bool = True, beta: bool = True) -> tuple[Floats | None, Floats | None]:
    rng = np.random.default_rng(width)
    values = bf16(rng.standard_normal((2, width)))
    return values[0] if gamma else None, values[1] if beta else None


class Design(NamedTuple):
    """One cell of the grid."""

    shape: tuple[int, ...]
    gamma: bool
    beta: bool
    dtype: Format
    pages: str
    style: str

    @property
    def x(self) -> Floats:
        """The kinds of data are spread over the grid."""
        number = SHAPES.index(self.shape) + 4 * self.gamma + 2 * self.beta + (self.dtype is tt.float32)
        return draw(KINDS[number % len(KINDS)], self.shape)

    @property
    def cb_depth(self) -> int:
        """Two tile rows of 1024 fp32 numbers in c_0 and c_16 are more than L1 has."""
        return 1 if self.shape[-1] * self.dtype.itemsize > 2048 else 2

    @property
    def parameters(self) -> tuple[Floats | None, Floats | None]:
        return parameters(self.shape[-1], self.gamma, self.beta)

    def __str__(self) -> str:
        given = "".join(name for name, there in (("g", self.gamma), ("b", self.beta)) if there) or "-"
        return f"{'x'.join(map(str, self.shape))}-{given}-{self.dtype.name.lower()}-{self.pages}-{self.style}"


@functools.cache
def done(design: Design) -> tuple[Floats, int]:
    """(output, cycles)"""
    options = {"dtype": design.dtype, "pages": design.pages, "style": design.style, "cb_depth": design.cb_depth}
    run = tt.layernorm_fused_rm(design.x, *design.parameters, **options)
    return run.output, run.cycles


def grid(*, pages: tuple[str, ...] = PAGES, styles: tuple[str, ...] = STYLES) -> pytest.MarkDecorator:
    """All cells but those of the tallest shape with only one of gamma and beta: 1024 rows of 32 show the same sooner."""
    cells = product(SHAPES, PARAMETERS, DTYPES, pages, styles)
    designs = [Design(s, g, b, d, p, y) for s, (g, b), d, p, y in cells if s != (1, 1, 4096, 32) or g == b]
    return pytest.mark.parametrize("design", designs, ids=str)


# ---- the acceptance grid ------------------------------------------------------------------------------------


@grid()
def test_the_op_is_within_the_vendors_bounds(design: Design) -> None:
    error = compare(done(design)[0], layernorm(design.x, *design.parameters))
    assert error.within, str(error)


@grid(styles=("helpers",))
def test_raw_kernels_give_the_bits_of_the_helpers(design: Design) -> None:
    assert (done(design)[0] == done(design._replace(style="raw"))[0]).all()


@grid(styles=("helpers",))
def test_raw_kernels_take_the_cycles_of_the_helpers(design: Design) -> None:
    assert done(design)[1] == done(design._replace(style="raw"))[1]


@grid(pages=("sticks",))
def test_counting_tiles_gives_the_bits_of_counting_sticks(design: Design) -> None:
    assert (done(design)[0] == done(design._replace(pages="tiles"))[0]).all()


@pytest.mark.parametrize(
    ("width", "dtype", "given"), [(2048, tt.bfloat16, True), (4096, tt.bfloat16, False), (1024, tt.float32, True)]
)
def test_rows_that_fit_only_once_run_with_cb_depth_1(width: int, dtype: Format, given: bool) -> None:
    x, (gamma, beta) = draw("normal", (32, width)), parameters(width, given, given)
    with pytest.raises(tt.HostError, match="bytes of L1"):
        tt.layernorm_fused_rm(x, gamma, beta, dtype=dtype, design="resident")
    run = tt.layernorm_fused_rm(x, gamma, beta, dtype=dtype, cb_depth=1)
    assert run.details["design"] == "resident"
    assert compare(run.output, layernorm(x, gamma, beta)).within


def test_blackhole_gives_wormholes_bits() -> None:
    x = draw("normal", (64, 96))
    wormhole, blackhole = (tt.layernorm_fused_rm(x, arch=arch).output for arch in ("wormhole_b0", "blackhole"))
    assert (wormhole == blackhole).all()


def test_the_output_has_the_shape_of_x() -> None:
    assert tt.layernorm_fused_rm(draw("normal", (2, 3, 64, 128))).output.shape == (2, 3, 64, 128)


def test_a_larger_epsilon_shrinks_small_rows() -> None:
    x = bf16(draw("normal", (32, 64)) * 0.1)
    assert compare(tt.layernorm_fused_rm(x, epsilon=0.25).output, layernorm(x, epsilon=0.25)).within


# ---- more cores ---------------------------------------------------------------------------------------------

FIVE_ROWS = (160, 64)  # tile rows: three cores take 2, 2 and 1


def on_cores(cores: int, pages: str, dtype: Format = tt.bfloat16) -> tt.Run:
    x = draw("normal", FIVE_ROWS)
    return tt.layernorm_fused_rm(x, *parameters(64), pages=pages, dtype=dtype, cores=cores)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pages", PAGES)
@pytest.mark.parametrize("cores", [3, 8])
def test_more_cores_give_the_same_bits(cores: int, pages: str, dtype: Format) -> None:
    assert (on_cores(cores, pages, dtype).output == on_cores(1, pages, dtype).output).all()


@pytest.mark.parametrize("pages", PAGES)
def test_more_cores_take_fewer_cycles(pages: str) -> None:
    one, three, eight = (on_cores(cores, pages).cycles for cores in (1, 3, 8))
    assert eight < three < one


@pytest.mark.parametrize(("cores", "rows"), [(1, [5]), (3, [2, 2, 1]), (8, [1, 1, 1, 1, 1])])
def test_the_first_cores_take_the_tile_rows_that_are_left_over(cores: int, rows: list[int]) -> None:
    popped = [report.popped for report in on_cores(cores, "tiles").cbs if report.index == 16]
    assert popped == [2 * row for row in rows]  # Wt = 2


# ---- rows far from 0 ----------------------------------------------------------------------------------------


def far(width: int, sigmas: int) -> Floats:
    """Rows of standard deviation 1 around +sigmas and -sigmas."""
    rng = np.random.default_rng(width + sigmas)
    return bf16(rng.standard_normal((32, width)) + sigmas * rng.choice([-1, 1], (32, 1)))


def error_of(x: Floats, dtype: Format, *, recentre: bool) -> Error:
    return compare(tt.layernorm_fused_rm(x, dtype=dtype, recentre=recentre, cb_depth=1).output, layernorm(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigmas", [8, 30, 100])
@pytest.mark.parametrize("width", [32, 96, 160, 1024])
def test_recentre_meets_the_bounds_far_from_zero(width: int, sigmas: int, dtype: Format) -> None:
    error = error_of(far(width, sigmas), dtype, recentre=True)
    assert error.within, str(error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [32, 96, 160, 1024])
def test_without_recentre_100_sigmas_are_outside_the_bounds(width: int, dtype: Format) -> None:
    error = error_of(far(width, 100), dtype, recentre=False)
    assert not error.within, str(error)
    assert error.frobenius > 0.02


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("constant", [0, 1, 100, 1000, -7.5])
@pytest.mark.parametrize("width", [32, 96, 160, 1024])
def test_recentre_makes_zeros_of_constant_rows(width: int, constant: float, dtype: Format) -> None:
    x = np.full((32, width), constant, np.float32)
    run = tt.layernorm_fused_rm(x, dtype=dtype, recentre=True, cb_depth=1)
    assert np.abs(run.output).max() <= ATOL


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("pages", PAGES)
def test_recentre_serves_every_design_with_gamma_and_beta(pages: str, style: str) -> None:
    x, (gamma, beta) = far(96, 100), parameters(96)
    run = tt.layernorm_fused_rm(x, gamma, beta, recentre=True, pages=pages, style=style)
    assert compare(run.output, layernorm(x, gamma, beta)).within


def test_recentre_raw_takes_the_cycles_of_the_helpers() -> None:
    x = far(96, 100)
    helpers, raw = (tt.layernorm_fused_rm(x, recentre=True, style=style).cycles for style in STYLES)
    assert helpers == raw


# The golden kernels run here within a phase's own rounding of the chip's numbers (test_golden_layernorm); their
# scaler is 1/W too, their inv_std comes from the host, so the phases up to the variance must be theirs exactly.
UP_TO_VARIANCE = {4: "mean", 5: "centered", 6: "squared", 7: "variance"}


@pytest.mark.parametrize("number", UP_TO_VARIANCE)
@cases("layernorm", "layernorm_hard")
def test_the_phases_are_those_of_the_golden_kernels(case: Case, number: int) -> None:
    expected = both(case.name)[0][UP_TO_VARIANCE[number]]
    shown = run_phase(number, golden.values(case.arrays["x"]), fp32_dest_acc_en=units(case) == 1).output
    assert (shown[:, : expected.shape[1]] == expected).all()


@cases("layernorm_hard", where=lambda case: units(case) == 1)
def test_far_from_zero_the_plain_op_loses_what_the_chip_loses(case: Case) -> None:
    chip = both(case.name)[1]
    run = tt.layernorm_fused_rm(chip["x"], chip["gamma"][0], chip["beta"][0])
    error = compare(run.output, chip["out"])
    assert error.within, str(error)


# ---- phases -------------------------------------------------------------------------------------------------

UNIT = 2.0**-8  # half a unit of bf16 in the last place: what one pack may add to a value of 1

# How far a phase's result may be from its formula, in UNITs of 1 + |value|. The data keep |mean| below 2, so a mean
# carries at most two UNITs from the scaler, which is 1/W cut, and two from its own pack; the rest is handed on.
# Products with gamma (up to 3) hand on three times as much.
TOLERANCE = {1: 0, 2: 0, 3: 0, 4: 2, 5: 5, 6: 6, 7: 2, 8: 2, 9: 6, 10: 12, 11: 12, 12: 12}


def formulas(x: Floats, gamma: Floats | None, beta: Floats | None) -> dict[int, Any]:
    """The twelve results in float64."""
    x = np.asarray(x, np.float64)
    mean = x.mean(axis=1, keepdims=True)
    centered = x - mean
    variance = (centered**2).mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(variance + 1e-5)
    scaled = centered * inverse * (1 if gamma is None else gamma)
    out = scaled + (0 if beta is None else beta)
    shown = [gamma, beta, x, mean, centered, centered**2, variance, inverse, centered * inverse, scaled, out, out]
    return dict(enumerate(shown, 1))


def shown_by(number: int, x: Floats, gamma: Floats | None, beta: Floats | None, **options: Any) -> Floats:
    """What counts of a phase's output."""
    output = run_phase(number, x, gamma, beta, **options).output
    if number <= 2:
        return output[0]
    return output[:, :1] if PHASES[number - 1].column else output


# a phase that needs gamma or beta runs only with them
PHASE_RUNS = [
    (number, gamma, beta)
    for number, (gamma, beta) in product(range(1, 13), PARAMETERS)
    if (gamma or number not in (1, 10)) and (beta or number not in (2, 11))
]


@pytest.mark.parametrize("pages", PAGES)
@pytest.mark.parametrize("recentre", [False, True])
@pytest.mark.parametrize(("number", "gamma", "beta"), PHASE_RUNS)
def test_a_phase_gives_its_formula(number: int, gamma: bool, beta: bool, recentre: bool, pages: str) -> None:
    x, given = draw("shifted", (64, 96)), parameters(96, gamma, beta)
    expected = formulas(x, *given)[number]
    shown = shown_by(number, x, *given, recentre=recentre, pages=pages)
    off = np.abs(shown - expected) / (1 + np.abs(expected))
    assert off.max() <= TOLERANCE[number] * UNIT


@pytest.mark.parametrize("number", range(1, 13))
def test_a_phase_gives_its_formula_in_fp32(number: int) -> None:
    x, given = draw("shifted", (64, 96)), parameters(96)
    expected = formulas(x, *given)[number]
    off = np.abs(shown_by(number, x, *given, dtype=tt.float32) - expected) / (1 + np.abs(expected))
    assert off.max() <= TOLERANCE[number] * UNIT


@pytest.mark.parametrize("number", [4, 5, 9])
def test_recentre_brings_a_phase_nearer_to_its_formula(number: int) -> None:
    x = far(96, 30)
    expected = formulas(x, None, None)[number]
    shown = [shown_by(number, x, None, None, recentre=recentre) for recentre in (False, True)]
    plain, again = (np.abs(values - expected).max() for values in shown)
    assert again < plain


def test_phase_12_is_the_op() -> None:
    x, given = draw("normal", (64, 96)), parameters(96)
    assert (run_phase(12, x, *given).output == tt.layernorm_fused_rm(x, *given).output).all()


@pytest.mark.parametrize("number", [0, 13])
def test_there_are_only_twelve_phases(number: int) -> None:
    with pytest.raises(tt.HostError) as error:
        run_phase(number, draw("normal", (32, 32)))
    assert str(error.value) == (
        f"there is no phase {number}; they are 1 to 12: tilize gamma, tilize beta, tilize input, mean, center, square, "
        "variance, epsilon and rsqrt, normalize, gamma, beta, untilize"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "phase 1 (tilize gamma) needs gamma; pass gamma=..."),
        (2, "phase 2 (tilize beta) needs beta; pass beta=..."),
        (10, "phase 10 (gamma) needs gamma; pass gamma=..."),
        (11, "phase 11 (beta) needs beta; pass beta=..."),
    ],
)
def test_a_phase_says_what_it_needs(number: int, text: str) -> None:
    with pytest.raises(tt.HostError) as error:
        run_phase(number, draw("normal", (32, 32)))
    assert str(error.value) == text


def test_a_phase_counts_the_residual() -> None:
    x, residual = draw("shifted", (64, 96)), draw("normal", (64, 96))
    shown = run_phase(4, x, residual=residual).output[:, :1]
    assert np.abs(shown - (x + residual).mean(axis=1, keepdims=True)).max() <= 4 * TOLERANCE[4] * UNIT


def test_phase_3_shows_x_without_the_residual() -> None:
    x = draw("shifted", (64, 96))
    assert (run_phase(3, x, residual=x).output == x).all()


@pytest.mark.parametrize("option", [{"design": "streaming"}, {"rms": True}])
def test_phases_are_the_resident_layernorms(option: dict[str, Any]) -> None:
    with pytest.raises(tt.HostError) as error:
        run_phase(4, draw("normal", (32, 32)), **option)
    assert str(error.value) == 'phases are those of the resident layernorm; leave rms and design="streaming" out'


# ---- seeds and strictness -----------------------------------------------------------------------------------


def seeded(seed: int | None, pages: str = "sticks", style: str = "helpers") -> tt.Run:
    x = draw("normal", (96, 64))
    return tt.layernorm_fused_rm(x, *parameters(64), pages=pages, style=style, cores=2, seed=seed)


@pytest.mark.parametrize("seed", [None, 7])
def test_the_same_seed_gives_the_same_trace(seed: int | None) -> None:
    first, second = ([repr(event) for event in seeded(seed).trace.events()] for _ in range(2))
    assert first == second


def test_another_seed_gives_other_times() -> None:
    assert len({seeded(seed).cycles for seed in range(5)}) > 1


@pytest.mark.parametrize(("pages", "style"), list(product(PAGES, STYLES)))
def test_no_seed_changes_the_output(pages: str, style: str) -> None:
    plain = seeded(None, pages, style).output
    assert all((seeded(seed, pages, style).output == plain).all() for seed in range(50))


@pytest.mark.parametrize("recentre", [False, True])
@pytest.mark.parametrize(("pages", "style"), list(product(PAGES, STYLES)))
def test_without_strict_no_violation_is_listed(pages: str, style: str, recentre: bool) -> None:
    options = {"pages": pages, "style": style, "recentre": recentre}
    run = tt.layernorm_fused_rm(draw("normal", (64, 96)), *parameters(96), strict=False, **options)
    assert run.violations == []


# ---- circular buffers ---------------------------------------------------------------------------------------

TABLE_64 = """\
c_0      64 x    128 B =     8,192 B  bfloat16  input, row-major
c_1       4 x   2048 B =     8,192 B  bfloat16  a tile row: input, later squared, normalized, shifted
c_2       2 x   2048 B =     4,096 B  bfloat16  1/W in row 0 of each face
c_3       1 x   2048 B =     2,048 B  bfloat16  epsilon in element [0, 0]
c_4      32 x    128 B =     4,096 B  bfloat16  gamma, one stick of a tile row
c_5      32 x    128 B =     4,096 B  bfloat16  beta, one stick of a tile row
c_6       2 x   2048 B =     4,096 B  bfloat16  gamma in row 0 of its tiles
c_7       2 x   2048 B =     4,096 B  bfloat16  beta in row 0 of its tiles
c_16     64 x    128 B =     8,192 B  bfloat16  output, row-major
c_24      2 x   2048 B =     4,096 B  bfloat16  input minus mean, later scaled
c_25      1 x   2048 B =     2,048 B  bfloat16  mean in column 0
c_26      1 x   2048 B =     2,048 B  bfloat16  variance in column 0
c_27      1 x   2048 B =     2,048 B  bfloat16  1/sqrt(variance + epsilon) in column 0
total                     57,344 B"""


def test_the_table_prints() -> None:
    assert repr(cb_table(64)) == TABLE_64


@pytest.mark.parametrize("pages", PAGES)
@pytest.mark.parametrize("given", [False, True])
def test_the_table_has_thirteen_rows(given: bool, pages: str) -> None:
    assert len(cb_table(64, pages=pages, gamma=given, beta=given)) == 13


@pytest.mark.parametrize("dtype", DTYPES)
def test_sticks_and_tiles_take_the_same_bytes(dtype: Format) -> None:
    sticks, tiles = (cb_table(96, dtype, pages) for pages in PAGES)
    assert [cb.total_size for cb in sticks] == [cb.total_size for cb in tiles]


def test_without_gamma_and_beta_their_buffers_are_one_page_each() -> None:
    assert [cb.pages for cb in cb_table(64, gamma=False, beta=False)][4:8] == [1, 1, 1, 1]


def test_edit_changes_one_row() -> None:
    table = cb_table(64)
    changed = [cb.index for old, cb in zip(table, table.edit(24, pages=1), strict=True) if cb != old]
    assert changed == [24]


def test_edit_leaves_the_table_as_it_was() -> None:
    table = cb_table(64)
    table.edit(24, pages=1)
    assert table == cb_table(64)


def test_edit_refuses_a_buffer_that_is_not_there() -> None:
    with pytest.raises(tt.HostError) as error:
        cb_table(64).edit(8, pages=1)
    assert str(error.value) == (
        "c_8 is not in the table; it has c_0, c_1, c_2, c_3, c_4, c_5, c_6, c_7, c_16, c_24, c_25, c_26, c_27"
    )


@pytest.mark.parametrize("style", STYLES)
def test_c_24_one_page_short_hangs(style: str) -> None:
    job = make_job(draw("normal", (32, 64)), style=style)
    with pytest.raises(tt.DeviceHang, match="asks for 2 pages of c_24, which has 1"):
        run_job(replace(job, cbs=job.cbs.edit(24, pages=1)))


def test_a_page_more_than_needed_changes_no_bit() -> None:
    job = make_job(draw("normal", (64, 64)))
    plain = run_job(job).output
    assert (run_job(replace(job, cbs=job.cbs.edit(24, pages=4))).output == plain).all()


def test_the_run_says_which_buffers_it_had() -> None:
    assert tt.layernorm_fused_rm(draw("normal", (32, 64)), *parameters(64)).details["cbs"] == cb_table(64)


@pytest.mark.parametrize("pages", PAGES)
def test_only_what_serves_all_rows_is_left_in_the_buffers(pages: str) -> None:
    run = tt.layernorm_fused_rm(draw("normal", (64, 64)), *parameters(64), pages=pages)
    assert {r.index for r in run.cbs if r.left_over} == {2, 3, 6, 7}  # scaler, epsilon, gamma, beta
