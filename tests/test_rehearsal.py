"""A kernel rehearsed alone: what it would do in all, whoever helps it or not; and how the text of kernels compares."""

from __future__ import annotations

from typing import Any

import pytest
import wild_phases as phases
from correct import of
from programs import COMPUTE, PAIR, READER, TILE, WRITER, cb, line, no_tiles, rows, tiles
from wild import Stream, c_0, c_1, c_16, movers, read, write
from wild_correct import CORRECT

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.promises import Promises
from ttlearn.dry.notes import MOST
from ttlearn.dry.rehearsal import Rehearsal, rehearse
from ttlearn.learn.hangs import CATALOGUE
from ttlearn.sim.device import Device
from ttlearn.sim.sched import Risc


async def idle() -> None: ...


def ncrisc(kernel: Any, other: Any = idle, *pages: int) -> Risc:
    """The RISC that has run `kernel`, or hangs in it."""
    _, program = made = movers(kernel, other, *(pages or (2, 2)))
    try:
        return tt.generic_op(*made).device.cores[0, 0].ncrisc
    except tt.DeviceHang:
        device: Device = program.last_run.device
        return device.cores[0, 0].ncrisc


def asked(rehearsal: Rehearsal, call: str) -> dict[int, int]:
    """CB -> pages in all."""
    return {deed.cb: rehearsal.pages(call, deed.cb) for deed in rehearsal.deeds if deed.call == call}


def test_a_kernel_that_hangs_is_followed_to_its_end() -> None:
    async def gives() -> None:
        for index in (c_0, c_1):
            await Stream(index, 5 + index).give()

    found = rehearse(ncrisc(gives))
    assert found.whole
    assert asked(found, "cb_push_back") == asked(found, "cb_reserve_back") == {c_0: 5, c_1: 6}


def test_a_deed_has_its_line_and_how_often_it_was_done() -> None:
    async def gives() -> None:
        for count in (1, 2):
            await cb_reserve_back(c_0, count)
            cb_push_back(c_0, 1)

    reserve, push = rehearse(ncrisc(gives)).deeds
    assert (reserve.times, reserve.pages, reserve.each) == (2, 3, None)
    assert (push.times, push.pages, push.each) == (2, 2, 1)
    assert line(gives, "cb_push_back")[0] in str(push.site)


def test_it_ends_where_data_decide() -> None:
    async def gives() -> None:
        await read(c_0, 0)
        if tt_l1_ptr(uint16_t, get_write_ptr(c_1))[0] == 1:
            await read(c_1, 0)

    found = rehearse(ncrisc(gives))
    assert not found.whole and asked(found, "cb_push_back") == {c_0: 1}


def test_it_ends_where_somebody_elses_timing_decides() -> None:
    async def gives() -> None:
        if cb_pages_reservable_at_back(c_0, 1):
            await read(c_0, 0)

    found = rehearse(ncrisc(gives))
    assert not found.whole and found.deeds == ()


def test_a_kernel_without_an_end_is_given_up() -> None:
    async def gives() -> None:
        while True:
            await cb_reserve_back(c_0, 1)
            cb_push_back(c_0, 1)

    found = rehearse(ncrisc(gives))
    assert not found.whole and found.made > MOST


def test_other_arguments_may_be_tried() -> None:
    async def gives() -> None:
        await Stream(c_0, get_arg_val(0)).give()

    kernels = [tt.KernelDescriptor(gives, PAIR, READER, [], [((0, 0), [2]), ((1, 0), [1])])]
    run = tt.generic_op([rows(1)], tt.ProgramDescriptor(kernels, [cb(c_0, 2, cores=PAIR)]))
    risc = run.device.cores[0, 0].ncrisc
    assert asked(rehearse(risc), "cb_push_back") == {c_0: 2}
    assert asked(rehearse(risc, [7]), "cb_push_back") == {c_0: 7}


def test_it_is_known_whether_a_kernel_asks_where_it_runs() -> None:
    async def gives() -> None:
        await read(c_0, 0)

    async def looks() -> None:
        await read(my_x() - my_x(), 0)

    assert not rehearse(ncrisc(gives)).placed
    assert rehearse(ncrisc(looks)).placed


def test_the_init_before_a_call_of_the_engine_is_known() -> None:
    inits = [copy_init]

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        for init in inits:
            init(c_0)
        await phases.copy_one(c_0, c_16)

    async def gives() -> None:
        await read(c_0, 0)

    async def takes() -> None:
        await write(c_16, 0)

    kernels = [(gives, READER), (computes, COMPUTE), (takes, WRITER)]
    run = tt.generic_op(*of(kernels, [cb(c_0, 1, TILE), cb(c_16, 1, TILE)], [tiles(1), no_tiles(1)]))
    found = rehearse(run.device.cores[0, 0].unpack)
    [[init]] = found.inits.values()
    assert init is not None and str(init).startswith(line(computes, "init(c_0)")[0])


# ---- against real runs ------------------------------------------------------------------------------------------


def finished(name: str) -> Any:
    found: dict[str, Any] = {made.__name__: made for made in CORRECT}
    found |= {entry.name: entry.fixed for entry in CATALOGUE}
    return found[name]()


@pytest.mark.parametrize("name", [*(made.__name__ for made in CORRECT), *(entry.name for entry in CATALOGUE)])
def test_rehearsals_and_texts_count_what_a_run_does(name: str) -> None:
    """The oracle is the run's own counters."""
    run, promises = tt.generic_op(*finished(name)), Promises()
    for report in run.cbs:
        core = run.device.cores[report.core]
        index = core.cbs[report.index]
        for call, moved in (("cb_push_back", report.pushed), ("cb_pop_front", report.popped)):
            totals = [promises.total(risc, call, index) for risc, _ in promises.who(core, call, index)]
            assert None in totals or sum(totals) == moved, (index, call, totals, moved)
