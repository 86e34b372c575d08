"""Which vendor header (ttnn 0.81.1) declares each name of the kernel API, and what older names are called now.

Left out: kernel_lib's helpers (DEST_AUTO_LIMIT apart), and names of 0.81.1 that `ttlearn` lacks.
"""

from __future__ import annotations

from .api import namespace

_DATA_MOVEMENT = "api/dataflow/dataflow_api.h"  # declares what readers and writers call, but for _BOTH

_OPS = ("add", "sub", "mul")
_DIMS = ("rows", "cols", "scalar")
_COMPUTE = {  # "exp*" stands for exp_tile and exp_tile_init
    "compute_kernel_hw_startup.h": "compute_kernel_hw_startup SrcOrder",
    "common.h": "get_arg_val get_common_arg_val get_arg_addr get_common_arg_addr get_absolute_logical_x "
    "get_absolute_logical_y get_relative_logical_x get_relative_logical_y",
    "common_globals.h": "MATH PACK UNPACK DataFormat",
    "cb_api.h": "cb_wait_front cb_pop_front cb_reserve_back cb_push_back get_tile_address read_tile_value",
    "reg_api.h": "tile_regs_acquire tile_regs_commit tile_regs_wait tile_regs_release acquire_dst release_dst",
    "pack.h": "pack_init pack_tile pack_block dummy_pack pack_reconfig_l1_acc pack_relu_config ReluConfig",
    "reconfig_data_format.h": "reconfig_data_format reconfig_data_format_srca reconfig_data_format_srcb "
    "pack_reconfig_data_format",
    "tile_move_copy.h": "copy_init copy_tile copy_block dummy_unpack copy_tile_to_dst_init_short_with_dt",
    "eltwise_binary.h": "EltwiseBinaryType EltwiseBinaryReuseDestType binary_tiles_init "
    + " ".join(f"{op}_init {op}_tiles {op}_block {op}_reuse_dest_init {op}_reuse_dest_tiles" for op in _OPS),
    "bcast.h": "BroadcastType bcast_init unary_bcast unary_bcast_init unary_bcast_uninit "
    + " ".join(f"{op}_tiles_bcast" for op in _OPS)
    + "".join(f" {op}_bcast_{dim}_init {op}_tiles_bcast_{dim}" for op in _OPS for dim in _DIMS),
    "reduce.h": "PoolType ReduceDim reduce_init reduce_tile reduce_block reduce_uninit",
    "matmul.h": "matmul_init matmul_tiles matmul_block_init matmul_block",
    "transpose.h": "transpose_init transpose_tile transpose_block",
    "tilize.h": "tilize_init tilize_block tilize_uninit tilize_init_short_with_dt fast_tilize_init fast_tilize_block "
    "fast_tilize_uninit fast_tilize_init_with_dt",
    "untilize.h": "untilize_init untilize_block untilize_uninit",
    "pack_untilize.h": "pack_untilize_init pack_untilize_block pack_untilize_dest_init pack_untilize_dest "
    "pack_untilize_uninit",
    "compute_kernel_api.h": "abs* exp2* expm1* heaviside* log* power* power_iterative* sigmoid* sign* signbit* silu* square* tanh* "
    "unary_max* unary_min*",
    "eltwise_binary_sfpu.h": " ".join(
        f"{op}_binary*" for op in (*_OPS, "div", "rsub", "power", "eq", "ne", "lt", "le", "gt", "ge")
    ),
    "binary_max_min.h": "binary_max* binary_min*",
    "copy_dest_values.h": "copy_dest_values copy_dest_values_init",
    "mask.h": "mask*",
    "eltwise_unary/eltwise_unary.h": "unary_op_init_common init_sfpu",
    "eltwise_unary/binop_with_scalar.h": "binop_with_scalar_tile_init add_unary_tile sub_unary_tile mul_unary_tile "
    "div_unary_tile rsub_unary_tile",
    "eltwise_unary/comp.h": "eqz* nez* ltz* lez* gtz* gez* unary_eq* unary_ne* unary_lt* unary_le* unary_gt* unary_ge*",
    "eltwise_unary/erf_erfc.h": "erf* erfc*",
    "eltwise_unary/fill.h": "fill* fill_tile_bitcast",
    "eltwise_unary/isinf_isnan.h": "isinf* isnan* isfinite*",
    "eltwise_unary/relu.h": "relu* relu_max* relu_min* leaky_relu*",
    "eltwise_unary/rounding.h": "rounding_op_tile_init ceil_tile floor_tile frac_tile trunc_tile",
    "eltwise_unary/trigonometry.h": "sin* cos* tan*",
}
_OWN_HEADER = "clamp elu exp gelu identity log1p negative recip rsqrt rsub sqrt where"  # eltwise_unary/exp.h, ...
_BOTH = {  # compute kernels and data movement
    "api/debug/dprint.h": "DPRINT",
    "api/debug/dprint_tile.h": "SliceRange TileSlice TSLICE_INPUT_CB TSLICE_OUTPUT_CB TSLICE_RD_PTR TSLICE_WR_PTR",
    "api/debug/dump.h": "debug_dump_cb",
    "api/numeric/bfloat16.h": "bf16_to_fp32 fp32_to_bf16 fp32_to_bf16_truncate bfloat16_greater",
}


