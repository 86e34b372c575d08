"""What a program leaves behind: output, cycles, trace, CB counts, violations.

A `Run` reads the trace and the device's final state; it changes nothing. Cycles are the model's, on the
constants of `sim.arch`. Left out: how its measures are made and drawn (`ttlearn.measure`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..cells.table import Table
from ..errors import HostError
from ..sim.device import Device
from ..sim.trace import Trace
from ..sim.work import Kind
from .descriptors import ProgramDescriptor
from .tensor import Tensor, to_numpy

if TYPE_CHECKING:
    from ..measure.occupancy import Occupancy
    from ..measure.roofline import Roofline
    from ..measure.stalls import Stalls
    from ..measure.timeline import Timeline
    from ..measure.traffic import Traffic


MANY = 40  # CBs that are shown one by one


@dataclass(frozen=True)
class CBReport:
    """One CB of one core after a run, in pages."""

    core: tuple[int, int]
    index: int
    num_pages: int
    page_size: int
    pushed: int
    popped: int
    high_water: int
    producer: str | None
    consumer: str | None

    @property
    def left_over(self) -> int:
        return self.pushed - self.popped


class CBReports(list[CBReport]):
    """Shown as a table; of many cores, the first CBs."""

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()

    def table(self, title: str = "Circular buffers, in pages") -> Table:
        """A row a CB."""
        cores = len({report.core for report in self})
        shown = self[:MANY]
        head = ["CB", "pages", "page (B)", "pushed", "popped", "left", "high water"]
        rows = [
            [
                f"c_{r.index}",
                *(f"{n:,}" for n in (r.num_pages, r.page_size, r.pushed, r.popped, r.left_over, r.high_water)),
            ]
            for r in shown
        ]
        if cores > 1:
            head, rows = ["core", *head], [[str(r.core), *row] for r, row in zip(shown, rows, strict=True)]
        notes = [f"and {len(self) - MANY} more"] if len(self) > MANY else []
        return Table(title, head, rows, notes)


class Run:
    """The result of `generic_op`."""

    def __init__(
        self,
        device: Device,
        tensors: list[Tensor],
        violations: list[str],
        prints: list[str],
        program: ProgramDescriptor | None = None,
    ) -> None:
        self.device, self.tensors, self.violations, self.prints = device, tensors, violations, prints
        self.program = program
        self.details: dict[str, Any] = {}  # what an op wants to hand on beside its output

    @property
    def trace(self) -> Trace:
        return self.device.trace

    @cached_property
    def output(self) -> NDArray[np.float32]:
        """The last tensor's values, in its shape."""
        return to_numpy(self.tensors[-1])

    @cached_property
    def cycles(self) -> int:
        """Modelled duration in clock cycles."""
        return self.device.cycles

    @property
    def ns(self) -> float:
        """Modelled duration in nanoseconds."""
        return self.cycles / self.device.arch.clock_ghz

    @cached_property
    def cbs(self) -> CBReports:
        """Every CB of every core."""
        moves: dict[tuple[tuple[int, int], int], list[tuple[int, int]]] = {}
        for fact in self.trace.facts:
            if fact.what in ("push", "pop"):
                index, pages, _ = fact.detail
                moves.setdefault((fact.core, index), []).append((fact.start, pages if fact.what == "push" else -pages))
        reports = CBReports()
        for xy, core in self.device.cores.items():
            for index, cb in sorted(core.cbs.items()):
                steps = [pages for _, pages in sorted(moves.get((xy, index), []))]
                high = max([0, *np.cumsum(steps).tolist()])
                pushed, popped = sum(p for p in steps if p > 0), -sum(p for p in steps if p < 0)
                reports.append(
                    CBReport(xy, index, cb.num_pages, cb.page_size, pushed, popped, high, cb.producer, cb.consumer)
                )
        return reports

    @cached_property
    def counters(self) -> dict[str, int]:
        """Transfers and bytes, tiles unpacked, computed and packed, summed over all cores."""
        count = dict.fromkeys(
            ("dram_reads", "dram_read_bytes", "dram_writes", "dram_write_bytes", "noc_transactions"), 0
        )
        for fact in self.trace.facts:
            if fact.what.startswith("noc "):
                count["noc_transactions"] += 1
                if fact.detail[3] == "dram":
                    kind = fact.what[4:]
                    count[f"dram_{kind}s"] += 1
                    count[f"dram_{kind}_bytes"] += fact.detail[0]
        kinds = {Kind.UNPACK: "tiles_unpacked", Kind.MATH: "math_ops", Kind.PACK: "tiles_packed"}
        for work in self.trace.tiles:
            if work.kind in kinds:
                count[kinds[work.kind]] = count.get(kinds[work.kind], 0) + len(work.starts)
        return count

    def stalls(self) -> Stalls:
        """Where the time went: each RISC and engine thread busy, or waiting for what, in percent that add up to 100."""
        from ..measure.stalls import stalls  # here and below: few runs are asked, and importing takes its time

        return stalls(self.device)

    @cached_property
    def bottleneck(self) -> str:
        """What sets the time, in one sentence, then bandwidths against DRAM's limits and cycles per tile."""
        from ..measure.bottleneck import bottleneck

        return bottleneck(self.device)

    def timeline(self, core: tuple[int, int] | None = None, begin: int = 0, end: int | None = None) -> Timeline:
        """What each RISC, engine thread and NOC of a core (the first, if none is named) does, cycle by cycle."""
        from ..measure.timeline import timeline

        return timeline(self.device, core, begin, end)

    def occupancy(self, core: tuple[int, int] | None = None) -> Occupancy:
        """How full each CB of a core (the first, if none is named) is over time."""
        from ..measure.occupancy import occupancy

        return occupancy(self.device, core)

    def roofline(self) -> Roofline:
        """What was asked of DRAM, links and engine threads, beside the most that each gives."""
        from ..measure.roofline import roofline

        return roofline(self.device)

    def traffic(self) -> Traffic:
        """Which core sent how many bytes to whom, over which NOC: a table, or drawn on the chip's grid."""
        from ..measure.traffic import traffic

        return traffic(self.device)

    def save_perfetto(self, path: str | Path) -> Path:
        """Write the run as Chrome trace JSON, for ui.perfetto.dev."""
        from ..measure.perfetto import save

        return save(self.device, path)

    def watcher(self, at: int | None = None) -> str:
        """The watcher's lines, as the chip's own prints them: at the end of the run, hung or not, or at cycle `at`."""
        from ..debug.board import watcher  # only here: few runs are asked for it

        if at is not None and at < 0:
            raise HostError(f"watcher(at={at}): the run has cycles 0 to {self.cycles:,}; leave `at` out for its end")
        return watcher.dump(self.device, watcher.END if at is None else at)

    def _title(self) -> str:
        out = self.tensors[-1]
        return (
            f"Run on {self.device.arch.name}, {len(self.device.cores)} core(s): {self.cycles:,} cycles (model), "
            f"{self.ns / 1000:.1f} us; output {list(out.shape)} {out.dtype.name.lower()}"
        )

    def _repr_html_(self) -> str:
        """What the text says, as a table."""
        reports = CBReports(self.cbs if not self.device.many else [])
        table = reports.table(self._title())
        violations = [f"violation: {text}" for text in self.violations[:10]]
        return replace(table, notes=[*table.notes, *violations]).html()

    def __repr__(self) -> str:
        lines = [self._title()]
        for r in self.cbs[:MANY] if not self.device.many else []:
            lines.append(
                f"  c_{r.index:<3} {r.num_pages:>4} pages x {r.page_size:>6} B   pushed {r.pushed:>6}  "
                f"popped {r.popped:>6}  left {r.left_over:>4}  high water {r.high_water:>4}"
            )
        lines += [f"  violation: {text}" for text in self.violations[:10]]
        return "\n".join(lines)
