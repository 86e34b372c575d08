"""A run as a recording: the state before it, then steps, each a cycle at which something visible changed.

Everything comes from the trace and the end of the run. Left out: other cores than one, and how it looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...debug.hang.diagnosis import Diagnosis, diagnose
from ...debug.hang.stops import role
from ...errors import DeviceHang, HostError
from ...host.run import Run
from ...measure.threads import THREADS
from ...sim.device import Core, Device
from . import buffers, engine, riscs
from .change import Change, Jump
from .places import Json, Places
from .recording import Recording, State, Step

MOST = 10_000  # steps in a recording of which no part is asked for: about half a megabyte


def record(
    run: Run | DeviceHang, core: tuple[int, int] | None = None, *, begin: int | None = None, end: int | None = None
) -> Recording:
    """Of one core, or of the one at which a hang's cause shows. `begin`, `end`: which steps, counted from 0.

    A `DeviceHang` without a diagnosis (an exercise) is recorded without one; its `.run` is diagnosed.
    Without `begin` and `end` at most `MOST` steps are kept: the first, or at a hang the last.
    """
    device: Device = run.run.device if isinstance(run, DeviceHang) else run.device
    hung = _stuck(device)
    diagnosis: Diagnosis | None = None
    if hung:
        diagnosis = run.diagnosis if isinstance(run, DeviceHang) else diagnose(device)
    there = _core(device, core if core is not None or diagnosis is None else diagnosis.core)
    places = Places()
    state, steps = _steps(there, places, hung)
    facts = {**_facts(there, places), "used": _used(steps), "chosen": _chosen(there, diagnosis)}
    told = "" if diagnosis is None else str(diagnosis)
    whole = Recording(there.xy, device.cycles, hung, told, facts, state, steps, _transfers(there), 0, 0, len(steps))
    return whole.part(*_bounds(len(steps), hung, begin, end))


def _transfers(core: Core) -> list[buffers.Transfer]:
    return [transfer for transfer in buffers.transfers(core) if transfer.begin <= core.device.cycles]


def _used(steps: list[Step]) -> list[int]:
    """The CBs in which anything ever happens."""
    return sorted({int(key.split()[1]) for step in steps for key in step.changes if key.startswith("cb ")})


def _stuck(device: Device) -> bool:
    started = [risc for core in device.cores.values() for risc in core.riscs if risc.coro is not None]
    return any(not risc.done for risc in started) or any(not core.engine.idle for core in device.cores.values())


def _core(device: Device, xy: tuple[int, int] | None) -> Core:
    if xy is not None and xy not in device.cores:
        have = ", ".join(f"({x}, {y})" for x, y in sorted(device.cores)[:8])
        raise HostError(f"step(..., core={xy}): the run has no such core; it has {have}. Choose one of them")
    return next(iter(device.cores.values())) if xy is None else device.cores[xy]


def _chosen(core: Core, diagnosis: Diagnosis | None) -> str:
    """The RISC to look at first: where the cause of a hang shows, else the reader's."""
    if diagnosis is not None and diagnosis.core == core.xy:
        return diagnosis.root.stop.risc.name
    started = [risc.name for risc in core.riscs if risc.coro is not None]
    return "NCRISC" if "NCRISC" in started else started[0]


def _bounds(total: int, hung: bool, begin: int | None, end: int | None) -> tuple[int, int]:
    if begin is None and end is None:
        begin, end = (max(0, total - MOST), total) if hung else (0, min(MOST, total))
    first, last = begin or 0, total if end is None else end
    if not 0 <= first < last <= total:
        raise HostError(
            f"step(..., begin={begin}, end={end}): the run has {total:,} steps; "
            f"choose 0 <= begin < end <= {total}, or leave both out"
        )
    return first, last


# ---- steps --------------------------------------------------------------------------------------------------


def _steps(core: Core, places: Places, hung: bool) -> tuple[State, list[Step]]:
    """The state before the run, and every step. A change that changes nothing makes none, unless it is told."""
    before = _before(core)
    state, steps, cycles = dict(before), list[Step](), core.device.cycles
    for change in sorted(_changes(core, places, hung), key=lambda change: change.cycle):
        changed = bool(change.key) and state.get(change.key) != change.value
        if change.cycle > cycles or not (changed or change.told):
            continue
        if not steps or steps[-1].cycle != change.cycle:
            steps.append(Step(change.cycle))
        step = steps[-1]
        if changed:
            state[change.key] = step.changes[change.key] = change.value
        if change.told:
            step.told.append(change.told)
        if change.jump is not Jump.NONE:
            step.jumps.add(change.jump)
    for step in steps:
        step.told = step.told or list(_moves(core, step.changes, places))
    return before, steps


def _moves(core: Core, changes: State, places: Places) -> Iterator[str]:
    """Of a step in which nothing happens but that a RISC comes to another call."""
    for risc in core.riscs:
        value = changes.get(f"risc {risc.name}")
        if value is not None:
            place = places.places[value[1]]
            yield f"{role(risc)} comes to {place['where']}: {place['text']}"


def _before(core: Core) -> State:
    idle = {f"risc {risc.name}": ["none", None, "has no kernel"] for risc in core.riscs}
    return idle | buffers.start(core) | engine.start(core) | {"over": False}


def _changes(core: Core, places: Places, hung: bool) -> Iterable[Change]:
    """In one cycle, what has happened comes before what it lets happen."""
    yield Change(0, "", None, "The host launches the program")
    yield from buffers.told(buffers.transfers(core))
    yield from buffers.changes(core)
    yield from engine.changes(core, places, hung)
    yield from riscs.changes(core, places)
    yield from _end(core.device, hung)


def _end(device: Device, hung: bool) -> Iterator[Change]:
    words = "The device hangs: nothing moves any more" if hung else "The run is over"
    yield Change(device.cycles, "over", True, words, Jump.HANG if hung else Jump.NONE)


def _facts(core: Core, places: Places) -> Json:
    roles = {risc.name: role(risc) for risc in core.riscs}
    return {
        "chip": core.device.arch.name,
        "many": core.device.many,
        "riscs": [
            {
                "name": risc.name,
                "role": THREADS.get(risc.name, ""),
                "source": places.source(risc.code) if risc.coro is not None else None,
            }
            for risc in core.riscs
        ],
        "cbs": [
            {
                "index": index,
                "pages": cb.num_pages,
                "bytes": cb.page_size,
                "format": cb.format.name.lower(),
                "from": roles.get(cb.producer or "", ""),
                "to": roles.get(cb.consumer or "", ""),
            }
            for index, cb in sorted(core.cbs.items())
        ],
        "sources": places.sources,
        "places": places.places,
    }
