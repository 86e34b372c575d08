"""SFPU functions of one tile: MATH changes a DST tile in place. Between tile_regs_acquire and tile_regs_commit.

To add one: its sum in `sim.sfpu.SFPU`, and one line below. Left out: the fast approximations, other vector modes
than RC (the whole tile).
"""

from __future__ import annotations

from collections.abc import Callable

from ..sim.arch import Arch
from ..sim.roles import Math
from ..sim.sfpu import SFPU
from ..sim.waits import Role, now
from ..sim.work import Combine, Kind, Tiles
from .state import engine

__all__ = [
    "abs_tile",
    "abs_tile_init",
    "ceil_tile",
    "cos_tile",
    "cos_tile_init",
    "eqz_tile",
    "eqz_tile_init",
    "erf_tile",
    "erf_tile_init",
    "erfc_tile",
    "erfc_tile_init",
    "exp2_tile",
    "exp2_tile_init",
    "exp_tile",
    "exp_tile_init",
    "expm1_tile",
    "expm1_tile_init",
    "floor_tile",
    "frac_tile",
    "gelu_tile",
    "gelu_tile_init",
    "gez_tile",
    "gez_tile_init",
    "gtz_tile",
    "gtz_tile_init",
    "identity_tile",
    "identity_tile_init",
    "isfinite_tile",
    "isfinite_tile_init",
    "isinf_tile",
    "isinf_tile_init",
    "isnan_tile",
    "isnan_tile_init",
    "lez_tile",
    "lez_tile_init",
    "log1p_tile",
    "log1p_tile_init",
    "log_tile",
    "log_tile_init",
    "ltz_tile",
    "ltz_tile_init",
    "negative_tile",
    "negative_tile_init",
    "nez_tile",
    "nez_tile_init",
    "recip_tile",
    "recip_tile_init",
    "relu_tile",
    "relu_tile_init",
    "rounding_op_tile_init",
    "rsqrt_tile",
    "rsqrt_tile_init",
    "sigmoid_tile",
    "sigmoid_tile_init",
    "sign_tile",
    "sign_tile_init",
    "signbit_tile",
    "signbit_tile_init",
    "silu_tile",
    "silu_tile_init",
    "sin_tile",
    "sin_tile_init",
    "sqrt_tile",
    "sqrt_tile_init",
    "square_tile",
    "square_tile_init",
    "tan_tile",
    "tan_tile_init",
    "tanh_tile",
    "tanh_tile_init",
    "trunc_tile",
]


def slow(arch: Arch) -> int:
    return arch.sfpu_slow


def like_exp(arch: Arch) -> int:
    """exp, and what is as long by the look of it (unverified)."""
    return arch.sfpu_exp


def cheap(arch: Arch) -> int:
    return arch.sfpu


def load_constants(call: str) -> None:
    """An SFPU init: MATH's, and nothing of the FPU's program."""
    risc = engine(call)
    if isinstance(risc, Math):
        risc.program()


def init_of(name: str, function: str = "") -> Callable[[], None]:
    """`name`_tile_init, or the init of `function`."""
    function = function or f"{name}_tile"

    def init() -> None:
        load_constants(f"{function}_init")

    init.__name__ = init.__qualname__ = f"{function}_init"
    init.__doc__ = f"Load the constants of `{function}`. Leaves the FPU's program alone."
    return init


def issue(
    call: str,
    idst: int,
    function: Callable[[Tiles, bool], Tiles] | Combine,
    cycles: Callable[[Arch], int],
    depth: int = 2,
) -> None:
    """One SFPU entry into DST tile `idst`. The kernel is `depth` calls up."""
    risc = engine(call)
    if isinstance(risc, Math):
        if not risc.open or not 0 <= idst < risc.limit:
            risc.check_dst(call, idst)
        work = risc.put(Kind.SFPU, depth, cycles(risc.core.device.arch), function)
        work.dst = idst


