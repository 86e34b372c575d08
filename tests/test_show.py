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
from ttlearn import demo
from ttlearn.layernorm.phases import run_phase
from ttlearn.measure.pictures.svg import Picture
from ttlearn.show.controls import Panel
from ttlearn.show.heat import heat
from ttlearn.show.page import guarded
from ttlearn.show.panel import (
    layernorm_page,
    layernorm_panel,
    phase_page,
    phase_panel,
    program_page,
    program_panel,
    sample,
)
from ttlearn.show.plot import Plot
from ttlearn.show.svg import cb_bars, layout
from ttlearn.sim.tile import tilize

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run() -> tt.Run:
    return tt.layernorm_fused_rm(sample(64))


@pytest.fixture
def panel() -> Any:
    """A panel whose widgets are closed afterwards."""
    yield layernorm_panel(sample(64))
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


# ---- values as squares -----------------------------------------------------------------------------------------


def test_heat_draws_each_square_once_light_to_dark() -> None:
    values = np.arange(32 * 32.0).reshape(32, 32)
    shown = heat(values, "counted")
    squares = re.findall(r"M(\d+) (\d+)h5v5h-5z", shown)
    assert len(squares) == len(set(squares)) == 32 * 32
    assert shown.label == "counted: first 32 rows of 32 columns, 0 (light) to 1.02e+03 (dark)"


def test_heat_averages_wide_rows_and_says_so() -> None:
    shown = heat(np.ones((32, 1024)), "wide")
    assert len(re.findall(r"h5v5h-5z", shown)) == 32 * 64
    assert "a square is 16 columns" in shown.label


def test_heat_crosses_out_what_is_no_number() -> None:
    values = np.zeros((32, 32))
    values[3, 5] = np.nan
    (dashed,) = re.findall(r'd="([^"]*)" fill="#fff" stroke', heat(values, "holes"))
    assert dashed == "M33 55h5v5h-5z"


# ---- pages -----------------------------------------------------------------------------------------------------

OP = {"width": 64, "epsilon": 1e-5, "cb_depth": 1, "pages": "sticks", "style": "helpers"}
PHASE = {name: value for name, value in OP.items() if name != "style"}


def figures(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-([a-z0-9-]+)="([^"]*)"', html.partition(">")[0]))


def test_page_holds_the_figures_as_data_and_as_text() -> None:
    x = sample(64)
    run = tt.layernorm_fused_rm(x, cb_depth=1)
    shown, held = layernorm_page(x, OP), figures(layernorm_page(x, OP).html)
    assert (held["cycles"], held["width"], held["within"]) == (str(run.cycles), "64", "True")
    assert held["l1-bytes"] == str(run.details["cbs"].total_size)
    assert held["row-1"] == f"{run.output[1].astype(np.float64).std():.4g}"
    assert 'aria-live="polite"' in shown.html and shown.summary in shown.html
    assert shown.summary.startswith(f"64 x 64: {run.cycles:,} cycles (model, unvalidated), ")


@pytest.mark.parametrize("number", range(3, 12))
def test_a_phase_is_within_its_bounds_and_its_cycles_are_the_runs(number: int) -> None:
    x = sample(64)
    held = figures(phase_page(number, x, PHASE).html)
    assert held["within"] == "True"
    if number < 10:
        assert held["cycles"] == str(run_phase(number, x, cb_depth=1).cycles)


def test_page_shows_an_error_in_place_of_figures() -> None:
    shown = guarded(lambda settings: layernorm_page(sample(64), settings))({**OP, "epsilon": 0.0})
    assert shown.summary == "HostError: epsilon is 0.0; it must be a number above 0, as in 1e-5"
    assert figures(shown.html)["error"] == "HostError" and figures(shown.html)["epsilon"] == "0.0"
    assert f'<pre role="alert" style="white-space:pre-wrap">{shown.summary}</pre>' in shown.html


