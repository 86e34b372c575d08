"""A panel: number boxes, sliders and lists over one picture that follows them.

`Panel` takes a pure function from settings to a `Page` and wires it to widgets; ipywidgets is imported only here.
Sliders have no accessible name, so each has a number box beside it. JupyterLab takes arrow keys and letters for itself
unless told otherwise, so the panel tells it. Left out: what the pages show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets

from .page import Page, Settings


@dataclass(frozen=True)
class Choice:
    """One of several values. `off`: why it cannot act yet; it is then shown and cannot be changed."""

    name: str
    label: str
    options: tuple[Any, ...]
    value: Any
    off: str = ""


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`."""

    name: str
    label: str
    low: int
    high: int
    value: int
    off: str = ""


@dataclass(frozen=True)
class Power:
    """A number from 10^low to 10^high; the slider moves in half powers of ten."""

    name: str
    label: str
    low: int
    high: int
    value: float
    off: str = ""


Control = Choice | Whole | Power


class OwnKeys(anywidget.AnyWidget):
    """Nothing to see: what gets the focus in the panel keeps its keys from Lab's shortcuts, and sliders get a name."""

    _esm = """
export default { render({ el }) {
  const own = event => event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  const name = output => output.querySelectorAll("[role=slider]:not([aria-label])").forEach(handle => {
    const label = handle.closest(".widget-hbox")?.querySelector("label");
    if (label) handle.setAttribute("aria-label", `${label.textContent}, slider`);
  });
  const mark = frames => {
    const output = el.closest(".jp-OutputArea-output");
    if (!output) return frames && requestAnimationFrame(() => mark(frames - 1));
    output.addEventListener("focusin", own);
    name(output);
    new MutationObserver(() => name(output)).observe(output, { childList: true, subtree: true });
  };
  mark(600);
} };
"""


class Panel:
    """The widgets, and the page they show. `boxes` holds the named inputs, `sliders` their sliders."""

    def __init__(self, render: Callable[[Settings], Page], controls: Sequence[Control]) -> None:
        self.render = render
        self.boxes: dict[str, Any] = {}
        self.sliders: dict[str, Any] = {}
        rows = [self._row(control) for control in controls]
        self.view = widgets.HTML()
        self.box = widgets.VBox([*rows, self.view, OwnKeys()])
        for box in self.boxes.values():
            box.observe(self._update, "value")
        self._update()

    @property
    def settings(self) -> Settings:
        return {name: box.value for name, box in self.boxes.items()}

    def set(self, **values: Any) -> Page:
        """Move controls by name, as a hand would, and return the page."""
        for name, value in values.items():
            self.boxes[name].value = value
        return self.page

    def _row(self, control: Control) -> Any:
        box, slider = _widgets(control)
        self.boxes[control.name] = box
        shown = [box]
        if slider is not None:
            widgets.link((box, "value"), (slider, "value"))
            self.sliders[control.name] = slider
            shown.append(slider)
        if control.off:
            for widget in shown:
                widget.disabled = True
            shown.append(widgets.HTML(f"<em>{escape(control.off)}</em>"))
        return widgets.HBox(shown)

    def _update(self, _: Any = None) -> None:
        self.page = self.render(self.settings)
        self.view.value = self.page.html

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**kwargs), "text/plain": self.page.summary}


def _widgets(control: Control) -> tuple[Any, Any]:
    """(the named input, its slider or None). Sliders wait for the hand to rest: a run is behind them."""
    label = {"description": control.label, "value": control.value, "style": {"description_width": "8em"}}
    if isinstance(control, Choice):
        return widgets.Dropdown(options=list(control.options), **label), None
    if isinstance(control, Whole):
        limits = {"min": control.low, "max": control.high}
        return widgets.BoundedIntText(**limits, **label), widgets.IntSlider(
            **limits, readout=False, continuous_update=False
        )
    low, high = 10.0**control.low, 10.0**control.high
    box = widgets.BoundedFloatText(min=low, max=high, step=low, **label)
    return box, widgets.FloatLogSlider(
        min=control.low, max=control.high, step=0.5, readout=False, continuous_update=False
    )
