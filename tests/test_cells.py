"""Errors as a notebook's cell, a script and other front ends show them, in real kernels; and a notebook's life."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from programs import COMPUTE, CORE, cb, empty, launch, rows, tensor

import ttlearn as tt
from ttlearn.cells.place import Place
from ttlearn.cells.shown import named, rendered
from ttlearn.cells.steps import border
from ttlearn.dataflow import *
from ttlearn.sim.formats import POISON

ROOT = Path(__file__).parent.parent
SETUP = """\
import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

def built(kernel, config=tt.ReaderConfigDescriptor()):
    core = tt.core_set((0, 0))
    cb = tt.CBDescriptor(128, core, [tt.CBFormatDescriptor(0, tt.bfloat16, 64)])
    return tt.ProgramDescriptor([tt.KernelDescriptor(kernel, core, config)], [cb])

def run(program):
    return tt.generic_op([tt.allocate_tensor_on_device((4, 32))], program)
"""
HINT = "tt.traceback() prints every frame, the simulator's too."


class Notebook:
    """A real Jupyter kernel: cells in, outputs out."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))

    def cell(self, code: str, interrupt: bool = False) -> dict[str, str]:
        """What a cell shows, by the kind of output; `interrupt` two seconds after it prints."""
        sent, shown = self.client.execute(code), {"stdout": "", "stderr": ""}
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != sent:
                continue
            if kind == "stream":
                shown[content["name"]] += content["text"]
                if interrupt:
                    time.sleep(2)
                    self.manager.interrupt_kernel()
                    interrupt = False
            elif kind == "execute_result":
                shown |= content["data"]
            elif kind == "execute_input":
                shown["count"] = str(content["execution_count"])
            elif kind == "error":
                text = "\n".join(content["traceback"]).replace(f"In[{shown['count']}]", "In[this]")
                shown |= {"ename": content["ename"], "evalue": content["evalue"], "error": text}
            elif kind == "status" and content["execution_state"] == "idle":
                return shown


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    book = Notebook()
    assert book.cell(SETUP)["stderr"] == ""
    yield book
    book.client.stop_channels()
    book.manager.shutdown_kernel(now=True)


RUN = "Cell In[1], line 11, in run\n-->   11     return tt.generic_op([tt.allocate_tensor_on_device((4, 32))], program)"


def error(notebook: Notebook, code: str) -> str:
    """The text of the error; nothing else may be shown."""
    shown = notebook.cell(code)
    assert (shown["stdout"], shown["stderr"]) == ("", "")
    assert "\x1b" not in shown["error"]
    return shown["error"]


# ---- in a cell --------------------------------------------------------------------------------------------


def test_an_await_forgotten_is_marked_in_the_cell(notebook: Notebook) -> None:
    shown = error(
        notebook, "async def reader():\n    cb_reserve_back(0, 1)\n    cb_push_back(0, 1)\nrun(built(reader))"
    )
    assert shown == (
        f"Cell In[this], line 4\n-->    4 run(built(reader))\n\n{RUN}\n\n"
        "Cell In[this], line 2, in reader\n"
        "       1 async def reader():\n"
        "-->    2     cb_reserve_back(0, 1)\n"
        "       3     cb_push_back(0, 1)\n\n"
        "KernelError: cb_reserve_back(c_0, 1) was never awaited (reader line 2: `cb_reserve_back(0, 1)`): "
        f"write `await cb_reserve_back(...)`\n\n{HINT}"
    )


