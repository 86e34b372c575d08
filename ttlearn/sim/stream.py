"""The usual case of the engine, fast: runs that match each other are timed tile by tile without further questions.

Same times, same data, same trace as the engine's one-tile steps, at a tenth of their cost: 882,789 cycles for a
1024x1024 layernorm either way. Left out: whatever does not match, which the engine does itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .work import Work

if TYPE_CHECKING:
    from .engine import Engine


class Pair(NamedTuple):
    """UNPACK and MATH between two matched tiles: when each is free, MATH's last two ends, the next two stamps."""

    unpack: int
    math: int
    end1: int
    end2: int
    stamp_u: int
    stamp_m: int


def matched(engine: Engine) -> tuple[Work, Work] | None:
    """UNPACK's and MATH's runs, if their halves match and nothing else is under way."""
    source, work = engine.unpack.work(), engine.math.work()
    if not (isinstance(source, Work) and isinstance(work, Work)) or engine.given != engine.taken:
        return None
    conf = source.conf
    if conf.format_a is None or conf.program is None or work.conf.program is None or source.halves != work.halves:
        return None
    return (source, work) if engine.room() else None


def stream(engine: Engine) -> bool:
    """The rest of two matching runs, or of MATH's DST section."""
    both = matched(engine)
    if both is None:
        return False
    (source, work), unpack, math = both, engine.unpack, engine.math
    n = min(source.n - unpack.k, (work.per - math.k % work.per) if work.per else work.n - math.k)
    engine.hear(source.order)
    engine.values.math(work, math.k, source, unpack.k, n)
    pair = _tiles(source, work, n, *_costs(engine, source, work), _pair(engine, source, work))
    _account(engine, source, work, n, pair)
    return True


def stream_sections(engine: Engine) -> bool:
    """As `stream` for runs that take their DST sections themselves, PACK included, whole sections at a time."""
    both, packing = matched(engine), engine.pack.work()
    if both is None or not isinstance(packing, Work) or len(engine.commits) != len(engine.releases):
        return False
    (source, work), math, pack, per = both, engine.math, engine.pack, both[1].per
    if packing.per != per or (packing.dst, packing.ddst) != (work.dst, work.ddst) or math.k % per or pack.k % per:
        return False
    n = min(source.n - engine.unpack.k, work.n - math.k, packing.n - pack.k) // per * per
    if not n or work.conf.program.fold is not None or (per > 1 and not work.ddst):
        return False
    if not work.conf.synced or packing.conf.format is None:
        return False
    engine.hear(source.order)
    engine.hear(work.order)
    engine.hear_pack(engine.math_order)
    engine.values.math(work, math.k, source, engine.unpack.k, n)
    order = engine.core.observer.join(packing.order, engine.pack_order)
    engine.values.pack_run(packing, engine.values.commit()[work.target(n - 1)], pack.k, n, order)
    _sections(engine, source, work, packing, n)
    return True


def _sections(engine: Engine, source: Work, work: Work, packing: Work, n: int) -> None:
    """Time n tiles: open, `per` tiles, close, pack, release, again and again."""
    math, pack, per, releases = engine.math, engine.pack, work.per, engine.releases
    costs, pair, p = _costs(engine, source, work), _pair(engine, source, work), engine.pack.free
    for first in range(0, n, per):
        behind = len(releases) - engine.sections
        free = releases[behind] if behind >= 0 else 0
        opened = max(pair.math, work.opened(math.k + first), free)
        pair = pair._replace(math=opened, stamp_m=work.stamp_of(math.k + first))
        pair = _tiles(source, work, per, *costs, pair)
        closed = max(pair.math, work.closed(math.k + first))
        pair = pair._replace(math=closed)
        engine.commits.append((closed, {}, engine.math_order))
        p = _pack(packing, pack.k + first, per, engine.pack_cycles(packing), max(p, closed))
        releases.append(p)
    _account(engine, source, work, n, pair)
    pack.advance(packing, n, p)


def _pack(packing: Work, first: int, per: int, cycles: int, free: int) -> int:
    """Time one section of PACK; when it is released."""
    free, due = max(free, packing.opened(first)), packing.stamp_of(first)
    for _ in range(per):
        free = free if free > due else due
        packing.starts.append(free)
        free += cycles
        packing.ends.append(free)
        due += packing.step
    return max(free, packing.closed(first))


def _costs(engine: Engine, source: Work, work: Work) -> tuple[int, int]:
    cycles = work.conf.program.cycles(engine.math_risc.fidelity, engine.arch)
    return engine.unpack_cycles(engine.unpack, source), cycles


def _pair(engine: Engine, source: Work, work: Work) -> Pair:
    unpack, math, takes = engine.unpack, engine.math, engine.takes
    end2 = takes[-2][3] if len(takes) > 1 else 0
    stamp = source.stamp + unpack.k * source.step
    return Pair(unpack.free, math.free, math.free, end2, stamp, work.stamp_of(math.k))


def _tiles(source: Work, work: Work, n: int, cost_u: int, cost_m: int, pair: Pair) -> Pair:
    """Time n matched tiles. An unpack is done when all but its last two halves have been taken."""
    u, m, end1, end2, stamp_u, stamp_m = pair
    lag, step_u, step_m = max(work.halves), source.step, work.step
    starts_u, ends_u, starts_m, ends_m = source.starts, source.ends, work.starts, work.ends
    for _ in range(n):
        begin = u if u > stamp_u else stamp_u
        ready = begin + cost_u
        start = m if m > stamp_m else stamp_m
        if ready > start:
            start = ready
        m = start + cost_m
        u = start if lag > 2 else max(ready, end1 if lag == 2 else end2)
        end1, end2 = m, end1
        starts_u.append(begin)
        ends_u.append(ready)
        starts_m.append(start)
        ends_m.append(m)
        stamp_u += step_u
        stamp_m += step_m
    return Pair(u, m, end1, end2, stamp_u, stamp_m)


def _account(engine: Engine, source: Work, work: Work, n: int, pair: Pair) -> None:
    """n matched tiles are done; the last three takes decide when later unpacks are."""
    (a, b), (ha, hb) = engine.taken, work.halves
    for i in range(max(0, n - 3), n):
        engine.takes.append((a + (i + 1) * ha, b + (i + 1) * hb, work.starts[i - n], work.ends[i - n]))
    engine.given = engine.taken = (a + n * ha, b + n * hb)
    engine.supply.clear()
    engine.unpack.advance(source, n, pair.unpack)
    engine.math.advance(work, n, pair.math)
