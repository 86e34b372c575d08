"""`tt.depths`: the smallest depth that finishes, the smallest that is fast, alone and together."""

from __future__ import annotations

import golden
import pytest
from correct import golden_ok, layernorm, odd, of, program
from golden import Case, cases
from programs import READER, WRITER, cb, rows, tensor, writer
from test_golden_hangs import KERNELS

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.host.run import Run
from ttlearn.trials.depth_table import Depths
from ttlearn.trials.search import first, resized
from ttlearn.trials.usage import Usage


def with_depth(make: object, depths: dict[str, int]) -> Run:
    tensors, descriptor = make()  # type: ignore[operator]
    return tt.generic_op(tensors, resized(descriptor, depths))


# ---- a copy ------------------------------------------------------------------------------------------------


def long_copy() -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
    async def reads() -> None:
        for i in range(16):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def writes() -> None:
        for i in range(16):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    return of([(reads, READER), (writes, WRITER)], [cb(0, 2)], [rows(16), tt.allocate_tensor_on_device((16, 32))])


def test_a_copy_finishes_with_one_page_and_is_fast_with_two() -> None:
    row = tt.depths(long_copy)["c_0"]
    assert (row.smallest, row.fast, row.given, row.step) == (1, 2, 2, 1)


def test_the_curve_is_what_runs_give() -> None:
    curve = tt.depths(long_copy)[0].curve
    assert len(curve) > 2 and dict(curve) == {depth: with_depth(long_copy, {"c_0": depth}).cycles for depth, _ in curve}


def test_fast_means_95_percent_of_the_best_speed() -> None:
    found = tt.depths(long_copy)
    row = found[0]
    cycles = dict(row.curve)
    assert row.fast is not None and row.best is not None
    assert cycles[row.fast] * 0.95 <= row.best == min(c for c in cycles.values() if c)  # type: ignore[operator]
    assert all(c is None or c * 0.95 > row.best for depth, c in row.curve if depth < row.fast)
    assert found.best == row.best


# ---- golden programs -----------------------------------------------------------------------------------------


def golden_hang(name: str) -> Depths:
    case = next(case for case in golden.load("hangs") if case.name == name)
    return tt.depths(lambda: program(case, KERNELS))


def test_a_cb_that_is_too_small_is_found() -> None:
    found = golden_hang("h13_intermediate_cb_too_small")
    assert (found["c_1"].smallest, found["c_0"].smallest, found.given) == (4, None, None)
    assert found.together is not None and found.together.depths["c_1"] == 4


def test_no_depth_helps_a_circle_of_waits() -> None:
    found = golden_hang("h05_circular_two_cbs")
    assert [row.smallest for row in found.rows] == [None] * 3 and found.together is None


def test_pages_that_nobody_pops_must_all_fit() -> None:
    assert golden_hang("h08_pop_missing")["c_0"].smallest == 4


def test_pointers_must_meet_the_rings_end() -> None:
    case = next(case for case in golden.load("hangs") if case.name == "ok13_uneven_pushes_that_sum_to_the_ring")
    row = tt.depths(lambda: program(case, KERNELS), [0])["c_0"]
    assert (row.smallest, row.step) == (12, 1)
    assert {12, 16} <= {depth for depth, _ in row.curve} <= {12, *range(16, 99)}


@cases("programs", where=lambda case: case.name.startswith(("eltwise_add", "untilize", "matmul")) and not case.texts)
def test_what_is_found_runs_and_one_step_less_does_not(case: Case) -> None:
    make = golden_ok(golden.load)[case.name]
    found = tt.depths(make)
    assert found.together is not None and found.fast_together is not None and found.best is not None
    assert with_depth(make, dict(found.together.depths)).cycles == found.together.cycles
    assert found.fast_together.cycles * 0.95 <= found.best
    for row in found.rows:
        assert row.smallest is not None and row.smallest <= row.given
        if row.smallest > row.step:
            with pytest.raises(tt.TTError):
                with_depth(make, {row.label: row.smallest - row.step})


