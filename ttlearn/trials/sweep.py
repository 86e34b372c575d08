"""`tt.sweep`: one program over the product of some settings, a row a run.

Runs go one after the other, or through any executor of `concurrent.futures`. One process runs one program at a time
(who runs now, and where prints go, is one fact a process), so threads take turns. Left out: sweeps that continue.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import closing
from itertools import product
from typing import Any

import numpy as np

from ..debug.hang import diagnosis
from ..errors import DeviceHang, HostError, TTError
from ..host.descriptors import ProgramDescriptor
from ..host.program import generic_op
from ..host.run import Run
from ..measure.bottleneck import binding
from .outcome import End, made
from .sweep_table import GIVEN, Row, Sweep, setting, table

_ONE = threading.RLock()  # a run at a time in this process
_PATIENCE = 1.0  # seconds before a progress bar shows


def sweep(make: Callable[..., Any], /, *, executor: Executor | None = None, **axes: Iterable[Any]) -> Sweep:
    """Run `make` with every combination of the values of `axes`, the last axis fastest; a table with a row a run.

    `make(W=32, depth=1)` returns (tensors, ProgramDescriptor), which is run here, strictly; or a `Run`; or
    (Run, {"error": 0.01}) to add figures of its own, numbers or words, as columns. A program that hangs, is refused or
    does not fit is a row that says so. Anything else that `make` or a kernel raises is raised, with the settings.
    `executor`: anything with `submit` as in concurrent.futures; what it is given must be picklable if it uses processes,
    so `make` then belongs into a .py file. The rows do not depend on it. Threads take turns, so only processes save time;
    and before Python 3.12 a kernel that loops for ever is not stopped in a thread.
    Raises HostError for axes without values, names that are taken, or if `make` cannot be sent to the executor.

        found = tt.sweep(make, W=[32, 64], depth=[1, 2], executor=ProcessPoolExecutor())
        print(found); found.picture("W", "depth")
    """
    values = {name: _axis(name, given) for name, given in axes.items()}
    _check(make, executor, values)
    settings = [dict(zip(values, some, strict=True)) for some in product(*values.values())]
    if executor is None:
        with closing(_shown((row_of(make, each) for each in settings), len(settings))) as done:
            rows = list(done)
    else:
        rows = _gathered(executor, make, settings)
    for name in {name for row in rows for name in row.own} & {*GIVEN, *values}:
        raise HostError(f"sweep: `make` returns a figure named {name!r}, and there is such a column already; rename it")
    return table(values, settings, rows)


# ---- what is asked ----------------------------------------------------------------------------------------------


def _axis(name: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise HostError(f"sweep({name}={given!r}): give a list of the values it may have, as in {name}=[{given!r}]")
    values = tuple(given.tolist() if isinstance(given, np.ndarray) else given)
    if not values:
        raise HostError(f"sweep({name}=...): there are no values; give some, as in {name}=[1, 2]")
    if name in GIVEN:
        raise HostError(f"sweep({name}=...): {name} is a column of the result; name this parameter otherwise")
    return values


def _check(make: Any, executor: Any, values: Mapping[str, Any]) -> None:
    if not callable(make):
        raise HostError(f"sweep: give a function that takes the settings, not {type(make).__name__}")
    if not values:
        raise HostError("sweep(make): name what may vary, as in sweep(make, W=[32, 64])")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise HostError(
            f"sweep: the executor {executor!r} has no `submit`; give one as in concurrent.futures, ProcessPoolExecutor(4)"
        )


def _said(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={setting(value)}" for name, value in settings.items())


# ---- one run, in whatever process ----------------------------------------------------------------------------------


def row_of(make: Callable[..., Any], settings: Mapping[str, Any]) -> Row:
    """The row of one run. An error that is nobody's row gets a note with the settings."""
    try:
        with _ONE:
            return _row(make, settings)
    except Exception as error:
        error.add_note(_note(settings))
        raise


def _note(settings: Mapping[str, Any]) -> str:
    return f"in tt.sweep, with {_said(settings)}"


