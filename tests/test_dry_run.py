"""`ProgramDescriptor.check()`: what is told before running, and that nothing is told of correct programs."""

from __future__ import annotations

from typing import Any

import golden
import pytest
from correct import LEFT_OVER, Make, each, golden_ok, layernorm, layernorms, odd, of, program
from golden import Case, cases
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    COMPUTE,
    OTHER,
    PAGE,
    PAIR,
    READER,
    TILE,
    WRITER,
    at,
    cb,
    empty,
    no_tiles,
    reader,
    rows,
    tensor,
    tile_writer,
    tiles,
    writer,
)
from test_golden_hangs import CULPRITS, KERNELS

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.dry.unknown import UNKNOWN, NotDecidable
from ttlearn.host.findings import Kind, Severity

HINTED = {
    LEFT_OVER: Kind.LEFT_OVER,
    "h18_acquire_twice": Kind.SECTIONS,
}  # they finish, and a hint says why that is luck


def without_hints(load: object) -> dict[str, Make]:
    return {name: make for name, make in golden_ok(load).items() if name not in HINTED}  # type: ignore[arg-type]


# ---- correct programs -------------------------------------------------------------------------------------


@each(without_hints(golden.load))
def test_nothing_is_found_in_golden_programs(make: Make) -> None:
    tensors, descriptor = make()
    assert descriptor.check() == descriptor.check(tensors) == []


@each(without_hints(golden.load_cpp))
def test_nothing_is_found_in_golden_programs_in_cpp(make: Make) -> None:
    assert make()[1].check() == []


@each({**layernorms(), **odd()})
def test_nothing_is_found_in_layernorm_and_in_odd_but_legal_programs(make: Make) -> None:
    tensors, descriptor = make()
    assert descriptor.check() == descriptor.check(tensors) == []


@cases("hangs", where=lambda case: case.name in HINTED)
def test_what_finishes_by_luck_gets_one_hint(case: Case) -> None:
    [found] = program(case, KERNELS)[1].check()
    assert (found.kind, found.severity) == (HINTED[case.name], Severity.HINT)


def test_blackhole_has_limits_of_its_own() -> None:
    assert layernorm(arch="blackhole")[1].check(arch="blackhole") == []


# ---- hangs ------------------------------------------------------------------------------------------------


@cases("hangs", where=lambda case: case.name in CULPRITS)
def test_every_golden_hang_is_seen_before_it_runs(case: Case) -> None:
    [found] = program(case, KERNELS)[1].check()
    assert (found.kind, found.severity) == (Kind.HANGS, Severity.ERROR)
    assert CULPRITS[case.name][1] in found.sentence


def test_a_hang_has_its_lines_and_its_cb() -> None:
    async def short() -> None:
        for i in range(3):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    [found] = of([(short, READER), (writer, WRITER)], [cb(0, 2)])[1].check()
    assert found.cb == "c_0"
    assert found.lines == (at(writer, "cb_wait_front"), at(short, "cb_push_back"))
    assert str(found) == (
        "error: it hangs: NCRISC (short), the producer of c_0, finished after it pushed 3 pages; BRISC waits for a 4th at "
        f"{at(writer, 'cb_wait_front')}\n    {at(short, 'cb_push_back')}"
    )


def test_equal_cores_are_one_finding() -> None:
    async def waits() -> None:
        await cb_wait_front(0, 1)

    cores = tt.core_set(*((x, y) for x in range(8) for y in range(8)))
    kernels = [tt.KernelDescriptor(waits, cores, WRITER)]
    [found] = tt.ProgramDescriptor(kernels, [cb(0, 2, PAGE, cores)]).check()
    assert len(found.cores) == 64 and "(and 63 more cores like it)" in str(found)


OPS = ("cb_reserve_back", "cb_push_back", "cb_wait_front", "cb_pop_front")
STEP = st.tuples(st.sampled_from(OPS), st.integers(0, 1), st.integers(1, 3))
CALLS = {"cb_reserve_back": cb_reserve_back, "cb_push_back": cb_push_back} | {
    "cb_wait_front": cb_wait_front,
    "cb_pop_front": cb_pop_front,
}


def protocol(steps: list[tuple[str, int, int]]) -> Any:
    """A kernel that makes these calls."""

    async def kernel() -> None:
        for call, index, count in steps:
            made = CALLS[call](index, count)
            if made is not None:
                await made

    return kernel


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=8), st.lists(STEP, max_size=8), st.lists(STEP, max_size=8), st.integers(1, 4))
def test_what_hangs_dry_is_what_hangs(a: Any, b: Any, c: Any, depth: int) -> None:
    kernels = [(protocol(a), READER), (protocol(b), WRITER), (protocol(c), COMPUTE)]
    tensors, descriptor = of(kernels, [cb(0, depth, TILE), cb(1, 4, TILE)])
    dry = any(finding.kind is Kind.HANGS for finding in descriptor.check(tensors))
    try:
        tt.generic_op(tensors, descriptor, strict=False, diagnose=False)
    except tt.DeviceHang:
        assert dry
    else:
        assert not dry


