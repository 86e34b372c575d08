"""Multicast and semaphores: how cores tell each other.

A semaphore is an L1 word with the same address on every core. A multicast reaches a rectangle, the sender left
out unless the call says loopback. Left out: what a linked multicast reserves on its way, multicasts round the torus.
"""

from __future__ import annotations

from ..errors import KernelError
from ..kernel import integer, synced
from ..sim.noc import Missing, Signal, Target, Transfer, check_alignment, noc_address
from ..sim.sched import Risc
from ..sim.waits import Wait
from .pointers import mover, tt_l1_ptr

__all__ = [
    "get_semaphore",
    "noc_async_write_multicast",
    "noc_async_write_multicast_loopback_src",
    "noc_inline_dw_write",
    "noc_semaphore_inc",
    "noc_semaphore_inc_multicast",
    "noc_semaphore_set",
    "noc_semaphore_set_multicast",
    "noc_semaphore_set_multicast_loopback_src",
    "noc_semaphore_set_remote",
    "noc_semaphore_wait",
    "noc_semaphore_wait_min",
]


def _address(pointer: int | tt_l1_ptr) -> int:
    return pointer.address if isinstance(pointer, tt_l1_ptr) else pointer


def _refuse_pointer(call: str, value: object) -> None:
    if isinstance(value, tt_l1_ptr):
        raise KernelError(
            f"{call}: the value is {value!r}, a pointer; the semaphore comes first and then the value: {call}(semaphore, value)"
        )


