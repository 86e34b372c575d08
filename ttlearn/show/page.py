"""What a panel shows: a sentence, figures, pictures, and the diagnosis if the program hangs.

Pure: figures in, text and HTML out. The sentence stands in an `aria-live` region and is the panel's plain text; each
figure stands in a `data-*` attribute, too. Left out: where the figures come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ..errors import DeviceHang
from ..host.run import Run

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """One line of plain text, and HTML that holds it too."""

    summary: str
    html: str


def page(summary: str, figures: Mapping[str, object], pictures: list[str], bottleneck: str = "") -> Page:
    """`pictures` are SVG or HTML; `bottleneck` is a sentence shown under the summary."""
    data = _data(figures)
    live = '<div class="ttlearn-summary" role="status" aria-live="polite" style="line-height:1.4">'
    told = f"{live}{escape(summary, quote=False)}</div>"
    sets = f'<p style="margin:.3em 0">{escape(bottleneck, quote=False)}</p>' if bottleneck else ""
    return Page(summary, f'<div class="ttlearn-panel" {data}>{told}{sets}{"".join(pictures)}</div>')


def guarded(make: Callable[[Settings], Page]) -> Callable[[Settings], Page]:
    """Errors become content: in a widget's callback they would be lost."""

    def made(settings: Settings) -> Page:
        try:
            return make(settings)
        except DeviceHang as hang:
            return hung(hang, settings)
        except Exception as problem:
            return failed(problem, settings)

    return made


def hung(hang: DeviceHang, settings: Settings) -> Page:
    """The diagnosis, and the clock at which nothing moved any more."""
    summary = str(hang).partition("\n")[0]
    figures = {"hangs": True, "cycles": hang.run.cycles} | named(settings)
    return page(summary, figures, [hang._repr_html_()])


def failed(problem: Exception, settings: Settings) -> Page:
    """What was refused, in its own words."""
    name = type(problem).__name__
    summary = f"{name}: {problem}"
    data = _data({"error": name} | named(settings))
    told = f'<pre role="alert" style="white-space:pre-wrap">{escape(summary, quote=False)}</pre>'
    return Page(summary, f'<div class="ttlearn-panel" {data}>{told}</div>')


def named(settings: Settings) -> dict[str, object]:
    """Settings as data attributes."""
    return {name.replace("_", "-"): value for name, value in settings.items()}


def _data(figures: Mapping[str, object]) -> str:
    return " ".join(f'data-{name}="{escape(str(value))}"' for name, value in figures.items())


def l1_bytes(run: Run) -> int:
    """Bytes of L1 that the CBs of one core take."""
    return sum(cb.num_pages * cb.page_size for cb in run.cbs if cb.core == run.cbs[0].core)


def sets_the_time(run: Run) -> str:
    """The bottleneck's sentence."""
    return run.bottleneck.partition("\n")[0]
