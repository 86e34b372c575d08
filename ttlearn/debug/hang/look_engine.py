"""Looks at a compute engine that stands still: never configured, programmed for something else, or out of DST sections."""

from __future__ import annotations

import linecache
from types import CodeType

from ...count.made import Made
from ...sim.trace import line_of
from ...sim.work import Work
from . import dst_words
from .causes import Cause, Root
from .foreign import starves
from .graph import Graph
from .init_words import arguments, init_of, of_the_engine, other_role
from .naming import where
from .stops import Reason, Stop, kernel, role

START = "compute_kernel_hw_startup"


def not_configured(graph: Graph, stop: Stop) -> Root | None:
    first = next(s for s in graph.stops if s.core is stop.core and s.reason is Reason.UNCONFIGURED)
    cannot = f"{where(stop.core, role(first.risc))} cannot {first.call} at {first.site}"
    if _started(graph, first):
        sentence = f"{cannot}: compute_kernel_hw_startup has run, but no operation's init"
        return Root(Cause.NO_INIT, sentence, first, (str(first.site),), advice=_its_own_init(graph, first, None))
    sentence = (
        f"{cannot}: the engine was never configured; "
        "compute_kernel_hw_startup(...) and the operation's init must come first"
    )
    advice = f"make compute_kernel_hw_startup(…) the first line of {kernel(first.risc)}"
    return Root(Cause.NOT_CONFIGURED, sentence, first, (str(first.site),), advice=advice)


def _started(graph: Graph, stop: Stop) -> bool:
    """Are its formats set, and by the start-up? Then only a program is missing."""
    engine = stop.core.engine
    work = (engine.unpack if stop.risc is stop.core.unpack else engine.math).work()
    if not isinstance(work, Work) or stop.risc is stop.core.pack:
        return False
    formats = work.conf.format_a is not None if stop.risc is stop.core.unpack else work.conf.synced
    return formats and any(made.call == START for made in graph.promises.calls(stop.risc))


def wrong_operation(graph: Graph, stop: Stop) -> Root | None:
    if stop.reason is Reason.SRC_FULL:
        what = "SrcA and SrcB are full, and MATH takes no more of them"
    else:
        what = "its operands do not come, UNPACK has given fewer than MATH's program takes"
    partner = "UNPACK" if stop.reason is Reason.SRC_EMPTY else "MATH"
    kept = _kept_from(graph, stop, Cause.NO_PART, partner, stop.call)
    if kept is not None:
        return kept
    last = _last_init(graph, stop)
    known = graph.promises.clear(stop.risc)
    if not known:
        known, last = graph.promises.init_before(stop.risc, stop.site)
    sentence = (
        f"{where(stop.core, role(stop.risc))} stalls in {stop.call} at {stop.site}: {what}; "
        f"the engine is programmed for another operation{_before(graph, stop, last) if known else ''}"
    )
    sites = (str(stop.site), *([graph.promises.line(stop.risc, last)] if last is not None else []))
    advice = _its_own_init(graph, stop, last)
    if not known:
        advice += "; or another operation is meant, whose init came before"
    return Root(Cause.WRONG_OPERATION, sentence, stop, sites, advice=advice)


def _here(graph: Graph, stop: Stop) -> list[Made]:
    """The calls of the text on the line at which it stalls."""
    line = line_of(stop.site.code, stop.site.lasti)
    return [made for made in graph.promises.calls(stop.risc) if made.line == line]


def _last_init(graph: Graph, stop: Stop) -> Made | None:
    """The init before the stalled call, in the order of the text; in a loop it may be the last one behind it."""
    calls, here = graph.promises.calls(stop.risc), _here(graph, stop)
    at = next((k for k, made in enumerate(calls) if any(made is one for one in here)), 0)
    inits = [made for made in [*calls[at:], *calls[:at]] if of_the_engine(made)]
    return inits[-1] if inits else None


def _kept_from(graph: Graph, stop: Stop, cause: Cause, partner: str, call: str) -> Root | None:
    """`partner` has a part in `call`, and all such calls stand under another role."""
    made = [m for m in graph.promises.calls(stop.risc) if m.call == call]
    roles = [other_role(one, partner) for one in made]
    if not roles or not all(roles):
        return None
    sentence = (
        f"{where(stop.core, role(stop.risc))} stalls in {stop.call} at {stop.site}: {call} stands under `if {roles[0]}`, "
        f"so {partner}, which has a part in it, never makes it"
    )
    sites = (str(stop.site), graph.promises.line(stop.risc, made[0]))
    what = f"{call} at {graph.promises.at(made[0])}"
    if graph.promises.inside.get(id(made[0])) == stop.site.code.co_name and not _says(stop.site.code, f"if {roles[0]}"):
        what = f"line {stop.site.line}"  # the helper's call stands there
    return Root(cause, sentence, stop, sites, advice=f"take {what} out of `if {roles[0]}`")


