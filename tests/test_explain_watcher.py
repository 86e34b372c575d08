"""`tt.explain_watcher`: pasted dumps in words, compared with the program's own run.

The twelve dumps are real ones, of programs that hung on the real stack under Tenstorrent's simulator.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import golden
import pytest
from golden import Case, cases
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import at, cb, launch, reader, rows, tensor, writer
from test_golden_hangs import KERNELS

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.debug.board import dump

seen = cases("hangs", where=lambda case: case.entry["observed"] == "hang")
ALL = {case.name: case for case in golden.load("hangs")}

# the RISC at fault or waiting for it, and the CB; None: the cause is no CB
OBSERVED = {
    "h01_reader_pushes_fewer": ("NCRISC", "c_0"),
    "h03_writer_counts_sticks": ("BRISC", "c_16"),
    "h05_circular_two_cbs": ("NCRISC", "c_1"),
    "h08_pop_missing": ("NCRISC", "c_0"),
    "h10_semaphore_never_incremented": ("NCRISC", "semaphore 0"),
    "h13_intermediate_cb_too_small": ("UNPACK", "c_1"),
    "h15_cumulative_wait_with_pop": ("UNPACK", "c_0"),
    "h17_release_missing": ("MATH", "tile_regs_release"),
    "h21_gamma_one_tile": ("NCRISC", "c_4"),
    "h27_multicast_excludes_sender": ("NCRISC", "semaphore 0"),
    "h36_mul_init_add_tiles": ("UNPACK", "SrcA and SrcB"),
    "h42_multicore_last_cores_too_many": ("NCRISC", "c_0"),
}


def pasted(name: str) -> str:
    return "\n".join([*ALL[name].entry["watcher"], *ALL[name].entry["k_id"]])


def program(case: Case) -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
    on = golden.tensors(case, {})
    return list(on.values()), golden.descriptor(case, on, KERNELS)


def hung(name: str) -> tt.Run:
    with pytest.raises(tt.DeviceHang) as caught:
        golden.run(ALL[name], KERNELS)
    run: tt.Run = caught.value.run
    return run


# ---- the real dumps with their own programs -----------------------------------------------------------------


@seen
def test_the_hang_simulated_here_agrees_and_its_cause_names_risc_and_cb(case: Case) -> None:
    told = tt.explain_watcher(pasted(case.name), program(case))
    assert told.agrees
    assert told.verdict == "The hang simulated here agrees: the same waypoints and counters."
    assert all(part in told.cause for part in OBSERVED[case.name])
    assert not any(core.differences for core in told.cores)


@seen
def test_every_waypoint_is_known_and_every_waiting_risc_is_placed(case: Case) -> None:
    told = tt.explain_watcher(pasted(case.name), program(case))
    for risc in (risc for core in told.cores for risc in core.riscs):
        assert risc.known
        assert bool(risc.here) == (risc.waypoint not in ("W", "NTW", "GW")), risc


@seen
def test_no_line_is_longer_than_a_hundred_columns(case: Case) -> None:
    for known in (None, program(case)):
        assert max(map(len, repr(tt.explain_watcher(pasted(case.name), known)).splitlines())) <= 100


@seen
def test_a_dump_of_another_program_does_not_agree(case: Case) -> None:
    other = "h05_circular_two_cbs" if case.name != "h05_circular_two_cbs" else "h21_gamma_one_tile"
    told = tt.explain_watcher(pasted(case.name), hung(other))
    assert told.agrees is False
    assert told.cause == ""
    assert any(core.differences for core in told.cores) or "the dump shows nothing going there" in told.verdict


def test_the_text_names_cause_calls_and_counters() -> None:
    case = next(c for c in golden.load_cpp("hangs") if c.name == "h08_pop_missing")
    told = tt.explain_watcher(pasted(case.name), program(case))
    lines = repr(told).splitlines()
    start = lines.index("Core (0, 0):")
    assert " ".join(lines[1:start]) == f"Cause: {told.cause}."  # in the diagnosis' own words
    assert lines[start + 1 :] == [
        "  BRISC  NTW  (p_wr.cpp) is done, or has no kernel, and waits for the others of its core",
        "  NCRISC CRBW (p_rd.cpp) is in cb_reserve_back and waits for enough free pages at the back of a CB",
        "              here: cb_reserve_back(c_0, 1) at p_rd.cpp line 7: `cb_reserve_back(0, 1)`",
        "  UNPACK, MATH, PACK: W, is done, or has no kernel",
        "  c_0: 2 pushed, 0 popped, 2 at the front of 2: full",
        "  Any other CB is empty: as many pages popped as pushed.",
        "  PACK is done and NCRISC still waits for free pages: fewer were popped than it pushes, or in",
        "    another unit.",
    ]


def test_equal_cores_are_told_once() -> None:
    told = repr(
        tt.explain_watcher(pasted("h42_multicore_last_cores_too_many"), hung("h42_multicore_last_cores_too_many"))
    )
    assert "Cores (2, 0), (3, 0):" in told
    assert told.endswith("2 more with nothing to do.")


# ---- what does not agree ------------------------------------------------------------------------------------


def test_what_differs_is_told_by_risc_and_cb() -> None:
    told = tt.explain_watcher(
        pasted("h08_pop_missing").replace("rcv 2!=ack 0", "rcv 5!=ack 4"), hung("h08_pop_missing")
    )
    assert told.cores[0].differences == ("c_0: 5 pushed and 4 popped on the board, 2 pushed and 0 popped here",)
    assert told.verdict == (
        "The run here hangs, but not as the board does: core (0, 0): "
        "c_0: 5 pushed and 4 popped on the board, 2 pushed and 0 popped here."
    )


def test_a_cb_that_the_dump_does_not_name_is_balanced_there() -> None:
    told = tt.explain_watcher(pasted("h08_pop_missing").replace(" cb[0](rcv 2!=ack 0)", ""), hung("h08_pop_missing"))
    assert told.cores[0].differences == ("c_0: as many pushed as popped on the board, 2 pushed and 0 popped here",)


def test_where_nothing_agrees_the_possible_lines_are_named() -> None:
    told = tt.explain_watcher(pasted("h01_reader_pushes_fewer"), hung("h08_pop_missing"))
    brisc, _, unpack, *_ = told.core((0, 0)).riscs
    assert brisc.lines == (at(KERNELS["p_wr"], "cb_wait_front"),)
    assert unpack.lines == (at(KERNELS["h08_cp"], "copy_tile("),)
    assert unpack.silent == (at(KERNELS["h08_cp"], "cb_wait_front"),)
    assert "perhaps at p_wr line" in repr(told) and "may wait at h08_cp line" in repr(told)


def test_a_program_that_finishes_here_is_said_to_and_may_only_be_slow_there() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    begin, end, _ = next(c for c in run.device.cores[0, 0].brisc.calls[1:] if c[2] == "noc_async_write_barrier")
    told = tt.explain_watcher(run.watcher(at=(begin + end) // 2), run)
    assert told.agrees is False
    assert "The run here finishes; no hang agrees: core (0, 0): BRISC shows NWBW on the board, GW here" in told.verdict
    assert "it passes through the board's state and goes on: is the board only slow?" in told.verdict


def test_two_idle_ends_agree() -> None:
    run = launch(reader, writer, cbs=[cb(0, 2)])
    told = tt.explain_watcher(run.watcher(), run)
    assert (told.agrees, told.verdict) == (True, "The board is done with the program, as is the run here.")


def test_w_and_d_of_one_call_of_a_trisc_count_as_the_same() -> None:
    name = "h13_intermediate_cb_too_small"
    assert tt.explain_watcher(pasted(name).replace("MWDD", "MWDW"), hung(name)).agrees


def test_how_far_math_had_issued_may_differ_and_is_said_to() -> None:
    name = "h01_reader_pushes_fewer"
    told = tt.explain_watcher(pasted(name).replace("UPAD,   D,", "UPAD,MWDD,"), hung(name))
    assert told.verdict == (
        "The hang simulated here agrees: the same waypoints and counters, but for how far a TRISC had issued."
    )


def test_a_core_that_hangs_here_and_is_idle_there_does_not_agree() -> None:
    name = "h42_multicore_last_cores_too_many"
    lines = pasted(name).splitlines()
    lines[4:6] = [lines[0].replace("x= 0,y= 0) virtual(x=18", "x= 2,y= 0) virtual(x=20"), lines[1]]
    told = tt.explain_watcher("\n".join(lines), hung(name))
    assert told.agrees is False
    assert "core (2, 0): hangs here, the dump shows nothing going there" in told.verdict


def test_a_hang_that_only_another_timing_shows_is_found_with_its_seed() -> None:
    async def looks_once() -> None:
        """Takes it that the page comes later, as it does in the usual timing."""
        noc_async_read_page(1, tensor(0), get_write_ptr(1))
        await noc_async_read_barrier()
        await cb_wait_front(0, 9 if cb_pages_available_at_front(0, 1) else 1)

    async def brings() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)

    run = launch(brings, looks_once, cbs=[cb(0, 1), cb(1, 1)])
    assert run.program is not None
    pair = (run.tensors, run.program)
    line = (
        "Device 0 worker core(x= 0,y= 0) virtual(x=18,y=18): CWFW,   W,   W,   W,   W  rmsg:H1G|BNt h_id:  1 smsg:DDDD"
    )
    told = tt.explain_watcher(f"{line} cb[0](rcv 1!=ack 0)", pair)
    assert told.agrees
    assert "It depends on the timing: this is the run with seed=" in told.verdict


def test_a_cb_that_the_program_has_not_is_told() -> None:
    told = tt.explain_watcher(pasted("h13_intermediate_cb_too_small"), hung("h08_pop_missing"))
    assert told.cores[0].differences is not None
    assert "c_1: 2 pushed and 0 popped on the board, no such CB here" in told.cores[0].differences


def test_a_core_that_the_program_has_not_is_told() -> None:
    line = (
        "Device 0 worker core(x= 5,y= 5) virtual(x=23,y=23): CWFW,   W,   W,   W,   W  rmsg:H1G|Bnt h_id:  1 smsg:DDDD"
    )
    told = tt.explain_watcher(pasted("h08_pop_missing") + "\n" + line, hung("h08_pop_missing"))
    assert told.core((5, 5)).differences == ("the program has no such core",)


def test_a_core_that_hangs_here_and_is_not_in_the_dump_is_told() -> None:
    name = "h42_multicore_last_cores_too_many"
    told = tt.explain_watcher("\n".join(pasted(name).splitlines()[:6]), hung(name))
    assert "core (3, 0): hangs here, the dump shows nothing going there" in told.verdict


# ---- how it may be pasted -----------------------------------------------------------------------------------

NAME = "h21_gamma_one_tile"


def prefixed(text: str) -> str:
    return "\n".join(f"2026-11-22 10:00:0{k} | 12.34s always | {line}" for k, line in enumerate(text.splitlines()))


@pytest.mark.parametrize(
    "change",
    [
        prefixed,
        lambda text: text.replace(" ", "   "),
        lambda text: text.replace("  ", " ").replace("= ", "="),
        lambda text: text.replace(",", ", ").replace("rmsg", "\n   rmsg").replace(" cb[", "\n cb["),
        lambda text: "> " + text.replace("\n", "\r\n> "),
        lambda text: f"Dump #7 at 12.001s\n{text}\nDump #7 completed at 12.010s\n",
        lambda text: text.partition("\n")[0],
        lambda text: f"Device 0 active ethernet core(x= 0,y= 1) virtual(x=21,y=17): RW  k_id:0\n{text}",
        lambda text: text.replace("virtual(x=18,y=18)", "virtual(x=18,y=18) phys(x= 1,y= 2)"),
    ],
    ids=["prefix", "spaces", "tight", "broken", "quoted", "framed", "first-line", "ethernet", "phys"],
)
def test_the_way_it_is_pasted_does_not_matter(change: Any) -> None:
    told = tt.explain_watcher(change(pasted(NAME)), hung(NAME))
    assert told.agrees, told
    assert len(told.cores) == 1


def test_of_several_dumps_the_last_counts() -> None:
    text = "\n".join(
        f"Dump #{k} at {k}.0s\n{pasted(name)}" for k, name in enumerate(("h42_multicore_last_cores_too_many", NAME))
    )
    assert tt.explain_watcher(text, hung(NAME)).agrees
    assert tt.explain_watcher(f"{pasted('h08_pop_missing')}\n{pasted(NAME)}", hung(NAME)).agrees


def test_our_own_dump_is_read_back() -> None:
    run = hung("h42_multicore_last_cores_too_many")
    read = dump.parse(run.watcher())
    assert [core.core for core in read.cores] == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert read.cores[2].waypoints == ("CWFW", "W", "UPAD", "D", "D")
    assert (read.cores[2].rmsg, read.cores[2].smsg, read.cores[2].k_ids) == ("H1G|BNT", "DGGG", (2, 1, 3, 3, 3))
    assert read.kernels == {0: "blank", 1: "h42_rd", 2: "h42_wr", 3: "p_cp"}


def test_a_text_without_a_core_is_told_what_to_paste() -> None:
    told = tt.explain_watcher("Timeout detected", None)
    assert told.cores == ()
    assert told.verdict == "No worker core's line was found: paste the lines that begin with `Device 0 worker core`."


# ---- without a program --------------------------------------------------------------------------------------

HEAD = "Device 0 worker core(x= 0,y= 0) virtual(x=18,y=18): "


def alone(waypoints: str, smsg: str = "GGGG", cbs: str = "") -> Any:
    return tt.explain_watcher(f"{HEAD}{waypoints}  rmsg:H1G|BNT h_id:  1 smsg:{smsg} {cbs}").cores[0]


def test_without_a_program_waypoints_and_counters_are_explained() -> None:
    told = tt.explain_watcher(pasted("h17_release_missing"))
    assert told.agrees is None
    assert told.verdict == "1 core going. No program was given to compare with."
    assert told.cores[0].counters[0] == "c_0: 4 pushed, 2 popped, 2 at the front"
    assert told.cores[0].hints == (
        "MATH's engine is stuck though PACK is done: is tile_regs_release missing, or an operand of MATH?",
    )


def test_an_unknown_waypoint_is_said_to_be_unknown() -> None:
    brisc = alone("QQQQ,   W,   W,   W,   W").riscs[0]
    assert not brisc.known
    assert brisc.words == "shows a waypoint that is not known here"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NWBW", "is in noc_async_write_barrier and waits for the acknowledgements of its writes"),
        ("NSMW", "is in noc_semaphore_wait_min and waits for a semaphore of this core to get a value or more"),
        ("CWFD", "has passed cb_wait_front and left no mark since"),
        ("NARW", "is in noc_async_read or a like call"),
        ("NTW", "is done, or has no kernel, and waits for the others of its core"),
        ("R", "prepares its kernel"),
        ("DPW", "is in DPRINT or a like call and waits for room in the print buffer, which the host empties"),
    ],
)
def test_the_words_for_a_movers_waypoint(code: str, words: str) -> None:
    assert alone(f"{code},   W,   W,   W,   W").riscs[0].words == words


@pytest.mark.parametrize(
    ("waypoints", "smsg", "hint"),
    [
        ("NTW, NSW,   W,   W,   W", "GDDD", "NCRISC's semaphore does not get its value"),
        ("NTW,NWBW,   W,   W,   W", "GDDD", "does a multicast's num_dests equal the cores it reaches?"),
        ("CWFW,   W,   W,   W,   W", "DDDD", "PACK is done and BRISC still waits for pages"),
        ("NTW,CRBW,   W,   W,   W", "GDDD", "PACK is done and NCRISC still waits for free pages"),
        ("CWFW,   W,UPAD,   D,   D", "DGGG", "MATH and PACK issued everything"),
        ("NTW,CRBW,UABD,   W,   W", "GGDD", "does the init not fit the operation?"),
    ],
)
def test_what_a_pattern_usually_means(waypoints: str, smsg: str, hint: str) -> None:
    assert any(hint in text for text in alone(waypoints, smsg).hints)


def test_more_popped_than_pushed_is_told() -> None:
    assert (
        alone("CWFW, W, W, W, W", cbs="cb[3](rcv 1!=ack 2)").counters[0]
        == "c_3: 1 pushed, 2 popped: more than there were"
    )


# ---- tt-triage's table --------------------------------------------------------------------------------------

COLUMNS = ["Dev", "Loc", "CB", "Kind", "Address", "Size", "Page Size", "Size (pages)", "Pushed", "Popped", "Occupancy"]


def table(loc: str, *counts: tuple[int, int, int], drawn: bool = True) -> str:
    """As dump_circular_buffers prints it."""
    lines = [COLUMNS] + [
        ["0", loc, str(c), "local", "0x19d60", "4096", "2048", "2", str(r), str(a), str(r - a)] for c, r, a in counts
    ]
    if drawn:
        return (
            "dump_circular_buffers:\n╭───╮\n" + "\n".join("│ " + " │ ".join(line) + " │" for line in lines) + "\n╰───╯"
        )
    return "\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines)


COUNTS = ((0, 2, 0), (4, 1, 0), (16, 0, 0))  # of NAME


@pytest.mark.parametrize("loc", ["1-2 (0,0)", "0,0", "1-2"])
@pytest.mark.parametrize("drawn", [True, False])
def test_the_circular_buffers_of_triage_are_compared(loc: str, drawn: bool) -> None:
    told = tt.explain_watcher(table(loc, *COUNTS, drawn=drawn), hung(NAME))
    assert told.agrees, told
    assert told.verdict == "The hang simulated here agrees: the same counters (no waypoints were given)."
    assert told.cores[0].counters == (
        "c_0: 2 pushed, 0 popped, 2 at the front of 2: full",
        "c_4: 1 pushed, 0 popped, 1 at the front of 4",
        "c_16: 0 pushed, 0 popped, 0 at the front of 2",
    )


def test_another_count_in_triages_table_does_not_agree() -> None:
    told = tt.explain_watcher(table("0,0", (0, 2, 0), (4, 4, 0), (16, 0, 0)), hung(NAME))
    assert told.cores[0].differences == ("c_4: 4 pushed and 0 popped on the board, 1 pushed and 0 popped here",)


def test_watcher_and_triage_in_one_text_are_one_core() -> None:
    told = tt.explain_watcher(f"{pasted(NAME)}\n{table('1-2 (0,0)', *COUNTS)}", hung(NAME))
    assert told.agrees and len(told.cores) == 1 and told.cores[0].seen.complete


# ---- what may be given --------------------------------------------------------------------------------------


def test_the_tensors_stay_as_they_are_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    async def talks() -> None:
        print("hello")
        noc_async_write(
            get_write_ptr(0), TensorAccessor(TensorAccessorArgs(0), get_common_arg_val(0), 64).get_noc_addr(0), 64
        )
        await cb_wait_front(0, 1)

    out = rows(2)
    kernel = tt.KernelDescriptor(
        talks, tt.core_set((0, 0)), tt.WriterConfigDescriptor(), tt.TensorAccessorArgs(out).get_compile_time_args(),
        common_runtime_args=[out.buffer_address()],
    )  # fmt: skip
    before, descriptor = out.bits.copy(), tt.ProgramDescriptor([kernel], [cb(0, 1)])
    told = tt.explain_watcher(f"{HEAD}CWFW,   W,   W,   W,   W  rmsg:H1G|Bnt h_id:  1 smsg:DDDD", ([out], descriptor))
    assert told.agrees, told
    assert (out.bits == before).all()
    assert descriptor.last_run is None
    assert capsys.readouterr().out == ""


def test_a_hang_itself_may_be_given() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        golden.run(ALL[NAME], KERNELS)
    assert tt.explain_watcher(pasted(NAME), caught.value).agrees


def test_a_program_that_stops_with_an_error_here_is_told() -> None:
    async def wrong() -> None:
        cb_pop_front(7, 1)

    kernel = tt.KernelDescriptor(wrong, tt.core_set((0, 0)), tt.WriterConfigDescriptor())
    told = tt.explain_watcher(pasted("h08_pop_missing"), ([rows(1)], tt.ProgramDescriptor([kernel])))
    assert told.verdict.startswith("The run here stops with an error: cb_pop_front: there is no circular buffer 7")


def test_anything_else_is_refused() -> None:
    with pytest.raises(tt.HostError) as caught:
        tt.explain_watcher("", "program.py")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "explain_watcher takes (tensors, ProgramDescriptor) or a Run, not str; give what you give generic_op, as a pair"
    )


# ---- whatever else may be pasted ----------------------------------------------------------------------------

ANY = pasted(NAME) + "\n" + table("1-2 (0,0)", *COUNTS)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(ANY)), st.integers(0, 30), st.text(max_size=5)), max_size=6))
def test_a_mangled_dump_is_explained_as_far_as_it_goes(cuts: list[tuple[int, int, str]]) -> None:
    text = ANY
    for place, size, new in cuts:
        text = text[:place] + new + text[place + size :]
    told = tt.explain_watcher(text, once())
    assert max(map(len, repr(told).splitlines())) <= 100 or "_" * 80 in text


@cache
def once() -> tt.Run:
    return hung(NAME)


def test_a_program_that_has_run_may_be_given_itself() -> None:
    case = next(c for c in golden.load_cpp("hangs") if c.name == "h08_pop_missing")
    on = golden.tensors(case, {})
    program = golden.descriptor(case, on, {})
    with pytest.raises(tt.DeviceHang):
        tt.generic_op(list(on.values()), program)
    assert tt.explain_watcher("\n".join(case.entry["watcher"]), program).agrees
