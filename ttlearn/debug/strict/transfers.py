"""Bytes under way: transfers are accesses at both their ends, from their call to the barrier that settles them.

Neighbouring transfers of one line are one `Span`, looked at when somebody else touches the core. A signal on the same
path settles what travels ahead of it. Left out: two writes to one DRAM page.
"""

from __future__ import annotations

from typing import Any

from ...sim.cb import CircularBuffer
from ...sim.device import Core
from ...sim.noc import Target, Transfer
from ...sim.sched import Risc
from ...sim.trace import Site
from . import faults, words
from .findings import Findings
from .judge import Judge
from .memory import Memory
from .poison import Poison
from .pushes import asked_once
from .shadow import NEVER, Access, Span, is_semaphore, place


class Transfers:
    """The transfers of one run, in the order of their calls."""

    def __init__(self, memory: Memory, judge: Judge, poison: Poison, findings: Findings) -> None:
        self.memory, self.judge, self.poison, self.findings = memory, judge, poison, findings
        self.shadows, self.outstanding = memory.shadows, memory.outstanding
        self.spans: dict[Core, Span] = {}  # transfers not yet looked at
        self.dram: dict[tuple[int, int], Access] = {}  # last write of a page
        self.words_out: dict[Risc, Site] = {}  # multicasts of a semaphore's word without a write barrier since

    # ---- under way ------------------------------------------------------------------------------------------

    def sent(self, transfer: Transfer, call: str) -> None:
        """Bytes are under way, here and at the other end."""
        if transfer.kind == "read":
            self._past_end(transfer, call)
        risc, span = transfer.risc, self.spans.get(transfer.risc.core)
        if span is None or not span.extend(transfer):
            self.look(risc.core)
            record = _under_way(transfer, "noc read" if transfer.kind == "read" else "noc write")
            span = self.spans[risc.core] = Span(transfer, record, self.memory.add(record))
        transfer.record = span.record
        self._far_end(transfer, transfer.target, transfer.kind == "read")
        self.outstanding[risc].append(transfer)

    def _past_end(self, transfer: Transfer, call: str) -> None:
        """A read goes to a CB, and one that begins there ends there; a semaphore's word may be read, too."""
        core, low = transfer.risc.core, transfer.local
        cb = self.memory.last_cb(core, low)
        if cb is not None and low < cb.limit < low + transfer.size:
            self.findings.violate(words.past_end(transfer, call, cb, place(core, cb.limit)), transfer.site)
        elif (cb is None or low >= cb.limit) and not is_semaphore(core, low):
            self._nowhere(transfer, call, cb)

    def _nowhere(self, transfer: Transfer, call: str, cb: CircularBuffer | None) -> None:
        """Bytes go to L1 that is nobody's. Where reserved pages go over their ring's end, the push will tell."""
        risc, site, low = transfer.risc, transfer.site, transfer.local
        if faults.writing(risc, site, low, low + transfer.size, transfer.stamp) is None:
            what = f"{call} at {site} brings {transfer.size:,} bytes"
            self.findings.violate(words.nowhere(what, low, cb, asked_once(risc, site)), site)

    # ---- this end -------------------------------------------------------------------------------------------

    def look(self, core: Core) -> None:
        """Check and mark the stretch that transfers have opened on this core since the last look."""
        span = self.spans.pop(core, None)
        if span is None:
            return
        shadow = self.shadows[core]
        if span.reading:
            self.judge.write(span.risc, core, span.low, span.high, span.site, span.order, "noc read")
        else:
            self._check_source(span)
        (shadow.writes if span.reading else shadow.reads).mark(span.low, span.high, span.number)

    def _check_source(self, span: Span) -> None:
        """Are the bytes of these writes there?"""
        core = span.risc.core
        wrote = self.shadows[core].writes.seen(span.low, span.high)
        for number in wrote:
            self.judge.read(span.risc, core, span.low, span.high, number, span.site, span.order)
        if NEVER in wrote:
            span.record.early = span.low, span.high
        self.poison.sent(span, wrote)

    # ---- the other end --------------------------------------------------------------------------------------

    def _far_end(self, transfer: Transfer, target: Target, reading: bool) -> None:
        """The other end: a page of DRAM, or bytes of a core's L1, read or written until the barrier."""
        risc, site, order = transfer.risc, transfer.site, transfer.risc.order
        if target.core is None:
            self._dram_end(transfer, target, reading)
            return
        self.look(target.core)
        shadow, low, high = self.shadows[target.core], target.address, target.address + transfer.size
        if reading:
            for number in shadow.writes.seen(low, high):
                self.judge.read(risc, target.core, low, high, number, site, order)
        else:
            self.judge.write(risc, target.core, low, high, site, order)
        transfer.arrival = _under_way(transfer, "noc read there" if reading else "noc write there")
        (shadow.reads if reading else shadow.writes).mark(low, high, self.memory.add(transfer.arrival))

    def _dram_end(self, transfer: Transfer, target: Target, reading: bool) -> None:
        risc, page = transfer.risc, (id(target.buffer), target.page)
        if reading:
            wrote = self.dram.get(page)
            if wrote is not None and not wrote.before(risc.number, risc.order):
                where = self._dram_page(target)
                self.findings.violate(
                    words.unordered(risc, where, transfer.site, wrote, risc.order, True), transfer.site
                )
            return
        last = self.outstanding[risc][-1:]
        again = last and last[0].site == transfer.site and last[0].target.core is None and last[0].arrival
        transfer.arrival = again if again and again.open else _under_way(transfer, "noc write there")
        self.dram[page] = transfer.arrival

    def _dram_page(self, target: Target) -> str:
        buffers = self.memory.buffers
        number = next(k for k, buffer in enumerate(buffers) if buffer is target.buffer)
        return f"page {target.page} of " + ("the output" if number == len(buffers) - 1 else f"tensor {number}")

    # ---- what settles them ----------------------------------------------------------------------------------

    def barrier(self, risc: Risc, kinds: tuple[str, ...]) -> None:
        self.look(risc.core)
        epoch, left = risc.order[risc.number], []
        if "write" in kinds:
            self.words_out.pop(risc, None)
        for transfer in self.outstanding[risc]:
            if transfer.kind in kinds or (transfer.kind == "write" and "flush" in kinds):
                transfer.record.close(epoch)
            if transfer.kind not in kinds:
                left.append(transfer)
            elif transfer.arrival is not None:
                transfer.arrival.close(epoch)
        self.outstanding[risc] = left

    def signal(self, risc: Risc, target: Target, path: Any, site: Site, multicast: bool) -> None:
        """A semaphore goes out: what travels ahead of it on the same path (Blackhole: flushed) arrives before it."""
        if multicast:
            self.words_out[risc] = site
        keeps_order = risc.core.device.arch.keeps_order
        for transfer in self.outstanding[risc]:
            same = transfer.kind == "write" and transfer.target.core is target.core and transfer.rectangle == path
            if same and transfer.arrival is not None and (keeps_order or not transfer.record.open):
                transfer.arrival.close(risc.order[risc.number])

    def finished(self) -> None:
        for core in self.shadows:
            self.look(core)
        for risc, transfers in self.outstanding.items():
            if transfers:
                self.findings.violate(words.under_way_at_end(risc, transfers), transfers[0].site)
        for risc, site in self.words_out.items():
            self.findings.violate(words.word_under_way_at_end(risc, site), site)


def _under_way(transfer: Transfer, verb: str) -> Access:
    return Access(transfer.risc, transfer.risc.order[transfer.risc.number], transfer.site, verb, open=True)
