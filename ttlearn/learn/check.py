"""`check`: the learner's functions on cases meant to break them, smallest first, stopping at the first that does.

Functions are handed in, so nothing is looked up behind the learner's back. A case fails by an error, a hang, a hazard,
a wrong element, work that the engine did not do, or a cost above the exercise's goal. Left out: the exercises (`course/`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from ..errors import DeviceHang, HostError, TTError
from ..host.program import generic_op
from ..host.run import Run
from . import course
from .attempt import untouched
from .differences import first_difference
from .exercise import Case, Exercise, Functions, Score, Trial, Value
from .verdict import COSTS, State, Verdict


class Wrong(Exception):
    """What is wrong with one case, and its picture."""

    def __init__(self, problem: str, picture: str = "") -> None:
        super().__init__(problem)
        self.picture = picture


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
    try:
        made = case.make(functions)
        run = (
            generic_op(made.tensors, made.program, arch=case.arch, seed=case.seed) if isinstance(made, Trial) else None
        )
    except DeviceHang as hang:
        raise Wrong(str(hang), hang._repr_html_()) from hang
    except TTError as error:
        raise Wrong(str(error)) from error
    except Exception as error:  # a slip in the learner's Python: their line, not ours
        raise Wrong(f"{type(error).__name__}: {error}{_where(error, functions)}") from error
    if run is None or isinstance(made, Value):
        _same(made)
        return None
    _right(made, run)
    _worked(exercise, case, run)
    score = score_of(run)
    _within_goals(exercise, case, score)
    return score


def _same(value: Any) -> None:
    different = value.got != value.expected
    if getattr(different, "any", lambda: different)():
        raise Wrong(f"it should give {value.expected!r} and gives {value.got!r}")


def _where(error: Exception, functions: Functions) -> str:
    """The last of the learner's own lines in the traceback."""
    files = {function.__code__.co_filename for function in functions.values() if hasattr(function, "__code__")}
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line} of that cell)" if line else ""


def _right(trial: Trial, run: Run) -> None:
    wrong = first_difference(run.output, trial.expected, trial.bounds)
    if wrong is not None:
        raise Wrong(f"It runs to its end, and the output is wrong: {wrong}.", wrong._repr_html_())


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


def _within_goals(exercise: Exercise, case: Case, score: Score) -> None:
    for name, times in exercise.goals.items():
        mine, theirs = getattr(score, name), getattr(_reference(exercise, case), name)
        if mine > times * theirs:
            raise Wrong(
                f"The output is right, but it takes {mine:,} {COSTS[name]}; the goal is {int(times * theirs):,} "
                f"(the reference takes {theirs:,})."
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
def _run_reference(exercise: Exercise, case: Case) -> tuple[Score, dict[str, int]]:
    trial = case.make(exercise.reference)
    assert isinstance(trial, Trial)
    run = generic_op(trial.tensors, trial.program, arch=case.arch, seed=case.seed)
    return score_of(run), run.counters
