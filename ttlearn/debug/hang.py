"""Why a device hangs: who waits for what, at which line, and who could have kept the promise.

Reads a stuck `Device` and writes text. Equal cores are folded into one line. Left out (for now): trying
out changes, the watcher's own format.
"""

from __future__ import annotations

from ..sim.cb import CircularBuffer
from ..sim.device import Core, Device
from ..sim.engine import Thread
from ..sim.sched import Risc
from ..sim.trisc import Trisc
from ..sim.waits import History, Wait
from ..sim.work import Work

ROLE = {"BRISC": "BRISC", "NCRISC": "NCRISC", "TRISC0": "UNPACK", "TRISC1": "MATH", "TRISC2": "PACK"}
ENGINE = {
    "unconfigured": "the engine was never configured for it: compute_kernel_hw_startup(...) and the operation's "
    "init must come first",
    "src full": "SrcA and SrcB are full and MATH does not take them (MATH's program takes fewer operands than "
    "UNPACK gives: does the init fit the operation?)",
    "src empty": "its operands do not come: UNPACK has given fewer than MATH's program takes",
    "dst full": "no DST section is free: PACK has not released one (tile_regs_release)",
    "dst empty": "no DST section was committed (tile_regs_commit)",
}


def diagnose(device: Device) -> str:
    """The whole explanation, root cause first."""
    folded: dict[str, list[Core]] = {}
    for core in device.cores.values():
        lines = _core_lines(core)
        if lines:
            folded.setdefault("\n".join(lines), []).append(core)
    first = next(iter(folded.values()))[0]
    parts = [f"The device hangs, nothing moves after cycle {device.cycles:,}: {_cause(first)}."]
    for text, cores in folded.items():
        more = f" and {len(cores) - 1} more like it" if len(cores) > 1 else ""
        parts.append(f"Core {cores[0].xy}{more}:\n{text}")
        parts.append(_cb_table(cores[0]))
    return "\n".join(part for part in parts if part)


def _core_lines(core: Core) -> list[str]:
    lines = []
    for risc in core.riscs:
        if risc.coro is not None and not risc.done and risc.waiting is not None:
            lines.append(f"  {ROLE[risc.name]:<7} waits since cycle {risc.t:,}: {risc.waiting} at {risc.waiting.site}")
    for thread in _threads(core):
        why = _stalled(core, thread)
        if why:
            lines.append(f"  {ROLE[thread.risc.name]:<7} engine {why}")
    return lines


def _threads(core: Core) -> tuple[Thread, Thread, Thread]:
    return core.engine.unpack, core.engine.math, core.engine.pack


def _stalled(core: Core, thread: Thread) -> str:
    """What an engine thread cannot do, and why; empty when it has nothing to do."""
    work, site = thread.work(), None
    if thread.blocked == "src full":  # the last unpack is not over: its operands still lie in Src
        work = next((w for w in reversed(thread.queue[: thread.at]) if isinstance(w, Work)), work)
    if work is None:
        return ""
    what = work.detail if isinstance(work.detail, str) else work.kind.value
    if isinstance(work, Work) and work.opens is not None and thread.blocked in ("dst full", "dst empty"):
        what, site = work.opens.kind.value, work.opens.site
    what = f"tile_regs_{what}" if what in ("acquire", "commit", "wait", "release") else what
    return f"stalls in {what} at {site or work.site}: {ENGINE.get(thread.blocked, thread.blocked)}"


def _cause(core: Core) -> str:
    """One sentence. What can never be comes first, then the engine's own faults, then the wait that nobody can end."""
    for thread in _threads(core):
        if thread.blocked == "unconfigured" and thread.work() is not None:
            return f"{ROLE[thread.risc.name]} {_stalled(core, thread)}"
    waits = [(risc, risc.waiting) for risc in core.riscs if risc.waiting is not None]
    on_cbs = [(risc, wait) for risc, wait in waits if wait.args and isinstance(wait.args[0], CircularBuffer)]
    sentences = [_impossible(risc, wait) for risc, wait in on_cbs]
    sentences.append(_engine_cause(core))
    sentences += [look(core, risc, wait) for look in (_ended, _owing) for risc, wait in on_cbs]
    sentences.append(_never(core, on_cbs))
    for sentence in sentences:
        if sentence:
            return sentence
    return "; ".join(f"{ROLE[risc.name]} waits in {wait} at {wait.site}" for risc, wait in waits)


