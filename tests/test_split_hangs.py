"""What goes wrong with a row that is split over cores: one line of its kernels is changed, and the right one is named."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.debug.hang.causes import Cause
from ttlearn.layernorm import split_dataflow
from ttlearn.layernorm.split import build_split, make_split_job
from ttlearn.script import wrapped

Change = tuple[str, str]
Launch = tuple[list[tt.Tensor], tt.ProgramDescriptor]

COUNT = "    await noc_semaphore_wait(arrived, others)\n"
DATA = (
    "    noc_async_write_multicast_loopback_src(get_read_ptr(RESULT), to_all, get_tile_size(RESULT), members, True)\n"
)
FLAG = "    noc_semaphore_set_multicast(get_semaphore(SEND), flags, members - 1)\n"
FLUSH = "    await noc_async_writes_flushed()\n"
INC = "    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(semaphore)), 1)\n"
GIVE = "    await give(PARTIAL, GATHERED, ARRIVED, x_collector, y_collector, slot)\n"
WORD = "    noc_semaphore_set(tt_l1_ptr(uint32_t, get_semaphore(SEND)), 1)\n"
CORNERS = "    x_start, y_start, x_end, y_end = (get_arg_val(i) for i in range(10, 14))\n"
END = "    cb_pop_front(RESULT, 1)\n"
OWN_FLAG = "    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(VALID)), 1)\n"

FEWER: list[Change] = [
    (CORNERS, CORNERS + "    x_start -= 1\n"),
    (DATA, DATA.replace("members", "members - 1")),
    (FLAG, FLAG.replace("members - 1", "members - 2")),
]

# name: (changes, cause, core, where it stands still, where the promise would have been kept)
HANGS: dict[str, tuple[list[Change], Cause, tuple[int, int], str, str]] = {
    "counts itself": (
        [(COUNT, COUNT.replace("others", "others + 1"))],
        Cause.SEMAPHORE,
        (0, 0),
        "await noc_semaphore_wait(arrived, others + 1)",
        "noc_semaphore_inc(",
    ),
    "one core never increments": (
        [(INC, "    if slot != 2:\n    " + INC)],
        Cause.SEMAPHORE,
        (0, 0),
        COUNT.strip(),
        "noc_semaphore_inc(",
    ),
    "increments another semaphore": (
        [(GIVE, GIVE.replace("ARRIVED", "VALID"))],
        Cause.SEMAPHORE,
        (0, 0),
        COUNT.strip(),
        "noc_async_write(get_read_ptr(cb)",
    ),
    "data without a flag": (
        [(FLAG, "")],
        Cause.SEMAPHORE,
        (1, 0),
        "await noc_semaphore_wait(valid, 1)",
        DATA.strip(),
    ),
    "the flag is 0": ([(WORD, "")], Cause.SEMAPHORE, (1, 0), "await noc_semaphore_wait(valid, 1)", FLAG.strip()),
    "one core outside the rectangle": (
        FEWER,
        Cause.SEMAPHORE,
        (3, 0),
        "await noc_semaphore_wait(valid, 1)",
        "noc_semaphore_set_multicast(get_semaphore(SEND), flags, members - 2)",
    ),
    "the flag counts its sender": (
        [(FLAG, FLAG.replace("members - 1", "members"))],
        Cause.BARRIER,
        (0, 0),
        "await noc_async_write_barrier()",
        "noc_semaphore_set_multicast(get_semaphore(SEND), flags, members)",
    ),
    "the data do not count their sender": (
        [(DATA, DATA.replace("members", "members - 1"))],
        Cause.BARRIER,
        (0, 0),
        "await noc_async_write_barrier()",
        "noc_async_write_multicast_loopback_src(",
    ),
    "the collector waits for its own flag": (
        [(END, OWN_FLAG + END)],
        Cause.SEMAPHORE,
        (0, 0),
        OWN_FLAG.strip(),
        FLAG.strip(),
    ),
}


def changed(folder: Path, changes: list[Change]) -> ModuleType:
    """The data-movement kernels as a learner's file, with some lines changed."""
    text = inspect.getsource(split_dataflow)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "kernels.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("ttlearn.layernorm.changed", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(folder: Path, changes: list[Change], cores: int = 4, groups: int = 1) -> Launch:
    """Two tile rows of ten tiles over four cores in a row, or ten in two rows, with changed kernels."""
    job = make_split_job(np.random.default_rng(0).normal(size=(64, 320)), cores=cores, groups=groups)
    program, kernels = build_split(job), changed(folder, changes)
    own = [
        dataclasses.replace(kernel, kernel_source=getattr(kernels, kernel.name, kernel.kernel_source))
        for kernel in program.kernels
    ]
    return job.tensors, dataclasses.replace(program, kernels=own)


