"""What the text of a kernel says about one line or one CB, for a finding's sentence.

Asked only when a finding is made. Left out: kernels without a text; of them nothing is known.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...sim.cb import CircularBuffer
from ...sim.sched import Risc
from ...sim.trace import Site, line_of
from ...sim.trisc import Trisc
from ...sim.waits import Role

if TYPE_CHECKING:
    from ...count.made import Made

Args = tuple[int, ...]

_TWO = ("add_", "sub_", "mul_", "matmul", "reduce_", "binary_")  # operations whose first two arguments are CBs
_ROLES = ("UNPACK", "MATH", "PACK")


def calls(risc: Risc) -> list[Made]:
    """Every call that the text of this RISC's kernel shows."""
    if risc.kernel is None:
        return []
    args = (tuple(given) for given in (risc.compile_time_args, risc.runtime_args, risc.common_args))
    return _made(risc.kernel.kernel_source, *args)


@lru_cache(maxsize=32)
def _made(source: Any, compile_time: Args, runtime: Args, common: Args) -> list[Made]:
    from ..hang.text import text_of  # only here: most programs have no finding

    text = text_of(source, compile_time, runtime, common)
    return text.made if text is not None else []


def operands(risc: Risc, site: Site) -> list[CircularBuffer]:
    """The CBs that the engine's call at this line names, SrcA's first: what UNPACK reads there, or where PACK writes."""
    if not isinstance(risc, Trisc):
        return []
    line, found = line_of(site.code, site.lasti), []
    for made in calls(risc):
        if made.line != line or made.call.startswith(("cb_", "tile_regs", "noc_")) or "_init" in made.call:
            continue
        if risc.role is Role.PACK:
            named = made.counts[1:2] if made.call.startswith("pack_tile") else ()
        else:
            named = made.counts[: 2 if made.call.startswith(_TWO) else 1]
            named = named[::-1] if made.call.startswith("matmul") else named
        found += [int(c.constant) for c in named if c is not None and c.constant is not None]
    return [risc.core.cbs[index] for index in found if index in risc.core.cbs]


def named(risc: Risc, call: str) -> list[CircularBuffer]:
    """The CBs for which the text makes `call`."""
    found = [made.counts[0] for made in calls(risc) if made.call == call and made.counts]
    numbers = {int(count.constant) for count in found if count is not None and count.constant is not None}
    return [cb for cb in risc.core.cbs.values() if cb.index in numbers]


def elsewhere(risc: Risc, call: str, cb: CircularBuffer) -> str:
    """`line 7 stands under if MATH(), ...` where this RISC's call is made for another role; else empty."""
    if not isinstance(risc, Trisc):
        return ""
    own = risc.role.name
    for made in calls(risc):
        if made.call != call or not made.counts or made.counts[0] is None or made.counts[0].constant != cb.index:
            continue
        texts = [trip.text for trip in made.around]
        other = next((role for role in _ROLES if role != own and f"if {role}()" in texts), "")
        if other:
            return (
                f"{call} at line {made.line} stands under `if {other}()`, where it does nothing: it is {own}'s, so take it "
                f"out of that `if`, or write `if {own}():` there"
            )
    return ""
