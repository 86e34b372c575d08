"""Circular buffers: the two shared counters, and each RISC's own pointers into the ring.

As in the chip (W, circular_buffer_interface.h): pushing and popping check nothing, a data-movement pointer
wraps only when it meets the end exactly, a TRISC's wraps at or past the end by subtracting the size.
Left out: who may do what (the API) and whether it was wise (the checks).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .formats import Format
from .waits import History

U16 = 0xFFFF


@dataclass(eq=False)
class CircularBuffer:
    """One CB of one core. `pushed` and `popped` count pages and never fall; the chip keeps 16 bits of each."""

    index: int
    base: int  # L1 byte address
    page_size: int  # bytes
    num_pages: int
    format: Format
    aliased: bool = False  # shares its bytes with another CB
    to_dest: bool = False  # copies of its fp32 tiles reach DST whole (UnpackToDestFp32)

    def __post_init__(self) -> None:
        self.size = self.page_size * self.num_pages
        self.limit = self.base + self.size
        self.pushed = History(f"c_{self.index} pushed")
        self.popped = History(f"c_{self.index} popped")
        self.high_water = 0
        self.producer: str | None = None
        self.consumer: str | None = None

    def __str__(self) -> str:
        return f"c_{self.index}"


class Ring:
    """One RISC's private view of a CB: its own pointers and its own side's count."""

    __slots__ = (
        "acked",
        "asked",
        "cb",
        "engine",
        "limit",
        "num_pages",
        "packed",
        "page",
        "rd",
        "received",
        "size",
        "wr",
    )

    def __init__(self, cb: CircularBuffer, engine: bool) -> None:
        self.cb, self.engine = cb, engine
        # a TRISC counts addresses in 16-byte words: a page that is no multiple of 16 is floored
        self.page = cb.page_size // 16 * 16 if engine else cb.page_size
        self.size, self.limit, self.num_pages = cb.size, cb.limit, cb.num_pages
        self.rd = self.wr = cb.base
        self.acked = self.received = 0  # pages that this RISC popped, and pushed
        self.packed = 0  # pages packed since the last push
        self.asked: dict[tuple[bool, int], int] = {}  # how often this RISC waited (True) or reserved so many pages

    def free(self, popped: int) -> int:
        """Pages that may be reserved, given the consumer's count."""
        return self.num_pages - ((self.received - popped) & U16)

    def ready(self, pushed: int) -> int:
        """Pages at the front, given the producer's count."""
        return (pushed - self.acked) & U16

    def holds(self, pages: int, front: bool) -> Callable[[int], bool]:
        """The chip's test for `pages` pages at the front, or free at the back, of the other side's count."""
        base = self.acked if front else self.received
        if front:
            return lambda value: ((value - base) & U16) >= pages
        room = self.num_pages - pages
        return lambda value: ((base - value) & U16) <= room

    def advance(self, pointer: int, pages: int) -> int:
        pointer += pages * self.page
        if pointer == self.limit or (self.engine and pointer > self.limit):
            pointer -= self.size
        return pointer

    def push(self, pages: int) -> None:
        self.received += pages
        self.wr = self.advance(self.wr, pages)
        self.packed = 0

    def pop(self, pages: int) -> None:
        self.acked += pages
        self.rd = self.advance(self.rd, pages)