def hang(folder: Path, name: str) -> tt.DeviceHang:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*broken(folder, HANGS[name][0]))
    return caught.value


def test_without_a_change_the_kernels_finish(tmp_path: Path) -> None:
    tensors, program = broken(tmp_path, [])
    assert tt.generic_op(tensors, program).violations == []


@pytest.mark.parametrize("name", HANGS)
def test_the_cause_the_core_and_both_lines_are_named(name: str, tmp_path: Path) -> None:
    _, cause, core, waits, promise = HANGS[name]
    diagnosis = hang(tmp_path, name).diagnosis
    assert (diagnosis.cause, diagnosis.core) == (cause, core)
    assert waits in diagnosis.sites[0]
    assert any(promise in site for site in diagnosis.sites[1:]), diagnosis.sites


@pytest.mark.parametrize("name", HANGS)
def test_with_two_groups_the_first_ones_lines_are_named(name: str, tmp_path: Path) -> None:
    """The other group's cores run the same kernels, and are no help and no hindrance."""
    changes, cause, core, waits, _ = HANGS[name]
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*broken(tmp_path, changes, groups=2))
    diagnosis = caught.value.diagnosis
    assert (diagnosis.cause, diagnosis.core) == (cause, core) and waits in diagnosis.sites[0]
    assert not re.search(r"[(, ][4-7], 0\)", diagnosis.sentence)


@pytest.mark.parametrize("name", HANGS)
def test_the_check_before_a_run_says_the_same(name: str, tmp_path: Path) -> None:
    tensors, program = broken(tmp_path, HANGS[name][0])
    findings = program.check(tensors)
    assert findings and hang(tmp_path, name).diagnosis.sentence in findings[0].sentence


@pytest.mark.parametrize("name", HANGS)
def test_no_line_is_too_long(name: str, tmp_path: Path) -> None:
    assert all(len(line) <= 100 for line in wrapped(str(hang(tmp_path, name))).splitlines())


def test_a_rows_sum_with_the_wrong_semaphore_is_told_on_the_collecting_core(tmp_path: Path) -> None:
    """Two rows of five cores: the second row's sum is written, and word of it goes to the first row's count."""
    rows = "give(SUBTOTAL, GATHERED_ROWS, ARRIVED_ROWS,"
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*broken(tmp_path, [(rows, rows.replace("ARRIVED_ROWS", "SEND"))], cores=10))
    diagnosis = caught.value.diagnosis
    assert (diagnosis.cause, diagnosis.core) == (Cause.SEMAPHORE, (0, 0))
    assert "until semaphore 3 is 1, and it stays 0: no other kernel of this program" in diagnosis.sentence


def test_a_row_that_counts_one_too_many_is_told_on_its_first_core(tmp_path: Path) -> None:
    own = "    await gather(GATHERED, ARRIVED, others)\n    await cb_wait_front(SUBTOTAL, 1)\n"
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*broken(tmp_path, [(own, own.replace("others", "others + 1"))], cores=10))
    diagnosis = caught.value.diagnosis
    assert (diagnosis.cause, diagnosis.core) == (Cause.SEMAPHORE, (0, 1))
    assert "until semaphore 0 is 5, and it stays 4" in diagnosis.sentence


# ---- what does not hang -------------------------------------------------------------------------------------