def test_a_hang_shows_its_diagnosis() -> None:
    shown = guarded(lambda settings: program_page(lambda depth: demo.copy_program(demo.short_reader), settings))(
        {"depth": 2}
    )
    assert shown.summary.startswith("The device hangs, nothing moves after cycle ")
    assert figures(shown.html)["hangs"] == "True"
    assert "Cause: a push is missing on some path." in shown.html


# ---- panels ----------------------------------------------------------------------------------------------------


def test_panel_follows_each_of_its_widgets(panel: Panel) -> None:
    for name, value in (("width", 32), ("epsilon", 0.5), ("cb_depth", 1), ("pages", "tiles"), ("style", "raw")):
        before = figures(panel.view.value)
        panel.set(**{name: value})
        after = figures(panel.view.value)
        assert after[name.replace("_", "-")] == str(value)
        if name not in ("pages", "style"):  # two ways of writing the same op: same figures, tested elsewhere
            assert {k for k in after if after[k] != before[k]} - {name.replace("_", "-")}


def test_every_panel_has_width_epsilon_and_depth_and_names_what_cannot_act_yet() -> None:
    for number in range(3, 12):
        made = phase_panel(number)
        assert {"width", "epsilon", "cb_depth"} <= set(made.boxes)
        assert made.boxes["epsilon"].disabled == made.sliders["epsilon"].disabled == (number < 8)
        notes = [w.value for row in made.box.children[:-2] for w in row.children if isinstance(w, widgets.HTML)]
        assert notes == ["<em>epsilon enters at phase 8 (epsilon and rsqrt)</em>"] * (number < 8)
    widgets.Widget.close_all()


def test_panel_slider_and_box_go_together_and_run_once(panel: Panel) -> None:
    runs: list[Any] = []
    render = panel.render
    panel.render = lambda settings: runs.append(settings) or render(settings)
    panel.sliders["cb_depth"].value = 4
    panel.sliders["epsilon"].value = 1e-3
    panel.boxes["cb_depth"].value = 3
    assert [(s["cb_depth"], s["epsilon"]) for s in runs] == [(4, 1e-5), (4, 1e-3), (3, 1e-3)]
    assert panel.sliders["cb_depth"].value == 3


def test_panel_outside_its_limits_stays_at_them(panel: Panel) -> None:
    panel.set(epsilon=0, cb_depth=99)
    assert (panel.boxes["epsilon"].value, panel.sliders["epsilon"].value) == (1e-12, 1e-12)
    assert (panel.boxes["cb_depth"].value, panel.sliders["cb_depth"].value) == (8, 8)


def test_panel_on_data_that_does_not_fit_shows_why() -> None:
    made = layernorm_panel(np.ones((32, 20)))
    assert made.page.summary.startswith("HostError: x is 20 wide; W must be a multiple of 32")
    widgets.Widget.close_all()


def test_panel_is_also_plain_text(panel: Panel) -> None:
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == panel.page.summary
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_panel_over_a_program_of_ones_own() -> None:
    made = program_panel(lambda depth: demo.copy_program(demo.short_reader), depth=range(1, 5))
    assert made.page.summary.startswith("The device hangs")
    with pytest.raises(tt.HostError) as error:
        program_panel(lambda: None)
    assert str(error.value).startswith("program_panel(make): name what may be changed")
    widgets.Widget.close_all()


def test_phases_without_a_panel_are_told() -> None:
    with pytest.raises(tt.HostError) as error:
        phase_panel(12)
    assert str(error.value) == "phase_panel(12): panels are there for phases 3 to 11; layernorm_panel() is the whole op"


def test_import_ttlearn_loads_neither_matplotlib_nor_ipywidgets() -> None:
    look = "import sys, ttlearn, ttlearn.cli, ttlearn.show.svg; print({'matplotlib', 'ipywidgets'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"


def test_a_plot_has_words_for_those_who_do_not_see_it() -> None:
    from matplotlib.figure import Figure

    shown = Plot(Figure(figsize=(1, 1)), 'a "small" square')
    assert repr(shown) == 'a "small" square'
    assert shown._repr_html_().startswith(
        '<img alt="a &quot;small&quot; square" style="max-width:100%" src="data:image/jpeg'
    )
