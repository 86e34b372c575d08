"""Exercises of notebook 03: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn.course.nb03 import place, restoring_reader, tile_reader, to_sticks
from ttlearn.learn.verdict import State

# ---- where an element lies --------------------------------------------------------------------------------------


def by_bits(row: int, column: int, width: int) -> int:
    """The same number, put together from bits."""
    inside = (row & 16) << 5 | (column & 16) << 4 | (row & 15) << 4 | column & 15
    return ((row >> 5) * (width >> 5) + (column >> 5) << 10) + inside


def by_numpy(row: int, column: int, width: int) -> int:
    """Where the number stands in a tiled line of numbers."""
    height = row // 32 * 32 + 32
    numbers = np.arange(height * width).reshape(height // 32, 2, 16, width // 32, 2, 16)
    return int(np.flatnonzero(numbers.transpose(0, 3, 1, 4, 2, 5).ravel() == row * width + column)[0])


@pytest.mark.parametrize("answer", [by_bits, by_numpy])
def test_another_way_to_the_place_passes(answer: Any) -> None:
    if answer is by_numpy:  # too slow for each element of the largest case
        for row, column, width in ((0, 0, 32), (17, 5, 64), (63, 95, 96), (40, 20, 992)):
            assert answer(row, column, width) == place(row, column, width)
    else:
        assert check("03.1", answer).passed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda row, column, width: row * width + column,
            "'place(0, 16, 32)': 256} and gives {'place(0, 16, 32)': 16}",
        ),
        (
            lambda row, column, width: row % 32 // 16 * 512 + column % 32 // 16 * 256 + row % 16 * 16 + column % 16,
            "it should give {'place(0, 32, 64)': 1024} and gives {'place(0, 32, 64)': 0}",
        ),
        (
            lambda row, column, width: row % 32 // 16 * 256 + column % 32 // 16 * 512 + row % 16 * 16 + column % 16,
            "it should give {'place(0, 16, 32)': 256} and gives {'place(0, 16, 32)': 512}",
        ),
        (lambda row, column, width: None, "place returned nothing: end it with `return …` (a whole number)."),
    ],
)
def test_the_first_wrong_place_is_shown(answer: Any, said: str) -> None:
    verdict = check("03.1", place=answer)
    assert verdict.state is State.FAILED
    assert said in verdict.problem


# ---- sticks from tiles --------------------------------------------------------------------------------------------


async def face_by_face() -> None:
    """The left halves of a stick first; a barrier after each tile's part."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    width = get_arg_val(2)
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        line = row % 32 // 16 * 1024 + row % 16 * 32
        for half in (0, 1):
            for tile in range(width // 32):
                to = get_write_ptr(0) + 64 * tile + 32 * half
                noc_async_read(source.get_noc_addr(row // 32 * (width // 32) + tile, line + 512 * half), to, 32)
            await noc_async_read_barrier()
        cb_push_back(0, 1)


async def single_numbers() -> None:
    """Reads each of a line's two halves by itself."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    rows, width = get_arg_val(1), get_arg_val(2)
    for row in range(rows):
        await cb_reserve_back(0, 1)
        for column in reversed(range(0, width, 8)):
            page, offset = divmod(2 * place(row, column, width), 2048)
            noc_async_read(source.get_noc_addr(page, offset), get_write_ptr(0) + 2 * column, 16)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


@pytest.mark.parametrize("answer", [face_by_face, single_numbers])
def test_another_shape_passes(answer: Any) -> None:
    assert check("03.2", answer).passed


def reading(size: int = 32, step: int = 16, unit: int = 2, barrier: bool = True) -> Any:
    """The right reader with one slip."""

    async def restoring_reader() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        rows, width = get_arg_val(1), get_arg_val(2)
        for row in range(rows):
            await cb_reserve_back(0, 1)
            for column in range(0, width, step):
                page, offset = divmod(unit * place(row, column, width), 1024 * unit)
                noc_async_read(source.get_noc_addr(page, offset), get_write_ptr(0) + 2 * column, size)
            if barrier:
                await noc_async_read_barrier()
            cb_push_back(0, 1)

    return restoring_reader


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        (reading(size=16), "one tile", "page 0 of the output holds poison"),
        (reading(size=64, step=32), "one tile", "elements are wrong; the first, row 0, column 16, should be "),
        (reading(size=64), "one tile", "may not have landed"),
        (reading(unit=1), "one tile", "differ modulo 32"),
        (reading(barrier=False), "one tile", "put `await noc_async_read_barrier()` before the push"),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(answer: Any, case: str, said: str) -> None:
    verdict = check("03.2", restoring_reader=answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


# ---- what the notebook shows ----------------------------------------------------------------------------------------


def test_tiles_read_as_rows_are_the_tiles_bytes_in_their_order() -> None:
    x = tt.from_numpy(np.arange(64 * 256).reshape(64, 256) % 200, layout=tt.TILE_LAYOUT)
    run = tt.generic_op(*to_sticks(tile_reader, x))
    assert np.array_equal(run.tensors[-1].bits.ravel(), x.bits.ravel())
    assert not np.array_equal(run.output, tt.to_numpy(x))


def test_gathering_gives_the_matrix_and_pays_a_read_a_line() -> None:
    x = tt.from_numpy(np.arange(64 * 256).reshape(64, 256) % 200, layout=tt.TILE_LAYOUT)
    run = tt.generic_op(*to_sticks(restoring_reader, x))
    assert np.array_equal(run.output, tt.to_numpy(x))
    assert run.counters["dram_reads"] == 64 * 256 // 16
