"""Live panels: the op, each of its phases, and any program of yours, as functions that return a `Panel`.

`phase_page` and `program_page` are pure: settings in, a page out. Each figure comes from a run made for these settings.
Left out: several cores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import HostError
from ..host.program import generic_op
from ..host.run import Run
from ..layernorm import golden
from ..layernorm.op import layernorm_fused_rm
from ..layernorm.phases import PHASES, run_phase
from ..measure.pictures.svg import Picture
from ..sim.formats import bf16_values, to_bf16_rne
from .controls import Choice, Control, Panel, Power, Whole
from .heat import heat
from .page import Page, Settings, guarded, l1_bytes, named, page, sets_the_time
from .svg import cb_bars, layout

WIDTHS = (32, 64, 128, 256, 512, 1024)
ROWS = 64
SMALL, SPREAD = 1, 0.003  # row 1 is row 0 times this, so that epsilon matters there
EPSILON_FROM = 8


def sample(width: int = WIDTHS[-1]) -> NDArray[np.float64]:
    """Seeded normal data, 64 rows with means from -1 to 1 and spreads from 0.5 to 1.5; row 1 hardly varies."""
    turn = np.linspace(0, 4 * np.pi, ROWS)[:, None]
    x = np.random.default_rng(0).normal(size=(ROWS, width)) * (1 + np.cos(turn) / 2) + np.sin(turn)
    x[SMALL] = x[0] * SPREAD
    made: NDArray[np.float64] = x
    return made


# ---- the op --------------------------------------------------------------------------------------------------


def layernorm_panel(x: ArrayLike | None = None) -> Panel:
    """The whole op on `x` (..., H, W), or on seeded data of 64 rows: W, epsilon, CB depth, pages, helpers or raw."""
    values = sample() if x is None else np.asarray(x)
    style = Choice("style", "Written with", ("helpers", "raw"), "helpers")
    return Panel(guarded(partial(layernorm_page, values)), [*_controls(values), style])


def layernorm_page(x: NDArray[Any], settings: Settings) -> Page:
    """The op on the first `width` columns of `x`."""
    options = {name: value for name, value in settings.items() if name != "width"}
    run = layernorm_fused_rm(x[..., : settings["width"]], **options)
    expected = golden.layernorm(run.details["x"], epsilon=settings["epsilon"])
    holds = {cb.index: cb.holds for cb in run.details["cbs"]}
    return _compared(
        run, expected, settings, [_before(x, settings), heat(_flat(run.output), "layernorm of x")], holds, 12
    )


# ---- the phases ----------------------------------------------------------------------------------------------


def tilize_panel() -> Panel:
    """Phase 3: sticks to tiles."""
    return phase_panel(3)


def mean_panel() -> Panel:
    """Phase 4: the mean of each row, in column 0 of one tile."""
    return phase_panel(4)


def center_panel() -> Panel:
    """Phase 5: each row minus its mean."""
    return phase_panel(5)


def square_panel() -> Panel:
    """Phase 6: the centred values squared."""
    return phase_panel(6)


def variance_panel() -> Panel:
    """Phase 7: the mean of the squares."""
    return phase_panel(7)


def rsqrt_panel() -> Panel:
    """Phase 8: 1 / sqrt(variance + epsilon); here epsilon enters."""
    return phase_panel(8)


def normalize_panel() -> Panel:
    """Phase 9: centred values times the inverse standard deviation."""
    return phase_panel(9)


def gamma_panel() -> Panel:
    """Phase 10: times gamma."""
    return phase_panel(10)


def beta_panel() -> Panel:
    """Phase 11: plus beta."""
    return phase_panel(11)


def phase_panel(number: int) -> Panel:
    """The op up to phase `number` (3 to 11): W, epsilon, CB depth and the unit of pages."""
    if number not in range(3, 12):
        raise HostError(
            f"phase_panel({number}): panels are there for phases 3 to 11; layernorm_panel() is the whole op"
        )
    return Panel(guarded(partial(phase_page, number, sample())), _controls(sample(), number))


def phase_page(number: int, x: NDArray[Any], settings: Settings) -> Page:
    """Phase `number` on the first `width` columns of `x`, compared with float64 on the same bf16 input."""
    phase, width = PHASES[number - 1], settings["width"]
    options = {name: value for name, value in settings.items() if name != "width"}
    affine = {10: ("gamma",), 11: ("gamma", "beta")}.get(number, ())
    given: dict[str, Any] = {name: np.linspace(*{"gamma": (0.5, 2), "beta": (-1, 1)}[name], width) for name in affine}
    run = run_phase(number, x[..., :width], **given, **options)
    values = {name: _as_bf16(value) for name, value in given.items()}
    expected = phase_values(number, _as_bf16(x[..., :width]), settings["epsilon"], **values)
    note = "only column 0 counts" if phase.column else ""
    data = [layout(width)] if number == 3 else [_before(x, settings), heat(_flat(run.output), phase.formula, note)]
    return _compared(run, expected, settings, data, {cb.index: cb.holds for cb in run.details.get("cbs", ())}, number)


def phase_values(
    number: int, x: NDArray[Any], epsilon: float, gamma: Any = 1.0, beta: Any = 0.0
) -> NDArray[np.float64]:
    """What phase 3 to 11 should make of `x`, in float64; a column phase gives one column."""
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    square = centred**2
    variance = square.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(variance + epsilon)
    made = [x, mean, centred, square, variance, inverse, centred * inverse, centred * inverse * gamma]
    made.append(made[-1] + beta)
    result: NDArray[np.float64] = made[number - 3]
    return result


# ---- any program -----------------------------------------------------------------------------------------------


def program_panel(make: Callable[..., Any], **axes: Sequence[Any]) -> Panel:
    """A panel over a program of yours: `make(W=…, depth=…)` returns (tensors, ProgramDescriptor).

    Each axis is a list of values (a list to choose from), or a `range` (a number box with a slider). A hang shows its
    diagnosis, an error its words.
    """
    if not axes:
        raise HostError("program_panel(make): name what may be changed, as in program_panel(make, depth=range(1, 9))")
    return Panel(guarded(partial(program_page, make)), [_axis(name, values) for name, values in axes.items()])


def program_page(make: Callable[..., Any], settings: Settings) -> Page:
    """One run of the program made with these settings."""
    tensors, program = make(**settings)
    run = generic_op(tensors, program)
    summary = f"{run.cycles:,} cycles (model), {l1_bytes(run):,} B of L1 for CBs"
    figures = {"cycles": run.cycles, "l1-bytes": l1_bytes(run)} | named(settings)
    return page(summary, figures, [cb_bars(run)], sets_the_time(run))


def _as_bf16(values: ArrayLike) -> NDArray[np.float64]:
    """As the host rounds them on their way to DRAM."""
    return bf16_values(to_bf16_rne(values)).astype(np.float64)


# ---- parts -----------------------------------------------------------------------------------------------------


def _controls(x: NDArray[Any], phase: int = 12) -> list[Control]:
    choices = tuple(w for w in WIDTHS if w <= x.shape[-1]) or (x.shape[-1],)
    start = max(w for w in choices if w <= 128 or w == choices[0])
    late = "" if phase >= EPSILON_FROM else f"epsilon enters at phase {EPSILON_FROM} ({PHASES[EPSILON_FROM - 1].name})"
    return [
        Choice("width", "W", choices, start),
        Power("epsilon", "Epsilon", -12, 0, 1e-5, late),
        Whole("cb_depth", "CB depth", 1, 8, 2),
        Choice("pages", "Pages in", ("sticks", "tiles"), "sticks"),
    ]


def _axis(name: str, values: Sequence[Any]) -> Control:
    if isinstance(values, range):
        return Whole(name, name, values[0], values[-1], values[0])
    return Choice(name, name, tuple(values), values[0])


def _before(x: NDArray[Any], settings: Settings) -> Picture:
    return heat(_flat(x[..., : settings["width"]]), "x")


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(-1, values.shape[-1])


def _compared(
    run: Run, expected: NDArray[np.float64], settings: Settings, data: list[Picture], holds: dict[int, str], phase: int
) -> Page:
    """The run beside what it should give. A column phase is compared in its column 0."""
    output = run.output[..., : expected.shape[-1]]
    error = golden.compare(output, expected)
    row = np.asarray(_flat(output)[SMALL], np.float64)
    told, figure = ("spread", row.std()) if row.size > 1 else ("value", row[0])
    shape = " x ".join(map(str, run.output.shape))
    summary = (
        f"{shape}: {run.cycles:,} cycles (model, unvalidated), {l1_bytes(run):,} B of L1; {error}; "
        f"row {SMALL}, which hardly varies: {told} {figure:.4g}"
    )
    figures = {"cycles": run.cycles, "l1-bytes": l1_bytes(run), "max-abs-error": f"{error.max_abs:.4g}"}
    figures |= {"phase": phase, "within": error.within, "row-1": f"{figure:.4g}"}
    bars = cb_bars([report for report in run.cbs if report.pushed], holds)
    shown = f'<div style="display:flex;flex-wrap:wrap">{"".join(data)}</div>'
    return page(summary, figures | named(settings), [shown, bars], sets_the_time(run))
