"""Exercises of notebook 02, the NOC."""

from __future__ import annotations

import numpy as np

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
    noc_async_writes_flushed,
)
from ...host.descriptors import ProgramDescriptor
from ...host.tensor import allocate_tensor_on_device, from_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..given import page_reader, page_writer, stick_writer
from ..hangs.entry import READER, WRITER, Kernel, cb, kernel

# ---- what is written and mended ---------------------------------------------------------------------------------


async def stick_reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for first in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        to = get_write_ptr(0)
        for row in range(first, first + 32):
            noc_async_read_page(row, source, to)
            to += source.get_aligned_page_size()
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def hasty_writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for row in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(row, target, get_read_ptr(0))
        await noc_async_writes_flushed()
        cb_pop_front(0, 1)
    await noc_async_write_barrier()


async def crop_reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read(source.get_noc_addr(row, 16), get_write_ptr(0) + 16, 64)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def crop_writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for row in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(row, target, get_read_ptr(0) + 16)
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def whole_reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(row, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


# ---- what is given ----------------------------------------------------------------------------------------------


def _given_writer() -> Functions:
    async def hasty_writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for row in range(get_arg_val(1)):
            await cb_wait_front(0, 1)
            noc_async_write_page(row, target, get_read_ptr(0))
            cb_pop_front(0, 1)
        await noc_async_write_barrier()

    return {"hasty_writer": hasty_writer}


def _given_crop() -> Functions:
    async def crop_reader() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for row in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            noc_async_read(source.get_noc_addr(row, 16), get_write_ptr(0), 64)
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def crop_writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for row in range(get_arg_val(1)):
            await cb_wait_front(0, 1)
            noc_async_write_page(row, target, get_read_ptr(0))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    return {"crop_reader": crop_reader, "crop_writer": crop_writer}


def _given_pieces() -> Functions:
    async def whole_reader() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for row in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            for offset in range(0, source.get_aligned_page_size(), 64):
                noc_async_read(source.get_noc_addr(row, offset), get_write_ptr(0) + offset, 64)
                await noc_async_read_barrier()
            cb_push_back(0, 1)

    return {"whole_reader": whole_reader}


# ---- cases --------------------------------------------------------------------------------------------------------


def sticks(
    name: str,
    rows: int,
    width: int,
    depth: int,
    *,
    columns: slice = slice(None),
    writes: Kernel = page_writer,
    seed: int | None = None,
) -> Case:
    """`rows` sticks of `width` numbers through c_0 of `depth` pages, one stick each; `columns` of them come out.

    The learner's …reader and …writer take part; for the one that is not asked for, `page_reader` or `writes`.
    """

    def make(functions: Functions) -> Trial:
        values = np.random.default_rng(rows * width).integers(-99, 99, (rows, width)).astype(np.float32)
        x, y = from_numpy(values), allocate_tensor_on_device(values[:, columns].shape)
        named = {name.rpartition("_")[2]: function for name, function in functions.items()}
        kernels = [
            kernel(named.get("reader", page_reader), READER, [x], rows),
            kernel(named.get("writer", writes), WRITER, [y], rows),
        ]
        page = -(-2 * width // 32) * 32  # as much as a page read moves
        return Trial([x, y], ProgramDescriptor(kernels, [cb(0, depth, page)]), values[:, columns])

    return Case(name, make, seed)


MIDDLE = slice(8, 40)  # of a stick: begins 16 bytes in, between two 32-byte words of DRAM

EXERCISES = (
    Exercise(
        id="02.1",
        title="Thirty-two sticks, one barrier",
        kind=Kind.WRITE,
        reference={"stick_reader": stick_reader},
        shown={"stick_reader": 2},
        cases=(
            sticks("32 sticks of 32", 32, 32, 32, writes=stick_writer),
            sticks("a writer that takes them one by one", 96, 64, 32),
            sticks("sticks of 40 numbers, which fill 96 bytes", 64, 40, 64, writes=stick_writer),
            sticks("room for 64, other timings", 128, 256, 64, writes=stick_writer, seed=1),
        ),
        tips=(
            "Two loops: the outer one goes from tile row to tile row, the inner one reads 32 sticks to 32 different places.",
            "Keep the place in a variable: `to = get_write_ptr(0)` before the inner loop, and in it "
            "`to += source.get_aligned_page_size()` after each read. The barrier and the push stand behind the inner loop.",
        ),
        goals={"cycles": 2.0},  # a barrier a stick takes four times as long
    ),
    Exercise(
        id="02.2",
        title="Given back too early",
        kind=Kind.FIX,
        reference={"hasty_writer": hasty_writer},
        cases=(
            sticks("one stick", 1, 32, 2),
            sticks("twelve sticks through two pages", 12, 64, 2),
            sticks("depth 1", 8, 256, 1),
            sticks("room for three, other timings", 30, 128, 3, seed=5),
        ),
        tips=(
            "After the pop the reader may fill that page again. What must have happened to its bytes before that?",
            "They must have left this core: `await noc_async_writes_flushed()` before the pop. The barrier at the end stays, "
            "so that everything has arrived.",
        ),
        given=_given_writer(),
    ),
    Exercise(
        id="02.3",
        title="A column in the middle of a word",
        kind=Kind.FIX,
        reference={"crop_reader": crop_reader, "crop_writer": crop_writer},
        cases=(
            sticks("one stick of 64", 1, 64, 2, columns=MIDDLE),
            sticks("twelve sticks through two pages", 12, 64, 2, columns=MIDDLE),
            sticks("wider sticks, depth 1", 8, 256, 1, columns=MIDDLE),
            sticks("room for three, other timings", 30, 128, 3, columns=MIDDLE, seed=5),
        ),
        tips=(
            "The bytes begin 16 bytes into a 32-byte word of DRAM. Where in the CB's page would they begin 16 bytes into one, too?",
            "Put 16 bytes of nothing at the start of each page of c_0: add 16 to the address that the reader reads to, and "
            "to the address that the writer writes from.",
        ),
        given=_given_crop(),
        equivalent={
            "crop_reader 5: `noc_async_read(source.get_noc_addr(row, 16), get_write_ptr(0) + 16, 64)`, one more than 64": (
                "brings one byte more, inside both pages, that nobody looks at"
            ),
        },
    ),
    Exercise(
        id="02.4",
        title="Fewer transactions",
        kind=Kind.FASTER,
        reference={"whole_reader": whole_reader},
        cases=(
            sticks("sticks of 64 bytes", 4, 32, 2),
            sticks("sticks of 1,024 bytes", 16, 512, 2),
            sticks("sticks of 96 bytes, depth 1", 8, 48, 1),
            sticks("sticks of 2,048 bytes, other timings", 24, 1024, 3, seed=2),
        ),
        tips=(
            "The whole stick lies in one bank, byte after byte. Into how many reads is it cut?",
            "`noc_async_read_page(row, source, get_write_ptr(0))` reads a whole stick; then one barrier.",
        ),
        given=_given_pieces(),
        goals={"noc_transactions": 1.0, "cycles": 1.05},
    ),
)
