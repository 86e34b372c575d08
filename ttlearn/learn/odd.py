"""What a wrong run itself shows to be odd, beside the reference's run of the same case.

Pages that stay in a CB, DST sections that stay held, work of the engine and transfers that are missing: each in one
clause, with the learner's line where it is known. Left out: whether that is the cause (hangs and hazards have a diagnosis).
"""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..sim.work import Kind
from .attempt import tree_of
from .exercise import Functions
from .facts import OPEN_AND_CLOSE, WORK, Facts, Mover

MOST = 2  # clauses that are told
SECTIONS = {kind: f"tile_regs_{kind.value}" for kind in (Kind.ACQUIRE, Kind.COMMIT, Kind.WAIT, Kind.RELEASE)}
_NAMES = {Kind.MATH: "MATH", Kind.SFPU: "the SFPU", Kind.PACK: "PACK"}


def odd(mine: Facts, theirs: Facts, functions: Functions, reference: Functions) -> str:
    """One or two clauses, or none. Which tiles met is told only if their number was right."""
    clauses = [*(_direction(mine, theirs) or _moved(mine, theirs)), *_sections(mine, theirs, functions)]
    clauses += [*_pages(mine, theirs, functions), *_work(mine, theirs), *_again(mine, theirs)]
    clauses += [*_programs(mine, theirs), *_left_on(functions, reference), *_exchanged(mine, theirs)]
    return "; ".join((clauses or [*_operands(mine, theirs), *_dst(mine, theirs)])[:MOST])


def turned_round(mine: Facts, theirs: Facts) -> str:
    """A writer that reads, a reader that writes; also of a run that did not end."""
    return "; ".join(_direction(mine, theirs))


# ---- transfers --------------------------------------------------------------------------------------------------


def _direction(mine: Facts, theirs: Facts) -> list[str]:
    found = []
    for risc, kernel in dict.fromkeys((risc, kernel) for risc, kernel, _ in mine.transfers):
        for does, should in (("read", "write"), ("write", "read")):
            done, wanted = mine.transfers[risc, kernel, does], of(theirs.transfers, risc, should)
            if wanted and not mine.transfers[risc, kernel, should] and not of(theirs.transfers, risc, does):
                found.append(
                    f"{risc} ({kernel}) {should}s nothing {_TO[should]} DRAM, where the reference {should}s "
                    f"{times(wanted)}; it {does}s {times(done)} instead"
                )
    return found


def _moved(mine: Facts, theirs: Facts) -> Iterator[str]:
    for risc, kernel, kind in theirs.bytes_moved:
        wanted, moved = theirs.bytes_moved[risc, kernel, kind], of(mine.bytes_moved, risc, kind)
        if moved < wanted:
            done = f"{moved:,} bytes" if moved else "nothing"
            yield f"{risc} {kind}s {done} {_TO[kind]} DRAM, where the reference {kind}s {wanted:,} bytes"


def _otherwise(mine: Facts, theirs: Facts) -> Iterator[str]:
    """A call that is made as often as the reference's, and carried out less often: another init came before it."""
    for kind, call in theirs.tiles:
        wanted, done = theirs.tiles[Kind.MATH, call], mine.tiles[Kind.MATH, call]
        if kind is Kind.UNPACK and done < wanted and mine.tiles[kind, call] == theirs.tiles[kind, call]:
            yield (
                f"MATH carries out {call} on {_tiles(done)}, the reference on {wanted:,}: it is called as often, but the engine "
                "does what the last init says"
            )


def _again(mine: Facts, theirs: Facts) -> Iterator[str]:
    """The same pages of DRAM again and again."""
    for (risc, kind), wanted in theirs.dram_pages.items():
        pages, started = mine.dram_pages.get((risc, kind), set()), of(mine.transfers, risc, kind)
        if len(pages) < len(wanted) <= started:
            said = f"{len(pages):,} page{'s' * (len(pages) > 1)} of DRAM"
            yield f"{risc} {kind}s {said} in {started:,} transfers, where the reference {kind}s {len(wanted):,} different ones"


_TO = {"read": "from", "write": "to"}


def of(counted: Counter[Mover], risc: str, kind: str) -> int:
    """Whatever the kernel is called."""
    return sum(n for (r, _, k), n in counted.items() if (r, k) == (risc, kind))


# ---- DST sections and the engine's work -----------------------------------------------------------------------------


def _sections(mine: Facts, theirs: Facts, functions: Functions) -> Iterator[str]:
    """A section is opened and closed by the same processor as often."""
    for opens, closes in OPEN_AND_CLOSE.values():
        opened, closed = mine.sections[opens], mine.sections[closes]
        if opened != closed and theirs.sections[opens] == theirs.sections[closes]:
            line = _line_of(functions, SECTIONS[opens]) or _line_of(functions, SECTIONS[closes])
            yield (
                f"{SECTIONS[opens]} is called {times(opened)} and {SECTIONS[closes]} {times(closed)}"
                f"{f' ({line})' if line else ''}, where the reference calls both {times(theirs.sections[opens])}"
            )


