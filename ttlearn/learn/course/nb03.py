"""Exercises of notebook 03, tiles, faces and sticks."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
    get_arg_val,
    get_write_ptr,
    noc_async_read,
    noc_async_read_barrier,
    noc_async_read_page,
)
from ...host.descriptors import ProgramDescriptor
from ...host.tensor import TILE_LAYOUT, Tensor, allocate_tensor_on_device, from_numpy, to_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial, Value
from ..given import page_writer
from ..hangs.entry import READER, WRITER, Kernel, Launch, cb, kernel

# ---- what is written --------------------------------------------------------------------------------------------


def place(row: int, column: int, width: int) -> int:
    tile = row // 32 * (width // 32) + column // 32
    face = row % 32 // 16 * 2 + column % 32 // 16
    return tile * 1024 + face * 256 + row % 16 * 16 + column % 16


async def restoring_reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    rows, width = get_arg_val(1), get_arg_val(2)
    for row in range(rows):
        await cb_reserve_back(0, 1)
        for column in range(0, width, 16):
            page, offset = divmod(2 * place(row, column, width), 2048)
            noc_async_read(source.get_noc_addr(page, offset), get_write_ptr(0) + 2 * column, 32)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


# ---- what is given ----------------------------------------------------------------------------------------------


async def tile_reader() -> None:
    """Brings a tile, and hands its 2,048 bytes on as sticks. Their order stays as it was."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    rows, stick = get_arg_val(1), 2 * get_arg_val(2)
    for page in range(rows * stick // 2048):
        await cb_reserve_back(0, 2048 // stick)
        noc_async_read_page(page, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 2048 // stick)


def to_sticks(reader: Kernel, x: Tensor, depth: int = 64) -> Launch:
    """From the tiles of `x` to sticks: `reader` fills c_0, which has room for `depth` sticks."""
    rows, width = x.shape
    y = allocate_tensor_on_device(x.shape)
    kernels = [kernel(reader, READER, [x], rows, width), kernel(page_writer, WRITER, [y], rows)]
    return [x, y], ProgramDescriptor(kernels, [cb(0, depth, 2 * width)])


# ---- cases --------------------------------------------------------------------------------------------------------


def numbered(rows: int, width: int) -> NDArray[np.int64]:
    """The element number at each place of a tilized buffer, as the host's own tilizing puts it there."""
    numbers = np.arange(rows * width, dtype=np.uint16).reshape(rows, width)  # taken as bit patterns
    return from_numpy(numbers, layout=TILE_LAYOUT).bits.reshape(-1).astype(np.int64)


def placed(rows: int, width: int) -> Case:
    """`place` of every element; the first wrong one is shown."""

    def make(functions: Functions) -> Value:
        for at, number in sorted(enumerate(numbered(rows, width).tolist()), key=lambda pair: pair[1]):
            row, column = divmod(number, width)
            got = functions["place"](row, column, width)
            if not isinstance(got, Integral):  # 5.0 is no address
                return Value(
                    {f"type(place({row}, {column}, {width}))": type(got).__name__},
                    {f"type(place({row}, {column}, {width}))": "int"},
                )
            if got != at:
                return Value({f"place({row}, {column}, {width})": got}, {f"place({row}, {column}, {width})": at})
        return Value({}, {})

    return Case(f"all elements of {rows} x {width}", make)


def restored(name: str, rows: int, width: int, depth: int, seed: int | None = None) -> Case:
    """A matrix of random whole numbers, from tiles to sticks."""

    def make(functions: Functions) -> Trial:
        values = np.random.default_rng(rows + width).integers(-99, 100, (rows, width)).astype(np.float32)
        x = from_numpy(values, layout=TILE_LAYOUT)
        return Trial(*to_sticks(functions["restoring_reader"], x, depth), to_numpy(x))

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="03.1",
        title="Where an element lies",
        kind=Kind.WRITE,
        reference={"place": place},
        cases=(placed(32, 32), placed(32, 64), placed(64, 32), placed(64, 96), placed(96, 160), placed(64, 992)),
        tips=(
            "Three questions, one after the other: which tile, which face in it, which element in that. How many elements lie "
            "before each?",
            "Tiles are counted row by row, width // 32 in each row of tiles. In a tile the row is row % 32: "
            "faces 0 and 1 have rows 0 to 15, faces 2 and 3 the others.",
        ),
    ),
    Exercise(
        id="03.2",
        title="A reader that makes sticks of tiles",
        kind=Kind.WRITE,
        reference={"restoring_reader": restoring_reader},
        shown={"restoring_reader": 5},
        cases=(
            restored("one tile", 32, 32, 4),
            restored("two tiles side by side", 32, 64, 4),
            restored("two tiles, one below the other", 64, 32, 4),
            restored("three by three tiles, depth 1", 96, 96, 1),
            restored("two rows of five tiles, other timings", 64, 160, 3, seed=2),
        ),
        tips=(
            "16 numbers that stand side by side in a row lie side by side in a face, too: 32 bytes. "
            "A stick of 64 numbers is gathered by four reads; one barrier does for all of them.",
            "`place` counts numbers; a number has 2 bytes and a page (a tile) 2,048. So "
            "`page, offset = divmod(2 * place(row, column, width), 2048)`, and the bytes are read from "
            "`source.get_noc_addr(page, offset)`.",
        ),
    ),
)
