"""print and DPRINT in a kernel: whole lines, with cycle and RISC in front."""

import pytest
from programs import cb, launch, tensor

from ttlearn.dataflow import *


async def talks() -> None:
    print("two", "words", 3)
    DPRINT("x={} y={}\n", 1, "z")
    DPRINT("no newline")
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    await noc_async_read_barrier()
    print("later")
    print("unfinished", end="")


def test_a_printed_line_is_one_line_with_cycle_and_risc(capsys: pytest.CaptureFixture[str]) -> None:
    run = launch(talks, cbs=[cb(0, 1)])
    lines = [line.split(": ", 1)[1] for line in run.prints]
    assert lines == ["two words 3", "x=1 y=z", "no newline", "later", "unfinished"]
    assert run.prints[0] == "     400 NCRISC: two words 3"
    assert capsys.readouterr().out == "".join(line + "\n" for line in run.prints)


def test_prints_are_in_the_trace_with_their_cycle() -> None:
    run = launch(talks, cbs=[cb(0, 1)])
    first, *_, last = run.trace.prints
    assert first == (400, "NCRISC", "two words 3")
    assert last[0] > 400
