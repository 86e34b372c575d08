"""Every error of the package, in one small family.

A message has three parts: the call in the learner's words, the values that met, and the next step.
What is left out: the explanation of a hang, which needs the whole device (`ttlearn.debug.hang.diagnosis`).
"""

from __future__ import annotations

from typing import Any

from .cells.steps import Told


class TTError(Told, Exception):
    """Base of everything this package raises on purpose."""


class HostError(TTError):
    """The host program cannot be built: a tensor, a circular buffer, a kernel or an argument does not fit."""


class KernelError(TTError):
    """A kernel used a call in a way that the call cannot serve."""


class Violation(TTError):
    """A hazard that hardware would pass over in silence; raised at once when `strict` is on."""


class CppError(TTError):
    """C++ that cannot be read, or Python that cannot be written as C++: file, line, construct, what to write instead."""


class Stuck(TTError):
    """Nobody can run and no event is due. Carries the device, explains nothing."""

    def __init__(self, device: object) -> None:
        super().__init__("the device is stuck")
        self.device = device


class DeviceHang(TTError):
    """A `Stuck` device with its explanation: `.diagnosis` (its text is the message), `.run` holds all up to the hang."""

    def __init__(self, diagnosis: Any, run: Any = None) -> None:
        silent = "The device hangs, and no diagnosis was asked for (diagnose=False): say what each RISC waits for."
        super().__init__(silent if diagnosis is None else str(diagnosis))
        self.diagnosis, self.run = diagnosis, run
        if diagnosis is not None:
            waits = diagnosis.root.circle or (diagnosis.root.stop,)
            self.places = tuple(dict.fromkeys(wait.site.place for wait in waits))

    def _repr_html_(self) -> str:
        return str(self.diagnosis._repr_html_()) if self.diagnosis is not None else str(self)