def _rectangle(call: str, risc: Risc, noc_addr: int, size: int, loopback: bool) -> list[Target]:
    """The targets in a multicast address; the sender only if `loopback`."""
    address, device = noc_addr & (1 << 36) - 1, risc.core.device
    (left, top), (right, bottom) = _corners(call, risc, noc_addr)
    places = [(x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
    if places == [risc.core.virtual]:
        plain = "noc_semaphore_set" if "semaphore" in call else "noc_async_write"
        raise KernelError(f"{call}: its rectangle is this core alone, which may hang on the chip; use {plain}")
    return [
        device.target(noc_address(x, y, address), size, call)
        for x, y in places
        if loopback or (x, y) != risc.core.virtual
    ]


def _corners(call: str, risc: Risc, noc_addr: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Upper left and lower right. NOC 0 runs right and down from the first corner, NOC 1 left and up (W, sanitize.h)."""
    start, end = (noc_addr >> 48 & 63, noc_addr >> 54 & 63), (noc_addr >> 36 & 63, noc_addr >> 42 & 63)
    noc: int = risc.kernel.config.noc
    first, last = (end, start) if noc else (start, end)
    if first[0] > last[0] or first[1] > last[1]:
        (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
        given = (right, bottom, left, top) if noc else (left, top, right, bottom)
        raise KernelError(
            f"{call}: on NOC {noc}, which runs {'left and up' if noc else 'right and down'}, a multicast from {start} to "
            f"{end} goes round the chip; use get_noc_multicast_addr({', '.join(map(str, given))}, ...)"
        )
    return first, last


def _multicast(
    call: str, local: int, noc_addr: int, size: int, num_dests: int, loopback: bool, signal: bool, linked: bool = False
) -> None:
    risc = mover(call)
    core, arch = risc.core, risc.core.device.arch
    path = arch.linked_multicast if linked else arch.multicast
    site, port = core.site(2, risc), core.ports[risc]
    core.l1.view(local, size, call)
    targets = _rectangle(call, risc, noc_addr, size, loopback)
    if num_dests != len(targets):  # the barrier counts acknowledgements and wants exactly num_dests
        port.missing.append(Missing("write", site, num_dests, len(targets)))
    for target in targets if signal else ():
        core.observer.signal(risc, target, noc_addr >> 36, site, True)
    order = core.observer.release(risc) if signal else {}
    for k, target in enumerate(targets):
        if k == 0:
            check_alignment(core.device, call, target, local, read=False)
        transfer = Transfer(risc, "write", target, local, size, path, site)
        transfer.follows, transfer.rectangle = k > 0, noc_addr >> 36
        if signal:
            transfer.signal = Signal(target.address, False, None, order)
        else:
            core.observer.sent(transfer, call)
        port.send(transfer)
    risc.calls.append((risc.t, risc.t + path.issue, call))
    risc.t += path.issue


def noc_async_write_multicast(
    src_local_l1_addr: int, dst_noc_addr_multicast: int, size: int, num_dests: int, linked: bool = False
) -> None:
    """Start writing the same bytes to every core of a rectangle, the sender excepted."""
    call = "noc_async_write_multicast"
    _multicast(call, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests, False, False, linked)


def noc_async_write_multicast_loopback_src(
    src_local_l1_addr: int, dst_noc_addr_multicast: int, size: int, num_dests: int, linked: bool = False
) -> None:
    """As `noc_async_write_multicast`, the sender included."""
    call = "noc_async_write_multicast_loopback_src"
    _multicast(call, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests, True, False, linked)


def get_semaphore(semaphore_id: int) -> int:
    """L1 byte address of a semaphore, the same on every core."""
    risc = mover("get_semaphore")
    if not 0 <= semaphore_id < 16:
        raise KernelError(f"get_semaphore({semaphore_id}): a core has semaphores 0 to 15; choose one of them")
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
    core.l1.view(local, 4, call)
    core.observer.signal(risc, target, path, site)
    transfer = Transfer(risc, kind, target, local, 4, arch.write_l1, site)
    transfer.signal, transfer.rectangle = Signal(target.address, add, value, core.observer.release(risc)), path
    core.ports[risc].send(transfer)
    risc.calls.append((risc.t, risc.t + arch.write_l1.issue, call))
    risc.t += arch.write_l1.issue


def noc_semaphore_inc(addr: int, incr: int) -> None:
    """Add `incr` to a semaphore at a NOC address, atomically, when the request arrives."""
    _signal("noc_semaphore_inc", addr, "atomic", True, incr)


def noc_semaphore_inc_multicast(addr: int, incr: int, num_dests: int) -> None:
    """Add `incr` to a semaphore of every core of a rectangle, the sender excepted."""
    risc = mover("noc_semaphore_inc_multicast")
    targets = _rectangle("noc_semaphore_inc_multicast", risc, addr, 4, False)
    if num_dests != len(targets):
        site = risc.core.site(1, risc)
        risc.core.ports[risc].missing.append(Missing("atomic", site, num_dests, len(targets)))
    for target in targets:
        assert target.core is not None
        here = noc_address(*target.core.virtual, target.address)
        _signal("noc_semaphore_inc_multicast", here, "atomic", True, incr, path=addr >> 36)


def noc_semaphore_set_remote(src_local_l1_addr: int, dst_noc_addr: int) -> None:
    """Copy a semaphore word of this core to a semaphore at a NOC address."""
    _signal("noc_semaphore_set_remote", dst_noc_addr, "write", False, None, src_local_l1_addr)


def noc_inline_dw_write(addr: int, val: int, be: int = 0xF) -> None:
    """Write one 32-bit word to a core's L1 without a source in L1: a flag that somebody polls."""
    if be != 0xF or addr % 4:
        raise KernelError(
            f"noc_inline_dw_write(..., be={be:#x}) to address {addr & (1 << 36) - 1}: only whole words can be written "
            "here; use be=0xF and a multiple of 4"
        )
    _signal("noc_inline_dw_write", addr, "write", False, integer("noc_inline_dw_write", "the word", val))


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
    _refuse_pointer("noc_semaphore_set", val)
    core, address, order, time = risc.core, _address(sem_addr), risc.core.observer.release(risc), risc.t
    core.semaphore(address)
    core.device.clock.at(time, lambda: core.semaphore_write(address, val, False, time, order))
    risc.t += core.device.arch.cb_call


def _sem_wait(call: str, sem_addr: int | tt_l1_ptr, val: int, at_least: bool) -> Wait:
    risc = mover(call)
    _refuse_pointer(call, val)
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