HAZARDS: dict[str, tuple[list[Change], tuple[str, ...]]] = {
    "counts one too few": (
        [(COUNT, COUNT.replace("others", "others - 1"))],
        ("UNPACK (compute) of core (0, 0) reads page 0 of c_10", "noc_async_write(get_read_ptr(cb)"),
    ),
    "the flag before the data": (
        [(DATA + FLUSH + FLAG, FLAG + FLUSH + DATA)],
        ("reads page 0 of c_25", "BRISC (collector) of core (0, 0) writes it", DATA.strip()),
    ),
    "the flag is never taken back": (
        [("    noc_semaphore_set(valid, 0)  # nobody sets it again before this core's next increment\n", "")],
        ("BRISC (sender) of core (", "writes page ", "UNPACK (compute) of core (0, 0) reads it"),
    ),
    "the count is never taken back": (
        [("    noc_semaphore_set(arrived, 0)  # the others wait for the flag now, so nobody increments\n", "")],
        (
            "UNPACK (compute) of core (0, 0) reads page 1 of c_10",
            "BRISC (sender) of core (",
            "let collector set the semaphore back with noc_semaphore_set",
        ),
    ),
    "the result is not waited for": (
        [("    await cb_wait_front(RESULT, 1)\n", "")],
        ("PACK (compute) of core (0, 0) writes page 0 of c_11", "but BRISC (collector) of core (0, 0) read it"),
    ),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_a_race_is_told_with_the_lines_of_both_sides(name: str, tmp_path: Path) -> None:
    changes, said = HAZARDS[name]
    with pytest.raises(tt.Violation) as caught:
        tt.generic_op(*broken(tmp_path, changes))
    assert all(part in str(caught.value) for part in said), str(caught.value)


# ---- whole texts --------------------------------------------------------------------------------------------

TEXTS = {
    "counts itself": (
        "The device hangs, nothing moves after cycle N: BRISC of core (0, 0) waits at collector line N (inside "
        "gather line N): `await noc_semaphore_wait(arrived, others + 1)` until semaphore 0 is 4, and it stays 3: "
        "cores (1, 0), (2, 0), (3, 0) have incremented it, BRISC (sender) at give line N, in sender: "
        "`noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(semaphore)), 1)`, and now wait for core (0, 0). "
        "Cause: a semaphore is never reached. Waiting only because of that: UNPACK in cb_wait_front(c_10, 3), "
        "PACK in cb_reserve_back(c_9, 1), MATH's engine in copy_tile, PACK's engine in tile_regs_wait. Waiting "
        "only because of that, on cores (1, 0), (2, 0), (3, 0): BRISC in noc_semaphore_wait(semaphore 1, 1), "
        "UNPACK in cb_wait_front(c_25, 1), MATH's engine in sub_tiles_bcast, PACK's engine in tile_regs_wait. "
        "Waiting only because of that, on core (1, 0): PACK in cb_reserve_back(c_1, 3). Waiting only because of "
        "that, on cores (2, 0), (3, 0): PACK in cb_reserve_back(c_1, 2). What would help: wait for 3, which is "
        "what they add up to (not tried)."
    ),
    "one core never increments": (
        "The device hangs, nothing moves after cycle N: BRISC of core (0, 0) waits at collector line N (inside "
        "gather line N): `await noc_semaphore_wait(arrived, others)` until semaphore 0 is 3, and it stays 2: "
        "cores (1, 0), (2, 0) have incremented it, BRISC (sender) at give line N, in sender: "
        "`noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(semaphore)), 1)`, and now wait for core (0, 0); core "
        "(3, 0) has passed that line without incrementing it. Cause: a semaphore is never reached. Waiting only "
        "because of that: UNPACK in cb_wait_front(c_10, 3), PACK in cb_reserve_back(c_9, 1), MATH's engine in "
        "copy_tile, PACK's engine in tile_regs_wait. Waiting only because of that, on cores (1, 0), (2, 0), (3, "
        "0): BRISC in noc_semaphore_wait(semaphore 1, 1), UNPACK in cb_wait_front(c_25, 1), MATH's engine in "
        "sub_tiles_bcast, PACK's engine in tile_regs_wait. Waiting only because of that, on core (1, 0): PACK in "
        "cb_reserve_back(c_1, 3). Waiting only because of that, on cores (2, 0), (3, 0): PACK in "
        "cb_reserve_back(c_1, 2). What would help: let core (3, 0) increment it, too, or wait for 2 (not tried)."
    ),
    "data without a flag": (
        "The device hangs, nothing moves after cycle N: BRISC of core (1, 0) waits at sender line N (inside take "
        "line N): `await noc_semaphore_wait(valid, 1)` until semaphore 1 is 1, and it stays 0: no other kernel of "
        "this program sets or increments it; BRISC (collector) of core (0, 0) writes into this core's L1 (tell "
        "line N, in collector) and tells nobody. Cause: a semaphore is never reached. The same on cores (2, 0), "
        "(3, 0). Waiting only because of that: UNPACK in cb_wait_front(c_25, 1), PACK in cb_reserve_back(c_1, 3), "
        "MATH's engine in sub_tiles_bcast, PACK's engine in tile_regs_wait. Waiting only because of that, on core "
        "(0, 0): BRISC in noc_semaphore_wait(semaphore 0, 3), UNPACK in cb_wait_front(c_10, 3), PACK in "
        "cb_reserve_back(c_9, 1), MATH's engine in copy_tile, PACK's engine in tile_regs_wait. What would help: "
        "let BRISC (collector) send a flag behind line N with noc_semaphore_set_multicast (not tried)."
    ),
    "one core outside the rectangle": (
        "The device hangs, nothing moves after cycle N: BRISC of core (3, 0) waits at sender line N (inside take "
        "line N): `await noc_semaphore_wait(valid, 1)` until semaphore 1 is 1, and it stays 0: BRISC (collector) "
        "of core (0, 0) multicasts to cores (1, 0), (2, 0), at tell line N, in collector: "
        "`noc_semaphore_set_multicast(get_semaphore(SEND), flags, members - 2)`, and core (3, 0) is not in that "
        "rectangle. Cause: a semaphore is never reached. Waiting only because of that: UNPACK in "
        "cb_wait_front(c_25, 1), PACK in cb_reserve_back(c_1, 2), MATH's engine in sub_tiles_bcast, PACK's engine "
        "in tile_regs_wait. Waiting only because of that, on core (0, 0): BRISC in noc_semaphore_wait(semaphore "
        "0, 3), UNPACK in cb_wait_front(c_10, 3), PACK in cb_reserve_back(c_9, 1), MATH's engine in copy_tile. "
        "Waiting only because of that, on cores (0, 0), (1, 0), (2, 0): PACK's engine in tile_regs_wait. Waiting "
        "only because of that, on cores (1, 0), (2, 0): BRISC in noc_semaphore_wait(semaphore 1, 1), UNPACK in "
        "cb_wait_front(c_27, 1), MATH's engine in mul_tiles_bcast. Waiting only because of that, on core (1, 0): "
        "PACK in cb_reserve_back(c_24, 3). Waiting only because of that, on core (2, 0): PACK in "
        "cb_reserve_back(c_24, 2). What would help: let the rectangle at line N reach core (3, 0), and count it "
        "in num_dests (not tried)."
    ),
    "the flag counts its sender": (
        "The device hangs, nothing moves after cycle N: BRISC of core (0, 0) waits in noc_async_write_barrier() "
        "at collector line N (inside tell line N): `await noc_async_write_barrier()`, which cannot complete: the "
        "multicast at collector line N (inside tell line N): `noc_semaphore_set_multicast(get_semaphore(SEND), "
        "flags, members)` waits for 4 acknowledgements and reaches 3 cores. Cause: a barrier cannot complete. "
        "Waiting only because of that: UNPACK in cb_wait_front(c_25, 1), PACK in cb_reserve_back(c_11, 1), MATH's "
        "engine in sub_tiles_bcast, PACK's engine in tile_regs_wait. Waiting only because of that, on cores (1, "
        "0), (2, 0), (3, 0): BRISC in noc_semaphore_wait(semaphore 1, 1), UNPACK in cb_wait_front(c_27, 1), "
        "MATH's engine in mul_tiles_bcast, PACK's engine in tile_regs_wait. Waiting only because of that, on core "
        "(1, 0): PACK in cb_reserve_back(c_24, 3). Waiting only because of that, on cores (2, 0), (3, 0): PACK in "
        "cb_reserve_back(c_24, 2). What would help: pass num_dests = 3 there: the cores of the rectangle, without "
        "the sender unless it is a …_loopback_src call (not tried)."
    ),
}


def told(folder: Path, name: str) -> str:
    """Down to the state of the cores, at 100 columns, without cycles and line numbers."""
    text = wrapped(str(hang(folder, name))).split("\nCore (")[0]
    for number, letter in ((r"cycle [\d,]+", "cycle N"), (r"line\s+\d+", "line N")):
        text = re.sub(number, letter, text)
    return " ".join(text.split())


@pytest.mark.parametrize("name", TEXTS)
def test_the_whole_text(name: str, tmp_path: Path) -> None:
    assert told(tmp_path, name) == TEXTS[name]
