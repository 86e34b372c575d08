"""`tt.shrink` finds the smallest program that still hangs; `tt.compare` the first call at which two runs part."""

from __future__ import annotations

from typing import Any

import golden
import pytest
from correct import golden_ok, layernorm, odd, of, program
from programs import READER, WRITER, at, cb, empty, line, reader, rows, tensor, writer
from test_golden_hangs import KERNELS, p_rd

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause


def copies(pushed: int, popped: int, depth: int = 2) -> Any:
    """Pushes and pops so many pages."""

    async def reads() -> None:
        for i in range(pushed):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def writes() -> None:
        for i in range(popped):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    return of([(reads, READER), (writes, WRITER)], [cb(0, depth)], [rows(16), empty(16)])


# ---- shrink -----------------------------------------------------------------------------------------------


def test_the_smallest_values_that_hang() -> None:
    small = tt.shrink(copies, pushed=range(1, 9), popped=range(1, 10), depth=[1, 2, 4])
    assert small.values == {"pushed": 1, "popped": 2, "depth": 1}
    assert small.cause is Cause.PRODUCER_SHORT is small.hang.diagnosis.cause
    assert repr(small).startswith(
        f"The smallest that still hangs: pushed=1, popped=2, depth=1 ({small.runs} runs). The device hangs, nothing moves"
    )


def test_another_cause_does_not_count() -> None:
    async def asks_for_nine() -> None:
        await cb_wait_front(0, 9)

    def mixed(n: int) -> Any:
        return copies(n, n + 1) if n > 2 else of([(reader, READER), (asks_for_nine, WRITER)], [cb(0, 2)])

    small = tt.shrink(mixed, n=range(1, 6))
    assert (small.cause, small.values) == (Cause.PRODUCER_SHORT, {"n": 3})


def test_parameters_that_only_shrink_together() -> None:
    def tied(a: int, b: int) -> Any:
        return copies(a, a + 1) if a == b else copies(a, a)

    assert tt.shrink(tied, a=range(1, 6), b=range(1, 6)).values == {"a": 1, "b": 1}


def test_values_at_which_the_program_does_not_fit_do_not_hang() -> None:
    def deep(popped: int, depth: int) -> Any:
        return copies(1, popped, depth)

    assert tt.shrink(deep, popped=[1, 2, 3], depth=[2, 1 << 20]).values == {"popped": 2, "depth": 2}


def test_a_layernorm_whose_cb_is_too_small() -> None:
    def op(Wt: int, Ht: int) -> Any:
        tensors, descriptor = layernorm(32 * Wt, 32 * Ht)
        c_24 = next(cb for cb in descriptor.cbs if cb.format_descriptors[0].buffer_index == 24)
        c_24.total_size = c_24.format_descriptors[0].page_size
        return tensors, descriptor

    small = tt.shrink(op, Wt=range(1, 5), Ht=range(1, 4))
    assert small.values == {"Wt": 2, "Ht": 1}


def test_nothing_hangs() -> None:
    with pytest.raises(tt.HostError, match="shrink: none of 3 programs hangs; give values at which it does"):
        tt.shrink(lambda n: copies(n, n), n=range(1, 4))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, r"shrink\(factory\): name what may become smaller"),
        ({"n": []}, r"shrink\(n=...\): give the whole numbers that it may have"),
        ({"n": [1.5]}, r"shrink\(n=...\): give the whole numbers that it may have"),
    ],
)
def test_parameters_must_be_ranges_of_whole_numbers(parameters: Any, words: str) -> None:
    with pytest.raises(tt.HostError, match=words):
        tt.shrink(copies, **parameters)


# ---- compare ----------------------------------------------------------------------------------------------


def hang(made: Any) -> tt.DeviceHang:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*made)
    return caught.value


def golden_hang(name: str) -> tt.DeviceHang:
    return hang(program(next(case for case in golden.load("hangs") if case.name == name), KERNELS))


GOOD = golden_ok(golden.load)["ok10_wait_written_before_commit"]


def test_a_producer_that_ends_early_parts_where_it_ends() -> None:
    first = tt.compare(tt.generic_op(*GOOD()), golden_hang("h01_reader_pushes_fewer")).first
    assert first is not None and (first.risc, first.bad) == ("NCRISC", None)
    assert first.good is not None and str(first.good) == "cb_reserve_back(c_0, 1)"
    assert str(first.good.site) == at(p_rd, "cb_reserve_back(")
    cb, pushed, _, pushed_in_bad, popped_in_bad = first.before[0]
    assert (cb, str(pushed), str(pushed_in_bad)) == ("c_0", "cb_push_back(c_0, 3)", "cb_push_back(c_0, 3)")
    assert popped_in_bad.args == ("c_0", "2")


