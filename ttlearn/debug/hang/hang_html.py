"""A diagnosis as HTML, with a picture of who waits for whom.

The root is told by a double frame, a heavier line and the word "root", not by colour alone. Colours are those of the page
that shows it, so dark themes work. Left out: cores beyond the root's own, which are named in the text.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from .causes import Cause
from .graph import Ended, hopeless
from .stops import Stop, kernel, role, source

if TYPE_CHECKING:
    from .diagnosis import Diagnosis

_WIDTH, _HEIGHT, _GAP, _ROW, _MARGIN = 206, 62, 40, 92, 60
_OWN_FAULT = (
    Cause.POPPED_TOO_EARLY,
    Cause.REQUEST_TOO_LARGE,
    Cause.WRONG_OPERATION,
    Cause.NO_PART,
)  # who waits, not who ended
_TOLD = ("Cause:", "The other side:", "Waiting only", "The same on", "What would help")
_STYLE = "font:13px system-ui,sans-serif"


def as_html(diagnosis: Diagnosis) -> str:
    """Sentence, picture, then the evidence folded away."""
    lines = str(diagnosis).splitlines()
    told = "".join(f"<li>{html.escape(line)}</li>" for line in lines[1:] if line.startswith(_TOLD))
    rest = html.escape("\n".join(lines))
    return (
        f'<div style="{_STYLE}"><p role="alert"><strong>The device hangs.</strong> {html.escape(_begun(diagnosis.sentence))}.</p>'
        f"<ul>{told}</ul>{picture(diagnosis)}"
        f"<details><summary>Everything, as text</summary><pre>{rest}</pre></details></div>"
    )


def picture(diagnosis: Diagnosis) -> str:
    """The wait-for graph of the core at which the cause shows, as SVG."""
    core = diagnosis.root.stop.core
    stops = [s for s in diagnosis.graph.stops if s.core is core]
    columns = _columns(diagnosis, stops)
    places: dict[object, tuple[int, int]] = {}
    for x, column in enumerate(columns):
        for y, node in enumerate(column):
            places[_key(node)] = (20 + x * (_WIDTH + _GAP), 24 + y * _ROW)
    width = 40 + len(columns) * (_WIDTH + _GAP) - _GAP + (_MARGIN if diagnosis.root.circle else 0)
    height = 30 + max(len(column) for column in columns) * _ROW
    parts = [_box(diagnosis, node, *places[_key(node)]) for column in columns for node in column]
    arrows = [
        _arrow(places[stop], places[_key(helper)])
        for stop in stops
        for helper in ([] if hopeless(stop) else diagnosis.graph.helpers[stop])
        if _key(helper) in places and stop in places
    ]
    text = html.escape(
        f"Who waits for whom on core {core.xy}; the root is {diagnosis.root.stop.who} in {diagnosis.root.stop.call}"
    )
    head = '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    head += '<path d="M0,0 8,4 0,8z" fill="currentColor"/></marker></defs>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" style="max-width:100%;color:inherit" role="img" aria-label="{text}">'
        f"<title>{text}</title>{head}{''.join(arrows)}{''.join(parts)}</svg>"
    )


def _key(node: Stop | Ended) -> object:
    return node if isinstance(node, Stop) else ("ended", node.risc)


def _columns(diagnosis: Diagnosis, stops: list[Stop]) -> list[list[Stop | Ended]]:
    """Stops by their distance from the root, and, last, those that have ended."""
    graph, root = diagnosis.graph, diagnosis.root
    columns: list[list[Stop | Ended]] = [[s for s in (list(root.circle) or [root.stop]) if s in stops]]
    placed = set(map(_key, columns[0]))
    while True:
        following: list[Stop | Ended] = [
            s for s in stops if s not in placed and any(_key(h) in placed for h in graph.waits_for(s))
        ]
        if not following:
            break
        columns.insert(0, following)
        placed |= set(map(_key, following))
    lonely: list[Stop | Ended] = [s for s in stops if s not in placed]
    columns[0] += lonely
    ended = {_key(e): e for s in stops for e in graph.ended(s)}
    return [*columns, list(ended.values())] if ended else columns


def _box(diagnosis: Diagnosis, node: Stop | Ended, x: int, y: int) -> str:
    root = _is_root(diagnosis, node)
    if isinstance(node, Stop):
        texts = node.who, node.call, f"line {node.site.line} of {source(node.risc)}"
    else:
        short = f"moves only {node.total} in all" if node.total is not None and not node.risc.done else "has finished"
        made = f"line {node.made.line} of {source(node.risc)}" if node.made is not None else kernel(node.risc)
        texts = role(node.risc), short, made
    dash = ' stroke-dasharray="5 4"' if isinstance(node, Ended) else ""
    frame = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="none" stroke="currentColor"'
    inner = f'{frame} stroke-width="{3 if root else 1}"{dash}/>'
    if root:
        first = not isinstance(node, Stop) or node is diagnosis.root.stop
        inner += f'<rect x="{x - 5}" y="{y - 5}" width="{_WIDTH + 10}" height="{_HEIGHT + 10}" rx="9" fill="none" '
        inner += 'stroke="currentColor"/>'
        if first:
            inner += (
                f'<text x="{x + _WIDTH}" y="{y - 9}" text-anchor="end" font-size="12" fill="currentColor">root</text>'
            )
    bold = ' font-weight="600"'
    for k, text in enumerate(texts):
        label = f'<text x="{x + 9}" y="{y + 18 + 18 * k}" font-size="12.5" fill="currentColor"{"" if k else bold}>'
        inner += f"{label}{html.escape(_cut(text))}</text>"
    return f"<g><title>{html.escape(', '.join(texts))}</title>{inner}</g>"


def _begun(sentence: str) -> str:
    """As a sentence begins, unless it begins with a name."""
    return sentence[0].upper() + sentence[1:] if sentence.startswith(("a ", "on ")) else sentence


def _is_root(diagnosis: Diagnosis, node: Stop | Ended) -> bool:
    """The one that has ended without keeping its promise; if there is none, where it shows."""
    root = diagnosis.root
    culprits = {_key(e) for e in diagnosis.graph.ended(root.stop)}
    if culprits and root.cause not in _OWN_FAULT:
        return _key(node) in culprits
    return isinstance(node, Stop) and (node is root.stop or node in root.circle)


def _cut(text: str) -> str:
    return text if len(text) <= 28 else text[:27] + "…"


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the right of a box to the left of a later one; in one column round on the right; to an earlier one below."""
    x0, y0, x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
    if end[0] > start[0]:
        path = f"M{x0},{y0} C{x0 + 35},{y0} {x1 - 35},{y1} {x1 - 2},{y1}"
    elif end[0] == start[0]:
        path = f"M{x0},{y0} C{x0 + 50},{y0} {x0 + 50},{y1} {x0 + 2},{y1}"
    else:
        low = max(start[1], end[1]) + _HEIGHT + 22
        path = (
            f"M{start[0] + 20},{start[1] + _HEIGHT} Q{start[0] + 20},{low} {(start[0] + end[0] + _WIDTH) // 2},{low} "
        )
        path += f"T{end[0] + _WIDTH - 20},{end[1] + _HEIGHT + 2}"
    return f'<path d="{path}" fill="none" stroke="currentColor" marker-end="url(#to)"/>'
