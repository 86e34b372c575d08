"""Pointers and addresses: CB pointers, checked access to L1, page numbers as NOC addresses.

An L1 address is a plain integer; a NOC address carries coordinates above it. Left out: sharded accessors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import kernel
from ..errors import KernelError
from ..kernel import integer, running, synced
from ..sim.noc import noc_address
from ..sim.sched import Risc
from ..sim.trisc import Trisc
from ..sim.waits import Wait

__all__ = [
    "TensorAccessor",
    "TensorAccessorArgs",
    "get_noc_addr",
    "get_noc_multicast_addr",
    "get_read_ptr",
    "get_tile_size",
    "get_write_ptr",
    "invalidate_l1_cache",
    "my_x",
    "my_y",
    "tt_l1_ptr",
    "uint8_t",
    "uint16_t",
    "uint32_t",
]


uint8_t, uint16_t, uint32_t = np.uint8, np.uint16, np.uint32


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


class tt_l1_ptr:
    """A checked pointer into this core's L1: `tt_l1_ptr(uint16_t, get_write_ptr(cb))[i] = x`.

    Stands for `reinterpret_cast<volatile tt_l1_ptr uint16_t*>(...)`. Slices move several elements; each
    element costs the RISC one cycle.
    """

    def __init__(self, dtype: type[np.generic], address: int) -> None:
        self.risc = mover("tt_l1_ptr")
        self.dtype, self.address = np.dtype(dtype), integer("tt_l1_ptr", "the address", address)
        if self.address % self.dtype.itemsize:
            raise KernelError(
                f"tt_l1_ptr: address {self.address} is no multiple of {self.dtype.itemsize}, the size of {self.dtype}"
            )

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


# ---- addresses --------------------------------------------------------------------------------------------


class TensorAccessorArgs:
    """Where a tensor's two compile-time words stand: `TensorAccessorArgs(2)` reads words 2 and 3."""

    def __init__(self, offset: int) -> None:
        if not isinstance(offset, int):
            raise KernelError(
                "TensorAccessorArgs(...) inside a kernel takes the index of a compile-time argument; "
                "on the host use tt.TensorAccessorArgs(tensor)"
            )
        self.offset = offset
        self.flags, self.page_size = (
            kernel.get_compile_time_arg_val(offset),
            kernel.get_compile_time_arg_val(offset + 1),
        )

    def next_compile_time_args_offset(self) -> int:
        return self.offset + 2


class TensorAccessor:
    """Turns page numbers of an interleaved DRAM tensor into NOC addresses."""

    def __init__(self, args: TensorAccessorArgs, bank_base_address: int, page_size: int | None = None) -> None:
        device = mover("TensorAccessor").core.device
        arch, buffers = device.arch, device.dram.buffers
        self.base, self.page_size = bank_base_address, page_size or args.page_size
        self.pages = next((b.num_pages for b in buffers if b.base == bank_base_address), None)
        self.banks = arch.dram_banks
        self.stride = -(-self.page_size // arch.dram_alignment) * arch.dram_alignment

    def get_noc_addr(self, page_id: int, offset: int = 0, call: str = "get_noc_addr") -> int:
        if integer(call, "the page", page_id) >= (self.pages or page_id + 1):
            raise KernelError(
                f"{call}: page {page_id} of a tensor that has {self.pages} pages; they count from 0, "
                f"so the last is {(self.pages or 0) - 1}"
            )
        row, bank = divmod(page_id, self.banks)
        return noc_address(bank, 0, self.base + row * self.stride + offset)

    def get_aligned_page_size(self) -> int:
        return self.stride


def get_noc_addr(*args: Any) -> int:
    """`(x, y, addr)`, `(page, accessor[, offset])`, or `(addr)` in this core: a NOC address."""
    if len(args) >= 2 and isinstance(args[1], TensorAccessor):
        return args[1].get_noc_addr(args[0], *args[2:])
    if len(args) == 3:
        return noc_address(*args)
    if len(args) == 1:
        return noc_address(*mover("get_noc_addr").core.virtual, args[0])
    raise KernelError("get_noc_addr takes (x, y, address), (page, accessor[, offset]) or (address)")


def get_noc_multicast_addr(noc_x_start: int, noc_y_start: int, noc_x_end: int, noc_y_end: int, addr: int) -> int:
    """The NOC address of a rectangle of cores, corners included."""
    return noc_address(noc_x_end, noc_y_end, addr) | noc_x_start << 48 | noc_y_start << 54


def my_x() -> int:
    """NOC x coordinate of this core (C++ `my_x[noc]`)."""
    return mover("my_x").core.virtual[0]


def my_y() -> int:
    """NOC y coordinate of this core (C++ `my_y[noc]`)."""
    return mover("my_y").core.virtual[1]
