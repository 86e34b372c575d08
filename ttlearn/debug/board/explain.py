"""A pasted watcher dump in words: where each RISC is, what the counters say, and whether the simulated run agrees.

Without a device, waypoints and counters alone are explained. With the device of a run of the same program, the lines
that may have left each waypoint are named, the run's last state is compared core by core, and if it agrees its cause is
the board's. Left out: running the program (`ttlearn.host.explain`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from ...sim.device import Core, Device
from ...sim.sched import Risc
from ..hang.diagnosis import diagnose
from ..hang.stops import of_core
from .compare import differences, passes
from .dump import ROLES, Seen, parse
from .explained import CoreSays, Explanation, RiscSays
from .hints import hints
from .lines import lines, silent
from .watcher import state
from .waypoints import FIRMWARE, mark_of, words


def explain(text: str, device: Device | None = None) -> Explanation:
    """Explain the last dump in `text`, with the device of a run of the same program if there is one."""
    pasted = parse(text)
    seen = pasted.cores
    if device is not None and len(device.cores) == 1 and len(seen) == 1 and seen[0].core is None:
        seen = (replace(seen[0], core=next(iter(device.cores))),)
    told = [_core(one, device, pasted.kernels) for one in seen if not one.idle]
    idle = sum(one.idle for one in seen)
    if not seen:
        return Explanation(
            (), 0, "No worker core's line was found: paste the lines that begin with `Device 0 worker core`."
        )
    if device is None:
        return Explanation(tuple(told), idle, f"{_number(len(told))} going. No program was given to compare with.")
    return _judged(device, seen, told, idle)


def _number(count: int) -> str:
    return f"{count} core{'s' * (count != 1)}"


def _judged(device: Device, seen: tuple[Seen, ...], told: list[CoreSays], idle: int) -> Explanation:
    """The verdict on the run as a whole."""
    going = [core for core in device.cores.values() if state(core).goes]
    absent = [core for core in going if core.xy not in [one.seen.core for one in told]]
    if going and not absent and not any(core.differences for core in told):
        told = [_placed(core, device) for core in told]
        verdict = f"The hang simulated here agrees: the same {_same(device, told)}."
        return Explanation(tuple(told), idle, verdict, True, diagnose(device))
    hangs = bool(going)
    if not told and not hangs:
        return Explanation((), idle, "The board is done with the program, as is the run here.", True)
    verdict = "The run here hangs, but not as the board does" if hangs else "The run here finishes; no hang agrees"
    verdict += f": {'; '.join(_head(device, told, absent))}."
    cycle = passes(device, seen)
    if cycle is not None:
        verdict += f" At cycle {cycle:,} it passes through the board's state and goes on: is the board only slow?"
    return Explanation(tuple(told), idle, verdict, False)


def _same(device: Device, told: list[CoreSays]) -> str:
    pairs = [(one.seen, state(device.cores[one.seen.core])) for one in told if one.seen.core is not None]
    if not pairs[0][0].waypoints:
        return "counters (no waypoints were given)"
    exact = all(seen.waypoints == here.waypoints for seen, here in pairs)
    return "waypoints and counters" + ("" if exact else ", but for how far a TRISC had issued")


def _head(device: Device, told: list[CoreSays], absent: list[Core]) -> list[str]:
    said = [f"core {core.seen.place}: {text}" for core in told for text in (core.differences or ())[:1]]
    said += [f"core {core.xy}: hangs here, the dump shows nothing going there" for core in absent]
    return [*said[:3], f"and {len(said) - 3} more"] if len(said) > 3 else said


# ---- one core -----------------------------------------------------------------------------------------------


def _core(seen: Seen, device: Device | None, kernels: dict[int, str]) -> CoreSays:
    core = device.cores.get(seen.core) if device is not None and seen.core is not None else None
    riscs = tuple(
        replace(_risc(k, code, core.riscs[k] if core is not None else None), kernel=_kernel(seen, k, kernels))
        for k, code in enumerate(seen.waypoints)
    )
    differs = None if device is None else _differs(seen, core)
    return CoreSays(seen, riscs, tuple(_counters(seen, core)), tuple(hints(seen)), differs)


def _differs(seen: Seen, core: Core | None) -> tuple[str, ...]:
    if core is None:
        return ("the program has no such core" if seen.core else "its logical coordinates are not told",)
    return tuple(differences(seen, state(core)))


def _risc(number: int, code: str, risc: Risc | None) -> RiscSays:
    known = code in FIRMWARE or mark_of(code) is not None
    said = RiscSays(ROLES[number], code or "-", words(code, trisc=number >= 2), known)
    return said if risc is None else replace(said, lines=lines(risc, code), silent=silent(risc, code))


def _kernel(seen: Seen, number: int, kernels: dict[int, str]) -> str:
    """The file of a RISC's kernel; the blank one needs no name."""
    given = seen.k_ids[number] if number < len(seen.k_ids) else 0
    return PurePosixPath(kernels.get(given, "")).name if given else ""


def _placed(said: CoreSays, device: Device) -> CoreSays:
    """With the calls in which the simulated core stands."""
    assert said.seen.core is not None
    stops = list(of_core(device.cores[said.seen.core]))
    riscs = []
    for one, risc in zip(said.riscs, device.cores[said.seen.core].riscs, strict=False):
        mine = [stop for stop in stops if stop.risc is risc]
        here = tuple(f"{'its engine stalls in ' * stop.engine}{stop.call} at {stop.site}" for stop in mine)
        riscs.append(replace(one, here=here))
    return replace(said, riscs=tuple(riscs))


def _counters(seen: Seen, core: Core | None) -> list[str]:
    said = []
    for index, (received, acked) in sorted(seen.counters.items()):
        there, cb = (received - acked) & 0xFFFF, core.cbs.get(index) if core is not None else None
        text = f"c_{index}: {received} pushed, {acked} popped, {there} at the front"
        if there >= 1 << 15:
            text = f"c_{index}: {received} pushed, {acked} popped: more than there were"
        elif cb is not None:
            text += f" of {cb.num_pages}" + (
                ": full" if there == cb.num_pages else ": more than fit" * (there > cb.num_pages)
            )
        said.append(text)
    if seen.waypoints and not seen.complete:
        said.append("Any other CB is empty: as many pages popped as pushed.")
    return said
