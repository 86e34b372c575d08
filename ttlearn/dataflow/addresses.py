"""NOC addresses: pages of tensors, cores and rectangles of cores, DRAM banks, and where this core is.

A NOC address carries coordinates above a local address. Tensors lie interleaved in DRAM: page p in bank
p mod banks. Left out: sharded tensors, tensors in L1, PCIe.
"""

from __future__ import annotations

from typing import Any

from .. import kernel
from ..errors import KernelError
from ..kernel import integer
from ..sim.noc import noc_address
from .pointers import DataFormat, mover

__all__ = [
    "InterleavedAddrGen",
    "InterleavedAddrGenFast",
    "TensorAccessor",
    "TensorAccessorArgs",
    "get_noc_addr",
    "get_noc_addr_from_bank_id",
    "get_noc_multicast_addr",
    "my_x",
    "my_y",
    "noc_index",
]


# ---- tensors ------------------------------------------------------------------------------------------------


INTERLEAVED = 2  # the flags of a tensor that lies interleaved in DRAM


def _no_accessor(offset: int, flags: int) -> str:
    """What stands at `offset`, and where words of tensors begin."""
    words = kernel.running("TensorAccessorArgs").compile_time_args
    starts = [
        str(k) for k in range(len(words) - 1) if words[k] == INTERLEAVED and words[k + 1] % 32 == 0 < words[k + 1]
    ]
    where = (
        f"accessors begin at {' and '.join(starts)}" if starts else "add tt.TensorAccessorArgs(tensor)'s words to them"
    )
    return (
        f"TensorAccessorArgs({offset}): compile-time argument {offset} is {flags}, and an accessor's two words are "
        f"{INTERLEAVED} and the page size; in this kernel's compile_time_args {where}"
    )


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
        if self.flags != INTERLEAVED:
            raise KernelError(_no_accessor(offset, self.flags))

    def num_compile_time_args(self) -> int:
        """Two words: flags and page size."""
        return 2

    def next_compile_time_args_offset(self) -> int:
        """The index of the first word behind these."""
        return self.offset + self.num_compile_time_args()

    def get_aligned_page_size(self) -> int:
        """Bytes from one page of a bank to the next."""
        return self.page_size


