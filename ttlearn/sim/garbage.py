"""Python's search for garbage in cycles, less often while a program runs.

A trace is millions of small facts, none of them garbage, which Python looks through again and again: a tenth of the time
of a layernorm of 4096 tiles. Left out: switching the search off, which would keep finished devices in memory.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 5_000, 5, 5  # as gc.set_threshold takes them; Python's own are 700, 10, 10


@contextmanager
def seldom() -> Iterator[None]:
    """Look half as often at all objects, and at the youngest a seventh as often, as Python does by default."""
    before = gc.get_threshold()
    if 0 < before[0] < SELDOM[0]:  # 0: somebody switched it off
        gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
