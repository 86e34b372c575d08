"""`tt.sweep`: a row a run, in the order of the product, by whichever executor; as text, array and picture."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import COMPUTE, CORE, READER, WRITER, cb, rows

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.sim.arch import WORMHOLE_B0
from ttlearn.trials.sweep_picture import short
from ttlearn.trials.sweep_table import Sweep, column


async def reads() -> None:
    x = TensorAccessor(TensorAccessorArgs(0), get_common_arg_val(0))
    for i in range(get_arg_val(0)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, x, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writes() -> None:
    y = TensorAccessor(TensorAccessorArgs(0), get_common_arg_val(0))
    for i in range(get_arg_val(0)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, y, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


def make(pages: int = 2, depth: int = 2, missing: int = 0, **_: Any) -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
    """A copy of so many pages; with `missing` pages the writer waits for ever."""
    x, y = rows(pages), tt.allocate_tensor_on_device((pages, 32))
    words = tt.TensorAccessorArgs(x).get_compile_time_args()
    kernels = [
        tt.KernelDescriptor(function, CORE, config, words, [((0, 0), [count])], [tensor.buffer_address()])
        for function, config, count, tensor in ((reads, READER, pages - missing, x), (writes, WRITER, pages, y))
    ]
    return [x, y], tt.ProgramDescriptor(kernels, [cb(0, depth)])


def with_figures(pages: int, depth: int) -> tuple[tt.Run, dict[str, Any]]:
    run = tt.generic_op(*make(pages, depth))
    return run, {"sum": run.output.sum(), "parity": "odd" if pages % 2 else "even"}


AXES: dict[str, Any] = {"pages": [1, 2, 3], "depth": [2, 100_000], "missing": [0, 1]}


# ---- rows ---------------------------------------------------------------------------------------------------------


def test_rows_are_the_product_with_the_last_axis_fastest() -> None:
    found = tt.sweep(make, **AXES).array
    assert [(r["pages"], r["depth"], r["missing"]) for r in found] == list(product(*AXES.values()))


def test_a_row_says_what_its_run_says() -> None:
    for row in tt.sweep(make, pages=[1, 5], depth=[1, 4]).array:
        run = tt.generic_op(*make(row["pages"], row["depth"]))
        assert (row["cycles"], row["ns"]) == (run.cycles, run.cycles / WORMHOLE_B0.clock_ghz)
        assert row["dram_bytes"] == 2 * 64 * row["pages"]  # each page is read once and written once
        assert row["cb_bytes"] == 64 * row["depth"]
        assert run.bottleneck.startswith(row["bottleneck"])
        assert (row["end"], row["why"]) == ("finishes", "")


def test_a_hang_is_a_row_with_its_cause_and_without_times() -> None:
    (row,) = tt.sweep(make, missing=[1]).array
    with pytest.raises(tt.DeviceHang) as hang:
        tt.generic_op(*make(missing=1))
    assert (row["end"], row["why"]) == ("hangs", hang.value.diagnosis.cause.value)
    assert np.isnan([row["cycles"], row["ns"], row["dram_bytes"]]).all() and row["cb_bytes"] == 128


def test_a_hang_in_a_run_of_ones_own_is_the_same_row() -> None:
    own = tt.sweep(lambda **given: tt.generic_op(*make(**given)), **AXES)
    assert repr(own) == repr(tt.sweep(make, **AXES))


def test_a_program_that_does_not_fit_is_a_row_that_says_so() -> None:
    (row,) = tt.sweep(make, depth=[100_000]).array
    room = WORMHOLE_B0.l1_bytes - WORMHOLE_B0.cb_base
    assert row["end"] == "is refused" and np.isnan(row["cycles"])
    assert row["why"] == (
        f"the circular buffers of core (0, 0) need 6,400,000 bytes of L1, but only {room:,} are there "
        f"({6_400_000 - room:,} too many)"
    )


def test_own_figures_are_columns() -> None:
    found = tt.sweep(with_figures, pages=[1, 2, 3], depth=[1]).array
    assert found["sum"].tolist() == [32.0 * n * (n + 1) / 2 for n in (1, 2, 3)]
    assert found["parity"].tolist() == ["odd", "even", "odd"]


def test_a_run_without_a_figure_has_nan_or_no_word() -> None:
    def some(pages: int) -> Any:
        return with_figures(pages, 1) if pages == 2 else tt.generic_op(*make(pages, missing=pages - 1))

    found = tt.sweep(some, pages=[1, 2, 3]).array
    assert np.isnan(found["sum"]).tolist() == [True, False, True] and found["parity"].tolist() == ["", "even", ""]


def test_axes_keep_their_natural_type() -> None:
    axes = {"a": [1, 2], "b": [0.5, 1], "c": ["x", "longer"], "d": [True, False], "e": [None, tt.bfloat16]}
    dtype = tt.sweep(make, **axes).array.dtype  # type: ignore[arg-type]
    assert [dtype[name].kind for name in axes] == ["i", "f", "U", "b", "O"]


def test_make_gets_the_values_themselves() -> None:
    seen: list[Any] = []
    tt.sweep(lambda **given: seen.append(given) or make(), n=np.array([4]), f=[tt.float32, None], t=[(1, 2)])  # type: ignore[func-returns-value]
    assert [type(each["n"]) for each in seen] == [int, int]
    assert seen[0]["f"] is tt.float32 and seen[1]["f"] is None and seen[0]["t"] == (1, 2)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    async def says() -> None:
        print("a page")

    kernel = tt.KernelDescriptor(says, CORE, COMPUTE)
    tt.sweep(lambda n: ([rows(1)], tt.ProgramDescriptor([kernel])), n=[1, 2])
    assert capfd.readouterr() == ("", "")


# ---- what is refused at once -----------------------------------------------------------------------------------


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: tt.sweep(make), "sweep(make): name what may vary, as in sweep(make, W=[32, 64])"),
    (lambda: tt.sweep(make(), W=[1]), "sweep: give a function that takes the settings, not tuple"),  # type: ignore[arg-type]
    (lambda: tt.sweep(make, W=[]), "sweep(W=...): there are no values; give some, as in W=[1, 2]"),
    (lambda: tt.sweep(make, W=32), "sweep(W=32): give a list of the values it may have, as in W=[32]"),  # type: ignore[arg-type]
    (lambda: tt.sweep(make, W="ab"), "sweep(W='ab'): give a list of the values it may have, as in W=['ab']"),
    (lambda: tt.sweep(make, ns=[1]), "sweep(ns=...): ns is a column of the result; name this parameter otherwise"),
    (
        lambda: tt.sweep(make, W=[1], executor=4),  # type: ignore[arg-type]
        "sweep: the executor 4 has no `submit`; give one as in concurrent.futures, ProcessPoolExecutor(4)",
    ),
    (
        lambda: tt.sweep(lambda W: 3, W=[1]),
        "sweep: `make` must return (tensors, ProgramDescriptor), a Run, or (Run, {name: number}), not int",
    ),
    (
        lambda: tt.sweep(lambda pages: (tt.generic_op(*make()), {"error": [1, 2]}), pages=[1]),
        "sweep: `make` returns error=[1, 2]; a figure is one number or a word, as in {'error': 0.01}",
    ),
    (
        lambda: tt.sweep(lambda pages: (tt.generic_op(*make()), {"pages": 1}), pages=[1]),
        "sweep: `make` returns a figure named 'pages', and there is such a column already; rename it",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:40] for _, text in REFUSED])
def test_what_cannot_be_swept_is_refused_in_words(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(tt.HostError) as refusal:
        call()
    assert str(refusal.value) == text


def test_a_bug_in_make_is_raised_with_its_settings() -> None:
    with pytest.raises(ZeroDivisionError) as bug:
        tt.sweep(lambda W, dtype: 1 // (W - 2), W=[2], dtype=[tt.bfloat16])
    assert bug.value.__notes__ == ["in tt.sweep, with W=2, dtype=bfloat16"]


# ---- executors --------------------------------------------------------------------------------------------------


class Shuffled(Executor):
    """Does nothing until all is submitted, then the work in any order."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.rng = count, random.Random(seed)
        self.work: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.work.append((future, lambda: function(*given, **named)))
        if len(self.work) == self.count:
            self.rng.shuffle(self.work)
            for done, call in self.work:
                done.set_result(call())
        return future


