"""Which init belongs to an operation, and which calls stand in a role that has no part in them.

Only names that the API has. Left out: whether the model needs the init (`compute.programs`).
"""

from __future__ import annotations

import re

from ...count.made import Made
from ...count.poly import Poly

NOWHERE = -1
_OWN = {
    "matmul_tiles": "matmul_init",
    "matmul_block": "matmul_block_init",
    "binary_dest_reuse_tiles": "binary_dest_reuse_tiles_init",
}
_DIMENSIONS = {"COL": "bcast_cols_", "ROW": "bcast_rows_", "SCALAR": "bcast_scalar_", "NONE": ""}
_PLACES = {  # where a call has what its init is given; NOWHERE: the call does not have it
    "pack_untilize_init": (0, 2),
    "tilize_init": (0, 1, 2),
    "reduce_init": (0, 1, NOWHERE),
    "binary_dest_reuse_tiles_init": (0,),
    "matmul_block_init": (0, 1, NOWHERE),
}
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


def arguments(init: str, counts: tuple[Poly | None, ...]) -> str:
    """What to give the init, told from the arguments of its operation's call: `c_0, c_1`, and `…` for what that does not have."""
    places = _PLACES.get(init, (0,) if init.startswith(("copy", "transpose", "untilize")) else (0, 1))
    given = [counts[k] if 0 <= k < len(counts) else None for k in places]
    told = [int(count.constant) if count is not None and count.constant is not None else None for count in given]
    words = [
        "…" if number is None else str(number) if (init, k) == ("tilize_init", 1) else f"c_{number}"
        for k, number in enumerate(told)
    ]
    return "…" if None in told[:1] else ", ".join(words)


def of_the_engine(made: Made) -> bool:
    """Does this call program the engine for an operation? An SFPU operation's init does not."""
    sfpu = made.call.endswith("_tile_init") and made.call not in ("copy_tile_init",)
    return "_init" in made.call and "uninit" not in made.call and not sfpu


def other_role(made: Made, role: str) -> str:
    """`MATH()`, if a call stands under `if MATH()`, so that `role` never makes it; else empty."""
    texts = [trip.text for trip in made.around]
    return next((f"{other}()" for other in _ROLES if other != role and f"if {other}()" in texts), "")
