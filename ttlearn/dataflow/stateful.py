"""Transfers whose far core, and size, are set once: `..._set_state`, then many `..._with_state`.

The state is the NOC's command buffer (W): plain reads or writes of the same RISC set it too, so a plain one in
between changes where the next `with_state` goes. Virtual channels change nothing here. Left out: PCIe, inline
writes.
"""

from __future__ import annotations

from ..errors import KernelError
from ..kernel import integer
from ..sim.noc import ADDRESS_BITS
from .pointers import mover
from .transfers import start

__all__ = [
    "noc_async_read_one_packet_set_state",
    "noc_async_read_one_packet_with_state",
    "noc_async_read_set_state",
    "noc_async_read_with_state",
    "noc_async_write_one_packet_set_state",
    "noc_async_write_one_packet_with_state",
    "noc_async_write_set_state",
    "noc_async_write_with_state",
]


def _set(call: str, noc_addr: int, size: int | None, read: bool) -> None:
    risc = mover(call)
    arch, port = risc.core.device.arch, risc.core.ports[risc]
    if size is not None and integer(call, "the size", size) > arch.max_burst:
        raise KernelError(
            f"{call}: {size} bytes; one packet has at most {arch.max_burst}, use the form without one_packet"
        )
    old = port.state[read]
    port.state[read] = noc_addr >> ADDRESS_BITS, old[1] if size is None and old is not None else size or 0
    risc.t += arch.cb_call


def _with(call: str, far: int, local: int, size: int | None, read: bool) -> None:
    risc = mover(call)
    state = risc.core.ports[risc].state[read]
    if state is None:
        raise KernelError(f"{call}: no state is set; call {call.replace('_with_state', '_set_state')} before it")
    start(call, state[0] << ADDRESS_BITS | far, local, state[1] if size is None else size, read, depth=3)


def noc_async_read_set_state(src_noc_addr: int) -> None:
    """Set the core or bank that `noc_async_read_with_state` reads from."""
    _set("noc_async_read_set_state", src_noc_addr, None, read=True)


def noc_async_read_with_state(src_local_l1_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """As `noc_async_read`, from a local address of the core or bank that was set."""
    _with("noc_async_read_with_state", src_local_l1_addr, dst_local_l1_addr, size, read=True)


def noc_async_read_one_packet_set_state(src_noc_addr: int, size: int, vc: int = 0, *, use_vc: bool = False) -> None:
    """Set core or bank, and size, for `noc_async_read_one_packet_with_state`."""
    _set("noc_async_read_one_packet_set_state", src_noc_addr, size, read=True)


def noc_async_read_one_packet_with_state(src_local_l1_addr: int, dst_local_l1_addr: int, vc: int = 0) -> None:
    """As `noc_async_read_one_packet`, of the size and from the core or bank that were set."""
    _with("noc_async_read_one_packet_with_state", src_local_l1_addr, dst_local_l1_addr, None, read=True)


def noc_async_write_set_state(dst_noc_addr: int) -> None:
    """Set the core or bank that `noc_async_write_with_state` writes to."""
    _set("noc_async_write_set_state", dst_noc_addr, None, read=False)


def noc_async_write_with_state(src_local_l1_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """As `noc_async_write`, to a local address of the core or bank that was set."""
    _with("noc_async_write_with_state", dst_local_l1_addr, src_local_l1_addr, size, read=False)


def noc_async_write_one_packet_set_state(dst_noc_addr: int, size: int) -> None:
    """Set core or bank, and size, for `noc_async_write_one_packet_with_state`."""
    _set("noc_async_write_one_packet_set_state", dst_noc_addr, size, read=False)


def noc_async_write_one_packet_with_state(src_local_l1_addr: int, dst_local_l1_addr: int) -> None:
    """As `noc_async_write_one_packet`, of the size and to the core or bank that were set."""
    _with("noc_async_write_one_packet_with_state", dst_local_l1_addr, src_local_l1_addr, None, read=False)
