"""Source lines, each kept once: kernels' texts, and the places in them that a recording points at.

A Python kernel is its function, a C++ kernel its file. Left out: a helper's own text; its line is named in words.
"""

from __future__ import annotations

import inspect
import linecache
from pathlib import Path
from types import CodeType
from typing import Any

from ...sim.sched import Risc
from ...sim.trace import CPP, Site

Json = dict[str, Any]


class Places:
    """Numbers for sources and places, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.sources: list[Json] = []
        self.places: list[Json] = []
        self._codes: dict[CodeType, int] = {}
        self._sites: dict[Site, int] = {}

    def source(self, code: CodeType) -> int:
        """The number of a kernel's text."""
        if code not in self._codes:
            self._codes[code] = len(self.sources)
            self.sources.append(_text(code))
        return self._codes[code]

    def place(self, site: Site) -> int:
        """The number of a line."""
        if site not in self._sites:
            source = self.source(site.kernel)
            where = f"{self.sources[source]['file']}:{site.line}"
            inside = f" {str(site).split(': `')[0].partition(' (')[2]}".rstrip(")").strip()
            self._sites[site] = len(self.places)
            self.places.append(
                {"source": source, "line": site.line, "where": where, "text": site.text, "inside": inside}
            )
        return self._sites[site]

    def start(self, risc: Risc) -> int:
        """The first line of a RISC's kernel."""
        return self.place(Site(risc.code, 0, risc.code, 0))


def _text(code: CodeType) -> Json:
    """Name, file, number of the first line and lines. The file of a notebook cell has no name worth telling."""
    lines, first = linecache.getlines(code.co_filename), code.co_firstlineno
    path = Path(code.co_filename)
    name, file = code.co_name, path.name if path.is_file() and "ipykernel" not in code.co_filename else "cell"
    if code.co_filename.endswith(CPP):
        name = file = path.name
        first = 1
    else:
        lines = list(inspect.getblock(lines[first - 1 :]))
    return {"name": name, "file": file, "first": first, "lines": [line.rstrip() for line in lines]}
