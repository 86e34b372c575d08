"""Starting the engine, DST sections, packing, formats and the calls that concern one TRISC role.

`compute_kernel_hw_startup` comes first in every compute kernel: it is what configures unpacker, math and
packer. Older full inits do the same. Left out: packer ReLU and L1 accumulation.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from ..errors import KernelError, Violation
from ..kernel import integer, running
from ..sim.cb import Ring
from ..sim.formats import Format
from ..sim.fpu import BroadcastType
from ..sim.trisc import Math, Pack, Trisc, Unpack
from ..sim.waits import NoWait, Role, Wait, now
from ..sim.work import Kind, PackConf
from . import programs

__all__ = [
    "DEST_AUTO_LIMIT",
    "MATH",
    "PACK",
    "UNPACK",
    "SrcOrder",
    "acquire_dst",
    "binary_op_init_common",
    "compute_kernel_hw_startup",
    "get_tile_address",
    "init_sfpu",
    "mm_init",
    "pack_block",
    "pack_init",
    "pack_reconfig_data_format",
    "pack_tile",
    "pack_tile_block",
    "read_tile_value",
    "reconfig_data_format",
    "reconfig_data_format_srca",
    "reconfig_data_format_srcb",
    "release_dst",
    "tile_regs_acquire",
    "tile_regs_commit",
    "tile_regs_release",
    "tile_regs_wait",
    "unary_op_init_common",
]


class SrcOrder(Enum):
    """Which operand goes to SrcA: the first, or (matmul) the second."""

    Regular = 0
    Reverse = 1


def engine(call: str) -> Trisc:
    """The TRISC that runs now; data movement is refused."""
    risc = running(call)
    if not isinstance(risc, Trisc):
        raise KernelError(
            f"{call} belongs to the compute engine: {risc.label} only moves data; call it in the kernel "
            "that has a ComputeConfigDescriptor"
        )
    if risc.owed is not None:
        risc.settle()
    return risc


def cb_format(risc: Trisc, cb: int, call: str) -> Format:
    return risc.ring(cb, call).cb.format


def DEST_AUTO_LIMIT() -> int:
    """How many tiles one DST section holds with this kernel's configuration."""
    return engine("DEST_AUTO_LIMIT").limit


def UNPACK() -> bool:
    """True in TRISC0's copy of the kernel (C++ `UNPACK((...))`)."""
    return now.role is Role.UNPACK


def MATH() -> bool:
    """True in TRISC1's copy of the kernel."""
    return now.role is Role.MATH


def PACK() -> bool:
    """True in TRISC2's copy of the kernel."""
    return now.role is Role.PACK


# ---- configuration ----------------------------------------------------------------------------------------


def compute_kernel_hw_startup(
    icb0: int, icb1: int, ocb: int | None = None, *, src_order: SrcOrder = SrcOrder.Regular
) -> None:
    """Configure unpacker, math and packer: `(icb, ocb)` or `(icb0, icb1, ocb)`. Programs no operation."""
    call = "compute_kernel_hw_startup"
    risc = engine(call)
    if ocb is None:
        icb1, ocb = icb0, icb1
    a, b = (icb1, icb0) if src_order is SrcOrder.Reverse else (icb0, icb1)
    if isinstance(risc, Unpack):
        formats = cb_format(risc, a, call), cb_format(risc, b, call)
        risc.conf = risc.conf._replace(format_a=formats[0], format_b=formats[1], rows=False)
    elif isinstance(risc, Math):
        risc.conf = risc.conf._replace(synced=True)
    elif isinstance(risc, Pack):
        risc.conf = PackConf(cb_format(risc, ocb, call))


def binary_op_init_common(icb0: int, icb1: int, ocb: int) -> None:
    """The older full start-up of two-operand kernels (gone in 0.81.1)."""
    compute_kernel_hw_startup(icb0, icb1, ocb)
    risc = engine("binary_op_init_common")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(program=programs.UNPACK_AB[BroadcastType.NONE])


def unary_op_init_common(icb: int, ocb: int) -> None:
    """The older full start-up of one-operand kernels: start-up and `copy_init`."""
    compute_kernel_hw_startup(icb, icb, ocb)
    risc = engine("unary_op_init_common")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(program=programs.UNPACK_A)
    elif isinstance(risc, Math):
        risc.conf = risc.conf._replace(program=programs.COPY)


init_sfpu = unary_op_init_common


