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
    UnpackToDestMode,
    WriterConfigDescriptor,
    core_set,
    split_work_to_cores,
)
from .host.findings import Finding
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
from .sim.formats import bfloat8_b, bfloat16, float32
from .sim.fpu import MathFidelity

if TYPE_CHECKING:
    from . import cpp
    from .cells.whole import traceback
    from .host.explain import explain_watcher
    from .layernorm.op import layernorm_fused_rm, rmsnorm_fused_rm
    from .layernorm.split import layernorm_split
    from .show.stepper.widget import step
    from .trials.compare import compare
    from .trials.depths import depths
    from .trials.schedules import explore
    from .trials.shrink import shrink
    from .trials.sweep import sweep

_LATE = {
    "compare": ".trials.compare",
    "depths": ".trials.depths",
    "explain_watcher": ".host.explain",
    "explore": ".trials.schedules",
    "layernorm_fused_rm": ".layernorm.op",
    "layernorm_split": ".layernorm.split",
    "rmsnorm_fused_rm": ".layernorm.op",
    "shrink": ".trials.shrink",
    "step": ".show.stepper.widget",
    "sweep": ".trials.sweep",
    "traceback": ".cells.whole",
}

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
    "Finding",
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
    "UnpackToDestMode",
    "Violation",
    "WriterConfigDescriptor",
    "allocate_tensor_on_device",
    "bfloat8_b",
    "bfloat16",
    "compare",
    "core_set",
    "cpp",
    "depths",
    "explain_watcher",
    "explore",
    "float32",
    "from_numpy",
    "generic_op",
    "layernorm_fused_rm",
    "layernorm_split",
    "rmsnorm_fused_rm",
    "shrink",
    "split_work_to_cores",
    "step",
    "sweep",
    "to_bits",
    "to_numpy",
    "traceback",
]


def __getattr__(name: str) -> Any:
    """The op comes with its kernels and the whole kernel API, `cpp` with its parsers; what few need waits until asked."""
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name], __name__), name)
    if name == "cpp":
        return importlib.import_module(".cpp", __name__)
    raise AttributeError(f"module 'ttlearn' has no attribute {name!r}")
