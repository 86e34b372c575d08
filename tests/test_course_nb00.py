"""Exercise of notebook 00: another right answer, and what usual mistakes are told."""

from __future__ import annotations

from ttlearn.dataflow import *
from ttlearn.learn import check


def test_another_shape_passes() -> None:
    async def backwards_counting() -> None:
        source, left = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_arg_val(1)
        while left:
            await cb_reserve_back(0, 1)
            page = source.get_noc_addr(get_arg_val(1) - left)
            noc_async_read(page, get_write_ptr(0), 2048)
            await noc_async_read_barrier()
            cb_push_back(0, 1)
            left -= 1

    assert check("00.1", backwards_counting).passed


def test_two_pushes_for_one_place_send_a_page_that_nobody_filled() -> None:
    async def pushes_two() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, source, get_write_ptr(0))
            await noc_async_read_barrier()
            if i % 2 == 1:
                cb_push_back(0, 2)

    verdict = check("00.1", pushes_two)
    assert verdict.case == "two pages"
    assert verdict.problem.startswith("page 1 of the output holds poison: BRISC (writer) wrote it at line ")
    assert " of the given writer: `noc_async_write_page(i, target, get_read_ptr(0))` " in verdict.problem
    assert "from page 1 of c_0, which nobody had written" in verdict.problem


def test_no_push_at_all_is_told_with_the_missing_call() -> None:
    async def never_pushes() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, source, get_write_ptr(0))
            await noc_async_read_barrier()

    verdict = check("00.1", never_pushes)
    assert "cb_push_back(c_0, …) is missing; NCRISC (never_pushes) reserves its pages" in verdict.problem
    assert "<svg" in verdict.picture or "<table" in verdict.picture