def test_a_hang_shows_where_it_waits_then_the_diagnosis(notebook: Notebook) -> None:
    shown = notebook.cell("async def reader():\n    await cb_wait_front(0, 1)\nrun(built(reader))")
    assert shown["stderr"] == ""
    places, message = shown["error"].split("\n\nDeviceHang: ")
    assert places == (
        f"Cell In[this], line 3\n-->    3 run(built(reader))\n\n{RUN}\n\n"
        "Cell In[this], line 2, in reader\n       1 async def reader():\n-->    2     await cb_wait_front(0, 1)"
    )
    assert message == f"{shown['evalue']}\n\n{HINT}"
    assert re.match(r"The device hangs, nothing moves after cycle \d+: NCRISC waits in .* is missing\.\n", message)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("1 // 0", "ZeroDivisionError: integer division or modulo by zero"),
        ("quux", "NameError: name 'quux' is not defined"),
        ("[][1]", "IndexError: list index out of range"),
        ("assert False, 'mine'", "AssertionError: mine"),
        ("cb_push_back(0)", "TypeError: cb_push_back() missing 1 required positional argument: 'num_pages'"),
    ],
)
def test_an_error_of_the_learner_s_own_keeps_its_type_and_shows_its_line(
    notebook: Notebook, line: str, text: str
) -> None:
    shown = error(
        notebook, f"async def helper():\n    {line}\nasync def reader():\n    await helper()\nrun(built(reader))"
    )
    assert shown == (
        f"Cell In[this], line 5\n-->    5 run(built(reader))\n\n{RUN}\n\n"
        "Cell In[this], line 4, in reader\n-->    4     await helper()\n\n"
        f"Cell In[this], line 2, in helper\n       1 async def helper():\n-->    2     {line}\n\n{text}\n\n{HINT}"
    )


def test_a_hazard_is_marked_where_it_was_made_not_where_it_was_noticed(notebook: Notebook) -> None:
    code = (
        "async def reader():\n    at = get_noc_addr(my_x(), my_y(), get_write_ptr(0) + 64)\n"
        "    noc_async_write(get_write_ptr(0), at, 32)\n    done = 1\nrun(built(reader))"
    )
    assert "\n-->    3     noc_async_write(get_write_ptr(0), at, 32)\n       4     done = 1\n\nViolation: " in error(
        notebook, code
    )


def test_await_of_a_call_in_a_cell(notebook: Notebook) -> None:
    assert error(notebook, "await cb_wait_front(0, 1)") == (
        "Cell In[this], line 1\n-->    1 await cb_wait_front(0, 1)\n\n"
        "KernelError: cb_wait_front works only inside a running kernel: put it into an `async def` function, "
        f"name that function in a KernelDescriptor and run it with generic_op\n\n{HINT}"
    )


def test_await_of_a_kernel_in_a_cell(notebook: Notebook) -> None:
    shown = error(notebook, "async def reader():\n    await cb_wait_front(0, 1)\nawait reader()")
    assert shown.startswith(
        "Cell In[this], line 3\n-->    3 await reader()\n\n"
        "Cell In[this], line 2, in reader\n       1 async def reader():\n-->    2     await cb_wait_front(0, 1)\n\n"
        "KernelError: cb_wait_front works only inside a running kernel: "
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "run(built(reader()))",
            "kernel_source is reader(), a call; give the function itself, without parentheses: reader",
        ),
        (
            "def reader():\n    pass\nrun(built(reader))",
            "kernel_source reader is a plain function; write `async def reader():`, so that it can wait with `await`",
        ),
        (
            "async def reader():\n    at = get_noc_addr(my_x(), my_y(), get_semaphore(0))\n"
            "    await noc_semaphore_inc(at, 1)\nrun(built(reader))",
            "NCRISC (reader) awaits `noc_semaphore_inc` at reader line 3: `await noc_semaphore_inc(at, 1)`: it only "
            "starts the increment; remove `await`, and wait at `await noc_async_atomic_barrier()`",
        ),
        (
            "async def reader():\n    await cb_push_back(0, 1)\nrun(built(reader))",
            "NCRISC (reader) awaits `cb_push_back` at reader line 2: `await cb_push_back(0, 1)`: "
            "it waits for nobody, so remove `await`",
        ),
        (
            "async def helper(): pass\nasync def reader():\n    helper()\nrun(built(reader))",
            "helper() was never awaited (reader line 3: `helper()`): write `await helper(...)`",
        ),
        (
            "import asyncio\nasync def reader():\n    await asyncio.sleep(1)\nrun(built(reader))",
            "NCRISC (reader) awaits something that is not ttlearn's, at reader line 3: `await asyncio.sleep(1)`: there is "
            "no asyncio on the chip; a kernel awaits CBs, barriers and semaphores (`await cb_wait_front(...)`)",
        ),
        (
            "import time\nasync def reader():\n    time.sleep(1)\nrun(built(reader))",
            "reader line 3: `time.sleep(1)`: a kernel cannot sleep; it waits with `await`, for a CB, a barrier or a semaphore",
        ),
        (
            "import threading\nasync def reader():\n    threading.Thread(target=print)\nrun(built(reader))",
            "reader line 3: `threading.Thread(target=print)`: a kernel cannot start threads; "
            "a core's RISCs are its threads: give each of them its own kernel",
        ),
    ],
    ids=["call", "plain", "await on an increment", "await on a push", "helper", "asyncio", "sleep", "threads"],
)
def test_a_mistake_in_a_cell_is_one_sentence_and_no_warning(notebook: Notebook, code: str, text: str) -> None:
    shown = error(notebook, code)
    assert shown.splitlines()[-3].partition(": ")[2] == text
    assert "ttlearn/" not in shown
    if "reader line " in text:
        line = text.partition("reader line ")[2].partition(":")[0]
        assert f"Cell In[this], line {line}, in reader" in shown


