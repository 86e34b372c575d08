"""Tensors in simulated DRAM: row-major (a page is a row) or tile layout (a page is a 32x32 tile).

The names are ttnn's, with numpy where ttnn has torch. A tensor keeps its bytes between runs; each run puts
them into its own device's DRAM at the tensor's address. Left out: sharding, L1 tensors, padding.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import HostError
from ..sim import bfp8, formats, tile
from ..sim.formats import Format, bfloat8_b, bfloat16, float32
from ..sim.l1 import Buffer, poison
from .reprs import values_table

_next_address = 1 << 20  # DRAM addresses are handed out once a process, so that no two tensors share one


class Layout(Enum):
    """How a tensor's elements lie in its pages."""

    ROW_MAJOR = 0
    TILE = 1


ROW_MAJOR_LAYOUT, TILE_LAYOUT = Layout.ROW_MAJOR, Layout.TILE


class Tensor:
    """Pages of bytes with a shape, a dtype and a layout.

    `bits` holds the patterns, (pages, elements); of bfloat8_b, whose elements share exponents, the bytes, (tiles, 1088).
    """

    def __init__(self, shape: tuple[int, ...], dtype: Format, layout: Layout, bits: NDArray[Any]) -> None:
        global _next_address
        self.shape, self.dtype, self.layout, self.bits = shape, dtype, layout, bits
        self.address = _next_address
        # room for the worst case of both chips: 64-byte alignment, 7 banks
        _next_address += -(-len(bits) // 7) * (-(-self.buffer_page_size() // 64) * 64)

    def buffer_address(self) -> int:
        """The bank address that a kernel gets as an argument."""
        return self.address

    def buffer_page_size(self) -> int:
        """Bytes of one page."""
        return int(self.bits.shape[1] * self.bits.itemsize)

    def buffer_num_pages(self) -> int:
        """How many pages the tensor has."""
        return len(self.bits)

    def element_size(self) -> int:
        """Bytes of one element; of bfloat8_b without its share of the exponents."""
        return self.dtype.itemsize

    def place(self, alignment: int, banks: int) -> Buffer:
        """The tensor as a buffer of a device's DRAM."""
        size = self.buffer_page_size()
        stride = -(-size // alignment) * alignment
        end = self.address + -(-len(self.bits) // banks) * stride
        buffer = Buffer(self.address, size, len(self.bits), stride, end, self.dtype is bfloat16)
        buffer.pages[:, :size] = self.bits.view(np.uint8)
        return buffer

    def take(self, buffer: Buffer) -> None:
        """Keep what a run left in DRAM."""
        pages = np.ascontiguousarray(buffer.pages[:, : buffer.page_size])
        self.bits = pages.view(self.bits.dtype)

    def shaped(self, bits: NDArray[Any]) -> NDArray[Any]:
        """Patterns that lie in this tensor's pages, in its shape."""
        if self.dtype is bfloat8_b:
            raise HostError(
                "a bfloat8_b element has no bit pattern of its own: 16 of them share an exponent; "
                "tt.to_numpy gives the values, and tensor.bits the bytes, 1088 a tile"
            )
        if self.layout is Layout.ROW_MAJOR:
            return bits.reshape(self.shape)
        return _untilized(bits, self.shape)

    def poison(self) -> None:
        self.bits = poison(self.bits.nbytes).view(self.bits.dtype).reshape(self.bits.shape).copy()

    def __repr__(self) -> str:
        return (
            f"Tensor({list(self.shape)}, {self.dtype.name.lower()}, {self.layout.name}, "
            f"{len(self.bits)} pages of {self.buffer_page_size()} B at {self.address:#x})"
        )

    def __str__(self) -> str:
        return str(values_table(repr(self), to_numpy(self), self.dtype))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What a notebook shows as plain text: with values, where the repr in a message has none."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return values_table(repr(self), to_numpy(self), self.dtype).html()


def _untilized(tiles: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    width = shape[-1] // 32
    rows = [tile.untilize(tiles[i : i + width]) for i in range(0, len(tiles), width)]
    return np.concatenate(rows).reshape(shape)


def _tilized(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([tile.tilize(rows) for rows in values.reshape(-1, 32, values.shape[-1])])


def _pages(shape: tuple[int, ...], dtype: Format, layout: Layout) -> tuple[int, int]:
    """(number of pages, elements a page)."""
    if dtype is bfloat8_b and layout is Layout.ROW_MAJOR:
        raise HostError(
            "a bfloat8_b tensor needs layout=tt.TILE_LAYOUT: 16 elements, a row of a tile's face, share an exponent, "
            "and a row-major page has no faces"
        )
    if not shape or 0 in shape:
        raise HostError(f"a tensor needs at least one element, not shape {list(shape)}")
    rows = int(np.prod(shape[:-1], dtype=np.int64))
    if layout is Layout.ROW_MAJOR:
        return rows, shape[-1]
    if len(shape) < 2 or shape[-1] % 32 or shape[-2] % 32:
        raise HostError(
            f"tile layout needs the last two dimensions to be multiples of 32, not {list(shape)}; "
            "pad the array, or use layout=tt.ROW_MAJOR_LAYOUT"
        )
    return rows * shape[-1] // 1024, 1024


def _bits(values: NDArray[Any], dtype: Format) -> NDArray[Any]:
    if dtype is Format.BFLOAT16:
        if values.dtype == np.uint16:
            return values
        return formats.to_bf16_rne(values)
    if values.dtype == np.uint32:
        return values
    return np.ascontiguousarray(values, np.float32).view(np.uint32)


def from_numpy(array: ArrayLike, dtype: Format = bfloat16, layout: Layout = Layout.ROW_MAJOR) -> Tensor:
    """A tensor with the values of `array`, rounded to nearest even.

    uint16 arrays are bit patterns of bf16, uint32 arrays of fp32. bfloat8_b (tile layout only) rounds as `bfp8.from_host`.
    """
    values = np.asarray(array)
    count, elements = _pages(values.shape, dtype, layout)
    if dtype is bfloat8_b:
        pages = bfp8.from_host(_tilized(values.astype(np.float32))).reshape(count, -1)
    elif layout is Layout.TILE:
        pages = _tilized(_bits(values, dtype))
    else:
        pages = np.array(_bits(values, dtype), order="C").reshape(count, elements)
    return Tensor(values.shape, dtype, layout, pages)


def allocate_tensor_on_device(shape: Any, dtype: Format = bfloat16, layout: Layout = Layout.ROW_MAJOR) -> Tensor:
    """A tensor full of poison: where a program's output goes."""
    size = tuple(int(n) for n in shape)
    count, elements = _pages(size, dtype, layout)
    if dtype is bfloat8_b:
        tensor = Tensor(size, dtype, layout, np.zeros((count, dtype.tile_bytes), np.uint8))
    else:
        tensor = Tensor(size, dtype, layout, np.zeros((count, elements), f"u{dtype.itemsize}"))
    tensor.poison()
    return tensor


def to_bits(tensor: Tensor) -> NDArray[Any]:
    """The bit patterns in the tensor's shape: uint16 for bf16, uint32 for fp32."""
    return tensor.shaped(tensor.bits)


def to_numpy(tensor: Tensor) -> NDArray[np.float32]:
    """The values as float32, in the tensor's shape."""
    if tensor.dtype is bfloat8_b:
        return _untilized(bfp8.unpack(tensor.bits), tensor.shape)
    bits = to_bits(tensor)
    if tensor.dtype is float32:
        return bits.view(np.float32)
    return formats.bf16_values(np.ascontiguousarray(bits))
