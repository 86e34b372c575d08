"""What `layernorm_split` refuses beside what the op refuses: groups that are no rectangle, parts larger than L1."""

from __future__ import annotations

import numpy as np

from ..errors import HostError
from ..sim.arch import ARCHS
from .cbs import CBTable
from .checks import check_number
from .split_places import Coordinates, rectangles


def groups_of(cores: int, groups: int, wt: int, arch: str) -> list[tuple[Coordinates, ...]]:
    """The cores of each group."""
    grid = ARCHS[arch].grid
    check_number("cores", cores, grid[0] * grid[1])
    if cores == 1:
        raise HostError("cores is 1, and a row is split over 2 or more; on one core use tt.layernorm_fused_rm")
    if cores > wt:
        raise HostError(
            f"cores is {cores}, but a row of {wt * 32} has only {wt} tiles to split; use at most {wt} cores"
        )
    found = rectangles(int(cores), grid)
    if not found:
        raise HostError(
            f"cores is {cores}; a result is multicast to a rectangle of cores, and {cores} cores make none on the "
            f"{grid[0]}x{grid[1]} grid of {arch}: use {_nearest(cores, grid)}"
        )
    if not isinstance(groups, (int, np.integer)) or not 1 <= groups <= len(found):
        raise HostError(f"groups is {groups!r}; {arch} has room for 1 to {len(found)} groups of {cores} cores")
    return found[:groups]


def _nearest(cores: int, grid: Coordinates) -> int:
    fits = [n for n in range(2, grid[0] * grid[1] + 1) if rectangles(n, grid)]
    return min(fits, key=lambda n: abs(n - cores))


def check_l1(table: CBTable, arch: str, cores: int) -> None:
    budget = ARCHS[arch].l1_bytes - ARCHS[arch].cb_base
    if table.total_size > budget:
        raise HostError(
            f"the circular buffers of one of {cores} cores need {table.total_size:,} bytes of L1, but {arch} has "
            f"{budget:,} for them:\n{table!r}\nSplit over more cores, or shrink c_0 and c_16 with cb_depth=1"
        )
