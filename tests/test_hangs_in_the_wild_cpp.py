"""Hangs in C++ beside the golden ones: cause, lines and cure; and programs that finish and do something else than they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from correct import Program
from wild import Wild
from wild_cpp import IN_CPP
from wild_cpp_hints import CLEAN, HANGS, HINTS, REFUSED, Hinted, Hung, Refused

import ttlearn as tt


@pytest.mark.parametrize("made", IN_CPP, ids=lambda made: made.__name__)
def test_a_hang_in_cpp_is_told_with_its_cause_its_lines_and_its_cure(made: Callable[[], Wild]) -> None:
    wild = made()
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*wild.program)
    diagnosis = caught.value.diagnosis
    assert diagnosis.sentence == wild.sentence
    assert diagnosis.cause is wild.cause
    assert diagnosis.sites == wild.sites
    assert diagnosis.change is not None and diagnosis.change.text == wild.advice


@pytest.mark.parametrize("made", IN_CPP, ids=lambda made: made.__name__)
def test_check_tells_a_hang_in_cpp_before_the_run(made: Callable[[], Wild]) -> None:
    wild = made()
    findings = wild.program[1].check(wild.program[0])
    assert [(finding.sentence, finding.lines) for finding in findings] == [(f"it hangs: {wild.sentence}", wild.sites)]


@pytest.mark.parametrize("made", HANGS, ids=lambda made: made.__name__)
def test_check_tells_a_hang_of_which_strict_mode_tells_a_hazard(made: Callable[[], Hung]) -> None:
    hung = made()
    findings = hung.program[1].check(hung.program[0])
    assert [(finding.sentence, finding.lines) for finding in findings] == [(f"it hangs: {hung.sentence}", hung.lines)]


@pytest.mark.parametrize("made", HINTS, ids=lambda made: made.__name__)
def test_what_the_engine_does_other_than_a_call_says_is_a_hint(made: Callable[[], Hinted]) -> None:
    hinted = made()
    findings = hinted.program[1].check(hinted.program[0])
    assert [str(finding) for finding in findings] == [f"hint: {hinted.sentence}\n    {hinted.line}"]


@pytest.mark.parametrize("made", REFUSED, ids=lambda made: made.__name__)
def test_a_hazard_names_its_cause(made: Callable[[], Refused]) -> None:
    refused = made()
    with pytest.raises(tt.Violation) as caught:
        tt.generic_op(*refused.program)
    assert str(caught.value) == refused.sentence


@pytest.mark.parametrize("made", CLEAN, ids=lambda made: made.__name__)
def test_nothing_is_said_about_a_correct_program_in_cpp(made: Callable[[], Program]) -> None:
    tensors, program = made()
    assert program.check(tensors) == []
    assert tt.generic_op(tensors, program).violations == []
