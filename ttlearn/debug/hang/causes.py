"""The kinds of root causes, the surest first, and what is said of one.

Left out: finding it. `looks` asks one look after the other at the stops where chains of waits end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .stops import Stop


class Cause(Enum):
    """What went wrong."""

    NOT_CONFIGURED = "the engine was never configured"
    NO_INIT = "an operation's init is missing"
    WRONG_OPERATION = "the engine is configured for another operation"
    NO_PART = "a processor never makes its part of a call"
    DST_MISUSE = "tile_regs calls do not match"
    UNITS = "producer and consumer count in different units"
    POPPED_TOO_EARLY = "a page was popped that is needed again"
    REQUEST_TOO_LARGE = "a request is larger than its CB"
    PUSH_MISSING = "a push is missing on some path"
    POP_MISSING = "a pop is missing on some path"
    PUSHED_TOO_MANY = "more pages are pushed than were reserved"
    PRODUCER_SHORT = "the producer ended short"
    CONSUMER_EARLY = "the consumer ended early"
    NEVER_PRODUCED = "a CB is never produced"
    NEVER_CONSUMED = "a CB is never consumed"
    BARRIER = "a barrier cannot complete"
    SEMAPHORE = "a semaphore is never reached"
    TOO_SMALL = "a CB is too small for what is kept in it"
    CIRCLE = "a circle of waits"
    NOT_TOLD = "somebody waits, and why cannot be told"


@dataclass(frozen=True)
class Root:
    """The cause in one sentence, the stop where it shows, and the lines on both sides.

    `circle` is the waits that hold each other, from the one that shows it on. `advice` is what to change, in words.
    """

    cause: Cause
    sentence: str
    stop: Stop
    sites: tuple[str, ...]
    circle: tuple[Stop, ...] = ()
    advice: str = ""
