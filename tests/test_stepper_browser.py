"""The saved stepper in a real browser: its figures are the run's, its keys work, it asks nothing of a network.

Its accessibility is judged by axe-core, and the widget is played once in JupyterLab.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Notebook, chromium, jupyterlab, violations
from programs import cb, empty, launch, reader, rows, writer

import ttlearn as tt
from ttlearn.learn.hangs import entry

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
SIZE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def hang() -> tt.DeviceHang:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*entry("no_hw_startup").broken())
    return caught.value


@pytest.fixture(scope="module")
def layernorm() -> tt.Run:
    return tt.layernorm_fused_rm(np.random.default_rng(0).normal(size=(64, 128)))


class Opened:
    """A saved stepper in a page without a network, and what the page complained of or asked for."""

    def __init__(self, browser: Any, folder: Path, run: Any, **options: Any) -> None:
        self.stepper = tt.step(run)
        self.context = browser.new_context(offline=True, **{"viewport": SIZE, **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.file = self.stepper.save(folder / "run.html").as_uri()
        self.page.goto(self.file)
        self.page.focus(".tt-stepper")

    def data(self, selector: str = ".tt-stepper") -> dict[str, str]:
        found: dict[str, str] = self.page.eval_on_selector(selector, "element => ({...element.dataset})")
        return found

    def all(self, selector: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.page.eval_on_selector_all(selector, "all => all.map(e => ({...e.dataset}))")
        return found

    def go(self, number: int) -> None:
        self.page.fill(".tt-box", str(number))
        self.page.press(".tt-box", "Enter")
        self.page.focus(".tt-stepper")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A function that opens a run; whatever it opened must not have complained, nor asked for more than its file."""
    pages: list[Opened] = []

    def opening(run: Any, **options: Any) -> Opened:
        pages.append(Opened(browser, tmp_path, run, **options))
        return pages[-1]

    yield opening
    for each in pages:
        each.context.close()
        assert each.complaints == []
        assert [url for url in each.asked if not url.startswith("data:")] == [each.file]


def test_stepping_to_the_end_by_keys_shows_the_run(opened: Any, layernorm: tt.Run) -> None:
    page = opened(layernorm)
    page.press("End")
    assert page.data()["cycle"] == str(layernorm.cycles)
    assert page.data()["waiting"] == ""
    shown = {int(each["cb"]): (int(each["pushed"]), int(each["popped"])) for each in page.all("[data-cb]")}
    assert shown == {r.index: (r.pushed, r.popped) for r in layernorm.cbs if r.pushed}
    assert page.data(".tt-network")["landed"] == str(layernorm.counters["noc_transactions"])


