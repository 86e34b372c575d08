"""The notebooks in a real browser: every control by keyboard and mouse, figures against runs made here, axe-core.

Needs the extra `browser` and a Chromium; without them it skips. Screenshots go to `browser-shots/` of the temporary
folder that pytest names. What the stepper does alone is in `test_stepper_browser.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ttlearn.show.panel import layernorm_page, phase_page, sample

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WANTED = ("00", "02", "05", "11")
PATHS = [path for path in sorted((NOTEBOOKS / "solutions").glob("*.ipynb")) if path.name[:2] in WANTED]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SLOW = 60_000  # ms
MINE = "test-token"

pytestmark = [pytest.mark.slow]
if CHROMIUM is None:
    pytestmark.append(pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium"))
playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'ttlearn[browser]' runs these tests")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'ttlearn[browser]' runs these tests")
pytest.importorskip("jupyterlab", reason="pip install 'ttlearn[browser]' runs these tests")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on loopback with a copy of the notebooks; news and dialogs are switched off."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, home / "notebooks")
    settings = home / "settings"
    settings.mkdir()
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [f"--IdentityProvider.token={MINE}", f"--ServerApp.root_dir={home / 'notebooks'}"]
    command += [f"--LabApp.app_settings_dir={settings}"]
    room = {**os.environ, "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data")}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=room)
    try:
        _until_answers(f"http://127.0.0.1:{port}/api", home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _until_answers(url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        made = p.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield made
        made.close()


class Lab:
    """One notebook, opened and run; collects what the console complains about."""

    def __init__(self, browser: Any, address: str, path: str, shots: Path) -> None:
        self.page, self.shots, self.errors = browser.new_page(viewport={"width": 1300, "height": 1000}), shots, []
        self.page.set_default_timeout(SLOW)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{address}/lab/tree/{path}?reset&token={MINE}")
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        self._idle()

    def _idle(self) -> None:
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(state="attached")

    def run_all(self) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.page.wait_for_function(
            """() => { const p = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
                 return p.length && p.every(e => /\\[\\d+\\]:/.test(e.textContent)); }"""
        )
        self._idle()

    def shot(self, name: str) -> None:
        self.shots.mkdir(exist_ok=True)
        self.page.screenshot(path=self.shots / f"{name}.png")


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def lab(request: Any, browser: Any, address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    opened = Lab(browser, address, f"solutions/{request.param.name}", tmp_path_factory.getbasetemp() / "browser-shots")
    opened.run_all()
    opened.shot(f"{request.param.stem}-run")
    yield opened
    opened.page.close()


def panels(lab: Lab) -> list[Any]:
    """Each panel's box: the controls and the page below them."""
    found = lab.page.locator(".jp-OutputArea-output:has(.ttlearn-panel)")
    return [found.nth(i) for i in range(found.count())]


def figures(panel: Any) -> dict[str, str]:
    """The `data-*` figures of the panel's page."""
    made: dict[str, str] = panel.locator(".ttlearn-panel").evaluate("e => ({...e.dataset})")
    return made


def changed(lab: Lab, panel: Any, before: dict[str, str]) -> dict[str, str]:
    """The figures after the panel has followed, and how long that took."""
    panel.page.wait_for_function(
        "([e, old]) => JSON.stringify({...e.querySelector('.ttlearn-panel').dataset}) !== old",
        arg=[panel.element_handle(), json.dumps(before, separators=(",", ":"))],
    )
    return figures(panel)


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
    return {re.sub(r"-([a-z0-9])", lambda m: m[1].upper() if m[1].isalpha() else f"-{m[1]}", k): v for k, v in names}


def test_no_cell_fails_and_the_console_is_silent(lab: Lab) -> None:
    assert lab.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert lab.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert lab.errors == []


def test_each_control_by_keyboard_changes_the_figures_to_those_of_a_run(lab: Lab) -> None:
    for panel in panels(lab):
        for box in panel.locator("input[type=number]:enabled").all():
            before = figures(panel)
            box.scroll_into_view_if_needed()
            box.focus()
            lab.page.keyboard.press("ArrowUp")
            lab.page.keyboard.press("Enter")
            _agrees(lab, panel, before)
        for choice in panel.locator("select:enabled").all():
            before = figures(panel)
            choice.focus()
            lab.page.keyboard.press("ArrowDown" if choice.evaluate("e => !e.selectedIndex") else "ArrowUp")
            _agrees(lab, panel, before)
        for slider in panel.get_by_role("slider").all():
            if slider.get_attribute("aria-disabled") == "true" or slider.locator("xpath=ancestor::*[@disabled]").count():
                continue
            before = figures(panel)
            slider.focus()
            lab.page.keyboard.press("ArrowRight")
            _agrees(lab, panel, before)


def test_each_slider_by_mouse(lab: Lab) -> None:
    for panel in panels(lab):
        for handle in panel.locator(".widget-slider .noUi-target:not([disabled]) .noUi-handle").all():
            before = figures(panel)
            handle.scroll_into_view_if_needed()
            at = handle.bounding_box()
            x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
            lab.page.mouse.move(x, y)
            lab.page.mouse.down()
            lab.page.mouse.move(x - 40, y, steps=5)
            lab.page.mouse.up()
            _agrees(lab, panel, before)


def _agrees(lab: Lab, panel: Any, before: dict[str, str]) -> None:
    after = changed(lab, panel, before)
    if "phase" in after:
        assert after == as_run(after)


def test_no_serious_axe_violation_in_what_we_draw(lab: Lab) -> None:
    found = axe.Axe().run(lab.page, context=".jp-OutputArea-output")
    serious = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    ours = [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in serious]
    assert ours == []


def test_control_to_new_picture(lab: Lab) -> None:
    """Prints how long a panel takes to follow; the goal is 150 ms at W = 1024 on an idle machine."""
    for panel in panels(lab):
        if "width" not in figures(panel):
            continue
        panel.locator("select:enabled").first.select_option("1024")
        changed(lab, panel, {})
        depth, before = panel.locator("input[type=number]:enabled").last, figures(panel)
        depth.focus()
        started = time.perf_counter()
        lab.page.keyboard.press("ArrowDown" if int(before["cbDepth"]) > 1 else "ArrowUp")
        changed(lab, panel, before)
        print(f"control to new picture at W = 1024: {1e3 * (time.perf_counter() - started):.0f} ms")


def test_one_notebook_is_finished_by_keyboard_alone(
    browser: Any, address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Shift+Enter from the first cell to the last."""
    opened = Lab(browser, address, PATHS[0].name, tmp_path_factory.getbasetemp() / "browser-shots")
    opened.page.locator(".jp-NotebookPanel .jp-Cell").first.click()
    opened.page.keyboard.press("Escape")
    cells = opened.page.locator(".jp-Cell").count()
    for _ in range(cells):
        opened.page.keyboard.press("Shift+Enter")
    opened.page.wait_for_function(
        """() => { const p = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
             return p.length && p.every(e => /\\[\\d+\\]:/.test(e.textContent)); }"""
    )
    assert opened.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    opened.shot("by-keyboard")
    opened.page.close()
