"""A strict reader of Chrome's trace event format: what it allows for the phases X, M, C, s and f, and nothing else.

The format: "Trace Event Format" of the Chromium project, JSON object form.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from itertools import pairwise
from typing import Any

Event = dict[str, Any]
COMMON = {"ph", "pid", "tid", "ts", "name"}
MORE = {"X": {"dur", "args"}, "M": {"args"}, "C": {"args"}, "s": {"cat", "id"}, "f": {"cat", "id", "bp"}}
OPTIONAL = {"X": {"args"}}
METADATA = {"process_name": str, "thread_name": str, "process_sort_index": int, "thread_sort_index": int}
PROCESS = {"process_name", "process_sort_index"}
EPSILON = 1e-4  # microseconds: times are rounded


def validate(text: str) -> list[Event]:
    """The events of a file that keeps to the format; an AssertionError names what does not."""
    data = json.loads(text, parse_constant=lambda name: math.nan)
    assert set(data) <= {"traceEvents", "displayTimeUnit", "otherData"}
    assert data["displayTimeUnit"] in ("ms", "ns")
    events: list[Event] = data["traceEvents"]
    for event in events:
        fields(event)
    names(events)
    slices(events)
    counters(events)
    flows(events)
    return events


def fields(event: Event) -> None:
    """Each phase has its own fields, of their own types."""
    ph = event["ph"]
    assert ph in MORE, event
    assert COMMON | MORE[ph] - OPTIONAL.get(ph, set()) <= set(event) <= COMMON | MORE[ph], event
    assert type(event["pid"]) is int and type(event["tid"]) is int
    assert isinstance(event["name"], str) and event["name"]
    times = [event["ts"], event.get("dur", 0)]
    assert all(type(time) in (int, float) and math.isfinite(time) and time >= 0 for time in times), event
    assert isinstance(event.get("args", {}), dict)


def names(events: list[Event]) -> None:
    """Every process and thread in use has one name and one place, and no other has."""
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "M":
            (key,) = event["args"]
            assert key == ("name" if event["name"].endswith("_name") else "sort_index")
            assert type(event["args"][key]) is METADATA[event["name"]]
            told[event["name"]].append((event["pid"], 0 if event["name"] in PROCESS else event["tid"]))
    assert all(len(set(some)) == len(some) for some in told.values())
    used = {(event["pid"], event["tid"]) for event in events if event["ph"] in "Xsf"}
    assert used <= set(told["thread_name"]) == set(told["thread_sort_index"])
    assert {event["pid"] for event in events} <= {pid for pid, _ in told["process_name"]}


def slices(events: list[Event]) -> None:
    """Slices of a thread nest or follow each other; these follow."""
    for some in threads(events).values():
        assert all(one[1] <= other[0] + EPSILON for one, other in pairwise(sorted(some)))


def threads(events: list[Event]) -> dict[tuple[int, int], list[tuple[float, float]]]:
    found: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            assert event["dur"] > 0
            found[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    return found


def counters(events: list[Event]) -> None:
    """A counter's values are numbers, and it has one at a time."""
    last: dict[tuple[int, str], float] = {}
    for event in events:
        if event["ph"] == "C":
            assert event["args"] and all(type(value) in (int, float) for value in event["args"].values())
            key = event["pid"], event["name"]
            assert last.get(key, -1.0) < event["ts"]
            last[key] = event["ts"]


def flows(events: list[Event]) -> None:
    """An arrow has one start and one end, later, of the same name; both lie in slices."""
    ends: dict[tuple[str, int], dict[str, Event]] = defaultdict(dict)
    for event in events:
        if event["ph"] in "sf":
            pair = ends[event["cat"], event["id"]]
            assert event["ph"] not in pair
            pair[event["ph"]] = event
    inside = threads(events)
    for pair in ends.values():
        assert set(pair) == {"s", "f"} and pair["f"]["bp"] == "e"
        assert pair["s"]["name"] == pair["f"]["name"] and pair["s"]["ts"] <= pair["f"]["ts"]
        for end in pair.values():
            some = inside[end["pid"], end["tid"]]
            assert any(begin - EPSILON <= end["ts"] <= stop + EPSILON for begin, stop in some)
