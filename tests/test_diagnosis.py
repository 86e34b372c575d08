"""Diagnoses of hangs nobody thought of: random protocols against a model of the counters, the mismatch table, 64 cores."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Iterator
from typing import Any

import programs
import pytest
import test_mismatch_table as table
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from programs import COMPUTE, CORE, READER, WRITER, cb, empty, rows

import ttlearn as tt
from ttlearn import compute, dataflow, demo
from ttlearn.dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
    get_arg_val,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from ttlearn.debug.hang.causes import Cause
from ttlearn.debug.hang.diagnosis import diagnose
from ttlearn.script import wrapped

# ---- the model: a few counters, everybody in turn -----------------------------------------------------------

Op = tuple[str, int, int]  # call, CB, pages
U16 = 0xFFFF


def model_hangs(parties: list[list[Op]], sizes: list[int]) -> bool:
    pushed, popped, at = [0] * len(sizes), [0] * len(sizes), [0] * len(parties)
    moved = True
    while moved:
        moved = False
        for party, ops in enumerate(parties):
            while at[party] < len(ops):
                call, index, pages = ops[at[party]]
                room = sizes[index] - pages
                if call == "wait_front" and (pushed[index] - popped[index]) & U16 < pages:
                    break
                if call == "reserve_back" and (pushed[index] - popped[index]) & U16 > room:
                    break
                pushed[index] += pages * (call == "push_back")
                popped[index] += pages * (call == "pop_front")
                at[party], moved = at[party] + 1, True
    return any(place < len(ops) for place, ops in zip(at, parties, strict=True))


def covered(ops: list[Op]) -> bool:
    """Nobody pops what it has not waited for: what a counter that runs below zero does depends on the timing."""
    popped: dict[int, int] = {}
    sure: dict[int, int] = {}
    for call, index, pages in ops:
        if call == "wait_front":
            sure[index] = max(sure.get(index, 0), popped.get(index, 0) + pages)
        if call == "pop_front":
            popped[index] = popped.get(index, 0) + pages
            if popped[index] > sure.get(index, 0):
                return False
    return True


# ---- random protocols, as kernels with a text ---------------------------------------------------------------

FRONT = ("wait_front", "pop_front")


class Loop:
    """Some calls, a number of times. A wait may ask for more in each trip; the last call may be left out from a trip on."""

    def __init__(self, trips: int, ops: list[Op], growing: bool, until: int | None) -> None:
        self.trips, self.ops, self.growing, self.until = trips, ops, growing, until

    def text(self) -> Iterator[str]:
        yield f"    for i in range({self.trips}):"
        if not self.ops:
            yield "        pass"
        for k, (call, index, pages) in enumerate(self.ops):
            count = f"{pages} * (i + 1)" if self.growing and call == "wait_front" else str(pages)
            if self.until is not None and k == len(self.ops) - 1:
                yield f"        if i < {self.until}:"
                yield f"            {self.spelled(call, index, count)}"
            else:
                yield f"        {self.spelled(call, index, count)}"

    def spelled(self, call: str, index: int, count: str) -> str:
        return f"{'await ' if call in ('wait_front', 'reserve_back') else ''}cb_{call}({index}, {count})"

    def made(self) -> Iterator[Op]:
        for i in range(self.trips):
            for k, (call, index, pages) in enumerate(self.ops):
                if self.until is None or k < len(self.ops) - 1 or i < self.until:
                    yield call, index, pages * (i + 1 if self.growing and call == "wait_front" else 1)


counts = st.integers(1, 3)


@st.composite
def loops(draw: Any, fronts: list[int], backs: list[int]) -> Loop:
    """Takes from `fronts`, gives to `backs`; mostly as many as it asked for."""
    ops: list[Op] = []
    for index, calls in [*((i, FRONT) for i in fronts), *((i, ("reserve_back", "push_back")) for i in backs)]:
        asked = draw(counts)
        moved = asked if draw(st.integers(0, 3)) else draw(st.integers(1, asked if calls is FRONT else 3))
        ops += [(calls[0], index, asked), (calls[1], index, moved)]
    if draw(st.booleans()):
        ops = sorted(ops, key=lambda op: op[0] in ("pop_front", "push_back"))
    trips = draw(st.integers(1, 4))
    until = draw(st.integers(0, trips)) if not draw(st.integers(0, 5)) else None
    return Loop(trips, ops, not draw(st.integers(0, 5)), until)


@st.composite
def protocols(draw: Any) -> tuple[list[list[Loop]], list[int]]:
    """Two or three kernels (reader, compute, writer) and the sizes of one to three CBs between them."""
    three, sizes = draw(st.booleans()), draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    ends = [(0, 1), (1, 2), (1, 1), (2, 1), (0, 2)] if three else [(0, 2), (0, 2), (2, 0)]
    ways = [draw(st.sampled_from(ends)) for _ in sizes]
    kernels = []
    for kernel in (0, 1, 2) if three else (0, 2):
        fronts = [k for k, (_, to) in enumerate(ways) if to == kernel]
        backs = [k for k, (of, _) in enumerate(ways) if of == kernel]
        kernels.append(draw(st.lists(loops(fronts, backs), min_size=1, max_size=2)))
    return kernels, sizes


def kernel(name: str, body: list[Loop], namespace: Any) -> Callable[[], Any]:
    """A function with a text that can be read, as in a notebook's cell."""
    text = "\n".join([f"async def {name}() -> None:", *(line for loop in body for line in loop.text())]) + "\n"
    place = f"<{name} {hash(text)}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    names = dict(vars(namespace))
    exec(compile(text, place, "exec"), names)
    made: Callable[[], Any] = names[name]
    return made