def _unary(name: str, cycles: Callable[[Arch], int] = cheap) -> Callable[[int], None]:
    call, function = f"{name}_tile", SFPU[name]

    def tile(idst: int) -> None:
        if now.role is not Role.UNPACK and now.role is not Role.PACK:
            issue(call, idst, function, cycles)

    tile.__name__ = tile.__qualname__ = call
    tile.__doc__ = f"DST[idst] = {name}(DST[idst]), element by element."
    return tile


abs_tile_init, abs_tile = init_of("abs"), _unary("abs")
cos_tile_init, cos_tile = init_of("cos"), _unary("cos", like_exp)
eqz_tile_init, eqz_tile = init_of("eqz"), _unary("eqz")
erf_tile_init, erf_tile = init_of("erf"), _unary("erf", like_exp)
erfc_tile_init, erfc_tile = init_of("erfc"), _unary("erfc", like_exp)
exp2_tile_init, exp2_tile = init_of("exp2"), _unary("exp2", like_exp)
expm1_tile_init, expm1_tile = init_of("expm1"), _unary("expm1", like_exp)
gelu_tile_init, gelu_tile = init_of("gelu"), _unary("gelu", like_exp)
gez_tile_init, gez_tile = init_of("gez"), _unary("gez")
gtz_tile_init, gtz_tile = init_of("gtz"), _unary("gtz")
identity_tile_init, identity_tile = init_of("identity"), _unary("identity")
isfinite_tile_init, isfinite_tile = init_of("isfinite"), _unary("isfinite")
isinf_tile_init, isinf_tile = init_of("isinf"), _unary("isinf")
isnan_tile_init, isnan_tile = init_of("isnan"), _unary("isnan")
lez_tile_init, lez_tile = init_of("lez"), _unary("lez")
log1p_tile_init, log1p_tile = init_of("log1p"), _unary("log1p", like_exp)
log_tile_init, log_tile = init_of("log"), _unary("log", like_exp)
ltz_tile_init, ltz_tile = init_of("ltz"), _unary("ltz")
negative_tile_init, negative_tile = init_of("negative"), _unary("negative")
nez_tile_init, nez_tile = init_of("nez"), _unary("nez")
recip_tile_init, recip_tile = init_of("recip"), _unary("recip", slow)
relu_tile_init, relu_tile = init_of("relu"), _unary("relu")
rsqrt_tile_init, rsqrt_tile = init_of("rsqrt"), _unary("rsqrt", slow)
sigmoid_tile_init, sigmoid_tile = init_of("sigmoid"), _unary("sigmoid", like_exp)
sign_tile_init, sign_tile = init_of("sign"), _unary("sign")
signbit_tile_init, signbit_tile = init_of("signbit"), _unary("signbit")
silu_tile_init, silu_tile = init_of("silu"), _unary("silu", like_exp)
sin_tile_init, sin_tile = init_of("sin"), _unary("sin", like_exp)
sqrt_tile_init, sqrt_tile = init_of("sqrt"), _unary("sqrt", slow)
square_tile_init, square_tile = init_of("square"), _unary("square")
tan_tile_init, tan_tile = init_of("tan"), _unary("tan", like_exp)
tanh_tile_init, tanh_tile = init_of("tanh"), _unary("tanh", like_exp)
rounding_op_tile_init = init_of("rounding_op")
ceil_tile = _unary("ceil")
floor_tile = _unary("floor")
frac_tile = _unary("frac")
trunc_tile = _unary("trunc")


def exp_tile_init(*, approx: bool = False) -> None:
    """Load the constants of `exp_tile`. Leaves the FPU's program alone."""
    load_constants("exp_tile_init")


def exp_tile(idst: int, *, approx: bool = False) -> None:
    """DST[idst] = exp(DST[idst]), element by element. `approx` is worse and faster on the chip, and the same here."""
    issue("exp_tile", idst, SFPU["exp"], like_exp)
