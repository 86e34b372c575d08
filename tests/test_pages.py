"""Notebooks as pages: executed, without a network, with the stepper inside; readable at 390 px and on paper.

Runs a kernel, so it is slow; the browser's part is skipped where there is none.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
import pytest

from ttlearn.learn import pages

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

MARKDOWN = "# A small page\n\n<details><summary>Tip</summary>\n\nfolded\n</details>\n\n[next](next.ipynb)"
CELLS = (
    "import ttlearn as tt\nfrom ttlearn.learn import check\nfrom ttlearn.learn.course.nb01 import reader\n"
    "from ttlearn.learn.hangs import entry\ntry:\n    tt.generic_op(*entry('no_hw_startup').broken())\n"
    "except tt.DeviceHang as error:\n    hang = error",
    "# SOLUTION BEGIN\n#| answer = ...\nanswer = 3\n# SOLUTION END\ncheck('01.1', reader)",
    "tt.step(hang)",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pages made of one small notebook that had never run."""
    folder = tmp_path_factory.mktemp("notebooks")
    cells = [nbformat.v4.new_markdown_cell(MARKDOWN), *map(nbformat.v4.new_code_cell, CELLS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "07_small.ipynb")
    assert pages.main([str(folder), str(folder / "out")]) == 0
    return folder / "out"


def test_a_page_holds_what_the_cells_gave(made: Path) -> None:
    text = (made / "07_small.html").read_text("utf-8")
    assert "01.1 A reader: passed, all 4 cases." in text
    assert "<summary>Tip</summary>" in text and 'href="next.html"' in text
    assert "SOLUTION" not in text and "#|" not in text and "display_formatter" not in text
    assert 'href="07_small.html"' in (made / "index.html").read_text("utf-8")


def test_the_stepper_is_inside_with_its_data_and_as_text(made: Path) -> None:
    text = (made / "07_small.html").read_text("utf-8")
    frame = re.search(r'srcdoc="([^"]+)"', text)
    assert frame is not None
    inner = unescape(frame[1])
    assert 'id="recording"' in inner and "never configured" in inner
    assert "it hangs" in text.partition('<pre class="tt-print">')[2]
    assert "widget-view" not in text and "widget-state" not in text


def test_a_page_loads_nothing(made: Path) -> None:
    for path in made.glob("*.html"):
        assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|url\(", path.read_text("utf-8"))


def test_a_folder_without_notebooks_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pages.main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        "python -m ttlearn.learn.pages FOLDER OUT: FOLDER holds notebooks, OUT gets pages\n"
    )


def test_on_a_phone_the_stepper_plays_and_on_paper_its_text_stands(made: Path) -> None:
    from browsing import chromium, violations

    with chromium() as browser:
        page = browser.new_context(offline=True, viewport={"width": 390, "height": 844}).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((made / "07_small.html").as_uri())
        frame = page.frame_locator("iframe.tt-frame")
        frame.locator(".tt-stepper").press("ArrowRight")
        assert frame.locator(".tt-stepper").get_attribute("data-step") == "2"
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.emulate_media(media="print")
        assert page.locator(".tt-print").is_visible() and not page.locator("iframe").is_visible()
        assert complaints == []
        page.emulate_media(media="screen")
        assert violations(page) == []
