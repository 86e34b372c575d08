"""Timelines: spans, text, SVG and figure say what the trace says, of random programs too."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import TILE, cb, launch, no_tiles, tile_writer, tiles
from programs import reader as bring
from runs_to_draw import SVG, boxes, few, hang_run, long, many, pipelines, protocols, small
from test_measure import copies

import ttlearn as tt
from ttlearn.layernorm.op import layernorm_fused_rm
from ttlearn.measure.pictures.palette import LOOKS
from ttlearn.measure.spans import Lane, State
from ttlearn.measure.stalls import Cause
from ttlearn.measure.timeline import Timeline, core_lanes


def spans_agree(run: tt.Run) -> None:
    """Lanes cover the run, and hold each wait of the trace as it is, each tile, and nothing else that waits."""
    for lane in core_lanes(run.device):
        ends = [0, *(span.end for span in lane.spans)]
        assert [span.begin for span in lane.spans] == ends[:-1] and ends[-1] == run.cycles
        events = [
            e
            for e in run.trace.events()
            if (e.core, e.risc) == (lane.core, lane.name) and e.what.startswith("wait ") and e.end > e.start
        ]
        waits = [span for span in lane.spans if span.event is not None]
        assert [(e.start, e.end) for e in events] == [(s.begin, s.end) for s in waits if s.event in run.trace.facts]
        assert all(span.end == run.cycles for span in waits if span.event not in run.trace.facts)


@many
@given(protocols)
def test_lanes_of_any_protocol_agree_with_its_trace(run: tt.Run) -> None:
    spans_agree(run)
    assert all(sum(row.shares.values()) == pytest.approx(100) for row in run.stalls().rows)


@few
@given(pipelines)
def test_lanes_of_any_pipeline_agree_with_its_trace(run: tt.Run) -> None:
    spans_agree(run)
    busy = {lane.name: lane.share(State.BUSY) * run.cycles for lane in core_lanes(run.device)}
    kinds = {"UNPACK": ("unpack",), "MATH": ("math", "sfpu"), "PACK": ("pack",)}
    for name, whats in kinds.items():
        tiles = sum(e.end - e.start for e in run.trace.events() if e.what in whats)
        assert busy.get(name, 0) == pytest.approx(tiles)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_lanes_of_many_cores_and_drawn_timings_agree_with_their_trace(seed: int | None) -> None:
    run = layernorm_fused_rm(np.ones((64, 64)), cores=2, seed=seed)
    assert len({lane.core for lane in core_lanes(run.device)}) == 2
    spans_agree(run)


def within(lane: Lane, begin: int, end: int) -> Counter[str]:
    """Cycles by what they were spent on, between two cycles, counted span by span."""
    cycles: Counter[str] = Counter()
    for span in lane.spans:
        shared = min(end, span.end) - max(begin, span.begin)
        if shared > 0:
            cycles[str(Cause(span.state, span.what))] += shared
    return cycles


def svg_agrees(made: Timeline) -> None:
    drawn = boxes(made.svg(), "data-lane")
    assert list(drawn) == [lane.name for lane in made.lanes]
    for lane in made.lanes:
        places = [(int(box.get("data-begin", "")), int(box.get("data-end", ""))) for box in drawn[lane.name]]
        assert [begin for begin, _ in places] == [made.begin, *(end for _, end in places)][:-1]
        assert places[-1][1] == made.end
        for box, (begin, end) in zip(drawn[lane.name], places, strict=True):
            title = box.findtext(f"{SVG}title") or ""
            assert title.startswith(f"{begin:,} to {end:,}: ")
            told = dict(part.rsplit(" ", 1) for part in title.split(": ", 1)[1].split(", "))
            assert {what: int(count) for what, count in told.items()} == within(lane, begin, end)


@few
@given(st.one_of(pipelines, protocols), st.data())
def test_the_svg_of_any_window_says_what_the_spans_say(run: tt.Run, data: Any) -> None:
    begin = data.draw(st.integers(0, run.cycles - 1))
    svg_agrees(run.timeline(begin=begin, end=data.draw(st.integers(begin + 1, run.cycles))))


def test_a_long_run_s_svg_keeps_every_cycle_and_stays_small() -> None:
    made = long().timeline()
    svg_agrees(made)
    assert long().cycles > 150_000 and sum(len(lane.spans) for lane in made.lanes) > 5_000
    assert len(made._repr_html_()) < 300_000


@pytest.mark.parametrize("run", [small, long])
def test_the_figure_gives_each_state_the_area_of_its_cycles(run: Callable[[], tt.Run]) -> None:
    made = run().timeline()
    area: dict[str, float] = defaultdict(float)
    for polygons in made.figure().axes[0].collections:
        colour = tuple(polygons.get_facecolor()[0])
        for path in polygons.get_paths():
            (x, y), (right, foot) = path.vertices.min(0), path.vertices.max(0)
            area[str(colour)] += (right - x) * (foot - y)
    cycles = Counter[State]()
    for lane in made.lanes:
        for span in lane.spans:
            cycles[span.state] += span.end - span.begin
    shown = sorted(count for state, count in cycles.items() if LOOKS[state].letter != ".")
    assert sorted(each / 0.76 for each in area.values()) == pytest.approx(shown)


def letters(lane: Lane, end: int) -> list[str]:
    """The state's letter of every single cycle."""
    return [LOOKS[s.state].letter for s in lane.spans for _ in range(s.begin, min(end, s.end))]


