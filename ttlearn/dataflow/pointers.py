"""Pointers into L1: where a CB's pages lie, checked access to words, the region of zeros.

An L1 address is a plain integer; `tt_l1_ptr` makes a pointer of it. Left out: other formats than the CBs' own.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import KernelError
from ..kernel import integer, running, synced
from ..sim.formats import TILE_ELEMENTS, Format
from ..sim.l1 import ZEROS
from ..sim.sched import Risc
from ..sim.trisc import Trisc
from ..sim.waits import Wait

__all__ = [
    "MEM_ZEROS_BASE",
    "MEM_ZEROS_SIZE",
    "DataFormat",
    "align",
    "get_dataformat",
    "get_read_ptr",
    "get_tile_hw",
    "get_tile_size",
    "get_write_ptr",
    "invalidate_l1_cache",
    "tt_l1_ptr",
    "uint8_t",
    "uint16_t",
    "uint32_t",
]


uint8_t, uint16_t, uint32_t = np.uint8, np.uint16, np.uint32

MEM_ZEROS_SIZE = ZEROS  # bytes of zeros at MEM_ZEROS_BASE()


class DataFormat(Enum):
    """The chip's numbers of the element formats. CBs hold Float32, Float16_b (bf16) or Bfp8_b here."""

    Float32 = 0
    Float16 = 1
    Bfp8 = 2
    Bfp4 = 3
    Tf32 = 4
    Float16_b = 5
    Bfp8_b = 6
    Bfp4_b = 7
    Int32 = 8
    UInt16 = 9
    Int8 = 14
    UInt32 = 24
    UInt8 = 30


def mover(call: str) -> Risc:
    """The data-movement RISC that runs now."""
    risc: Risc = running(call)
    if isinstance(risc, Trisc):
        raise KernelError(
            f"{call} belongs to data movement: {risc.label} runs a compute kernel; move it to the reader or the writer"
        )
    if risc.owed is not None:
        risc.settle()
    return risc


# ---- pointers and L1 --------------------------------------------------------------------------------------


def get_write_ptr(cbid: int) -> int:
    """L1 byte address of the next page to fill; meaningful between reserve and push."""
    return mover("get_write_ptr").ring(cbid, "get_write_ptr").wr


def get_read_ptr(cbid: int) -> int:
    """L1 byte address of the page at the front; meaningful between wait and pop."""
    return mover("get_read_ptr").ring(cbid, "get_read_ptr").rd


def get_tile_size(cbid: int) -> int:
    """Bytes of one tile of the CB's data format; the page size may differ."""
    return mover("get_tile_size").ring(cbid, "get_tile_size").cb.format.tile_bytes


def get_tile_hw(cbid: int) -> int:
    """Elements of one tile: 32 x 32."""
    mover("get_tile_hw").ring(cbid, "get_tile_hw")
    return TILE_ELEMENTS


def get_dataformat(cbid: int) -> DataFormat:
    """The CB's element format."""
    held = mover("get_dataformat").ring(cbid, "get_dataformat").cb.format
    return _FORMATS[held]


_FORMATS = {
    Format.FLOAT32: DataFormat.Float32,
    Format.BFLOAT16: DataFormat.Float16_b,
    Format.BFLOAT8_B: DataFormat.Bfp8_b,
}


def MEM_ZEROS_BASE() -> int:
    """L1 byte address of MEM_ZEROS_SIZE bytes of zeros (a constant in C++): read them to clear a page."""
    return mover("MEM_ZEROS_BASE").core.device.arch.zeros_base


def align(addr: int, alignment: int) -> int:
    """The first multiple of `alignment` that is not below `addr` (api/alignment.h)."""
    return -(-addr // alignment) * alignment


class tt_l1_ptr:
    """A checked pointer into this core's L1: `tt_l1_ptr(uint16_t, get_write_ptr(cb))[i] = x`.

    Stands for `reinterpret_cast<volatile tt_l1_ptr uint16_t*>(...)`. Slices move several elements; each
    element costs the RISC one cycle. `p + n`, `p - n`, `p - q` and comparisons count elements, as in C++.
    """

    def __init__(self, dtype: type[np.generic], address: int) -> None:
        self.risc = mover("tt_l1_ptr")
        self.dtype, self.address = np.dtype(dtype), integer("tt_l1_ptr", "the address", address)
        if self.address % self.dtype.itemsize:
            raise KernelError(
                f"tt_l1_ptr: address {self.address} is no multiple of {self.dtype.itemsize}, the size of {self.dtype}"
            )

    def _at(self, address: int) -> tt_l1_ptr:
        pointer = tt_l1_ptr.__new__(tt_l1_ptr)
        pointer.risc, pointer.dtype, pointer.address = self.risc, self.dtype, address
        return pointer

    def __add__(self, elements: int) -> tt_l1_ptr:
        return self._at(self.address + elements.__index__() * self.dtype.itemsize)

    __radd__ = __add__

    @overload
    def __sub__(self, other: int) -> tt_l1_ptr: ...
    @overload
    def __sub__(self, other: tt_l1_ptr) -> int: ...
    def __sub__(self, other: int | tt_l1_ptr) -> int | tt_l1_ptr:
        if isinstance(other, tt_l1_ptr):
            return (self.address - other.address) // self.dtype.itemsize
        return self + -other

    def __eq__(self, other: object) -> bool:
        return self.address == other.address if isinstance(other, tt_l1_ptr) else NotImplemented

    def __lt__(self, other: tt_l1_ptr) -> bool:
        return self.address < other.address

    def __le__(self, other: tt_l1_ptr) -> bool:
        return self.address <= other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"tt_l1_ptr({self.dtype}_t, {self.address})"

    def _span(self, index: int | slice) -> tuple[int, int]:
        if isinstance(index, slice):
            if index.start is None or index.stop is None or index.step not in (None, 1):
                raise KernelError(
                    "tt_l1_ptr: a slice needs both ends and step 1, as in p[0:16]: a pointer has no length"
                )
            return integer("tt_l1_ptr", "the index", index.start), integer("tt_l1_ptr", "the index", index.stop)
        first = integer("tt_l1_ptr", "the index", index)
        return first, first + 1

    def _view(self, index: int | slice) -> tuple[NDArray[Any], int, int]:
        risc, (first, last) = self.risc, self._span(index)
        low, high = self.address + first * self.dtype.itemsize, self.address + last * self.dtype.itemsize
        view = risc.core.l1.view(low, high - low, f"tt_l1_ptr[{index}]").view(self.dtype)
        risc.core.l1.settle(risc.t)
        risc.t += last - first
        return view, low, high

    def __getitem__(self, index: int | slice) -> Any:
        view, low, high = self._view(index)
        core = self.risc.core
        if low not in core.semaphores:
            core.observer.read(self.risc, low, high, core.site(1, self.risc), self.risc.order)
        return view.copy() if isinstance(index, slice) else view[0].item()

    def __setitem__(self, index: int | slice, value: Any) -> None:
        view, low, high = self._view(index)
        core = self.risc.core
        core.observer.write(self.risc, low, high, core.site(1, self.risc), self.risc.order)
        limit = np.iinfo(self.dtype).max if self.dtype.kind == "u" else None
        view[:] = np.asarray(value) & limit if limit is not None else value


def invalidate_l1_cache() -> Wait:
    """The polling point of a hand-written spin loop: others get to run."""
    risc = mover("invalidate_l1_cache")
    return synced(risc, "invalidate_l1_cache", (), [], lambda time: time + 10)