class Interrupted(Executor):
    """The second job ends with `error`; all others stay pending."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.futures = error, list[Future[Any]]()

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        self.futures.append(Future())
        if len(self.futures) == 2:
            self.futures[-1].set_exception(self.error)
        return self.futures[-1]


def same(one: Sweep, other: Sweep) -> bool:
    """Bit by bit, nan included."""
    names = one.array.dtype.names
    assert names is not None and one.array.dtype == other.array.dtype
    return all(one.array[name].tobytes() == other.array[name].tobytes() for name in names)


@pytest.mark.parametrize("seed", range(3))
def test_rows_do_not_depend_on_the_order_in_which_runs_are_done(seed: int) -> None:
    assert same(tt.sweep(make, **AXES), tt.sweep(make, **AXES, executor=Shuffled(12, seed)))


def test_threads_give_the_same_rows() -> None:
    """Who runs now, and stdout, are facts of the whole process: threads must take turns."""
    out, interval = sys.stdout, sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # seconds: each run is interrupted many times
    try:
        with ThreadPoolExecutor(8) as threads:
            found = tt.sweep(with_figures, pages=[9, 5, 7], depth=[1, 2, 3], executor=threads)
    finally:
        sys.setswitchinterval(interval)
    assert same(found, tt.sweep(with_figures, pages=[9, 5, 7], depth=[1, 2, 3])) and sys.stdout is out


@pytest.fixture(scope="module")
def processes() -> Any:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_processes_give_the_same_rows(processes: Executor) -> None:
    assert same(tt.sweep(make, **AXES), tt.sweep(make, **AXES, executor=processes))
    figures = {"pages": [1, 2], "depth": [1, 100_000]}
    assert same(tt.sweep(with_figures, **figures), tt.sweep(with_figures, **figures, executor=processes))  # type: ignore[arg-type]


def divides(W: int) -> Any:
    return 1 // W


def test_a_bug_in_another_process_also_names_its_settings(processes: Executor) -> None:
    with pytest.raises(ZeroDivisionError) as bug:
        tt.sweep(divides, W=[0], executor=processes)
    assert bug.value.__notes__ == ["in tt.sweep, with W=0"]


def test_what_cannot_be_pickled_is_refused_with_the_way_out(processes: Executor) -> None:
    with pytest.raises(tt.HostError) as refusal:
        tt.sweep(lambda pages: make(pages), pages=[1], executor=processes)
    text = re.sub(r" \(.*\);", " (...);", str(refusal.value))
    assert text == (
        "sweep: <lambda> cannot be sent to the executor's processes (...); write it with `def`, outside of any "
        "function, in a .py file, and import it from there; or use ThreadPoolExecutor()"
    )


def test_a_function_of_a_notebook_and_processes_that_are_spawned() -> None:
    code = """
