"""One visible change of a recorded run: when, of what, to which value, and the sentence that tells it.

Left out: how changes are found (`riscs`, `buffers`, `engine`) and put together (`record`).
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Jump(Enum):
    """What the view can jump to."""

    NONE = ""
    WAIT = "w"  # a RISC begins to wait, or an engine thread to stall for good
    PUSH = "p"
    HANG = "h"


class Change(NamedTuple):
    """At `cycle`, `key` becomes `value`; `told` is the log's line. A key of "" changes nothing and only tells."""

    cycle: int
    key: str
    value: Any = None
    told: str = ""
    jump: Jump = Jump.NONE
