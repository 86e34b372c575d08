"""Every golden run with numerics="exact": each output bit is the chip's."""

from __future__ import annotations

from typing import Any

import golden
import pytest
from golden import Case, assert_same, cases
from test_fpu import CASES
from test_fpu import golden as as_operands
from test_golden_layernorm import SETS, run_bits
from test_golden_programs import KERNELS
from test_tensix_ops import on_device

EVERY = pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])


@EVERY
def test_single_ops_are_the_chips(case: dict[str, Any]) -> None:
    g = as_operands(case)
    assert_same(on_device(case, g, "exact"), g.y)


@cases("programs", "programs_fp32")
def test_programs_are_the_chips(case: Case) -> None:
    assert_same(golden.run(case, KERNELS, numerics="exact").bits["o"], case.arrays["o"])


@cases(*SETS)
def test_every_phase_of_layernorm_is_the_chips(case: Case) -> None:
    for name, bits in run_bits(case, "exact").items():
        expected = case.arrays[name]
        assert_same(bits[:, : expected.shape[1]], expected)
