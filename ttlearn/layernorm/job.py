"""The checked arguments of the op as tensors, a CB table that may be edited, and the design they were chosen for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..host.tensor import Tensor, allocate_tensor_on_device, from_numpy
from ..sim.arch import ARCHS
from ..sim.formats import Format, bfloat16
from .cbs import CBTable
from .checks import added, check_choice, check_epsilon, check_input, check_number, choose, parameter
from .compute import LAST_PHASE
from .designs import designs


@dataclass
class Job:
    """Everything that makes a program out of tensors. `block`: tiles of the streaming design's blocks."""

    x: Tensor
    gamma: Tensor | None
    beta: Tensor | None
    output: Tensor
    epsilon: float
    recentre: bool
    fp32_dest_acc_en: bool
    pages: str
    style: str
    cores: int
    cbs: CBTable
    arch: str
    last: int = LAST_PHASE
    residual: Tensor | None = None
    rms: bool = False
    design: str = "resident"
    why: str = ""
    block: int = 0

    @property
    def width(self) -> int:
        return self.x.shape[-1]

    @property
    def tile_rows(self) -> int:
        return self.x.buffer_num_pages() // 32

    @property
    def tensors(self) -> list[Tensor]:
        return [t for t in (self.x, self.gamma, self.beta, self.residual) if t is not None] + [self.output]


def make_job(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    recentre: bool = False,
    dtype: Format = bfloat16,
    fp32_dest_acc_en: bool = True,
    pages: str = "sticks",
    style: str = "helpers",
    cores: int = 1,
    cb_depth: int = 2,
    arch: str = "wormhole_b0",
    design: str = "auto",
    block: int | None = None,
    residual: ArrayLike | None = None,
    rms: bool = False,
) -> Job:
    """The checked arguments of the op, as tensors and a CB table that may still be edited. `rms`: RMSNorm, no mean."""
    values = np.asarray(x)
    check_input(values, dtype)
    width = values.shape[-1]
    check_choice("pages", pages, ("sticks", "tiles"))
    check_choice("style", style, ("helpers", "raw"))
    check_choice("design", design, ("auto", "resident", "streaming"))
    check_choice("arch", arch, tuple(ARCHS))
    check_number("cores", cores, ARCHS[arch].grid[0] * ARCHS[arch].grid[1])
    check_number("cb_depth", cb_depth, 1 << 16)
    check_epsilon(epsilon)
    both = designs(
        width,
        dtype,
        pages=pages,
        cb_depth=cb_depth,
        gamma=gamma is not None,
        beta=beta is not None,
        residual=residual is not None,
        rms=rms,
        recentre=bool(recentre),
        arch=arch,
    )
    chosen, tiles = choose(both, design, style, block)
    return Job(
        from_numpy(values, dtype),
        parameter("gamma", gamma, width, dtype),
        parameter("beta", beta, width, dtype),
        allocate_tensor_on_device(values.shape, dtype),
        float(epsilon),
        recentre,
        fp32_dest_acc_en,
        pages,
        style,
        cores,
        both.wants.streaming(tiles) if tiles else both.resident,
        arch,
        residual=added(residual, values.shape, dtype),
        rms=rms,
        design=chosen,
        why=both.why if design == "auto" else "it was asked for",
        block=tiles,
    )
