"""Exercises of notebook 12: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ttlearn import MathFidelity, layernorm_fused_rm
from ttlearn import compute as ck
from ttlearn.learn import check
from ttlearn.learn.course.nb12 import RIGHT, TOO_DEAR, WIDTHS, to_bf16
from ttlearn.learn.verdict import State

LO, HI2, HI4 = MathFidelity.LoFi, MathFidelity.HiFi2, MathFidelity.HiFi4


# ---- 12.1 -------------------------------------------------------------------------------------------------------------


def by_the_cut_part(bits: Any) -> Any:
    return (bits >> 16) + (bits & 0xFFFF >= 0x8000)


def by_a_bit(bits: Any) -> Any:
    return (bits >> 16) + (bits >> 15 & 1)


def element_by_element(bits: Any) -> Any:
    return [(int(b) + 0x8000) // 0x10000 for b in bits]


@pytest.mark.parametrize("answer", [by_the_cut_part, by_a_bit, element_by_element])
def test_another_way_to_round_passes(answer: Any) -> None:
    assert check("12.1", answer).passed


def cut(bits: Any) -> Any:
    return bits >> 16


def to_even(bits: Any) -> Any:
    return bits.view(np.float32).astype(ml_dtypes.bfloat16).view(np.uint16)


def always_up(bits: Any) -> Any:
    return (bits + 0xFFFF) >> 16


@pytest.mark.parametrize(
    ("answer", "case"),
    [
        (cut, "a little below and above the middle"),
        (to_even, "exactly in the middle"),
        (always_up, "a little below and above the middle"),
    ],
)
def test_another_rounding_fails_where_it_differs(answer: Any, case: str) -> None:
    verdict = check("12.1", answer)
    assert verdict.state is State.FAILED and verdict.case == case
    assert verdict.problem.startswith("it should give '")


def test_a_wrong_pattern_is_told_with_what_it_was_made_of() -> None:
    told = check("12.1", cut).problem
    assert told == "it should give '3f808001: 3f81, bf808001: bf81' and gives '3f808001: 3f80, bf808001: bf80'"


def as_floats(bits: Any) -> Any:
    return ((bits + 0x8000) >> 16).astype(np.float32)


def one_for_all(bits: Any) -> Any:
    return to_bf16(bits[:1])


@pytest.mark.parametrize(("answer", "said"), [(as_floats, "gave float32 numbers"), (one_for_all, "of shape (1,)")])
def test_what_is_no_array_of_patterns_is_told(answer: Any, said: str) -> None:
    assert said in check("12.1", answer).problem


def test_away_from_the_middle_the_reference_is_numpys_own_rounding() -> None:
    values = np.random.default_rng(1).normal(size=4096).astype(np.float32)
    values = values[values.view(np.uint32) & 0xFFFF != 0x8000]
    assert (to_bf16(values.view(np.uint32)) == values.astype(ml_dtypes.bfloat16).view(np.uint16)).all()


# ---- 12.2 -------------------------------------------------------------------------------------------------------------


def always(fidelity: MathFidelity, fp32_dest: bool) -> Callable[[int], Any]:
    return lambda width: (fidelity, fp32_dest)


def test_only_its_longer_sections_make_the_op_slower_with_a_16_bit_dst(monkeypatch: pytest.MonkeyPatch) -> None:
    def cycles(fp32_dest_acc_en: bool) -> int:
        return layernorm_fused_rm(np.ones((32, 256)), fp32_dest_acc_en=fp32_dest_acc_en).cycles

    assert cycles(False) > cycles(True)
    monkeypatch.setattr(ck, "DEST_AUTO_LIMIT", lambda: 4)
    assert cycles(False) == cycles(True)


def test_a_table_passes_like_a_comparison() -> None:
    table = dict.fromkeys(WIDTHS[:2], (HI2, 0)) | dict.fromkeys(WIDTHS[2:], (HI2, 1))
    assert check("12.2", lambda width: table[width]).passed


def test_a_pair_the_other_way_round_is_told() -> None:
    assert check("12.2", lambda width: (True, HI4)).problem == (
        "cheapest(64) gave (True, <MathFidelity.HiFi4: 4>); give a pair: a fidelity, and whether DST is fp32, as "
        "(MathFidelity.HiFi4, True)"
    )


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        (always(LO, False), "rows of 64", "OUTSIDE the vendor's bf16 bounds"),
        (always(HI2, False), "rows of 1,024", "OUTSIDE the vendor's bf16 bounds"),
        (always(HI2, True), "rows of 64", TOO_DEAR),
        (always(HI4, False), "rows of 64", TOO_DEAR),
        (lambda width: (HI2, width > 64), "rows of 256", TOO_DEAR),
    ],
)
def test_a_choice_that_is_too_poor_or_too_dear_is_told(answer: Any, case: str, said: str) -> None:
    verdict = check("12.2", answer)
    assert verdict.state is State.FAILED and verdict.case == case
    assert said in verdict.problem and f"it should give '{RIGHT}'" in verdict.problem