def _row(make: Callable[..., Any], settings: Mapping[str, Any]) -> Row:
    try:
        given = make(**settings)
        if isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[1], ProgramDescriptor):
            with contextlib.redirect_stdout(io.StringIO()):
                given = generic_op(*made(tuple(given)), diagnose=False)
    except DeviceHang as hang:
        found = hang.diagnosis or diagnosis.diagnose(hang.run.device)
        return Row(End.HANGS.value, found.cause.value, cb_bytes=_cb_bytes(hang.run))
    except TTError as error:
        return Row(End.REFUSED.value, str(error).splitlines()[0].rstrip(":"))
    run, own = _parted(given)
    return Row(
        End.FINISHES.value,
        cycles=run.cycles,
        ns=run.ns,
        dram_bytes=run.counters["dram_read_bytes"] + run.counters["dram_write_bytes"],
        cb_bytes=_cb_bytes(run),
        bottleneck=binding(run.device).bound.value.removesuffix(" bound"),
        own=own,
    )


def _parted(given: Any) -> tuple[Run, dict[str, float | str]]:
    """The run, and the figures that came with it."""
    run, own = given if isinstance(given, (tuple, list)) and len(given) == 2 else (given, {})
    if not isinstance(run, Run) or not isinstance(own, Mapping):
        raise HostError(
            "sweep: `make` must return (tensors, ProgramDescriptor), a Run, or (Run, {name: number}), "
            f"not {type(given).__name__}"
        )
    return run, {str(name): _figure(name, value) for name, value in own.items()}


def _figure(name: str, value: Any) -> float | str:
    if isinstance(value, str):
        return str(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise HostError(
            f"sweep: `make` returns {name}={value!r}; a figure is one number or a word, as in {{'error': 0.01}}"
        ) from None


def _cb_bytes(run: Run) -> int:
    """L1 that the CBs take on the fullest core."""
    return max(core.l1.top - run.device.arch.cb_base for core in run.device.cores.values())


# ---- many runs, by an executor --------------------------------------------------------------------------------------


def _gathered(executor: Executor, make: Callable[..., Any], settings: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows in the order of the settings, in whatever order they are done. What is left is cancelled on an error."""
    futures: list[Future[Row]] = []
    try:
        futures.extend(executor.submit(row_of, make, each) for each in settings)
        with closing(_shown(as_completed(futures), len(futures))) as done:
            for future in done:
                future.result()
    except Exception as error:
        raise _sent(make, error) from error.__cause__
    finally:
        for future in futures:
            future.cancel()
    return [future.result() for future in futures]


def _sent(make: Callable[..., Any], error: Exception) -> Exception:
    """The error, or what it means if `make` did not get to where it should run."""
    name = setting(make)
    if isinstance(error, BrokenExecutor):
        return HostError(
            f"sweep: the executor's processes ended before {name} had run. If {name} stands in a notebook cell, they "
            f"cannot find it: put it into a .py file and import it from there; or use ThreadPoolExecutor(), or "
            'ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")). In a script, make the executor under '
            '`if __name__ == "__main__":`'
        )
    if not hasattr(error, "__notes__") and not _picklable(make):
        return HostError(
            f"sweep: {name} cannot be sent to the executor's processes ({error}); write it with `def`, outside of any "
            "function, in a .py file, and import it from there; or use ThreadPoolExecutor()"
        )
    return error


def _picklable(make: Callable[..., Any]) -> bool:
    try:
        pickle.dumps(make)
    except Exception:  # whatever an object's own pickling raises
        return False
    return True


def _shown(rows: Iterable[Any], total: int) -> Generator[Any, None, None]:
    """With a progress bar after a second, if there is one and somebody looks: at a terminal, or in Jupyter.

    A notebook that is executed by a test or a converter was started by no Jupyter server, and its outputs must not
    depend on how fast the machine is.
    """
    if not sys.stderr.isatty() and "JPY_SESSION_NAME" not in os.environ:
        yield from rows
        return
    try:
        tqdm = importlib.import_module("tqdm.auto").tqdm
    except ImportError:
        yield from rows
        return
    yield from tqdm(rows, total=total, desc="sweep", unit="run", leave=False, delay=_PATIENCE)
