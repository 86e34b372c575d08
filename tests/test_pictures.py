"""What all pictures of a run have in common: names, colours, cores, and how spans are joined."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import launch
from runs_to_draw import few, protocols, small

import ttlearn as tt
from ttlearn.measure.levels import Pages
from ttlearn.measure.pictures.palette import LOOKS
from ttlearn.measure.pictures.pieces import envelope, pieces, ticks
from ttlearn.measure.spans import Span, State
from ttlearn.silicon import programs


def test_all_pictures_name_themselves_with_the_core_the_cycles_and_model() -> None:
    for made in (small().timeline(), small().occupancy()):
        root = ET.fromstring(made.svg())
        assert root.get("role") == "img" and root.get("aria-label") == made.summary
        assert "core (0, 0)" in made.summary and "(model)" in made.summary and "\n" not in made.summary
        assert " id=" not in made.svg()
        assert f'alt="{made.summary}"' in made._repr_html_()
        assert made.figure().axes[-1].get_xlabel() == "cycles (model)"


def test_the_same_run_gives_the_same_svg() -> None:
    one, other = (programs.relu(8, 2, 2) for _ in range(2))
    assert one.timeline().svg() == other.timeline().svg()
    assert one.occupancy().svg() == other.occupancy().svg()


def test_each_kind_of_wait_has_its_own_colour_or_hatch_and_its_own_letter() -> None:
    looks = set(LOOKS.values())
    assert len({(look.colour, look.hatch) for look in looks}) == len({look.letter for look in looks}) == len(looks)
    assert all(look.across or look.down for look in looks if look.words.startswith("waits"))
    assert len({look.hatch for look in looks if look.hatch}) == sum(1 for look in looks if look.hatch)


def test_another_core_is_drawn_if_named() -> None:
    run = programs.copy(16, 2, 2, 4)
    assert run.timeline((1, 0)).core == run.occupancy((1, 0)).core == (1, 0)
    assert run.timeline().core == (0, 0)


@pytest.mark.parametrize("call", ["timeline", "occupancy"])
def test_a_core_that_is_not_there_is_told(call: str) -> None:
    with pytest.raises(tt.HostError) as one:
        getattr(small(), call)((3, 3))
    assert str(one.value) == (
        f"{call}(core=(3, 3)): this run has core (0, 0) only; name one of its cores, or leave `core` out"
    )
    with pytest.raises(tt.HostError) as several:
        getattr(programs.copy(16, 2, 2, 4), call)((3, 3))
    assert "has 4 cores, (0, 0) to (1, 1); name" in str(several.value)


@few
@given(protocols)
def test_texts_fit_into_100_columns(run: tt.Run) -> None:
    for made in (run.timeline(), run.occupancy(), run.roofline()):
        assert max(map(len, repr(made).splitlines())) <= 100


def test_a_run_without_buffers_has_pictures_too() -> None:
    async def nothing() -> None:
        pass

    run = launch(nothing)
    assert run.occupancy().summary.endswith("nothing was pushed")
    assert run.occupancy().figure().axes and ET.fromstring(run.occupancy().svg())
    assert [lane.name for lane in run.timeline().lanes] == ["NCRISC", "NOC 0"]
    assert repr(run.roofline()) == "400 cycles (model) on 1 core(s): nothing was moved or computed"
    assert run.roofline().picture().axes


def test_a_notebook_shows_each_figure() -> None:
    for figure in (small().timeline().figure(), small().occupancy().figure(), small().roofline().picture()):
        assert figure._repr_png_().startswith(b"\x89PNG")


# ---- pieces -------------------------------------------------------------------------------------------------

widths = st.lists(st.integers(1, 40), min_size=1, max_size=40)


def some_spans(given: list[int]) -> list[Span]:
    ends = np.cumsum([0, *given]).tolist()
    return [Span(begin, end, State.BUSY, str(k)) for k, (begin, end) in enumerate(pairwise(ends))]


@given(widths, st.floats(1, 60))
def test_pieces_keep_every_span_and_join_only_narrow_ones(given: list[int], least: float) -> None:
    spans = some_spans(given)
    found = list(pieces(spans, least))
    assert [span for piece in found for span in piece] == spans
    assert all(len(piece) == 1 or all(span.end - span.begin < least for span in piece) for piece in found)
    assert all(
        one[-1].end - one[0].begin >= least or other[0].end - other[0].begin >= least for one, other in pairwise(found)
    )


@given(widths, st.floats(1, 60))
def test_an_envelope_has_no_box_too_narrow_to_see_but_its_last(given: list[int], least: float) -> None:
    levels = [Pages(span.begin, span.end, k % 3) for k, span in enumerate(some_spans(given))]
    found = list(envelope(levels, least))
    cycles = [page for piece in found for span in piece for page in [span.pages] * (span.end - span.begin)]
    assert cycles == [level.pages for level in levels for _ in range(level.begin, level.end)]
    assert all(piece[-1].end - piece[0].begin >= least for piece in found[:-1])


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_ticks_are_few_round_and_inside(begin: int, length: int) -> None:
    found = ticks(begin, begin + length)
    assert len(found) <= 9 and all(begin <= tick <= begin + length for tick in found)
    assert all(int(str(b - a).rstrip("0")) in (1, 2, 5) for a, b in pairwise(found))
