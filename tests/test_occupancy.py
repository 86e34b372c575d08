"""Occupancy: steps, text, SVG and figure are pushes less pops, of random programs too."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from runs_to_draw import boxes, few, long, many, pipelines, protocols

import ttlearn as tt
from ttlearn.layernorm.op import layernorm_fused_rm
from ttlearn.measure.occupancy import Occupancy


def pages_at(run: tt.Run, index: int, cycle: int) -> int:
    """Pushes less pops up to and with that cycle, from the trace."""
    moves = [f for f in run.trace.facts if f.what in ("push", "pop") and f.detail[0] == index and f.start <= cycle]
    return sum(f.detail[1] if f.what == "push" else -f.detail[1] for f in moves)


def occupancy_agrees(run: tt.Run) -> None:
    made = run.occupancy()
    reports = {report.index: report for report in run.cbs}
    assert [level.index for level in made.levels] == list(reports)
    for level in made.levels:
        spans = list(level.spans(run.cycles))
        assert [span.begin for span in spans] == [0, *(span.end for span in spans)][:-1]
        assert spans[-1].end == run.cycles
        for span in spans:
            assert {pages_at(run, level.index, c) for c in (span.begin, span.end - 1)} == {span.pages}
        assert level.high_water == reports[level.index].high_water
        assert level.left_over == reports[level.index].left_over


@many
@given(protocols)
def test_occupancy_of_any_protocol_is_pushes_less_pops(run: tt.Run) -> None:
    occupancy_agrees(run)


@few
@given(pipelines)
def test_a_cb_never_holds_more_than_its_pages(run: tt.Run) -> None:
    occupancy_agrees(run)
    for level in run.occupancy().levels:
        assert all(0 <= pages <= level.num_pages for _, pages in level.steps)


def occupancy_svg_agrees(made: Occupancy) -> None:
    drawn = boxes(made.svg(), "data-cb")
    assert [int(index) for index in drawn] == [level.index for level in made.levels if level.pushed or level.popped]
    for level in made.levels:
        last = 0
        for box in drawn.get(str(level.index), []):
            begin, end, low, high = (int(box.get(f"data-{k}", "")) for k in ("begin", "end", "low", "high"))
            inside = [s.pages for s in level.spans(made.end) if s.begin < end and s.end > begin]
            assert (begin, low, high) == (last, min(inside), max(inside))
            last = end
        assert last in (0, made.end)


@few
@given(st.one_of(pipelines, protocols))
def test_the_svg_of_any_occupancy_says_what_the_steps_say(run: tt.Run) -> None:
    occupancy_svg_agrees(run.occupancy())


def test_a_long_run_s_occupancy_keeps_its_high_water_in_sight() -> None:
    made = long().occupancy()
    occupancy_svg_agrees(made)
    for level, panel in zip(made.levels, made.figure().axes, strict=True):
        tops = [patch.get_data().values.max() for patch in panel.patches]
        assert max(tops) == level.high_water


def test_the_whole_text_of_an_occupancy() -> None:
    lines = repr(layernorm_fused_rm(np.ones((32, 32))).occupancy()).splitlines()
    assert re.fullmatch(
        r"core \(0, 0\): pages in each CB, cycles 0 to [\d,]+ \(model\); a column is \d+ cycles", lines[0]
    )
    assert all(re.fullmatch(r"  c_\d+ +│[ ▁▂▃▄▅▆▇█]+│ H \d+ of \d+(, \d+ left)?", line) for line in lines[1:-2])
    assert lines[-2].startswith("  never pushed: c_4, ")
    assert lines[-1] == "  a column's height: mean pages in it, of the CB's capacity; H: high water"