def mm_init(in0_cb_id: int = 0, in1_cb_id: int = 1, out_cb_id: int = 16, transpose: int = 0) -> None:
    """The older full start-up of matmul kernels (gone in 0.81.1)."""
    compute_kernel_hw_startup(in0_cb_id, in1_cb_id, out_cb_id, src_order=SrcOrder.Reverse)
    risc = engine("mm_init")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(program=programs.UNPACK_MATMUL)
    elif isinstance(risc, Math):
        risc.conf = risc.conf._replace(program=programs.MATMUL)


def reconfig_data_format(*cbs: int, src_order: SrcOrder = SrcOrder.Regular) -> None:
    """Set SrcA's and SrcB's formats: `(new_a, new_b)` or `(old_a, new_a, old_b, new_b)`. Programs no operation."""
    risc = engine("reconfig_data_format")
    if len(cbs) not in (2, 4):
        raise KernelError(
            f"reconfig_data_format takes (new_a, new_b) or (old_a, new_a, old_b, new_b), not {len(cbs)} CBs"
        )
    a, b = (cbs[0], cbs[1]) if len(cbs) == 2 else (cbs[1], cbs[3])
    if src_order is SrcOrder.Reverse:
        a, b = b, a
    if isinstance(risc, Unpack):
        formats = cb_format(risc, a, "reconfig_data_format"), cb_format(risc, b, "reconfig_data_format")
        if formats != (risc.conf.format_a, risc.conf.format_b):
            risc.conf = risc.conf._replace(format_a=formats[0], format_b=formats[1])


def reconfig_data_format_srca(*cbs: int) -> None:
    """Set SrcA's format: `(new)` or `(old, new)`."""
    risc = engine("reconfig_data_format_srca")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(format_a=cb_format(risc, cbs[-1], "reconfig_data_format_srca"))


def reconfig_data_format_srcb(*cbs: int) -> None:
    """Set SrcB's format: `(new)` or `(old, new)`."""
    risc = engine("reconfig_data_format_srcb")
    if isinstance(risc, Unpack):
        risc.conf = risc.conf._replace(format_b=cb_format(risc, cbs[-1], "reconfig_data_format_srcb"))


def pack_reconfig_data_format(*cbs: int) -> None:
    """Set the packer's output format: `(new)` or `(old, new)`."""
    risc = engine("pack_reconfig_data_format")
    if isinstance(risc, Pack):
        new = cb_format(risc, cbs[-1], "pack_reconfig_data_format")
        if new is not risc.conf.format:
            risc.conf = risc.conf._replace(format=new)


def pack_init(ocb: int) -> None:
    """Program the packer for whole tiles again."""
    risc = engine("pack_init")
    if isinstance(risc, Pack) and risc.conf.untilize:
        risc.conf = risc.conf._replace(untilize=False)


# ---- DST sections -----------------------------------------------------------------------------------------


def tile_regs_acquire() -> None:
    """MATH's engine waits for a free DST section. The RISC goes on."""
    if now.role is Role.MATH:
        now.risc.open_section(Kind.ACQUIRE)
    elif now.role is not Role.UNPACK and now.role is not Role.PACK:
        engine("tile_regs_acquire")


def tile_regs_commit() -> None:
    """MATH hands its section to PACK."""
    if now.role is Role.MATH:
        risc = now.risc
        if risc.strict and not risc.open:
            raise Violation("tile_regs_commit(): no section is open; call tile_regs_acquire() before it")
        risc.close_section(Kind.COMMIT)
    elif now.role is not Role.UNPACK and now.role is not Role.PACK:
        engine("tile_regs_commit")


def tile_regs_wait() -> None:
    """PACK's engine waits for a committed section. The RISC goes on."""
    if now.role is Role.PACK:
        now.risc.open_section(Kind.WAIT)
    elif now.role is not Role.UNPACK and now.role is not Role.MATH:
        engine("tile_regs_wait")


def tile_regs_release() -> None:
    """PACK zeroes its section and gives it back to MATH."""
    if now.role is Role.PACK:
        risc = now.risc
        if risc.strict and not risc.open:
            raise Violation("tile_regs_release(): no section is held; call tile_regs_wait() before it")
        risc.close_section(Kind.RELEASE)
    elif now.role is not Role.UNPACK and now.role is not Role.MATH:
        engine("tile_regs_release")


def acquire_dst() -> None:
    """The older form: acquire, and PACK's wait (deprecated)."""
    tile_regs_acquire()
    tile_regs_wait()


def release_dst() -> None:
    """The older form: commit, and PACK's release (deprecated)."""
    tile_regs_commit()
    tile_regs_release()


