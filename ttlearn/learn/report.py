"""A workshop's table, learner by exercise, read from saved notebooks without running them.

What `check` and `predict` leave in a notebook's outputs is JSON; nothing of a learner's code is executed. `rerun`
executes, one process a notebook. Left out: who copied from whom.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .verdict import MIME

MARKS = {
    "passed": "ok",
    "right": "ok",
    "not yet": "x",
    "not as you said": "x",
    "not attempted": ".",
    "not answered yet": ".",
}
SECONDS = 120  # of one notebook, when it is executed again
MEGABYTES = 2000


@dataclass(frozen=True)
class Row:
    """One learner: the folder under the one that was asked for (or the notebook's own name), and exercise → state."""

    learner: str
    states: dict[str, str]


@dataclass(frozen=True)
class Report:
    """The table. `unreadable` are files that are no notebooks."""

    rows: tuple[Row, ...]
    exercises: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def __str__(self) -> str:
        wide = max([7, *(len(row.learner) for row in self.rows)])
        lines = [f"{'learner':<{wide}}  " + " ".join(f"{e:>6}" for e in self.exercises) + "    ok"]
        for row in self.rows:
            marks = [MARKS.get(row.states.get(e, ""), "") for e in self.exercises]
            lines.append(f"{row.learner:<{wide}}  " + " ".join(f"{m:>6}" for m in marks) + f"{marks.count('ok'):>6}")
        lines.append("ok: passed or right   x: tried, not yet   .: not attempted   blank: not run")
        return "\n".join(lines + [f"not a notebook: {name}" for name in self.unreadable])

    def csv(self) -> str:
        """learner, then a column an exercise with its state in words."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["learner", *self.exercises])
        for row in self.rows:
            writer.writerow([row.learner, *(row.states.get(e, "not run") for e in self.exercises)])
        return out.getvalue()


def report(folder: Path, rerun: bool = False) -> Report:
    """Every notebook below `folder`; a learner is a folder in it, or a single notebook lying there."""
    states: dict[str, dict[str, str]] = {}
    unreadable = []
    for path in sorted(p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts):
        inside = path.relative_to(folder).parts
        if "solutions" in inside:
            continue
        learner = inside[0] if len(inside) > 1 else path.stem
        try:
            found = list(verdicts(executed(path) if rerun else path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError, subprocess.SubprocessError):
            unreadable.append(str(path.relative_to(folder)))
            continue
        states.setdefault(learner, {}).update({fact["exercise"]: fact["state"] for fact in found})
    names = sorted({name for row in states.values() for name in row})
    return Report(tuple(Row(name, states[name]) for name in sorted(states)), tuple(names), tuple(unreadable))


def verdicts(text: str) -> Iterator[dict[str, Any]]:
    """The facts in a notebook's outputs, in the order of its cells."""
    for cell in json.loads(text)["cells"]:
        for output in cell.get("outputs", []):
            fact = output.get("data", {}).get(MIME)
            if isinstance(fact, dict) and {"exercise", "state"} <= set(fact):
                yield fact


def executed(path: Path) -> str:
    """The notebook run anew in a process of its own, with limits of time and, where there are such, of memory."""
    with tempfile.TemporaryDirectory() as place:
        code = (
            f"{_limit()}import sys\nfrom nbconvert.nbconvertapp import main\n"
            f"sys.argv[1:] = ['--to', 'notebook', '--execute', '--allow-errors', {str(path.resolve())!r}, "
            f"'--output-dir', {place!r}, '--output', 'run.ipynb', '--log-level', 'ERROR']\nmain()"
        )
        subprocess.run([sys.executable, "-c", code], timeout=SECONDS, check=True, cwd=place, capture_output=True)
        return (Path(place) / "run.ipynb").read_text("utf-8")


def _limit() -> str:
    if sys.platform == "win32":
        return ""
    return f"import resource\nresource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES << 20}, {MEGABYTES << 20}))\n"