import multiprocessing, ttlearn as tt
from concurrent.futures import ProcessPoolExecutor
def make(W): pass
try:
    tt.sweep(make, W=[1], executor=ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
except tt.HostError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == (
        "sweep: the executor's processes ended before make had run. If make stands in a notebook cell, they cannot find "
        "it: put it into a .py file and import it from there; or use ThreadPoolExecutor(), or ProcessPoolExecutor("
        'mp_context=multiprocessing.get_context("fork")). In a script, make the executor under '
        '`if __name__ == "__main__":`\n'
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug")], ids=repr)
def test_an_error_or_an_interrupt_cancels_what_is_left(error: BaseException) -> None:
    executor = Interrupted(error)
    with pytest.raises(type(error)) as raised:
        tt.sweep(make, **AXES, executor=executor)
    assert raised.value is error
    assert [future.cancelled() for future in executor.futures] == [True, False, *[True] * 10]


# ---- the table --------------------------------------------------------------------------------------------------


def test_the_text_shows_each_run_and_the_reasons_once() -> None:
    found = tt.sweep(make, pages=[1, 2], depth=[2, 100_000], missing=[0, 1])
    head, rule, *rows_, first, second, third, count = repr(found).splitlines()
    assert head.split() == [*found.array.dtype.names[:-2], "end"]  # type: ignore[index]
    assert [line.split("  ")[-1] for line in rows_] == ["finishes", "hangs [1]", *["is refused [2]"] * 2] * 2
    assert f"{found.array['cycles'][0]:,.0f}" in rows_[0].split()
    assert first == f"[1] {found.array['why'][1]}" and f"{second} {third.strip()}" == f"[2] {found.array['why'][2]}"
    assert count == "8 runs; cycles and ns are the model's" and set(rule) == {"-"}


def test_the_text_is_100_wide_and_says_what_it_leaves_out() -> None:
    found = tt.sweep(make, a_long_name=[1], another_name=["a rather long word, too long for a cell"], third=[2.5])
    assert max(map(len, repr(found).splitlines())) <= 100
    head, *_, last = repr(found).splitlines()
    hidden = [name for name in found.array.dtype.names[:-2] if name not in head.split()]  # type: ignore[index]
    assert hidden and last == f"1 run; cycles and ns are the model's; not shown, but in .array: {', '.join(hidden)}"


def test_a_long_table_says_how_many_rows_it_leaves_out() -> None:
    found = tt.sweep(make, n=range(63))
    assert len(found) == 63 and "... and 3 more rows, in .array" in repr(found).splitlines()
    assert len(repr(found).splitlines()) == 2 + 60 + 2


def test_html_has_the_same_cells_escaped() -> None:
    page = tt.sweep(make, pages=[1], missing=[1], word=["<b>"])._repr_html_()
    assert "<td>&lt;b&gt;</td>" in page and "<td>hangs [1]</td>" in page and "<b>" not in page


def test_the_array_goes_to_pandas_or_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tt.sweep(make, pages=[1, 2])
    monkeypatch.setitem(sys.modules, "pandas", type("Fake", (), {"DataFrame": dict}))
    assert found.to_pandas()["pages"].tolist() == [1, 2]
    assert list(found.to_pandas()) == list(found.array.dtype.names)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(tt.HostError, match=r"^to_pandas\(\) needs pandas, which is not installed: pip install pandas$"):
        found.to_pandas()


def test_a_column_of_mixed_values_is_one_of_objects() -> None:
    assert column([(1, 2), (3, 4)]).tolist() == [(1, 2), (3, 4)]
    assert column([True, 2]).dtype == column([1, "a"]).dtype == object


# ---- pictures --------------------------------------------------------------------------------------------------


def texts(place: Any) -> list[str]:
    return [text.get_text() for text in place.texts]


def test_a_heat_map_says_each_number_and_hatches_what_has_none() -> None:
    found = tt.sweep(make, **AXES)
    figure = found.picture("pages", "depth")
    first, second = figure.axes[:2]
    numbers = [short(n) for n in found.array["cycles"][::4]]
    assert texts(first) == [*numbers, *["refused"] * 3]
    assert texts(second) == [*["hangs"] * 3, *["refused"] * 3]
    assert [place.get_title() for place in (first, second)] == ["missing 0", "missing 1"]
    assert [len({patch.get_hatch() for patch in place.patches}) for place in (first, second)] == [1, 2]
    assert (first.get_xlabel(), first.get_ylabel()) == ("pages", "depth")
    assert [t.get_text() for t in first.get_xticklabels()] == ["1", "2", "3"]


def test_a_heat_map_has_a_cell_where_its_settings_are() -> None:
    found = tt.sweep(make, **AXES)
    image = found.picture("depth", "pages").axes[0].images[0].get_array()
    assert image[2][0] == tt.generic_op(*make(3, 2)).cycles and image.shape == (3, 2)


def test_every_picture_says_its_unit_and_that_it_is_a_model() -> None:
    found = tt.sweep(make, pages=[1, 2], depth=[1, 2])
    assert found.picture().get_suptitle() == "cycles (model) over depth and pages"
    assert found.picture("pages", value="ns").axes[0].get_ylabel() == "ns (model)"
    assert found.picture(value="dram_bytes").axes[-1].get_ylabel() == "DRAM traffic (bytes, model)"


def test_one_axis_is_a_line_with_crosses_where_it_hangs() -> None:
    found = tt.sweep(make, pages=[1, 2, 4], missing=[1, 0])
    hung, ran = found.picture("pages").axes
    assert ran.lines[0].get_xydata().tolist() == [[n, tt.generic_op(*make(n)).cycles] for n in (1, 2, 4)]
    assert hung.lines[1].get_xdata().tolist() == [1, 2, 4] and hung.get_legend().texts[0].get_text() == "hangs"


def test_a_line_over_words_is_drawn_side_by_side() -> None:
    axes = tt.sweep(make, style=["raw", "helpers"]).picture().axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["raw", "helpers"]


PICTURES = [
    (
        (("W",), "cycles"),
        "picture('W', value='cycles'): there is no axis 'W' in this sweep; it has pages, depth, style",
    ),
    (
        (("pages",) * 2, "ns"),
        "picture('pages', 'pages', value='ns'): name one axis or two different ones of pages, depth, style; "
        "the others make panels",
    ),
    (
        (("pages",), "end"),
        "picture('pages', value='end'): there is no column of numbers 'end'; choose one of cycles, ns, dram_bytes, cb_bytes",
    ),
]


@pytest.mark.parametrize(("call", "text"), PICTURES)
def test_a_picture_of_what_is_not_there_is_refused(call: tuple[tuple[str, ...], str], text: str) -> None:
    with pytest.raises(tt.HostError) as refusal:
        tt.sweep(make, pages=[1], depth=[1], style=["a"]).picture(*call[0], value=call[1])
    assert str(refusal.value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.01234, "0.0123"), (999, "999"), (12_345, "12,345"), (123_456, "123 k"), (999_600, "1 M"), (2.5e9, "2.5 G")],
)
def test_numbers_in_cells_are_short(number: float, text: str) -> None:
    assert short(number) == text


