"""What a pattern of waypoints usually means: the words an experienced reader of watcher dumps has for it.

Nothing here needs the program. Left out: certainty; a hint says where to look.
"""

from __future__ import annotations

from collections.abc import Iterator

from .dump import Seen
from .waypoints import mark_of


def hints(seen: Seen) -> Iterator[str]:
    """One sentence each."""
    if len(seen.waypoints) != 5 or seen.idle:
        return
    brisc, ncrisc, unpack, math, pack = seen.waypoints
    computes = "t" not in seen.rmsg.rpartition("|")[2]
    yield from _movers({"BRISC": brisc, "NCRISC": ncrisc})
    if computes:
        yield from _pipeline(brisc, ncrisc, pack)
        yield from _engine(seen, unpack, math, pack)


def _movers(codes: dict[str, str]) -> Iterator[str]:
    for name, code in codes.items():
        if code in ("NSW", "NSMW"):
            yield f"{name}'s semaphore does not get its value: who increments or sets it, on this core's address?"
        elif code in ("NWBW", "NFDW"):
            yield f"{name}'s writes are not all acknowledged: does a multicast's num_dests equal the cores it reaches?"
        elif code in ("NRBW", "NFBW", "NABW", "NFEW"):
            yield f"{name}'s transfers do not come back: is an address or a core's coordinate wrong?"


def _pipeline(brisc: str, ncrisc: str, pack: str) -> Iterator[str]:
    for name, code in (("BRISC", brisc), ("NCRISC", ncrisc)):
        if code == "CWFW" and pack == "W":
            yield f"PACK is done and {name} still waits for pages: fewer were pushed than it waits for, or in another unit."
        elif code == "CRBW" and pack == "W":
            yield f"PACK is done and {name} still waits for free pages: fewer were popped than it pushes, or in another unit."


def _engine(seen: Seen, unpack: str, math: str, pack: str) -> Iterator[str]:
    going = seen.smsg[1:] if len(seen.smsg) == 4 else ""
    if going[1:] == "GD" and going:
        yield "MATH's engine is stuck though PACK is done: is tile_regs_release missing, or an operand of MATH?"
    elif going == "GDD":
        yield "UNPACK goes on though MATH and PACK are done: it waits for pages, or does the init not fit the operation?"
    elif "D" in (math, pack) and unpack not in ("W", "D"):
        done = " and ".join(name for name, code in (("MATH", math), ("PACK", pack)) if code == "D")
        yield f"{done} issued everything: the engine waits for tiles that UNPACK has not given it."
    elif math[:3] == "MWD" and (unpack == "K" or mark_of(unpack) is not None):
        yield "MATH has issued as far ahead as it can: its engine waits for UNPACK's operands or for PACK to free DST."