# ---- layernorm -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["helpers", "raw"])
def test_layernorm_needs_what_its_phases_keep(style: str) -> None:
    found = tt.depths(lambda: layernorm(128, 64, style=style))
    least = {row.label: row.smallest for row in found.rows}
    assert (least["c_0"], least["c_16"], least["c_1"]) == (32, 32, 4)  # a tile row of sticks, of tiles
    assert found.together is not None and found.together.depths == least
    assert found.runs < 80


def test_only_the_wanted_cbs_are_looked_at() -> None:
    assert [row.label for row in tt.depths(lambda: layernorm(64, 32), [0, 24]).rows] == ["c_0", "c_24"]


# ---- parts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(8))
@pytest.mark.parametrize("least", range(9))
def test_the_search_finds_the_first(length: int, least: int) -> None:
    looked: list[int] = []

    def holds(depth: int) -> bool:
        looked.append(depth)
        return depth >= least

    expected = next((depth for depth in range(length) if depth >= least), None)
    assert first(range(length), holds) == expected and len(looked) <= 3


def test_a_deep_ring_is_looked_at_in_growing_steps() -> None:
    make = odd()["a copy"]
    tensors, descriptor = make()
    run = tt.generic_op(tensors, descriptor)
    use = Usage(descriptor.cbs[0], run, False, 10_000)
    use.__dict__["_moves"] = [[1] * 100_000]
    assert use.legal(9_999) and len(use.candidates) < 400


def test_cbs_that_share_bytes_are_one_row() -> None:
    found = tt.depths(odd()["aliased CBs"])
    assert [row.label for row in found.rows] == ["c_0/c_1"] and found["c_1"].smallest == 1


def test_an_index_that_is_not_there() -> None:
    with pytest.raises(tt.HostError, match=r"depths\(cbs=...\): there is no c_7 in this program; it has c_0"):
        tt.depths(odd()["a copy"], [7])


def test_a_program_that_is_refused_at_every_depth() -> None:
    async def wrong() -> None:
        get_arg_val(9)

    with pytest.raises(tt.HostError, match="the program is refused at every depth: get_arg_val"):
        tt.depths(lambda: of([(wrong, READER), (writer, WRITER)], [cb(0, 2)]))


# ---- how it looks ----------------------------------------------------------------------------------------------


def test_the_whole_table() -> None:
    found = tt.depths(long_copy)
    row, together, fast = found.rows[0], found.together, found.fast_together
    assert together is not None and fast is not None
    assert repr(found) == (
        " CB  page (B)  step  given  finishes from  95 % from  best cycles  together  together 95 %\n"
        "------------------------------------------------------------------------------------------\n"
        f"c_0        64     1      2              1          2  {row.best:>11,}         1              2\n"
        f"depths in pages; {found.runs} runs\n"
        f"cycles (model): as given {found.given:,}, at its best {found.best:,}, together "
        f"{together.cycles:,}, together 95 % {fast.cycles:,}"
    )
    assert '<th scope="row" style="text-align:left">c_0</th>' in found._repr_html_()


def test_the_picture_shows_every_cb_with_its_line_and_where_it_hangs() -> None:
    found = golden_hang("h13_intermediate_cb_too_small")
    figure = found.picture()
    shown = {panel.get_title(): panel for panel in figure.axes if panel.get_title()}
    assert set(shown) == {"c_0, given 2", "c_1, given 2", "c_16, given 2"}
    panel = shown["c_1, given 2"]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("depth (pages)", "cycles (model)")
    labels = [text.get_text() for text in panel.get_legend().get_texts()]
    assert labels == ["finishes", "hangs (×)", "95 % of best speed"]
    assert "(model)" in figure.get_suptitle()
    assert [text.get_text() for text in shown["c_0, given 2"].texts] == ["hangs at each depth tried (×)"]
    figure.canvas.draw()
