"""Pictures and the panel: what they say, in text, data attributes and letters."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import unquote

import ipywidgets as widgets
import numpy as np
import pytest

import ttlearn as tt
from ttlearn.show.panel import Panel, Settings, layernorm_panel, normal, page
from ttlearn.show.svg import Picture, cb_bars, layout
from ttlearn.sim.tile import tilize

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run() -> tt.Run:
    return tt.layernorm_fused_rm(normal(64))


@pytest.fixture
def panel() -> Any:
    """A panel whose widgets are closed afterwards."""
    yield layernorm_panel(normal(64))
    widgets.Widget.close_all()


def texts(picture: Picture) -> str:
    return " ".join(element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text"))


# ---- pictures ------------------------------------------------------------------------------------------------


def test_every_picture_is_well_formed_and_names_itself(run: tt.Run) -> None:
    for picture in (cb_bars(run), layout(32), layout(1024)):
        root = ET.fromstring(picture)
        assert root.get("role") == "img"
        assert root.get("aria-label") == picture.label == repr(picture)


def test_a_notebook_shows_a_picture_as_an_image_with_its_name(run: tt.Run) -> None:
    picture = cb_bars(run)
    image = ET.fromstring(picture._repr_html_().replace(">", "/>"))
    assert image.get("alt") == picture.label
    assert unquote(image.get("src", "")) == f"data:image/svg+xml,{picture}"


def test_cb_bars_hold_the_runs_figures(run: tt.Run) -> None:
    groups = {int(g.get("data-cb", "")): g for g in ET.fromstring(cb_bars(run)).iter(f"{SVG}g")}
    assert sorted(groups) == sorted(r.index for r in run.cbs)
    for r in run.cbs:
        figures = [int(groups[r.index].get(f"data-{k}", "")) for k in ("pages", "high-water", "left-over", "pushed")]
        assert figures == [r.num_pages, r.high_water, r.left_over, r.pushed]


def test_cb_bars_tell_states_apart_by_letter(run: tt.Run) -> None:
    for group in ET.fromstring(cb_bars(run)).iter(f"{SVG}g"):
        letters = [t.text for t in group.iter(f"{SVG}text")][1]
        left, pushed = int(group.get("data-left-over", "")), int(group.get("data-pushed", ""))
        assert letters == ("HL" if left else "H" if pushed else "-")


def test_cb_bars_take_a_run_or_its_reports(run: tt.Run) -> None:
    assert cb_bars(run) == cb_bars(run.cbs)


def test_cb_bars_have_no_ids_that_clash_on_one_page(run: tt.Run) -> None:
    assert " id=" not in cb_bars(run) + layout(64)


def test_cb_bars_without_buffers_are_an_empty_picture() -> None:
    assert "data-cb" not in cb_bars([])


@pytest.mark.parametrize("width", [32, 64, 256])
def test_layout_names_the_places_that_tilize_gives(width: int) -> None:
    sticks = np.arange(32 * width).reshape(32, width)
    in_memory = tilize(sticks).reshape(-1).tolist()
    notes = re.findall(r"row (\d+), column (\d+): place ([\d,]+) in sticks, ([\d,]+) in tiles", texts(layout(width)))
    assert len(notes) == 4
    for row, column, stick, tile in notes:
        element = int(sticks[int(row), int(column)])
        assert int(stick.replace(",", "")) == element
        assert int(tile.replace(",", "")) == in_memory.index(element)


def test_layout_numbers_the_faces_of_the_first_and_the_last_tile() -> None:
    words = texts(layout(96))
    assert "tile 0" in words
    assert "tile 2" in words
    assert "face 1 256 … 511" in words
    assert "face 3 2,816 … 3,071" in words


def test_layout_of_a_part_of_a_tile_is_refused() -> None:
    with pytest.raises(tt.HostError) as error:
        layout(40)
    assert str(error.value) == "layout(40): the width of a tile row is a multiple of 32; try layout(32)"


# ---- the panel -----------------------------------------------------------------------------------------------


def test_page_holds_the_figures_as_data_and_as_text() -> None:
    run = tt.layernorm_fused_rm(normal(64), cb_depth=1)
    shown = page(Settings(width=64, cb_depth=1), normal(64))
    assert f'data-cycles="{run.cycles}"' in shown.html
    assert 'data-width="64"' in shown.html
    assert 'data-within="True"' in shown.html
    assert 'aria-live="polite"' in shown.html
    assert shown.summary in shown.html
    assert shown.summary.startswith(f"64 x 64: {run.cycles:,} cycles (model, unvalidated), ")
    assert f"{run.details['cbs'].total_size:,} B of L1; max abs error " in shown.summary


def test_page_is_the_same_twice() -> None:
    assert page(Settings(), normal()) == page(Settings(), normal())


def test_page_shows_an_error_in_place_of_figures() -> None:
    shown = page(Settings(epsilon=0.0), normal())
    assert shown.summary == "HostError: epsilon is 0.0; it must be a number above 0, as in 1e-5"
    assert shown.html == f'<pre role="alert" data-error="HostError">{shown.summary}</pre>'


def test_panel_follows_each_of_its_widgets(panel: Panel) -> None:
    for name, value in (("width", 32), ("epsilon", 0.5), ("cb_depth", 1), ("pages", "tiles"), ("style", "raw")):
        before = panel.view.value
        getattr(panel, name).value = value
        assert panel.view.value != before
    assert panel.settings == Settings(32, 0.5, 1, "tiles", "raw")


def test_panel_slider_and_box_go_together_and_run_once(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Settings] = []
    monkeypatch.setattr("ttlearn.show.panel.page", lambda settings, x: runs.append(settings) or page(settings, x))
    panel.depth_slider.value = 4
    panel.epsilon_slider.value = 1e-3
    panel.cb_depth.value = 3
    assert [(s.cb_depth, s.epsilon) for s in runs] == [(4, 1e-5), (4, 1e-3), (3, 1e-3)]
    assert panel.depth_slider.value == 3


def test_panel_outside_its_limits_stays_at_them(panel: Panel) -> None:
    panel.epsilon.value = 0
    panel.cb_depth.value = 99
    assert (panel.epsilon.value, panel.epsilon_slider.value) == (1e-12, 1e-12)
    assert (panel.cb_depth.value, panel.depth_slider.value) == (8, 8)


def test_panel_on_data_that_does_not_fit_shows_why() -> None:
    panel = layernorm_panel(np.ones((32, 20)))
    assert panel.page.summary.startswith("HostError: x is 20 wide; W must be a multiple of 32")
    widgets.Widget.close_all()


def test_panel_is_also_plain_text(panel: Panel) -> None:
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == panel.page.summary
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_import_ttlearn_loads_neither_matplotlib_nor_ipywidgets() -> None:
    look = "import sys, ttlearn, ttlearn.cli, ttlearn.show.svg; print({'matplotlib', 'ipywidgets'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"
