"""What the study says: each statement of its texts, measured again."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ttlearn.layernorm import golden
from ttlearn.layernorm.golden import Error
from ttlearn.layernorm.op import make_job
from ttlearn.sim.formats import bf16_values, to_bf16_rne
from ttlearn.sim.fpu import MathFidelity
from ttlearn.study import __main__ as command
from ttlearn.study import cases, onepass, welford
from ttlearn.study.methods import Method, Settings, error, layernorm, rows
from ttlearn.study.ones import Ones, by_the_fpu, in_fp32, in_pairs, one_by_one
from ttlearn.study.ones import ones as sums_of_ones
from ttlearn.study.picture import STYLES, picture
from ttlearn.study.section import Measure, Section, grid
from ttlearn.study.table import Study

FP32, DST16 = Settings(), Settings(fp32_dest=False)
FLOAT = replace(DST16, numerics="float")
ONE_PASS, RECENTRED, WELFORD = (replace(FP32, method=m) for m in (Method.ONE_PASS, Method.RECENTRED, Method.WELFORD))


@cache
def measured(settings: Settings, width: int = 1024, offset: float = 0.0, uniform: bool = False) -> Error:
    return error(rows(width, offset=offset, uniform=uniform), settings)


def hundreds(width: int, settings: Settings) -> float:
    return error(cases.constant(width), settings).max_abs


# ---- widths -------------------------------------------------------------------------------------------------


def test_a_16_bit_dst_leaves_the_bounds_between_1024_and_4096() -> None:
    assert measured(DST16, 1024).within and not measured(DST16, 4096).within
    assert measured(FP32, 1024).within and measured(FP32, 4096).within


def test_an_fp32_dst_does_not_grow_worse_with_the_width() -> None:
    assert measured(FP32, 4096).frobenius < 1.2 * measured(FP32, 256).frobenius
    assert measured(DST16, 4096).frobenius > 5 * measured(DST16, 256).frobenius


def test_uniform_rows_leave_the_bounds_sooner() -> None:
    assert not measured(DST16, 1024, uniform=True).within
    assert measured(FP32, 1024, uniform=True).within


def test_the_float_model_agrees_for_an_fp32_dst_and_is_too_kind_to_a_16_bit_one() -> None:
    wide = replace(FP32, numerics="float")
    assert math.isclose(measured(wide).frobenius, measured(FP32).frobenius, rel_tol=0.1)
    assert measured(FLOAT, 4096).frobenius < measured(DST16, 4096).frobenius / 3
    assert measured(FLOAT, 4096).within


# ---- methods ------------------------------------------------------------------------------------------------


def test_one_pass_fails_where_two_passes_still_hold() -> None:
    assert measured(ONE_PASS).within and measured(FP32, offset=4).within
    assert not measured(ONE_PASS, offset=4).within
    assert measured(ONE_PASS, offset=16).frobenius > 100 * measured(FP32, offset=16).frobenius


def test_one_pass_may_find_a_negative_variance() -> None:
    narrow = replace(ONE_PASS, fp32_dest=False)
    assert measured(narrow, offset=16).max_abs == np.inf


def test_only_taking_the_mean_out_twice_mends_an_offset() -> None:
    assert not measured(FP32, offset=16).within and not measured(WELFORD, offset=16).within
    assert all(measured(RECENTRED, offset=far).within for far in (16, 256))


def test_welfords_numbers_are_right_and_its_packed_mean_is_not() -> None:
    x = rows(1024, offset=16)
    mean, variance = welford.mean_and_variance(x)
    wide = x.astype(np.float64)
    assert np.allclose(mean[:, 0], wide.mean(axis=1), rtol=1e-5)
    assert np.allclose(variance[:, 0], wide.var(axis=1), rtol=1e-5)
    assert math.isclose(measured(WELFORD, offset=16).frobenius, measured(FP32, offset=16).frobenius, rel_tol=0.05)


def test_the_mean_packed_to_bf16_is_all_of_an_offsets_error() -> None:
    x = rows(1024, offset=64).astype(np.float64)
    packed = bf16_values(to_bf16_rne(x.mean(axis=1, keepdims=True)))
    moved = np.linalg.norm(x.mean(axis=1, keepdims=True) - packed) * math.sqrt(1024)
    expected = moved / np.linalg.norm(x - x.mean(axis=1, keepdims=True))
    assert math.isclose(measured(FP32, offset=64).frobenius, expected, rel_tol=0.1)


def test_the_one_pass_program_is_clean() -> None:
    job = make_job(rows(96), design="resident", cb_depth=1)
    program = onepass.program(job)
    assert program.check(job.tensors) == []


# ---- epsilon, scale, fidelity -------------------------------------------------------------------------------


def test_a_constant_row_is_normalized_to_its_rounding_error_unless_recentred() -> None:
    assert math.isclose(hundreds(96, FP32), 1, rel_tol=0.01)  # 1/96 is cut, so something is left
    assert hundreds(256, FP32) == 0  # 1/256 is not
    assert math.isclose(hundreds(256, DST16), 1, rel_tol=0.01)
    assert hundreds(96, RECENTRED) == 0 and hundreds(256, replace(RECENTRED, fp32_dest=False)) == 0


def test_epsilon_hides_a_constant_row_only_when_it_is_above_the_square_of_the_rest() -> None:
    cut = float(np.uint32(np.float32(1 / 96).view(np.uint32) & 0xFFFF0000).view(np.float32))
    mean = float(bf16_values(to_bf16_rne([100 * 96 * cut]))[0])
    rest = abs(100 - mean)
    for epsilon in (1e-5, 0.1, 10.0, 1000.0):
        found = hundreds(96, replace(FP32, epsilon=epsilon))
        assert math.isclose(found, rest / math.sqrt(rest**2 + epsilon), rel_tol=0.02)


def test_epsilon_shrinks_an_offsets_error_only_with_the_output() -> None:
    small, large = (error(rows(96, offset=256), replace(FP32, epsilon=e)) for e in (1e-5, 10.0))
    assert large.max_abs < small.max_abs / 3  # as 1/sqrt(1 + 10)
    assert large.frobenius > small.frobenius / 1.25


def test_a_power_of_two_scales_out_exactly_if_epsilon_goes_with_it() -> None:
    x = rows(256)
    for k in (-6, 5):
        scaled = layernorm(x * np.float32(2.0**k), replace(DST16, epsilon=1e-5 * 4.0**k))
        assert (scaled == layernorm(x, DST16)).all()


def test_squares_above_1e38_are_too_large() -> None:
    assert error(rows(96, scale=1e18), FP32).within
    assert not error(rows(96, scale=1e20), FP32).within


def test_two_phases_are_enough_and_one_is_not() -> None:
    levels = {level: measured(replace(FP32, fidelity=level)) for level in MathFidelity}
    assert not levels[MathFidelity.LoFi].within and levels[MathFidelity.HiFi2].within
    assert math.isclose(levels[MathFidelity.HiFi3].frobenius, levels[MathFidelity.HiFi4].frobenius, rel_tol=0.01)


def test_small_blocks_keep_a_16_bit_dst_within_the_bounds() -> None:
    in_blocks = {block: measured(replace(DST16, block=block), 4096) for block in (8, 128)}
    assert in_blocks[8].within and in_blocks[8].frobenius < 1.5 * measured(FP32, 4096).frobenius
    assert measured(replace(FP32, block=8), offset=16).within
    assert in_blocks[128].frobenius == measured(DST16, 4096).frobenius  # one block is the whole row


# ---- ones ---------------------------------------------------------------------------------------------------

SOME = (1, 100, 255, 256, 257, 1000, 4096, 5000, 6000, 8192, 10000)


def eight_bits(value: int) -> int:
    """Rounded to eight significant bits, half up."""
    unit = 1 << max(0, value.bit_length() - 8)
    return (value + unit // 2) // unit * unit


def sixteen_at_a_time(count: int) -> int:
    total = 0
    for _ in range(count // 16):
        total = eight_bits(total + 16)
    return eight_bits(total + count % 16)


def test_one_by_one_stops_at_256_and_wider_or_paired_sums_do_not() -> None:
    assert [one_by_one(n) for n in SOME] == [min(n, 256) for n in SOME]
    assert [in_fp32(n) for n in SOME] == list(SOME)
    assert all(abs(in_pairs(n) - n) <= n * 2.0**-8 for n in SOME)


def test_the_fpu_adds_sixteen_at_a_time() -> None:
    assert by_the_fpu(SOME, fp32_dest=True) == list(SOME)
    assert by_the_fpu(SOME, fp32_dest=False) == [sixteen_at_a_time(n) for n in SOME]


# ---- the table and the picture ------------------------------------------------------------------------------


@cache
def small() -> Study:
    """Every kind of section, small."""
    return Study(
        cases.widths((32, 64)),
        cases.offsets((0.0, 16.0), width=64),
        cases.epsilons((1e-5, 1e3)),
        cases.scales((1.0, 1e20), width=32),
        cases.fidelities(width=32),
        cases.blocks((1, 2), width=64),
        sums_of_ones((100, 1000)),
    )


def test_a_section_marks_what_is_outside() -> None:
    found = [Error(0.5, 1, 0.25, False), Error(0.01, 1, 0.002, True)]
    section = grid("1  Why?", Measure.MAX_ABS, "W", [32], [("a", "b"), ("c", "d")], lambda i, j: found[j], "So.")
    assert repr(section).splitlines() == [
        "1  Why? (largest absolute error)",
        " " * 10 + "a".rjust(14) + "c".rjust(14),
        "W".rjust(10) + "b".rjust(14) + "d".rjust(14),
        "32".rjust(10) + "0.5000!".rjust(14) + "0.0100 ".rjust(14),
        "So.",
    ]
    assert section.column(("c", "d")) == [found[1]]


def test_the_study_prints_within_100_columns() -> None:
    text = repr(small())
    assert max(len(line) for line in text.splitlines()) <= 100
    assert all(f"\n{number}  " in text for number in range(1, 8))
    assert f"relative Frobenius error {golden.FROBENIUS:g}" in text
    assert "!" in text.split("1  How")[1]


def test_the_picture_shows_four_questions_and_tells_lines_apart_without_colour() -> None:
    figure = picture(small())
    made = small()
    sections: list[Section | Ones] = [made.widths, made.offsets, made.epsilons, made.ones]
    assert [axes.get_title()[:3] for axes in figure.axes] == ["1  ", "2  ", "3  ", "7  "]
    for axes, section in zip(figure.axes, sections, strict=True):
        lines = len(section.columns) + 1 if isinstance(section, Section) else len(section.sums)
        assert len(axes.get_legend().get_texts()) == lines
    assert len({style["marker"] for style in STYLES}) == len({style["color"] for style in STYLES}) == len(STYLES)


def test_the_command_prints_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "study", small)
    assert command.main([]) == 0 and not list(tmp_path.iterdir())
    assert command.main(["--picture", str(tmp_path / "study.png")]) == 0
    assert (tmp_path / "study.png").read_bytes().startswith(b"\x89PNG")
    assert repr(small()) in capsys.readouterr().out
