"""Notebook 14: the ward keeps its secrets, what the text says of its patients is so, and its exercises judge fairly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause
from ttlearn.learn import check
from ttlearn.learn.clinic_programs import difference, over_the_noc, rows_with_bias, two_passes
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb14 import receiver
from ttlearn.learn.hangs import CATALOGUE, entry
from ttlearn.learn.hangs.popped import compute_in_blocks_cumulative
from ttlearn.learn.hangs.stream import stream
from ttlearn.learn.verdict import State
from ttlearn.learn.ward import WARD, Patient, patient

c_0, c_1, c_16 = 0, 1, 16
Kernel = Callable[..., Any]
HANGING = range(1, 7)


# ---- the ward ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", HANGING)
def test_evidence_names_neither_the_entry_nor_its_kernels_nor_a_cause(number: int) -> None:
    shown = repr(patient(number))
    kernels = [kernel.kernel_source.__name__ for kernel in entry(WARD[number - 1]).broken()[1].kernels]
    telling = [name for name in kernels if name not in ("reader", "compute", "writer")]
    assert telling, "an entry whose kernels have plain names needs no ward"
    assert not any(word in shown for word in [*telling, WARD[number - 1], *(cause.value for cause in Cause)])


@pytest.mark.parametrize("number", HANGING)
def test_a_listing_has_the_line_numbers_of_the_diagnosis(number: int) -> None:
    sick = patient(number)
    kernels = {kernel.kernel_source.__name__ for kernel in sick.make()[1].kernels}
    text = "\n".join(sick.source(role).text for role in _roles(sick))
    numbered = {tuple(line.strip().split(maxsplit=1)) for line in text.splitlines()}
    for site in sick.hang.diagnosis.sites:
        name, _, rest = site.partition(" line ")
        line, _, code = rest.partition(": `")
        assert name in kernels
        assert any(line == n and code.rstrip("`") in text for n, text in numbered), site


def _roles(sick: Patient) -> list[str]:
    roles = {
        "ReaderConfigDescriptor": "reader",
        "WriterConfigDescriptor": "writer",
        "ComputeConfigDescriptor": "compute",
    }
    return [roles[type(kernel.config).__name__] for kernel in sick.make()[1].kernels]


@pytest.mark.parametrize("number", HANGING)
def test_what_is_shown_of_the_reason_is_the_diagnosis(number: int) -> None:
    sick = patient(number)
    assert repr(sick.why) == str(sick.hang)
    assert sick.cause in repr(sick.why) and "<svg" in sick.why._repr_html_()
    assert sick.mended().endswith("and the output is right.")


def test_every_patient_has_another_cause() -> None:
    causes = [entry(name).expected for name in WARD]
    assert len(set(causes)) == len(causes) and set(WARD) <= {e.name for e in CATALOGUE}


def test_a_text_is_shown_with_its_signs_escaped() -> None:
    assert "n // 2" in repr(Patient(entry("cumulative_wait_with_pop")).source("compute"))
    assert "padding[0:1024] = 0" in patient(1).source("reader")._repr_html_()
    assert "&lt; " in Patient(entry("commit_missing_from_some_trip_on")).source("compute")._repr_html_()


# ---- what the text says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiles", [3, 4, 8, 13])
def test_two_passes_finish_from_one_page_less_than_the_row(tiles: int) -> None:
    tt.generic_op(*two_passes(tiles, tiles - 1))
    with pytest.raises(tt.DeviceHang):
        tt.generic_op(*two_passes(tiles, tiles - 2))


def test_the_pages_that_are_offered_hold_a_whole_row_and_do_not_lean_on_dst() -> None:
    with pytest.raises(tt.DeviceHang, match="raise c_24 from 6 to 8 pages \\(tried"):
        tt.generic_op(*two_passes(8, 6))


def test_without_a_pop_two_tiles_finish_and_are_the_first_one_twice() -> None:
    never_pops = patient(2).make()[1].kernels[-1].kernel_source
    run = tt.generic_op(*stream(2, 2, 2, compute=never_pops))
    first, second = run.output[:, :32], run.output[:, 32:64]
    assert (first == second).all() and (second != tt.to_numpy(run.tensors[0])[:, 32:64]).all()


def test_the_shrunk_hang_is_the_smallest() -> None:
    small = tt.shrink(two_passes, tiles=range(1, 65), pages=(2, 4, 8))
    assert small.values == {"tiles": 4, "pages": 2}
    for pages in (2, 4, 8):
        tt.generic_op(*two_passes(3, pages))


def test_the_dump_is_one_of_the_real_ones_and_agrees() -> None:
    from golden import load

    case = next(case for case in load("hangs") if case.name == "h15_cumulative_wait_with_pop")
    told = tt.explain_watcher(
        "\n".join([*case.entry["watcher"], *case.entry["k_id"]]),
        stream(4, 4, 4, compute=compute_in_blocks_cumulative, depth=4),
    )
    assert told.agrees


# ---- 14.1 ---------------------------------------------------------------------------------------------------------------


async def b_first() -> None:
    a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
    i = 0
    while i < get_arg_val(2):
        for buffer, tensor in ((c_1, b), (c_0, a)):
            await cb_reserve_back(buffer, 1)
            noc_async_read_page(i, tensor, get_write_ptr(buffer))
            await noc_async_read_barrier()
            cb_push_back(buffer, 1)
        i += 1


async def one_barrier_a_pair() -> None:
    a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
    for i in range(get_arg_val(2)):
        await cb_reserve_back(c_0, 1)
        await cb_reserve_back(c_1, 1)
        noc_async_read_page(i, a, get_write_ptr(c_0))
        noc_async_read_page(i, b, get_write_ptr(c_1))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)
        cb_push_back(c_1, 1)


@pytest.mark.parametrize("kernel", [b_first, one_barrier_a_pair])
def test_other_readers_pass(kernel: Kernel) -> None:
    verdict = check("14.1", kernel)
    assert verdict.passed, repr(verdict)


def test_the_given_reader_passes_its_authors_test_and_hangs_in_a_circle() -> None:
    given = exercise("14.1").given["pair_reader"]
    tt.generic_op(*difference(given, 2))
    with pytest.raises(tt.DeviceHang, match="UNPACK in cb_wait_front\\(c_1, 1\\) waits for NCRISC to push c_1"):
        tt.generic_op(*difference(given, 3))


def test_a_deeper_buffer_only_moves_the_hang() -> None:
    given = exercise("14.1").given["pair_reader"]
    tt.generic_op(*difference(given, 9, (9, 2)))
    with pytest.raises(tt.DeviceHang):
        tt.generic_op(*difference(given, 10, (8, 2)))


async def a_twice() -> None:
    a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(2)):
        for buffer in (c_0, c_1):
            await cb_reserve_back(buffer, 1)
            noc_async_read_page(i, a, get_write_ptr(buffer))
            await noc_async_read_barrier()
            cb_push_back(buffer, 1)


def test_a_read_twice_is_told_by_a_wrong_number() -> None:
    verdict = check("14.1", a_twice)
    assert verdict.state is State.FAILED and verdict.case == "two tiles, the author's test"
    assert verdict.problem.startswith("It runs to its end, and the output is wrong")


# ---- 14.2 ---------------------------------------------------------------------------------------------------------------


async def in_pairs_of_sections(n: int) -> None:
    """Reserves late, pops early, counts down."""
    await cb_wait_front(c_1, 1)
    while n:
        await cb_wait_front(c_0, 1)
        tile_regs_acquire()
        add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        cb_pop_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        n -= 1
    cb_pop_front(c_1, 1)


async def waits_for_the_bias_in_each_trip(n: int) -> None:
    for i in range(n):
        await cb_wait_front(c_0, 1)
        await cb_wait_front(c_1, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)
        if i == n - 1:
            cb_pop_front(c_1, 1)


@pytest.mark.parametrize("kernel", [in_pairs_of_sections, waits_for_the_bias_in_each_trip])
def test_other_kernels_with_a_bias_pass(kernel: Kernel) -> None:
    verdict = check("14.2", kernel)
    assert verdict.passed, repr(verdict)


async def bias_mended_only(n: int) -> None:
    await cb_wait_front(c_1, 1)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)
    tile_regs_release()
    cb_pop_front(c_1, 1)


def test_behind_the_first_fault_stands_the_second() -> None:
    first = check("14.2", _given_changed())
    assert (first.case, "c_1" in first.problem) == ("four tiles", True)
    second = check("14.2", bias_mended_only)
    assert second.case == "four tiles" and "Cause: tile_regs calls do not match" in second.problem
    run = tt.generic_op(*rows_with_bias(bias_mended_only, 2))
    right = tt.generic_op(*rows_with_bias(exercise("14.2").reference["add_bias"], 2))
    assert (run.output != right.output).any()


def _given_changed() -> Kernel:
    """The given kernel behind another name, so that it counts as attempted."""
    given = exercise("14.2").given["add_bias"]

    async def add_bias(n: int) -> None:
        await given(n)

    return add_bias


def test_a_bias_that_is_never_popped_is_told_in_the_second_row() -> None:
    async def keeps(n: int) -> None:
        await cb_wait_front(c_1, 1)
        await in_the_middle(n)

    verdict = check("14.2", keeps)
    assert verdict.case == "two rows, each with its bias" and "c_1" in verdict.problem


async def in_the_middle(n: int) -> None:
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)


def test_bias_is_added_to_each_row_as_numpy_does() -> None:
    run = tt.generic_op(*rows_with_bias(exercise("14.2").reference["add_bias"], 3, rows=2))
    x, bias = (tt.to_numpy(tensor) for tensor in run.tensors[:2])
    for row in range(2):
        rows = slice(32 * row, 32 * row + 32)
        assert np.array_equal(run.output[rows], x[rows] + np.tile(bias[32 * row], 3))


# ---- 14.3 ---------------------------------------------------------------------------------------------------------------


async def waits_for_all_first() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    n = get_arg_val(1)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), n)
    for i in range(n):
        noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
    await noc_async_write_barrier()


async def one_barrier_at_the_end() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await noc_semaphore_wait_min(tt_l1_ptr(uint32_t, get_semaphore(0)), i + 1)
        noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
    await noc_async_write_barrier()


@pytest.mark.parametrize("kernel", [waits_for_all_first, one_barrier_at_the_end])
def test_other_receivers_pass(kernel: Kernel) -> None:
    verdict = check("14.3", kernel)
    assert verdict.passed, repr(verdict)


def test_the_given_receiver_passes_its_authors_test_and_explore_finds_the_hang() -> None:
    given = exercise("14.3").given["receiver"]
    tt.generic_op(*over_the_noc(given, 3))
    found = tt.explore(lambda: over_the_noc(given, 3), 20)
    assert not found.same and "it hangs where it finishes without a seed" in found.what
    assert tt.explore(lambda: over_the_noc(receiver, 3), 20).same


async def does_not_wait() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
    await noc_async_write_barrier()


async def waits_for_the_first_only() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await noc_semaphore_wait_min(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)
        noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
        await noc_async_write_barrier()


def test_a_receiver_that_waits_for_the_first_tile_only_fails_with_a_slow_sender() -> None:
    verdict = check("14.3", waits_for_the_first_only)
    assert verdict.case == "three tiles from a slow sender" and "writes page 1 of c_0 of core (1, 0)" in verdict.problem


def test_a_receiver_that_does_not_wait_is_told_at_one_tile() -> None:
    assert check("14.3", does_not_wait).case == "one tile"
