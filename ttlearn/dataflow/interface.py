"""A RISC's own record of a CB, as firmware keeps it: sizes, and the pointers that a kernel may even set.

Each RISC has its own copy, so a pointer set here is unknown to the other side. Left out: the counters of pages.
"""

from __future__ import annotations

from ..kernel import running
from ..sim.cb import Ring

__all__ = ["LocalCBInterface", "get_local_cb_interface"]


class LocalCBInterface:
    """Sizes and pointers: in bytes on a data-movement RISC, in words of 16 bytes in a compute kernel (W)."""

    def __init__(self, ring: Ring) -> None:
        self._ring, self._shift = ring, 4 if ring.engine else 0

    @property
    def fifo_size(self) -> int:
        """All of the ring."""
        return self._ring.size >> self._shift

    @property
    def fifo_limit(self) -> int:
        """The address behind the ring."""
        return self._ring.limit >> self._shift

    @property
    def fifo_page_size(self) -> int:
        return self._ring.page >> self._shift

    @property
    def fifo_num_pages(self) -> int:
        return self._ring.num_pages

    @property
    def fifo_rd_ptr(self) -> int:
        """Where the page at the front begins."""
        return self._ring.rd >> self._shift

    @fifo_rd_ptr.setter
    def fifo_rd_ptr(self, address: int) -> None:
        self._ring.rd = address << self._shift

    @property
    def fifo_wr_ptr(self) -> int:
        """Where the next page to fill begins."""
        return self._ring.wr >> self._shift

    @fifo_wr_ptr.setter
    def fifo_wr_ptr(self, address: int) -> None:
        self._ring.wr = address << self._shift


def get_local_cb_interface(cb_id: int) -> LocalCBInterface:
    """This RISC's record of a CB."""
    return LocalCBInterface(running("get_local_cb_interface").ring(cb_id, "get_local_cb_interface"))