def _work(mine: Facts, theirs: Facts) -> Iterator[str]:
    """Fewer tiles than the reference's; or as many, and none by one of its calls, with no other call in its place."""
    for kind in WORK:
        calls = [{call: n for (k, call), n in facts.tiles.items() if k is kind} for facts in (mine, theirs)]
        done, wanted = (sum(of_kind.values()) for of_kind in calls)
        missing = ", ".join(call for call in calls[1] if call not in calls[0])
        if done < wanted:
            who, on = ("PACK packs", "") if kind is Kind.PACK else (f"{_NAMES[kind]} works on", "on ")
            yield f"{who} {_tiles(done)}, the reference {on}{wanted:,}{f' (by {missing})' if missing else ''}"
        elif kind is Kind.MATH and (others := [*_otherwise(mine, theirs)]):
            yield from others
        elif missing and set(calls[0]) < set(calls[1]):
            yield f"{_NAMES[kind]} works on no tile by {missing}, where the reference does"


def _programs(mine: Facts, theirs: Facts) -> Iterator[str]:
    """An init was another operation's: the engine carries out what it is configured for."""
    for call, wanted in theirs.programs.items():
        other = sorted(mine.programs.get(call, wanted) - wanted)
        if other:
            yield f"{call} is carried out as {_quoted(other)}, in the reference as {_quoted(sorted(wanted))}"


def _operands(mine: Facts, theirs: Facts) -> Iterator[str]:
    """The same tile for each, where the reference goes through many."""
    for (call, place), wanted in theirs.operands.items():
        read = mine.operands.get((call, place), wanted)
        if len(read) < len(wanted):
            which = {1: "first", 2: "second"}[place]
            cbs, others = (mine.sources.get((call, k), set()) for k in (place, 3 - place))
            of_which = f"of c_{min(cbs)}" if len(cbs) == 1 and others and cbs != others else f"as its {which} operand"
            yield f"{call} reads {_tiles(len(read))} {of_which}, the reference {len(wanted):,} different ones"


def _exchanged(mine: Facts, theirs: Facts) -> Iterator[str]:
    """The two operands come from each other's CB."""
    for call in dict.fromkeys(call for call, _ in theirs.sources):
        (one, other), read = ([facts.sources.get((call, place), set()) for place in (1, 2)] for facts in (theirs, mine))
        if [other, one] == read and one != other and len(one) == len(other) == 1:
            yield f"the operands of {call}, c_{min(one)} and c_{min(other)}, stand the other way round than in the reference"


def _dst(mine: Facts, theirs: Facts) -> Iterator[str]:
    """MATH fills tiles that PACK does not take, or the other way round."""
    filled, packed = mine.dst[Kind.MATH], mine.dst[Kind.PACK]
    if filled != packed and theirs.dst[Kind.MATH] == theirs.dst[Kind.PACK]:
        yield f"MATH fills {_listed(filled)} of its DST sections, and PACK packs {_listed(packed)}"


# ---- pages --------------------------------------------------------------------------------------------------------


def _pages(mine: Facts, theirs: Facts, functions: Functions) -> Iterator[str]:
    """Fewer pushed than the reference's, or more left over. The same on several cores is told of the first."""
    told = set()
    for (core, index), (pushed, popped) in mine.pages.items():
        should_push, should_pop = theirs.pages.get((core, index), (pushed, popped))
        fewer, left = pushed < should_push, pushed - popped > should_push - should_pop
        if index in told or not (fewer or left):
            continue
        told.add(index)
        call, verb, wanted = ("cb_push_back", "pushes", should_push) if fewer else ("cb_wait_front", "pops", should_pop)
        line = _line_of(functions, call, index)
        at = f" ({'pushed' if fewer else 'waited for'} at {line})" if line else ""
        yield f"c_{index} has {pushed:,} pages pushed and {popped:,} popped{at}, where the reference {verb} {wanted:,}"


# ---- inits --------------------------------------------------------------------------------------------------------


def _left_on(functions: Functions, reference: Functions) -> Iterator[str]:
    """An init that is never undone, where the reference undoes it."""
    for name, function in functions.items():
        mine, theirs = _calls(function), _calls(reference[name])
        for undo in theirs:
            init = undo.removesuffix("uninit") + "init"
            if undo.endswith("_uninit") and init in mine and undo not in mine:
                yield f"{_line_of({name: function}, init)} calls {init}, and nothing calls {undo} after it"


def _calls(function: Callable[..., Any]) -> set[str]:
    nodes = ast.walk(tree_of(function) or ast.Module([], []))
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


# ---- the learner's lines --------------------------------------------------------------------------------------------


def _line_of(functions: Functions, call: str, cb: int | None = None) -> str:
    """The first `call` in these functions' own text, on this CB if one is named; empty if there is none."""
    for function in functions.values():
        for node in ast.walk(tree_of(function) or ast.Module([], [])):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != call:
                continue
            if cb is None or (node.args and _value(function, node.args[0]) == cb):
                return f"{function.__name__} line {function.__code__.co_firstlineno + node.lineno - 1}"
    return ""


def _value(function: Callable[..., Any], node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    names = inspect.getclosurevars(function)
    return {**names.globals, **names.nonlocals}.get(node.id) if isinstance(node, ast.Name) else None


def times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n:,} times")


def _quoted(names: list[str]) -> str:
    return " and ".join(f'"{name}"' for name in names)


def _listed(numbers: set[int]) -> str:
    return f"tile{'s' * (len(numbers) > 1)} {', '.join(map(str, sorted(numbers)))}" if numbers else "no tile"


def _tiles(n: int) -> str:
    return "no tile" if n == 0 else f"{n:,} tile{'s' * (n > 1)}"
