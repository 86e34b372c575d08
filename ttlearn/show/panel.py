"""A panel for `layernorm_fused_rm`: choose W, epsilon and CB depth, see cycles, error and buffers.

`measure` runs the op and `page` writes the figures as HTML: both are pure and need no notebook. `Panel` wires them
to widgets; ipywidgets is imported only here. Left out: gamma and beta, several cores.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..host.run import Run
from ..layernorm import golden
from ..layernorm.op import layernorm_fused_rm
from .svg import cb_bars

WIDTHS = (32, 64, 128, 256, 512, 1024)
ROWS = 64
UNUSED = "not used: no gamma, no beta"


@dataclass(frozen=True)
class Settings:
    """What the panel lets one choose."""

    width: int = 128
    epsilon: float = 1e-5
    cb_depth: int = 2
    pages: str = "sticks"
    style: str = "helpers"


@dataclass(frozen=True)
class Page:
    """What the panel shows: one line of plain text, and HTML that holds it too."""

    summary: str
    html: str


# ---- settings to page ----------------------------------------------------------------------------------------


def measure(settings: Settings, x: NDArray[Any]) -> tuple[Run, golden.Error]:
    """Run the op on the first `width` columns of `x` and compare with float64 numpy on the same bf16 input."""
    choice = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "width"}
    run = layernorm_fused_rm(x[..., : settings.width], **choice)
    return run, golden.compare(run.output, golden.layernorm(run.details["x"], epsilon=settings.epsilon))


def page(settings: Settings, x: NDArray[Any]) -> Page:
    """The panel's content for `settings`. An error becomes content too: in a callback it would be lost."""
    try:
        run, error = measure(settings, x)
    except Exception as problem:
        summary = f"{type(problem).__name__}: {problem}"
        return Page(
            summary, f'<pre role="alert" data-error="{type(problem).__name__}">{escape(summary, quote=False)}</pre>'
        )
    shape = " x ".join(map(str, run.output.shape))
    summary = f"{shape}: {run.cycles:,} cycles (model, unvalidated), {run.details['cbs'].total_size:,} B of L1; {error}"
    figures = {
        "cycles": run.cycles,
        "l1-bytes": run.details["cbs"].total_size,
        "max-abs-error": f"{error.max_abs:.4f}",
        "within": error.within,
    }
    figures |= {f.name.replace("_", "-"): getattr(settings, f.name) for f in fields(settings)}
    data = " ".join(f'data-{name}="{value}"' for name, value in figures.items())
    holds = {cb.index: UNUSED if 4 <= cb.index <= 7 else cb.holds for cb in run.details["cbs"]}
    live = f'<div class="ttlearn-summary" role="status" aria-live="polite" style="line-height:1.4">{escape(summary, quote=False)}</div>'
    return Page(summary, f'<div class="ttlearn-panel" {data}>{live}{cb_bars(run, holds)}</div>')


def normal(width: int = WIDTHS[-1]) -> NDArray[np.float64]:
    """Seeded normal data, 64 rows."""
    return np.random.default_rng(0).normal(size=(ROWS, width))


# ---- widgets -------------------------------------------------------------------------------------------------


def layernorm_panel(x: ArrayLike | None = None) -> Panel:
    """A panel on `x` (..., H, W), or on seeded normal data of 64 rows."""
    return Panel(normal() if x is None else np.asarray(x))


class Panel:
    """The widgets, and the page they show. Sliders have no accessible name: each has a number box beside it."""

    def __init__(self, x: NDArray[Any]) -> None:
        self.x = x
        choices = [w for w in WIDTHS if w <= x.shape[-1]] or [x.shape[-1]]
        start = Settings(width=choices[: WIDTHS.index(Settings.width) + 1][-1])
        self.width = widgets.Dropdown(options=choices, value=start.width, description="W")
        self.pages = widgets.Dropdown(options=["sticks", "tiles"], value=start.pages, description="Pages in")
        self.style = widgets.Dropdown(options=["helpers", "raw"], value=start.style, description="Written with")
        self.epsilon = widgets.BoundedFloatText(value=start.epsilon, min=1e-12, max=1, step=1e-6, description="Epsilon")
        self.epsilon_slider = widgets.FloatLogSlider(min=-12, max=0, step=0.5, readout=False, continuous_update=False)
        self.cb_depth = widgets.BoundedIntText(value=start.cb_depth, min=1, max=8, description="CB depth")
        self.depth_slider = widgets.IntSlider(min=1, max=8, readout=False, continuous_update=False)
        self.view = widgets.HTML()
        for box, slider in ((self.epsilon, self.epsilon_slider), (self.cb_depth, self.depth_slider)):
            widgets.link((box, "value"), (slider, "value"))
        for chosen in self._chosen().values():
            chosen.observe(self._update, "value")
        rows = [
            (self.width, self.pages, self.style),
            (self.epsilon, self.epsilon_slider),
            (self.cb_depth, self.depth_slider),
        ]
        self.box = widgets.VBox([*map(widgets.HBox, rows), self.view])
        self._update()

    @property
    def settings(self) -> Settings:
        return Settings(**{name: widget.value for name, widget in self._chosen().items()})

    def _chosen(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(Settings)}

    def _update(self, _: Any = None) -> None:
        self.page = page(self.settings, self.x)
        self.view.value = self.page.html

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**kwargs), "text/plain": self.page.summary}
