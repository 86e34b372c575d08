"""`check`: the learner's functions on cases meant to break them, smallest first, stopping at the first that does.

Functions are handed in, so nothing is looked up behind the learner's back. A case fails by an error, a hang, a hazard,
a wrong element, work that the engine did not do or was not set up for, or a cost above the exercise's goal. Left out:
the exercises (`course/`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from ..cells.steps import border
from ..errors import DeviceHang, HostError, TTError, Violation
from ..host.program import generic_op
from ..host.programmed import programmed
from ..host.run import Run
from . import course
from .attempt import untouched
from .dearer import dearer
from .differences import entry, first_difference
from .exercise import Case, Exercise, Functions, Score, Trial, Value
from .facts import Facts, facts_of
from .odd import odd, turned_round
from .places import in_learners_words
from .slips import asynchronous, returned, slip, where, with_line
from .verdict import COSTS, State, Verdict


class Wrong(Exception):
    """What is wrong with one case, and its picture."""

    def __init__(self, problem: str, picture: str = "") -> None:
        super().__init__(problem)
        self.picture = picture


@border
def check(exercise: str, *functions: Callable[..., Any], **named: Callable[..., Any]) -> Verdict:
    """Try the functions of exercise `exercise` ("01.2"), given by name (`reader=reader`) or in the exercise's order.

    Returns a Verdict: passed, not yet (with the first case that fails) or not attempted. Raises HostError if the
    exercise is not known or the functions are not those it asks for.
    """
    found = course.exercise(exercise)
    handed = _by_name(found, functions, named)
    if untouched(found, handed):
        return Verdict(found, State.OPEN)
    return judge(found, handed)


def judge(exercise: Exercise, functions: Functions) -> Verdict:
    """All cases in order, until one fails."""
    score = None
    if problem := asynchronous(functions, exercise.reference):
        return Verdict(exercise, State.FAILED, 0, exercise.cases[0].name, problem)
    for done, case in enumerate(exercise.cases):
        try:
            score = _try(exercise, case, functions)
        except Wrong as wrong:
            return Verdict(exercise, State.FAILED, done, case.name, str(wrong), wrong.picture)
    reference = _reference(exercise, exercise.cases[-1]) if score is not None else None
    return Verdict(exercise, State.PASSED, len(exercise.cases), score=score, reference=reference)


def _by_name(exercise: Exercise, functions: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    names = list(exercise.reference)
    call = f'check("{exercise.id}", {", ".join(names)})'
    if len(functions) > len(names):
        raise HostError(f"{call} takes {len(names)} function(s), not {len(functions)}")
    handed = dict(zip(names, functions, strict=False)) | named
    if set(handed) != set(names):
        raise HostError(f"exercise {exercise.id} wants {', '.join(names)}: write {call}")
    for name, function in handed.items():
        if not callable(function):
            was = (
                "a coroutine: hand in the function itself, without ()"
                if inspect.iscoroutine(function)
                else repr(function)
            )
            if inspect.iscoroutine(function):
                function.close()
            raise HostError(f"{name} is {was}: write {call}")
    return {name: handed[name] for name in names}


# ---- one case ------------------------------------------------------------------------------------------------


def _try(exercise: Exercise, case: Case, functions: Functions) -> Score | None:
    """The costs of a right run, None for a plain function. Raises Wrong."""
    made: Trial | Value | None = None
    try:
        made = case.make(functions)
        run = _run(case, made) if isinstance(made, Trial) else None
    except DeviceHang as hang:
        raise _failed(exercise, case, functions, made, hang, hang._repr_html_(), hang.run) from hang
    except TTError as error:
        raise _failed(exercise, case, functions, made, error) from error
    except Exception as error:  # a slip in the learner's Python: their line, not ours
        raise Wrong(slip(error, case, functions, exercise.reference)) from error
    if isinstance(made, Value):
        _same(exercise, case, functions, made)
    if run is None or not isinstance(made, Trial):
        return None
    _right(exercise, case, functions, made, run)
    _worked(exercise, case, run)
    _set_up(functions, made, run)
    score = score_of(run)
    _within_goals(exercise, case, score, run)
    return score


def _run(case: Case, trial: Trial, strict: bool = True) -> Run:
    return generic_op(trial.tensors, trial.program, arch=case.arch, seed=case.seed, strict=strict, diagnose=strict)


def _failed(
    exercise: Exercise,
    case: Case,
    functions: Functions,
    made: Any,
    error: TTError,
    picture: str = "",
    run: Run | None = None,
) -> Wrong:
    """An error in the learner's words; before it, if a kernel moves data the wrong way, that."""
    if not isinstance(made, Trial):
        return Wrong(f"{error}{where(error, functions)}", picture)
    said, picture = (in_learners_words(text, made.program, functions) for text in (str(error), picture))
    if isinstance(error, Violation):
        run = _lenient(case, functions)
    if not isinstance(error, DeviceHang):
        said = with_line(said, error, functions)
    turned = turned_round(facts_of(run), _reference_facts(exercise, case)) if run is not None else ""
    return Wrong(f"{turned}.\n{said}" if turned else said, picture)


