"""The traffic of a run: bytes, routes and pictures, against arithmetic and against each other."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import CORE, OTHER, PAIR, WRITER, cb, empty, launch, rows

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.layernorm.split import layernorm_split
from ttlearn.learn.hangs import entry
from ttlearn.measure.pictures.traffic_routes import links, route
from ttlearn.measure.traffic import Flow, Kind, Traffic, size

SVG = "{http://www.w3.org/2000/svg}"
FP32_TILE, BF16_TILE = 4096, 2048


@pytest.fixture(scope="module")
def run() -> tt.Run:
    """Two tile rows of 512 over eight cores, with gamma."""
    x = np.random.default_rng(0).normal(size=(64, 512))
    return layernorm_split(x, x[0], cores=8)


@pytest.fixture(scope="module")
def moved(run: tt.Run) -> Traffic:
    return run.traffic()


# ---- bytes --------------------------------------------------------------------------------------------------


def test_each_byte_of_the_row_is_read_once_and_written_once(moved: Traffic) -> None:
    assert moved.bytes(Kind.DRAM_READ) == (64 + 1) * 512 * 2  # the rows, and gamma
    assert moved.bytes(Kind.DRAM_WRITE) == 64 * 512 * 2


def test_dram_bytes_are_those_of_the_runs_counters(run: tt.Run, moved: Traffic) -> None:
    assert moved.bytes(Kind.DRAM_READ) == run.counters["dram_read_bytes"]
    assert moved.bytes(Kind.DRAM_WRITE) == run.counters["dram_write_bytes"]


def test_each_other_core_sends_two_partial_sums_a_tile_row(moved: Traffic) -> None:
    sent = [moved.bytes(Kind.UNICAST, (x, 0)) for x in range(8)]
    assert sent == [0] + [2 * 2 * FP32_TILE] * 7
    assert moved.received(Kind.UNICAST, (0, 0)) == sum(sent)


def test_a_multicast_is_one_packet_and_reaches_all_its_sender_included(moved: Traffic) -> None:
    cast = [flow for flow in moved.flows if flow.kind is Kind.MULTICAST]
    assert cast == [Flow(Kind.MULTICAST, 1, (0, 0), tuple((x, 0) for x in range(8)), 4, 4 * BF16_TILE)]
    assert moved.received(Kind.MULTICAST, (0, 0)) == moved.received(Kind.MULTICAST, (7, 0)) == 4 * BF16_TILE


def test_a_flag_is_a_signal_to_all_but_its_sender(moved: Traffic) -> None:
    flags = [flow for flow in moved.flows if flow.kind is Kind.SIGNAL and flow.core == (0, 0)]
    assert flags == [Flow(Kind.SIGNAL, 1, (0, 0), tuple((x, 0) for x in range(1, 8)), 4, 16)]
    assert moved.received(Kind.SIGNAL, (0, 0)) == 7 * 4 * 4


async def casts() -> None:
    both = get_noc_multicast_addr(my_x(), my_y(), my_x() + 1, my_y(), get_write_ptr(0))
    noc_async_write_multicast(get_write_ptr(0), both, 64, 1)
    await noc_async_write_barrier()


async def reads_there() -> None:
    noc_async_read(get_noc_addr(my_x() - 1, my_y(), get_write_ptr(0)), get_write_ptr(1), 64)
    await noc_async_read_barrier()


def two_cores(kernel: object, cores: tt.CoreRangeSet) -> Traffic:
    idle = tt.KernelDescriptor(nothing, CORE if cores is OTHER else OTHER, WRITER)
    program = tt.ProgramDescriptor(
        [tt.KernelDescriptor(kernel, cores, tt.ReaderConfigDescriptor()), idle],  # type: ignore[arg-type]
        [cb(0, 1, cores=PAIR), cb(1, 1, cores=PAIR)],
    )
    return tt.generic_op([rows(1), empty(1)], program, strict=False).traffic()


async def nothing() -> None:
    pass


def test_a_multicast_to_one_core_is_still_a_multicast() -> None:
    assert two_cores(casts, CORE).flows == (Flow(Kind.MULTICAST, 0, (0, 0), ((1, 0),), 1, 64),)


def test_a_read_from_another_core_belongs_to_the_reader() -> None:
    made = two_cores(reads_there, OTHER)
    assert made.flows == (Flow(Kind.L1_READ, 0, (1, 0), ((0, 0),), 1, 64),)
    assert made.bytes(Kind.L1_READ, (1, 0)) == 64 and made.received(Kind.L1_READ, (0, 0)) == 0


def test_a_run_that_moves_nothing_says_so() -> None:
    async def idles() -> None:
        pass

    made = launch(idles).traffic()
    assert made.flows == () and "nothing was moved" in repr(made)


def test_a_hang_has_its_traffic_up_to_there() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*entry("gatherer_counts_itself").broken())
    made = caught.value.run.traffic()
    assert made.bytes(Kind.DRAM_READ) == made.bytes(Kind.UNICAST) == 3 * BF16_TILE and not made.bytes(Kind.DRAM_WRITE)


# ---- routes -------------------------------------------------------------------------------------------------

cores = st.tuples(st.integers(0, 7), st.integers(0, 7))


@given(noc=st.sampled_from([0, 1]), begin=cores, end=cores)
def test_a_route_is_as_long_as_a_one_way_torus_makes_it(noc: int, begin: tuple[int, int], end: tuple[int, int]) -> None:
    hops, way = list(route(noc, begin, end, (8, 8))), -1 if noc else 1
    assert len(hops) == (way * (end[0] - begin[0])) % 8 + (way * (end[1] - begin[1])) % 8
    at = begin
    for source, target in hops:
        assert source == at and sum(s != t for s, t in zip(source, target, strict=True)) == 1
        at = target
    assert at == end


@given(begin=cores, end=cores)
def test_there_and_back_is_a_whole_turn_or_none(begin: tuple[int, int], end: tuple[int, int]) -> None:
    both = [*route(0, begin, end, (8, 8)), *route(0, end, begin, (8, 8))]
    assert len(both) == 8 * ((begin[0] != end[0]) + (begin[1] != end[1]))


def test_noc_0_turns_right_before_down_and_noc_1_up_before_left() -> None:
    assert [link[1] for link in route(0, (0, 0), (1, 1), (8, 8))] == [(1, 0), (1, 1)]
    assert [link[1] for link in route(1, (1, 1), (0, 0), (8, 8))] == [(1, 0), (0, 0)]


def test_links_towards_the_collector_carry_what_all_behind_them_send(moved: Traffic) -> None:
    carried = links(moved.flows, (Kind.UNICAST,), moved.grid)
    assert carried == {(1, ((x, 0), (x - 1, 0))): (8 - x) * 2 * 2 * FP32_TILE for x in range(1, 8)}


# ---- what is shown ------------------------------------------------------------------------------------------


def test_the_text_is_a_table_of_kinds_and_one_of_cores(moved: Traffic) -> None:
    lines = repr(moved).splitlines()
    assert lines[0].startswith("traffic of 8 cores of wormhole_b0 in ") and max(map(len, lines)) <= 100
    assert [line.split("NOC")[0].strip() for line in lines[2:7]] == [k.value for k in Kind if k is not Kind.L1_READ]
    assert lines[9].split() == ["(0,", "0)", "8,320", "8,192", "0", "8,192", "16", "122,880", "112"]


def test_the_text_of_a_whole_chip_is_short() -> None:
    x = np.random.default_rng(0).normal(size=(256, 256))
    lines = repr(layernorm_split(x, cores=8, groups=8).traffic()).splitlines()
    assert lines[-1] == "and 48 more cores" and max(map(len, lines)) <= 100 and len(lines) < 30


def test_the_svg_names_itself_and_is_the_same_each_time(run: tt.Run, moved: Traffic) -> None:
    picture = moved.svg()
    assert picture == run.traffic().svg()
    assert ET.fromstring(picture).get("aria-label") == moved.summary == repr(picture)
    assert moved.summary.endswith("written to another core 115 kB; multicast 8.19 kB; semaphores 128 B")


def test_the_svg_has_every_core_link_and_multicast(moved: Traffic) -> None:
    groups = [g.attrib for g in ET.fromstring(moved.svg()).iter(f"{SVG}g")]
    drawn = {(int(g["data-noc"]), g["data-from"], g["data-to"]): int(g["data-bytes"]) for g in groups if "data-from" in g and "data-bytes" in g and "data-cast" not in g}  # fmt: skip
    carried = links(moved.flows, (Kind.UNICAST,), moved.grid)
    assert drawn == {(noc, *(f"{x},{y}" for x, y in link)): moved for (noc, link), moved in carried.items()}
    assert [g["data-core"] for g in groups if "data-core" in g] == [f"{x},0" for x in range(8)]
    assert {g["data-cast"]: int(g["data-to"]) for g in groups if "data-cast" in g} == {"multicast": 8, "semaphores": 7}


def test_a_link_over_the_edge_is_drawn_at_both_edges() -> None:
    made = tt.generic_op(*entry("gatherer_counts_itself").fixed()).traffic()
    groups = [g.attrib for g in ET.fromstring(made.svg()).iter(f"{SVG}g")]
    over = [g for g in groups if (g.get("data-from"), g.get("data-to")) == ("7,0", "0,0") and "data-bytes" in g]
    assert len(over) == 2


def test_the_figure_has_the_words_of_the_svg(moved: Traffic) -> None:
    figure = moved.figure()
    words = {text.get_text() for text in figure.axes[0].texts}
    assert words == {text.text for text in ET.fromstring(moved.svg()).iter(f"{SVG}text")}
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (2048, "2.05 kB"), (262144, "262 kB"), (1048576, "1.05 MB")]
)
def test_bytes_in_few_characters(count: int, said: str) -> None:
    assert size(count) == said
