"""The exercises of the course, one file a notebook; `exercise(id)` finds one, `exercises()` lists them in order.

Left out: the notebooks, which hold the statements and the tips' places.
"""

from __future__ import annotations

from ...errors import HostError
from ..exercise import Exercise
from . import nb01

_ALL: tuple[Exercise, ...] = (*nb01.EXERCISES,)


def exercises() -> tuple[Exercise, ...]:
    return _ALL


def exercise(id: str) -> Exercise:
    """The exercise with this id, as "01.2". Raises HostError with the ids that there are."""
    found = next((e for e in _ALL if e.id == id), None)
    if found is None:
        raise HostError(f"there is no exercise {id!r}; there are {', '.join(e.id for e in _ALL)}")
    return found
