"""SFPU functions of several tiles of DST: the operands stay, the result goes to a tile of its own or over one of them.

Unlike add_tiles and its like they take no operand from a CB: copy_tile both to DST first. Left out: the integer
forms, rounding to even of add_binary_tile.
"""

from __future__ import annotations

from collections.abc import Callable

from ..dataflow.pointers import DataFormat
from ..errors import KernelError
from ..sim.arch import Arch
from ..sim.roles import Math
from ..sim.sfpu import SFPU, mul_binary
from ..sim.waits import now
from ..sim.work import Combine, Tiles
from .sfpu import cheap, init_of, issue, like_exp, slow

__all__ = [
    "DataFormat",
    "add_binary_tile",
    "add_binary_tile_init",
    "binary_max_tile",
    "binary_max_tile_init",
    "binary_min_tile",
    "binary_min_tile_init",
    "copy_dest_values",
    "copy_dest_values_init",
    "div_binary_tile",
    "div_binary_tile_init",
    "eq_binary_tile",
    "eq_binary_tile_init",
    "ge_binary_tile",
    "ge_binary_tile_init",
    "gt_binary_tile",
    "gt_binary_tile_init",
    "le_binary_tile",
    "le_binary_tile_init",
    "lt_binary_tile",
    "lt_binary_tile_init",
    "mask_tile",
    "mask_tile_init",
    "mul_binary_tile",
    "mul_binary_tile_init",
    "ne_binary_tile",
    "ne_binary_tile_init",
    "power_binary_tile",
    "power_binary_tile_init",
    "rsub_binary_tile",
    "rsub_binary_tile_init",
    "sub_binary_tile",
    "sub_binary_tile_init",
    "where_tile",
    "where_tile_init",
]


def _combine(
    call: str,
    function: Callable[..., Tiles],
    sources: tuple[int, ...],
    odst: int,
    cycles: Callable[[Arch], int] = cheap,
) -> None:
    risc = now.risc
    if isinstance(risc, Math):
        for tile in sources:
            risc.check_dst(call, tile)
    issue(call, odst, Combine(function, sources), cycles, depth=3)


def _binary(
    call: str, function: Callable[..., Tiles], says: str, cycles: Callable[[Arch], int] = cheap
) -> Callable[[int, int, int], None]:
    def tile(idst0: int, idst1: int, odst: int) -> None:
        _combine(call, function, (idst0, idst1), odst, cycles)

    tile.__name__ = tile.__qualname__ = call
    tile.__doc__ = f"DST[odst] = {says}, element by element."
    return tile


add_binary_tile_init = init_of("add_binary")
add_binary_tile = _binary("add_binary_tile", SFPU["add_binary"].of, "DST[idst0] + DST[idst1]")
sub_binary_tile_init = init_of("sub_binary")
sub_binary_tile = _binary("sub_binary_tile", SFPU["sub_binary"].of, "DST[idst0] - DST[idst1]")
rsub_binary_tile_init = init_of("rsub_binary")
rsub_binary_tile = _binary("rsub_binary_tile", SFPU["rsub_binary"].of, "DST[idst1] - DST[idst0]")
mul_binary_tile_init = init_of("mul_binary")
mul_binary_tile = _binary("mul_binary_tile", mul_binary, "DST[idst0] * DST[idst1]")
div_binary_tile_init = init_of("div_binary")
div_binary_tile = _binary("div_binary_tile", SFPU["div_binary"].of, "DST[idst0] / DST[idst1]", slow)
power_binary_tile_init = init_of("power_binary")
power_binary_tile = _binary("power_binary_tile", SFPU["power_binary"].of, "DST[idst0] ** DST[idst1]", like_exp)
eq_binary_tile_init = init_of("eq_binary")
eq_binary_tile = _binary("eq_binary_tile", SFPU["eq_binary"].of, "1 where DST[idst0] == DST[idst1], else 0")
ne_binary_tile_init = init_of("ne_binary")
ne_binary_tile = _binary("ne_binary_tile", SFPU["ne_binary"].of, "1 where DST[idst0] != DST[idst1], else 0")
lt_binary_tile_init = init_of("lt_binary")
lt_binary_tile = _binary("lt_binary_tile", SFPU["lt_binary"].of, "1 where DST[idst0] < DST[idst1], else 0")
gt_binary_tile_init = init_of("gt_binary")
gt_binary_tile = _binary("gt_binary_tile", SFPU["gt_binary"].of, "1 where DST[idst0] > DST[idst1], else 0")
le_binary_tile_init = init_of("le_binary")
le_binary_tile = _binary("le_binary_tile", SFPU["le_binary"].of, "1 where DST[idst0] <= DST[idst1], else 0")
ge_binary_tile_init = init_of("ge_binary")
ge_binary_tile = _binary("ge_binary_tile", SFPU["ge_binary"].of, "1 where DST[idst0] >= DST[idst1], else 0")
binary_max_tile_init = init_of("binary_max")
binary_max_tile = _binary("binary_max_tile", SFPU["binary_max"].of, "max(DST[idst0], DST[idst1])")
binary_min_tile_init = init_of("binary_min")
binary_min_tile = _binary("binary_min_tile", SFPU["binary_min"].of, "min(DST[idst0], DST[idst1])")


def _only_floats(call: str, name: str, data_format: DataFormat) -> None:
    if data_format not in (DataFormat.Float32, DataFormat.Float16_b):
        raise KernelError(f"{call}: {name} is {data_format}; DST holds floats here, so say Float16_b or Float32")


copy_dest_values_init = init_of("", "copy_dest_values")


def copy_dest_values(idst_in: int, idst_out: int, *, DATA_FORMAT: DataFormat = DataFormat.Float16_b) -> None:
    """DST[idst_out] = DST[idst_in]."""
    _only_floats("copy_dest_values", "DATA_FORMAT", DATA_FORMAT)
    _combine("copy_dest_values", SFPU["copy_dest_values"].of, (idst_in,), idst_out)


mask_tile_init = init_of("mask")


def mask_tile(idst_data: int, idst2_mask: int, data_format: DataFormat = DataFormat.Float16_b) -> None:
    """DST[idst_data] = 0 where the mask is 0. The mask must be in the next tile: the chip looks nowhere else."""
    _only_floats("mask_tile", "data_format", data_format)
    if idst2_mask != idst_data + 1:
        raise KernelError(
            f"mask_tile({idst_data}, {idst2_mask}): the chip always takes the mask from the next DST tile; "
            f"copy it to tile {idst_data + 1}"
        )
    _combine("mask_tile", SFPU["mask"].of, (idst_data, idst2_mask), idst_data)


where_tile_init = init_of("where")


def where_tile(
    idst0: int, idst1: int, idst2: int, odst: int, *, data_format: DataFormat = DataFormat.Float16_b
) -> None:
    """DST[odst] = DST[idst1] where DST[idst0] is not 0, else DST[idst2]."""
    _only_floats("where_tile", "data_format", data_format)
    _combine("where_tile", SFPU["where"].of, (idst0, idst1, idst2), odst)
