"""`tt.traceback`: every frame of an error, for whom the short form is not enough."""

from __future__ import annotations

import sys
import traceback as python

from .steps import steps


def traceback(error: BaseException | None = None) -> None:
    """Print every frame of `error`, the simulator's too; of the last error that was shown, if none is given."""
    error = error or sys.exc_info()[1] or getattr(sys, "last_value", None)
    if error is None:
        print("There was no error yet.")
        return
    lines = python.StackSummary.extract(iter(steps(error))).format()
    said = python.format_exception_only(error)
    print("".join(["Traceback (most recent call last):\n", *lines, *said]), end="")