class _Interleaved:
    """Pages of `page_size` bytes, `stride` apart in their bank. A page read moves `fetch` bytes."""

    def __init__(self, call: str, bank_base_address: int, page_size: int) -> None:
        device = mover(call).core.device
        arch, buffers = device.arch, device.dram.buffers
        self.base, self.page_size = bank_base_address, page_size
        self.pages = next((b.num_pages for b in buffers if b.base == bank_base_address), None)
        self.banks = arch.dram_banks
        self.fetch = self.stride = -(-page_size // arch.dram_alignment) * arch.dram_alignment

    def get_noc_addr(self, page_id: int, offset: int = 0, call: str = "get_noc_addr") -> int:
        """NOC address of a byte of a page."""
        if integer(call, "the page", page_id) >= (self.pages or page_id + 1):
            raise KernelError(
                f"{call}: page {page_id} of a tensor that has {self.pages} pages; they count from 0, "
                f"so the last is {(self.pages or 0) - 1}"
            )
        row, bank = divmod(page_id, self.banks)
        return noc_address(bank, 0, self.base + row * self.stride + offset)


class TensorAccessor(_Interleaved):
    """Turns page numbers of an interleaved DRAM tensor into NOC addresses."""

    def __init__(self, args: TensorAccessorArgs, bank_base_address: int, page_size: int | None = None) -> None:
        super().__init__("TensorAccessor", bank_base_address, page_size or args.page_size)

    def get_aligned_page_size(self) -> int:
        """Bytes from one page of a bank to the next, and what a page read moves."""
        return self.stride

    def get_bank_base_address(self) -> int:
        """Where the tensor begins in each bank."""
        return self.base


class InterleavedAddrGen(_Interleaved):
    """The older accessor (C++ `InterleavedAddrGen<DRAM> s = {.bank_base_address = a, .page_size = n}`)."""

    def __init__(self, *, bank_base_address: int, page_size: int, DRAM: bool = True) -> None:
        _only_dram("InterleavedAddrGen", DRAM)
        super().__init__("InterleavedAddrGen", bank_base_address, page_size)
        self.fetch = page_size  # unlike TensorAccessor, it reads what it is told (W)


class InterleavedAddrGenFast(_Interleaved):
    """The older accessor of tiles: its pages are tiles of `data_format`, `page_size` is what a transfer moves."""

    def __init__(
        self, *, bank_base_address: int, page_size: int, data_format: DataFormat | None = None, DRAM: bool = True
    ) -> None:
        _only_dram("InterleavedAddrGenFast", DRAM)
        super().__init__("InterleavedAddrGenFast", bank_base_address, page_size)
        if data_format is not None:
            self.stride = _tile_bytes(data_format)
        self.fetch = page_size


def _only_dram(name: str, dram: bool) -> None:
    if not dram:
        raise KernelError(f"{name}(DRAM=False): tensors lie in DRAM here; put the tensor into DRAM and leave DRAM out")


def _tile_bytes(data_format: DataFormat) -> int:
    sizes = {DataFormat.Float32: 4096, DataFormat.Float16_b: 2048, DataFormat.Bfp8_b: 1088}
    if data_format not in sizes:
        raise KernelError(
            f"InterleavedAddrGenFast: data_format is {data_format}; tensors are Float16_b, Float32 or Bfp8_b "
            "here, so use get_dataformat(cb)"
        )
    return sizes[data_format]


# ---- places -------------------------------------------------------------------------------------------------


def get_noc_addr(*args: Any) -> int:
    """`(x, y, addr)`, `(page, accessor[, offset])`, or `(addr)` in this core: a NOC address."""
    if len(args) >= 2 and isinstance(args[1], _Interleaved):
        return args[1].get_noc_addr(args[0], *args[2:])
    if len(args) == 3:
        return noc_address(*args)
    if len(args) == 1:
        return noc_address(*mover("get_noc_addr").core.virtual, args[0])
    raise KernelError("get_noc_addr takes (x, y, address), (page, accessor[, offset]) or (address)")


def get_noc_addr_from_bank_id(bank_id: int, bank_address_offset: int, *, DRAM: bool) -> int:
    """NOC address of a byte of a DRAM bank."""
    arch = mover("get_noc_addr_from_bank_id").core.device.arch
    if not DRAM:
        raise KernelError(
            "get_noc_addr_from_bank_id(DRAM=False): banks are in DRAM here; use get_noc_addr(x, y, address)"
        )
    if integer("get_noc_addr_from_bank_id", "the bank", bank_id) >= arch.dram_banks:
        raise KernelError(
            f"get_noc_addr_from_bank_id: bank {bank_id} does not exist; {arch.name} has {arch.dram_banks} DRAM banks "
            f"(0 to {arch.dram_banks - 1})"
        )
    return noc_address(bank_id, 0, bank_address_offset)


def get_noc_multicast_addr(noc_x_start: int, noc_y_start: int, noc_x_end: int, noc_y_end: int, addr: int) -> int:
    """The NOC address of a rectangle of cores, corners included."""
    return noc_address(noc_x_end, noc_y_end, addr) | noc_x_start << 48 | noc_y_start << 54


def my_x() -> int:
    """NOC x coordinate of this core (C++ `my_x[noc]`)."""
    return mover("my_x").core.virtual[0]


def my_y() -> int:
    """NOC y coordinate of this core (C++ `my_y[noc]`)."""
    return mover("my_y").core.virtual[1]


def noc_index() -> int:
    """Which NOC this kernel uses, from its DataMovementConfigDescriptor (a constant in C++)."""
    number: int = mover("noc_index").kernel.config.noc
    return number