# ---- what does not fit, and what is refused ----------------------------------------------------------------


def test_what_does_not_fit_l1() -> None:
    [found] = of([(reader, READER)], [cb(0, 2), cb(1, 1000, TILE)])[1].check()
    assert found.kind is Kind.DOES_NOT_FIT and "need 2,048,128 bytes of L1" in found.sentence


def test_arguments_that_nobody_gave() -> None:
    async def asks() -> None:
        get_arg_val(7)

    [found] = of([(asks, READER), (asks, COMPUTE)], [])[1].check()
    assert found.kind is Kind.REFUSED and found.sentence.startswith("get_arg_val(7): asks has no runtime_args")
    assert found.lines == (at(asks, "get_arg_val"),)


def test_a_cb_that_nobody_describes() -> None:
    [found] = of([(reader, READER)], [])[1].check()
    assert found.kind is Kind.REFUSED and "there is no circular buffer 0" in found.sentence


def test_a_page_that_a_tensor_does_not_have_is_told_when_the_tensors_are_given() -> None:
    async def reads() -> None:
        noc_async_read_page(9, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()

    tensors, descriptor = of([(reads, READER)], [cb(0, 2)])
    assert descriptor.check() == []
    [found] = descriptor.check(tensors)
    assert "page 9 of a tensor that has 4 pages" in found.sentence


def test_each_risc_tells_its_own_error() -> None:
    async def one() -> None:
        get_arg_val(7)

    async def other() -> None:
        cb_push_back(5, 1)

    assert len(of([(one, READER), (other, WRITER)], [cb(0, 1)])[1].check()) == 2


def test_a_kernel_checks_no_programs() -> None:
    async def checks() -> None:
        odd()["a copy"]()[1].check()

    tensors, descriptor = of([(checks, READER)], [])
    with pytest.raises(tt.HostError, match=r"check\(\) inside a kernel: a kernel runs on the device"):
        tt.generic_op(tensors, descriptor)


def test_an_unknown_chip_is_an_error() -> None:
    with pytest.raises(tt.HostError, match="arch 'quasar' is not known; choose one of wormhole_b0, blackhole"):
        odd()["a copy"]()[1].check(arch="quasar")


# ---- what does not add up ----------------------------------------------------------------------------------


async def pushes_a_tile_row_of_sticks() -> None:
    await cb_reserve_back(0, 32)
    cb_push_back(0, 32)


async def pops_one_tile() -> None:
    await cb_wait_front(0, 1)
    cb_pop_front(0, 1)


def test_pages_left_over_where_somebody_pops_are_a_hint() -> None:
    [found] = of([(pushes_a_tile_row_of_sticks, READER), (pops_one_tile, WRITER)], [cb(0, 32)])[1].check()
    assert (found.kind, found.severity, found.cb) == (Kind.LEFT_OVER, Severity.HINT, "c_0")
    assert found.sentence == (
        "32 pages of 64 B are pushed to c_0, 2,048 B in all, and 1 are popped, 64 B: 31 stay behind; does one side count "
        "sticks, and the other tiles?"
    )
    assert found.lines == (at(pushes_a_tile_row_of_sticks, "cb_push_back"), at(pops_one_tile, "cb_pop_front"))


def test_more_pops_than_pushes_are_an_error() -> None:
    async def pops_unasked() -> None:
        cb_pop_front(0, 2)

    async def pushes_one() -> None:
        cb_push_back(0, 1)

    [found] = of([(pushes_one, READER), (pops_unasked, WRITER)], [cb(0, 4)])[1].check()
    assert (found.kind, found.severity) == (Kind.POPPED_MORE, Severity.ERROR)


def test_who_hangs_may_not_have_come_to_its_other_cbs_yet() -> None:
    [found] = of([(writer, WRITER)], [cb(0, 2), cb(9, 4)])[1].check()
    assert found.kind is Kind.HANGS


def test_a_cb_that_nobody_uses_is_a_hint() -> None:
    [found] = of([(reader, READER), (writer, WRITER)], [cb(0, 2), cb(9, 4)])[1].check()
    assert found.sentence == (
        "no kernel names c_9: its 256 bytes of L1 serve nobody; use it, or leave its CBDescriptor out"
    )


def test_a_section_that_is_never_committed_is_a_hint() -> None:
    async def acquires_once_more() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        for _ in range(4):
            await cb_wait_front(0, 1)
            await cb_reserve_back(16, 1)
            tile_regs_acquire()
            copy_tile(0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)
        tile_regs_acquire()

    kernels = [(reader, READER), (tile_writer, WRITER), (acquires_once_more, COMPUTE)]
    rings = [cb(0, 2, TILE), cb(16, 2, TILE)]
    [found] = of(kernels, rings, [tiles(4), no_tiles(4)])[1].check()
    assert found.sentence == "acquires_once_more calls tile_regs_acquire() 5 times and tile_regs_commit() 4 times"


async def signals() -> None:
    noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(3)), 1)
    await noc_async_atomic_barrier()


