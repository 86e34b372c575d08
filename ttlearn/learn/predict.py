"""`predict`: the learner's answer first, the truth from a run afterwards.

A prediction without an answer hides the truth, so that nobody reads it by accident. Left out: typed-in truths; whoever
reveals computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from html import escape
from typing import Any

from ..cells.steps import border
from ..errors import HostError
from .verdict import MIME


class Outcome(Enum):
    """How a prediction ended."""

    RIGHT = "right"
    WRONG = "not as you said"
    OPEN = "not answered yet"


@dataclass(frozen=True)
class Revealed:
    """The answer beside the truth; `why` is the picture that shows it, if the answer was wrong."""

    id: str
    outcome: Outcome
    answer: Any = None
    truth: Any = None
    why: Any = None

    def __repr__(self) -> str:
        if self.outcome is Outcome.OPEN:
            return f"{self.id} {self.outcome.value}: put your answer in place of ... above, and run both cells again."
        told = f"You said {_said(self.answer)}; it is {_said(self.truth)}."
        if self.outcome is Outcome.RIGHT:
            return f"{self.id} right. {told}"
        return f"{self.id} {self.outcome.value}. {told}" + (f"\n{self.why!r}" if self.why is not None else "")

    def _repr_html_(self) -> str:
        head = escape(repr(self).partition("\n")[0], quote=False)
        shown = self.outcome is Outcome.WRONG and self.why is not None
        return f'<div data-outcome="{self.outcome.name.lower()}"><p>{head}</p>{_html(self.why) if shown else ""}</div>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        facts = {"exercise": self.id, "kind": "predict", "state": self.outcome.value}
        if self.outcome is not Outcome.OPEN:
            facts |= {"answer": _said(self.answer), "truth": _said(self.truth)}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: facts}


@dataclass(frozen=True)
class Prediction:
    """A question and its answer so far; `reveal` compares it with what a run did."""

    id: str
    question: str
    answer: Any = ...
    choices: tuple[Any, ...] = ()
    within: float = 0.0

    def __repr__(self) -> str:
        of = f" (choose one of {', '.join(map(_said, self.choices))})" if self.choices else ""
        said = "not answered yet" if self.answer is ... else f"you say {_said(self.answer)}"
        return f"{self.id} {self.question}{of} {said}"

    def reveal(self, truth: Any, why: Any = None) -> Revealed:
        """The answer beside `truth`, computed from a run; `why` is shown if they differ (anything with a repr)."""
        if self.answer is ...:
            return Revealed(self.id, Outcome.OPEN)
        right = self._fits(truth)
        return Revealed(self.id, Outcome.RIGHT if right else Outcome.WRONG, self.answer, truth, None if right else why)

    def _fits(self, truth: Any) -> bool:
        if self.within and isinstance(self.answer, (int, float)):
            return bool(abs(self.answer - truth) <= self.within * abs(truth))
        if isinstance(self.answer, str) and isinstance(truth, str):
            return self.answer.strip().lower() == truth.strip().lower()
        return bool(self.answer == truth)


@border
def predict(
    id: str, question: str, answer: Any = ..., *, choices: tuple[Any, ...] = (), within: float = 0.0
) -> Prediction:
    """Store an answer before the next cell shows the truth.

    `answer`: what the learner writes in place of `...`, one of `choices` if there are some. `within`: how far off a
    number may be and still count as right, as a part of the truth. Raises HostError for an answer that is no choice.
    """
    if choices and answer is not ... and answer not in choices:
        raise HostError(f"{_said(answer)} is not one of the answers; choose one of {', '.join(map(_said, choices))}")
    return Prediction(id, question, answer, tuple(choices), within)


def _said(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,}" if float(value).is_integer() else f"{value:,.4g}"
    return repr(value) if isinstance(value, str) else str(value)


def _html(why: Any) -> str:
    made = getattr(why, "_repr_html_", None) or getattr(why, "_repr_svg_", None)
    return str(made()) if made is not None else f"<pre>{escape(str(why), quote=False)}</pre>"
