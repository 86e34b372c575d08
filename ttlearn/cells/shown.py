"""An error as a notebook shows it: a header for each place, its line marked, then the message, all as plain text.

The headers are IPython's own ("Cell In[3], line 2"), so that front ends link them. Left out: colours.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .place import Place

MANY, FIRST, LAST = 8, 2, 5  # of more places than MANY, the FIRST and the LAST ones are shown
WIDTH = 100  # columns of a source line
AROUND = 2  # lines on each side of the innermost place
WHOLE = "tt.traceback() prints every frame, the simulator's too."
BUG = "It was raised inside ttlearn, maybe for an argument that it did not expect; tt.traceback() prints every frame."


def rendered(error: BaseException, places: Sequence[Place], inside: bool) -> list[str]:
    """`places`: from the cell inwards to the kernel. `inside`: the error began in this package's own code."""
    blocks = [_block(place, AROUND if place is places[-1] else 0) for place in places]
    if len(blocks) > MANY:
        blocks = [*blocks[:FIRST], f"... {len(blocks) - FIRST - LAST} more ...", *blocks[-LAST:]]
    return "\n\n".join([*blocks, *_causes(error), f"{_message(error)}\n\n{BUG if inside else WHOLE}"]).splitlines()


def named(filename: str) -> str:
    """What a learner calls the file: `Cell In[3]`, or a path."""
    return _of_ipython(filename) or _of_others(filename) or f"File {_short(filename)}"


def _of_ipython(filename: str) -> str:
    """By the front end's own table of cells; empty if it knows none of that name."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    find = getattr(getattr(shell, "compile", None), "format_code_name", None)
    found = find(filename) if find is not None else None
    return " ".join(found) if found else ""


def _of_others(filename: str) -> str:
    number = re.match(r"<ipython-input-(\d+)-", filename)
    if number:
        return f"Cell In[{number[1]}]"
    if filename.startswith("vscode-notebook-cell:"):
        return f"Cell of {Path(filename.partition('#')[0]).name}"
    if re.search(r"[/\\]ipykernel_\d+[/\\]", filename):
        return "Cell"
    return filename if filename.startswith("<") else ""


def _short(filename: str) -> str:
    """Relative to where we are, if it lies below."""
    here = os.getcwd() + os.sep
    return filename.removeprefix(here)


def _block(place: Place, around: int) -> str:
    """The header, the marked line, and up to `around` lines of the same function on each side of it."""
    line, where = place.line, "" if place.function == "<module>" else f", in {place.function}"
    lines = linecache.getlines(place.file)
    numbers = range(max(place.first, line - around), min(len(lines), place.last, line + around) + 1)
    marked = [f"{'-->' if n == line else '   '} {n:>4} {_cut(lines[n - 1])}".rstrip() for n in numbers]
    return "\n".join([f"{named(place.file)}, line {line}{where}", *marked])


def _cut(line: str) -> str:
    text = line.rstrip()
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _causes(error: BaseException) -> Iterator[str]:
    """What the learner's own `raise ... from` names."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield f"After {_message(cause)}"


def _message(error: BaseException) -> str:
    """As Python has it, with its suggestions and notes, and without our modules' names."""
    told = traceback.TracebackException.from_exception(error, limit=0)  # with its frames: they give the suggestions
    text = "".join(told.format_exception_only()).rstrip()
    return text.removeprefix(f"{type(error).__module__}.")
