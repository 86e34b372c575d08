"""Which init belongs to an operation, and which calls stand in a role that has no part in them.

Only names that the API has. Left out: whether the model needs the init (`compute.programs`).
"""

from __future__ import annotations

import re

from ...count.made import Made

_OWN = {
    "matmul_tiles": "matmul_init",
    "matmul_block": "matmul_block_init",
    "binary_dest_reuse_tiles": "binary_dest_reuse_tiles_init",
}
_DIMENSIONS = {"COL": "bcast_cols_", "ROW": "bcast_rows_", "SCALAR": "bcast_scalar_", "NONE": ""}
_ROLES = ("UNPACK", "MATH", "PACK")


def init_of(call: str, text: str = "") -> str:
    """`mul_bcast_cols_init` for mul_tiles_bcast_cols; of a `…_tiles_bcast` the `text` tells. Empty if it is not told."""
    if call in _OWN:
        return _OWN[call]
    if call.endswith("_tiles_bcast"):
        named = re.search(r"tBcastDim\s*=\s*(?:\w+(?:\.|::))*(\w+)|<\s*(?:\w+::)*(\w+)\s*>", text)
        dimension = next((part for part in named.groups() if part), "") if named else ""
        middle = _DIMENSIONS.get(dimension)
        return "" if middle is None else f"{call.removesuffix('tiles_bcast')}{middle}init"
    for ending in ("_tiles", "_tile", "_block"):
        call = call.replace(ending, "")
    return f"{call}_init"


def of_the_engine(made: Made) -> bool:
    """Does this call program the engine for an operation? An SFPU operation's init does not."""
    sfpu = made.call.endswith("_tile_init") and made.call not in ("copy_tile_init",)
    return "_init" in made.call and "uninit" not in made.call and not sfpu


def other_role(made: Made, role: str) -> str:
    """`MATH()`, if a call stands under `if MATH()`, so that `role` never makes it; else empty."""
    texts = [trip.text for trip in made.around]
    return next((f"{other}()" for other in _ROLES if other != role and f"if {other}()" in texts), "")