def parties(kernels: list[list[Loop]]) -> list[list[Op]]:
    """Who acts by itself: a mover, or UNPACK and PACK of the compute kernel."""
    ops = [[op for loop in body for op in loop.made()] for body in kernels]
    if len(ops) == 2:
        return ops
    return [ops[0], [op for op in ops[1] if op[0] in FRONT], [op for op in ops[1] if op[0] not in FRONT], ops[2]]


def run(kernels: list[list[Loop]], sizes: list[int]) -> tt.DeviceHang | None:
    kinds = [("reader", dataflow, READER), ("compute", compute, COMPUTE), ("writer", dataflow, WRITER)]
    used = kinds if len(kernels) == 3 else [kinds[0], kinds[2]]
    program = tt.ProgramDescriptor(
        [
            tt.KernelDescriptor(kernel(name, body, api), CORE, config)
            for (name, api, config), body in zip(used, kernels, strict=True)
        ],
        [cb(index, pages) for index, pages in enumerate(sizes)],
    )
    try:
        tt.generic_op([rows(1), empty(1)], program, strict=False)
    except tt.DeviceHang as hang:
        return hang
    return None


INTERNAL = ("Reason.", "Kind.", "Cause.", "object at", "None", "ttlearn", "TRISC")


def check_text(hang: tt.DeviceHang) -> None:
    diagnosis = hang.diagnosis
    assert diagnosis.found and diagnosis.sentence and diagnosis.sites
    assert diagnosis.cause is not Cause.NOT_TOLD
    for line in wrapped(str(hang)).splitlines():
        assert len(line) <= 100, line
        assert not any(name in line for name in INTERNAL), line