def _by_name(table: dict[str, str]) -> dict[str, str]:
    return {name: header for header, listed in table.items() for word in listed.split() for name in _names(word)}


def _names(word: str) -> list[str]:
    stem = word.removesuffix("*")
    return [word] if stem == word else [f"{stem}_tile", f"{stem}_tile_init"]


_OF_BOTH = _by_name(_BOTH)
_OF_COMPUTE = _OF_BOTH | _by_name(
    {f"api/compute/{header}": listed for header, listed in _COMPUTE.items()}
    | {f"api/compute/eltwise_unary/{op}.h": f"{op}*" for op in _OWN_HEADER.split()}
    | {
        "api/compile_time_args.h": "get_compile_time_arg_val get_named_compile_time_arg_val",
        "internal/circular_buffer_interface.h": "LocalCBInterface get_local_cb_interface",
        "ttnn/cpp/ttnn/kernel_lib/dest_helpers.hpp": "DEST_AUTO_LIMIT",  # in C++ a constant of compute_kernel_lib
    }
)

_NEWER = {
    "copy_tile_init": "copy_init",  # 0.81.1 still has these two, and announces that they go
    "copy_tile_to_dst_init_short": "copy_init",
    "copy_block_matmul_partials": "copy_block",
    "matmul_pack_tile": "pack_block",
    "mm_init_short": "matmul_init",
    "mm_block_init_short": "matmul_block_init",
    "pack_tile_block": "pack_block",
    "transpose_wh_init_short": "transpose_init",
    "transpose_wh_tile": "transpose_tile",
    **{f"{op}_tiles_init": f"{op}_init" for op in _OPS},
    **{f"{op}_bcast_{dim}_init_short": f"{op}_bcast_{dim}_init" for op in _OPS for dim in _DIMS},
}

# names that 0.81.1 lacks without another for the same call -> what to write instead
GONE = {
    "binary_dest_reuse_tiles": "add_reuse_dest_tiles<reuse_dest>, sub_reuse_dest_tiles or mul_reuse_dest_tiles",
    "binary_dest_reuse_tiles_init": "add_reuse_dest_init<reuse_dest>(icb), sub_reuse_dest_init or mul_reuse_dest_init",
    "binary_op_init_common": "compute_kernel_hw_startup(icb0, icb1, ocb), then the operation's init, e.g. add_init",
    "init_bcast": "compute_kernel_hw_startup(icb0, icb1, ocb), then bcast_init<op, tBcastDim>(icb0, icb1)",
    "mm_block_init": "compute_kernel_hw_startup<SrcOrder::Reverse>(in0_cb_id, in1_cb_id, out_cb_id), "
    "then matmul_block_init(in0_cb_id, in1_cb_id, transpose, ct_dim, rt_dim, kt_dim)",
    "mm_block_init_short_with_dt": "reconfig_data_format_srca(old_in1_cb_id, in1_cb_id), "
    "then matmul_block_init(in0_cb_id, in1_cb_id, transpose, ct_dim, rt_dim, kt_dim)",
    "mm_init": "compute_kernel_hw_startup<SrcOrder::Reverse>(in0_cb_id, in1_cb_id, out_cb_id), "
    "then matmul_init(in0_cb_id, in1_cb_id, transpose)",
    "mm_init_short_with_dt": "reconfig_data_format_srca(c_in_old_srca, in1_cb_id), "
    "then matmul_init(in0_cb_id, in1_cb_id, transpose)",
    "transpose_wh_init": "compute_kernel_hw_startup(icb, ocb), then transpose_init(icb)",
}

# `ttlearn` offers these to every kernel, C++ to data movement only
ONLY_DATA_MOVEMENT = frozenset({"cb_pages_available_at_front", "cb_pages_reservable_at_back"})


def header_of(name: str, kind: str) -> str | None:
    """The header to include for a name of the API in a kernel of a kind; None if that kind has no such name."""
    if name not in namespace(kind):
        return None
    if kind == "compute":
        return _OF_COMPUTE.get(newer_name(name))
    return _OF_BOTH.get(name, _DATA_MOVEMENT)


def newer_name(name: str) -> str:
    """What 0.81.1 calls a function with the same arguments; the name itself if it is not an older one."""
    return _NEWER.get(name, name)