def test_a_column_of_the_text_shows_what_takes_most_of_it() -> None:
    made = small().timeline(end=3640)  # 91 columns of 40 cycles
    shown = repr(made).splitlines()[1:]
    for lane, line in zip(made.lanes, shown, strict=False):
        cycles = letters(lane, 3640)
        for k, letter in enumerate(line[9:]):
            count = Counter(cycles[40 * k : 40 * k + 40])
            alone, most = len(count) == 1, count.most_common(1)[0][1]
            assert count["." if letter in ".," else letter.upper()] == most
            assert alone == (letter.isupper() or letter == ".")


def test_the_whole_text_of_a_hang() -> None:
    lines = repr(hang_run().timeline()).splitlines()
    assert lines[0] == "core (0, 0): cycles 0 to 2,164, where this core hangs (model); a column is 27 cycles"
    assert re.fullmatch(r"  BRISC  [LCBNlcbn]+ ▸ c_0 pages", lines[1])
    assert [line.split()[0] for line in lines[1:5]] == ["BRISC", "NCRISC", "NOC", "NOC"]
    assert lines[5:] == [
        "  L launch · B busy · C waits for a CB · N waits for the NOC · T transfers in flight ·",
        "  . idle or done · small letter, or comma: most of the column · ▸ stands still for ever",
    ]


def test_a_hang_tells_what_its_engine_stands_still_for() -> None:
    async def two_tiles() -> None:
        await copies()
        tt.compute.tile_regs_wait()

    both = [cb(0, 1, TILE), cb(16, 1, TILE)]
    with pytest.raises(tt.DeviceHang) as hang:
        launch(bring, tile_writer, two_tiles, tensors=[tiles(4), no_tiles(4)], cbs=both)
    assert hang.value.run.timeline().stuck == {"PACK": "DST data"}


def test_a_hang_s_pictures_tell_who_stands_still_for_what() -> None:
    made = hang_run().timeline()
    words = [text.text or "" for text in ET.fromstring(made.svg()).iter(f"{SVG}text")]
    assert "▸ c_0 pages" in words and words[-1].endswith("▸ stands still for ever")
    assert "▸ c_0 pages" in [text.get_text() for text in made.figure().axes[0].texts]


def test_a_window_before_a_hang_does_not_speak_of_it() -> None:
    assert hang_run().timeline(end=1000).stuck == {}


def test_a_window_that_is_none_is_told() -> None:
    with pytest.raises(tt.HostError) as problem:
        small().timeline(begin=500, end=200)
    assert str(problem.value) == (
        f"timeline(begin=500, end=200): this run has cycles 0 to {small().cycles:,}; "
        "take a begin and a later end between them, or leave them out"
    )