# ---- packing ----------------------------------------------------------------------------------------------


def pack_tile(ifrom_dst: int, icb: int, output_tile_index: int = 0, *, out_of_order_output: bool = False) -> None:
    """Pack DST tile `ifrom_dst` into the next page of `icb`, or out of order into page `output_tile_index`."""
    role = now.role
    if role is Role.PACK:
        risc = now.risc
        ring = risc.rings[icb] if 0 <= icb < len(risc.rings) else None
        if ring is None:
            raise KernelError(risc.core.unknown_cb("pack_tile", icb))
        if out_of_order_output:
            page = output_tile_index
        else:
            page = ring.packed
            ring.packed = page + 1
        address = ring.wr + page * ring.page
        if not ring.cb.base <= address <= ring.limit - ring.page:
            _outside(risc, "pack_tile", ring, address)
        risc.pack(ifrom_dst, address, "pack_tile")
    elif role is not Role.MATH and role is not Role.UNPACK:
        engine("pack_tile")


def _outside(risc: Pack, call: str, ring: Ring, address: int) -> None:
    """The page lies before or behind the ring: the chip destroys the neighbour there."""
    if risc.strict:
        raise Violation(
            f"{call} into {ring.cb}: page {(address - ring.cb.base) // ring.page} of a ring of {ring.num_pages} pages "
            f"(0 to {ring.num_pages - 1}); the bytes would go to the neighbour's memory, so pack no more pages than "
            "are reserved, and push them"
        )


def pack_block(ifrom_dst: int, icb: int, ntiles: int) -> None:
    """Pack `ntiles` DST tiles from `ifrom_dst` on into the next pages of `icb`."""
    risc = engine("pack_block")
    if isinstance(risc, Pack) and ntiles:
        ring = risc.ring(icb, "pack_block")
        if ring.wr + (ring.packed + ntiles) * ring.page > ring.limit:
            _outside(risc, "pack_block", ring, ring.wr + (ring.packed + ntiles - 1) * ring.page)
        risc.last = None
        risc.pack(ifrom_dst, ring.wr + ring.packed * ring.page, "pack_block")
        risc.grow(ntiles, ddst=1, da=ring.page)
        risc.check_dst("pack_block", ifrom_dst + ntiles - 1)
        ring.packed += ntiles


pack_tile_block = pack_block


# ---- mailbox ----------------------------------------------------------------------------------------------


def _mail(call: str, args: tuple[Any, ...], look: Any) -> Wait | NoWait:
    """UNPACK finds a value and sends it to MATH and PACK, who wait for it."""
    risc = engine(call)
    risc.t += risc.core.device.arch.cb_call
    core = risc.core
    if isinstance(risc, Unpack):
        value = look(risc)
        for other in (core.math, core.pack):
            other.mail.add(risc.t + core.device.arch.credit, value, core.observer.release(risc))
            core.device.clock.wake(other.mail.sleepers)
        return NoWait(call, value)
    entry = risc.mail_read = risc.mail_read + 1

    def ready(time: int) -> int | None:
        if len(risc.mail.times) <= entry:
            return None
        core.observer.acquire(risc, risc.mail.orders[entry])
        return max(time, risc.mail.times[entry])

    wait = Wait(risc, call, args, risc.mail, ready, core.site(2, risc))
    wait.result = lambda: risc.mail.values[entry]
    return wait


def get_tile_address(cb_id: int, tile_index: int) -> Wait | NoWait:
    """Await it: the L1 byte address of a tile at the front of a CB, the same in all three roles."""

    def look(risc: Unpack) -> int:
        ring = risc.ring(cb_id, "get_tile_address")
        return ring.rd + tile_index * ring.page

    return _mail("get_tile_address", (f"c_{cb_id}", tile_index), look)


def read_tile_value(cb_id: int, tile_index: int, element_offset: int) -> Wait | NoWait:
    """Await it: the 32-bit word `element_offset` of a tile at the front of a CB, the same in all three roles."""
    integer("read_tile_value", "element_offset", element_offset)

    def look(risc: Unpack) -> int:
        ring, core = risc.ring(cb_id, "read_tile_value"), risc.core
        low = ring.rd + tile_index * ring.page + 4 * element_offset
        core.l1.settle(risc.t)
        core.observer.read(risc, low, low + 4, core.site(3, risc), risc.order)
        return int(core.l1.view(low, 4, "read_tile_value").view(np.uint32)[0])

    return _mail("read_tile_value", (f"c_{cb_id}", tile_index, element_offset), look)
