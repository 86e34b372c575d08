"""print and DPRINT in a kernel: whole lines, with cycle and RISC in front."""

import pytest
from programs import PAIR, READER, WRITER, cb, launch, tensor

import ttlearn as tt
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


# ---- the order of lines -------------------------------------------------------------------------------------


async def counts_ahead() -> None:
    """NCRISC: runs ahead of BRISC without a wait."""
    for i in range(5):
        print("reader", i)
        noc_async_read_page(0, tensor(0), get_write_ptr(0) + 64 * i)
    await noc_async_read_barrier()
    print("reader done")
    cb_push_back(0, 1)


async def counts_beside() -> None:
    for i in range(5):
        print("writer", i)
        noc_async_write_page(0, tensor(1), get_read_ptr(1))
    await noc_async_write_barrier()
    print("writer done")


async def never() -> None:
    print("before the wait")
    await cb_wait_front(0, 2)
    print("never")


async def fails() -> None:
    print("before the error")
    cb_push_back(9, 1)


def test_lines_come_in_the_order_of_the_clock_although_riscs_run_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    run = launch(counts_ahead, counts_beside, cbs=[cb(0, 5), cb(1, 1)], strict=False)
    cycles = [int(line.split()[0]) for line in run.prints]
    assert cycles == sorted(cycles)
    assert [cycle for cycle, _, _ in run.trace.prints] == cycles
    assert [line.split()[1] for line in run.prints[:4]] == ["BRISC:", "NCRISC:", "NCRISC:", "BRISC:"]
    assert capsys.readouterr().out == "".join(line + "\n" for line in run.prints)


def test_lines_of_one_cycle_come_by_core_and_risc() -> None:
    async def hello() -> None:
        print("hello")

    run = launch(more=[(hello, WRITER, PAIR), (hello, READER, PAIR)])
    assert run.prints == [f"     400 {xy} {risc}: hello" for xy in ((0, 0), (1, 0)) for risc in ("BRISC", "NCRISC")]


def test_the_order_is_the_same_in_every_run() -> None:
    kernels = (counts_ahead, counts_beside)
    first, second = (launch(*kernels, cbs=[cb(0, 5), cb(1, 1)], strict=False, seed=7).prints for _ in range(2))
    assert first == second


def test_what_was_printed_before_a_hang_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        launch(counts_ahead, never, cbs=[cb(0, 5), cb(1, 1)])
    lines = capsys.readouterr().out.splitlines()
    assert lines == caught.value.run.prints
    assert len(lines) == 7 and lines[0] == "     400 BRISC: before the wait"


def test_what_was_printed_before_an_error_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(tt.KernelError):
        launch(counts_ahead, fails, cbs=[cb(0, 5)])
    assert "     400 BRISC: before the error\n" in capsys.readouterr().out
