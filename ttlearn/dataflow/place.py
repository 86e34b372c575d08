"""Where a kernel runs, and where its arguments lie in L1: for data movement and compute alike.

The host's argument words stand in L1, so a kernel may walk over them with a pointer. Left out: sub-devices, so
relative coordinates are the absolute ones; `get_arg_val` does not see what a kernel writes over its arguments.
"""

from __future__ import annotations

import numpy as np

from ..errors import KernelError
from ..kernel import MOST_ARGUMENTS, integer, running

__all__ = [
    "get_absolute_logical_x",
    "get_absolute_logical_y",
    "get_arg_addr",
    "get_common_arg_addr",
    "get_relative_logical_x",
    "get_relative_logical_y",
]

_ROOM = 2048  # bytes reserved for them


def _address(call: str, index: int, common: bool) -> int:
    """Their L1 address; the words are put there at the first call."""
    risc = running(call)
    core, values = risc.core, risc.common_args if common else risc.runtime_args
    if integer(call, "the index", index) > len(values):
        what = "common_runtime_args" if common else "runtime_args"
        raise KernelError(
            f"{call}({index}): {risc.code.co_name} has {len(values)} {what} on core {core.xy}; "
            "add to them in its KernelDescriptor, or use a smaller index"
        )
    if len(values) > MOST_ARGUMENTS:
        raise KernelError(
            f"{call}: {len(values)} arguments; a kernel has at most {MOST_ARGUMENTS} on the chip, use a tensor"
        )
    slot = 2 * min(risc.number % 5, 2) + common  # BRISC, NCRISC, and the three TRISCs together
    base: int = core.device.arch.args_base + slot * _ROOM
    if slot not in core.arguments:
        core.arguments.add(slot)
        core.l1.data[base : base + 4 * len(values)] = np.array(values, np.int64).astype(np.uint32).view(np.uint8)
    return base + 4 * index


def get_arg_addr(arg_idx: int) -> int:
    """L1 byte address of a runtime argument: `tt_l1_ptr(uint32_t, get_arg_addr(3))` is an array of them."""
    return _address("get_arg_addr", arg_idx, common=False)


def get_common_arg_addr(arg_idx: int) -> int:
    """L1 byte address of a common runtime argument."""
    return _address("get_common_arg_addr", arg_idx, common=True)


def get_absolute_logical_x() -> int:
    """x of this core on the compute grid."""
    x: int = running("get_absolute_logical_x").core.xy[0]
    return x


def get_absolute_logical_y() -> int:
    """y of this core on the compute grid."""
    y: int = running("get_absolute_logical_y").core.xy[1]
    return y


def get_relative_logical_x() -> int:
    """x of this core, counted from its sub-device's corner: here the whole grid's."""
    return get_absolute_logical_x()


def get_relative_logical_y() -> int:
    """y of this core, counted from its sub-device's corner: here the whole grid's."""
    return get_absolute_logical_y()
