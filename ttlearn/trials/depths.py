"""`tt.depths`: how deep must each CB be to finish, and how deep to be fast?

One at a time with the others as given, and all together, from the individual minima upwards. Left out: depths that
would only do if a kernel were changed too.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map

from ..debug.hang.stops import Reason, stops
from ..errors import HostError
from ..host.descriptors import ProgramDescriptor
from ..host.run import Run
from ..sim.arch import ARCHS
from .depth_table import Depths, Joint, Row
from .outcome import End, Make, made, outcome
from .search import SHARE, Trials, fast, smallest
from .usage import Usage

ROUNDS = 60  # runs at most, in each of the two joint searches


def depths(make: Make, cbs: Iterable[int] | None = None, *, arch: str = "wormhole_b0") -> Depths:
    """The smallest depth, in pages, of each CB at which the program finishes, and at which it is fast.

    `make` returns (tensors, ProgramDescriptor), or is such a pair, of which copies are run. `cbs`: the indices to look at,
    all by default. "Finishes" means in strict mode and with the same output; "fast" means 95 % of the best modelled
    speed that any depth of that CB gives, up to what fits L1. A depth is a multiple of what the kernels move at once.
    Together: raised from the individual minima, the CB first that holds the others up.
    The result prints as a table, says how many runs it took, and draws itself: `.picture()`.
    Raises HostError if the program does not fit, is refused at every depth, or has no CB of a given index.

        print(tt.depths(make))
    """
    tensors, program = made(make)
    plain = outcome((tensors, program), arch=arch)
    run = plain.run or program.last_run
    uses = _uses(program, run, plain.end is End.FINISHES, cbs, arch)
    trials = Trials(make, arch, plain)
    rows = [_row(trials, use) for use in uses]
    if plain.end is End.REFUSED and not any(row.smallest for row in rows):
        raise HostError(f"the program is refused at every depth: {plain.error}")
    best = min([row.best for row in rows if row.best is not None], default=None)
    if plain.end is End.FINISHES and best is not None:
        best = min(best, plain.cycles)
    least = _together(trials, uses, rows)
    quick = _fast_together(trials, uses, rows, least, best)
    return Depths(tuple(rows), least, quick, plain.cycles if plain.end is End.FINISHES else None, best, trials.count)


def _uses(program: ProgramDescriptor, run: Run, finished: bool, cbs: Iterable[int] | None, arch: str) -> list[Usage]:
    have = {f.buffer_index for cb in program.cbs for f in cb.format_descriptors}
    wanted = have if cbs is None else set(cbs)
    if wanted - have:
        names = ", ".join(f"c_{index}" for index in sorted(have)) or "none"
        raise HostError(f"depths(cbs=...): there is no c_{min(wanted - have)} in this program; it has {names}")
    facts, used = ARCHS[arch], sum(-(-cb.total_size // 32) * 32 for cb in program.cbs)
    found = []
    for cb in program.cbs:
        if wanted & {f.buffer_index for f in cb.format_descriptors}:
            room = facts.l1_bytes - facts.cb_base - used + cb.total_size
            found.append(Usage(cb, run, finished, room // cb.format_descriptors[0].page_size))
    return found


def _row(trials: Trials, use: Usage) -> Row:
    """One CB, the others as given."""
    least = smallest(trials, use.label, use.candidates, use.given)
    quick, best = (None, None) if least is None else fast(trials, use.label, use.candidates, least)
    tried = [(dict(key)[use.label], key) for key in trials.known if len(key) == 1 and key[0][0] == use.label]
    curve = tuple(sorted((depth, trials.cycles(dict(key))) for depth, key in tried))
    return Row(use.label, use.given, use.page, use.step, least, quick, best, curve)


# ---- all together -------------------------------------------------------------------------------------------


def _together(trials: Trials, uses: list[Usage], rows: list[Row]) -> Joint | None:
    """Raise what is full until it finishes."""
    now = {row.label: row.smallest or row.given for row in rows}
    for _ in range(ROUNDS):
        cycles = trials.cycles(now)
        if cycles is not None:
            return Joint(dict(now), cycles)
        found = trials.at(now)
        full = _full(found.run) if found is not None and found.run is not None else []
        if not _raised(now, uses, full, 1):
            return None
    return None


def _full(run: Run) -> list[str]:
    """The CBs that a hung run needs deeper: full, or smaller than a request."""
    found = stops(run.device)
    return [str(s.cb) for s in found if s.cb is not None and (s.reason is Reason.BACK or s.pages > s.cb.num_pages)]


def _raised(now: dict[str, int], uses: list[Usage], wanted: list[str], least: int) -> bool:
    """One of `wanted`, the first that can be, becomes deeper by at least so many pages."""
    for name in wanted:
        for use in uses:
            more = [depth for depth in use.candidates if depth >= now[use.label] + least]
            if name in use.label.split("/") and more:
                now[use.label] = more[0]
                return True
    return False


def _fast_together(
    trials: Trials, uses: list[Usage], rows: list[Row], least: Joint | None, best: int | None
) -> Joint | None:
    """From the individual fast depths on, deepen what is waited for longest until all is fast."""
    if least is None or best is None:
        return None
    now = {row.label: max(row.fast or row.given, least.depths[row.label]) for row in rows}
    for _ in range(ROUNDS):
        cycles, found = trials.cycles(now), trials.at(now)
        if cycles is not None and cycles * SHARE <= best:
            return Joint(dict(now), cycles)
        if found is None or found.run is None:
            return None
        waited = _waited(found.run)
        if not _raised(now, uses, sorted(waited, key=lambda name: -waited[name]), max(1, min(now.values()) // 2)):
            return None
    return None


def _waited(run: Run) -> Map[str, int]:
    """Cycles that producers waited for room, a CB."""
    total: dict[str, int] = {}
    for fact in run.trace.facts:
        if fact.what == "wait cb_reserve_back":
            total[fact.detail[0]] = total.get(fact.detail[0], 0) + fact.end - fact.start
    return total
