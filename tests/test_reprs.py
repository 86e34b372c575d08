"""What tensors, programs, runs and results look like: text of at most 100 columns, and HTML with the same facts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html import unescape
from typing import Any

import numpy as np
import pytest
from programs import COMPUTE, CORE, PAIR, READER, WRITER, cb, empty, launch, reader, rows, tensor, tiles, writer

import ttlearn as tt
from ttlearn.cells.table import Table
from ttlearn.dataflow import *
from ttlearn.layernorm.cbs import cb_table


def copying() -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
    """Four pages by way of c_0, with every kind of descriptor."""
    tensors = [rows(4), empty(4)]
    words = [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    common = [t.buffer_address() for t in tensors]
    kernels = [tt.KernelDescriptor(k, CORE, c, words, common_runtime_args=common) for k, c in ((reader, READER), (writer, WRITER))]  # fmt: skip
    return tensors, tt.ProgramDescriptor(kernels, [cb(0, 2)], [tt.SemaphoreDescriptor(3, CORE, 1)])


def hanging() -> tt.DeviceHang:
    tensors, program = copying()
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(tensors, tt.ProgramDescriptor(program.kernels[1:], program.cbs))
    return caught.value


def everything() -> dict[str, Any]:
    tensors, program = copying()
    run = tt.generic_op(tensors, program)
    op = tt.layernorm_fused_rm(np.random.default_rng(0).normal(size=(64, 128)))
    return {
        "tensor": tensors[0],
        "big tensor": tt.allocate_tensor_on_device((2, 3, 64, 512), layout=tt.TILE_LAYOUT),
        "program": program,
        "kernel": program.kernels[0],
        "run": run,
        "cbs": run.cbs,
        "trace": run.trace,
        "stalls": run.stalls(),
        "op": op,
        "op's stalls": op.stalls(),
        "op's trace": op.trace,
        "op's program": op.program,
        "exploration": tt.explore(copying, 2),
        "depths": tt.depths(copying),
        "findings": program.check(),
    }


@pytest.fixture(scope="module")
def things() -> dict[str, Any]:
    return everything()


def words(text: str) -> list[str]:
    return sorted(re.findall(r"[\w.]+", text))


def text_of(thing: Any) -> str:
    return str(thing) if isinstance(thing, tt.Tensor) else repr(thing)


NAMES = ["tensor", "big tensor", "program", "kernel", "run", "cbs", "trace", "stalls", "op", "op's stalls", "op's trace", "op's program", "exploration", "depths", "findings"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_text_fits_a_screen(things: dict[str, Any], name: str) -> None:
    lines = text_of(things[name]).splitlines()
    assert max(map(len, lines)) <= 100 and len(lines) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_the_html_is_sound_small_and_without_colours_of_its_own(things: dict[str, Any], name: str) -> None:
    html = things[name]._repr_html_()
    assert len(html) < 8_000
    assert re.findall(r"(background|#[0-9a-f]{3}|rgb|id=|<script|<style)", html) == []
    root = ET.fromstring(html.replace("<br>", "<br/>"))
    assert all(cell.get("scope") in ("col", "row") for cell in root.iter("th"))
    sizes = {len(row) for row in root.iter("tr")}
    assert len(sizes) <= 1


@pytest.mark.parametrize("name", ["tensor", "big tensor", "program", "kernel", "cbs", "stalls", "op's stalls", "op's program", "exploration"])  # fmt: skip
def test_text_and_html_tell_the_same(things: dict[str, Any], name: str) -> None:
    html = unescape(re.sub(r"<[^>]*>", " ", things[name]._repr_html_()))
    assert set(words(text_of(things[name]))) - set(words(html)) == set()


def test_the_same_program_looks_the_same_each_time(things: dict[str, Any]) -> None:
    again = everything()
    for name in ("run", "cbs", "stalls", "op", "op's stalls", "exploration", "depths"):
        assert again[name]._repr_html_() == things[name]._repr_html_()


# ---- tensors ----------------------------------------------------------------------------------------------


def test_a_small_tensor_shows_all_its_values() -> None:
    tensor = tt.from_numpy([[1, -2.5, 1e-5], [1e6, 0, float("nan")]], tt.float32)
    assert str(tensor) == (
        f"Tensor([2, 3], float32, ROW_MAJOR, 2 pages of 12 B at {tensor.address:#x})\n"
        "         0     1      2\n"
        "  0      1  -2.5  1e-05\n"
        "  1  1e+06     0    nan"
    )


def test_a_big_tensor_shows_its_corners() -> None:
    tensor = tiles(4)
    assert str(tensor).splitlines()[1:4] == [
        "      0  1  2  …  125  126  127",
        "   0  1  1  1  …    4    4    4",
        "   1  1  1  1  …    4    4    4",
    ]
    assert [line.split()[0] for line in str(tensor).splitlines()[2:]] == ["0", "1", "2", "…", "29", "30", "31"]


@pytest.mark.parametrize("dtype", [tt.bfloat16, tt.float32, tt.bfloat8_b])
def test_poison_is_a_word_and_is_counted(dtype: Any) -> None:
    text = str(tt.allocate_tensor_on_device((32, 32), dtype, tt.TILE_LAYOUT))
    assert text.count("poison") == 6 * 6 + 1 and "nan" not in text
    assert text.endswith("\npoison (never written): 1,024 of 1,024 elements")


def test_rows_of_a_tensor_of_many_dimensions_are_named_by_all_but_the_last() -> None:
    lines = str(tt.from_numpy(np.zeros((2, 2, 1)))).splitlines()
    assert [line.split("  ")[1] for line in lines[2:]] == ["0, 0", "0, 1", "1, 0", "1, 1"]


def test_a_tensor_in_a_message_is_one_line() -> None:
    assert "\n" not in repr(empty(4))


# ---- programs ---------------------------------------------------------------------------------------------


def test_a_program_lists_its_parts() -> None:
    _, program = copying()
    assert repr(program) == (
        "Program: 2 kernels, 1 CB descriptor, 1 semaphore, 1 core\n"
        "  part         where it runs, or size  cores        arguments, or format\n"
        "  reader       NCRISC, NOC 0           core (0, 0)  4 compile-time, 2 common\n"
        "  writer       BRISC, NOC 1            core (0, 0)  4 compile-time, 2 common\n"
        "  c_0          2 pages x 64 B          core (0, 0)  bfloat16, 128 B\n"
        "  semaphore 3                          core (0, 0)  starts at 1"
    )


def test_cbs_that_share_their_bytes_say_so() -> None:
    shared = tt.CBDescriptor(128, PAIR, [tt.CBFormatDescriptor(i, tt.bfloat16, 64) for i in (1, 2)])
    assert repr(tt.ProgramDescriptor([], [shared])).splitlines()[2:] == [
        "  c_1   2 pages x 64 B          2 cores, (0, 0) to (1, 0)  bfloat16, 128 B, shared by 2 CBs",
        "  c_2   2 pages x 64 B          2 cores, (0, 0) to (1, 0)  bfloat16, 128 B, shared by 2 CBs",
    ]


def test_a_kernel_lists_its_arguments() -> None:
    arguments = [((x, 0), [x, 5]) for x in range(2)]
    kernel = tt.KernelDescriptor(reader, PAIR, COMPUTE, list(range(10)), arguments, [7], {"block": 4}, [("WIDE", "1")])
    assert repr(kernel) == (
        "Kernel reader (compute, HiFi4), 2 cores, (0, 0) to (1, 0)\n"
        "  arguments                    values, from index 0 on\n"
        "  compile_time_args            0, 1, 2, 3, 4, 5, 6, 7, and 2 more\n"
        "  named_compile_time_args      block=4\n"
        "  common_runtime_args          7\n"
        "  runtime_args of core (0, 0)  0, 5\n"
        "  runtime_args of core (1, 0)  1, 5\n"
        "  defines                      WIDE=1"
    )


def test_a_program_that_is_not_right_yet_can_be_shown() -> None:
    broken = tt.CBDescriptor(100, CORE, [tt.CBFormatDescriptor(0, tt.bfloat16, 0)])
    program = tt.ProgramDescriptor([tt.KernelDescriptor(reader, CORE, None)], [broken])  # type: ignore[arg-type]
    assert "no config (None)" in repr(program) and "c_0" in repr(program)


# ---- runs -------------------------------------------------------------------------------------------------


def test_the_cbs_of_a_run_are_a_table() -> None:
    run = tt.generic_op(*copying())
    assert repr(run.cbs) == (
        "Circular buffers, in pages\n"
        "  CB   pages  page (B)  pushed  popped  left  high water\n"
        "  c_0      2        64       4       4     0           2"
    )


def test_the_html_of_a_run_names_each_cb_and_each_violation() -> None:
    async def hasty() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))

    run = launch(hasty, cbs=[cb(0, 8)], strict=False)
    html = run._repr_html_()
    assert '<th scope="row" style="text-align:left">c_0</th><td style="text-align:right">8</td>' in html
    assert len(run.violations) == 1 and f"violation: {run.violations[0]}" in unescape(html)


def test_a_trace_shows_its_first_and_its_last_events() -> None:
    trace = tt.generic_op(*copying()).trace
    lines, events = repr(trace).splitlines(), trace.events()
    assert lines[0] == f"Trace of {len(events)} events, the first and the last 5"
    assert lines[2].split()[:2] == [f"{events[0].start:,}", f"{events[0].end:,}"]
    assert lines[-2].split()[:2] == [f"{events[-1].start:,}", f"{events[-1].end:,}"]
    assert len(lines) == 2 + 5 + 1 + 5 + 1


def test_a_hang_shows_its_diagnosis_as_html() -> None:
    hang = hanging()
    assert hang._repr_html_() == hang.diagnosis._repr_html_()


# ---- tables -----------------------------------------------------------------------------------------------


def test_numbers_are_right_and_words_are_left() -> None:
    table = Table("title", ["name", "number", "word"], [["a", "1,000", "<x>"], ["bcd", "2.5", "y"]], ["note"])
    assert str(table) == "title\n  name  number  word\n  a      1,000  <x>\n  bcd      2.5  y\nnote"
    html = table.html()
    assert '<th scope="col" style="text-align:right">number</th>' in html
    assert '<td style="text-align:left">&lt;x&gt;</td>' in html


def test_a_table_of_cbs_tells_in_html_what_it_tells_in_text() -> None:
    table = cb_table(128)
    html = unescape(re.sub(r"<[^>]*>", " ", table._repr_html_()))
    assert all(cb.holds in html and f"{cb.total_size:,}" in html for cb in table)
    assert f"{table.total_size:,} B" in html


def test_a_line_that_is_too_long_is_cut() -> None:
    table = Table("title", ["a", "b"], [["x", "y" * 200]])
    assert str(table).splitlines()[2] == "  x  " + "y" * 94 + "…"
