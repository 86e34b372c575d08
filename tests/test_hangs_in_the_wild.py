"""Hangs in the shapes in which kernels are written: the root cause, both lines and what helps, and no false sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from correct import Program
from wild import WILD, Wild
from wild_correct import CORRECT
from wild_more import MORE
from wild_shapes import SHAPES

import ttlearn as tt
from ttlearn.debug.hang.causes import Cause
from ttlearn.debug.hang.diagnosis import Diagnosis

each = pytest.mark.parametrize("made", [*WILD, *SHAPES, *MORE], ids=lambda made: made.__name__)


def hang(wild: Wild) -> Diagnosis:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*wild.program)
    found: Any = caught.value.diagnosis
    return found  # type: ignore[no-any-return]


@each
def test_the_cause_and_both_lines_are_told_and_what_helps(made: Callable[[], Wild]) -> None:
    wild = made()
    diagnosis = hang(wild)
    assert diagnosis.sentence == wild.sentence
    assert diagnosis.cause is wild.cause
    assert diagnosis.sites == wild.sites
    assert diagnosis.change is not None and diagnosis.change.text == wild.advice


@each
def test_check_tells_the_same_before_the_run(made: Callable[[], Wild]) -> None:
    wild = made()
    findings = wild.program[1].check(wild.program[0])
    if wild.cause is Cause.NOT_TOLD:
        assert findings == [] and findings.undecided != ()
        return
    assert [finding.sentence for finding in findings] == [f"it hangs: {wild.sentence}"]
    assert findings[0].lines == wild.sites


@pytest.mark.parametrize("made", CORRECT, ids=lambda made: made.__name__)
def test_nothing_is_found_in_a_correct_program(made: Callable[[], Program]) -> None:
    tensors, program = made()
    assert program.check() == program.check(tensors) == []
    assert tt.generic_op(tensors, program).violations == []
