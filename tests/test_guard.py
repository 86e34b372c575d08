"""A kernel that would run for ever is stopped with its line, in seconds, and the next program runs."""

from __future__ import annotations

import inspect
import itertools
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from programs import at, cb, launch, pages, reader, within, writer

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.host import guard


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shorter limit; afterwards a program must run, in the time that it needs."""
    monkeypatch.setattr(guard, "LIMIT", 1.0)
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 20
    assert pages(launch(reader, writer, cbs=[cb(0, 2)])) == [1.0, 2.0, 3.0, 4.0]


def stopped(*kernels: Any) -> str:
    with pytest.raises(tt.KernelError) as caught:
        launch(*kernels, cbs=[cb(0, 2)])
    return str(caught.value)


def endless(name: str, place: str) -> str:
    return (
        f"{name} loops for ever at {place}: nothing else could run for 1 seconds; give the loop an end, or wait in it "
        "for what should end it (a poll of memory needs `await invalidate_l1_cache()`)"
    )


def loop_of(function: Callable[[], Any]) -> list[str]:
    """Its lines: which one of a loop is named depends on Python's version and on the moment."""
    return [at(function, line.strip()) for line in inspect.getsourcelines(function)[0][1:]]


def test_an_empty_loop_is_stopped() -> None:
    async def kernel() -> None:
        while True:
            pass

    assert stopped(kernel) in [endless("NCRISC (kernel)", place) for place in loop_of(kernel)]


def test_a_loop_that_counts_is_stopped() -> None:
    async def kernel() -> None:
        count = 0
        for step in itertools.count():
            count += step

    assert stopped(kernel) in [endless("NCRISC (kernel)", place) for place in loop_of(kernel)]


def test_a_loop_of_calls_is_stopped() -> None:
    async def kernel() -> None:
        while True:
            cb_push_back(0, 1)

    assert stopped(kernel) in [endless("NCRISC (kernel)", place) for place in loop_of(kernel)]


def test_a_loop_in_a_compute_kernel_is_stopped() -> None:
    async def kernel() -> None:
        while True:
            pass

    assert stopped(None, None, kernel) in [endless("UNPACK (kernel)", place) for place in loop_of(kernel)]


def test_a_loop_in_a_helper_is_stopped_with_the_helper_s_line() -> None:
    def helper() -> None:
        while True:
            pass

    async def kernel() -> None:
        helper()

    places = [within(kernel, "helper", helper, fragment) for fragment in ("while", "pass")]
    assert stopped(kernel) in [endless("NCRISC (kernel)", place) for place in places]


def test_a_loop_whose_waits_are_kept_at_once_is_stopped() -> None:
    async def kernel() -> None:
        while True:
            await cb_wait_front(0, 0)

    assert stopped(kernel) == (
        f"NCRISC (kernel) loops for ever at {at(kernel, 'await')}: it awaited 50,000 times and nothing on the device "
        "moved; give the loop an end, or let it wait for something that somebody does"
    )


def test_a_poll_of_what_nobody_changes_is_stopped() -> None:
    async def kernel() -> None:
        while True:
            await invalidate_l1_cache()

    assert stopped(kernel) == (
        f"NCRISC (kernel) loops for ever at {at(kernel, 'await')}: it awaited 50,000 times and nothing on the device "
        "moved; give the loop an end, or let it wait for something that somebody does"
    )


def test_a_poll_of_what_somebody_changes_ends() -> None:
    async def polls() -> None:
        word = tt_l1_ptr(uint32_t, get_semaphore(0))
        while word[0] != 1:
            await invalidate_l1_cache()

    async def sets() -> None:
        await reader()
        noc_semaphore_set(get_semaphore(0), 1)

    launch(sets, polls, cbs=[cb(0, 4)])


def test_a_slow_line_is_not_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LIMIT", 0.3)

    async def kernel() -> None:
        for _ in range(3):
            select.select([], [], [], 0.2)
            await invalidate_l1_cache()

    launch(kernel)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer on this system")
def test_a_timer_of_the_caller_s_is_given_back() -> None:
    seen: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        launch(reader, writer, cbs=[cb(0, 2)])
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 3000
        signal.raise_signal(signal.SIGALRM)
        assert seen == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
