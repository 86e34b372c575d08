"""The hang clinic's ward: patients by number, with what a board would show of them and no word about the cause.

Kernels are called reader, compute and writer here, for in the catalogue many a name tells the cause. Left out: the
programs themselves (`hangs`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from ..errors import DeviceHang
from ..host.descriptors import ComputeConfigDescriptor, KernelDescriptor, WriterConfigDescriptor
from ..host.program import generic_op
from ..host.run import Run
from ..host.tensor import to_numpy
from .hangs import Entry, entry

WARD = (
    "push_missing_on_one_path",
    "cb_never_consumed",
    "intermediate_too_small",
    "popped_but_needed_again",
    "commit_missing",
    "another_cores_fault",
    "read_barrier_missing",
)


@dataclass(frozen=True)
class Shown:
    """A text that a notebook shows, by its picture where there is one."""

    text: str
    picture: str = ""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.picture or _pre(self.text)


class Patient:
    """One entry of the catalogue. Shown, it is the watcher's lines and the table of circular buffers after the hang."""

    def __init__(self, found: Entry) -> None:
        self._entry = found

    @property
    def make(self) -> Callable[[], Any]:
        """The broken program: a function that gives (tensors, ProgramDescriptor)."""
        return self._entry.broken

    @cached_property
    def run(self) -> Run:
        """How far it came. Nobody has asked why it stopped."""
        run: Run = _hung(self._entry, diagnose=False).run
        return run

    @cached_property
    def hang(self) -> DeviceHang:
        """The hang with its diagnosis."""
        return _hung(self._entry, diagnose=True)

    @property
    def why(self) -> Shown:
        """The diagnosis, with its picture."""
        return Shown(str(self.hang), self.hang._repr_html_())

    @property
    def cause(self) -> str:
        """The cause in the words of `Cause`."""
        return str(self.hang.diagnosis.cause.value)

    def source(self, role: str) -> Shown:
        """The text of its "reader", "compute" or "writer", with the line numbers that the diagnosis uses."""
        kernel = next(k for k in self._kernels() if _role(k) == role)
        lines, first = inspect.getsourcelines(kernel.kernel_source)  # type: ignore[arg-type]
        text = "\n".join(f"{number:>4}  {line.rstrip()}" for number, line in enumerate(lines, first))
        return Shown(self._plain(text).replace(" -> None:", ":"))

    def blamed(self, lines: tuple[str, ...]) -> str:
        """The one of `lines` that the diagnosis names as a promise not kept."""
        return next(line for site in reversed(self.hang.diagnosis.sites) for line in lines if line in site)

    def mended(self) -> str:
        """What was changed, and how the program then ends."""
        run = generic_op(*self._entry.fixed())
        assert self._entry.golden is not None
        right = "right" if (to_numpy(run.tensors[-1]) == self._entry.golden()).all() else "wrong"
        return (
            f"Mended: {self._entry.fix}.\nIt finishes after {run.cycles:,} cycles (model), and the output is {right}."
        )

    def __repr__(self) -> str:
        return f"{self._plain(self.run.watcher())}\n{self.run.cbs}"

    def _repr_html_(self) -> str:
        return _pre(repr(self))

    def _kernels(self) -> list[KernelDescriptor]:
        return self._entry.broken()[1].kernels

    def _plain(self, text: str) -> str:
        names = {k.kernel_source.__name__: _role(k) for k in self._kernels() if callable(k.kernel_source)}
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, names[name])
        return text


def patient(number: int) -> Patient:
    """Patient `number` of the ward, from 1 on."""
    return Patient(entry(WARD[number - 1]))


def _pre(text: str) -> str:
    return f'<pre style="white-space:pre-wrap">{escape(text, quote=False)}</pre>'


def _role(kernel: KernelDescriptor) -> str:
    if isinstance(kernel.config, ComputeConfigDescriptor):
        return "compute"
    return "writer" if isinstance(kernel.config, WriterConfigDescriptor) else "reader"


def _hung(found: Entry, diagnose: bool) -> DeviceHang:
    try:
        generic_op(*found.broken(), diagnose=diagnose)
    except DeviceHang as hang:
        return hang
    raise AssertionError(f"{found.name} was to hang, and finished")
