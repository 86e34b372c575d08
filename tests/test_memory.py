"""What a device takes of the host's memory while it runs, and what is left of it afterwards."""

from __future__ import annotations

import gc
import types
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from programs import PAIR, READER, cb, rows

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.debug.strict.shadow import Access, Shadow
from ttlearn.errors import KernelError
from ttlearn.learn.pipelines import pipeline
from ttlearn.sim.arch import ARCHS
from ttlearn.sim.device import Device
from ttlearn.sim.formats import POISON
from ttlearn.sim.l1 import L1
from ttlearn.sim.noc import Transfer
from ttlearn.sim.waits import History
from ttlearn.sim.work import Marker, Work

CODE = (types.ModuleType, type, types.FunctionType, types.CodeType, types.FrameType, types.BuiltinFunctionType)
WORMHOLE = ARCHS["wormhole_b0"]


def held(start: Any) -> Iterator[Any]:
    """Every object that `start` keeps alive, code and modules left out, each once."""
    seen, left = {id(start)}, [start]
    while left:
        found = left.pop()
        yield found
        more = [found.base] if isinstance(found, np.ndarray) and found.base is not None else gc.get_referents(found)
        for other in more:
            if id(other) not in seen and not isinstance(other, CODE):
                seen.add(id(other))
                left.append(other)


def on_64_cores() -> tt.Run:
    return tt.generic_op(*pipeline(64, 1, 2, 2, cores=64))


def split() -> tt.Run:
    return tt.layernorm_split(np.random.default_rng(0).normal(size=(32, 512)), cores=8)


def hung() -> tt.Run:
    """The reader brings a page less than the compute kernel wants."""
    tensors, program = pipeline(8)
    program.kernels[0].runtime_args = [((0, 0), [0, 7])]
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(tensors, program)
    return caught.value.run


PROGRAMS = on_64_cores, split, hung


# ---- after the run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_only_large_memory_that_a_run_keeps_is_its_tensors(program: Any) -> None:
    run = program()
    run.details.clear()  # an op's own arrays
    arrays = [found for found in held(run) if isinstance(found, np.ndarray) and found.base is None]
    assert sum(array.nbytes for array in arrays) == sum(tensor.bits.nbytes for tensor in run.tensors)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_run_keeps_nothing_that_only_the_checks_remember(program: Any) -> None:
    kept = list(held(program()))
    assert not any(isinstance(found, Access | Shadow | Transfer) for found in kept)
    entries = [found for found in kept if isinstance(found, Work | Marker)]
    assert entries
    assert not any(entry.order for entry in entries)
    assert not any(found.orders for found in kept if isinstance(found, History))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_run_that_nobody_keeps_is_garbage_with_its_device(program: Any) -> None:
    run = program()
    gone = [weakref.ref(run.device), *(weakref.ref(core.l1) for core in run.device.cores.values())]
    del run
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)


def test_a_sweep_keeps_its_rows_and_no_device() -> None:
    def make(block: int, depth: int) -> Any:
        return pipeline(16, block, depth, depth, cores=4)

    gc.collect()
    before = {id(found) for found in gc.get_objects() if isinstance(found, Device)}
    rows = tt.sweep(make, block=[1, 2], depth=[1, 2])
    gc.collect()
    assert [found for found in gc.get_objects() if isinstance(found, Device) and id(found) not in before] == []
    assert len(rows.array) == 4


# ---- L1 ---------------------------------------------------------------------------------------------------


def test_a_program_touches_no_more_of_l1_than_its_cbs_need() -> None:
    cores = on_64_cores().device.cores.values()
    assert len(cores) == 64
    assert all(core.l1.poisoned <= core.l1.top < WORMHOLE.l1_bytes / 10 for core in cores)


def test_l1_looks_as_if_all_of_it_had_been_poisoned_at_the_start() -> None:
    rng, l1 = np.random.default_rng(0), L1(WORMHOLE)
    like = np.full(WORMHOLE.l1_bytes // 2, POISON, np.uint16).view(np.uint8)
    like[: WORMHOLE.cb_base] = l1.view(0, WORMHOLE.cb_base, "test")
    for _ in range(300):
        low = int(rng.integers(0, WORMHOLE.l1_bytes * rng.random()))
        size = int(rng.integers(1, 4096, endpoint=True)) if low + 4096 <= WORMHOLE.l1_bytes else 1
        assert np.array_equal(l1.view(low, size, "test"), like[low : low + size])
        l1.view(low, size, "test")[:] = like[low : low + size] = rng.integers(0, 256)
    assert np.array_equal(l1.view(0, WORMHOLE.l1_bytes, "test"), like)


def test_a_view_taken_early_stays_a_view_when_l1_is_poisoned_further() -> None:
    l1 = L1(WORMHOLE)
    early = l1.view(WORMHOLE.cb_base, 16, "test")
    l1.view(WORMHOLE.l1_bytes - 16, 16, "test")
    early[:] = 7
    assert l1.view(WORMHOLE.cb_base, 16, "test").tolist() == [7] * 16


def test_below_the_cbs_lie_poison_zeros_and_semaphores() -> None:
    words = L1(WORMHOLE).view(0, WORMHOLE.cb_base, "test").view(np.uint16)
    zeros = [*range(WORMHOLE.zeros_base, WORMHOLE.zeros_base + 512, 2)]
    zeros += range(WORMHOLE.semaphore_base, WORMHOLE.semaphore_base + 256, 2)
    assert (np.flatnonzero(words == 0) * 2).tolist() == zeros
    assert np.count_nonzero(words == POISON) == len(words) - len(zeros)


def test_outside_l1_nothing_can_be_seen() -> None:
    with pytest.raises(
        KernelError, match=r"^test: bytes 1499134 to 1499138 lie outside the core's L1 \(0 to 1499136\)"
    ):
        L1(WORMHOLE).view(WORMHOLE.l1_bytes - 2, 4, "test")


async def sends_from_past_the_end() -> None:
    to = get_noc_multicast_addr(18, 18, 19, 18, get_write_ptr(0))
    noc_async_write_multicast(WORMHOLE.l1_bytes - 32, to, 64, 1)
    await noc_async_write_barrier()


async def sets_from_past_the_end() -> None:
    noc_semaphore_set_remote(WORMHOLE.l1_bytes, get_noc_addr(19, 18, get_semaphore(0)))
    await noc_async_write_barrier()


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (sends_from_past_the_end, "noc_async_write_multicast: bytes 1499104 to 1499168"),
        (sets_from_past_the_end, "noc_semaphore_set_remote: bytes 1499136 to 1499140"),
    ],
)
def test_a_send_from_outside_l1_is_told_at_its_call(kernel: Any, told: str) -> None:
    sender = tt.KernelDescriptor(kernel, PAIR, READER, [], [], [])
    program = tt.ProgramDescriptor([sender], [cb(0, 2, cores=PAIR)], [tt.SemaphoreDescriptor(0, PAIR)])
    advice = "; take addresses from get_write_ptr, get_read_ptr or get_semaphore"
    with pytest.raises(KernelError) as caught:
        tt.generic_op([rows(1)], program)
    assert str(caught.value) == f"{told} lie outside the core's L1 (0 to 1499136){advice}"
    assert kernel.__name__ in [entry.name for entry in caught.traceback]  # not only later, when it starts
