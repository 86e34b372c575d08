"""Exercises of notebook 13: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn.course.nb13 import gathering, split
from ttlearn.learn.verdict import State

Shares = list[tuple[int, int]]

# ---- 13.1 -------------------------------------------------------------------------------------------------------------


def the_last_have_more(tile_rows: int, cores: int) -> Shares:
    ends = [tile_rows * (k + 1) // cores for k in range(cores)]
    return [(first, end - first) for first, end in zip([0, *ends], ends, strict=False)]


def by_numpy(tile_rows: int, cores: int) -> Any:
    parts = np.array_split(np.arange(tile_rows), cores)
    return [(part[0] if len(part) else 0, len(part)) for part in parts]


@pytest.mark.parametrize("answer", [the_last_have_more, by_numpy])
def test_other_shares_pass(answer: Any) -> None:
    verdict = check("13.1", answer)
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize("cores", range(1, 20))
def test_the_reference_covers_each_row_once_and_evenly(cores: int) -> None:
    shares = split(17, cores)
    assert [row for first, count in shares for row in range(first, first + count)] == list(range(17))
    counts = [count for _, count in shares]
    assert len(counts) == cores and max(counts) - min(counts) <= 1


def forgets_the_rest(tile_rows: int, cores: int) -> Shares:
    return [(k * (tile_rows // cores), tile_rows // cores) for k in range(cores)]


def rounds_up(tile_rows: int, cores: int) -> Shares:
    return [(k * -(-tile_rows // cores), -(-tile_rows // cores)) for k in range(cores)]


def gives_the_rest_to_the_last(tile_rows: int, cores: int) -> Shares:
    few = tile_rows // cores
    return [(k * few, few if k < cores - 1 else tile_rows - k * few) for k in range(cores)]


def everything_to_each(tile_rows: int, cores: int) -> Shares:
    return [(0, tile_rows)] * cores


def only_busy_cores(tile_rows: int, cores: int) -> Shares:
    return [share for share in split(tile_rows, cores) if share[1]]


def rounds_up_within_the_rows(tile_rows: int, cores: int) -> Shares:
    many = -(-tile_rows // cores)
    return [(k * many, max(0, min(many, tile_rows - k * many))) for k in range(cores)]


def count_first(tile_rows: int, cores: int) -> Shares:
    return [(count, first) for first, count in split(tile_rows, cores)]


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        (forgets_the_rest, "7 tile rows, 3 cores", "row 6 is in no share"),
        (rounds_up_within_the_rows, "7 tile rows, 3 cores", "one core has 3 rows and another 1"),
        (
            count_first,
            "4 tile rows, 1 core",
            "split(4, 1) gave [(4, 0)]; row 0 is in no share (each pair: first tile row, how many)",
        ),
        (
            rounds_up,
            "7 tile rows, 3 cores",
            "split(7, 3) gave [(0, 3), (3, 3), (6, 3)]; there are only the rows 0 to 6",
        ),
        (gives_the_rest_to_the_last, "11 tile rows, 8 cores", "one core has 4 rows and another 1"),
        (everything_to_each, "8 tile rows, 4 cores", "row 0 is in 4 shares"),
        (only_busy_cores, "2 tile rows, 4 cores", "split(2, 4) gave 2 shares; every core wants one, be it (0, 0)"),
    ],
)
def test_wrong_shares_are_told(answer: Any, case: str, said: str) -> None:
    verdict = check("13.1", answer)
    assert verdict.state is State.FAILED and verdict.case == case
    assert said in verdict.problem, verdict.problem


# ---- 13.2 -------------------------------------------------------------------------------------------------------------


def gatherer(wait: Callable[[tt_l1_ptr, int, int], Any], reset: bool, answers: int = 0) -> Callable[[], Any]:
    """The exercise's kernel with another wait, with or without a reset, with so many answers more."""

    async def gatherer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        others, rounds = get_arg_val(1), get_arg_val(2)
        arrived = tt_l1_ptr(uint32_t, get_semaphore(0))
        x_first, y_first, x_last, y_last = (get_arg_val(k) for k in range(3, 7))
        to_all = get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(1))
        noc_semaphore_set(tt_l1_ptr(uint32_t, get_semaphore(2)), 1)
        for turn in range(rounds):
            await wait(arrived, others, turn)
            if reset:
                noc_semaphore_set(arrived, 0)
            for k in range(others):
                noc_async_write_page(turn * others + k, target, get_write_ptr(1) + k * 2048)
            await noc_async_write_barrier()
            noc_semaphore_set_multicast(get_semaphore(2), to_all, others + answers)
            await noc_async_write_barrier()

    return gatherer


def exactly(arrived: Any, others: int, turn: int) -> Any:
    return noc_semaphore_wait(arrived, others)


def at_least(arrived: Any, others: int, turn: int) -> Any:
    return noc_semaphore_wait_min(arrived, others)


def counting_on(arrived: Any, others: int, turn: int) -> Any:
    return noc_semaphore_wait(arrived, others * (turn + 1))


def one_more(arrived: Any, others: int, turn: int) -> Any:
    return noc_semaphore_wait(arrived, others + 1)


def one_fewer(arrived: Any, others: int, turn: int) -> Any:
    return noc_semaphore_wait_min(arrived, others - 1)


async def set_back_and_wait(arrived: Any, others: int, turn: int) -> None:
    noc_semaphore_set(arrived, 0)
    await noc_semaphore_wait(arrived, others)


@pytest.mark.parametrize(
    "answer",
    [gatherer(at_least, True), gatherer(counting_on, False)],
    ids=["at least so many, set back", "a count that goes on"],
)
def test_another_count_passes(answer: Any) -> None:
    verdict = check("13.2", answer)
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        (gatherer(one_more, True), "two others, one round", "until semaphore 0 is 3, and it stays 2"),
        (gatherer(exactly, False), "three others, two rounds", "c_1 of core (0, 0)"),
        (
            gatherer(set_back_and_wait, False),
            "three others have given before the gatherer begins",
            "until semaphore 0 is 3, and it stays 0",
        ),
        (gatherer(one_fewer, True), "two others, one round", "let gatherer wait for a semaphore that says so"),
        (gatherer(exactly, True, answers=1), "two others, one round", "noc_async_write_barrier"),
    ],
    ids=["counts itself", "never set back", "set back before the wait", "one too few", "an answer too many"],
)
def test_a_wrong_count_is_told(answer: Any, case: str, said: str) -> None:
    verdict = check("13.2", answer)
    assert verdict.state is State.FAILED and verdict.case == case
    assert said in verdict.problem, verdict.problem


def test_what_is_given_hangs_in_its_first_round() -> None:
    with pytest.raises(tt.DeviceHang, match="wait for 3, which is what they add up to"):
        tt.generic_op(*gathering(gatherer(one_more, False), others=3, rounds=2))
