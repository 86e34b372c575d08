"""`ProgramDescriptor.check()`: what can be told of a program before it runs, and without data.

The program runs dry: kernels, clock, engine and semaphores are real, loads give an unknown. A RISC that decides by an
unknown is not decidable from there on, and nothing that depends on it is ever a finding. Left out: hazards (strict mode
looks for them when data move), numbers, and other timings (`tt.explore`).
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..debug.hang import diagnosis
from ..debug.hang.causes import Cause, Root
from ..dry.device import Broken, DryDevice
from ..errors import CppError, HostError, KernelError
from ..sim.arch import ARCHS
from ..sim.waits import now
from .build import build
from .descriptors import ProgramDescriptor
from .findings import Finding, Findings, Kind
from .forgotten import drop, forgotten
from .guard import guard
from .programmed import programmed
from .starts import starts
from .tensor import Tensor
from .totals import totals

_SURE = (Cause.REQUEST_TOO_LARGE, Cause.NOT_CONFIGURED, Cause.NO_INIT)  # whatever the others do
_CORE = re.compile(r"(?:of |on )?core \(\d+, \d+\),? ?")


def check(
    program: ProgramDescriptor, tensors: Sequence[Tensor] | None = None, *, arch: str = "wormhole_b0"
) -> Findings:
    """Everything found in `program`, errors first; see `ProgramDescriptor.check`."""
    if now.risc is not None:
        raise HostError("check() inside a kernel: a kernel runs on the device; check a program on the host")
    if arch not in ARCHS:
        raise HostError(f"arch {arch!r} is not known; choose one of {', '.join(ARCHS)}")
    device = DryDevice(ARCHS[arch])
    for tensor in tensors or ():
        device.dram.attach(tensor.place(device.arch.dram_alignment, device.arch.dram_banks))
    try:
        build(device, program)
    except (HostError, CppError) as error:
        return Findings([Finding(Kind.DOES_NOT_FIT, str(error))])
    finished = False
    with contextlib.suppress(KernelError), forgotten() as dropped:
        finished = _run(device)
    lost = [Finding(Kind.REFUSED, str(error)) for error in dropped]
    found = [
        *lost,
        *_refused(device, finished),
        *(() if finished else _hangs(device)),
        *totals(device, program, finished),
        *(programmed(device, {broken.risc.core.xy for broken in device.broken}) if finished else ()),
        *starts(device),
    ]
    ordered = sorted(_folded(found), key=lambda finding: list(Kind).index(finding.kind))
    return Findings(ordered, [_undecided(broken) for broken in device.broken if broken.undecided])


def _undecided(broken: Broken) -> str:
    where = f" at {broken.site}" if broken.site is not None else ""
    return f"{broken.risc.label} is not decidable{where}: {broken.why}"


def _run(device: DryDevice) -> bool:
    """Every kernel to its end, or as far as it goes; what they print is not shown."""
    riscs = [risc for core in device.cores.values() for risc in core.riscs if risc.coro is not None]
    for risc in riscs:
        device.clock.at(risc.t, risc.resume)
    try:
        with contextlib.redirect_stdout(io.StringIO()), guard():
            return device.carry_out()
    finally:
        now.clear()
        for risc in riscs:
            drop(risc)
            risc.stop()


def _refused(device: DryDevice, finished: bool) -> Iterator[Finding]:
    """Calls that the kernels' own rules refuse: arguments, CBs, DST tiles, addresses."""
    for core in device.cores.values():
        if core.pack.overfull is not None and (finished or core.pack.overfull[0].received):
            yield Finding(Kind.REFUSED, core.pack.overfull[1], (str(core.pack.overfull[2]),), cores=(core.xy,))
    for broken in device.broken:
        if not broken.undecided:
            lines = () if broken.site is None else (str(broken.site),)
            yield Finding(Kind.REFUSED, broken.why, lines, cores=(broken.risc.core.xy,))


def _hangs(device: DryDevice) -> Iterator[Finding]:
    """The root of a hang; if a RISC is not decidable, only what is sure whatever that one does."""
    with guard():  # kernels are rehearsed
        found = diagnosis.diagnose(device).found
    if device.broken:
        found = [root for root in found if root.cause in _SURE]
    for root in found[:1]:
        alike = [r for r in found if r.cause is root.cause and _bare(r.sentence) == _bare(root.sentence)]
        cores = tuple(dict.fromkeys(r.stop.core.xy for r in alike))
        yield Finding(Kind.HANGS, f"it hangs: {root.sentence}", root.sites, _cb(root), cores)


def _cb(root: Root) -> str | None:
    return None if root.stop.cb is None else str(root.stop.cb)


def _folded(found: list[Finding]) -> list[Finding]:
    """Like findings of several cores are one."""
    folded: dict[tuple[Kind, str, str | None], Finding] = {}
    for finding in found:
        key = finding.kind, _bare(finding.sentence), finding.cb
        if key in folded:
            cores = tuple(dict.fromkeys((*folded[key].cores, *finding.cores)))
            finding = replace(folded[key], cores=cores)
        folded[key] = finding
    return list(folded.values())


def _bare(sentence: str) -> str:
    """Without the core that it names."""
    return _CORE.sub("", sentence)