def test_a_kernel_that_goes_on_in_finally_leaves_no_warning(notebook: Notebook) -> None:
    code = (
        "async def reader():\n    try:\n        await cb_wait_front(0, 1)\n"
        "    finally:\n        await cb_wait_front(0, 1)\n        cb_pop_front(0, 1)\nrun(built(reader))"
    )
    assert "DeviceHang: The device hangs" in error(notebook, code)
    assert notebook.cell("import gc; _ = gc.collect()")["stderr"] == ""


def test_all_frames_on_request(notebook: Notebook) -> None:
    error(notebook, "async def reader():\n    1 / 0\nrun(built(reader))")
    shown = notebook.cell("tt.traceback()")
    lines = [line for line in shown["stdout"].splitlines() if line.startswith("  File ")]
    assert shown["stdout"].startswith("Traceback (most recent call last):\n")
    assert shown["stdout"].endswith("ZeroDivisionError: division by zero\n")
    inside = [Path(re.findall(r'"(.*)"', line)[0]).name for line in lines]
    assert inside.index("program.py") < inside.index("device.py") < inside.index("sched.py") < len(lines) - 1
    assert lines[-1].endswith("line 2, in reader")


def test_a_circle_of_waits_is_marked_at_each_of_its_lines(notebook: Notebook) -> None:
    code = (
        "async def reader():\n    await cb_wait_front(1, 1)\n    cb_push_back(0, 1)\n"
        "async def writer():\n    await cb_wait_front(0, 1)\n    cb_push_back(1, 1)\n"
        "core = tt.core_set((0, 0))\n"
        "cbs = [tt.CBDescriptor(128, core, [tt.CBFormatDescriptor(i, tt.bfloat16, 64)]) for i in (0, 1)]\n"
        "kernels = [tt.KernelDescriptor(reader, core, tt.ReaderConfigDescriptor()),\n"
        "           tt.KernelDescriptor(writer, core, tt.WriterConfigDescriptor())]\n"
        "run(tt.ProgramDescriptor(kernels, cbs))"
    )
    shown = error(notebook, code)
    assert re.findall(r"Cell In\[this\], line (\d+), in (\w+)", shown) in (
        [("2", "reader"), ("5", "writer")],
        [("5", "writer"), ("2", "reader")],
    )


def test_a_hang_is_text_as_an_error_and_html_when_it_is_shown(notebook: Notebook) -> None:
    code = "async def reader():\n    await cb_wait_front(0, 1)\ntry:\n    run(built(reader))\nexcept tt.DeviceHang as hang:\n    h = hang\nh"
    shown = notebook.cell(code)
    assert 'role="alert"' in shown["text/html"]


def test_a_kernel_that_was_redefined(notebook: Notebook) -> None:
    notebook.cell("async def reader():\n    await cb_reserve_back(0, 1)\nprogram = built(reader)")
    notebook.cell("async def reader():\n    await cb_reserve_back(0, 2)")
    lines = error(notebook, "run(program)").splitlines()
    assert lines[-3] == (
        "HostError: reader was redefined after this program was built, and the program still holds the old one: "
        "run the cell or line that builds the program again; to keep both kernels, give them different names"
    )
    assert "-->    1 async def reader():" in lines
    assert "error" not in notebook.cell("run(built(reader))")