@pytest.mark.parametrize(
    ("name", "risc", "good", "bad"),
    [
        ("h08_pop_missing", "UNPACK", "cb_pop_front(c_0, 1)", "cb_wait_front(c_0, 1)"),
        ("h13_intermediate_cb_too_small", "PACK", "cb_reserve_back(c_16, 1)", "cb_reserve_back(c_1, 1)"),
        ("h17_release_missing", "PACK", "tile_regs_release()", "cb_push_back(c_16, 1)"),
        ("h21_gamma_one_tile", "NCRISC", "cb_reserve_back(c_0, 1)", "cb_reserve_back(c_4, 1)"),
    ],
)
def test_the_first_call_that_differs(name: str, risc: str, good: str, bad: str) -> None:
    first = tt.compare(tt.generic_op(*GOOD()), golden_hang(name)).first
    assert first is not None and (first.risc, str(first.good), str(first.bad)) == (risc, good, bad)


def test_sections_that_were_joined_are_compared_one_by_one() -> None:
    case = next(case for case in golden.load("hangs") if case.name == "h18_acquire_twice")
    first = tt.compare(tt.generic_op(*GOOD()), tt.generic_op(*program(case, KERNELS))).first
    assert first is not None and (first.risc, first.number) == ("MATH", 1)
    assert (str(first.good), str(first.bad)) == ("copy_tile(DST 0)", "tile_regs_acquire()")


def test_a_wait_that_never_ends_is_where_equal_kernels_part() -> None:
    """The same calls up to it: in the good run it comes back."""
    found = tt.compare(tt.generic_op(*copies(4, 4)), hang(copies(3, 4)))
    assert [p.risc for p in found.partings] == ["NCRISC", "BRISC"]
    assert found.partings[1].bad is not None and found.partings[1].bad.stuck
    assert str(found.partings[1].good) == str(found.partings[1].bad) == "cb_wait_front(c_0, 1)"


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", ["a copy", "a constant never popped", "scratch", "aliased CBs"])
def test_other_timings_are_no_difference(name: str, seed: int) -> None:
    make = odd()[name]
    found = tt.compare(tt.generic_op(*make()), tt.generic_op(*make(), seed=seed))
    assert found.first is None and repr(found) == "the two runs make the same calls"


@pytest.mark.parametrize("seed", range(3))
def test_nor_are_they_in_layernorm_on_two_cores(seed: int) -> None:
    plain, other = tt.generic_op(*layernorm(cores=2)), tt.generic_op(*layernorm(cores=2), seed=seed)
    assert tt.compare(plain, other).first is None


def test_the_whole_text() -> None:
    good, bad = tt.generic_op(*of([(reader, READER), (writer, WRITER)], [cb(0, 2)])), hang(short())
    found = tt.compare(good, bad)
    first = found.first
    assert first is not None and first.good is not None and first.before[0][1] is not None
    _, push, pop, bad_push, bad_pop = first.before[0]
    last = line(three_of_four, "cb_push_back")[0].split()[-1]
    assert repr(found) == (
        "the runs part at\n"
        "NCRISC of core (0, 0), call 13:\n"
        f"  good: cb_reserve_back(c_0, 1) at cycle {first.good.time:,}, {at(reader, 'cb_reserve_back')}\n"
        "  bad:  makes no more calls\n"
        f"  c_0 before it, good: push 3 at cycle {push.time:,} (line {push.site.line}), "
        f"pop {pop.args[1]} at cycle {pop.time:,} (line {pop.site.line})\n"
        f"                  bad: push 3 at cycle {bad_push.time:,} (line {last}), "
        f"pop {bad_pop.args[1]} at cycle {bad_pop.time:,} (line {pop.site.line})\n"
        "then\n"
        "BRISC of core (0, 0): waits for ever in cb_wait_front(c_0, 1) where the good run goes on"
    )


async def three_of_four() -> None:
    for i in range(3):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def short() -> Any:
    return of([(three_of_four, READER), (writer, WRITER)], [cb(0, 2)])


def test_it_takes_runs() -> None:
    with pytest.raises(
        tt.HostError, match=r"compare takes what generic_op returns, or the DeviceHang that it raises, not 3"
    ):
        tt.compare(tt.generic_op(*odd()["a copy"]()), 3)  # type: ignore[arg-type]
