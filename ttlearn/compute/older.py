"""Inits that also set formats (`..._with_dt`), and names that 0.81.1 has renamed or merged.

The parameter order of names that are gone is from memory of those versions (unverified).
"""

from __future__ import annotations

from .copy import copy_block
from .dot import matmul_block_init, matmul_init
from .dst import pack_block
from .rows import tilize_init
from .state import mm_init, reconfig_data_format, reconfig_data_format_srca

__all__ = [
    "copy_block_matmul_partials",
    "fast_tilize_init_with_dt",
    "matmul_pack_tile",
    "mm_block_init",
    "mm_block_init_short_with_dt",
    "mm_init_short_with_dt",
    "tilize_init_short_with_dt",
]

copy_block_matmul_partials = copy_block
matmul_pack_tile = pack_block


def mm_init_short_with_dt(in0_cb_id: int, in1_cb_id: int, c_in_old_srca: int, transpose: int = 0) -> None:
    """`matmul_init` that also sets SrcA's format to that of in1."""
    reconfig_data_format_srca(c_in_old_srca, in1_cb_id)
    matmul_init(in0_cb_id, in1_cb_id, transpose)


def mm_block_init(
    in0_cb_id: int,
    in1_cb_id: int,
    out_cb_id: int,
    transpose: int = 0,
    ct_dim: int = 1,
    rt_dim: int = 1,
    kt_dim: int = 1,
) -> None:
    """The older full start-up of block products."""
    mm_init(in0_cb_id, in1_cb_id, out_cb_id, transpose)


def mm_block_init_short_with_dt(
    in0_cb_id: int,
    in1_cb_id: int,
    old_in1_cb_id: int,
    transpose: int = 0,
    ct_dim: int = 1,
    rt_dim: int = 1,
    kt_dim: int = 1,
) -> None:
    """`matmul_block_init` that also sets SrcA's format to that of in1."""
    reconfig_data_format_srca(old_in1_cb_id, in1_cb_id)
    matmul_block_init(in0_cb_id, in1_cb_id, transpose, ct_dim, rt_dim, kt_dim)


def tilize_init_short_with_dt(old_icb: int, new_icb: int, block: int, ocb: int) -> None:
    """`tilize_init` that also sets SrcA's format to the new CB's."""
    reconfig_data_format_srca(old_icb, new_icb)
    tilize_init(new_icb, block, ocb)


def fast_tilize_init_with_dt(icb: int, full_dim: int, ocb: int) -> None:
    """`fast_tilize_init` that also sets the unpacker's formats to the CB's."""
    reconfig_data_format(icb, icb)
    tilize_init(icb, full_dim, ocb)
