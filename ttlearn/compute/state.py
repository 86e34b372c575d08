"""Starting the engine, formats, and which TRISC role runs.

`compute_kernel_hw_startup` comes first in every compute kernel: it is what configures unpacker, math and
packer. Older full inits do the same. Left out: DST and packing (dst).
"""

from __future__ import annotations

from enum import Enum

from ..errors import KernelError
from ..kernel import running
from ..sim.formats import Format
from ..sim.fpu import BroadcastType
from ..sim.roles import Math, Pack, Unpack
from ..sim.trisc import Trisc
from ..sim.waits import Role, now
from ..sim.work import PackConf
from . import programs

__all__ = [
    "DEST_AUTO_LIMIT",
    "MATH",
    "PACK",
    "UNPACK",
    "SrcOrder",
    "binary_op_init_common",
    "compute_kernel_hw_startup",
    "init_sfpu",
    "mm_init",
    "pack_reconfig_data_format",
    "reconfig_data_format",
    "reconfig_data_format_srca",
    "reconfig_data_format_srcb",
    "unary_op_init_common",
]


class SrcOrder(Enum):
    """Which operand goes to SrcA: the first, or (matmul) the second."""

    Regular = 0
    Reverse = 1


def engine(call: str) -> Trisc:
    """The TRISC that runs now; data movement is refused."""
    risc = now.risc
    if risc is None:
        running(call)
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
        risc.configure(format_a=formats[0], format_b=formats[1], rows=False)
    elif isinstance(risc, Math):
        risc.configure(synced=True)
    elif isinstance(risc, Pack):
        risc.configure(**PackConf(cb_format(risc, ocb, call))._asdict())


def binary_op_init_common(icb0: int, icb1: int, ocb: int) -> None:
    """The older full start-up of two-operand kernels (gone in 0.81.1)."""
    compute_kernel_hw_startup(icb0, icb1, ocb)
    risc = engine("binary_op_init_common")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_AB[BroadcastType.NONE])


def unary_op_init_common(icb: int, ocb: int) -> None:
    """The older full start-up of one-operand kernels: start-up and `copy_init`."""
    compute_kernel_hw_startup(icb, icb, ocb)
    risc = engine("unary_op_init_common")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_A)
    elif isinstance(risc, Math):
        risc.configure(program=programs.COPY)


init_sfpu = unary_op_init_common


def mm_init(in0_cb_id: int = 0, in1_cb_id: int = 1, out_cb_id: int = 16, transpose: int = 0) -> None:
    """The older full start-up of matmul kernels (gone in 0.81.1)."""
    compute_kernel_hw_startup(in0_cb_id, in1_cb_id, out_cb_id, src_order=SrcOrder.Reverse)
    risc = engine("mm_init")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_MATMUL_TRANSPOSED if transpose else programs.UNPACK_MATMUL)
    elif isinstance(risc, Math):
        risc.configure(program=programs.MATMUL)


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
            risc.configure(format_a=formats[0], format_b=formats[1])
        elif len(cbs) == 2:  # only the form that is told the old CBs looks whether anything changes (W)
            risc.program()


def reconfig_data_format_srca(*cbs: int) -> None:
    """Set SrcA's format: `(new)` or `(old, new)`."""
    risc = engine("reconfig_data_format_srca")
    if isinstance(risc, Unpack):
        risc.configure(format_a=cb_format(risc, cbs[-1], "reconfig_data_format_srca"))


def reconfig_data_format_srcb(*cbs: int) -> None:
    """Set SrcB's format: `(new)` or `(old, new)`."""
    risc = engine("reconfig_data_format_srcb")
    if isinstance(risc, Unpack):
        risc.configure(format_b=cb_format(risc, cbs[-1], "reconfig_data_format_srcb"))


def pack_reconfig_data_format(*cbs: int) -> None:
    """Set the packer's output format: `(new)` or `(old, new)`."""
    risc = engine("pack_reconfig_data_format")
    if isinstance(risc, Pack):
        new = cb_format(risc, cbs[-1], "pack_reconfig_data_format")
        if new is not risc.conf.format:
            risc.configure(format=new)
        elif len(cbs) == 1:
            risc.program()
