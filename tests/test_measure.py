"""Where time goes: shares that add up, the right bottleneck, and a trace file that keeps to its format."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chrome_trace import validate
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import PAGE, TILE, WRITER, cb, empty, launch, no_tiles, reader, rows, tensor, tile_writer, tiles

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.layernorm.op import layernorm_fused_rm
from ttlearn.learn.course.nb08 import sample, square, squaring
from ttlearn.measure import perfetto as perfetto_file
from ttlearn.measure.nocs import packets
from ttlearn.measure.perfetto import perfetto
from ttlearn.measure.spans import State, filled, risc_lanes
from ttlearn.measure.stalls import Cause
from ttlearn.measure.timeline import core_lanes
from ttlearn.silicon import programs

X = np.random.default_rng(1).standard_normal((64, 256))


def mover_run(count: int, pushed: int, popped: int, depth: int) -> tt.Run:
    """`count` pages through c_0, pushed and popped so many at a time."""

    async def bring() -> None:
        for first in range(0, count, pushed):
            await cb_reserve_back(0, pushed)
            for i in range(pushed):
                noc_async_read_page(first + i, tensor(0), get_write_ptr(0) + i * PAGE)
            await noc_async_read_barrier()
            cb_push_back(0, pushed)

    async def take() -> None:
        for first in range(0, count, popped):
            await cb_wait_front(0, popped)
            for i in range(popped):
                noc_async_write_page(first + i, tensor(1), get_read_ptr(0) + i * PAGE)
            await noc_async_write_barrier()
            cb_pop_front(0, popped)

    return launch(bring, take, tensors=[rows(count), empty(count)], cbs=[cb(0, depth)])


async def copies() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_tile_to_dst_init_short(0)
    for _ in range(4):
        tile_regs_acquire()
        await cb_wait_front(0, 1)
        copy_tile(0, 0, 0)
        cb_pop_front(0, 1)
        tile_regs_commit()
        tile_regs_wait()
        await cb_reserve_back(16, 1)
        pack_tile(0, 16)
        cb_push_back(16, 1)
        tile_regs_release()


def compute_run() -> tt.Run:
    cbs = [cb(0, 1, TILE), cb(16, 1, TILE)]
    return launch(reader, tile_writer, copies, tensors=[tiles(4), no_tiles(4)], cbs=cbs)


def hang_run() -> tt.Run:
    """BRISC waits for a page that nobody brings, while NCRISC goes on for a while."""

    async def bring() -> None:
        for i in range(3):
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()

    async def take() -> None:
        await cb_wait_front(0, 1)

    with pytest.raises(tt.DeviceHang) as hang:
        launch(bring, take, cbs=[cb(0, 2)])
    run: tt.Run = hang.value.run
    return run


def lanes_cover(run: tt.Run) -> None:
    """Every lane's spans follow each other from 0 to the end, and its shares add up to 100 %."""
    for lane in core_lanes(run.device):
        ends = [0, *(span.end for span in lane.spans)]
        assert [span.begin for span in lane.spans] == ends[:-1]
        assert ends[-1] == run.cycles
        assert all(span.end > span.begin for span in lane.spans)
    for row in run.stalls().rows:
        assert sum(row.cycles.values()) == run.cycles
        assert sum(row.shares.values()) == pytest.approx(100)


# ---- stalls -------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([1, 2, 3, 4, 6, 12]), st.sampled_from([1, 2, 3, 4, 6, 12]), st.integers(1, 2))
def test_shares_of_any_cb_program_add_up(pushed: int, popped: int, depth: int) -> None:
    lanes_cover(mover_run(24, pushed, popped, 12 * depth))


@pytest.mark.parametrize("style", ["helpers", "raw"])
@pytest.mark.parametrize("cores", [1, 2])
def test_shares_of_layernorm_add_up(style: str, cores: int) -> None:
    lanes_cover(layernorm_fused_rm(X, style=style, cores=cores))


def test_shares_add_up_under_drawn_timings() -> None:
    for seed in range(3):
        lanes_cover(layernorm_fused_rm(X, seed=seed))


def test_waits_are_those_of_the_trace() -> None:
    run = mover_run(24, 2, 3, 12)
    waited = sum(f.end - f.start for f in run.trace.facts if f.what == "wait cb_wait_front")
    assert run.stalls().row("BRISC").cycles[Cause(State.CB, "c_0 pages")] == waited > 0