async def is_told() -> None:
    await noc_semaphore_wait(get_semaphore(3), 1)


def signalling(semaphores: list[tt.SemaphoreDescriptor]) -> tt.ProgramDescriptor:
    kernels = [tt.KernelDescriptor(signals, tt.core_set((0, 0)), READER), tt.KernelDescriptor(is_told, OTHER, READER)]
    return tt.ProgramDescriptor(kernels, [], semaphores)


def test_a_semaphore_must_be_described_on_every_core_that_uses_it() -> None:
    assert signalling([tt.SemaphoreDescriptor(3, PAIR)]).check() == []
    [found] = signalling([tt.SemaphoreDescriptor(3, OTHER)]).check()
    assert (found.kind, found.cores) == (Kind.UNDESCRIBED_SEMAPHORE, ((0, 0),))
    assert found.lines == (at(signals, "get_semaphore"),)


# ---- what depends on data is never a finding ----------------------------------------------------------------


async def reads_a_count() -> None:
    noc_async_read_page(0, tensor(0), get_write_ptr(1))
    await noc_async_read_barrier()
    for _ in range(tt_l1_ptr(uint16_t, get_write_ptr(1))[0]):
        await cb_reserve_back(0, 1)
        cb_push_back(0, 1)


async def branches_on_data() -> None:
    if tt_l1_ptr(uint32_t, get_write_ptr(1))[0] > 3:
        cb_push_back(0, 1)


@pytest.mark.parametrize("kernel", [reads_a_count, branches_on_data])
def test_what_depends_on_data_is_not_decidable(kernel: Any) -> None:
    found = of([(kernel, READER), (writer, WRITER)], [cb(0, 2), cb(1, 1)])[1].check()
    assert found == []
    assert repr(found) == (
        f"nothing found\nNCRISC ({kernel.__name__}) is not decidable at {at(kernel, 'tt_l1_ptr(')}: it depends on data that "
        "a kernel loads"
    )


def test_a_request_that_can_never_be_kept_is_told_whatever_the_others_do() -> None:
    async def wants_nine() -> None:
        await cb_wait_front(0, 9)

    [found] = of([(branches_on_data, READER), (wants_nine, WRITER)], [cb(0, 2), cb(1, 1)])[1].check()
    assert "BRISC asks for 9 pages of c_0, which has 2" in found.sentence


def test_a_value_that_all_three_roles_branch_on_is_not_decidable() -> None:
    async def looks() -> None:
        compute_kernel_hw_startup(0, 16)
        await cb_wait_front(0, 1)
        if await read_tile_value(0, 0, 0):
            cb_pop_front(0, 1)

    rings = [cb(0, 4, TILE), cb(16, 2, TILE)]
    assert of([(reader, READER), (looks, COMPUTE)], rings, [tiles(4), no_tiles(4)])[1].check() == []


def test_data_may_be_moved_and_computed_with() -> None:
    async def copies_by_hand() -> None:
        source, target = tt_l1_ptr(uint16_t, get_read_ptr(0)), tt_l1_ptr(uint16_t, get_write_ptr(1))
        for i in range(4):
            await cb_wait_front(0, 1)
            target[0:32] = source[0:32]
            target[0] = (source[1] + 1 << 2) ^ source[2]
            print(f"{source[0]:.3f}", -source[0] // 2)
            noc_async_write_page(i, tensor(1), get_write_ptr(1))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    assert of([(reader, READER), (copies_by_hand, WRITER)], [cb(0, 2), cb(1, 1)])[1].check() == []


def test_arguments_that_are_read_from_l1_are_known() -> None:
    async def walks() -> None:
        for _ in range(tt_l1_ptr(uint32_t, get_common_arg_addr(0))[0] % 2 + 1):
            await cb_wait_front(0, 1)

    [found] = of([(walks, WRITER)], [cb(0, 2)])[1].check()
    assert found.kind is Kind.HANGS


def test_a_flag_in_a_page_is_not_decidable() -> None:
    async def flags() -> None:
        noc_inline_dw_write(get_noc_addr(get_write_ptr(0)), 1)
        await noc_async_write_barrier()
        cb_push_back(0, 9)

    assert of([(flags, READER), (writer, WRITER)], [cb(0, 2)])[1].check() == []


def test_an_unknown_decides_nothing() -> None:
    with pytest.raises(NotDecidable):
        range(UNKNOWN)  # type: ignore[call-overload]
    with pytest.raises(NotDecidable):
        assert UNKNOWN == 3
    assert repr(UNKNOWN + 1) == f"{UNKNOWN}" == "?"


def test_nothing_of_the_run_is_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    async def prints() -> None:
        print("hello")

    tensors, descriptor = of([(prints, READER)], [], [rows(1), empty(1)])
    before = tensors[-1].bits.copy()
    assert repr(descriptor.check(tensors)) == "nothing found"
    assert capsys.readouterr().out == "" and (tensors[-1].bits == before).all() and descriptor.last_run is None
