"""The hang clinic: each entry hangs, or goes wrong, for the reason that it says, and its repaired version is right."""

from __future__ import annotations

import re

import pytest

import ttlearn as tt
from ttlearn import cpp
from ttlearn.debug.hang.causes import Cause
from ttlearn.learn.hangs import CATALOGUE, Entry, Fault, entry
from ttlearn.script import wrapped

entries = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
hanging = pytest.mark.parametrize(
    "entry", [e for e in CATALOGUE if isinstance(e.expected, Cause)], ids=lambda entry: entry.name
)
faulty = pytest.mark.parametrize(
    "entry", [e for e in CATALOGUE if isinstance(e.expected, Fault)], ids=lambda entry: entry.name
)


def hang(entry: Entry) -> tt.DeviceHang:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*entry.broken(), expected=entry.golden() if entry.golden else None)
    return caught.value


def right(entry: Entry, run: tt.Run) -> bool:
    assert entry.golden is not None
    return bool((tt.to_numpy(run.tensors[-1]) == entry.golden()).all())


@entries
def test_the_repaired_version_finishes_with_the_right_output_and_no_violation(entry: Entry) -> None:
    run = tt.generic_op(*entry.fixed())
    assert run.violations == [] and right(entry, run)


@hanging
def test_the_cause_is_the_expected_one_and_shows_where_it_should(entry: Entry) -> None:
    diagnosis = hang(entry).diagnosis
    stop = diagnosis.root.stop
    assert (diagnosis.cause, diagnosis.core) == (entry.expected, entry.core)
    assert stop.who.removesuffix("'s engine") == entry.risc
    assert entry.cb is None or stop.cb is None or stop.cb.index == entry.cb


@hanging
def test_the_lines_of_both_sides_are_named(entry: Entry) -> None:
    found = hang(entry).diagnosis.sites
    assert entry.lines[0] in found[0]
    for line in entry.lines:
        assert any(line.removeprefix("await ") in site for site in found), (line, found)


@hanging
def test_the_cb_is_named_in_the_first_sentence(entry: Entry) -> None:
    if entry.cb is not None and entry.expected not in (Cause.NOT_CONFIGURED, Cause.WRONG_OPERATION):
        assert f"c_{entry.cb}" in hang(entry).diagnosis.sentence


@hanging
def test_something_is_suggested_and_what_was_tried_gives_the_right_output(entry: Entry) -> None:
    change = hang(entry).diagnosis.change
    assert change is not None
    assert change.outcome in ("tried: finishes, output right", "not tried")


TRIED = {
    "no_hw_startup": "call compute_kernel_hw_startup(0, 16) first in compute_without_startup",
    "request_larger_than_the_cb": "raise c_0 from 2 to 8 pages",
    "intermediate_too_small": "raise c_24 from 2 to 8 pages",
    "another_cores_fault": "raise c_0 from 1 to 2 pages",
    "producer_short": "give reader 8 instead of 7 as its runtime argument 2",
    "consumer_early": "give writer 8 instead of 5 as its runtime argument 2",
    "uneven_split": "give compute 2 instead of 3 as its runtime argument 0 on cores (2, 0), (3, 0)",
}


@pytest.mark.parametrize("name", TRIED)
def test_what_can_be_tried_is_tried(name: str) -> None:
    change = hang(entry(name)).diagnosis.change
    assert (change.text, change.outcome) == (TRIED[name], "tried: finishes, output right")


@faulty
def test_what_does_not_hang_is_a_violation_that_names_the_lines(entry: Entry) -> None:
    with pytest.raises(tt.Violation) as caught:
        tt.generic_op(*entry.broken())
    assert all(line in str(caught.value) for line in entry.lines)


@faulty
def test_without_strict_mode_it_finishes_with_wrong_data(entry: Entry) -> None:
    assert not right(entry, tt.generic_op(*entry.broken(), strict=False))


@hanging
def test_no_line_of_a_diagnosis_is_too_long_or_names_the_inside_of_the_package(entry: Entry) -> None:
    text = wrapped(str(hang(entry)))
    assert all(len(line) <= 100 for line in text.splitlines())
    assert not any(inner in text for inner in ("(inside noc_", "Reason.", "Kind.", "<ttlearn", "None"))


@entries
def test_each_kernel_can_be_written_as_cpp(entry: Entry) -> None:
    for program in (entry.broken()[1], entry.fixed()[1]):
        for kernel in program.kernels:
            assert "void kernel_main() {" in cpp.write(kernel.kernel_source)  # type: ignore[arg-type]


@entries
def test_an_entry_has_a_story_of_two_or_three_sentences(entry: Entry) -> None:
    assert 2 <= sum(entry.story.count(end) for end in (". ", "? ", ": ", ".")) <= 7
    assert entry.fix and entry.modelled_on and str(entry).startswith(f"{entry.name}: ")


def test_names_are_unique_and_an_unknown_one_is_refused() -> None:
    assert len({e.name for e in CATALOGUE}) == len(CATALOGUE) >= 18
    with pytest.raises(KeyError, match="the hang clinic has no 'nothing'; it has no_hw_startup, "):
        entry("nothing")


