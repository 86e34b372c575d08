"""`ttlearn doctor`: does this machine have what the course needs? One line a question, with the fix where it does not.

Each check really does the thing: writes a file, opens a port, starts a notebook's kernel and moves a slider in it, runs
the op. Left out: whether the browser draws; that shows when Lab is open.
"""

from __future__ import annotations

import importlib.util
import queue
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 30  # how long a kernel may take to start
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
MOVE = "import ipywidgets\nslider = ipywidgets.IntSlider()\ndisplay(slider)"


@dataclass(frozen=True)
class Finding:
    """One question's answer; `fix` is empty if all is well."""

    question: str
    answer: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{'well' if not self.fix else 'FIX':<6}{self.question:<16}{self.answer}"
        return line + (f"\n      {'':<16}-> {self.fix}" if self.fix else "")


def doctor(folder: Path) -> int:
    """Print every finding; 1 if something is to be fixed."""
    ill = 0
    for question, check in CHECKS.items():
        try:
            answer, fix = check(folder)
        except Exception as error:  # a check that breaks is a finding, too
            answer, fix = f"{type(error).__name__}: {error}", "please report this line as an issue of ttlearn"
        print(Finding(question, answer, fix), flush=True)
        ill += bool(fix)
    print("All well: `ttlearn lab` opens the course." if not ill else f"{ill} thing(s) to fix.")
    return int(bool(ill))


Answer = tuple[str, str]


def python(_: Path) -> Answer:
    version = ".".join(map(str, sys.version_info[:3]))
    return version, "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer, and ttlearn in it"


def writing(folder: Path) -> Answer:
    """Can the notebooks be copied and saved?"""
    near = next(p for p in (folder, *folder.resolve().parents) if p.is_dir())
    try:
        with tempfile.TemporaryFile(dir=near):
            return f"{near} can be written to", ""
    except OSError as error:
        return f"{near}: {error.strerror}", "change to a folder of your own, or give one: ttlearn doctor FOLDER"


def port(_: Path) -> Answer:
    """Lab listens on loopback."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return f"127.0.0.1:{server.getsockname()[1]} could be opened", ""
    except OSError as error:
        return str(error), "allow programs to listen on 127.0.0.1 (firewall, sandbox)"


def browser(_: Path) -> Answer:
    try:
        return f"{webbrowser.get().name} opens pages", ""  # type: ignore[attr-defined]
    except webbrowser.Error:
        return (
            "none is known here",
            "start `ttlearn lab` all the same and open the printed address in a browser of yours",
        )


def lab(_: Path) -> Answer:
    """JupyterLab, and its side of the widgets."""
    missing = [name for name in ("jupyterlab", "ipywidgets", "anywidget", "matplotlib") if not _there(name)]
    if missing:
        return f"missing: {', '.join(missing)}", "pip install 'ttlearn[lab]'"
    from jupyter_core.paths import jupyter_path

    places = [Path(place) for place in jupyter_path("labextensions")]
    lost = [name for name in EXTENSIONS if not any((place / name).is_dir() for place in places)]
    if lost:
        return f"without {', '.join(lost)}", "pip install --force-reinstall jupyterlab_widgets anywidget"
    return "JupyterLab, ipywidgets and anywidget are there, with their browser side", ""


def handshake(_: Path) -> Answer:
    """Start a kernel, show a slider, move it as the browser would, and ask the kernel where it stands."""
    if not _there("jupyter_client") or not _there("ipykernel"):
        return "not tried", "pip install 'ttlearn[lab]'"
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=SECONDS, stderr=subprocess.DEVNULL)
    try:
        opened = [m for m in _messages(client, MOVE) if m["header"]["msg_type"] == "comm_open"]
        sliders = [m["content"] for m in opened if m["content"]["data"]["state"].get("_model_name") == "IntSliderModel"]
        if not sliders:
            return "the kernel opened no widget", "pip install --upgrade ipywidgets ipykernel"
        update = {"method": "update", "state": {"value": 7}, "buffer_paths": []}
        message = client.session.msg("comm_msg", {"comm_id": sliders[0]["comm_id"], "data": update})
        client.shell_channel.send(message)
        told = "".join(m["content"].get("text", "") for m in _messages(client, "print(slider.value)"))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if told.strip() != "7":
        return (
            f"a slider moved to 7 stands at {told.strip() or 'nothing'}",
            "pip install --upgrade ipywidgets ipykernel",
        )
    return "a slider moved in a fresh kernel arrived", ""


def one_run(_: Path) -> Answer:
    """The op, against float64 numpy."""
    import numpy as np

    from .layernorm import golden
    from .layernorm.op import layernorm_fused_rm

    started = time.perf_counter()
    run = layernorm_fused_rm(np.random.default_rng(0).normal(size=(256, 256)))
    seconds = time.perf_counter() - started
    error = golden.compare(run.output, golden.layernorm(run.details["x"]))
    told = f"layernorm 256 x 256 in {seconds:.2f} s, {'within' if error.within else 'OUTSIDE'} its bounds"
    if not error.within:
        return told, "numpy computes differently here: please report this with numpy.show_config()"
    return told, "" if seconds < 5 else "this machine is slow: close other programs, or use Binder"


CHECKS: dict[str, Callable[[Path], Answer]] = {
    "Python": python,
    "writing": writing,
    "port": port,
    "browser": browser,
    "Lab": lab,
    "widgets": handshake,
    "a run": one_run,
}


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _messages(client: Any, code: str) -> list[dict[str, Any]]:
    """What a kernel publishes while it runs `code`."""
    asked, found = client.execute(code), []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        found.append(message)
        state = message["content"].get("execution_state")
        if state == "idle" and message["parent_header"].get("msg_id") == asked:
            return found
    return found
