"""Does an engine entry run its own operation's program? Told by the names of what the inits have set up.

An operation after another's init runs what that init said. Left out: UNPACK's programs, and SFPU operations, which need
none of the FPU.
"""

from __future__ import annotations

import re
from functools import cache

from ...sim.engine import Thread
from ...sim.work import Kind, MathConf, Work
from .stops import Reason, Stop

_OWN = (  # a call, and the names of the MATH programs that carry it out
    (r"copy_(?:tile|block)", r"copy|transpose"),  # copy_init may transpose
    (r"transpose_(?:tile|block)", r"transpose"),
    (r"(?:pack_untilize|untilize|tilize)_block", r"copy"),
    (r"matmul_(?:tiles|block)", r"matmul"),
    (r"reduce_(?:tile|block)", r"reduce .*"),
    (r"(add|sub|mul)_(?:tiles|block)", r"{0}"),
    (r"(add|sub|mul)_tiles_bcast_(row|col|scalar)s?", r"{0}, {1} broadcast"),
    (r"(add|sub|mul)_tiles_bcast", r"{0}(?:, .*)?"),
)


def foreign(work: Work) -> str:
    """The name of the program that this entry of MATH runs, if it is another operation's; empty if it is its own."""
    if work.kind is not Kind.MATH or not isinstance(work.conf, MathConf) or work.conf.program is None:
        return ""
    return "" if _carries_out(str(work.detail), work.conf.program.name) else work.conf.program.name


@cache
def _carries_out(call: str, program: str) -> bool:
    """True too of calls that are not known."""
    for known, own in _OWN:
        match = re.fullmatch(known, call)
        if match is not None:
            return re.fullmatch(own.format(*match.groups()), program) is not None
    return True


def starves(stop: Stop) -> bool:
    """Has UNPACK given all that this call of MATH will ever get, which another operation's program does not take for enough?"""
    engine, work = stop.core.engine, stop.core.engine.math.work()
    if stop.reason is not Reason.SRC_EMPTY or not isinstance(work, Work) or not foreign(work):
        return False
    return _tiles(engine.unpack, work) > _tiles(engine.math, work)


def _tiles(thread: Thread, of: Work) -> int:
    """How many tiles the calls at this place have come to so far."""
    done = [entry.n for entry in thread.queue[: thread.at] if _same(entry, of)]
    now = thread.work()
    return sum(done) + (thread.k if now is not None and _same(now, of) else 0)


def _same(entry: object, of: Work) -> bool:
    return isinstance(entry, Work) and entry.kind in (Kind.UNPACK, Kind.MATH) and entry.site[:2] == of.site[:2]
