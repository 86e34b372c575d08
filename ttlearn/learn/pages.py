"""`python -m ttlearn.learn.pages FOLDER OUT`: a folder's notebooks as HTML files for phones and for print.

Each notebook is executed anew, and every stepper becomes its own page in a frame; in print its text stands there. A page
asks nothing of a network. Left out: panels, of which a page shows the words; they need a kernel.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from html import escape
from importlib import import_module
from pathlib import Path

from ..show.stepper.page import page
from ..show.stepper.widget import Stepper

WIDGET = "application/vnd.jupyter.widget-view+json"
STYLE = Path(__file__).with_suffix(".css")

FIRST = """
from ttlearn.learn.pages import framed
from ttlearn.show.stepper.widget import Stepper
get_ipython().display_formatter.formatters["text/html"].for_type(Stepper, framed)
"""
FRAME = """<iframe class="tt-frame" title="The stepper: a recorded run, played step by step" srcdoc="{page}"
 onload="this.style.height = this.contentDocument.documentElement.scrollHeight + 4 + 'px'"></iframe>
<pre class="tt-print">{text}</pre>"""
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{title}</title><style>{style}</style></head>
<body><main>{body}</main></body>
</html>
"""


def framed(stepper: Stepper) -> str:
    """A stepper as a frame that holds its whole page, and as text for print."""
    text = repr(stepper)
    return FRAME.format(page=escape(page(stepper.recording, text)), text=escape(text))


def page_of(path: Path) -> str:
    """A notebook executed, as one HTML file. Raises CellExecutionError if a cell fails."""
    nbformat, nbconvert = (import_module(name) for name in ("nbformat", "nbconvert"))
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST))
    import_module("nbclient").NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(path.parent))
    del notebook.cells[0]
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.source = re.sub(r"(?m)^ *#(\|| SOLUTION (BEGIN|END)).*\n?", "", cell.source)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    exporter = nbconvert.HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    body = re.sub(r'<(table|div class="output_area")', r'<\1 tabindex="0"', body)  # so that keys can scroll them
    body = re.sub(r'href="([\w./-]+)\.ipynb"', r'href="\1.html"', body)
    return PAGE.format(title=escape(path.stem), style=STYLE.read_text("utf-8"), body=body)


def main(arguments: Sequence[str]) -> int:
    """Write a page for each notebook of the folder, and `index.html` with links to them; returns the exit code."""
    if len(arguments) != 2 or not (notebooks := sorted(Path(arguments[0]).glob("*.ipynb"))):
        print("python -m ttlearn.learn.pages FOLDER OUT: FOLDER holds notebooks, OUT gets pages", file=sys.stderr)
        return 1
    (out := Path(arguments[1])).mkdir(parents=True, exist_ok=True)
    for path in notebooks:
        print(path.name, flush=True)
        (out / f"{path.stem}.html").write_text(page_of(path), "utf-8")
    links = "\n".join(f'<li><a href="{path.stem}.html">{path.stem.replace("_", " ")}</a></li>' for path in notebooks)
    index = PAGE.format(title="The course", style=STYLE.read_text("utf-8"), body=f"<h1>The course</h1><ul>{links}</ul>")
    (out / "index.html").write_text(index, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