def test_engine_busy_is_the_sum_of_its_tiles() -> None:
    run = compute_run()
    lanes_cover(run)
    for lane, risc in (("UNPACK", "TRISC0"), ("MATH", "TRISC1"), ("PACK", "TRISC2")):
        times = [e.end - e.start for e in run.trace.events() if e.risc == risc and e.what in ("unpack", "math", "pack")]
        assert run.stalls().row(lane).cycles[Cause(State.BUSY, "")] == sum(times) > 0


def test_math_that_is_slower_than_unpack_makes_it_wait_for_src() -> None:
    row = programs.relu(64, 4, 2).stalls().row("UNPACK")
    assert max(row.shares, key=lambda cause: row.shares[cause]) == Cause(State.SRC, "Src room")


def test_text_fits_and_folds_equal_cores() -> None:
    lines = repr(layernorm_fused_rm(X, cores=2).stalls()).split("\n")
    assert lines[0].endswith("cycles (model); % of them")
    assert lines[1] == "2 cores alike, (0, 0) to (0, 1)"
    assert max(map(len, lines)) <= 100
    assert "mean of 16 cores" in repr(programs.copy(64, 1, 2, 16).stalls())


def test_whole_percents_add_up() -> None:
    text = str(compute_run().stalls().row("BRISC"))
    assert sum(int(part.split()[-1]) for part in text.split("·")) == 100


def test_a_lane_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="no MATH in this run; it has BRISC, NCRISC"):
        mover_run(4, 1, 1, 2).stalls().row("MATH")


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_a_wait_names_its_semaphore_or_mailbox(arch: str) -> None:
    async def sets() -> None:
        await cb_wait_front(0, 1)
        noc_semaphore_set(get_semaphore(0), 1)

    async def waits() -> None:
        await cb_reserve_back(0, 1)
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        await noc_semaphore_wait(get_semaphore(0), 1)

    async def asks() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 1)
        await get_tile_address(0, 0)

    cbs = [cb(0, 1), cb(16, 1)]
    run = launch(waits, sets, asks, cbs=cbs, arch=arch)
    lanes_cover(run)
    assert Cause(State.SEMAPHORE, "semaphore 0") in run.stalls().row("NCRISC").cycles
    assert Cause(State.MAILBOX, "mailbox") in run.stalls().row("TRISC1").cycles


def test_overlapping_spans_are_cut() -> None:
    span = next(risc_lanes(mover_run(4, 1, 1, 2).device)).spans[0]._replace(event=None)
    some = [span._replace(begin=2, end=5), span._replace(begin=4, end=9)]
    assert [(s.begin, s.end) for s in filled(some, 8, State.BUSY)] == [(0, 2), (2, 5), (5, 8)]


def test_who_hangs_waits_until_the_end() -> None:
    run = hang_run()
    lanes_cover(run)
    (lane,) = (lane for lane in risc_lanes(run.device) if lane.name == "BRISC")
    assert (lane.spans[-1].end, lane.spans[-1].what) == (run.cycles, "c_0 pages")
    assert lane.spans[-1].end - lane.spans[-1].begin > 1000


# ---- the NOCs -----------------------------------------------------------------------------------------------


def flying(run: tt.Run, risc: str, cycle: int) -> int:
    """Transfers of a RISC that were asked for by then and have not landed, counted one by one."""
    facts = (f for f in run.trace.facts if f.what.startswith("noc ") and f.risc == risc)
    return len({(f.detail[1:3]) for f in facts if f.detail[1] <= cycle < f.end})


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), st.integers(1, 3))
def test_a_noc_lane_counts_the_transfers_in_flight(block: int, depth: int) -> None:
    run = programs.copy(16, block, depth)
    lanes = {lane.name: lane for lane in core_lanes(run.device)}
    for name, risc in (("NOC 0", "NCRISC"), ("NOC 1", "BRISC")):
        for span in lanes[name].spans:
            count = int(span.what.split()[0]) if span.state is State.FLIGHT else 0
            assert flying(run, risc, span.begin) == flying(run, risc, span.end - 1) == count


