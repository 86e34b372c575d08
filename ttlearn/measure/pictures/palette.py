"""How each state looks in every picture: a colour of Okabe and Ito's, a hatch and a letter, so that it reads in grey too.

Left out: sizes and places, which each picture has of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from ..spans import State

INK, PAPER, FAINT = "#222", "#fff", "#bbb"
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#000000"
GREY, DARK = "#999999", "#666666"


class Look(NamedTuple):
    """`hatch` is matplotlib's; `across`, `down`: pixels between the upright and the level lines of an SVG, 0: none."""

    letter: str
    words: str
    colour: str
    hatch: str = ""
    across: int = 0
    down: int = 0


LOOKS = {
    State.LAUNCH: Look("L", "launch", "#cccccc"),
    State.BUSY: Look("B", "busy", BLUE),
    State.CB: Look("C", "waits for a CB", ORANGE, "////", across=4),
    State.NOC: Look("N", "waits for the NOC", RED, "----", down=4),
    State.SEMAPHORE: Look("S", "waits for a semaphore", PINK, "xxxx", across=5, down=5),
    State.MAILBOX: Look("M", "waits for a mailbox", GREY, "++++", across=8, down=5),
    State.OTHER: Look("W", "waits", GREY, "\\\\\\\\", across=3),
    State.SRC: Look("R", "waits for Src", YELLOW, "....", across=8),
    State.DST: Look("D", "waits for DST", GREEN, "||||", down=6),
    State.FLIGHT: Look("T", "transfers in flight", SKY),
    State.IDLE: Look(".", "idle or done", PAPER),
    State.DONE: Look(".", "idle or done", PAPER),
}
QUIET = (State.IDLE, State.DONE)  # drawn as nothing
PLAIN = (State.LAUNCH, State.BUSY, State.FLIGHT, *QUIET)  # nobody waits
