"""The SFPU's functions against numpy, in units of bf16: of one tile, of a tile and a number, of several tiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_lib import whole
from test_sfpu_mailbox import copied, in_dst, spread, units_apart

import ttlearn as tt
from ttlearn import compute
from ttlearn.compute import *

Floats = NDArray[Any]

WIDE, POSITIVE, SMALL = spread(-20, 20, negative=True), spread(-20, 20, negative=False), spread(-8, 3, negative=True)
ZEROS = np.where(whole(1, 1) > 0, WIDE, np.float32(0))
erf, erfc = np.vectorize(math.erf), np.vectorize(math.erfc)


def bits(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


def close(got: Floats, exact: Floats, units: int = 1) -> bool:
    return units_apart(got, np.asarray(exact, np.float64)) <= units


UNARY: dict[str, tuple[Callable[[Floats], Floats], Floats]] = {
    "exp2": (np.exp2, SMALL),
    "expm1": (np.expm1, SMALL),
    "log": (np.log, POSITIVE),
    "log1p": (np.log1p, POSITIVE),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), SMALL),
    "silu": (lambda x: x / (1 + np.exp(-x)), SMALL),
    "tanh": (np.tanh, SMALL),
    "gelu": (lambda x: x * 0.5 * erfc(-x / np.sqrt(2)), SMALL),
    "erf": (erf, SMALL),
    "erfc": (erfc, SMALL),
    "sin": (np.sin, spread(-8, 1, negative=True)),
    "cos": (np.cos, spread(-8, 0, negative=True)),
    "tan": (np.tan, spread(-8, 0, negative=True)),
    "negative": (np.negative, WIDE),
    "sign": (np.sign, ZEROS),
    "signbit": (np.signbit, WIDE),
    "identity": (np.array, WIDE),
    "floor": (np.floor, WIDE),
    "ceil": (np.ceil, WIDE),
    "trunc": (np.trunc, WIDE),
    "frac": (lambda x: x - np.trunc(x), WIDE),
    "isnan": (np.isnan, WIDE),
    "isinf": (np.isinf, WIDE),
    "isfinite": (np.isfinite, WIDE),
    "eqz": (lambda x: x == 0, ZEROS),
    "nez": (lambda x: x != 0, ZEROS),
    "ltz": (lambda x: x < 0, ZEROS),
    "gtz": (lambda x: x > 0, ZEROS),
    "lez": (lambda x: x <= 0, ZEROS),
    "gez": (lambda x: x >= 0, ZEROS),
}


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_tile_is_numpys(name: str, fp32_dest: bool) -> None:
    exact, x = UNARY[name]
    init = getattr(compute, f"{name}_tile_init", rounding_op_tile_init)

    def apply(idst: int) -> None:
        init()
        getattr(compute, f"{name}_tile")(idst)

    assert close(in_dst(copied(apply, 1), x, fp32_dest=fp32_dest), exact(x.astype(np.float64)))


WITH_NUMBER: dict[str, Callable[[Floats, float], Floats]] = {
    "unary_eq": lambda x, y: x == y,
    "unary_ne": lambda x, y: x != y,
    "unary_lt": lambda x, y: x < y,
    "unary_gt": lambda x, y: x > y,
    "unary_le": lambda x, y: x <= y,
    "unary_ge": lambda x, y: x >= y,
    "unary_max": np.maximum,
    "unary_min": np.minimum,
    "relu_min": np.maximum,
    "relu_max": lambda x, y: np.clip(x, 0, max(y, 0)),
    "leaky_relu": lambda x, y: np.where(x < 0, x * y, x),
    "elu": lambda x, y: np.where(x < 0, y * np.expm1(x), x),
    "heaviside": np.heaviside,
    "rsub": lambda x, y: y - x,
}


@pytest.mark.parametrize("number", [-2.0, 0.5, 3.0])
@pytest.mark.parametrize("name", WITH_NUMBER)
def test_a_function_with_a_number_takes_its_bits(name: str, number: float) -> None:
    x = whole(1, 1)

    def apply(idst: int) -> None:
        getattr(compute, f"{name}_tile_init")()
        getattr(compute, f"{name}_tile")(idst, bits(number))

    assert close(in_dst(copied(apply, 1), x), WITH_NUMBER[name](x.astype(np.float64), number))


def test_power_clamp_and_fill() -> None:
    x = whole(1, 3)

    def body() -> None:
        copied(lambda i: None, 3)()
        power_tile_init()
        power_tile(0, bits(3))
        clamp_tile_init()
        clamp_tile(1, bits(-2), bits(5))
        fill_tile_init()
        fill_tile(2, 1.5)

    got = in_dst(body, x)
    assert close(got[:, :32], x[:, :32] ** 3)
    assert (got[:, 32:64] == np.clip(x[:, 32:64], -2, 5)).all()
    assert (got[:, 64:] == 1.5).all()


@pytest.mark.parametrize("exponent", range(7))
def test_whole_powers(exponent: int) -> None:
    x = np.clip(whole(1, 1), -4, 4)

    def apply(idst: int) -> None:
        power_iterative_tile_init()
        power_iterative_tile(idst, exponent)

    assert (in_dst(copied(apply, 1), x, dtype=tt.float32) == x**exponent).all()


def test_fill_needs_nothing_in_dst() -> None:
    def body() -> None:
        fill_tile_bitcast(0, bits(-7))

    assert (in_dst(body, whole(1, 1)) == -7).all()


def test_a_number_that_is_no_bit_pattern() -> None:
    def apply(idst: int) -> None:
        relu_max_tile(idst, 6.0)  # type: ignore[arg-type]

    with pytest.raises(tt.KernelError) as error:
        in_dst(copied(apply, 1), whole(1, 1))
    assert str(error.value) == (
        "relu_max_tile: param1 is 6.0; give the bits of an fp32 number: int(np.float32(6.0).view(np.uint32))"
    )


# ---- several tiles ------------------------------------------------------------------------------------------

BINARY: dict[str, Callable[[Floats, Floats], Floats]] = {
    "add_binary": np.add,
    "sub_binary": np.subtract,
    "rsub_binary": lambda x, y: y - x,
    "mul_binary": np.multiply,
    "binary_max": np.maximum,
    "binary_min": np.minimum,
    "eq_binary": lambda x, y: x == y,
    "ne_binary": lambda x, y: x != y,
    "lt_binary": lambda x, y: x < y,
    "gt_binary": lambda x, y: x > y,
    "le_binary": lambda x, y: x <= y,
    "ge_binary": lambda x, y: x >= y,
}


@pytest.mark.parametrize("odst", [0, 1, 2])
@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_tiles(name: str, odst: int) -> None:
    x = whole(1, 2)

    def body() -> None:
        copied(lambda i: None, 2)()
        getattr(compute, f"{name}_tile_init")()
        getattr(compute, f"{name}_tile")(0, 1, odst)

    expected = np.zeros((32, 96))
    expected[:, :64] = x
    expected[:, 32 * odst :][:, :32] = BINARY[name](x[:, :32], x[:, 32:])
    assert (in_dst_wide(body, x, 3) == expected).all()


def in_dst_wide(body: Callable[[], None], x: Floats, n_out: int) -> Floats:
    """As `in_dst`, with more tiles packed than there are inputs."""
    from test_kernel_lib import Stream, no_tiles, run, tiles
    from test_sfpu_mailbox import section

    kernel = section(body, x.shape[1] // 32, n_out)
    return run(kernel, [Stream(0, tiles(x))], Stream(16, no_tiles(1, n_out))).output


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize(("name", "exact"), [("div_binary", np.divide), ("power_binary", np.power)])
def test_quotients_and_powers(name: str, exact: Callable[[Floats, Floats], Floats], fp32_dest: bool) -> None:
    x = np.hstack([POSITIVE, spread(-2, 2, negative=True)])

    def body() -> None:
        copied(lambda i: None, 2)()
        getattr(compute, f"{name}_tile")(0, 1, 0)

    wide = x.astype(np.float64)
    assert close(in_dst(body, x, fp32_dest=fp32_dest)[:, :32], exact(wide[:, :32], wide[:, 32:]))


@pytest.mark.parametrize("fp32_dest", [False, True])
def test_zero_times_inf_is_zero_only_with_a_16_bit_dst(fp32_dest: bool) -> None:
    x = np.hstack([np.zeros((32, 32)), np.full((32, 32), 2.0)]).astype(np.float32)

    def body() -> None:
        copied(lambda i: None, 2)()
        fill_tile(1, math.inf)
        mul_binary_tile(0, 1, 0)
        isnan_tile(0)

    assert (in_dst(body, x, fp32_dest=fp32_dest)[:, :32] == fp32_dest).all()


def test_copy_mask_and_where() -> None:
    x = whole(1, 4)
    a, b, c, d = (x[:, 32 * i :][:, :32] for i in range(4))

    def body() -> None:
        copied(lambda i: None, 4)()
        where_tile_init()
        where_tile(0, 1, 2, 2, data_format=DataFormat.Float32)
        mask_tile_init()
        mask_tile(0, 1)
        copy_dest_values_init()
        copy_dest_values(3, 1, DATA_FORMAT=DataFormat.Float16_b)

    expected = np.hstack([np.where(b == 0, 0, a), d, np.where(a == 0, c, b), d])
    assert (in_dst(body, x) == expected).all()


def test_a_function_of_several_tiles_sees_what_came_before_and_not_after() -> None:
    x = whole(1, 2)

    def body() -> None:
        copied(lambda i: None, 2)()
        add_binary_tile(0, 1, 1)
        fill_tile(0, 100.0)
        add_binary_tile(0, 1, 0)

    total = x[:, :32] + x[:, 32:]
    assert (in_dst(body, x) == np.hstack([100 + total, total])).all()


def test_the_mask_must_be_in_the_next_tile() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_dst(lambda: mask_tile(0, 2), whole(1, 3))
    assert str(error.value) == (
        "mask_tile(0, 2): the chip always takes the mask from the next DST tile; copy it to tile 1"
    )


def test_dst_holds_no_integers() -> None:
    with pytest.raises(tt.KernelError) as error:
        in_dst(lambda: copy_dest_values(0, 1, DATA_FORMAT=DataFormat.Int32), whole(1, 2))
    assert str(error.value) == (
        "copy_dest_values: DATA_FORMAT is DataFormat.Int32; DST holds floats here, so say Float16_b or Float32"
    )


def test_operands_must_be_in_the_section() -> None:
    with pytest.raises(tt.KernelError, match="add_binary_tile: DST tile 4 does not exist"):
        in_dst(lambda: add_binary_tile(0, 4, 0), whole(1, 1))