# ---- the bar ----------------------------------------------------------------------------------------------------


class Bar:
    """Stands in for tqdm.auto: remembers how it was asked for, how far it came, and that it was closed."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.seen, self.closed = 0, False

    def tqdm(self, rows: Iterable[Any], **options: Any) -> Iterator[Any]:
        self.options = options
        try:
            for row in rows:
                self.seen += 1
                yield row
        finally:
            self.closed = True


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    made = Bar()
    monkeypatch.setitem(sys.modules, "tqdm.auto", made)
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook that somebody has opened")
    return made


def test_in_jupyter_a_bar_shows_after_a_second_and_goes(bar: Bar) -> None:
    tt.sweep(make, pages=[1, 2, 3])
    assert (bar.seen, bar.closed, bar.options["total"]) == (3, True, 3)
    assert bar.options["delay"] == 1 and bar.options["leave"] is False


def test_a_bar_is_closed_when_a_run_fails_in_an_executor(bar: Bar) -> None:
    with pytest.raises(ValueError, match="a bug"):
        tt.sweep(make, pages=[1, 2, 3], executor=Interrupted(ValueError("a bug")))
    assert bar.closed


def test_nobody_sees_a_bar_where_nobody_looks(bar: Bar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert len(tt.sweep(make, pages=[1, 2])) == 2 and bar.seen == 0


def test_a_sweep_needs_no_bar(bar: Bar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(tt.sweep(make, pages=[1, 2])) == 2


# ---- a notebook -------------------------------------------------------------------------------------------------


CELL = "import time\nimport ttlearn as tt\ndef make(n):\n    time.sleep(0.5)\n    raise tt.HostError('no')\ntt.sweep(make, n=[1, 2, 3])"


def test_a_slow_sweep_in_a_notebook_leaves_nothing_but_its_table(tmp_path: Path) -> None:
    """As nbval runs it, strictly: a bar would show as a widget, or on stderr."""
    data = {"text/plain": repr(refused()), "text/html": refused()._repr_html_()}
    kernel = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": CELL, "outputs": [output], "id": "a"}
    path = tmp_path / "slow.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    given = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run([*command, str(path)], capture_output=True, text=True, cwd=tmp_path, env=given)
    assert run.returncode == 0, run.stdout


def refused() -> Sweep:
    def never(n: int) -> Any:
        raise tt.HostError("no")

    return tt.sweep(never, n=[1, 2, 3])
