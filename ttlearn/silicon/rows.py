"""What was measured, and which program stands for it: tables A to I and the raw transfer cells.

Durations in ns as Tenstorrent has published them: EX/x = tt-metal ttnn/ttnn/operations/examples/x, PL = tt-metal
rms_norm/profile_logging.md, NL = tt-metal noc_estimator latencies (cycles). WH Wormhole B0, BH Blackhole. The programs
are rebuilt from their descriptions, not from their sources. Left out: whatever has no published duration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import mean

from ..host.run import Run
from . import compute, dataflow, programs


@dataclass(frozen=True)
class Measured:
    """One published duration and its program: `model()` runs it and gives the modelled one, in the same unit."""

    table: str  # A to I, or NL
    name: str
    measured: float
    model: Callable[[], float]


@dataclass(frozen=True)
class Group:
    """A table of durations. `counted`: its rows take part in the goals."""

    letter: str
    title: str
    source: str
    counted: bool = True


GROUPS = [
    Group("A", "relu on 256 tiles, WH, 1 core: reads a barrier (block) and CB depth in blocks", "EX/double_buffer"),
    Group("B", "DRAM copy of 4096 tiles, WH, block 4, CB of 8 tiles", "EX/dram_saturation"),
    Group("C", "copy of 4096 sticks of 2 KiB, WH, 1 core, block 8", "EX/constant_synthesis"),
    Group("D", "relu on 32 rows, WH, 1 core, block 8, depth 2", "EX/width_split"),
    Group("E", "gather of 64 tiles, L1 to L1, WH, a barrier a tile", "EX/split_reader"),
    Group("F", "two operands of 128 tiles read, BH, 1 core", "EX/dual_noc_read"),
    Group("G", "tilize, L1 to L1, WH (a zone: without launch and init)", "EX/zero_copy_fold"),
    Group("H", "row mean, HiFi4, L1 to L1, WH (a zone: without launch and start-up)", "EX/row_reduce_accumulate"),
    Group("I", "zones of rms_norm on (2048, 256), WH, 64 cores, 8 tiles a core", "PL", counted=False),
    Group("NL", "n transfers between L1 and interleaved DRAM and one barrier, WH, cycles", "NL", counted=False),
]

DEPTHS = {
    1: (162384, 131363),
    2: (110782, 81446),
    4: (93567, 58513),
    8: (84774, 59049),
    16: (81338, 60139),
    32: (80794, 62311),
}
COPIES = {1: 771739, 4: 195716, 16: 87895, 64: 86556}  # cores
WIDTHS = {1: 1817, 32: 9613, 256: 59261}  # tiles
GATHERS = {32: 146303, 256: 34803, 2048: 24051}  # bytes a read
PAIRS = {1: 60205, 4: 20267, 16: 10260}  # tiles of each operand a barrier
TILIZED = {4: 363, 64: 4694}  # tiles
MEANS = {1: 466, 8: 1566, 32: 5311}  # tiles
SIZES = (64, 512, 2048, 8192)  # bytes of a raw transfer
READS = {1: (389, 405, 470, 725), 16: (863, 879, 1457, 4623), 64: (2696, 2559, 4657, 17351), 256: (9255, 9279, 17377)}
WRITES = {1: (404, 440, 512, 754), 16: (931, 964, 1511, 5273), 256: (10293, 10325, 17523)}


def ns(program: Callable[..., Run], *arguments: int) -> Callable[[], float]:
    """Modelled duration of a whole program."""
    return lambda: program(*arguments).ns


def _rows() -> list[Measured]:
    rows = [
        Measured("A", f"block {block}, depth {depth}", measured, ns(programs.relu, 256, block, depth))
        for block, both in DEPTHS.items()
        for depth, measured in enumerate(both, 1)
    ]
    rows += [Measured("B", f"{n} core(s)", t, ns(programs.copy, 4096, 4, 2, n)) for n, t in COPIES.items()]
    rows += [Measured("C", "1 core", 539155, ns(programs.copy, 4096, 8, 2, 1, 2048))]
    rows += [Measured("D", f"{n} tile(s)", t, ns(programs.relu, n, 8, 2)) for n, t in WIDTHS.items()]
    rows += [Measured("E", f"{n} B a read", t, ns(programs.gather, n)) for n, t in GATHERS.items()]
    rows += [Measured("F", f"block {n}", t, ns(programs.pair_read, 128, n)) for n, t in PAIRS.items()]
    rows += [Measured("G", f"{n} tiles", t, partial(programs.zone, compute.tilize, n)) for n, t in TILIZED.items()]
    rows += [Measured("H", f"{n} tile(s)", t, partial(programs.zone, compute.row_mean, n)) for n, t in MEANS.items()]
    return [*rows, *_zones(), *_raw("read", READS), *_raw("write", WRITES)]


def _zones() -> list[Measured]:
    return [
        Measured("I", "read, mean of the cores", 4594, lambda: mean(programs.transfers(512, 64, read=True))),
        Measured("I", "square, without init", 660, partial(programs.zone, compute.square, 8)),
        Measured("I", "pass 2, with init", 771, partial(programs.zone, compute.scale, 8)),
        Measured("I", "write, mean of the cores", 3973, lambda: mean(programs.transfers(512, 64, read=False))),
    ]


def _raw(kind: str, cells: dict[int, tuple[int, ...]]) -> list[Measured]:
    kernel = dataflow.raw_reads if kind == "read" else dataflow.raw_writes
    return [
        Measured("NL", f"{n} {kind}(s) of {size} B", measured, partial(programs.raw, kernel, n, size))
        for n, measures in cells.items()
        for size, measured in zip(SIZES, measures, strict=False)
    ]


ROWS = _rows()
