"""Reads, writes and their barriers.

A call starts a transfer and returns; nothing is guaranteed before its barrier. Transfers longer than a burst are
split. Left out: transaction ids, posted writes.
"""

from __future__ import annotations

from ..errors import KernelError
from ..kernel import integer
from ..sim.noc import ADDRESS_BITS, Transfer, check_alignment
from ..sim.sched import Risc
from ..sim.waits import Wait
from .addresses import InterleavedAddrGen, InterleavedAddrGenFast, TensorAccessor
from .pointers import mover

__all__ = [
    "noc_async_atomic_barrier",
    "noc_async_full_barrier",
    "noc_async_read",
    "noc_async_read_barrier",
    "noc_async_read_one_packet",
    "noc_async_read_page",
    "noc_async_read_tile",
    "noc_async_write",
    "noc_async_write_barrier",
    "noc_async_write_one_packet",
    "noc_async_write_page",
    "noc_async_write_tile",
    "noc_async_writes_flushed",
]


AddrGen = TensorAccessor | InterleavedAddrGen | InterleavedAddrGenFast


def start(call: str, noc_addr: int, local: int, size: int, read: bool, depth: int = 2) -> None:
    """One read or write, a burst at a time. The kernel is `depth` calls up."""
    risc = mover(call)
    core, arch, begin = risc.core, risc.core.device.arch, risc.t
    site = core.site(depth, risc)
    size = integer(call, "the size", size)
    if size == 0:
        raise KernelError(f"{call}: 0 bytes; a transfer needs a size of at least 1")
    port = core.ports[risc]
    for done in range(0, size, arch.max_burst):
        part = min(arch.max_burst, size - done)
        try:
            core.l1.view(local, size, call)
            target = core.device.target(noc_addr + done, part, call)
        except KernelError:
            _refuse_swapped(risc, call, noc_addr, read)
            raise
        if done == 0:
            check_alignment(core.device, call, target, local, read)
        if target.core is None:
            path = arch.read_dram if read else arch.write_dram
        else:
            path = arch.read_l1 if read else arch.write_l1
        transfer = Transfer(risc, "read" if read else "write", target, local + done, part, path, site)
        core.observer.sent(transfer, call)
        port.send(transfer)
        risc.t += path.issue
    port.state[read] = noc_addr >> ADDRESS_BITS, part
    risc.calls.append((begin, risc.t, call))


def _refuse_swapped(risc: Risc, call: str, noc_addr: int, read: bool) -> None:
    """An address that leads nowhere on the NOC, and lies in one of this core's CBs, stands in the other one's place."""
    cb = risc.core.cb_at(noc_addr)
    if cb is None:
        return
    which = "first" if read else "second"
    order = "NOC address of the source, L1 address, size" if read else "L1 address, NOC address of the target, size"
    raise KernelError(
        f"{call}: its {which} address, {noc_addr}, lies in {cb}, in this core's L1, and a NOC address belongs there: "
        f"the two look swapped; the order is {call}({order})"
    ) from None


def noc_async_read(src_noc_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """Start reading `size` bytes into L1. They are there after `noc_async_read_barrier`."""
    start("noc_async_read", src_noc_addr, dst_local_l1_addr, size, read=True)


def noc_async_read_one_packet(src_noc_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """As `noc_async_read`, for at most one burst."""
    start("noc_async_read_one_packet", src_noc_addr, dst_local_l1_addr, size, read=True)


def noc_async_write(src_local_l1_addr: int, dst_noc_addr: int, size: int) -> None:
    """Start writing `size` bytes from L1. They have arrived after `noc_async_write_barrier`."""
    start("noc_async_write", dst_noc_addr, src_local_l1_addr, size, read=False)


def noc_async_write_one_packet(src_local_l1_addr: int, dst_noc_addr: int, size: int) -> None:
    """As `noc_async_write`, for at most one burst."""
    start("noc_async_write_one_packet", dst_noc_addr, src_local_l1_addr, size, read=False)


def _page(call: str, page: int, addrgen: AddrGen, offset: int) -> int:
    """The NOC address of a page; an error that names the arguments if they are not in order."""
    if isinstance(addrgen, int):
        raise KernelError(
            f"{call}: the second argument is {addrgen}, not a tensor; the order is {call}(page, accessor, L1 address)"
        )
    return addrgen.get_noc_addr(page, offset, call)


def noc_async_read_page(id: int, addrgen: AddrGen, dst_local_l1_addr: int, offset: int = 0) -> None:
    """Start reading page `id` of a tensor. Always the aligned page size, as in the chip."""
    call = "noc_async_read_page"
    start(call, _page(call, id, addrgen, offset), dst_local_l1_addr, addrgen.fetch, read=True)


def noc_async_read_tile(id: int, addrgen: AddrGen, dst_local_l1_addr: int, offset: int = 0) -> None:
    """The older name of `noc_async_read_page`."""
    call = "noc_async_read_tile"
    start(call, _page(call, id, addrgen, offset), dst_local_l1_addr, addrgen.fetch, read=True)


def noc_async_write_page(id: int, addrgen: AddrGen, src_local_l1_addr: int, size: int = 0, offset: int = 0) -> None:
    """Start writing page `id` of a tensor; `size` 0 means a whole page."""
    call = "noc_async_write_page"
    start(call, _page(call, id, addrgen, offset), src_local_l1_addr, size or addrgen.page_size, read=False)


def noc_async_write_tile(id: int, addrgen: AddrGen, src_local_l1_addr: int) -> None:
    """The older name of `noc_async_write_page`."""
    call = "noc_async_write_tile"
    start(call, _page(call, id, addrgen, 0), src_local_l1_addr, addrgen.page_size, read=False)


# ---- barriers ---------------------------------------------------------------------------------------------


def _barrier(call: str, kinds: tuple[str, ...]) -> Wait:
    risc = mover(call)
    port = risc.core.ports[risc]

    def ready(time: int) -> int | None:
        done = port.departed(time) if kinds == ("flush",) else port.done(kinds, time)
        if done is not None:
            risc.core.observer.barrier(risc, kinds)
        return done

    return Wait(risc, call, (), port.sleepers, ready, risc.core.site(2, risc))


def noc_async_read_barrier() -> Wait:
    """Wait until all reads of this RISC have landed."""
    return _barrier("noc_async_read_barrier", ("read",))


def noc_async_write_barrier() -> Wait:
    """Wait until all writes of this RISC are acknowledged by their targets."""
    return _barrier("noc_async_write_barrier", ("write",))


def noc_async_writes_flushed() -> Wait:
    """Wait until all writes of this RISC have left: their source bytes may be reused, nothing has to have arrived."""
    return _barrier("noc_async_writes_flushed", ("flush",))


def noc_async_atomic_barrier() -> Wait:
    """Wait until all semaphore increments of this RISC have arrived."""
    return _barrier("noc_async_atomic_barrier", ("atomic",))


def noc_async_full_barrier() -> Wait:
    """All of the barriers together."""
    return _barrier("noc_async_full_barrier", ("read", "write", "atomic"))
