"""The exercises of the course, one file a notebook: `nb01.EXERCISES` are those of notebook 01.

`exercise("01.2")` finds one and imports only its file; `exercises()` lists all. Left out: the notebooks themselves.
"""

from __future__ import annotations

import importlib
import pkgutil

from ...errors import HostError
from ..exercise import Exercise


def exercises() -> tuple[Exercise, ...]:
    """Every exercise, in the notebooks' order."""
    return tuple(exercise for notebook in notebooks() for exercise in of_notebook(notebook))


def notebooks() -> list[str]:
    """The notebooks that have exercises: "01", "10a", …"""
    return sorted(module.name.removeprefix("nb") for module in pkgutil.iter_modules(__path__))


def of_notebook(notebook: str) -> tuple[Exercise, ...]:
    """The exercises of one notebook; none for a notebook without."""
    if notebook not in notebooks():
        return ()
    found: tuple[Exercise, ...] = importlib.import_module(f"{__name__}.nb{notebook}").EXERCISES
    return found


def exercise(id: str) -> Exercise:
    """The exercise with this id, as "01.2". Raises HostError with the ids that there are."""
    found = next((e for e in of_notebook(id.partition(".")[0]) if e.id == id), None)
    if found is None:
        raise HostError(f"there is no exercise {id!r}; there are {', '.join(e.id for e in exercises())}")
    return found
