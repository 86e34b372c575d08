"""What `check` answers: passed, or what is wrong at the first case that fails, with the costs beside the reference's.

A verdict is text, HTML, and JSON of the type `application/vnd.ttlearn.check+json`, from which a workshop's table is
made without running anybody's notebook. Left out: finding it (`check`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from html import escape
from typing import Any

from .exercise import Exercise, Score

MIME = "application/vnd.ttlearn.check+json"


class State(Enum):
    """How an exercise stands. `word` begins the verdict."""

    PASSED = "passed"
    FAILED = "not yet"
    OPEN = "not attempted"


SLOWER = 1.1  # times the reference's cycles from which on it is said
COSTS = {
    "dram_bytes": "bytes to and from DRAM",
    "noc_transactions": "NOC transactions",
    "l1_bytes": "bytes of L1 for CBs",
    "cycles": "cycles (model)",
}


@dataclass(frozen=True)
class Verdict:
    """The answer of `check`. `case` is the one that failed, `problem` says what is wrong, `picture` is HTML."""

    exercise: Exercise
    state: State
    cases: int = 0  # how many passed
    case: str = ""
    problem: str = ""
    picture: str = ""
    score: Score | None = None
    reference: Score | None = None

    @property
    def passed(self) -> bool:
        return self.state is State.PASSED

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *self._costs()])

    def _headline(self) -> str:
        name = f"{self.exercise.id} {self.exercise.title}: {self.state.value}"
        if self.state is State.OPEN:
            return f"{name}. Fill in the blanks (...) or change what is given, run that cell, then this one."
        if self.state is State.PASSED:
            return f"{name}, all {self.cases} cases.{self._slower()}"
        before = f" ({self.cases} passed before it)" if self.cases else ""
        return f"{name}. Case: {self.case}{before}.\n{self.problem}"

    def _slower(self) -> str:
        if self.score is None or self.reference is None or self.score.cycles <= SLOWER * self.reference.cycles:
            return ""
        return f" Right, and slower: {self.score.cycles:,} cycles (model) against {self.reference.cycles:,}."

    def _costs(self) -> list[str]:
        if self.score is None or self.reference is None:
            return []
        mine, theirs = asdict(self.score), asdict(self.reference)
        lines = [f"  {'':<24}{'yours':>12}{'reference':>12}"]
        return lines + [f"  {COSTS[name]:<24}{mine[name]:>12,}{theirs[name]:>12,}" for name in COSTS]

    def _repr_html_(self) -> str:
        text = escape(self._headline(), quote=False)
        head, _, rest = text.partition("\n")
        parts = [f"<strong>{head}</strong>"]
        if rest:
            parts.append(f'<pre style="white-space:pre-wrap;font-family:monospace">{rest}</pre>')
        if self.picture:
            parts.append(self.picture)
        if costs := "\n".join(self._costs()):
            parts.append(f'<pre style="font-family:monospace">{escape(costs, quote=False)}</pre>')
        return f'<div class="ttlearn-verdict" data-state="{self.state.value}">{"".join(parts)}</div>'

    def facts(self) -> dict[str, Any]:
        """What a workshop's leader needs, as plain JSON."""
        facts: dict[str, Any] = {
            "exercise": self.exercise.id,
            "title": self.exercise.title,
            "kind": self.exercise.kind.value,
            "state": self.state.value,
            "cases_passed": self.cases,
            "cases": len(self.exercise.cases),
        }
        if self.case:
            facts["failed_case"], facts["problem"] = self.case, self.problem.splitlines()[0]
        if self.score is not None:
            facts["score"] = asdict(self.score)
        return facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: self.facts()}