def test_the_three_of_the_log_come_first() -> None:
    assert [e.name for e in CATALOGUE[:3]] == ["no_hw_startup", "tiled_gamma_in_a_stick", "sticks_against_tiles"]


def test_html_marks_the_root_and_shows_the_suggestion() -> None:
    text = hang(entry("intermediate_too_small"))._repr_html_()
    assert text.count(">root</text>") == 1 and 'role="alert"' in text
    assert "What would help: raise c_24 from 2 to 8 pages" in text


# ---- whole texts --------------------------------------------------------------------------------------------

TEXTS = {
    "no_hw_startup": """\
The device hangs, nothing moves after cycle N: UNPACK cannot tilize_block at
      compute_without_startup line N: `tilize_block(c_0, Wt, c_1)`: the engine was never
      configured; compute_kernel_hw_startup(...) and the operation's init must come first.
Cause: the engine was never configured.
Waiting only because of that: BRISC in cb_wait_front(c_16, 32), UNPACK in cb_wait_front(c_1, 4),
      PACK's engine in tilize_block.
What would help: call compute_kernel_hw_startup(0, 16) first in compute_without_startup (tried:
      finishes, output right).
Core (0, 0):
  BRISC   cb_wait_front(c_16, 32)  since N  writer line N: `await cb_wait_front(c_16, 32)`
  UNPACK  cb_wait_front(c_1, 4)    since N  compute_without_startup line N
  UNPACK  engine stalls in tilize_block at compute_without_startup line N
          the engine was never configured for it
  MATH    engine stalls in tilize_block at compute_without_startup line N
          the engine was never configured for it
  PACK    engine stalls in tilize_block at compute_without_startup line N
          no DST section was committed (tile_regs_commit)
  finished: NCRISC (reader), MATH (compute_without_startup), PACK (compute_without_startup)
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_4       1      256  bfloat16      1       1      0     1  NCRISC -> UNPACK
  c_5       1      256  bfloat16      1       1      0     1  NCRISC -> UNPACK
  c_0      32      256  bfloat16     32       0     32     0  NCRISC -> UNPACK
  c_1       4    2,048  bfloat16      0       0      0     4  PACK -> UNPACK
  c_16     32      256  bfloat16      0       0      0    32  PACK -> BRISC
""",
    "sticks_against_tiles": """\
The device hangs, nothing moves after cycle N: PACK (compute_pushes_tiles) pushes 4 pages of 256
      B to c_16, 1,024 B in all, and BRISC (writer) pops 32 of them, 8,192 B: the one counts tiles,
      the other sticks; BRISC waits for a 32nd at writer line N: `await cb_wait_front(c_16, 32)`.
Cause: producer and consumer count in different units.
The other side: compute_pushes_tiles line N: `cb_push_back(c_16, Wt)`.
What would help: a page of c_16 is a stick: let PACK (compute_pushes_tiles) reserve and push 32 of
      them for each tile row instead of 4 (not tried).
Core (0, 0):
  BRISC   cb_wait_front(c_16, 32)  since N  writer line N: `await cb_wait_front(c_16, 32)`
  finished: NCRISC (reader), UNPACK (compute_pushes_tiles), MATH (compute_pushes_tiles)
            PACK (compute_pushes_tiles)
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_4       1      256  bfloat16      1       1      0     1  NCRISC -> UNPACK
  c_5       1      256  bfloat16      1       1      0     1  NCRISC -> UNPACK
  c_0      32      256  bfloat16     32      32      0    32  NCRISC -> UNPACK
  c_1       4    2,048  bfloat16      4       4      0     4  PACK -> UNPACK
  c_16     32      256  bfloat16      4       0      4    28  PACK -> BRISC
""",
    "uneven_split": """\
The device hangs, nothing moves after cycle N: on core (2, 0), NCRISC (reader), the producer of
      c_0, finished after it pushed 2 pages; UNPACK waits for a 3rd at compute line N: `await
      cb_wait_front(c_0, 1)`.
Cause: the producer ended short.
The other side: reader line N: `cb_push_back(c_0, 1)`.
The same on core (3, 0).
Waiting only because of that: MATH's engine in copy_tile, PACK's engine in tile_regs_wait.
What would help: give compute 2 instead of 3 as its runtime argument 0 on cores (2, 0), (3, 0)
      (tried: finishes, output right).
Core (2, 0) and 1 more like it (core (3, 0)):
  UNPACK  cb_wait_front(c_0, 1)  since N  compute line N: `await cb_wait_front(c_0, 1)`
  MATH    engine stalls in copy_tile at compute line N: `copy_tile(c_0, 0, 0)`
          its operands do not come from UNPACK
  PACK    engine stalls in tile_regs_wait at compute line N: `tile_regs_wait()`
          no DST section was committed (tile_regs_commit)
  finished: BRISC (writer), NCRISC (reader), MATH (compute), PACK (compute)
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_0       2    2,048  bfloat16      2       2      0     2  NCRISC -> UNPACK
  c_16      2    2,048  bfloat16      2       2      0     2  PACK -> BRISC
""",
    "intermediate_too_small": """\
The device hangs, nothing moves after cycle N: c_24 of 2 pages is full: PACK waits in
      cb_reserve_back(c_24, 1) at compute_in_two_passes line N: `await cb_reserve_back(c_24, 1)`,
      and UNPACK (compute_in_two_passes), who pops it at line N, gets there only if PACK goes on.
Cause: a CB is too small for what is kept in it.
Waiting only because of that: BRISC in cb_wait_front(c_16, 1).
The circle:
  PACK in cb_reserve_back(c_24, 1) waits for UNPACK to pop c_24
  UNPACK in cb_wait_front(c_0, 1) waits for NCRISC to push c_0
  NCRISC in cb_reserve_back(c_0, 1) waits for UNPACK's engine to pop c_0
  UNPACK's engine in copy_tile waits for MATH's engine
  MATH's engine in tile_regs_acquire waits for PACK
What would help: raise c_24 from 2 to 8 pages (tried: finishes, output right).
Core (0, 0):
  BRISC   cb_wait_front(c_16, 1)    since N  writer line N: `await cb_wait_front(c_16, 1)`
  NCRISC  cb_reserve_back(c_0, 1)   since N  reader line N: `await cb_reserve_back(c_0, 1)`
  UNPACK  cb_wait_front(c_0, 1)     since N  compute_in_two_passes line N
  PACK    cb_reserve_back(c_24, 1)  since N  compute_in_two_passes line N
  UNPACK  engine stalls in copy_tile at compute_in_two_passes line N: `copy_tile(c_0, 0, 0)`
          SrcA and SrcB are full and MATH does not take them
  MATH    engine stalls in tile_regs_acquire at compute_in_two_passes line N: `tile_regs_acquire()`
          no DST section is free (tile_regs_release)
  finished: MATH (compute_in_two_passes)
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_0       2    2,048  bfloat16      6       4      2     0  NCRISC -> UNPACK
  c_16      2    2,048  bfloat16      0       0      0     2  PACK -> BRISC
  c_24      2    2,048  bfloat16      2       0      2     0  PACK -> UNPACK
""",
    "semaphore_past_its_value": """\
The device hangs, nothing moves after cycle N: BRISC of core (1, 0) waits at receiver line N:
      `await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)` until semaphore 0 is 1,
      and it stays 2: it went from 0 to 2, so it never was 1, and this call waits for the very
      value; changed by NCRISC (sender_adds_two) at sender_adds_two line N:
      `noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 2)` on core (0, 0).
Cause: a semaphore is never reached.
What would help: let the increments add up to 1, or wait with noc_semaphore_wait_min(…, 1) (not
      tried).
Core (1, 0):
  BRISC   noc_semaphore_wait(semaphore 0, 1)  since N  receiver line N
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_0       1    2,048  bfloat16      0       0      0     1  nobody -> nobody
""",
    "another_cores_fault": """\
The device hangs, nothing moves after cycle N: NCRISC of core (0, 0) asks for 2 pages of c_0,
      which has 1, at sender_reserves_too_much line N: `await cb_reserve_back(c_0, 2)`: it can
      never have them.
Cause: a request is larger than its CB.
Waiting only because of that, on core (1, 0): BRISC in noc_semaphore_wait(semaphore 0, 1).
What would help: raise c_0 from 1 to 2 pages (tried: finishes, output right).
Core (0, 0):
  NCRISC  cb_reserve_back(c_0, 2)  since N  sender_reserves_too_much line N
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_0       1    2,048  bfloat16      0       0      0     1  NCRISC -> nobody
Core (1, 0):
  BRISC   noc_semaphore_wait(semaphore 0, 1)  since N  receiver line N
  CB    pages    bytes  format   pushed  popped  front  free  from -> to
  c_0       1    2,048  bfloat16      0       0      0     1  nobody -> nobody
""",
}


def told(name: str) -> str:
    """A diagnosis at 100 columns, its cycles and line numbers left out: they change with the model and the file."""
    text = wrapped(str(hang(entry(name))))
    for number, letter in ((r"since +[\d,]+", "since N"), (r"cycle [\d,]+", "cycle N"), (r"line \d+", "line N")):
        text = re.sub(number, letter, text)
    return text + "\n"


@pytest.mark.parametrize("name", TEXTS)
def test_the_whole_text(name: str) -> None:
    assert told(name) == TEXTS[name]


def test_a_read_past_the_end_of_its_cb_is_told_with_both_cbs() -> None:
    with pytest.raises(tt.Violation) as caught:
        tt.generic_op(*entry("tiled_gamma_in_a_stick").broken())
    said = re.sub(r"line \d+", "line N", str(caught.value))
    assert said == (
        "noc_async_read_page at reader_of_tiled_gamma line N: `noc_async_read_page(0, gamma, get_write_ptr(c_4))` brings "
        "2,048 bytes to page 0 of c_4, where only 256 are left: the other 1,792 go past its end into page 0 of c_5; make c_4 "
        "as large as what is read, or read less"
    )
