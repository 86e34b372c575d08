"""A real browser and a JupyterLab for tests: what both browser suites share.

Importing it skips where playwright, axe or a Chromium is missing: CI installs them (extra `browser`), others need not.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import ttlearn as tt

WHY = "the browser suite needs pip install 'ttlearn[lab,browser]' and a Chromium"
playwright = pytest.importorskip("playwright.sync_api", reason=WHY)
pytest.importorskip("axe_playwright_python", reason=WHY)
pytest.importorskip("jupyterlab", reason=WHY)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip(WHY, allow_module_level=True)

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
TOKEN = "for-tests"
SECONDS = 90


@contextmanager
def chromium() -> Iterator[Any]:
    """A running Chromium without a window."""
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()


def violations(page: Any, inside: str = "html") -> list[dict[str, Any]]:
    """What axe-core finds: id, impact, the first elements."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        """inside => axe.run(inside).then(r => r.violations.map(v =>
             ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))})))""",
        inside,
    )
    return found


@contextmanager
def jupyterlab(root: Path, home: Path) -> Iterator[str]:
    """A JupyterLab on loopback with `root` as its folder; news and update checks are off. Gives its address."""
    settings = home / "settings"
    settings.mkdir(parents=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.app_settings_dir={settings}", f"--LabApp.workspaces_dir={home / 'workspaces'}"]
    room = {"PYTHONPATH": str(Path(tt.__file__).parent.parent), "JUPYTER_CONFIG_DIR": str(home / "config")}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **room})
    try:
        _until_it_answers(f"http://127.0.0.1:{port}/api", home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _until_it_answers(address: str, log: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(log.read_text())


class Notebook:
    """One notebook, opened in Lab (or in Notebook 7) and laid out to its last cell: Lab lays the rest while it idles.

    `cells` is how many the file has; `errors` is what the console complained of.
    """

    def __init__(self, browser: Any, address: str, path: str, view: str = "lab/tree") -> None:
        self.page, self.errors = browser.new_page(viewport={"width": 1300, "height": 1000}), list[str]()
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        with urllib.request.urlopen(f"{address}/api/contents/{path}?token={TOKEN}") as answer:
            self.cells = len(json.load(answer)["content"]["cells"])
        self.page.goto(f"{address}/{view}/{path}?reset&token={TOKEN}")
        self.until("n => document.querySelectorAll('.jp-NotebookPanel .jp-Cell').length === n", self.cells)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(state="attached")

    def connected(self) -> None:
        """The notebook has its kernel."""
        self.page.wait_for_selector('.jp-KernelName:has-text("Python 3")')
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(state="attached")

    def run_all(self) -> None:
        """By the menu; Lab asks which kernel to use if it is told before it has connected, then it is told again."""
        self.connected()
        question = self.page.locator(".jp-Dialog .jp-mod-accept")
        for _ in range(3):
            self.page.click('.lm-MenuBar-item:has-text("Run")')
            self.page.click('.lm-Menu-item:has-text("Run All Cells")')
            self.page.wait_for_selector(".jp-InputPrompt:has-text('['), .jp-Dialog .jp-mod-accept")
            if question.count() == 0:
                break
            question.click()
            question.wait_for(state="detached")
        self.until_run()

    def run_by_keys(self) -> None:
        """Shift+Enter from cell to cell, each when the one before has handed on; in the last it would add a cell."""
        self.connected()
        self.page.locator(".jp-Notebook .jp-Cell").first.focus()
        self.page.keyboard.press("Escape")
        for place in range(self.cells):
            self.until(
                """k => document.querySelectorAll('.jp-Notebook .jp-Cell')[k].classList.contains('jp-mod-active')""",
                place,
            )
            self.page.keyboard.press("Shift+Enter" if place < self.cells - 1 else "Control+Enter")
        self.until_run()

    def until_run(self) -> None:
        """Every code cell has its number."""
        self.until(
            """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                 .every(e => /\\[\\d+\\]:/.test(e.textContent))"""
        )

    def until(self, true: str, value: object = None) -> None:
        """Wait until the page says so: `true` is a function in JavaScript, given `value`."""
        self.page.wait_for_function(true, arg=value)

    def failed(self) -> int:
        """Cells that show an error or left something on stderr."""
        kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
        return sum(self.page.locator(f".jp-RenderedText[data-mime-type='{kind}']").count() for kind in kinds)