def _engine_cause(core: Core) -> str:
    """A thread whose partner has nothing left to do can blame nobody else: what both were told does not fit."""
    unpack, math, pack = _threads(core)
    quiet = {t: t.work() is None and t.risc.waiting is None for t in (unpack, math, pack)}
    for thread, why, partner in (
        (math, "src empty", unpack),
        (math, "dst full", pack),
        (pack, "dst empty", math),
        (unpack, "src full", math),
    ):
        if thread.blocked == why and quiet[partner] and _stalled(core, thread):
            return f"{ROLE[thread.risc.name]}'s engine {_stalled(core, thread)}"
    return ""


def _impossible(risc: Risc, wait: Wait) -> str:
    cb, pages = wait.args
    if pages <= cb.num_pages:
        return ""
    return f"{ROLE[risc.name]} asks for {pages} pages of {cb}, which has {cb.num_pages} ({wait.site}): it can never have them"


def _partner(core: Core, wait: Wait) -> tuple[Risc | None, str, str, int]:
    """Who has kept this promise so far, what that is called, and how many pages it came to."""
    cb, front = wait.args[0], wait.call == "cb_wait_front"
    name = cb.producer if front else cb.consumer
    other = next((r for r in core.riscs if r.name == name), None)
    verb, noun = ("pushed", "producer") if front else ("popped", "consumer")
    return other, verb, noun, (cb.pushed if front else cb.popped).values[-1]


def _ended(core: Core, risc: Risc, wait: Wait) -> str:
    """The other side has finished, and it was too little."""
    other, verb, noun, count = _partner(core, wait)
    if other is None or not other.done or (isinstance(other, Trisc) and not core.engine.idle):
        return ""
    return (
        f"{ROLE[other.name]} ({other.code.co_name}), the {noun} of {wait.args[0]}, finished after it {verb} {count} pages; "
        f"{ROLE[risc.name]} waits in {wait} at {wait.site} for more"
    )


def _owing(core: Core, risc: Risc, wait: Wait) -> str:
    """The other side has come some way and waits itself."""
    other, verb, _, count = _partner(core, wait)
    if other is None or other.waiting is None:
        return ""
    return (
        f"{ROLE[risc.name]} waits in {wait} at {wait.site}; {ROLE[other.name]} ({other.code.co_name}) has {verb} {count} "
        f"pages of {wait.args[0]} and waits itself in {other.waiting} at {other.waiting.site}"
    )


def _never(core: Core, waits: list[tuple[Risc, Wait]]) -> str:
    """Waits for a CB that nobody has touched on the other side: all of them, since one may be the cause of the next."""
    parts = []
    for risc, wait in waits:
        other, verb, _, _ = _partner(core, wait)
        if other is None:
            parts.append(
                f"{ROLE[risc.name]} waits in {wait} at {wait.site}, but nobody has ever {verb} a page of {wait.args[0]}"
            )
    done = ", ".join(f"{ROLE[r.name]} ({r.code.co_name})" for r in core.riscs if r.coro is not None and r.done)
    return "; ".join(parts) + (f"; finished already: {done}" if done and parts else "")


def _cb_table(core: Core) -> str:
    rows = [
        f"  {cb!s:<5} {cb.num_pages:>4} pages x {cb.page_size:>6} B  {cb.format.name.lower():<8}  "
        f"pushed {cb.pushed.values[-1]:>5}  popped {cb.popped.values[-1]:>5}  "
        f"{_side(cb.producer, cb.popped):>7} -> {_side(cb.consumer, cb.pushed)}"
        for cb in core.cbs.values()
    ]
    return "\n".join(rows)


def _side(name: str | None, counter: History) -> str:
    """Who pushes or pops a CB: whoever has, or at least waits to."""
    if name is not None:
        return ROLE[name]
    return ", ".join(ROLE[risc.name] for risc in counter.sleepers) or "nobody"
