"""A line of somebody's source, and whether it is the learner's."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from types import CodeType
from typing import NamedTuple

OURS = str(Path(__file__).parent.parent) + os.sep
_LIBRARIES = (OURS, sysconfig.get_path("stdlib") + os.sep, "<frozen", "<string>")
_INSTALLED = ("site-packages", "dist-packages")
_END = 1 << 30


class Place(NamedTuple):
    """A line of a function; `first` and `last`: from where to where the function's text goes, as far as that is known."""

    file: str
    function: str
    line: int
    first: int = 1
    last: int = _END

    @property
    def own(self) -> bool:
        """Is it the learner's?"""
        return learners(self.file)


def place_of(code: CodeType, line: int | None = None) -> Place:
    """A line of `code`, its first if none is given."""
    last = max([code.co_firstlineno, *(number for _, _, number in code.co_lines() if number)])
    return Place(code.co_filename, code.co_name, line or code.co_firstlineno, code.co_firstlineno, last)


def learners(file: str) -> bool:
    """A cell, a script, C++; not ours, Python's or an installed library's."""
    return not file.startswith(_LIBRARIES) and not any(part in file for part in _INSTALLED)
