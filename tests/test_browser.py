"""The notebooks in a real browser: every control by keyboard and mouse, figures against runs made here, axe-core.

Screenshots go to `browser-shots/` in pytest's temporary folder. What the stepper does alone is in `test_stepper_browser`.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Notebook, chromium, jupyterlab, violations

from ttlearn.show.panel import layernorm_page, phase_page, sample

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WANTED = ("00", "02", "05", "11")  # opened by the suite; each has a panel
PATHS = [path for path in sorted((NOTEBOOKS / "solutions").glob("*.ipynb")) if path.name[:2] in WANTED]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on a copy of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, home / "notebooks")
    with jupyterlab(home / "notebooks", home) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "browser-shots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def lab(request: Any, browser: Any, address: str, shots: Path) -> Iterator[Notebook]:
    opened = Notebook(browser, address, f"solutions/{request.param.name}")
    opened.run_all()
    opened.page.screenshot(path=shots / f"{request.param.stem}.png")
    yield opened
    opened.page.close()


def panels(lab: Notebook) -> list[Any]:
    """Each panel's box: the controls and the page below them."""
    found = lab.page.locator(".jp-OutputArea-output:has(.ttlearn-panel)")
    return [found.nth(i) for i in range(found.count())]


def figures(panel: Any) -> dict[str, str]:
    """The `data-*` figures of the panel's page."""
    made: dict[str, str] = panel.locator(".ttlearn-panel").evaluate("e => ({...e.dataset})")
    return made


def changed(panel: Any, before: dict[str, str]) -> dict[str, str]:
    """The figures after the panel has followed."""
    panel.page.wait_for_function(
        "([e, old]) => JSON.stringify({...e.querySelector('.ttlearn-panel').dataset}) !== old",
        arg=[panel.element_handle(), json.dumps(before, separators=(",", ":"))],
    )
    return figures(panel)


def agrees(panel: Any, before: dict[str, str]) -> None:
    """The panel has followed, and its figures are those of a run made here (of a program of the notebook's: changed)."""
    after = changed(panel, before)
    if "phase" in after:
        assert after == as_run(after)


def as_run(shown: dict[str, str]) -> dict[str, str]:
    """The same figures from a run made here."""
    settings: dict[str, Any] = {
        "width": int(shown["width"]),
        "epsilon": float(shown["epsilon"]),
        "cb_depth": int(shown["cbDepth"]),
        "pages": shown["pages"],
    }
    phase = int(shown["phase"])
    if phase == 12:
        made = layernorm_page(sample(), settings | {"style": shown["style"]})
    else:
        made = phase_page(phase, sample(), settings)
    names = re.findall(r'data-([a-z0-9-]+)="([^"]*)"', made.html.partition(">")[0])
    return {re.sub(r"-([a-z])", lambda m: m[1].upper(), name): value for name, value in names}


def test_no_cell_fails_and_the_console_is_silent(lab: Notebook) -> None:
    assert lab.failed() == 0
    assert lab.errors == []


def test_each_control_by_keyboard(lab: Notebook) -> None:
    for panel in panels(lab):
        for box in panel.locator("input[type=number]:enabled").all():
            before = figures(panel)
            box.scroll_into_view_if_needed()
            box.focus()
            lab.page.keyboard.press("ArrowUp")
            lab.page.keyboard.press("Enter")
            agrees(panel, before)
        for choice in panel.locator("select:enabled").all():
            before = figures(panel)
            choice.focus()
            lab.page.keyboard.press("ArrowDown" if choice.evaluate("e => !e.selectedIndex") else "ArrowUp")
            agrees(panel, before)
        for slider in panel.locator(".noUi-target:not([disabled]) [role=slider]").all():
            before = figures(panel)
            slider.focus()
            lab.page.keyboard.press("ArrowRight")
            agrees(panel, before)


def test_each_slider_by_mouse(lab: Notebook) -> None:
    for panel in panels(lab):
        for handle in panel.locator(".noUi-target:not([disabled]) .noUi-handle").all():
            before = figures(panel)
            handle.scroll_into_view_if_needed()
            at = handle.bounding_box()
            x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
            lab.page.mouse.move(x, y)
            lab.page.mouse.down()
            lowest = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")
            lab.page.mouse.move(x + (120 if lowest else -120), y, steps=5)
            lab.page.mouse.up()
            agrees(panel, before)


def test_no_serious_axe_violation_in_what_we_draw(lab: Notebook) -> None:
    """Text, pictures and panels; Lab's own editor and toolbars are not ours to mend."""
    found = violations(lab.page, ".jp-RenderedHTMLCommon, .jupyter-widgets, .tt-stepper")
    assert [v for v in found if v["impact"] in ("serious", "critical")] == []


def test_control_to_new_picture(lab: Notebook) -> None:
    """Prints how long a panel takes to follow; the goal is 150 ms at W = 1024 on an idle machine."""
    for panel in panels(lab):
        if "phase" not in figures(panel):
            continue
        before = figures(panel)
        if before["width"] != "1024":
            panel.locator("select:enabled").first.select_option("1024")
            before = changed(panel, before)
        depth = panel.locator("input[type=number]:enabled").last
        depth.focus()
        started = time.perf_counter()
        lab.page.keyboard.press("ArrowDown" if int(before["cbDepth"]) > 1 else "ArrowUp")
        after = changed(panel, before)
        print(f"control to new picture at W = 1024: {1e3 * (time.perf_counter() - started):.0f} ms")
        assert after["cbDepth"] != before["cbDepth"]


def test_one_notebook_is_finished_by_keyboard_alone(browser: Any, address: str, shots: Path) -> None:
    """In the form that learners open."""
    opened = Notebook(browser, address, PATHS[0].name)
    opened.run_by_keys()
    assert opened.failed() == 0 and opened.errors == []
    opened.page.screenshot(path=shots / "by-keyboard.png")
    opened.page.close()


def test_notebook_7_shows_it_too(browser: Any, address: str, shots: Path) -> None:
    opened = Notebook(browser, address, f"solutions/{PATHS[0].name}", view="notebooks")
    opened.run_all()
    assert opened.failed() == 0
    panel = panels(opened)[0]
    before = figures(panel)
    panel.locator("input[type=number]:enabled").last.focus()
    opened.page.keyboard.press("ArrowUp")
    opened.page.keyboard.press("Enter")
    agrees(panel, before)
    opened.page.screenshot(path=shots / "notebook-7.png")
    opened.page.close()