def test_a_function_of_the_learner_s_that_takes_a_name_of_the_api(notebook: Notebook) -> None:
    code = "def get_write_ptr(cb):\n    return 0\nasync def reader():\n    get_write_ptr(0)\nrun(built(reader))"
    lines = error(notebook, code).splitlines()
    notebook.cell("from ttlearn.dataflow import *")
    assert lines[-3] == (
        "HostError: reader calls get_write_ptr, and gets your own function of that name instead of ttlearn's "
        "(reader line 4: `get_write_ptr(0)`): give yours another name, and run `from ttlearn.dataflow import *` again"
    )


@pytest.mark.parametrize("body", ["pass", "await invalidate_l1_cache()"])
def test_an_interrupt_leaves_the_notebook_usable(notebook: Notebook, body: str) -> None:
    notebook.cell("import ttlearn.sim.sched as s, ttlearn.host.guard as g; s.Risc.SPIN_LIMIT = g.LIMIT = 10**9")
    code = f"async def reader():\n    while True:\n        {body}\nprint('on')\nrun(built(reader))"
    shown = notebook.cell(code, interrupt=True)
    assert shown["ename"] == "KeyboardInterrupt"
    assert "Cell In[1], line 11, in run" in shown["error"] and "/ttlearn/" not in shown["error"]
    in_kernel = f"\n\n{RUN}\n\nCell In[this], line " in shown["error"]
    assert in_kernel or body != "pass"  # a kernel that waits is mostly interrupted outside of it
    after = notebook.cell("async def reader():\n    await cb_reserve_back(0, 1)\n    print('here')\nrun(built(reader))")
    assert after["stdout"].strip().endswith("NCRISC: here") and after["text/plain"].startswith("Run on wormhole_b0")
    assert notebook.cell("print('bare')")["stdout"] == "bare\n"


# ---- elsewhere --------------------------------------------------------------------------------------------

SCRIPT = SETUP + "\nasync def reader():\n    cb_push_back(5, 1)\n\nrun(built(reader))\n"
REFUSED = (
    "cb_push_back: there is no circular buffer 5 on core (0, 0); this program has c_0. "
    "Add a CBDescriptor with that buffer_index, or use one that exists"
)


def test_a_script_s_traceback_has_the_learner_s_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    lines = [line for line in done.stderr.splitlines() if set(line) - set(" ^~")]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 16, in <module>',
        "    run(built(reader))",
        f'  File "{path}", line 11, in run',
        "    return tt.generic_op([tt.allocate_tensor_on_device((4, 32))], program)",
        f'  File "{path}", line 14, in reader',
        "    cb_push_back(5, 1)",
        f"ttlearn.errors.KernelError: {REFUSED}",
    ]


def test_typed_at_python_s_prompt() -> None:
    done = subprocess.run([sys.executable, "-"], input=SCRIPT, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr.count('File "<stdin>"') == 3 and done.stderr.count("File ") == 3
    assert done.stderr.endswith(f"ttlearn.errors.KernelError: {REFUSED}\n")


def test_in_an_ipython_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "-c"]
    code = "\n".join(line for line in SCRIPT.splitlines() if line)
    env = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([*command, code], capture_output=True, text=True, cwd=ROOT, env=env)
    shown = done.stdout + done.stderr
    assert "in reader\n      10 async def reader():\n-->   11     cb_push_back(5, 1)\n\n" in shown
    assert shown.rstrip().endswith(f"KernelError: {REFUSED}\n\n{HINT}") and "ttlearn/" not in shown


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("<ipython-input-3-2c8a5f>", "Cell In[3]"),
        ("/tmp/ipykernel_4711/525930391.py", "Cell"),
        ("vscode-notebook-cell:/home/ada/first.ipynb#X10sZmlsZQ%3D%3D", "Cell of first.ipynb"),
        ("<stdin>", "<stdin>"),
        ("/home/ada/kernels.py", "File /home/ada/kernels.py"),
        (str(Path.cwd() / "kernels.py"), "File kernels.py"),
    ],
)
def test_what_a_front_end_calls_its_file(file: str, name: str) -> None:
    assert named(file) == name


