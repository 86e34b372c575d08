"""What strict mode has found: raised at once with `strict`, else each sentence listed once. Left out: finding it."""

from __future__ import annotations

from ...errors import Violation
from ...sim.trace import Site
from . import words


class Findings:
    """The list of a run, which all parts of the checks add to."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.violations: list[str] = []

    def violate(self, text: str, site: Site | None) -> None:
        text = words.spoken(text)
        if self.strict:
            error = Violation(text)
            error.places = () if site is None else (site.place,)
            raise error
        if text not in self.violations:
            self.violations.append(text)
