"""A recording as one HTML file that opens from disk, without a network: data, style and script are inside."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .recording import Recording

HERE = Path(__file__).parent
SCRIPT, STYLE = HERE / "stepper.js", HERE / "stepper.css"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
html {{ color-scheme: light dark; }}
body {{ margin: 0; }}
h1 {{ margin: 0; padding: 8px 12px; font: 15px system-ui, sans-serif; }}
{style}
</style>
</head>
<body class="tt-alone">
<header><h1>A recorded run, step by step</h1></header>
<main id="stepper"></main>
<noscript><pre>{text}</pre></noscript>
<script type="application/json" id="recording">{data}</script>
<script type="module">
{script}
mount(document.getElementById("stepper"), JSON.parse(document.getElementById("recording").textContent));
</script>
</body>
</html>
"""


def page(recording: Recording, text: str) -> str:
    """The whole file. `text` is what it says without JavaScript."""
    return _PAGE.format(
        title=escape(text.splitlines()[0]),
        style=STYLE.read_text("utf-8"),
        text=escape(text),
        data=recording.json().replace("<", "\\u003c"),  # a kernel's text may hold "</script>"
        script=SCRIPT.read_text("utf-8"),
    )