def test_a_place_whose_source_is_not_known_is_named_without_text() -> None:
    shown = rendered(tt.HostError("why"), [Place("<stdin>", "kernel", 3)], False)
    assert shown == ["<stdin>, line 3, in kernel", "", "HostError: why", "", HINT]


def test_of_many_places_the_outer_and_the_inner_ones_are_shown() -> None:
    shown = rendered(tt.HostError("deep"), [Place("<stdin>", "kernel", n) for n in range(1, 21)], False)
    assert [line for line in shown if line.startswith(("<stdin>", "..."))] == [
        *(f"<stdin>, line {n}, in kernel" for n in (1, 2)),
        "... 13 more ...",
        *(f"<stdin>, line {n}, in kernel" for n in range(16, 21)),
    ]


def test_a_bug_of_ours_keeps_the_frames_below_the_kernel() -> None:
    """`tt.from_numpy` stands for a call of the package that breaks; the `border` for the simulator around the kernel."""
    call: Callable[[], Any] = border(lambda: tt.from_numpy(["a"]))
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    shown: Any = caught.value
    assert shown._render_traceback_()[-1] == (
        "It was raised inside ttlearn, maybe for an argument that it did not expect; tt.traceback() prints every frame."
    )
    assert str(caught.traceback[-1].path).startswith(str(ROOT / "ttlearn"))


def test_without_any_error_there_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys, "last_value", raising=False)
    tt.traceback()
    assert capsys.readouterr().out == "There was no error yet.\n"


# ---- each run begins anew ---------------------------------------------------------------------------------


def test_each_run_starts_from_poisoned_memory_zero_counters_and_a_poisoned_output() -> None:
    seen: list[int] = []

    async def kernel() -> None:
        page = get_write_ptr(0)
        word, flag = tt_l1_ptr(uint16_t, page), tt_l1_ptr(uint32_t, get_semaphore(0))
        seen.extend((word[0], flag[0], cb_pages_available_at_front(0, 1)))
        word[0], flag[0] = 7, 9
        await cb_reserve_back(0, 1)
        cb_push_back(0, 1)
        if len(seen) == 3:
            noc_async_write_page(0, tensor(1), page)
            await noc_async_write_barrier()

    tensors = [rows(4), empty(4)]
    launch(kernel, tensors=tensors, cbs=[cb(0, 2)], strict=False)
    assert tensors[1].bits.tolist() != empty(4).bits.tolist()
    launch(kernel, tensors=tensors, cbs=[cb(0, 2)], strict=False)
    assert seen == [POISON, 0, False, POISON, 0, False]
    assert tensors[1].bits.tolist() == empty(4).bits.tolist()


def test_the_engine_starts_unconfigured_whatever_ran_before() -> None:
    from ttlearn.compute import add_init, add_tiles, compute_kernel_hw_startup, tile_regs_acquire, tile_regs_commit

    async def starts() -> None:
        compute_kernel_hw_startup(0, 16)

    async def relies_on_it() -> None:
        add_init(0, 0)
        tile_regs_acquire()
        add_tiles(0, 0, 0, 0, 0)
        tile_regs_commit()

    program = tt.ProgramDescriptor(
        [tt.KernelDescriptor(relies_on_it, CORE, COMPUTE)], [cb(0, 2, 2048), cb(16, 2, 2048)]
    )
    launch(None, None, starts, cbs=[cb(0, 2, 2048), cb(16, 2, 2048)])
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op([empty(1)], program)
    assert "never configured" in str(caught.value)


def test_a_failed_run_leaves_the_next_one_alone() -> None:
    async def fails() -> None:
        cb_push_back(0, 1)
        raise KeyError("mine")

    async def fine() -> None:
        await cb_reserve_back(0, 2)

    with pytest.raises(KeyError):
        launch(fails, cbs=[cb(0, 2)])
    run = launch(fine, cbs=[cb(0, 2)])
    assert [(report.pushed, report.popped) for report in run.cbs] == [(0, 0)]
