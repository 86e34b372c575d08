"""What the layernorm op takes, and what it says to everything else: error texts are compared whole."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import ttlearn as tt
from ttlearn.layernorm.cbs import cb_table
from ttlearn.layernorm.designs import designs
from ttlearn.layernorm.golden import compare, layernorm
from ttlearn.layernorm.op import make_job

X = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)
COUNT = (np.arange(2048) % 50).reshape(32, 64)  # whole numbers that every format has


def message(*args: Any, **options: Any) -> str:
    """What the op says when it refuses its arguments."""
    with pytest.raises(tt.HostError) as error:
        tt.layernorm_fused_rm(*args, **options)
    return str(error.value)


def assert_right(x: NDArray[Any], **options: Any) -> None:
    """The op takes x for the numbers that numpy takes it for."""
    error = compare(tt.layernorm_fused_rm(x, **options).output, layernorm(np.asarray(x, np.float64)))
    assert error.within, str(error)


# ---- shapes -------------------------------------------------------------------------------------------------


def test_one_dimension_is_too_few() -> None:
    assert message(X[0]) == "x has shape [64]; it needs at least two dimensions, (..., H, W)"


def test_a_number_is_no_matrix() -> None:
    assert message(1.0) == "x has shape []; it needs at least two dimensions, (..., H, W)"


@pytest.mark.parametrize(("height", "padded"), [(1, 32), (31, 32), (33, 64)])
def test_the_height_must_fill_tiles(height: int, padded: int) -> None:
    assert message(np.ones((height, 64))) == (
        f"x has {height} rows; H must be a multiple of 32, the height of a tile: pad it to {padded}"
    )


def test_the_last_two_dimensions_make_tiles_not_the_folded_rows() -> None:
    assert message(np.ones((2, 16, 64))) == (
        "x has 16 rows; H must be a multiple of 32, the height of a tile: pad it to 32"
    )


@pytest.mark.parametrize(("width", "padded"), [(1, 32), (33, 64), (100, 128)])
def test_the_width_must_fill_tiles(width: int, padded: int) -> None:
    assert message(np.ones((32, width))) == (
        f"x is {width} wide; W must be a multiple of 32, the width of a tile: pad it to {padded}"
    )


@pytest.mark.parametrize("shape", [(32, 0), (0, 32), (0, 32, 32)])
def test_an_empty_array_is_refused(shape: tuple[int, ...]) -> None:
    assert message(np.ones(shape)) == (
        f"x has shape {list(shape)}: it holds no numbers; H and W must be multiples of 32, from 32 on"
    )


# ---- what x holds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "bool", "object", "<U32", "datetime64[s]"])
def test_x_must_hold_numbers(dtype: str) -> None:
    x = np.ones((32, 32)).astype(np.int64).astype(dtype)
    assert message(x) == f"x holds {x.dtype}; give an array of numbers"


@pytest.mark.parametrize("to", [tt.bfloat16, tt.float32])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_whole_numbers_are_taken(dtype: Any, to: Any) -> None:
    assert_right(COUNT.astype(dtype), dtype=to)


@pytest.mark.parametrize("to", [tt.bfloat16, tt.float32])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_every_float_is_taken(dtype: Any, to: Any) -> None:
    assert_right(X.astype(dtype), dtype=to)


def test_uint16_is_bf16_patterns_as_in_from_numpy() -> None:
    patterns = X.astype(ml_dtypes.bfloat16).view(np.uint16)
    assert (tt.layernorm_fused_rm(patterns).output == tt.layernorm_fused_rm(X).output).all()


def test_uint32_is_fp32_patterns_as_in_from_numpy() -> None:
    plain = tt.layernorm_fused_rm(X, dtype=tt.float32).output
    assert (tt.layernorm_fused_rm(X.view(np.uint32), dtype=tt.float32).output == plain).all()


def test_nested_lists_are_taken() -> None:
    assert (tt.layernorm_fused_rm(X.tolist()).output == tt.layernorm_fused_rm(X).output).all()


def test_numbers_are_rounded_to_nearest_even() -> None:
    exact = np.where(COUNT % 2, 1 + 2.0**-8, 1 + 3 * 2.0**-8)  # both halfway between two bf16 numbers
    even = np.where(COUNT % 2, 1, 1 + 2.0**-6)
    assert (tt.layernorm_fused_rm(exact).output == tt.layernorm_fused_rm(even).output).all()


# ---- memory layouts -----------------------------------------------------------------------------------------

LAYOUTS = {
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "column-major": np.asfortranarray,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "broadcast": lambda x: np.broadcast_to(x, (2, 32, 64)),
    "big-endian": lambda x: x.astype(">f4"),
}


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
@pytest.mark.parametrize("name", LAYOUTS)
def test_any_memory_layout_is_taken(name: str, dtype: Any) -> None:
    expected = tt.layernorm_fused_rm(X, dtype=dtype).output
    assert (tt.layernorm_fused_rm(LAYOUTS[name](X), dtype=dtype).output == expected).all()


def test_a_read_only_array_is_taken() -> None:
    x = X.copy()
    x.flags.writeable = False
    assert_right(x)


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_x_is_not_modified(dtype: Any) -> None:
    x = X.copy()
    tt.layernorm_fused_rm(x, dtype=dtype)
    assert (x == X).all()


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32])
def test_gamma_and_beta_are_not_modified(dtype: Any) -> None:
    gamma, beta = X[0].copy(), X[1].copy()
    tt.layernorm_fused_rm(X, gamma, beta, dtype=dtype)
    assert (gamma == X[0]).all()
    assert (beta == X[1]).all()


# the arrays are already what the device wants: bit patterns that need no conversion
@pytest.mark.parametrize(("dtype", "width"), [(tt.bfloat16, np.uint16), (tt.float32, np.uint32)])
def test_bit_patterns_are_copied(dtype: Any, width: Any) -> None:
    kind = ml_dtypes.bfloat16 if width is np.uint16 else np.float32
    x = X.astype(kind).view(width)
    job = make_job(x, dtype=dtype)
    assert not np.shares_memory(job.x.bits, x)


# ---- gamma and beta -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64,), (1, 64), (1, 1, 1, 64)])
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_leading_ones_of_a_parameter_are_taken(name: str, shape: tuple[int, ...]) -> None:
    plain = tt.layernorm_fused_rm(X, **{name: X[0]}).output
    assert (tt.layernorm_fused_rm(X, **{name: X[0].reshape(shape)}).output == plain).all()


@pytest.mark.parametrize("shape", [(), (1,), (32,), (65,), (2, 64), (64, 1), (64, 64)])
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_a_parameter_needs_one_value_a_column(name: str, shape: tuple[int, ...]) -> None:
    assert message(X, **{name: np.ones(shape)}) == (
        f"{name} has shape {list(shape)}; it needs one value a column, (64,) for this x"
    )


@pytest.mark.parametrize("dtype", ["complex128", "bool", "object", "<U32"])
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_a_parameter_must_hold_numbers(name: str, dtype: str) -> None:
    values = np.ones(64).astype(dtype)
    assert message(X, **{name: values}) == f"{name} holds {values.dtype}; give an array of numbers"


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float64, ml_dtypes.bfloat16])
def test_a_parameter_may_hold_any_numbers(dtype: Any) -> None:
    gamma = np.arange(64) % 7
    plain = tt.layernorm_fused_rm(X, gamma.astype(np.float32)).output
    assert (tt.layernorm_fused_rm(X, gamma.astype(dtype)).output == plain).all()


# ---- numbers and choices ------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0, 0.0, -1e-5, float("nan"), float("inf"), -float("inf"), "1e-5", None, True, 1j])
def test_epsilon_must_be_above_zero(epsilon: Any) -> None:
    assert message(X, epsilon=epsilon) == f"epsilon is {epsilon!r}; it must be a number above 0, as in 1e-5"


@pytest.mark.parametrize("epsilon", [1e-50, 1e300])
def test_epsilon_must_fit_bf16(epsilon: float) -> None:
    assert message(X, epsilon=epsilon) == (
        f"epsilon is {epsilon!r}; a bf16 tile holds 1.2e-38 to 1.7e38: choose one in between"
    )


@pytest.mark.parametrize("epsilon", [1, 1e-5, np.float32(1e-5), np.int64(1)])
def test_epsilon_may_be_any_number(epsilon: Any) -> None:
    expected = layernorm(X, epsilon=float(epsilon))
    assert compare(tt.layernorm_fused_rm(X, epsilon=epsilon).output, expected).within


@pytest.mark.parametrize(
    ("option", "value", "choices"),
    [
        ("pages", "rows", "'sticks', 'tiles'"),
        ("pages", None, "'sticks', 'tiles'"),
        ("style", "cooked", "'helpers', 'raw'"),
        ("design", "fast", "'auto', 'resident', 'streaming'"),
        ("arch", "grayskull", "'wormhole_b0', 'blackhole'"),
    ],
)
def test_an_unknown_choice_names_the_known(option: str, value: Any, choices: str) -> None:
    assert message(X, **{option: value}) == f"{option} is {value!r}; choose one of {choices}"


@pytest.mark.parametrize("dtype", ["bfloat16", np.float32, None])
def test_dtype_is_one_of_two(dtype: Any) -> None:
    assert message(X, dtype=dtype) == f"dtype is {dtype!r}; it must be tt.bfloat16 or tt.float32"


@pytest.mark.parametrize(("arch", "most"), [("wormhole_b0", 64), ("blackhole", 130)])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", None, 1000])
def test_cores_is_a_number_that_the_chip_has(wrong: Any, arch: str, most: int) -> None:
    assert message(X, cores=wrong, arch=arch) == f"cores is {wrong!r}; it must be a whole number from 1 to {most}"


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_one_core_more_than_the_chip_has_is_refused(arch: str) -> None:
    most = {"wormhole_b0": 64, "blackhole": 130}[arch]
    assert message(X, cores=most + 1, arch=arch) == (f"cores is {most + 1}; it must be a whole number from 1 to {most}")


@pytest.mark.parametrize("cores", [64, np.int64(2)])
def test_more_cores_than_tile_rows_are_taken(cores: Any) -> None:
    assert_right(X, cores=cores)


@pytest.mark.parametrize("depth", [0, -1, 1.5, None, 65537])
def test_cb_depth_is_a_whole_number_from_one(depth: Any) -> None:
    assert message(X, cb_depth=depth) == f"cb_depth is {depth!r}; it must be a whole number from 1 to 65536"


# ---- L1 -----------------------------------------------------------------------------------------------------


def test_a_table_that_does_not_fit_is_shown_with_what_to_shrink() -> None:
    gamma = np.ones(2048)
    assert message(np.ones((32, 2048)), gamma, gamma, design="resident") == (
        "the circular buffers need 1,454,080 bytes of L1, but wormhole_b0 has 1,393,312 for them:\n"
        f"{cb_table(2048)!r}\n"
        "Each tile row is 131,072 bytes here. Shrink c_0 and c_16 first (cb_depth=1), then W; "
        'or take design="streaming", which holds a block of the row at a time'
    )


def test_with_cb_depth_1_only_w_is_left_to_shrink() -> None:
    table = cb_table(8192, cb_depth=1, gamma=False, beta=False)
    assert message(np.ones((32, 8192)), cb_depth=1, design="resident") == (
        "the circular buffers need 2,670,592 bytes of L1, but wormhole_b0 has 1,393,312 for them:\n"
        f"{table!r}\n"
        "Each tile row is 524,288 bytes here, and cb_depth is 1 already: shrink W; "
        'or take design="streaming", which holds a block of the row at a time'
    )


def test_raw_kernels_do_not_stream() -> None:
    gamma = np.ones(2048)
    assert message(np.ones((32, 2048)), gamma, gamma, style="raw") == (
        'style="raw" shows the resident design only, and the resident design does not fit: it needs 1,454,080 bytes of '
        'L1, wormhole_b0 has 1,393,312 for circular buffers (with cb_depth=1 it would fit); take style="helpers"'
    )
    assert message(X, style="raw", design="streaming") == (
        'style="raw" shows the resident design only; take style="helpers"'
    )


def test_blocks_that_do_not_fit_are_shown_with_those_that_do() -> None:
    table = designs(16384, gamma=False, beta=False).wants.streaming(512)
    assert message(np.ones((32, 16384)), design="streaming", block=512) == (
        f"the streaming design with blocks of 512 tiles needs {table.total_size:,} bytes of L1, but wormhole_b0 has "
        f"1,393,312 for them:\n{table!r}\nTake block=64"
    )


def test_buffers_too_deep_for_one_tile_say_so() -> None:
    table = designs(64, gamma=False, beta=False, cb_depth=512).wants.streaming(1)
    assert message(X, cb_depth=512) == (
        "the streaming design with blocks of 1 tile needs 2,119,680 bytes of L1, but wormhole_b0 has "
        f"1,393,312 for them:\n{table!r}\nTake a smaller cb_depth"
    )


@pytest.mark.parametrize("block", [0, -1, 3, 1.5, "2", 128])
def test_a_block_divides_the_row(block: Any) -> None:
    assert message(X, design="streaming", block=block) == (
        f"block is {block!r}; it must divide the row's 2 tiles: choose one of 1, 2"
    )


@pytest.mark.parametrize("design", ["auto", "resident"])
def test_only_the_streaming_design_has_blocks(design: str) -> None:
    assert message(X, design=design, block=1) == (
        f'block=1 is for design="streaming", and design is \'{design}\'; add design="streaming"'
    )


# ---- residual -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64,), (64, 64), (1, 32, 64)])
def test_a_residual_has_the_shape_of_x(shape: tuple[int, ...]) -> None:
    assert message(X, residual=np.ones(shape)) == (
        f"residual has shape {list(shape)}; it is added to x, so it needs x's: [32, 64]"
    )


def test_a_residual_must_hold_numbers() -> None:
    assert message(X, residual=X > 0) == "residual holds bool; give an array of numbers"


def test_a_residual_is_not_modified() -> None:
    residual = X.copy()
    tt.layernorm_fused_rm(X, residual=residual)
    assert (residual == X).all()


def test_what_does_not_fit_wormhole_may_fit_blackhole() -> None:
    x, parameter = np.ones((32, 2048)), np.ones(2048)
    assert make_job(x, parameter, parameter, arch="blackhole").cbs.total_size == 1_454_080
