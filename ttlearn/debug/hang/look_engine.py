"""Looks at a compute engine that stands still: never configured, programmed for something else, or out of DST sections."""

from __future__ import annotations

from ...count.walk import Made
from . import dst_words
from .causes import Cause, Root
from .graph import Graph
from .naming import where
from .stops import Reason, Stop, kernel, role


def not_configured(graph: Graph, stop: Stop) -> Root | None:
    first = next(s for s in graph.stops if s.core is stop.core and s.reason is Reason.UNCONFIGURED)
    sentence = (
        f"{where(stop.core, role(first.risc))} cannot {first.call} at {first.site}: the engine was never configured; "
        "compute_kernel_hw_startup(...) and the operation's init must come first"
    )
    advice = f"make compute_kernel_hw_startup(…) the first line of {kernel(first.risc)}"
    return Root(Cause.NOT_CONFIGURED, sentence, first, (str(first.site),), advice=advice)


def wrong_operation(graph: Graph, stop: Stop) -> Root | None:
    if stop.reason is Reason.SRC_FULL:
        what = "SrcA and SrcB are full, and MATH takes no more of them"
    else:
        what = "its operands do not come, UNPACK has given fewer than MATH's program takes"
    inits = [m for m in graph.promises.calls(stop.risc) if "_init" in m.call and "uninit" not in m.call]
    last = next((m for m in reversed(inits) if m.line <= stop.site.line), inits[-1] if inits else None)
    sentence = (
        f"{where(stop.core, role(stop.risc))} stalls in {stop.call} at {stop.site}: {what}; "
        f"the engine is programmed for another operation{_before(graph, stop, last) if graph.promises.told(stop.risc) else ''}"
    )
    sites = (str(stop.site), *([graph.promises.line(stop.risc, last)] if last is not None else []))
    return Root(Cause.WRONG_OPERATION, sentence, stop, sites, advice=_its_own_init(graph, stop, last))


def _before(graph: Graph, stop: Stop, last: Made | None) -> str:
    if last is None:
        return " (no init comes before it)"
    return f" (the init before it is `{last.text}`, line {last.line})"


def _its_own_init(graph: Graph, stop: Stop, last: Made | None) -> str:
    """`add_init(c_0, c_1)` for add_tiles(c_0, c_1, …)."""
    init = init_of(stop.call)
    made = next((m for m in graph.promises.calls(stop.risc) if m.call == stop.call), None)
    counts = made.counts[: 1 if "copy" in init else 2] if made is not None else ()
    cbs = ", ".join(f"c_{count.constant}" for count in counts if count is not None and count.constant is not None)
    instead = f" instead of `{last.text}`" if last is not None and last.call != init else ""
    return f"call {init}({cbs or '…'}) before {stop.call}{instead}"


def init_of(call: str) -> str:
    """The init that belongs to an operation: `mul_tiles_bcast_cols` has `mul_bcast_cols_init`."""
    if call.startswith("matmul"):
        return "mm_block_init" if "block" in call else "mm_init"
    for ending in ("_tiles", "_tile", "_block"):
        call = call.replace(ending, "")
    return f"{call}_init"


def dst(graph: Graph, stop: Stop) -> Root | None:
    told = dst_words.told(graph.promises.calls(stop.risc), stop)
    lines = [graph.promises.line(stop.risc, made) for made in told.lines]
    sentence = f"{where(stop.core, role(stop.risc))} {told.sentence}"
    return Root(Cause.DST_MISUSE, sentence, stop, (str(stop.site), *lines), advice=told.advice)
