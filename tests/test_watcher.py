"""The watcher's table: the real watcher's lines of the golden hangs, field by field, and a run at any cycle.

The lines were read from the real stack's own watcher under Tenstorrent's simulator.
"""

from __future__ import annotations

import random
import re
from typing import Any

import golden
import numpy as np
import pytest
from golden import Case, cases
from programs import PAIR, TILE, WRITER, cb, empty, launch, no_tiles, reader, rows, tile_writer, tiles, writer
from test_golden_hangs import KERNELS

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.board import watcher


def run_of(case: Case) -> tt.Run:
    try:
        return golden.run(case, KERNELS).run
    except tt.DeviceHang as hang:
        run: tt.Run = hang.run
        return run


def hung(*args: Any, **options: Any) -> tt.Run:
    with pytest.raises(tt.DeviceHang) as caught:
        launch(*args, **options)
    run: tt.Run = caught.value.run
    return run


def fields(line: str) -> dict[str, Any]:
    """A core's line, in its fields."""
    found = re.fullmatch(
        r"Device (\d+) worker core\(x=(..),y=(..)\) virtual\(x=(..),y=(..)\): (.*)  rmsg:(.)(\d)(.)\|(\w+) h_id:(...) "
        r"smsg:(\w+)( cb.*)?",
        line,
    )
    assert found, line
    names = ["device", "x", "y", "virtual x", "virtual y", "waypoints", "mode", "noc", "go", "enabled", "h_id", "smsg"]
    named: dict[str, Any] = dict(zip(names, found.groups(), strict=False))
    named["waypoints"] = dict(zip(("BRISC", "NCRISC", "TRISC0", "TRISC1", "TRISC2"), found[6].split(","), strict=True))
    return {**named, "cbs": re.findall(r"cb\[\d+\]\(.*?\)", found[13] or "")}


def waypoints(run: tt.Run, cycle: int | None = None) -> tuple[str, ...]:
    """Of the first core."""
    return tuple(code.strip() for code in fields(run.watcher(cycle).splitlines()[0])["waypoints"].values())


# ---- the real lines -----------------------------------------------------------------------------------------

seen = cases("hangs", where=lambda case: case.entry["observed"] == "hang")
finished = cases("hangs", where=lambda case: case.entry["observed"] == "finished")


@seen
def test_every_field_is_the_real_watchers(case: Case) -> None:
    ours, theirs = run_of(case).watcher().splitlines(), case.entry["watcher"]
    for mine, real in zip(ours, theirs, strict=False):
        if real.startswith("Device"):
            assert fields(mine) == fields(real)
    assert ours[: len(theirs)] == theirs


@cases("hangs", where=lambda case: case.entry["observed"] == "hang" and case.texts is not None)
def test_kernels_are_listed_by_id_at_the_end(case: Case) -> None:
    assert run_of(case).watcher().splitlines()[len(case.entry["watcher"]) :] == case.entry["k_id"]


def test_all_twelve_hangs_are_there() -> None:
    assert len([c for c in golden.load("hangs") if c.entry["observed"] == "hang"]) == 12


@finished
def test_after_a_finished_program_all_cores_are_idle(case: Case) -> None:
    for state in watcher.states(run_of(case).device):
        assert state.waypoints == ("GW", "W", "W", "W", "W")
        assert state.smsg == "DDDD"
        assert not state.goes


@cases("hangs", where=lambda case: case.name == "h29_no_hw_startup")
def test_an_unconfigured_unpacker_leaves_unpack_and_its_engine_standing(case: Case) -> None:
    state = watcher.states(run_of(case).device)[0]
    assert state.waypoints[0] == "CWFW" and state.waypoints[2].startswith("UPT")
    assert state.smsg == "DGGG"


# ---- at an earlier cycle ------------------------------------------------------------------------------------

