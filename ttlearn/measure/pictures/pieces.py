"""Spans made fit for drawing: cut to a window, and those too narrow to be seen put together.

Nothing is dropped: a piece of several spans keeps them all, so a picture can show the share of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import TypeVar

from ..levels import Pages
from ..spans import Span

T = TypeVar("T", Span, Pages)


def cut(spans: Iterable[T], begin: int, end: int) -> Iterator[T]:
    """The part of the spans that lies between two cycles."""
    for span in spans:
        first, last = max(begin, span.begin), min(end, span.end)
        if last > first:
            yield span._replace(begin=first, end=last)


def pieces(spans: Iterable[T], least: float) -> Iterator[list[T]]:
    """Single spans of at least `least` cycles; the narrower ones between them in groups that are as wide, or all there are."""
    group: list[T] = []
    for span in spans:
        if span.end - span.begin >= least:
            yield from filter(None, [group, [span]])
            group = []
            continue
        group.append(span)
        if span.end - group[0].begin >= least:
            yield group
            group = []
    if group:
        yield group


def envelope(spans: Iterable[Pages], least: float) -> Iterator[list[Pages]]:
    """As `pieces`, but a group that would be too narrow takes the beginning of the wide span behind it, so that it is seen."""
    group: list[Pages] = []
    whole = ceil(least)
    for span in spans:
        if group and span.end - group[0].begin >= whole:
            middle = group[0].begin + whole
            yield [*group, span._replace(end=middle)]
            group, span = [], span._replace(begin=middle)
        if span.end - span.begin >= whole:
            yield [span]
        elif span.end > span.begin:
            group.append(span)
    if group:
        yield group


def ticks(begin: int, end: int, most: int = 8) -> list[int]:
    """Round cycles between two others: 1, 2 or 5 times a power of ten apart."""
    step = next(m * 10**k for k in range(12) for m in (1, 2, 5) if (end - begin) / (m * 10**k) <= most)
    return list(range(-(-begin // step) * step, end + 1, step))
