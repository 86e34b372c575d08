"""Runs every mutant of every exercise and counts: `python -m ttlearn.learn.mutant_table [01.2 …]`.

A mutant that passes must stand in its exercise's `equivalent`, with a reason. Left out: what the learners really write.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from . import course
from .check import judge
from .exercise import Exercise
from .mutants import mutants


@dataclass(frozen=True)
class Tally:
    """One exercise: mutants in all, those rejected, those that are right with a reason, and those that slipped through."""

    exercise: Exercise
    total: int
    rejected: int
    equivalent: int
    accepted: tuple[str, ...]

    def __str__(self) -> str:
        line = f"{self.exercise.id:<6}{self.exercise.title[:44]:<46}{self.total:>7}{self.rejected:>10}{self.equivalent:>12}{len(self.accepted):>10}"
        return "\n".join([line, *(f"      accepted: {name}" for name in self.accepted)])


HEAD = f"{'':<6}{'exercise':<46}{'mutants':>7}{'rejected':>10}{'equivalent':>12}{'accepted':>10}"


def tally(exercise: Exercise) -> Tally:
    """Judge every mutant of `exercise`."""
    total, equivalent, accepted = 0, 0, []
    for mutant in mutants(exercise.reference):
        total += 1
        if judge(exercise, {**exercise.reference, mutant.function: mutant.changed}).passed:
            equivalent += mutant.name in exercise.equivalent
            accepted += [mutant.name] if mutant.name not in exercise.equivalent else []
    return Tally(exercise, total, total - equivalent - len(accepted), equivalent, tuple(accepted))


def main(names: Sequence[str]) -> int:
    """Print the table; 1 if a mutant is accepted without a reason."""
    tallies = []
    print(HEAD)
    for exercise in [course.exercise(name) for name in names] or course.exercises():
        tallies.append(tally(exercise))
        print(tallies[-1], flush=True)
    sums = [sum(getattr(t, name) for t in tallies) for name in ("total", "rejected", "equivalent")]
    print(f"{'all':<52}{sums[0]:>7}{sums[1]:>10}{sums[2]:>12}{sum(len(t.accepted) for t in tallies):>10}")
    return int(any(t.accepted for t in tallies))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
