"""What a learner gets wrong: each mistake has its own sentence, with the call, the values and the next step."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import time
import warnings
from typing import Any

import pytest
from programs import (
    COMPUTE,
    CORE,
    PAGE,
    READER,
    TILE,
    WRITER,
    at,
    cb,
    empty,
    launch,
    rows,
    tensor,
    within,
)

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

ONE_CB = [cb(0, 2)]
TILE_CBS = [cb(0, 2, TILE), cb(16, 2, TILE)]


def message(error: type[tt.TTError], *kernels: Any, **options: Any) -> str:
    with pytest.raises(error) as caught:
        launch(*kernels, **{"cbs": ONE_CB, **options})
    return str(caught.value)


async def nothing() -> None: ...


async def nothing_else() -> None: ...


# ---- await forgotten --------------------------------------------------------------------------------------


def test_await_forgotten_on_a_line_of_its_own() -> None:
    async def kernel() -> None:
        cb_reserve_back(0, 1)
        cb_push_back(0, 1)

    assert message(tt.KernelError, kernel) == (
        f"cb_reserve_back(c_0, 1) was never awaited ({at(kernel, 'reserve')}): write `await cb_reserve_back(...)`"
    )


def test_await_forgotten_and_the_wait_stored() -> None:
    async def kernel() -> None:
        wait = cb_reserve_back(0, 1)
        cb_push_back(0, 1)
        await wait

    assert message(tt.KernelError, kernel) == (
        f"cb_reserve_back(c_0, 1) was never awaited ({at(kernel, 'reserve')}): write `await cb_reserve_back(...)`"
    )


def test_await_forgotten_in_a_condition() -> None:
    async def kernel() -> None:
        if cb_reserve_back(0, 1):
            cb_push_back(0, 1)

    assert message(tt.KernelError, kernel) == (
        "cb_reserve_back(c_0, 1) in a condition gives nothing to test: "
        "write `await cb_reserve_back(...)` on a line of its own"
    )


def test_await_forgotten_in_a_condition_of_a_compute_kernel() -> None:
    async def kernel() -> None:
        while not cb_reserve_back(0, 1):
            pass

    assert message(tt.KernelError, None, None, kernel) == (
        "cb_reserve_back(...) in a condition gives nothing to test: "
        "write `await cb_reserve_back(...)` on a line of its own"
    )


def test_await_forgotten_on_the_last_line() -> None:
    async def kernel() -> None:
        noc_async_read_barrier()

    assert message(tt.KernelError, kernel) == (
        f"noc_async_read_barrier() was never awaited ({at(kernel, 'barrier')}): write `await noc_async_read_barrier()`"
    )


def test_await_forgotten_at_a_return() -> None:
    async def kernel() -> Any:
        return cb_reserve_back(0, 1)

    assert message(tt.KernelError, kernel) == (
        f"cb_reserve_back(c_0, 1) was never awaited ({at(kernel, 'reserve')}): write `await cb_reserve_back(...)`"
    )


def test_await_forgotten_in_a_helper() -> None:
    async def helper() -> None:
        cb_reserve_back(0, 1)
        cb_push_back(0, 1)

    async def kernel() -> None:
        await helper()

    assert message(tt.KernelError, kernel) == (
        f"cb_reserve_back(c_0, 1) was never awaited ({within(kernel, 'helper', helper, 'reserve')}): "
        "write `await cb_reserve_back(...)`"
    )


def test_await_forgotten_before_a_helper() -> None:
    async def helper() -> None: ...

    async def kernel() -> None:
        helper()
        await cb_reserve_back(0, 1)

    assert message(tt.KernelError, kernel) == (
        f"helper() was never awaited ({at(kernel, 'helper()')}): write `await helper(...)`"
    )


def test_await_forgotten_before_a_helper_that_is_stored() -> None:
    async def helper() -> None: ...

    async def kernel() -> None:
        later = helper()
        del later
        await cb_wait_front(0, 1)

    assert message(tt.KernelError, kernel) == (
        f"helper() was never awaited ({at(kernel, 'helper()')}): write `await helper(...)`"
    )


def test_a_helper_that_would_be_awaited_later_is_not_forgotten(recwarn: pytest.WarningsRecorder) -> None:
    async def helper() -> None: ...

    async def kernel() -> None:
        later = helper()
        await cb_wait_front(0, 1)
        await later

    async def fails() -> None:
        later = helper()
        raise KeyError("mine")
        await later

    assert "waits in cb_wait_front(c_0, 1)" in message(tt.DeviceHang, kernel)
    with pytest.raises(KeyError):
        launch(fails)
    gc.collect()
    assert list(recwarn) == []


def test_await_forgotten_before_a_helper_is_found_without_a_run() -> None:
    async def helper() -> None: ...

    async def kernel() -> None:
        helper()

    found = tt.ProgramDescriptor([tt.KernelDescriptor(kernel, CORE, READER)]).check()
    assert list(map(str, found)) == [
        f"error: helper() was never awaited ({at(kernel, 'helper()')}): write `await helper(...)`"
    ]


def test_a_warning_of_the_kernel_s_own_stays_a_warning() -> None:
    async def kernel() -> None:
        warnings.warn("mind the step", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="^mind the step$"):
        launch(kernel)


def test_await_forgotten_in_a_helper_that_cannot_wait() -> None:
    def helper() -> None:
        cb_reserve_back(0, 1)
        cb_push_back(0, 1)

    async def kernel() -> None:
        helper()

    assert message(tt.KernelError, kernel) == (
        f"cb_reserve_back(c_0, 1) was never awaited ({within(kernel, 'helper', helper, 'reserve')}): write "
        "`await cb_reserve_back(...)`, make it `async def helper(...)`, and write `await helper(...)` where it is called"
    )


def test_await_forgotten_in_a_compute_kernel() -> None:
    async def kernel() -> None:
        cb_wait_front(0, 1)
        tile_regs_acquire()

    assert message(tt.KernelError, None, None, kernel) == (
        f"cb_wait_front(c_0, 1) was never awaited ({at(kernel, 'wait')}): write `await cb_wait_front(...)`"
    )


# ---- await in the wrong place -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [cb_wait_front, cb_push_back, get_write_ptr, noc_async_read_barrier, tile_regs_acquire, get_arg_val]
)
def test_a_call_outside_a_kernel(call: Any) -> None:
    arguments: dict[Any, tuple[int, ...]] = {cb_wait_front: (0, 1), cb_push_back: (0, 1)}
    with pytest.raises(tt.KernelError) as caught:
        call(*arguments.get(call, () if call in (noc_async_read_barrier, tile_regs_acquire) else (0,)))
    assert str(caught.value) == (
        f"{call.__name__} works only inside a running kernel: put it into an `async def` function, "
        "name that function in a KernelDescriptor and run it with generic_op"
    )


def test_an_await_outside_a_kernel() -> None:
    async def cell() -> None:
        await cb_wait_front(0, 1)

    with pytest.raises(tt.KernelError) as caught:
        asyncio.run(cell())
    assert str(caught.value) == (
        "cb_wait_front works only inside a running kernel: put it into an `async def` function, "
        "name that function in a KernelDescriptor and run it with generic_op"
    )


def test_await_on_a_call_that_only_starts_a_transfer() -> None:
    async def kernel() -> None:
        await noc_async_read_page(0, tensor(0), get_write_ptr(0))

    assert message(tt.KernelError, kernel) == (
        f"NCRISC (kernel) awaits `noc_async_read_page` at {at(kernel, 'await')}: it only starts the transfer; "
        "remove `await`, and wait at `await noc_async_read_barrier()`"
    )


def test_await_on_an_increment_over_two_lines() -> None:
    async def kernel() -> None:
        await noc_semaphore_inc(
            get_noc_addr(my_x(), my_y(), get_semaphore(0)), 1)  # fmt: skip

    assert message(tt.KernelError, kernel) == (
        f"NCRISC (kernel) awaits `noc_semaphore_inc` at {at(kernel, 'await')}: it only starts the increment; "
        "remove `await`, and wait at `await noc_async_atomic_barrier()`"
    )


def test_await_on_a_value() -> None:
    async def helper() -> None:
        await get_write_ptr(0)

    async def kernel() -> None:
        await helper()

    assert message(tt.KernelError, kernel) == (
        f"NCRISC (kernel) awaits `get_write_ptr` at {within(kernel, 'helper', helper, 'get_write')}: "
        "it waits for nobody, so remove `await`"
    )


def test_await_on_something_that_is_no_call() -> None:
    async def kernel() -> None:
        page = cb_push_back(0, 1)  # type: ignore[func-returns-value]
        await page

    assert message(tt.KernelError, kernel) == (
        f"NCRISC (kernel) awaits a call that waits for nobody, at {at(kernel, 'await')}: write it without `await`"
    )


@pytest.mark.parametrize("seconds", [0, 1])
def test_asyncio_in_a_kernel(seconds: int) -> None:
    async def kernel() -> None:
        await asyncio.sleep(seconds)

    assert message(tt.KernelError, kernel) == (
        f"NCRISC (kernel) awaits something that is not ttlearn's, at {at(kernel, 'sleep')}: there is no asyncio on the "
        "chip; a kernel awaits CBs, barriers and semaphores (`await cb_wait_front(...)`)"
    )


def test_asyncio_in_a_kernel_under_a_running_loop() -> None:
    async def kernel() -> None:
        await asyncio.sleep(1)

    async def notebook() -> str:
        return message(tt.KernelError, kernel)

    assert asyncio.run(notebook()) == (
        f"NCRISC (kernel) awaits something that is not ttlearn's, at {at(kernel, 'sleep')}: there is no asyncio on the "
        "chip; a kernel awaits CBs, barriers and semaphores (`await cb_wait_front(...)`)"
    )


@pytest.mark.parametrize("error", [ZeroDivisionError, NameError, RuntimeError, KeyError])
def test_an_error_of_the_kernel_s_own_stays_what_it_is(error: type[Exception]) -> None:
    async def kernel() -> None:
        raise error("mine") from ValueError("before")

    with pytest.raises(error) as caught:
        launch(kernel)
    assert caught.value.args == ("mine",)
    assert repr(caught.value.__cause__) == "ValueError('before')"


def test_a_type_error_of_the_kernel_s_own_stays_what_it_is() -> None:
    async def kernel() -> None:
        len(3)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
        launch(kernel)


def test_generic_op_in_a_kernel() -> None:
    async def kernel() -> None:
        launch(nothing)

    assert message(tt.HostError, kernel) == (
        "generic_op inside a kernel: a kernel runs on the device; call generic_op on the host"
    )


# ---- what a chip has not ----------------------------------------------------------------------------------


def _naps() -> None:
    time.sleep(1)


def test_sleep_in_a_kernel_and_in_its_helper() -> None:
    async def kernel() -> None:
        time.sleep(1)

    async def calls() -> None:
        _naps()

    why = "a kernel cannot sleep; it waits with `await`, for a CB, a barrier or a semaphore"
    assert message(tt.HostError, kernel) == f"{at(kernel, 'sleep')}: {why}"
    assert message(tt.HostError, calls) == f"{at(_naps, 'sleep')}: {why}"


def test_sleep_that_is_imported_in_the_kernel() -> None:
    async def kernel() -> None:
        from time import sleep

        sleep(1)  # fmt: skip

    assert message(tt.HostError, kernel) == (
        f"{at(kernel, 'import')}: a kernel cannot sleep; it waits with `await`, for a CB, a barrier or a semaphore"
    )


def test_a_thread_in_a_kernel() -> None:
    async def kernel() -> None:
        threading.Thread(target=print).start()

    assert message(tt.HostError, kernel) == (
        f"{at(kernel, 'Thread')}: a kernel cannot start threads; "
        "a core's RISCs are its threads: give each of them its own kernel"
    )


def test_the_host_s_clock_may_be_read_in_a_kernel() -> None:
    async def kernel() -> None:
        time.monotonic()

    launch(kernel)


# ---- what is given as a kernel ----------------------------------------------------------------------------


def test_a_plain_function_as_kernel() -> None:
    def kernel() -> None: ...

    assert message(tt.HostError, kernel) == (
        "kernel_source kernel is a plain function; write `async def kernel():`, so that it can wait with `await`"
    )


def test_a_generator_as_kernel() -> None:
    def kernel() -> Any:
        yield

    assert message(tt.HostError, kernel) == (
        "kernel_source kernel is a generator (it uses `yield`); write it as `async def kernel():` "
        "and use `await` where it waits"
    )


def test_a_called_function_as_kernel() -> None:
    async def kernel() -> None: ...

    assert message(tt.HostError, kernel()) == (
        "kernel_source is kernel(), a call; give the function itself, without parentheses: kernel"
    )


def test_a_kernel_with_parameters() -> None:
    async def kernel(cb_in: int, count: int) -> None: ...

    assert message(tt.HostError, kernel) == (
        "kernel kernel has parameters (cb_in, count); a kernel has none: it asks for its arguments "
        "with get_arg_val(...) and get_compile_time_arg_val(...)"
    )


def test_something_else_as_kernel() -> None:
    assert message(tt.HostError, 5) == "kernel_source must be an `async def` function, or C++ (its path or text), not 5"


def test_a_partial_as_kernel() -> None:
    partial = functools.partial(nothing)
    assert (
        message(tt.HostError, partial)
        == f"kernel_source must be an `async def` function, or C++ (its path or text), not {partial!r}"
    )


def test_a_kernel_without_a_config() -> None:
    assert message(tt.HostError, more=[(nothing, None, CORE)]) == (
        "nothing: config must be ReaderConfigDescriptor(), WriterConfigDescriptor(), "
        "DataMovementConfigDescriptor(...) or ComputeConfigDescriptor(...), not None"
    )


def test_two_kernels_on_one_processor() -> None:
    assert message(tt.HostError, more=[(nothing, WRITER, CORE), (nothing_else, WRITER, CORE)]) == (
        "core (0, 0): nothing and nothing_else both run on BRISC; give one of them ReaderConfigDescriptor() (NCRISC) "
        "and the other WriterConfigDescriptor() (BRISC)"
    )


def test_two_data_movement_kernels_on_one_noc() -> None:
    other = tt.DataMovementConfigDescriptor(tt.DataMovementProcessor.RISCV_0, noc=0)
    assert message(tt.HostError, more=[(nothing, READER, CORE), (nothing_else, other, CORE)]) == (
        "core (0, 0): nothing and nothing_else both use NOC 0; "
        "two data-movement kernels of a core must use different NOCs"
    )


def test_two_compute_kernels_on_one_core() -> None:
    assert message(tt.HostError, more=[(nothing, COMPUTE, CORE), (nothing_else, COMPUTE, CORE)]) == (
        "core (0, 0) has two compute kernels, nothing and nothing_else; "
        "a core runs one: join them, or give them different cores"
    )


def test_a_core_outside_the_grid() -> None:
    assert message(tt.HostError, more=[(nothing, READER, tt.core_set((8, 0)))]) == (
        "nothing: core (8, 0) is outside the grid of wormhole_b0, (0, 0) to (7, 7)"
    )


def test_an_unknown_arch() -> None:
    assert message(tt.HostError, nothing, arch="grayskull") == (
        "arch 'grayskull' is not known; choose one of wormhole_b0, blackhole"
    )


# ---- circular buffers -------------------------------------------------------------------------------------


def test_a_cb_that_does_not_exist() -> None:
    async def kernel() -> None:
        cb_push_back(5, 1)

    assert message(tt.KernelError, kernel) == (
        "cb_push_back: there is no circular buffer 5 on core (0, 0); this program has c_0. "
        "Add a CBDescriptor with that buffer_index, or use one that exists"
    )


def test_a_program_without_cbs() -> None:
    async def kernel() -> None:
        await cb_wait_front(0, 1)

    assert message(tt.KernelError, kernel, cbs=[]) == (
        "cb_wait_front: there is no circular buffer 0 on core (0, 0); this program has none. "
        "Add a CBDescriptor with that buffer_index, or use one that exists"
    )


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        (1.5, "cb_push_back: the number of pages must be a whole number, not 1.5"),
        (-1, "cb_push_back: the number of pages is -1; it must not be negative"),
    ],
)
def test_a_page_count_that_is_none(pages: Any, text: str) -> None:
    async def kernel() -> None:
        cb_push_back(0, pages)

    assert message(tt.KernelError, kernel) == text


@pytest.mark.parametrize("call", [cb_pages_available_at_front, cb_pages_reservable_at_back])
def test_a_question_for_a_page_count_that_is_none(call: Any) -> None:
    async def kernel() -> None:
        call(0, 2.5)

    assert message(tt.KernelError, kernel) == f"{call.__name__}: the number of pages must be a whole number, not 2.5"


@pytest.mark.parametrize(
    ("total", "advice"), [(100, "use 64 or 128"), (10, "use 64, one page"), (0, "use 64, one page")]
)
def test_pages_that_do_not_divide_their_cb(total: int, advice: str) -> None:
    descriptor = tt.CBDescriptor(total, CORE, [tt.CBFormatDescriptor(0, tt.bfloat16, PAGE)])
    assert message(tt.HostError, nothing, cbs=[descriptor]) == (
        f"c_0: total_size {total} is not a whole number of pages of 64 bytes; {advice}"
    )


def test_more_than_32_cbs() -> None:
    assert message(tt.HostError, nothing, cbs=[cb(i, 1) for i in range(33)]) == (
        "c_32: wormhole_b0 has 32 circular buffers a core, c_0 to c_31; choose a free index"
    )


def test_blackhole_has_64_cbs() -> None:
    launch(nothing, cbs=[cb(i, 1) for i in range(64)], arch="blackhole")
    assert message(tt.HostError, nothing, cbs=[cb(64, 1)], arch="blackhole") == (
        "c_64: blackhole has 64 circular buffers a core, c_0 to c_63; choose a free index"
    )


def test_a_cb_index_used_twice() -> None:
    assert message(tt.HostError, nothing, cbs=[cb(0, 1), cb(0, 2)]) == (
        "c_0 is described twice on core (0, 0); give each CB its own index"
    )


def test_cbs_that_do_not_fit_l1() -> None:
    assert message(tt.HostError, nothing, cbs=[cb(0, 300, TILE), cb(1, 400, TILE)]) == (
        "the circular buffers of core (0, 0) need 1,433,600 bytes of L1, but only 1,393,312 are there "
        "(40,288 too many):\n"
        "  c_1     400 pages x   2048 B =   819,200 B\n"
        "  c_0     300 pages x   2048 B =   614,400 B\n"
        "Shrink the largest: fewer pages of c_1, or smaller blocks"
    )


# ---- arguments and semaphores -----------------------------------------------------------------------------


def test_a_missing_runtime_argument() -> None:
    async def kernel() -> None:
        get_arg_val(0)

    assert message(tt.KernelError, kernel) == (
        "get_arg_val(0): kernel has no runtime_args on core (0, 0); add them to its KernelDescriptor"
    )


def test_a_missing_common_argument() -> None:
    async def kernel() -> None:
        get_common_arg_val(2)

    assert message(tt.KernelError, kernel) == (
        "get_common_arg_val(2): kernel has 2 common_runtime_args (0 to 1) on core (0, 0); "
        "add to them in its KernelDescriptor, or use a smaller index"
    )


def test_an_argument_beyond_those_that_the_chip_has() -> None:
    async def kernel() -> None:
        get_arg_val(340)
        get_arg_val(341)

    descriptor = tt.KernelDescriptor(kernel, CORE, READER, runtime_args=[((0, 0), list(range(400)))])
    with pytest.raises(tt.KernelError) as caught:
        tt.generic_op([empty(1)], tt.ProgramDescriptor([descriptor]))
    assert str(caught.value) == (
        "get_arg_val(341): a kernel has at most 341 runtime_args on the chip (0 to 340); "
        "put the others into a tensor and read it"
    )


def test_a_missing_compile_time_argument() -> None:
    async def kernel() -> None:
        get_compile_time_arg_val(4)

    assert message(tt.KernelError, kernel) == (
        "get_compile_time_arg_val(4): kernel has 4 compile_time_args (0 to 3) on core (0, 0); "
        "add to them in its KernelDescriptor, or use a smaller index"
    )


def test_a_missing_named_argument() -> None:
    async def kernel() -> None:
        get_named_compile_time_arg_val("block")

    assert message(tt.KernelError, kernel) == (
        "get_named_compile_time_arg_val('block'): no such name in the kernel's named_compile_time_args "
        "(they have none); add it to the KernelDescriptor"
    )


def test_a_host_accessor_in_a_kernel() -> None:
    async def kernel() -> None:
        TensorAccessorArgs(empty(1))  # type: ignore[arg-type]

    assert message(tt.KernelError, kernel) == (
        "TensorAccessorArgs(...) inside a kernel takes the index of a compile-time argument; "
        "on the host use tt.TensorAccessorArgs(tensor)"
    )


def test_a_semaphore_too_many() -> None:
    async def kernel() -> None:
        get_semaphore(16)

    assert message(tt.KernelError, kernel) == ("get_semaphore(16): a core has semaphores 0 to 15; choose one of them")


@pytest.mark.parametrize("number", [-1, 16])
def test_a_semaphore_descriptor_too_many(number: int) -> None:
    program = tt.ProgramDescriptor([], [], [tt.SemaphoreDescriptor(number, CORE)])
    with pytest.raises(tt.HostError) as caught:
        tt.generic_op([empty(1)], program)
    assert str(caught.value) == f"semaphore {number}: a core has semaphores 0 to 15; choose one of them"


# ---- transfers --------------------------------------------------------------------------------------------


def test_a_dram_read_whose_addresses_do_not_agree() -> None:
    tensors = [rows(1), empty(1)]

    async def kernel() -> None:
        noc_async_read(tensor(0).get_noc_addr(0), get_write_ptr(0) + 4, 16)

    source = tensors[0].buffer_address()
    assert message(tt.KernelError, kernel, tensors=tensors) == (
        f"noc_async_read: DRAM bank address {source} and L1 address 105828 differ modulo 32 ({source % 32} and 4); "
        "the NOC moves whole 32-byte words, so make both agree"
    )


def test_a_write_whose_addresses_do_not_agree() -> None:
    tensors = [rows(1), empty(1)]

    async def kernel() -> None:
        noc_async_write(get_write_ptr(0) + 4, tensor(1).get_noc_addr(0), 16)

    target = tensors[1].buffer_address()
    assert message(tt.KernelError, kernel, tensors=tensors) == (
        f"noc_async_write: DRAM bank address {target} and L1 address 105828 differ modulo 16 ({target % 16} and 4); "
        "the NOC moves whole 16-byte words, so make both agree"
    )


def test_four_bytes_may_be_moved_if_their_addresses_agree() -> None:
    async def kernel() -> None:
        noc_async_read(tensor(0).get_noc_addr(0, 4), get_write_ptr(0) + 4, 4)
        await noc_async_read_barrier()

    launch(kernel, cbs=ONE_CB)


def test_a_read_past_the_end_of_a_page() -> None:
    async def kernel() -> None:
        noc_async_read(tensor(0).get_noc_addr(0), get_write_ptr(0), 128)

    assert message(tt.KernelError, kernel) == (
        "noc_async_read: 128 bytes from byte 0 of page 0 run past the page, which has 64 bytes; move at most 64"
    )


@pytest.mark.parametrize("page", [4, 12, 1_000_000])
def test_a_page_number_too_large(page: int) -> None:
    async def kernel() -> None:
        noc_async_read_page(page, tensor(0), get_write_ptr(0))

    assert message(tt.KernelError, kernel) == (
        f"noc_async_read_page: page {page} of a tensor that has 4 pages; they count from 0, so the last is 3"
    )


def test_a_page_number_below_0() -> None:
    async def kernel() -> None:
        noc_async_write_page(-1, tensor(1), get_write_ptr(0))

    assert message(tt.KernelError, kernel) == "noc_async_write_page: the page is -1; it must not be negative"


def test_an_address_of_no_tensor() -> None:
    async def kernel() -> None:
        noc_async_read_page(0, TensorAccessor(TensorAccessorArgs(0), 64), get_write_ptr(0))

    assert message(tt.KernelError, kernel) == (
        "noc_async_read_page: DRAM address 64 belongs to no tensor; use the tensor's buffer address"
    )


def test_an_address_outside_l1() -> None:
    async def kernel() -> None:
        noc_async_read_page(0, tensor(0), 1 << 21)

    assert message(tt.KernelError, kernel) == (
        "noc_async_read_page: bytes 2097152 to 2097216 lie outside the core's L1 (0 to 1499136); "
        "take addresses from get_write_ptr, get_read_ptr or get_semaphore"
    )


def test_a_transfer_of_nothing() -> None:
    async def kernel() -> None:
        noc_async_read(tensor(0).get_noc_addr(0), get_write_ptr(0), 0)

    assert message(tt.KernelError, kernel) == "noc_async_read: 0 bytes; a transfer needs a size of at least 1"


def test_coordinates_of_no_core() -> None:
    async def kernel() -> None:
        noc_async_write(get_write_ptr(0), get_noc_addr(1, 1, get_write_ptr(0)), 64)

    assert message(tt.KernelError, kernel) == (
        "noc_async_write: no core of this program has NOC coordinates (1, 1): "
        "worker (x, y) has NOC coordinates (18+x, 18+y)"
    )


# ---- the engine -------------------------------------------------------------------------------------------


def test_a_dst_tile_that_does_not_exist() -> None:
    async def kernel() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        tile_regs_acquire()
        copy_tile(0, 0, 8)

    assert message(tt.KernelError, None, None, kernel, cbs=TILE_CBS) == (
        "copy_tile: DST tile 8 does not exist: a section holds 8 tiles (0 to 7) with 16-bit DST; "
        "use fewer tiles between tile_regs_acquire and tile_regs_commit"
    )


def test_a_math_op_without_a_section() -> None:
    async def kernel() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        copy_tile(0, 0, 0)

    assert message(tt.Violation, None, None, kernel, cbs=TILE_CBS) == (
        "copy_tile writes DST without a section: call tile_regs_acquire() before it and tile_regs_commit() after "
        f"({at(kernel, 'copy_tile')})"
    )


def test_a_pack_without_a_section() -> None:
    async def kernel() -> None:
        compute_kernel_hw_startup(0, 16)
        pack_tile(0, 16)

    assert message(tt.Violation, None, None, kernel, cbs=TILE_CBS) == (
        "pack_tile reads DST without waiting for MATH: call tile_regs_wait() before it and tile_regs_release() after "
        f"({at(kernel, 'pack_tile')})"
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (tile_regs_commit, "tile_regs_commit(): no section is open; call tile_regs_acquire() before it"),
        (tile_regs_release, "tile_regs_release(): no section is held; call tile_regs_wait() before it"),
    ],
)
def test_a_section_closed_that_was_never_opened(call: Any, text: str) -> None:
    async def kernel() -> None:
        call()

    assert message(tt.Violation, None, None, kernel) == text


@pytest.mark.parametrize("call", [tile_regs_acquire, tile_regs_wait, relu_tile_init])
def test_a_compute_call_in_a_reader(call: Any) -> None:
    async def kernel() -> None:
        call()

    assert message(tt.KernelError, kernel) == (
        f"{call.__name__} belongs to the compute engine: NCRISC (kernel) only moves data; "
        "call it in the kernel that has a ComputeConfigDescriptor"
    )


def test_a_compute_op_in_a_writer() -> None:
    async def kernel() -> None:
        add_tiles(0, 0, 0, 0, 0)

    assert message(tt.KernelError, None, kernel) == (
        "add_tiles belongs to the compute engine: BRISC (kernel) only moves data; "
        "call it in the kernel that has a ComputeConfigDescriptor"
    )


@pytest.mark.parametrize("call", [noc_async_read_barrier, noc_async_write_barrier, my_x])
def test_a_dataflow_call_in_a_compute_kernel(call: Any) -> None:
    async def kernel() -> None:
        call()

    assert message(tt.KernelError, None, None, kernel) == (
        f"{call.__name__} belongs to data movement: UNPACK (kernel) runs a compute kernel; move it to the reader or the writer"
    )
