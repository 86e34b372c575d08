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
    _account(engine, source, work, n, pair.unpack, pair.math)
    return True


def stream_sections(engine: Engine) -> bool:
    """As `stream` for runs that take their DST sections themselves, PACK included, whole sections at a time."""
    both = matched(engine)
    if both is None:
        return False
    if len(engine.commits) != len(engine.releases):
        engine.pack_on()  # MATH went ahead while PACK had not issued yet; without this no later section would match
    (source, work), math, pack, packing = both, engine.math, engine.pack, engine.pack.work()
    per = work.per
    if not isinstance(packing, Work) or len(engine.commits) != len(engine.releases):
        return False
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
    # one long loop over plain integers: with a function for each step a layernorm's tile took 277 us instead of 254
    math, pack, per = engine.math, engine.pack, work.per
    commits, releases, behind = engine.commits, engine.releases, len(engine.releases) - engine.sections
    (cost_u, cost_m), cost_p = _costs(engine, source, work), engine.pack_cycles(packing)
    lag, step_u, step_m, step_p = max(work.halves), source.step, work.step, packing.step
    asked, done, section_m = work.opened(math.k), work.closed(math.k), work.stamp_of(math.k)
    waits, gives, section_p = packing.opened(pack.k), packing.closed(pack.k), packing.stamp_of(pack.k)
    more_done, more_gives = work.period if done else 0, packing.period if gives else 0
    u, m, end1, end2, stamp_u, _ = _pair(engine, source, work)
    p = pack.free
    for _ in range(n // per):
        m = max(m, asked, releases[behind] if behind >= 0 else 0)
        stamp_m, stamp_p = section_m, section_p
        for _ in range(per):
            begin = u if u > stamp_u else stamp_u
            ready = begin + cost_u
            start = m if m > stamp_m else stamp_m
            if ready > start:
                start = ready
            m = start + cost_m
            u = start if lag > 2 else max(ready, end1 if lag == 2 else end2)
            end1, end2 = m, end1
            source.starts.append(begin)
            source.ends.append(ready)
            work.starts.append(start)
            work.ends.append(m)
            stamp_u += step_u
            stamp_m += step_m
        m = max(m, done)
        commits.append(m)
        p = max(p, m, waits)
        for _ in range(per):
            p = p if p > stamp_p else stamp_p
            packing.starts.append(p)
            p += cost_p
            packing.ends.append(p)
            stamp_p += step_p
        p = max(p, gives)
        releases.append(p)
        behind += 1
        asked, section_m, done = asked + work.period, section_m + work.period, done + more_done
        waits, section_p, gives = waits + packing.period, section_p + packing.period, gives + more_gives
    _account(engine, source, work, n, u, m)
    pack.advance(packing, n, p)


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


def _account(engine: Engine, source: Work, work: Work, n: int, unpack: int, math: int) -> None:
    """n matched tiles are done, UNPACK and MATH free then; the last three takes decide when later unpacks are."""
    (a, b), (ha, hb) = engine.taken, work.halves
    for i in range(max(0, n - 3), n):
        engine.takes.append((a + (i + 1) * ha, b + (i + 1) * hb, work.starts[i - n], work.ends[i - n]))
    engine.given = engine.taken = (a + n * ha, b + n * hb)
    engine.supply.clear()
    engine.unpack.advance(source, n, unpack)
    engine.math.advance(work, n, math)