def test_a_hang_shows_who_waits_where_and_its_diagnosis(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    assert not page.page.is_visible(".tt-hang")
    page.page.click("[data-do=hang]")
    stops = [stop for stop in hang.diagnosis.graph.stops if not stop.engine]
    assert page.data()["waiting"] == ", ".join(f"{s.risc.name} log.py:{s.site.line}" for s in stops)
    shown = page.page.text_content(".tt-hang")
    assert all(line in shown for line in str(hang.diagnosis).splitlines())


def test_every_step_shows_the_recorded_state(opened: Any, layernorm: tt.Run) -> None:
    page = opened(layernorm)
    recording = page.stepper.recording
    for number in [*range(1, len(recording.steps), 61), 40, 3, len(recording.steps)]:  # also backwards
        page.go(number)
        state = recording.state(number)
        assert page.data()["cycle"] == str(recording.steps[number - 1].cycle)
        assert {e["risc"]: e["state"] for e in page.all("[data-risc]")} == _first(state, "risc")
        assert {e["thread"]: e["state"] for e in page.all("[data-thread]")} == _first(state, "thread")
        assert {e["dst"]: e["state"] for e in page.all("[data-dst]")} == _of(state, "dst")
        assert {e["src"]: int(e["valid"]) for e in page.all("[data-src]")} == _of(state, "src")
        for each in page.all("[data-cb]"):
            assert int(each["pushed"]) == state[f"cb {each['cb']} pushed"]
            assert int(each["popped"]) == state[f"cb {each['cb']} popped"]


def _of(state: dict[str, Any], kind: str) -> dict[str, Any]:
    return {key.split(" ", 1)[1]: value for key, value in state.items() if key.startswith(kind + " ")}


def _first(state: dict[str, Any], kind: str) -> dict[str, str]:
    return {name: value[0] for name, value in _of(state, kind).items()}


def test_pages_of_a_ring_are_what_the_copy_does_with_them(opened: Any) -> None:
    """A page is written (its read starts in the cycle in which it is set aside), landed, pushed and read, free; twice."""
    page = opened(launch(reader, writer, tensors=[rows(4), empty(4)], cbs=[cb(0, 2)]))
    seen = []
    for number in range(1, len(page.stepper.recording.steps) + 1):
        page.go(number)
        ring = page.data("[data-cb='0']")
        ready = int(ring["pushed"]) - int(ring["popped"])
        assert sum(ring["pages"].count(letter) for letter in "PR") == ready
        assert (int(ring["front"]), int(ring["back"])) == (int(ring["popped"]) % 2, int(ring["pushed"]) % 2)
        if not seen or seen[-1] != ring["pages"][0]:
            seen.append(ring["pages"][0])
    life = "".join(seen).replace("P", "")  # the writer waits already, so a push is read at once or a little later
    assert life == "F" + "WSRF" * 2


def test_arrows_home_and_end_step_and_space_plays(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert page.data()["step"] == "2"
    page.press("End")
    assert page.data()["step"] == page.data()["steps"]
    page.press("Home")
    assert page.data()["step"] == "1"
    page.page.select_option("[data-do=speed]", "50")
    page.page.focus(".tt-stepper")
    page.press(" ")
    page.page.wait_for_function("Number(document.querySelector('.tt-stepper').dataset.step) > 3")
    page.press(" ")
    assert page.data()["playing"] == "false"


def test_nothing_plays_by_itself(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.page.wait_for_timeout(700)
    assert page.data()["step"] == "1"


def test_the_range_and_the_number_box_follow_each_other(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.page.focus(".tt-range")
    page.press("ArrowRight", "ArrowRight")
    assert page.page.input_value(".tt-box") == "3"
    page.go(7)
    assert page.page.input_value(".tt-range") == "7"
    page.go(10_000)
    assert page.page.input_value(".tt-box") == page.data()["steps"]


def test_jumps_land_on_a_wait_and_on_a_push(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    for do, word in (("wait", " waits "), ("push", " pushes ")):
        page.page.click(f"[data-do={do}]")
        assert word in page.page.text_content(".tt-now")


def test_keys_do_not_leave_the_stepper(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.page.evaluate("window.heard = []; document.addEventListener('keydown', e => heard.push(e.key))")
    page.press("ArrowRight", " ", " ", "x", "End")
    assert page.page.evaluate("heard") == []


def test_choosing_a_risc_shows_its_kernel_with_its_line(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.press("End")
    page.page.click("[data-risc=BRISC]")
    assert page.page.text_content(".tt-line[data-now] code").strip() == "await cb_wait_front(c_16, 32)"


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out_sideways_and_targets_are_large(opened: Any, layernorm: tt.Run, width: int) -> None:
    page = opened(layernorm, viewport={"width": width, "height": 800})
    page.go(205)
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    sizes = page.page.eval_on_selector_all(
        "button, select, input", "all => all.map(e => e.getBoundingClientRect()).map(r => [r.width, r.height])"
    )
    assert all(w >= 44 and h >= 44 for w, h in sizes), sizes


def test_printing_shows_the_hang_and_the_log(opened: Any, hang: tt.DeviceHang) -> None:
    page = opened(hang)
    page.page.emulate_media(media="print")
    page.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.page.is_visible(".tt-hang pre")
    assert not page.page.is_visible("[data-do=play]")
    assert page.page.eval_on_selector(".tt-log", "e => e.scrollHeight <= e.clientHeight + 1")
    page.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.data()["step"] == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(opened: Any, hang: tt.DeviceHang, layernorm: tt.Run, scheme: str, width: int) -> None:
    for run, number in ((hang, 1), (hang, 94), (layernorm, 205)):
        page = opened(run, color_scheme=scheme, viewport={"width": width, "height": 800})
        page.go(number)
        assert violations(page.page) == []


# ---- in JupyterLab ------------------------------------------------------------------------------------------

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
CELLS = [
    "import ttlearn as tt\nfrom ttlearn.learn.hangs import entry\n"
    "try:\n    tt.generic_op(*entry('no_hw_startup').broken())\nexcept tt.DeviceHang as hang:\n    shown = tt.step(hang)",
    "shown",
]


@pytest.fixture
def notebook(browser: Any, tmp_path: Path) -> Iterator[Notebook]:
    """A notebook whose last cell shows the stepper, opened in Lab."""
    cells = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None, "id": f"c{k}"}
        for k, text in enumerate(CELLS)
    ]
    (tmp_path / "root").mkdir()
    book = {"cells": cells, "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}}}
    (tmp_path / "root" / "s.ipynb").write_text(json.dumps({**book, "nbformat": 4, "nbformat_minor": 5}))
    with jupyterlab(tmp_path / "root", tmp_path) as address:
        yield Notebook(browser, address, "s.ipynb")


def test_the_widget_plays_in_jupyterlab(notebook: Notebook, hang: tt.DeviceHang) -> None:
    page = notebook.page
    notebook.run_all()
    page.focus(".tt-stepper")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in (
        "End",
        "Home",
        "ArrowRight",
        "a",
        "d",
        "d",
        " ",
        " ",
        "End",
    ):  # Lab's "a" adds a cell, "d d" deletes one
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    data = page.eval_on_selector(".tt-stepper", "e => ({...e.dataset})")
    assert data["cycle"] == str(hang.run.cycles)
    assert data["over"] == "true"
    page.focus(".tt-range")
    page.keyboard.press("ArrowLeft")
    assert page.eval_on_selector(".tt-stepper", "e => Number(e.dataset.step)") == int(data["steps"]) - 1
    assert notebook.failed() == 0 and notebook.errors == []
