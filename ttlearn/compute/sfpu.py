"""SFPU functions: MATH changes a DST tile in place. Between tile_regs_acquire and tile_regs_commit.

To add one: its sum in `sim.fpu.SFPU`, and one line below. Left out: the fast approximations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from ..errors import KernelError
from ..sim.arch import Arch
from ..sim.sfpu import SFPU
from ..sim.trisc import Math
from ..sim.waits import Role, now
from ..sim.work import Kind, Tiles
from .state import engine

__all__ = [
    "abs_tile",
    "abs_tile_init",
    "add_unary_tile",
    "binop_with_scalar_tile_init",
    "div_unary_tile",
    "exp_tile",
    "exp_tile_init",
    "mul_unary_tile",
    "recip_tile",
    "recip_tile_init",
    "relu_tile",
    "relu_tile_init",
    "rsqrt_tile",
    "rsqrt_tile_init",
    "rsub_unary_tile",
    "sqrt_tile",
    "sqrt_tile_init",
    "square_tile",
    "square_tile_init",
    "sub_unary_tile",
]


def _slow(arch: Arch) -> int:
    return arch.sfpu_slow


def _exp(arch: Arch) -> int:
    return arch.sfpu_exp


def _cheap(arch: Arch) -> int:
    return arch.sfpu


def _init(name: str) -> Callable[[], None]:
    def init() -> None:
        engine(f"{name}_tile_init")

    init.__name__ = init.__qualname__ = f"{name}_tile_init"
    init.__doc__ = f"Load the constants of `{name}_tile`. Leaves the FPU's program alone."
    return init


def _issue(call: str, idst: int, function: Callable[[Tiles, bool], Tiles], cycles: Callable[[Arch], int]) -> None:
    risc = engine(call)
    if isinstance(risc, Math):
        if not risc.open or not 0 <= idst < risc.limit:
            risc.check_dst(call, idst)
        work = risc.put(Kind.SFPU, 2, cycles(risc.core.device.arch), function)
        work.dst = idst


def _unary(name: str, cycles: Callable[[Arch], int] = _cheap) -> Callable[[int], None]:
    call, function = f"{name}_tile", SFPU[name]

    def tile(idst: int) -> None:
        if now.role is not Role.UNPACK and now.role is not Role.PACK:
            _issue(call, idst, function, cycles)

    tile.__name__ = tile.__qualname__ = call
    tile.__doc__ = f"DST[idst] = {name}(DST[idst]), element by element."
    return tile


@cache
def _with_scalar(name: str, bits: int) -> Callable[[Tiles, bool], Tiles]:
    value = float(np.uint32(bits).view(np.float32))
    return lambda x, fp32_dest: SFPU[name](x, fp32_dest, value)


def _scalar(name: str, call: str = "") -> Callable[[int, int], None]:
    call = call or f"{name}_unary_tile"

    def tile(idst: int, param1: int) -> None:
        if not isinstance(param1, (int, np.integer)) or not 0 <= param1 < 1 << 32:
            raise KernelError(
                f"{call}: param1 is {param1!r}; give the bits of an fp32 number: "
                f"int(np.float32({param1}).view(np.uint32))"
            )
        _issue(call, idst, _with_scalar(name, param1), _cheap)

    tile.__name__ = tile.__qualname__ = call
    tile.__doc__ = f"DST[idst] = {name}(DST[idst], x) where `param1` is the fp32 bit pattern of x."
    return tile


rsqrt_tile_init, rsqrt_tile = _init("rsqrt"), _unary("rsqrt", _slow)
sqrt_tile_init, sqrt_tile = _init("sqrt"), _unary("sqrt", _slow)
recip_tile_init, recip_tile = _init("recip"), _unary("recip", _slow)
exp_tile_init, exp_tile = _init("exp"), _unary("exp", _exp)
relu_tile_init, relu_tile = _init("relu"), _unary("relu")
abs_tile_init, abs_tile = _init("abs"), _unary("abs")
square_tile_init, square_tile = _init("square"), _unary("square")

binop_with_scalar_tile_init = _init("binop_with_scalar")
add_unary_tile = _scalar("add")
sub_unary_tile = _scalar("sub")
mul_unary_tile = _scalar("mul")
div_unary_tile = _scalar("mul", "div_unary_tile")  # takes the bits of 1/x
rsub_unary_tile = _scalar("rsub")
