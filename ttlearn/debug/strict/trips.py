"""Which line of a kernel stands before a loop that another line goes round: told from the kernel's bytecode.

Asked only when a finding is made. Left out: two lines of different functions; of them nothing is told.
"""

from __future__ import annotations

import dis
from types import CodeType

from ...sim.trace import Site


def once(first: Site, then: Site) -> bool:
    """Does a loop go round `then`, and not round `first`, which stands before it?"""
    return first.code is then.code and _before_the_loop(first.code, first.lasti, then.lasti)


def pointer_once(call: str, push: Site) -> Site | None:
    """The only place where `call` is named before a loop in which this push stands; None if there is not just one."""
    code = push.code
    named = [i.offset for i in dis.get_instructions(code) if i.argval == call and i.opname.startswith("LOAD")]
    before = [at for at in named if _before_the_loop(code, at, push.lasti)]
    return Site(code, before[0], code, before[0]) if len(before) == 1 else None


def _before_the_loop(code: CodeType, first: int, then: int) -> bool:
    backward = [i for i in dis.get_instructions(code) if "JUMP_BACKWARD" in i.opname]
    return any(first < jump.argval <= then <= jump.offset for jump in backward)
