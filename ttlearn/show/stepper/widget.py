"""`tt.step(run)`: the stepper as a notebook shows it, as text, and as a file.

The widget holds the whole recording, so it plays without its kernel. Without anywidget the text is shown.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import DeviceHang, HostError
from ...host.run import Run
from .page import SCRIPT, STYLE, page
from .record import record
from .recording import Recording
from .text import text


class Stepper:
    """A recorded run that a notebook plays. `save(path)` writes it as one HTML file."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def __repr__(self) -> str:
        return text(self.recording)

    def save(self, path: str | Path) -> Path:
        """Write one self-contained HTML file, which any browser opens without a network; gives its path back."""
        path = Path(path)
        path.write_text(page(self.recording, repr(self)), "utf-8")
        return path

    @cached_property
    def widget(self) -> Any:
        """The anywidget. Raises HostError where anywidget is not installed."""
        try:
            import anywidget
        except ImportError:
            raise HostError(
                "the stepper's widget needs anywidget: pip install 'ttlearn[pictures]', or write a page with .save('run.html')"
            ) from None
        import traitlets

        class StepperWidget(anywidget.AnyWidget):  # type: ignore[misc]
            _esm, _css = SCRIPT, STYLE
            recording = traitlets.Unicode().tag(sync=True)

        return StepperWidget(recording=self.recording.json())

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        plain = {"text/plain": repr(self)}
        try:
            shown = self.widget._repr_mimebundle_(**kwargs)
        except HostError:
            return plain
        bundle = shown[0] if isinstance(shown, tuple) else shown  # some versions add metadata
        return {**(bundle or {}), **plain}


def step(
    run: Run | DeviceHang, core: tuple[int, int] | None = None, *, begin: int | None = None, end: int | None = None
) -> Stepper:
    """Play a run, or a hang, step by step. `core`: which core; `begin`, `end`: which steps of a long run."""
    if not isinstance(run, (Run, DeviceHang)):
        raise HostError(f"step({run!r}): give it what generic_op returns, or the DeviceHang that it raises")
    return Stepper(record(run, core, begin=begin, end=end))
