"""The model beside silicon: the goals, the page, the mechanisms behind the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ttlearn.silicon import __main__ as command
from ttlearn.silicon import compute, dataflow, programs
from ttlearn.silicon.picture import STYLES, picture
from ttlearn.silicon.rows import GROUPS, ROWS
from ttlearn.silicon.table import PAGE, Lesson, Row, Table, middle, page, table, worst
from ttlearn.sim.arch import ARCHS, WORMHOLE_B0
from ttlearn.sim.arch import Path as Way
from ttlearn.sim.queues import DramQueues


@pytest.fixture(scope="module")
def made() -> Table:
    return table()


# ---- goals ----------------------------------------------------------------------------------------------------


def test_tables_a_to_h_are_within_the_goals(made: Table) -> None:
    assert middle(made.counted) <= 5
    assert worst(made.counted) <= 15
    assert worst(made.of("A")) <= 8


def test_depth_helps_one_core_and_not_64(made: Table) -> None:
    assert made.lesson.one >= 35
    assert abs(made.lesson.many) < 3


def test_the_page_is_up_to_date(made: Table) -> None:
    assert PAGE.read_text() == page(made), "run `python -m ttlearn.silicon --write`"


def test_every_published_row_is_there() -> None:
    count = {group.letter: sum(row.table == group.letter for row in ROWS) for group in GROUPS}
    assert count == {"A": 12, "B": 4, "C": 1, "D": 3, "E": 3, "F": 3, "G": 2, "H": 3, "I": 4, "NL": 26}


# ---- the programs do what they say ----------------------------------------------------------------------------


def test_copies_copy() -> None:
    for run in (programs.copy(24, 2, 2, 4), programs.copy(24, 8, 1, 1, 2048)):
        assert np.array_equal(run.tensors[0].bits, run.tensors[1].bits)
        assert (run.tensors[0].bits >> 15).any() and not run.violations


@pytest.mark.parametrize(("block", "depth", "cores"), [(1, 1, 1), (4, 2, 1), (8, 2, 4)])
def test_relu_is_relu(block: int, depth: int, cores: int) -> None:
    before, after = (tensor.bits for tensor in programs.relu(20, block, depth, cores).tensors)
    assert np.array_equal(after, np.where(before >> 15, 0, before))


def test_a_program_takes_the_same_time_again() -> None:
    assert (
        programs.relu(64, 2, 2, 4).trace.events() != [] and len({programs.relu(64, 2, 2, 4).cycles for _ in "ab"}) == 1
    )


# ---- mechanisms -----------------------------------------------------------------------------------------------


def whole_turns(x: bool, y: bool) -> int:
    columns, rows = WORMHOLE_B0.torus
    return WORMHOLE_B0.hop * (columns * x + rows * y)


def test_a_read_from_another_core_makes_whole_turns_of_the_torus() -> None:
    """One read of a tile from each of 4 cores: itself, same row, same column, neither."""
    run = programs.gather(2048, 4)
    took = [fact.end - fact.start for fact in run.trace.facts if fact.what == "noc read"]
    assert [t - took[0] for t in took] == [
        whole_turns(False, False), whole_turns(True, False), whole_turns(False, True), whole_turns(True, True)
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(ARCHS))
def test_n_transfers_take_what_the_formula_says(name: str) -> None:
    arch = ARCHS[name]
    for kernel, way in ((dataflow.raw_reads, arch.read_dram), (dataflow.raw_writes, arch.write_dram)):
        for calls, size in ((1, 64), (1, 2048), (5, 64), (5, 2048)):
            one = way.latency + size / way.tail
            formula = one + (calls - 1) * max(way.issue, size / way.stream)
            assert programs.raw(kernel, calls, size, name) == pytest.approx(formula, abs=2), (kernel, calls, size)


def last_served(reads: int, writes: int, size: int = 2048) -> float:
    """Bytes a cycle when so many reads and writes are asked for at once, bank by bank."""
    queues = DramQueues(WORMHOLE_B0)
    kinds = [True, False] * max(reads, writes) if reads and writes else [bool(reads)] * (reads + writes)
    ends = [queues.slot(0, k % 12, size, read) for k, read in enumerate(kinds)]
    return (len(kinds) - 1) * size / max(ends)


def test_the_whole_dram_has_its_published_rates() -> None:
    assert last_served(5000, 0) == pytest.approx(200, rel=0.01)
    assert last_served(0, 5000) == pytest.approx(142, rel=0.01)
    assert last_served(2500, 2500) == pytest.approx(193, rel=0.01)


def test_one_bank_is_slower_than_all() -> None:
    queues = DramQueues(WORMHOLE_B0)
    ends = [queues.slot(0, 3, 2048, True) for _ in range(11)]
    assert ends[10] == pytest.approx(10 * 2048 / WORMHOLE_B0.bank_rate)


def test_an_init_takes_time_and_a_tile_its_own() -> None:
    one, two, nine = (programs.zone(compute.row_mean, tiles) for tiles in (1, 2, 9))
    assert two - one == WORMHOLE_B0.reduce_tile and nine - two == 7 * WORMHOLE_B0.reduce_tile
    assert one - WORMHOLE_B0.reduce_tile > 2 * WORMHOLE_B0.configure


def test_a_linked_multicast_is_faster_than_a_plain_one() -> None:
    for arch in ARCHS.values():
        ways: list[Way] = [arch.multicast, arch.linked_multicast, arch.write_l1]
        assert [way.stream for way in ways] == sorted(way.stream for way in ways)


# ---- table, page, picture, command ----------------------------------------------------------------------------


SMALL = [row for row in ROWS if row.name in ("64 B a read", "1 tile(s)", "block 4, depth 1") or row.table == "G"]


def tiny() -> Table:
    return Table([Row(group.letter, "some", 1000.0, 1010.0 + k) for k, group in enumerate(GROUPS)], Lesson(37.0, 0.5))


def test_a_row_s_whole_text() -> None:
    assert str(Row("A", "block 4, depth 1", 93567, 94381)) == (
        "A   block 4, depth 1              93,567    94,381    +0.9 %"
    )


def test_a_table_prints_all_and_sums_up() -> None:
    text = repr(tiny())
    assert "A-H    8 rows, median error   1.3 %, worst   1.7 %" in text
    assert (
        "Depth 2 saves 37.0 % on one core (silicon 37.5 %) and 0.5 % on 64 cores (silicon 0 %): relu, block 4." in text
    )
    assert all(group.source in text for group in GROUPS)


def test_a_table_may_be_of_some_rows() -> None:
    some = table(SMALL)
    assert [row.name for row in some.of("G")] == ["4 tiles", "64 tiles"]
    assert "B:" not in repr(some)


def test_the_command_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PAGE", tmp_path / "silicon.md")
    monkeypatch.setattr(command, "table", tiny)
    assert command.main([]) == 0 and not (tmp_path / "silicon.md").exists()
    assert command.main(["--write"]) == 0
    assert (tmp_path / "silicon.md").read_text() == page(tiny())
    assert "A-H" in capsys.readouterr().out


def test_the_picture_tells_tables_apart_without_colour() -> None:
    assert set(STYLES) == {group.letter for group in GROUPS if group.counted}
    assert (
        len({marker for marker, _ in STYLES.values()}) == len({colour for _, colour in STYLES.values()}) == len(STYLES)
    )


def test_the_picture_has_logarithmic_axes_with_units_and_says_model() -> None:
    figure = picture(tiny())
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("measured on silicon [ns]", "modelled [ns]")
    assert "model" in axes.get_title()
    assert "within 10 %" in [text.get_text() for text in axes.get_legend().get_texts()]
