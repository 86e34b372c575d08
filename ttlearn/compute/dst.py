"""DST sections and packing: how MATH hands tiles to PACK, and PACK to a CB.

The tile_regs calls are entries of the engine's queues, no waits of the RISC. Left out: packer ReLU with a
threshold, `pack_reconfig_l1_acc` taking time of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import KernelError, Violation
from ..sim.cb import Ring
from ..sim.formats import Format
from ..sim.roles import Pack
from ..sim.trace import call_site
from ..sim.trisc import Trisc
from ..sim.waits import Role, now
from ..sim.work import Kind
from .state import engine

__all__ = [
    "ReluConfig",
    "acquire_dst",
    "dummy_pack",
    "pack_block",
    "pack_init",
    "pack_reconfig_l1_acc",
    "pack_relu_config",
    "pack_tile",
    "pack_tile_block",
    "release_dst",
    "tile_regs_acquire",
    "tile_regs_commit",
    "tile_regs_release",
    "tile_regs_wait",
]

_U, _M, _P = Role.UNPACK, Role.MATH, Role.PACK


def pack_init(ocb: int) -> None:
    """Program the packer for whole tiles again."""
    risc = engine("pack_init")
    if isinstance(risc, Pack) and risc.conf.untilize:
        risc.configure(untilize=False)


@dataclass(frozen=True)
class ReluConfig:
    """What the packer does to negative values: `ReluConfig.none()`, or `ReluConfig.zero()` to make them 0."""

    on: bool

    @staticmethod
    def none() -> ReluConfig:
        return ReluConfig(False)

    @staticmethod
    def zero() -> ReluConfig:
        return ReluConfig(True)


def pack_relu_config(config: ReluConfig) -> None:
    """Let the packer turn negative values into 0, or leave them; until the next start-up."""
    risc = engine("pack_relu_config")
    if isinstance(risc, Pack):
        risc.configure(relu=config.on)


def pack_reconfig_l1_acc(l1_acc_en: int) -> None:
    """From now on packing adds to what L1 holds (1), or overwrites it (0): partial sums without a copy back to DST."""
    risc = engine("pack_reconfig_l1_acc")
    if isinstance(risc, Pack):
        if l1_acc_en and risc.conf.format is Format.BFLOAT8_B:
            raise KernelError(
                "pack_reconfig_l1_acc(1): the packer writes bfloat8_b, to which it cannot add in L1; pack partial sums "
                "to a CB of tt.bfloat16 or tt.float32"
            )
        risc.configure(l1_acc=bool(l1_acc_en))


def dummy_pack(cb_id: int) -> None:
    """Nothing on these chips."""
    engine("dummy_pack")


# ---- DST sections -----------------------------------------------------------------------------------------


def tile_regs_acquire() -> None:
    """MATH's engine waits for a free DST section. The RISC goes on."""
    role = now.role
    if role is _M:
        now.risc.open_section(Kind.ACQUIRE)
    elif role is not _U and role is not _P:
        engine("tile_regs_acquire")


def tile_regs_commit() -> None:
    """MATH hands its section to PACK."""
    role = now.role
    if role is _M:
        risc = now.risc
        if risc.strict and not risc.open:
            raise _unopened(risc, Kind.COMMIT)
        risc.close_section(Kind.COMMIT)
    elif role is not _U and role is not _P:
        engine("tile_regs_commit")


def tile_regs_wait() -> None:
    """PACK's engine waits for a committed section. The RISC goes on."""
    role = now.role
    if role is _P:
        now.risc.open_section(Kind.WAIT)
    elif role is not _U and role is not _M:
        engine("tile_regs_wait")


def tile_regs_release() -> None:
    """PACK zeroes its section and gives it back to MATH."""
    role = now.role
    if role is _P:
        risc = now.risc
        if risc.strict and not risc.open:
            raise _unopened(risc, Kind.RELEASE)
        risc.close_section(Kind.RELEASE)
    elif role is not _U and role is not _M:
        engine("tile_regs_release")


def _unopened(risc: Trisc, kind: Kind) -> Violation:
    """A commit or a release that closes no section; of the same line again it is the opening call that is missing."""
    call, opening, state, did = (
        ("tile_regs_commit", "tile_regs_acquire", "open", "committed")
        if kind is Kind.COMMIT
        else ("tile_regs_release", "tile_regs_wait", "held", "released")
    )
    closed, here = risc.last_closed(kind), call_site(2, risc.frame)
    if closed is None or closed == here:
        return Violation(f"{call}(): no section is {state}; call {opening}() before it")
    other = "; PACK gives its section back with tile_regs_release()" if kind is Kind.COMMIT else ""
    return Violation(
        f"{call}(): no section is {state}, the last was {did} at {closed}: {did} once is enough{other} ({here})"
    )


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
    if role is _P:
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
            address = _outside(risc, "pack_tile", ring, address, out_of_order_output)
        risc.pack(ifrom_dst, address, "pack_tile")
    elif role is not _M and role is not _U:
        engine("pack_tile")


def _outside(risc: Pack, call: str, ring: Ring, address: int, placed: bool = True) -> int:
    """The page lies before or behind the ring: the chip destroys the neighbour there. `placed`: the kernel chose the page.

    If the kernel has pushed none of its pages it packs on, into the first: on the chip it would wait for ever for that push.
    """
    if not risc.strict:
        return address
    error = (
        f"{call} into {ring.cb}: page {(address - ring.cb.base) // ring.page} of a ring of {ring.num_pages} pages "
        f"(0 to {ring.num_pages - 1}); the bytes would go to the neighbour's memory, so pack no more pages than "
        "are reserved, and push them"
    )
    if placed or ring.received:
        raise Violation(error)
    risc.overfull = risc.overfull or (ring, error, call_site(2, risc.frame))
    return ring.wr


def pack_block(ifrom_dst: int, icb: int, ntiles: int) -> None:
    """Pack `ntiles` DST tiles from `ifrom_dst` on into the next pages of `icb`."""
    role = now.role
    if role is _P and ntiles:
        risc = now.risc
        ring = risc.ring(icb, "pack_block")
        if ring.wr + (ring.packed + ntiles) * ring.page > ring.limit:
            _outside(risc, "pack_block", ring, ring.wr + (ring.packed + ntiles - 1) * ring.page)
        risc.last = None
        risc.pack(ifrom_dst, ring.wr + ring.packed * ring.page, "pack_block")
        risc.grow(ntiles, ddst=1, da=ring.page)
        risc.check_dst("pack_block", ifrom_dst + ntiles - 1)
        ring.packed += ntiles
    elif role is not _M and role is not _U:
        engine("pack_block")


pack_tile_block = pack_block
