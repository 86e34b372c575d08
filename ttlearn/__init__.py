"""ttlearn: learn to write kernels for Tenstorrent's Tensix cores, on a simulator that blocks, rounds and explains.

Host names are ttnn's; kernel names are in `ttlearn.dataflow` and `ttlearn.compute`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .errors import CppError, DeviceHang, HostError, KernelError, TTError, Violation
from .host.descriptors import (
    CBDescriptor,
    CBFormatDescriptor,
    ComputeConfigDescriptor,
    CoreCoord,
    CoreRange,
    CoreRangeSet,
    DataMovementConfigDescriptor,
    DataMovementProcessor,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    RuntimeArgs,
    SemaphoreDescriptor,
    TensorAccessorArgs,
    WriterConfigDescriptor,
    core_set,
    split_work_to_cores,
)
from .host.program import generic_op
from .host.run import Run
from .host.tensor import (
    ROW_MAJOR_LAYOUT,
    TILE_LAYOUT,
    Layout,
    Tensor,
    allocate_tensor_on_device,
    from_numpy,
    to_bits,
    to_numpy,
)
from .sim.formats import bfloat16, float32
from .sim.fpu import MathFidelity

if TYPE_CHECKING:
    from . import cpp
    from .layernorm.op import layernorm_fused_rm

__all__ = [
    "ROW_MAJOR_LAYOUT",
    "TILE_LAYOUT",
    "CBDescriptor",
    "CBFormatDescriptor",
    "ComputeConfigDescriptor",
    "CoreCoord",
    "CoreRange",
    "CoreRangeSet",
    "CppError",
    "DataMovementConfigDescriptor",
    "DataMovementProcessor",
    "DeviceHang",
    "HostError",
    "KernelDescriptor",
    "KernelError",
    "Layout",
    "MathFidelity",
    "ProgramDescriptor",
    "ReaderConfigDescriptor",
    "Run",
    "RuntimeArgs",
    "SemaphoreDescriptor",
    "TTError",
    "Tensor",
    "TensorAccessorArgs",
    "Violation",
    "WriterConfigDescriptor",
    "allocate_tensor_on_device",
    "bfloat16",
    "core_set",
    "cpp",
    "float32",
    "from_numpy",
    "generic_op",
    "layernorm_fused_rm",
    "split_work_to_cores",
    "to_bits",
    "to_numpy",
]


def __getattr__(name: str) -> Any:
    """The op comes with its kernels and the whole kernel API, `cpp` with its parsers; nobody else waits for them."""
    if name == "layernorm_fused_rm":
        from .layernorm.op import layernorm_fused_rm

        return layernorm_fused_rm
    if name == "cpp":
        return importlib.import_module(".cpp", __name__)
    raise AttributeError(f"module 'ttlearn' has no attribute {name!r}")