def _lenient(case: Case, functions: Functions) -> Run | None:
    """Once more, past the hazard: what it would have done, as far as it comes."""
    trial = case.make(functions)
    assert isinstance(trial, Trial)
    try:
        return _run(case, trial, strict=False)
    except DeviceHang as hang:
        run: Run | None = hang.run
        return run
    except Exception:
        return None  # the hazard is told in any case


def _same(exercise: Exercise, case: Case, functions: Functions, value: Any) -> None:
    different = value.got != value.expected
    if getattr(different, "any", lambda: different)():
        odd_value = returned(case, functions, exercise.reference)
        told = entry(value.got, value.expected) or f"it should give {value.expected!r} and gives {value.got!r}"
        raise Wrong(odd_value or told)


def _right(exercise: Exercise, case: Case, functions: Functions, trial: Trial, run: Run) -> None:
    wrong = first_difference(run.output, trial.expected, trial.bounds)
    if wrong is None:
        return
    beside = odd(facts_of(run), _reference_facts(exercise, case), functions, exercise.reference)
    why = f". Beside the reference's run: {beside}.\n" if beside else ": "
    raise Wrong(f"It runs to its end, and the output is wrong{why}{wrong}.", wrong._repr_html_())


def _worked(exercise: Exercise, case: Case, run: Run) -> None:
    """The chip must have done the work: its counters reach the reference's."""
    needed, counted = _reference_counters(exercise, case), run.counters
    for name in exercise.work:
        if counted.get(name, 0) < needed.get(name, 0):
            words = name.replace("_", " ")
            raise Wrong(
                f"The output is right, but {words} is {counted.get(name, 0):,} where this needs {needed[name]:,}: "
                "let the chip do the work, through the calls of this chapter."
            )


def _set_up(functions: Functions, trial: Trial, run: Run) -> None:
    """An operation that the engine was not set up for: right here by chance, and wrong on a chip."""
    for finding in programmed(run.device, set()):
        places = "".join(f" ({line})" for line in finding.lines)
        told = in_learners_words(f"{finding.sentence}{places}", trial.program, functions)
        raise Wrong(f"The output is right here, yet a chip may give another: {told}.")


def _within_goals(exercise: Exercise, case: Case, score: Score, run: Run) -> None:
    for name, times in exercise.goals.items():
        mine, theirs = getattr(score, name), getattr(_reference(exercise, case), name)
        if mine > times * theirs:
            more = dearer(facts_of(run), _reference_facts(exercise, case))
            raise Wrong(
                f"The output is right, but it takes {mine:,} {COSTS[name]}; the goal is {int(times * theirs):,} "
                f"(the reference takes {theirs:,}).{f' {more}.' if more else ''}"
            )


# ---- the reference ---------------------------------------------------------------------------------------------


def score_of(run: Run) -> Score:
    counters = run.counters
    bytes_moved = counters["dram_read_bytes"] + counters["dram_write_bytes"]
    one_core = run.cbs[0].core if run.cbs else None
    l1 = sum(cb.num_pages * cb.page_size for cb in run.cbs if cb.core == one_core)
    return Score(bytes_moved, counters["noc_transactions"], l1, run.cycles)


def _reference(exercise: Exercise, case: Case) -> Score:
    return _run_reference(exercise, case)[0]


def _reference_counters(exercise: Exercise, case: Case) -> dict[str, int]:
    return _run_reference(exercise, case)[1]


@cache
def _reference_facts(exercise: Exercise, case: Case) -> Facts:
    """Only asked for when something is wrong."""
    trial = case.make(exercise.reference)
    assert isinstance(trial, Trial)
    return facts_of(_run(case, trial))


@cache
def _run_reference(exercise: Exercise, case: Case) -> tuple[Score, dict[str, int]]:
    trial = case.make(exercise.reference)
    assert isinstance(trial, Trial)
    run = _run(case, trial)
    return score_of(run), run.counters