def _says(code: CodeType, text: str) -> bool:
    """Does a line of this function have the text?"""
    return any(text in linecache.getline(code.co_filename, line or 0) for _, _, line in code.co_lines())


def _before(graph: Graph, stop: Stop, last: Made | None) -> str:
    if last is None:
        return " (no init comes before it)"
    own = last.call != "init" or not _elsewhere(graph, stop, last)
    place = f"line {last.line}" if own else graph.promises.at(last)
    helper = last.text.startswith("await ")  # the line that called it
    return f" (the init before it is at {place})" if helper else f" (the init before it is `{last.text}`, {place})"


def _its_own_init(graph: Graph, stop: Stop, last: Made | None) -> str:
    """`add_init(c_0, c_1)` for add_tiles(c_0, c_1, …)."""
    made = next((m for m in _here(graph, stop) if m.call == stop.call), None)
    init = init_of(stop.call, made.text if made is not None else "")
    if not init:
        return f"let the init before {stop.call} and its tBcastDim name the same broadcast"
    if init == "reduce_init" and last is not None and last.call == init:
        return f"let {init} and {stop.call} name the same pool and the same dimension"
    cbs = arguments(init, made.counts) if made is not None else "…"
    replaced = last is not None and init not in last.text and not _belongs(graph, stop, last)
    instead = f" instead of `{last.text}`" if last is not None and replaced else ""
    other = (
        "; or change tBcastDim to what that init says"
        if instead and stop.call.endswith("_bcast") and "_bcast" in instead
        else ""
    )
    return f"call {init}({cbs}) before {stop.call}{instead}{other}{_again(graph, stop, made, last)}"


def _again(graph: Graph, stop: Stop, made: Made | None, last: Made | None) -> str:
    """An init before the loop does no longer once another one stands in it."""
    if made is None or last is None or not _belongs(graph, stop, last) or not graph.promises.seen(made, last):
        return ""
    calls, own = graph.promises.calls(stop.risc), made.loops
    other = next((m for m in calls if m.call != stop.call and init_of(m.call, m.text) == last.call), None)
    if other is None or not own or other.loops != own or len(last.loops) >= len(own):
        return ""
    return f", and {last.call} again before {other.call} in each trip"


def _belongs(graph: Graph, stop: Stop, last: Made) -> bool:
    """Is this init another operation's, which the kernel does carry out? Then it must stay."""
    if last.call == "init" and _elsewhere(graph, stop, last):
        return True
    others = (made for made in graph.promises.calls(stop.risc) if made.call != stop.call)
    return any(init_of(made.call, made.text) == last.call for made in others)


def _elsewhere(graph: Graph, stop: Stop, last: Made) -> bool:
    """Does an init that a rehearsal found stand in another helper than the stalled call?"""
    return graph.promises.inside.get(id(last), "") not in ("", stop.site.code.co_name)


def in_circle(graph: Graph, group: list[Stop]) -> Root | None:
    """An engine that could not go on even if the others did: its sections do not match, or it runs a foreign program."""
    for stop in group:
        if (
            stop.engine
            and stop.reason in (Reason.DST_FULL, Reason.DST_EMPTY)
            and dst_words.uneven(stop, graph.promises.sections(stop.core))
        ):
            return dst(graph, stop, ended=False)
    stuck = [stop for stop in group if stop.reason in (Reason.SRC_FULL, Reason.SRC_EMPTY)]
    if stuck and all(stop.engine for stop in group):
        return wrong_operation(graph, stuck[0])
    starving = next((stop for stop in stuck if starves(stop)), None)
    return wrong_operation(graph, starving) if starving is not None else None


def dst(graph: Graph, stop: Stop, ended: bool = True) -> Root | None:
    """`ended`: the partner makes no more calls that would help."""
    partner, closing = ("PACK", "tile_regs_release") if stop.reason is Reason.DST_FULL else ("MATH", "tile_regs_commit")
    kept = _kept_from(graph, stop, Cause.DST_MISUSE, partner, closing)
    if kept is not None:
        return kept
    calls, sections = graph.promises.calls(stop.risc), graph.promises.sections(stop.core)
    told = dst_words.told(calls, stop, sections, graph.promises.at, ended)
    lines = [graph.promises.line(stop.risc, made) for made in told.lines]
    sentence = f"{where(stop.core, role(stop.risc))} {told.sentence}"
    return Root(Cause.DST_MISUSE, sentence, stop, (str(stop.site), *lines), advice=told.advice)
