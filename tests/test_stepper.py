"""The stepper's recording: at every step what the trace says of that cycle, at the last step what the run says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import cb, empty, launch, reader, rows, writer

import ttlearn as tt
from ttlearn.cpp import read
from ttlearn.dataflow import *
from ttlearn.debug.hang.stops import of_core
from ttlearn.learn.hangs import CATALOGUE, entry
from ttlearn.measure.threads import THREADS
from ttlearn.show.stepper.page import page
from ttlearn.show.stepper.record import record
from ttlearn.show.stepper.recording import Recording
from ttlearn.show.stepper.widget import Stepper, step

X = np.random.default_rng(0).normal(size=(64, 128))


def copy(**options: Any) -> tt.Run:
    return launch(reader, writer, tensors=[rows(4), empty(4)], cbs=[cb(0, 2)], **options)


def run_of(make: Callable[[], Any], **options: Any) -> Any:
    """A Run, or the DeviceHang."""
    try:
        return tt.generic_op(*make(), **options)
    except tt.DeviceHang as hang:
        return hang


@cache
def played(name: str) -> tuple[Any, Recording]:
    """A run (or hang) and its recording."""
    if name in ("copy", "layernorm"):
        run = copy() if name == "copy" else tt.layernorm_fused_rm(X)
    else:
        clinic, which = name.rsplit(" ", 1)
        run = run_of(getattr(entry(clinic), which), strict=False)
    return run, record(run)


NAMES = ["copy", "layernorm", *(f"{e.name} {which}" for e in CATALOGUE for which in ("broken", "fixed"))]


def device_of(run: Any) -> Any:
    return run.run.device if isinstance(run, tt.DeviceHang) else run.device


def of(state: dict[str, Any], kind: str) -> dict[str, Any]:
    return {key.removeprefix(kind + " "): value for key, value in state.items() if key.startswith(kind + " ")}


def decoded(recording: Recording, k: int) -> dict[str, Any]:
    """The state after k steps, from the JSON that the view reads."""
    data = json.loads(recording.json())
    state = dict(data["start"])
    for _, changes, _, _ in data["steps"][:k]:
        for key, value in zip(changes[::2], changes[1::2], strict=True):
            state[data["keys"][key]] = data["values"][value]
    return state


# ---- the last step is the run's end -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_counts_what_the_run_counts(name: str) -> None:
    run, recording = played(name)
    core = device_of(run).cores[recording.core]
    state = recording.state(len(recording.steps))
    assert recording.steps[-1].cycle == device_of(run).cycles == recording.cycles
    for report in (run.run if isinstance(run, tt.DeviceHang) else run).cbs:
        if report.core == core.xy:
            counts = [state[f"cb {report.index} {what}"] for what in ("pushed", "popped")]
            assert counts == [report.pushed, report.popped]
    assert of(state, "semaphore") == {h.name: h.values[-1] for h in core.semaphores.values()}


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_stands_where_the_run_stands(name: str) -> None:
    run, recording = played(name)
    core = device_of(run).cores[recording.core]
    state = recording.state(len(recording.steps))
    stops = list(of_core(core)) if isinstance(run, tt.DeviceHang) else []
    waiting = {stop.risc.name: stop.site.line for stop in stops if not stop.engine}
    places = recording.facts["places"]
    assert {n: places[v[1]]["line"] for n, v in of(state, "risc").items() if v[0] == "wait"} == waiting
    stalled = {THREADS[stop.risc.name] for stop in stops if stop.engine}
    assert {n for n, v in of(state, "thread").items() if v[0] == "stall"} == stalled
    assert recording.hung == isinstance(run, tt.DeviceHang)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_leaves_src_and_dst_as_the_engine_does(name: str) -> None:
    run, recording = played(name)
    engine = device_of(run).cores[recording.core].engine
    state = recording.state(len(recording.steps))
    if of(state, "src"):
        assert [state["src A"], state["src B"]] == [engine.given[k] - engine.taken[k] for k in (0, 1)]
        unread = [value for value in of(state, "dst").values() if value in ("ready", "pack")]
        assert len(unread) == len(engine.commits) - len(engine.releases)


# ---- every step is the trace at that cycle ------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NAMES), st.floats(0, 1))
def test_a_step_counts_pages_as_the_trace_does(name: str, part: float) -> None:
    run, recording = played(name)
    k = 1 + round(part * (len(recording.steps) - 1))
    state, cycle = recording.state(k), recording.steps[k - 1].cycle
    facts = [f for f in device_of(run).trace.facts if f.core == recording.core and f.start <= cycle]
    for cb_index in recording.facts["used"]:
        for what, total in (("push", "pushed"), ("pop", "popped")):
            pages = sum(f.detail[1] for f in facts if f.what == what and f.detail[0] == cb_index)
            assert state[f"cb {cb_index} {total}"] == pages


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NAMES), st.floats(0, 1))
def test_a_risc_waits_at_a_step_if_and_only_if_the_trace_says_so(name: str, part: float) -> None:
    run, recording = played(name)
    k = 1 + round(part * (len(recording.steps) - 1))
    state, cycle = recording.state(k), recording.steps[k - 1].cycle
    core = device_of(run).cores[recording.core]
    waits = [f for f in core.device.trace.facts if f.core == core.xy and f.what.startswith("wait ")]
    waiting = {f.risc for f in waits if f.start <= cycle < f.end}
    waiting |= {r.name for r in core.riscs if r.waiting is not None and not r.done and r.t <= cycle}
    assert {n for n, v in of(state, "risc").items() if v[0] == "wait"} == waiting
    done = {r.name for r in core.riscs if r.done and r.t <= cycle}
    assert {n for n, v in of(state, "risc").items() if v[0] == "done"} == done


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NAMES), st.floats(0, 1))
def test_an_engine_thread_is_busy_at_a_step_if_and_only_if_a_tile_is_under_way(name: str, part: float) -> None:
    run, recording = played(name)
    k = 1 + round(part * (len(recording.steps) - 1))
    state, cycle = recording.state(k), recording.steps[k - 1].cycle
    events = [e for e in device_of(run).trace.events() if e.core == recording.core and e.risc in THREADS]
    tiles = [e for e in events if e.what in ("unpack", "math", "sfpu", "pack") and e.start <= cycle < e.end]
    assert {n for n, v in of(state, "thread").items() if v[0] == "busy"} == {THREADS[e.risc] for e in tiles}
    sections = list(of(state, "dst").values())
    assert ("pack" in sections) >= any(e.what == "pack" for e in tiles)
    assert ("math" in sections) >= any(e.what == "math" for e in tiles)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NAMES), st.floats(0, 1))
def test_transfers_land_when_the_trace_says_so(name: str, part: float) -> None:
    run, recording = played(name)
    cycle = recording.steps[round(part * (len(recording.steps) - 1))].cycle
    here = [f for f in device_of(run).trace.facts if f.what.startswith("noc ")]
    mine = [f for f in here if f.core == recording.core or f.detail[3:] == ("l1", *recording.core)]
    shown = recording.transfers
    assert sum(t.land <= cycle for t in shown) == sum(f.end <= cycle for f in mine)
    assert sum(t.begin <= cycle < t.land for t in shown) == sum(f.start <= cycle < f.end for f in mine)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([name for name in NAMES if not name.endswith("broken")]), st.floats(0, 1))
def test_a_right_program_stays_within_the_pages_that_its_waits_granted(name: str, part: float) -> None:
    _, recording = played(name)
    state = recording.state(1 + round(part * (len(recording.steps) - 1)))
    for buffer in recording.facts["cbs"]:
        pushed, popped, reserved, held = (
            state[f"cb {buffer['index']} {what}"] for what in ("pushed", "popped", "reserved", "held")
        )
        assert popped <= held <= pushed <= reserved <= popped + buffer["pages"]


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(NAMES), st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_a_recording_has_the_states_of_the_whole(name: str, one: float, other: float) -> None:
    run, whole = played(name)
    first, last = sorted(round(x * len(whole.steps)) for x in (one, other))
    first = min(first, len(whole.steps) - 1)
    last = max(last, first + 1)
    part = record(run, begin=first, end=last)
    for k in {0, (last - first) // 2, last - first}:
        assert decoded(part, k) == whole.state(first + k)
    cycle = part.steps[-1].cycle
    landed = part.landed + sum(t.land <= cycle for t in part.transfers)
    assert landed == sum(t.land <= cycle for t in whole.transfers)


# ---- a recording --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "layernorm"])
def test_the_same_run_makes_the_same_recording(name: str) -> None:
    again = copy() if name == "copy" else tt.layernorm_fused_rm(X)
    assert record(again).json() == played(name)[1].json()


def test_a_layernorm_of_64_by_128_takes_less_than_a_megabyte() -> None:
    assert len(played("layernorm")[1].json().encode()) < 1_000_000


def test_every_step_tells_something_and_the_clock_grows() -> None:
    for name in NAMES:
        steps = played(name)[1].steps
        assert all(step.told for step in steps)
        assert all(a.cycle < b.cycle for a, b in pairwise(steps))


def test_places_point_at_the_lines_of_the_kernels() -> None:
    facts = played("copy")[1].facts
    for place in facts["places"]:
        source = facts["sources"][place["source"]]
        assert source["lines"][place["line"] - source["first"]].strip() == place["text"]


def test_a_kernel_in_cpp_is_shown_as_its_file() -> None:
    text = "void kernel_main() {\n  cb_reserve_back(0, 1);\n\n  cb_wait_front(0, 1);\n}"
    with pytest.raises(tt.DeviceHang) as caught:
        launch(read(text, "reader", name="hang.cpp"), cbs=[cb(0, 2)])
    recording = record(caught.value)
    assert recording.facts["sources"] == [
        {"name": "hang.cpp", "file": "hang.cpp", "first": 1, "lines": text.splitlines()}
    ]
    place = recording.facts["places"][recording.state(len(recording.steps))["risc NCRISC"][1]]
    assert (place["where"], place["text"]) == ("hang.cpp:4", "cb_wait_front(0, 1)")


def test_a_hang_brings_its_diagnosis_and_an_exercise_does_not() -> None:
    hang = played("no_hw_startup broken")[0]
    assert record(hang).diagnosis == str(hang.diagnosis)
    assert record(hang.run).diagnosis.splitlines()[:2] == str(hang.diagnosis).splitlines()[:2]
    silent = run_of(entry("no_hw_startup").broken, diagnose=False)
    assert record(silent).diagnosis == ""


def test_a_long_run_is_recorded_in_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttlearn.show.stepper.record.MOST", 10)
    whole, hang = played("copy")[1], played("no_hw_startup broken")[1]
    first, last = record(played("copy")[0]), record(played("no_hw_startup broken")[0])
    n, m = len(whole.steps), len(hang.steps)
    assert [s.cycle for s in first.steps] == [s.cycle for s in whole.steps[:10]]
    assert [s.cycle for s in last.steps] == [s.cycle for s in hang.steps[-10:]]
    assert first.words == (
        f"steps 1 to 10 of {n} (cycle 0 to {whole.steps[9].cycle:,} of {whole.cycles:,}); begin= and end= choose others"
    )
    assert last.words.startswith(f"steps {m - 9} to {m} of {m} (cycle {hang.steps[-10].cycle:,} to {hang.cycles:,} of")


# ---- what is refused ----------------------------------------------------------------------------------------


def test_steps_that_are_not_there_are_refused() -> None:
    run, recording = played("copy")
    n = len(recording.steps)
    with pytest.raises(tt.HostError) as caught:
        step(run, begin=5, end=5)
    assert str(caught.value) == (
        f"step(..., begin=5, end=5): the run has {n} steps; choose 0 <= begin < end <= {n}, or leave both out"
    )


def test_a_core_that_is_not_there_is_refused() -> None:
    with pytest.raises(tt.HostError) as caught:
        step(played("copy")[0], core=(3, 3))
    assert str(caught.value) == "step(..., core=(3, 3)): the run has no such core; it has (0, 0). Choose one of them"


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(tt.HostError) as caught:
        step(7)  # type: ignore[arg-type]
    assert str(caught.value) == "step(7): give it what generic_op returns, or the DeviceHang that it raises"


# ---- text, widget, file -------------------------------------------------------------------------------------


def test_the_text_tells_the_end_of_a_hang() -> None:
    hang = played("no_hw_startup broken")[0]
    lines = repr(step(hang)).splitlines()
    wait = next(s for s in hang.diagnosis.graph.stops if s.risc.name == "BRISC" and not s.engine)
    assert lines[0].endswith(f"{hang.run.cycles:,} cycles (model); it hangs.")
    assert (
        f"  BRISC   waits for 32 pages at the front of c_16 at log.py:{wait.site.line}: `await cb_wait_front(c_16, 32)`"
        in lines
    )
    assert "  UNPACK's engine stalls in tilize_block: never configured" in lines


def test_a_notebook_gets_the_widget_and_the_same_text_each_time() -> None:
    one, other = (step(copy())._repr_mimebundle_() for _ in range(2))
    assert one["text/plain"] == other["text/plain"] == repr(step(copy()))
    assert "application/vnd.jupyter.widget-view+json" in one


def test_the_widget_holds_the_whole_recording_and_the_pages_own_script() -> None:
    shown = step(played("copy")[0])
    assert shown.widget.recording == played("copy")[1].json()
    assert str(shown.widget._esm) in page_of(shown)


def test_without_anywidget_the_text_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    shown = step(played("copy")[0])
    assert shown._repr_mimebundle_() == {"text/plain": repr(shown)}
    with pytest.raises(tt.HostError) as caught:
        _ = shown.widget
    assert str(caught.value) == (
        "the stepper's widget needs anywidget: pip install 'ttlearn[pictures]', or write a page with .save('run.html')"
    )


def page_of(stepper: Stepper) -> str:
    return page(stepper.recording, repr(stepper))


async def speaks_html() -> None:
    await cb_reserve_back(0, 1)
    cb_push_back(0, 1)  # </script><!-- <script>


def test_a_kernel_that_holds_html_stays_data(tmp_path: Path) -> None:
    saved = step(launch(speaks_html, cbs=[cb(0, 1)])).save(tmp_path / "run.html").read_text("utf-8")
    inside = saved.split('id="recording">')[1].split("</script>")[0]
    lines = [line for source in json.loads(inside)["sources"] for line in source["lines"]]
    assert "    cb_push_back(0, 1)  # </script><!-- <script>" in lines


def test_a_saved_page_asks_for_nothing_outside(tmp_path: Path) -> None:
    saved = step(played("copy")[0]).save(tmp_path / "run.html")
    text = saved.read_text("utf-8")
    assert all(word not in text for word in ("http://", "https://", "src=", "@import", "import(", "fetch("))


def test_step_is_exported_and_importing_ttlearn_loads_no_widget() -> None:
    look = "import sys, ttlearn; print(ttlearn.step.__name__, {'anywidget', 'ipywidgets'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert shown.stdout == "step set()\n"
