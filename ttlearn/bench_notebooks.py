"""What each solved notebook needs: `python -m ttlearn.bench_notebooks [NN …]`.

Each runs alone in a fresh kernel on one CPU, beside a JupyterLab server as on Binder: seconds of the first cell and of
all cells, and the peak of memory of kernel and server together. Needs the extras `lab` and `test`. Left out: the browser.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lab import notebooks

FIRST, ALL, PEAK = 5.0, 60.0, 500  # the goals: seconds, seconds, MB
SAMPLE = 0.05  # seconds between looks at memory


@dataclass(frozen=True)
class Need:
    """One notebook's figures; memory in MB."""

    name: str
    first: float
    seconds: float
    peak: float

    def __str__(self) -> str:
        over = [word for word, bad in zip(("first cell", "time", "memory"), self.over(), strict=True) if bad]
        return (
            f"{self.name:<34}{self.first:>12.1f}{self.seconds:>12.1f}{self.peak:>12.0f}"
            f"   {'above its goal: ' + ', '.join(over) if over else ''}"
        ).rstrip()

    def over(self) -> tuple[bool, bool, bool]:
        return self.first > FIRST, self.seconds > ALL, self.peak > PEAK


def measure(path: Path, server: int) -> Need:
    """Run one notebook; `server` is the process id of a JupyterLab."""
    import nbformat
    from nbclient import NotebookClient

    read: Any = nbformat.read  # it has no types
    client: Any = NotebookClient(read(path, as_version=4), timeout=120, kernel_name="python3")
    with tempfile.TemporaryDirectory() as place, client.setup_kernel(cwd=place, stderr=subprocess.DEVNULL):
        watch = _Watch([server, client.km.provisioner.pid])
        times = [0.0]
        started = time.perf_counter()
        for index, cell in enumerate(client.nb.cells):
            if cell.cell_type == "code":
                client.execute_cell(cell, index)
                times.append(time.perf_counter() - started)
        return Need(path.stem, times[1], times[-1], watch.stop())


class _Watch:
    """The highest sum of resident memory of some processes."""

    def __init__(self, pids: list[int]) -> None:
        import psutil

        self.processes = [psutil.Process(pid) for pid in pids]
        self.peak, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.over.wait(SAMPLE):
            self.peak = max(self.peak, sum(process.memory_info().rss for process in self.processes))

    def stop(self) -> float:
        self.over.set()
        self.thread.join()
        return self.peak / 1e6


def main(names: Sequence[str]) -> int:
    """Print the table; 1 if a goal is missed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{'notebook, one CPU':<34}{'first [s]':>12}{'all [s]':>12}{'peak [MB]':>12}")
    print(f"{'goal, at most':<34}{FIRST:>12.0f}{ALL:>12.0f}{PEAK:>12}")
    paths = [
        p for p in sorted((notebooks() / "solutions").glob("*.ipynb")) if not names or p.name.split("_")[0] in names
    ]
    with tempfile.TemporaryDirectory() as home:
        server = _server(home)
        try:
            needs = []
            for path in paths:
                needs.append(measure(path, server.pid))
                print(needs[-1], flush=True)
        finally:
            server.terminate()
            server.wait()
    return int(any(any(need.over()) for need in needs))


def _server(home: str) -> subprocess.Popen[Any]:
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", "--allow-root"]
    return subprocess.Popen(
        [*command, f"--ServerApp.root_dir={home}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
