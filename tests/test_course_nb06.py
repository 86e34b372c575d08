"""Exercises of notebook 06: other right answers, what usual mistakes are told, and that no experiment is rigged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause
from ttlearn.host.findings import Kind as Found
from ttlearn.learn import check
from ttlearn.learn import passthrough as log
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb06 import one_tile, passthrough, squares, with_gamma
from ttlearn.learn.passthrough import tilize_row, untilize_row
from ttlearn.learn.verdict import State

c_0, c_1, c_4, c_5, c_16, c_24 = 0, 1, 4, 5, 16, 24
Kernel = Callable[[], Any]


# ---- 06.1 -------------------------------------------------------------------------------------------------------------


def starting(start: Callable[[], None]) -> Kernel:
    async def passthrough() -> None:
        start()
        await log.passthrough()

    return passthrough


@pytest.mark.parametrize(
    "start",
    [
        lambda: compute_kernel_hw_startup(c_0, c_1),
        lambda: compute_kernel_hw_startup(c_0, c_0, c_16),
        lambda: unary_op_init_common(c_0, c_16),
    ],
    ids=["from c_0 to c_1", "with both inputs named", "the older full init"],
)
def test_other_start_ups_pass(start: Callable[[], None]) -> None:
    assert check("06.1", starting(start)).passed


async def after_gamma_and_beta() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    for stick in (c_4, c_5):
        await cb_wait_front(stick, 1)
        cb_pop_front(stick, 1)
    compute_kernel_hw_startup(c_0, c_16)
    for _ in range(Ht):
        await tilize_row(Wt)
        await untilize_row(Wt)


def test_a_start_up_before_the_engines_first_call_passes() -> None:
    assert check("06.1", after_gamma_and_beta).passed


async def starts_each_row() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    for _ in range(Ht):
        compute_kernel_hw_startup(c_0, c_16)
        await tilize_row(Wt)
        await untilize_row(Wt)


async def starts_after_an_init() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    tilize_init(c_0, Wt, c_1)
    compute_kernel_hw_startup(c_0, c_16)
    for _ in range(Ht):
        await tilize_row(Wt)
        await untilize_row(Wt)


async def starts_twice() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    compute_kernel_hw_startup(c_0, c_16)
    await log.passthrough()


@pytest.mark.parametrize(
    ("kernel", "said"),
    [(starts_each_row, "in a loop"), (starts_after_an_init, "after tilize_init"), (starts_twice, "more than once")],
)
def test_a_start_up_in_the_middle_is_refused_and_is_a_hint_of_check(kernel: Kernel, said: str) -> None:
    why = (
        f"{kernel.__name__} calls compute_kernel_hw_startup {said}: its writes need an idle engine, so tt-metal allows it once "
        "and before any other call of the engine (compute_kernel_hw_startup.h); the model carries it out anywhere"
    )
    verdict = check("06.1", kernel)
    assert verdict.state is State.FAILED and verdict.problem.startswith(why)
    found = log.program(kernel)[1].check()
    assert [f.sentence for f in found if f.kind is Found.START_UP] == [why]


def test_start_ups_that_exclude_each_other_are_no_finding() -> None:
    async def either() -> None:
        if get_compile_time_arg_val(0) > 4:
            compute_kernel_hw_startup(c_0, c_1)
        else:
            compute_kernel_hw_startup(c_0, c_16)
        await log.passthrough()

    assert not log.program(either)[1].check()


async def inits_once_more() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    tilize_init(c_0, Wt, c_1)
    for _ in range(Ht):
        await tilize_row(Wt)
        await untilize_row(Wt)


def test_another_init_is_no_start_up() -> None:
    verdict = check("06.1", inits_once_more)
    assert verdict.state is State.FAILED and "Cause: the engine was never configured." in verdict.problem


# ---- 06.2 -------------------------------------------------------------------------------------------------------------


def a_larger_page(values: Any) -> tuple[tt.Tensor, int]:
    tensor = tt.from_numpy(np.tile(values, (32, 1)), layout=tt.TILE_LAYOUT)
    return tensor, tensor.buffer_page_size()


def a_stick_counted_by_hand(values: Any) -> tuple[tt.Tensor, int]:
    return tt.from_numpy(values), 2 * values.size


def test_a_stick_whose_size_is_counted_by_hand_passes() -> None:
    assert check("06.2", a_stick_counted_by_hand).passed


def test_a_larger_page_for_a_tiled_gamma_is_told_how_much_of_it_comes() -> None:
    verdict = check("06.2", a_larger_page)
    assert verdict.state is State.FAILED
    assert verdict.problem == (
        "gamma has 4 pages, and the reader brings page 0 alone: 32 of its 128 numbers; make it a stick, whose one page "
        "holds them all"
    )


def half_a_page(values: Any) -> tuple[tt.Tensor, int]:
    return tt.from_numpy(np.tile(values, (32, 1)), layout=tt.TILE_LAYOUT), 1024


def test_a_page_that_is_still_too_small_is_told_with_both_sizes() -> None:
    verdict = check("06.2", half_a_page)
    assert verdict.state is State.FAILED
    assert "brings 2,048 bytes to page 0 of c_4, where only 1,024 are left" in verdict.problem


def test_a_tiled_gamma_damages_the_first_sticks_and_no_more() -> None:
    """The bytes beyond c_4's page: a tile less a stick, in sticks."""
    place = exercise("06.2").given["gamma_and_page"]
    tensors, program = with_gamma(place, Wt=4)
    run = tt.generic_op(tensors, program, strict=False)
    wrong = np.flatnonzero((run.output != tt.to_numpy(tensors[0])).any(axis=1))
    assert wrong.tolist() == list(range((2048 - 256) // 256))


# ---- 06.3 -------------------------------------------------------------------------------------------------------------


async def inits_twice() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    for _ in range(get_compile_time_arg_val(0)):
        mul_init(c_0, c_0)
        mul_init(c_0, c_0)  # twice is as good as once
        await one_tile(c_0, mul_tiles, c_24)
        add_init(c_24, c_24)
        await one_tile(c_24, add_tiles, c_16)


async def adds_with_its_own_loop() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    left = get_compile_time_arg_val(0)
    while left:
        for operation, init, source, to in ((mul_tiles, mul_init, c_0, c_24), (add_tiles, add_init, c_24, c_16)):
            init(source, source)
            await one_tile(source, operation, to)
        left -= 1


@pytest.mark.parametrize("kernel", [inits_twice, adds_with_its_own_loop])
def test_other_right_kernels_pass(kernel: Kernel) -> None:
    verdict = check("06.3", kernel)
    assert verdict.passed, repr(verdict)


async def only_one_init_moved() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    add_init(c_24, c_24)
    for _ in range(get_compile_time_arg_val(0)):
        mul_init(c_0, c_0)
        await one_tile(c_0, mul_tiles, c_24)
        await one_tile(c_24, add_tiles, c_16)


def test_one_init_in_the_loop_and_one_before_it_is_told_by_a_wrong_number() -> None:
    """One tile gets through before the engine stands: with the product where the sum should be."""
    verdict = check("06.3", only_one_init_moved)
    assert verdict.state is State.FAILED and verdict.case == "one tile"
    assert verdict.problem.startswith("It runs to its end, and the output is wrong")


def test_the_given_kernel_hangs_for_the_reason_asked() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*squares(exercise("06.3").given["twice_the_square"], 4))
    assert caught.value.diagnosis.cause is Cause.WRONG_OPERATION


# ---- the experiments ----------------------------------------------------------------------------------------------------


def started(kernel: Kernel, source: int = c_0, to: int = c_16) -> Kernel:
    async def compute() -> None:
        compute_kernel_hw_startup(source, to)
        await kernel()

    return compute


async def tilize_alone() -> None:
    for _ in range(get_compile_time_arg_val(1)):
        await tilize_row(get_compile_time_arg_val(0))


async def untilize_alone() -> None:
    for _ in range(get_compile_time_arg_val(1)):
        await untilize_row(get_compile_time_arg_val(0))


def in_tile_pages(kernel: Kernel) -> Any:
    table = log.buffers(4, "tiles")
    return log.program(kernel, reads=log.tile_reader, writes=log.tile_writer, table=table)


@pytest.mark.parametrize(
    ("kernel", "launch", "cbs"),
    [
        (log.passthrough, log.program, (c_0, c_16)),
        (log.tile_passthrough, in_tile_pages, (c_0, c_16)),
        (tilize_alone, lambda kernel: log.only_tilize(kernel, 4, 2), (c_0, c_1)),
        (untilize_alone, lambda kernel: log.only_untilize(kernel, 4, 2), (c_1, c_16)),
    ],
    ids=["log", "tile pages", "tilize", "untilize"],
)
def test_each_experiment_hangs_only_for_want_of_the_start_up(kernel: Kernel, launch: Any, cbs: tuple[int, int]) -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*launch(kernel))
    assert caught.value.diagnosis.cause is Cause.NOT_CONFIGURED
    tensors, program = launch(started(kernel, *cbs))
    assert np.array_equal(tt.generic_op(tensors, program).output, tt.to_numpy(tensors[0]))


def test_the_mended_kernel_gains_by_a_second_row_and_not_by_a_third() -> None:
    cycles = []
    for depth in (1, 2, 3):
        table = log.buffers(4, "sticks") | dict.fromkeys((c_0, c_16), (32 * depth, 256))
        cycles.append(tt.generic_op(*log.program(passthrough, table=table)).cycles)
    assert cycles[0] > cycles[1] == cycles[2]