def test_a_multicast_is_one_transfer_however_many_it_reaches() -> None:
    async def sends() -> None:
        everybody = get_noc_multicast_addr(18, 18, 19, 18, get_write_ptr(0))
        noc_async_write_multicast_loopback_src(get_write_ptr(0), everybody, PAGE, 2)
        await noc_async_write_barrier()

    async def nothing() -> None:
        pass

    cores = tt.core_set((0, 0), (1, 0))
    run = launch(sends, cbs=[cb(0, 1, cores=cores)], more=[(nothing, WRITER, cores)], strict=False)
    assert run.counters["noc_transactions"] == 2
    assert [(p.size, p.dram) for p in packets(run.device)] == [(PAGE, False)]


# ---- bottleneck ---------------------------------------------------------------------------------------------


def test_a_copy_on_64_cores_is_dram_bound() -> None:
    text = programs.copy(2048, 8, 16, 64).bottleneck
    assert text.startswith("DRAM bound: ")
    assert "more cores or CB depth will not help; move fewer bytes" in text


def test_a_copy_with_a_barrier_each_page_is_latency_bound() -> None:
    text = programs.copy(64, 1, 2).bottleneck
    assert text.startswith("latency bound: BRISC waits for its write barrier ")
    assert "more transfers a barrier will help, more CB depth will not" in text


def test_layernorm_and_relu_are_compute_bound() -> None:
    assert layernorm_fused_rm(np.tile(X, (1, 2))).bottleneck.startswith("compute bound: ")
    assert programs.relu(64, 4, 2).bottleneck.startswith("compute bound: MATH is busy 88% of the time; ")


@pytest.mark.parametrize(
    ("program", "cores", "now", "then", "bound", "helps"),
    [  # now, then: pages between two barriers, and depth in such blocks
        (programs.copy, 1, (1, 2), (2, 2), "latency bound", True),
        (programs.copy, 1, (1, 2), (1, 4), "latency bound", False),
        (programs.copy, 1, (4, 1), (4, 2), "latency bound", True),
        (programs.copy, 1, (4, 2), (4, 4), "latency bound", False),
        (programs.relu, 1, (1, 2), (1, 4), "latency bound", False),
        (programs.relu, 1, (1, 2), (2, 2), "latency bound", True),
        (programs.relu, 1, (4, 1), (4, 2), "latency bound", True),
        (programs.copy, 64, (8, 2), (8, 4), "DRAM bound", False),
        (programs.relu, 1, (8, 2), (8, 4), "compute bound", False),
    ],
)
def test_the_advice_on_depth_and_blocks_holds(
    program: Any, cores: int, now: Any, then: Any, bound: str, helps: bool
) -> None:
    before, after = (program(64 * cores, *given, cores) for given in (now, then))
    word = "more transfers a barrier will help" if then[0] > now[0] else "more depth or"
    assert before.bottleneck.startswith(bound)
    assert (after.cycles < 0.9 * before.cycles) == helps == (word in before.bottleneck)


def test_a_writer_that_only_waits_for_the_first_row_takes_no_turns_and_depth_gives_nothing() -> None:
    tensors, program = squaring(square, sample(16, 4))
    run = tt.generic_op(tensors, program)
    assert "BRISC waits for its write barrier" in run.bottleneck and "more CB depth will not" in run.bottleneck
    for buffer in program.cbs:
        buffer.total_size *= 2
    assert tt.generic_op(tensors, program).cycles > 0.99 * run.cycles


def test_a_run_of_one_page_is_launch_bound() -> None:
    assert mover_run(1, 1, 1, 1).bottleneck.startswith("launch bound: the launch takes 32% of the 1,267 cycles")


def test_no_share_of_a_limit_exceeds_it() -> None:
    for run in (programs.copy(1024, 8, 16, 64), programs.gather(2048), programs.copy(64, 16, 32)):
        percents = [int(word.strip("(%")) for word in run.bottleneck.split() if word.endswith("%")]
        assert all(percent <= 101 for percent in percents), run.bottleneck


def test_the_figures_are_the_counters() -> None:
    run = compute_run()
    text = run.bottleneck
    assert f"DRAM read    {run.counters['dram_read_bytes']:>13,} B" in text
    assert f"{run.cycles / 4:,.1f} cycles for each 2048 B" in text


# ---- Perfetto -----------------------------------------------------------------------------------------------


def saved(run: tt.Run, path: Path) -> list[dict[str, Any]]:
    """The file's events; it keeps to the format."""
    return validate(run.save_perfetto(path / "run.json").read_text())


