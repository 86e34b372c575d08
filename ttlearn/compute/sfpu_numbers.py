"""SFPU functions of one tile and a number: MATH changes a DST tile in place.

The number is given by its fp32 bits, as a kernel's arguments are: `param1 = int(np.float32(x).view(np.uint32))`.
Left out: the integer forms, `rdiv_tile`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from ..errors import KernelError
from ..kernel import integer
from ..sim.arch import Arch
from ..sim.sfpu import SFPU
from ..sim.work import Tiles
from .sfpu import cheap, init_of, issue, like_exp

__all__ = [
    "add_unary_tile",
    "binop_with_scalar_tile_init",
    "clamp_tile",
    "clamp_tile_init",
    "div_unary_tile",
    "elu_tile",
    "elu_tile_init",
    "fill_tile",
    "fill_tile_bitcast",
    "fill_tile_init",
    "heaviside_tile",
    "heaviside_tile_init",
    "leaky_relu_tile",
    "leaky_relu_tile_init",
    "mul_unary_tile",
    "power_iterative_tile",
    "power_iterative_tile_init",
    "power_tile",
    "power_tile_init",
    "relu_max_tile",
    "relu_max_tile_init",
    "relu_min_tile",
    "relu_min_tile_init",
    "rsub_tile",
    "rsub_tile_init",
    "rsub_unary_tile",
    "sub_unary_tile",
    "unary_eq_tile",
    "unary_eq_tile_init",
    "unary_ge_tile",
    "unary_ge_tile_init",
    "unary_gt_tile",
    "unary_gt_tile_init",
    "unary_le_tile",
    "unary_le_tile_init",
    "unary_lt_tile",
    "unary_lt_tile_init",
    "unary_max_tile",
    "unary_max_tile_init",
    "unary_min_tile",
    "unary_min_tile_init",
    "unary_ne_tile",
    "unary_ne_tile_init",
]


@cache
def _with(name: str, *bits: int) -> Callable[[Tiles, bool], Tiles]:
    values = [float(np.uint32(b).view(np.float32)) for b in bits]
    return lambda x, fp32_dest: SFPU[name](x, fp32_dest, *values)


def _check(call: str, name: str, bits: object) -> None:
    if not isinstance(bits, (int, np.integer)) or not 0 <= bits < 1 << 32:
        raise KernelError(
            f"{call}: {name} is {bits!r}; give the bits of an fp32 number: int(np.float32({bits}).view(np.uint32))"
        )


def _scalar(
    name: str, call: str = "", says: str = "", cycles: Callable[[Arch], int] = cheap
) -> Callable[[int, int], None]:
    call = call or f"{name}_tile"

    def tile(idst: int, param1: int) -> None:
        _check(call, "param1", param1)
        issue(call, idst, _with(name, param1), cycles)

    tile.__name__ = tile.__qualname__ = call
    tile.__doc__ = f"DST[idst] = {says or name + '(DST[idst], x)'} where `param1` is the fp32 bit pattern of x."
    return tile


binop_with_scalar_tile_init = init_of("binop_with_scalar")
add_unary_tile = _scalar("add", "add_unary_tile")
sub_unary_tile = _scalar("sub", "sub_unary_tile")
mul_unary_tile = _scalar("mul", "mul_unary_tile")
div_unary_tile = _scalar("mul", "div_unary_tile")  # takes the bits of 1/x
rsub_unary_tile = _scalar("rsub", "rsub_unary_tile")
rsub_tile_init, rsub_tile = init_of("rsub"), _scalar("rsub")

unary_eq_tile_init, unary_eq_tile = init_of("unary_eq"), _scalar("unary_eq", says="1 if DST[idst] == x else 0")
unary_ne_tile_init, unary_ne_tile = init_of("unary_ne"), _scalar("unary_ne", says="1 if DST[idst] != x else 0")
unary_lt_tile_init, unary_lt_tile = init_of("unary_lt"), _scalar("unary_lt", says="1 if DST[idst] < x else 0")
unary_gt_tile_init, unary_gt_tile = init_of("unary_gt"), _scalar("unary_gt", says="1 if DST[idst] > x else 0")
unary_le_tile_init, unary_le_tile = init_of("unary_le"), _scalar("unary_le", says="1 if DST[idst] <= x else 0")
unary_ge_tile_init, unary_ge_tile = init_of("unary_ge"), _scalar("unary_ge", says="1 if DST[idst] >= x else 0")
unary_max_tile_init, unary_max_tile = init_of("unary_max"), _scalar("unary_max", says="max(DST[idst], x)")
unary_min_tile_init, unary_min_tile = init_of("unary_min"), _scalar("unary_min", says="min(DST[idst], x)")
relu_min_tile_init, relu_min_tile = init_of("relu_min"), _scalar("relu_min", says="max(DST[idst], x)")
relu_max_tile_init, relu_max_tile = init_of("relu_max"), _scalar("relu_max", says="max(min(DST[idst], x), 0)")
heaviside_tile_init = init_of("heaviside")
heaviside_tile = _scalar("heaviside", says="0 below 0, 1 above, and at 0 x,")
elu_tile_init, elu_tile = init_of("elu"), _scalar("elu", says="x * (exp(DST[idst]) - 1) below 0,", cycles=like_exp)
power_tile_init, power_tile = init_of("power"), _scalar("power", says="DST[idst] ** x", cycles=like_exp)
leaky_relu_tile_init = init_of("leaky_relu")


def leaky_relu_tile(idst: int, slope: int = 0) -> None:
    """DST[idst] = DST[idst] * x below 0, where `slope` is the fp32 bit pattern of x."""
    _check("leaky_relu_tile", "slope", slope)
    issue("leaky_relu_tile", idst, _with("leaky_relu", slope), cheap)


power_iterative_tile_init = init_of("power_iterative")


@cache
def _to_the(exponent: int) -> Callable[[Tiles, bool], Tiles]:
    return lambda x, fp32_dest: SFPU["power_iterative"](x, fp32_dest, exponent)


def power_iterative_tile(idst: int, param0: int) -> None:
    """DST[idst] = DST[idst] to the power of the whole number `param0` (no bit pattern)."""
    issue("power_iterative_tile", idst, _to_the(integer("power_iterative_tile", "param0", param0)), cheap)


clamp_tile_init = init_of("clamp")


def clamp_tile(idst: int, param0: int, param1: int) -> None:
    """DST[idst] between x and y, where `param0` and `param1` are the fp32 bit patterns of x and y."""
    _check("clamp_tile", "param0", param0)
    _check("clamp_tile", "param1", param1)
    issue("clamp_tile", idst, _with("clamp", param0, param1), cheap)


fill_tile_init = init_of("fill")


def fill_tile(idst: int, param0: float) -> None:
    """DST[idst] = the number `param0` everywhere (a float, no bit pattern)."""
    issue("fill_tile", idst, _with("fill", int(np.float32(param0).view(np.uint32))), cheap)


def fill_tile_bitcast(idst: int, param0: int) -> None:
    """DST[idst] = x everywhere, where `param0` is the fp32 bit pattern of x."""
    _check("fill_tile_bitcast", "param0", param0)
    issue("fill_tile_bitcast", idst, _with("fill", param0), cheap)