@settings(
    max_examples=int(os.environ.get("TTLEARN_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(protocols())
def test_a_protocol_hangs_exactly_when_the_counters_say_so(protocol: tuple[list[list[Loop]], list[int]]) -> None:
    assume(all(covered(ops) for ops in parties(protocol[0])))
    hang = run(*protocol)
    assert (hang is not None) == model_hangs(parties(protocol[0]), protocol[1])
    if hang is not None:
        check_text(hang)


# ---- the mismatch table -------------------------------------------------------------------------------------

CAUSES = {
    table.reader_pushes_32_compute_pops_wt: Cause.UNITS,
    table.compute_pushes_wt_writer_waits_32: Cause.UNITS,
    table.compute_pushes_wt_sticks_writer_waits_wt: Cause.REQUEST_TOO_LARGE,
    table.gamma_of_one_page: Cause.PRODUCER_SHORT,
    table.centered_popped_by_square: Cause.POPPED_TOO_EARLY,
    table.input_popped_by_a_streaming_reduce: Cause.POPPED_TOO_EARLY,
    table.centered_kept_over_the_next_row: Cause.NEVER_CONSUMED,
}
HANGS = [cell for cell in table.CELLS if cell.values[3] == "hang"]


@pytest.mark.parametrize(("row", "Wt", "Ht", "cell"), HANGS)
def test_the_cause_of_each_mismatch_is_named(
    row: Callable[..., str], Wt: int, Ht: int, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught: list[tt.DeviceHang] = []

    def generic_op(*given: Any, **options: Any) -> tt.Run:
        try:
            return plain(*given, **options)
        except tt.DeviceHang as hang:
            caught.append(hang)
            raise

    plain = tt.generic_op
    monkeypatch.setattr(tt, "generic_op", generic_op)
    row(Wt, Ht, strict=False)
    diagnosis = caught[0].diagnosis
    assert diagnosis.cause is CAUSES[row]
    if row is table.compute_pushes_wt_sticks_writer_waits_wt:
        assert "its pages are sticks, 64 tiles wide, of which a tile row has 32, not 64" in diagnosis.sentence


# ---- 64 cores -----------------------------------------------------------------------------------------------


def many_cores() -> tt.DeviceHang:
    """The four pages of each of 64 cores; one reader in two is told of three."""
    cores = [(x, y) for x in range(8) for y in range(8)]
    tensors = [rows(4), empty(4)]
    words = [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    addresses = [t.buffer_address() for t in tensors]
    where = tt.core_set(*cores)
    told = [(core, [4 - (core[0] % 2)]) for core in cores]
    kernels = [
        tt.KernelDescriptor(short_reader, where, READER, words, told, addresses),
        tt.KernelDescriptor(programs.writer, where, WRITER, words, [], addresses),
    ]
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(tensors, tt.ProgramDescriptor(kernels, [cb(0, 2, cores=where)]), strict=False, diagnose=False)
    return caught.value


async def short_reader() -> None:
    for i in range(dataflow.get_arg_val(0)):
        await dataflow.cb_reserve_back(0, 1)
        dataflow.noc_async_read_page(i, programs.tensor(0), dataflow.get_write_ptr(0))
        await dataflow.noc_async_read_barrier()
        dataflow.cb_push_back(0, 1)


def test_64_cores_are_told_in_a_few_lines() -> None:
    hang = many_cores()
    text = str(diagnose(hang.run.device))
    assert "on core (1, 0), NCRISC (short_reader), the producer of c_0, finished after it pushed 3 pages" in text
    assert "The same on cores (1, 1), (1, 2), (1, 3), (1, 4) and 27 more." in text
    assert "Core (1, 0) and 31 more like it (cores (1, 1), (1, 2), (1, 3), (1, 4) and 27 more):" in text
    assert len(text.splitlines()) < 12


# ---- what a text tells beyond the counters ------------------------------------------------------------------


def hang_of(reader: Callable[[], Any], writer: Callable[[], Any], *sizes: tuple[int, int]) -> Any:
    with pytest.raises(tt.DeviceHang) as caught:
        programs.launch(reader, writer, cbs=[cb(index, pages) for index, pages in sizes], strict=False)
    return caught.value.diagnosis


async def fill_wrong() -> None:
    await dataflow.cb_reserve_back(3, 1)
    dataflow.cb_push_back(3, 1)


async def take_right() -> None:
    await dataflow.cb_wait_front(2, 1)
    dataflow.cb_pop_front(2, 1)


def test_a_cb_that_is_pushed_and_never_waited_for_may_be_the_one_that_was_meant() -> None:
    diagnosis = hang_of(fill_wrong, take_right, (2, 1), (3, 1))
    assert diagnosis.cause is Cause.NEVER_PRODUCED
    assert (
        "NCRISC (fill_wrong) pushes c_3, which nobody waits for: they should be one, or a step from c_3 to c_2"
        in diagnosis.sentence
    )
    assert "`dataflow.cb_push_back(3, 1)`" in diagnosis.sites[1]


async def reserve_only() -> None:
    await dataflow.cb_reserve_back(2, 1)


def test_who_reserves_and_never_pushes_is_named() -> None:
    diagnosis = hang_of(reserve_only, take_right, (2, 1))
    number = programs.line(reserve_only, "cb_reserve_back")[0].rsplit(maxsplit=1)[-1]
    assert diagnosis.cause is Cause.NEVER_PRODUCED
    assert diagnosis.sentence.endswith(f"NCRISC (reserve_only) reserves its pages (line {number}) and hands none on")
    assert diagnosis.sites[1] == f"reserve_only line {number}: `dataflow.cb_reserve_back(2, 1)`"
    assert diagnosis.change.text == (
        f"let NCRISC (reserve_only) push c_2 after it has filled what it reserves at line {number}"
    )


async def push_ten() -> None:
    for _ in range(10):
        await push_one(0)


async def take_fours() -> None:
    for _ in range(0, 10, 4):
        await dataflow.cb_wait_front(0, 4)
        dataflow.cb_pop_front(0, 4)


def test_a_remainder_that_the_consumer_forgets_is_its_own() -> None:
    diagnosis = hang_of(push_ten, take_fours, (0, 4))
    assert diagnosis.sentence.endswith("; it takes 4 at a time, and 10 is no multiple of 4")
    assert diagnosis.change.text == (
        "let BRISC (take_fours) take what is left, 2, in its last trip; or let NCRISC (push_ten) push 12 pages of c_0, as "
        "many as BRISC (take_fours) pops, instead of 10"
    )


async def push_one(index: int) -> None:
    await dataflow.cb_reserve_back(index, 1)
    dataflow.cb_push_back(index, 1)


async def push_by_helper() -> None:
    for _ in range(2):
        await push_one(0)


async def take_three_tiles() -> None:
    for _ in range(3):
        await one_tile(0)


async def one_tile(index: int) -> None:
    """Its name looks like a call of the API, and it is none."""
    await dataflow.cb_wait_front(index, 1)
    dataflow.cb_pop_front(index, 1)


def test_a_line_in_a_helper_is_named_as_the_helpers() -> None:
    diagnosis = hang_of(push_by_helper, take_three_tiles, (0, 4))
    place = programs.line(push_one, "cb_push_back")[0]
    assert diagnosis.cause is Cause.PRODUCER_SHORT
    assert diagnosis.sites == (
        programs.within(take_three_tiles, "one_tile(0)", one_tile, "cb_wait_front"),
        f"{place}, in push_by_helper: `dataflow.cb_push_back(index, 1)`",
    )
    assert diagnosis.change.text == (
        "let NCRISC (push_by_helper) push 3 pages of c_0, as many as BRISC (take_three_tiles) pops, instead of 2; "
        "or pop 2 there"
    )


async def give_more() -> None:
    for _ in range(4):
        await dataflow.cb_reserve_back(0, 2)
        dataflow.cb_push_back(0, 2)
        await dataflow.cb_reserve_back(1, 1)
        dataflow.cb_push_back(1, 1)


async def take_less() -> None:
    for _ in range(4):
        await dataflow.cb_wait_front(1, 1)
        await dataflow.cb_wait_front(0, 1)
        dataflow.cb_pop_front(0, 1)
        dataflow.cb_pop_front(1, 1)


def test_a_size_that_was_tried_and_does_not_do_is_not_offered_as_a_cure() -> None:
    diagnosis = hang_of(give_more, take_less, (0, 2), (1, 1))
    assert diagnosis.change.outcome in ("not tried", "not enough by itself: larger sizes were tried")
    assert "instead of 4" in diagnosis.change.text or "at most 8 pages" in diagnosis.change.text


UNTOLD = """
async def gives_two():
    for _ in range(2):
        await cb_reserve_back(0, 1)
        cb_push_back(0, 1)

async def takes_three():
    for _ in range(3):
        await cb_wait_front(0, 1)
        cb_pop_front(0, 1)
"""


def test_a_kernel_without_a_text_is_told_from_what_it_does() -> None:
    names = dict(vars(dataflow))
    exec(UNTOLD, names)
    diagnosis = hang_of(names["gives_two"], names["takes_three"], (0, 2))
    assert diagnosis.cause is Cause.PRODUCER_SHORT
    assert diagnosis.sentence == (
        "NCRISC (gives_two), the producer of c_0, finished after it pushed 2 pages; BRISC waits for a 3rd at takes_three line 9"
    )
    assert diagnosis.sites == ("takes_three line 9", "gives_two line 5: `cb_push_back(c_0, 1)`")


BY_DATA = "    if tt_l1_ptr(uint32_t, get_write_ptr(0))[0] == 7:\n        cb_push_back(0, 1)\n\nasync def takes"


def test_a_kernel_without_a_text_that_decides_by_data_is_not_decided() -> None:
    names = dict(vars(dataflow))
    exec(UNTOLD.replace("\nasync def takes", BY_DATA), names)
    diagnosis = hang_of(names["gives_two"], names["takes_three"], (0, 2))
    assert diagnosis.cause is Cause.NOT_TOLD
    assert diagnosis.sentence == (
        "BRISC waits in cb_wait_front(c_0, 1) at takes_three line 11; why is not decided, since the source text of "
        "gives_two cannot be found (was it run by exec of a string?)"
    )


async def asks_too_much() -> None:
    await dataflow.cb_reserve_back(0, 4)
    dataflow.cb_push_back(0, 4)


async def takes_one() -> None:
    await dataflow.cb_wait_front(0, 1)
    dataflow.cb_pop_front(0, 1)


def test_a_size_that_leaves_pages_over_is_not_tried() -> None:
    change = hang_of(asks_too_much, takes_one, (0, 2)).change
    assert change.text == "reserve and push 1 page of c_0, as many as BRISC (takes_one) pops"
    assert change.outcome == "not tried"


def test_a_lambda_or_a_step_of_zero_in_a_kernel_does_not_hide_the_hang() -> None:
    async def short() -> None:
        last = lambda pages: pages - 1  # noqa: E731
        source, pages, step = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(1), 0
        if pages > 99:
            for _ in range(0, pages, step):
                cb_push_back(0, 1)
        for i in range(last(pages)):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, source, get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    with pytest.raises(tt.DeviceHang, match="the producer of c_0, finished after it pushed 3 pages"):
        tt.generic_op(*demo.copy_program(short))
