"""Rooflines: amounts are the counters, limits are the chip's, shares are the bottleneck's."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from runs_to_draw import few, long, pipelines, small

import ttlearn as tt
from ttlearn.measure.limits import What, limits
from ttlearn.measure.spans import State
from ttlearn.measure.stalls import Cause
from ttlearn.silicon import programs


def test_the_rows_are_the_counters_over_the_chip_s_limits() -> None:
    made, arch = small().roofline(), small().device.arch
    assert made.row("DRAM reads").amount == small().counters["dram_read_bytes"]
    assert made.row("DRAM writes").ceiling == arch.dram_write_rate
    assert made.row("one bank").ceiling == arch.bank_rate
    assert made.row("NCRISC reads").ceiling == arch.read_dram.stream
    assert made.row("DRAM, all").ceiling == pytest.approx(arch.dram_mixed_rate)  # half and half
    assert made.row("UNPACK").ceiling == pytest.approx(1 / arch.unpack)
    assert made.row("PACK").amount == small().counters["tiles_packed"]


def test_an_engine_row_s_share_is_its_busy_share() -> None:
    for name in ("UNPACK", "MATH", "PACK"):
        busy = long().stalls().row(name).shares[Cause(State.BUSY, "")]
        assert 100 * long().roofline().row(name).share == pytest.approx(busy)


@few
@given(pipelines)
def test_no_limit_is_exceeded(run: tt.Run) -> None:
    for row in limits(run.device):
        assert 0 < row.share <= 1.01, row


def test_the_sentence_and_the_table_have_the_same_share() -> None:
    run = programs.copy(1024, 8, 16, 64)
    assert f"are {run.roofline().row('DRAM, all').share:.0%} of what DRAM gives" in run.bottleneck


def test_the_point_lies_under_every_roof_and_roofs_have_their_slopes() -> None:
    made = small().roofline()
    *roofs, point = made.picture().axes[1].lines
    (x,), (y,) = point.get_data()
    assert (x, y) == (made.intensity, 16 / small().cycles)  # a copy and a relu of 8 tiles
    slopes = {line.get_label().split(":")[0]: line.get_ydata() / line.get_xdata() for line in roofs}
    assert all(np.interp(x, *line.get_data()) >= y for line in roofs)
    assert slopes["DRAM, all"] == pytest.approx([made.row("DRAM, all").ceiling] * 2)
    level = next(line for line in roofs if line.get_label().startswith("MATH"))
    assert level.get_ydata() == pytest.approx([made.row("MATH").ceiling] * 2)


def test_a_roofline_s_picture_has_units_says_model_and_reads_without_colour() -> None:
    figure = small().roofline().picture()
    roofs = figure.axes[1]
    assert (roofs.get_xscale(), roofs.get_yscale()) == ("log", "log")
    assert roofs.get_xlabel() == "tile operations for each byte to or from DRAM"
    assert roofs.get_ylabel() == "tile operations a cycle (model)" and "(model)" in figure.get_suptitle()
    bytes_, engine = roofs.lines[:3], roofs.lines[3:6]
    assert all(len({line.get_linestyle() for line in some}) == 3 for some in (bytes_, engine))


def test_a_copy_has_bars_and_no_roofline() -> None:
    figure = programs.copy(16, 2, 2).roofline().picture()
    assert len(figure.axes) == 1
    assert figure.get_suptitle().endswith("no roofline: no tile operations")


def test_the_whole_text_of_a_roofline() -> None:
    lines = repr(small().roofline()).splitlines()
    assert lines[0] == f"{small().cycles:,} cycles (model) on 1 core(s)"
    assert lines[1].split() == ["amount", "achieved", "limit", "share"]
    rate = 16384 / small().cycles
    assert lines[3].split() == [
        "DRAM",
        "reads",
        "16,384",
        "B",
        f"{rate:.1f}",
        "B/cycle",
        "200.0",
        "B/cycle",
        f"{rate / 200:.0%}",
    ]
    assert lines[-1] == f"  {small().cycles / 8:.1f} cycles for each 2048 B (a bf16 tile) written to DRAM"


def test_a_roofline_s_table_has_the_same_words_as_its_text() -> None:
    made = small().roofline()
    table = ET.fromstring(made._repr_html_())
    rows_ = ["".join(cell.text or "" for cell in row).replace(" ", "") for row in table.iter("tr")][1:]
    assert rows_ == [line.replace(" ", "") for line in repr(made).splitlines()[2:-1]]


def test_of_many_cores_the_fullest_link_is_told() -> None:
    run = programs.gather(2048)
    made = run.roofline()
    most = max(row.share for row in limits(run.device) if row.what is What.LINK)
    assert [row.share for row in made.rows if row.what is What.LINK] == [most]


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="no MATH in this run; it has DRAM, all, DRAM reads"):
        programs.copy(16, 2, 2).roofline().row("MATH")
