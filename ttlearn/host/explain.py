"""`tt.explain_watcher`: a dump from the board, explained with a run of the same program.

A program is run on copies of its tensors, not strictly, and what its kernels print is thrown away; where the usual
timing does not agree, a few others are tried. Left out: the words (`ttlearn.debug.board.explain`), other chips than the run's.
"""

from __future__ import annotations

import contextlib
import copy
import io
from dataclasses import replace
from typing import Any

from ..debug.board.explain import explain
from ..debug.board.explained import Explanation
from ..errors import DeviceHang, HostError, TTError
from ..sim.device import Device
from .descriptors import ProgramDescriptor
from .program import generic_op
from .run import Run
from .tensor import Tensor

SEEDS = 4  # other timings that are tried when the usual one does not agree
Program = tuple[list[Tensor], ProgramDescriptor]


def explain_watcher(text: str, program: Program | Run | DeviceHang | ProgramDescriptor | None = None) -> Explanation:
    """Say what a pasted watcher dump (or tt-triage's table of circular buffers) means.

    `program` is `(tensors, ProgramDescriptor)`, or a `Run` of it, finished or hung (or the ProgramDescriptor, once it has
    run): then the source lines are named, and whether the hang simulated here agrees. Without it, waypoints and counters
    alone are explained.
    """
    if program is None:
        return explain(text)
    if isinstance(program, DeviceHang):
        program = program.run
    if isinstance(program, ProgramDescriptor) and program.last_run is not None:
        program = program.last_run
    if isinstance(program, Run):
        return explain(text, program.device)
    tensors, descriptor = _checked(program)
    device, failed = _ran(tensors, descriptor, None)
    first = explain(text, device)
    if failed:
        return replace(first, verdict=f"The run here stops with an error: {failed} {first.verdict}")
    for seed in range(SEEDS) if first.agrees is False else ():
        said = explain(text, _ran(tensors, descriptor, seed)[0])
        if said.agrees and said.diagnosis is not None:
            return replace(said, verdict=f"{said.verdict} It depends on the timing: this is the run with seed={seed}.")
    return first


def _checked(program: Any) -> Program:
    if isinstance(program, (tuple, list)) and len(program) == 2 and isinstance(program[1], ProgramDescriptor):
        return list(program[0]), program[1]
    raise HostError(
        f"explain_watcher takes (tensors, ProgramDescriptor) or a Run, not {type(program).__name__}; "
        "give what you give generic_op, as a pair"
    )


def _ran(tensors: list[Tensor], program: ProgramDescriptor, seed: int | None) -> tuple[Device | None, str]:
    """The device after a run of the program, and the error that ended it."""
    trial, failed = replace(program, last_run=None), ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            generic_op(copy.deepcopy(tensors), trial, strict=False, seed=seed, diagnose=False)
    except DeviceHang:
        pass
    except TTError as error:
        failed = str(error)
    return (None if trial.last_run is None else trial.last_run.device), failed