@pytest.mark.parametrize(
    "make", [compute_run, lambda: mover_run(24, 2, 3, 12), lambda: layernorm_fused_rm(X, cores=2, seed=3)]
)
def test_the_file_keeps_to_the_format(make: Any, tmp_path: Path) -> None:
    assert saved(make(), tmp_path)


def test_each_cb_wait_has_one_arrow_from_the_move_that_ended_it(tmp_path: Path) -> None:
    run = mover_run(24, 2, 3, 12)
    events = saved(run, tmp_path)
    waits = [f for f in run.trace.facts if f.what in ("wait cb_wait_front", "wait cb_reserve_back")]
    assert len([e for e in events if e["ph"] == "s"]) == len(waits) > 0
    kinds = {"wait cb_wait_front": "push", "wait cb_reserve_back": "pop"}
    for wait in waits:
        moved = [f.start for f in run.trace.facts if f.what == kinds[wait.what]]
        assert wait.end - run.device.arch.credit in moved


def test_counters_end_where_the_cbs_do(tmp_path: Path) -> None:
    run = compute_run()
    highest: dict[str, int] = defaultdict(int)
    for event in saved(run, tmp_path):
        if event["ph"] == "C":
            highest[event["name"]] = max(highest[event["name"]], event["args"]["pages"])
    assert highest == {f"c_{report.index} pages": report.high_water for report in run.cbs}


def test_merged_tiles_keep_their_number_and_cycles() -> None:
    run = programs.relu(64, 4, 2)
    args = [e["args"] for e in perfetto(run.device)["traceEvents"] if "tiles" in e.get("args", {})]
    works = [w for w in run.trace.tiles if hasattr(w, "starts")]
    assert sum(each["tiles"] for each in args) == sum(len(w.starts) for w in works)
    assert sum(each["busy cycles"] for each in args) == sum(b - a for w in works for a, b in w.times())


def test_a_file_of_64_cores_stays_small(tmp_path: Path) -> None:
    """However long the run: events are at most `MOST`, and small enough."""
    file = programs.relu(1024, 1, 2, 64).save_perfetto(tmp_path / "run.json")
    events = json.loads(file.read_text())["traceEvents"]
    assert len({event["pid"] for event in events}) == 64
    assert file.stat().st_size / len(events) * perfetto_file.MOST <= 20e6


def test_a_long_run_is_written_up_to_a_cycle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = mover_run(240, 2, 3, 12)
    whole = saved(run, tmp_path)
    monkeypatch.setattr(perfetto_file, "MOST", 100)
    data = perfetto(run.device)
    validate(json.dumps(data))
    assert 90 <= len(data["traceEvents"]) <= 102 < len(whole)
    assert max(event["ts"] for event in data["traceEvents"]) * 1000 <= data["otherData"]["written up to cycle"] + 1


def test_a_file_of_movers_alone_keeps_to_the_format(tmp_path: Path) -> None:
    names = [e["args"]["name"] for e in saved(launch(reader, cbs=[cb(0, 4)]), tmp_path) if e["name"] == "thread_name"]
    assert names == ["NCRISC", "NOC 0"]


def test_transfers_in_the_file_are_those_of_the_trace(tmp_path: Path) -> None:
    run = mover_run(24, 2, 3, 12)
    args = [e["args"] for e in saved(run, tmp_path) if e["name"] == "transfers"]
    assert sum(each["transfers"] for each in args) == run.counters["noc_transactions"] == 48
    assert sum(each["B"] for each in args) == run.counters["dram_read_bytes"] + run.counters["dram_write_bytes"]
    assert max(each["most at once"] for each in args) == 3


def test_a_hang_s_file_holds_the_wait_that_never_ends(tmp_path: Path) -> None:
    run = hang_run()
    waits = [e for e in saved(run, tmp_path) if e.get("args", {}).get("for") == "c_0 pages"]
    assert waits[-1]["ts"] + waits[-1]["dur"] == pytest.approx(run.ns / 1000)


def test_the_file_of_a_copy_of_8_MiB_on_64_cores_is_small(tmp_path: Path) -> None:
    file = programs.copy(4096, 4, 2, 64).save_perfetto(tmp_path / "run.json")
    assert file.stat().st_size <= 20e6
    lanes = {e["args"]["name"] for e in validate(file.read_text()) if e["name"] == "thread_name"}
    assert lanes == {"BRISC", "NCRISC", "NOC 0", "NOC 1"}
