"""The data-movement API: what reader and writer kernels call (api/dataflow/dataflow_api.h, 0.81.1).

A NOC call only starts its transfer; its barrier is where one waits. Template arguments of C++ are leading
keyword arguments here. Star import is for notebooks: it brings kernel names and nothing else. Left out:
set_state/with_state forms, transaction ids, sharded accessors, inline writes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import kernel
from .errors import KernelError
from .kernel import *  # noqa: F403
from .kernel import integer, running, synced
from .sim.noc import Signal, Target, Transfer, check_alignment, noc_address
from .sim.sched import Risc, Wait
from .sim.trisc import Trisc

__all__ = [
    *kernel.__all__,
    "TensorAccessor",
    "TensorAccessorArgs",
    "get_noc_addr",
    "get_noc_multicast_addr",
    "get_read_ptr",
    "get_semaphore",
    "get_tile_size",
    "get_write_ptr",
    "invalidate_l1_cache",
    "my_x",
    "my_y",
    "noc_async_atomic_barrier",
    "noc_async_full_barrier",
    "noc_async_read",
    "noc_async_read_barrier",
    "noc_async_read_one_packet",
    "noc_async_read_page",
    "noc_async_read_tile",
    "noc_async_write",
    "noc_async_write_barrier",
    "noc_async_write_multicast",
    "noc_async_write_multicast_loopback_src",
    "noc_async_write_one_packet",
    "noc_async_write_page",
    "noc_async_write_tile",
    "noc_async_writes_flushed",
    "noc_semaphore_inc",
    "noc_semaphore_inc_multicast",
    "noc_semaphore_set",
    "noc_semaphore_set_multicast",
    "noc_semaphore_set_multicast_loopback_src",
    "noc_semaphore_set_remote",
    "noc_semaphore_wait",
    "noc_semaphore_wait_min",
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
            f"{call} belongs to data movement: {risc.name} runs a compute kernel; move it to the reader or the writer"
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


def _address(pointer: int | tt_l1_ptr) -> int:
    return pointer.address if isinstance(pointer, tt_l1_ptr) else pointer


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


# ---- transfers --------------------------------------------------------------------------------------------


def _start(call: str, noc_addr: int, local: int, size: int, read: bool, depth: int = 2) -> None:
    risc = mover(call)
    core, arch = risc.core, risc.core.device.arch
    site = core.site(depth, risc)
    size = integer(call, "the size", size)
    if size == 0:
        raise KernelError(f"{call}: 0 bytes; a transfer needs a size of at least 1")
    core.l1.view(local, size, call)
    port = core.ports[risc]
    for done in range(0, size, arch.max_burst):
        part = min(arch.max_burst, size - done)
        target = core.device.target(noc_addr + done, part, call)
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


def noc_async_read(src_noc_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """Start reading `size` bytes into L1. They are there after `noc_async_read_barrier`."""
    _start("noc_async_read", src_noc_addr, dst_local_l1_addr, size, read=True)


def noc_async_read_one_packet(src_noc_addr: int, dst_local_l1_addr: int, size: int) -> None:
    """As `noc_async_read`, for at most one burst."""
    _start("noc_async_read_one_packet", src_noc_addr, dst_local_l1_addr, size, read=True)


def noc_async_write(src_local_l1_addr: int, dst_noc_addr: int, size: int) -> None:
    """Start writing `size` bytes from L1. They have arrived after `noc_async_write_barrier`."""
    _start("noc_async_write", dst_noc_addr, src_local_l1_addr, size, read=False)


def noc_async_write_one_packet(src_local_l1_addr: int, dst_noc_addr: int, size: int) -> None:
    """As `noc_async_write`, for at most one burst."""
    _start("noc_async_write_one_packet", dst_noc_addr, src_local_l1_addr, size, read=False)


def noc_async_read_page(id: int, addrgen: TensorAccessor, dst_local_l1_addr: int, offset: int = 0) -> None:
    """Start reading page `id` of a tensor. Always the aligned page size, as in the chip."""
    call = "noc_async_read_page"
    _start(call, addrgen.get_noc_addr(id, offset, call), dst_local_l1_addr, addrgen.stride, read=True)


def noc_async_read_tile(id: int, addrgen: TensorAccessor, dst_local_l1_addr: int, offset: int = 0) -> None:
    """The older name of `noc_async_read_page`."""
    call = "noc_async_read_tile"
    _start(call, addrgen.get_noc_addr(id, offset, call), dst_local_l1_addr, addrgen.stride, read=True)


def noc_async_write_page(
    id: int, addrgen: TensorAccessor, src_local_l1_addr: int, size: int = 0, offset: int = 0
) -> None:
    """Start writing page `id` of a tensor; `size` 0 means a whole page."""
    call = "noc_async_write_page"
    _start(call, addrgen.get_noc_addr(id, offset, call), src_local_l1_addr, size or addrgen.page_size, read=False)


def noc_async_write_tile(id: int, addrgen: TensorAccessor, src_local_l1_addr: int) -> None:
    """The older name of `noc_async_write_page`."""
    call = "noc_async_write_tile"
    _start(call, addrgen.get_noc_addr(id, 0, call), src_local_l1_addr, addrgen.page_size, read=False)


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


# ---- multicast and semaphores -----------------------------------------------------------------------------


def _rectangle(call: str, risc: Risc, noc_addr: int, size: int, loopback: bool) -> list[Target]:
    """The targets in a multicast address; the sender only if `loopback`."""
    address, device = noc_addr & (1 << 36) - 1, risc.core.device
    xs = sorted((noc_addr >> 48 & 63, noc_addr >> 36 & 63))
    ys = sorted((noc_addr >> 54 & 63, noc_addr >> 42 & 63))
    places = [(x, y) for y in range(ys[0], ys[1] + 1) for x in range(xs[0], xs[1] + 1)]
    return [
        device.target(noc_address(x, y, address), size, call)
        for x, y in places
        if loopback or (x, y) != risc.core.virtual
    ]


def _multicast(call: str, local: int, noc_addr: int, size: int, num_dests: int, loopback: bool, signal: bool) -> None:
    risc = mover(call)
    core, arch = risc.core, risc.core.device.arch
    site, port = core.site(2, risc), core.ports[risc]
    targets = _rectangle(call, risc, noc_addr, size, loopback)
    port.missing += abs(num_dests - len(targets))  # the barrier counts acknowledgements and wants exactly num_dests
    for target in targets if signal else ():
        core.observer.signal(risc, target, noc_addr >> 36, site)
    order = core.observer.release(risc) if signal else {}
    for k, target in enumerate(targets):
        if k == 0:
            check_alignment(core.device, call, target, local, read=False)
        transfer = Transfer(risc, "write", target, local, size, arch.write_l1, site)
        transfer.follows = k > 0
        if signal:
            transfer.signal = Signal(target.address, False, None, order)
        else:
            transfer.rectangle = noc_addr >> 36
            core.observer.sent(transfer, call)
        port.send(transfer)
    risc.t += arch.write_l1.issue


def noc_async_write_multicast(
    src_local_l1_addr: int, dst_noc_addr_multicast: int, size: int, num_dests: int, linked: bool = False
) -> None:
    """Start writing the same bytes to every core of a rectangle, the sender excepted."""
    _multicast("noc_async_write_multicast", src_local_l1_addr, dst_noc_addr_multicast, size, num_dests, False, False)


def noc_async_write_multicast_loopback_src(
    src_local_l1_addr: int, dst_noc_addr_multicast: int, size: int, num_dests: int, linked: bool = False
) -> None:
    """As `noc_async_write_multicast`, the sender included."""
    call = "noc_async_write_multicast_loopback_src"
    _multicast(call, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests, True, False)


def get_semaphore(semaphore_id: int) -> int:
    """L1 byte address of a semaphore, the same on every core."""
    risc = mover("get_semaphore")
    if not 0 <= semaphore_id < 16:
        raise KernelError(f"get_semaphore({semaphore_id}): a core has semaphores 0 to 15")
    address = risc.core.device.arch.semaphore_base + 16 * semaphore_id
    risc.core.semaphore(address)
    return address


def _signal(
    call: str, noc_addr: int, kind: str, add: bool, value: int | None, local: int = 0, path: int | None = None
) -> None:
    risc = mover(call)
    core, arch = risc.core, risc.core.device.arch
    site, target = core.site(2, risc), core.device.target(noc_addr, 4, call)
    if target.core is None:
        raise KernelError(f"{call}: the address is in DRAM; a semaphore lives in a core's L1 (use get_semaphore)")
    core.observer.signal(risc, target, path, site)
    transfer = Transfer(risc, kind, target, local, 4, arch.write_l1, site)
    transfer.signal = Signal(target.address, add, value, core.observer.release(risc))
    core.ports[risc].send(transfer)
    risc.t += arch.write_l1.issue


def noc_semaphore_inc(addr: int, incr: int) -> None:
    """Add `incr` to a semaphore at a NOC address, atomically, when the request arrives."""
    _signal("noc_semaphore_inc", addr, "atomic", True, incr)


def noc_semaphore_inc_multicast(addr: int, incr: int, num_dests: int) -> None:
    """Add `incr` to a semaphore of every core of a rectangle, the sender excepted."""
    risc = mover("noc_semaphore_inc_multicast")
    for target in _rectangle("noc_semaphore_inc_multicast", risc, addr, 4, False):
        assert target.core is not None
        here = noc_address(*target.core.virtual, target.address)
        _signal("noc_semaphore_inc_multicast", here, "atomic", True, incr, path=addr >> 36)


def noc_semaphore_set_remote(src_local_l1_addr: int, dst_noc_addr: int) -> None:
    """Copy a semaphore word of this core to a semaphore at a NOC address."""
    _signal("noc_semaphore_set_remote", dst_noc_addr, "write", False, None, src_local_l1_addr)


def noc_semaphore_set_multicast(src: int, dst_noc_addr_multicast: int, num_dests: int, linked: bool = False) -> None:
    """Copy a semaphore word to every core of a rectangle, the sender excepted."""
    _multicast("noc_semaphore_set_multicast", src, dst_noc_addr_multicast, 4, num_dests, False, True)


def noc_semaphore_set_multicast_loopback_src(
    src: int, dst_noc_addr_multicast: int, num_dests: int, linked: bool = False
) -> None:
    """As `noc_semaphore_set_multicast`, the sender included."""
    _multicast("noc_semaphore_set_multicast_loopback_src", src, dst_noc_addr_multicast, 4, num_dests, True, True)


def noc_semaphore_set(sem_addr: int | tt_l1_ptr, val: int) -> None:
    """Set a semaphore of this core."""
    risc = mover("noc_semaphore_set")
    core, address, order, time = risc.core, _address(sem_addr), risc.core.observer.release(risc), risc.t
    core.semaphore(address)
    core.device.clock.at(time, lambda: core.semaphore_write(address, val, False, time, order))
    risc.t += core.device.arch.cb_call


def _sem_wait(call: str, sem_addr: int | tt_l1_ptr, val: int, at_least: bool) -> Wait:
    risc = mover(call)
    core = risc.core
    history = core.semaphore(_address(sem_addr))

    def ready(time: int) -> int | None:
        entry = history.first(time, lambda value: value >= val if at_least else value == val)
        if entry is None:
            return None
        core.observer.acquire(risc, history.orders[entry])
        return history.times[entry]

    risc.t += core.device.arch.cb_call
    return synced(risc, call, (history.name, val), history, ready, depth=3)


def noc_semaphore_wait(sem_addr: int | tt_l1_ptr, val: int) -> Wait:
    """Wait until a semaphore of this core equals `val`."""
    return _sem_wait("noc_semaphore_wait", sem_addr, val, at_least=False)


def noc_semaphore_wait_min(sem_addr: int | tt_l1_ptr, val: int) -> Wait:
    """Wait until a semaphore of this core is at least `val`."""
    return _sem_wait("noc_semaphore_wait_min", sem_addr, val, at_least=True)