WAITS = {"cb_wait_front": "CWFW", "cb_reserve_back": "CRBW", "noc_async_read_barrier": "NRBW"}
WAITS |= {"noc_async_write_barrier": "NWBW", "noc_semaphore_wait": "NSW"}
ORDER = ("BRISC", "NCRISC", "TRISC0", "TRISC1", "TRISC2")
moving = cases("hangs", where=lambda case: case.texts is None)


@moving
def test_in_the_middle_of_a_wait_a_mover_shows_that_wait(case: Case) -> None:
    run = run_of(case)
    for fact in run.trace.facts:
        call = fact.what.removeprefix("wait ")
        if fact.risc not in ("BRISC", "NCRISC") or call not in WAITS:
            continue
        state = watcher.state(run.device.cores[fact.core], (fact.start + fact.end) // 2)
        assert state.waypoints[ORDER.index(fact.risc)] == WAITS[call]


@moving
def test_the_counters_at_a_cycle_are_what_was_pushed_and_popped_by_then(case: Case) -> None:
    run = run_of(case)
    for cycle in np.linspace(0, run.cycles + 1, 9).astype(int).tolist():
        for state in watcher.states(run.device, cycle):
            for index, counters in state.counters.items():
                moves = [
                    f for f in run.trace.facts if f.core == state.core and f.start <= cycle and f.detail[:1] == (index,)
                ]
                moved = [sum(f.detail[1] for f in moves if f.what == what) for what in ("push", "pop")]
                assert list(counters) == moved, (cycle, index)


@moving
def test_who_is_done_stays_done(case: Case) -> None:
    run, before = run_of(case), {}
    for cycle in np.linspace(0, run.cycles + 1, 60).astype(int).tolist():
        for state in watcher.states(run.device, cycle):
            done = [letter == "D" for letter in state.smsg]
            assert all(a <= b for a, b in zip(before.get(state.core, done), done, strict=True)), cycle
            before[state.core] = done


@moving
def test_the_end_is_the_last_cycle(case: Case) -> None:
    run = run_of(case)
    assert run.watcher() == run.watcher(at=run.cycles + 1)


def test_looking_changes_nothing() -> None:
    case = golden.load("hangs")[0]
    run, other = run_of(case), run_of(case)
    for cycle in random.Random(1).sample(range(run.cycles), 20):
        run.watcher(cycle)
    assert run.trace.events() == run.trace.events()
    assert [f[:6] for f in run.trace.facts] == [f[:6] for f in other.trace.facts]


def test_before_the_kernels_start_their_riscs_prepare() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    assert waypoints(run, 0) == ("R", "R", "W", "W", "W")


def test_a_kernel_that_has_left_no_mark_shows_k() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    assert waypoints(run, run.device.arch.launch) == ("K", "K", "W", "W", "W")


def test_after_a_wait_and_after_a_request_the_mark_says_done() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    calls = run.device.cores[0, 0].ncrisc.calls
    assert [call for _, _, call in calls[:3]] == ["cb_reserve_back", "noc_async_read_page", "noc_async_read_barrier"]
    marks = [waypoints(run, cycle)[1] for cycle in (calls[1][0], calls[2][0], calls[2][1] - 1, calls[2][1])]
    assert marks == ["NARW", "NRBW", "NRBW", "NRBD"]


def test_a_negative_cycle_is_refused() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    with pytest.raises(tt.HostError) as caught:
        run.watcher(at=-1)
    assert str(caught.value) == f"watcher(at=-1): the run has cycles 0 to {run.cycles:,}; leave `at` out for its end"


# ---- single fields ------------------------------------------------------------------------------------------


async def copies_all() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(4):
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        cb_pop_front(0, 1)


async def adds_for_a_product() -> None:
    compute_kernel_hw_startup(0, 0, 16)
    mul_init(0, 0)
    await cb_wait_front(0, 4)
    for i in range(4):
        tile_regs_acquire()
        add_tiles(0, 0, i, i, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
    await cb_wait_front(0, 5)


async def acquires_often() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_wait_front(0, 5)
    for i in range(40):
        tile_regs_acquire()
        copy_tile(0, i % 4, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16, 0, out_of_order_output=True)
        tile_regs_release()


async def bad_multicast() -> None:
    here = get_noc_multicast_addr(18, 18, 19, 18, get_write_ptr(0))
    noc_async_write_multicast(get_write_ptr(0), here, 64, 3)
    await noc_async_write_barrier()


async def bad_multicast_full() -> None:
    here = get_noc_multicast_addr(18, 18, 19, 18, get_write_ptr(0))
    noc_async_write_multicast(get_write_ptr(0), here, 64, 3)
    await noc_async_full_barrier()


async def waits_for_more() -> None:
    sem = tt_l1_ptr(uint32_t, get_semaphore(0))
    await noc_semaphore_wait_min(sem, 2)


async def nothing() -> None:
    pass


TILES = [cb(0, 4, TILE), cb(16, 4, TILE)]


def test_unpack_stands_in_its_third_unpack_when_two_are_under_way() -> None:
    run = hung(reader, None, adds_for_a_product, tensors=[tiles(4), no_tiles(4)], cbs=TILES)
    assert waypoints(run)[2] == "UABW"


def test_math_is_only_as_far_ahead_as_its_instruction_queue_is_long() -> None:
    run = hung(reader, tile_writer, acquires_often, tensors=[tiles(4), no_tiles(4)], cbs=TILES)
    assert waypoints(run)[2:] == ("K", "MWDD", "K")  # 40 sections do not fit behind an engine without operands


def test_a_finished_trisc_whose_engine_is_done_shows_w_and_the_writer_still_goes() -> None:
    run = launch(reader, tile_writer, copies_all, tensors=[tiles(4), no_tiles(4)], cbs=TILES)
    cycles = [cycle for cycle in range(0, run.cycles, 50) if waypoints(run, cycle)[2:] == ("W", "W", "W")]
    assert cycles and waypoints(run, cycles[0])[0] not in ("GW", "NTW")


@pytest.mark.parametrize(("kernel", "mark"), [(bad_multicast, "NWBW"), (bad_multicast_full, "NFDW")])
def test_a_barrier_that_misses_acknowledgements_shows_which(kernel: Any, mark: str) -> None:
    run = hung(
        more=[(kernel, tt.ReaderConfigDescriptor(), tt.core_set((0, 0))), (nothing, WRITER, PAIR)],
        cbs=[cb(0, 2, cores=PAIR)],
    )
    assert waypoints(run)[:2] == ("NTW", mark)


def test_brisc_on_its_own_noc_and_the_letters_of_the_kernels_there_are() -> None:
    zero = tt.DataMovementConfigDescriptor()
    run = hung(more=[(waits_for_more, zero, tt.core_set((0, 0)))])
    line = fields(run.watcher().splitlines()[0])
    assert (line["noc"], line["enabled"], line["go"], line["smsg"]) == ("0", "Bnt", "G", "DDDD")
    assert line["waypoints"]["BRISC"] == "NSMW"


def test_kernels_are_numbered_in_the_programs_order_and_named_by_their_functions() -> None:
    lines = launch(reader, writer, cbs=[cb(0, 2)]).watcher().splitlines()
    assert lines[1:] == ["k_ids:  2|  1|  0|  0|  0", "k_id[  0]: blank", "k_id[  1]: reader", "k_id[  2]: writer"]


def test_cores_come_row_by_row() -> None:
    cores = tt.core_set((1, 1), (0, 1), (1, 0), (0, 0))
    run = launch(more=[(nothing, WRITER, cores)], tensors=[rows(1), empty(1)])
    places = [(int(f["x"]), int(f["y"])) for f in map(fields, run.watcher().splitlines()[:8:2])]
    assert places == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_counters_are_shown_with_16_bits() -> None:
    async def pushes() -> None:
        for _ in range(3):
            cb_push_back(0, 32768)

    run = launch(pushes, cbs=[cb(0, 32768, 16)], strict=False)
    assert fields(run.watcher().splitlines()[0])["cbs"] == ["cb[0](rcv 32768!=ack 0)"]
