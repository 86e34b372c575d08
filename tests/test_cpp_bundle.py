"""`tt.cpp.bundle`: the files it writes run, on a stand-in for ttnn and torch, and give the output computed here."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import golden
import numpy as np
import pytest

import ttlearn as tt
from ttlearn import demo
from ttlearn.dataflow import *


async def reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


class Values:
    """The little that the script asks of a torch tensor: bits that can be viewed and turned into numbers."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def view(self, dtype: str) -> Values:
        return Values(self.array.view(np.uint16 if dtype == "bfloat16" else np.uint32))

    def to(self, dtype: str) -> Values:
        return self

    def numpy(self) -> Any:
        return self.array


TORCH = SimpleNamespace(from_numpy=Values, bfloat16="bfloat16", float32="float32")


def stand_in() -> Any:
    """ttnn's names, as far as the script may use them, on this package."""
    names = {name: getattr(tt, name) for name in (
        "CBDescriptor", "CBFormatDescriptor", "ComputeConfigDescriptor", "CoreCoord", "CoreRange", "CoreRangeSet",
        "DataMovementProcessor", "KernelDescriptor", "MathFidelity", "ProgramDescriptor", "ROW_MAJOR_LAYOUT",
        "ReaderConfigDescriptor", "SemaphoreDescriptor", "TILE_LAYOUT", "WriterConfigDescriptor", "bfloat16", "float32",
    )}  # fmt: skip
    noc = SimpleNamespace(NOC_0=0, NOC_1=1)
    return SimpleNamespace(
        **names,
        NOC=noc,
        DataMovementConfigDescriptor=lambda processor, noc: tt.DataMovementConfigDescriptor(processor, noc),
        DRAM_MEMORY_CONFIG=None,
        open_device=lambda device_id: "device",
        close_device=lambda device: None,
        from_torch=lambda v, dtype, layout, device, memory_config: tt.from_numpy(v.array, dtype, layout),
        to_torch=lambda tensor: Values(tt.to_numpy(tensor)),
        generic_op=lambda tensors, program: tt.generic_op(tensors, program, strict=False).tensors[-1],
    )


def run_script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ttnn", stand_in())
    monkeypatch.setitem(sys.modules, "torch", TORCH)
    runpy.run_path(str(folder / "run.py"), run_name="__main__")


def all_equal(output: str) -> bool:
    same, _, count = output.split()[:3]
    return same == count and int(count) > 0


@pytest.mark.parametrize("style", ["raw", "helpers"])
def test_the_op_runs_from_its_bundle(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.random.default_rng(0).normal(size=(64, 64))
    run = tt.layernorm_fused_rm(x, np.full(64, 2.0), np.ones(64), style=style, cores=2)
    folder = tt.cpp.bundle(run, tmp_path / "out")
    assert sorted(p.name for p in folder.rglob("*")) == [
        "compute.cpp", "data.npz", "kernels", "reader.cpp", "run.py", "writer.cpp",
    ]  # fmt: skip
    run_script(folder, monkeypatch)
    assert all_equal(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["multicast_1to3_rounds1", "semaphore_chain_4cores", "multicore_mul_4cores_uneven"])
def test_programs_from_cpp_run_from_their_bundle(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(c for c in golden.load_cpp("programs") if c.name == name)
    run = golden.run(case, {}).run
    folder = tt.cpp.bundle(run, tmp_path)
    sources = {path.read_text().strip() for path in (folder / "kernels").iterdir()}
    assert case.texts is not None
    assert sources == {case.texts[k["kernel"]].strip() for k in case.program["kernels"]}
    run_script(folder, monkeypatch)
    assert all_equal(capsys.readouterr().out)


def test_a_program_that_has_run_may_be_given_itself(tmp_path: Path) -> None:
    tensors, program = demo.copy_program(reader)
    tt.generic_op(tensors, program)
    assert (tt.cpp.bundle(program, tmp_path) / "run.py").is_file()


def test_a_program_that_has_not_run_has_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(tt.HostError) as caught:
        tt.cpp.bundle(tt.ProgramDescriptor(), tmp_path)
    assert str(caught.value) == (
        "tt.cpp.bundle compares with the output computed here: run the program first, as in "
        "`run = tt.generic_op(tensors, program)`, then tt.cpp.bundle(run, folder)"
    )


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    tensors, program = demo.copy_program(reader)
    run = tt.generic_op(tensors, program)
    (tmp_path / "run.py").write_text("mine\n")
    with pytest.raises(tt.HostError, match="is there already and is another file; choose an empty folder"):
        tt.cpp.bundle(run, tmp_path)
    assert (tmp_path / "run.py").read_text() == "mine\n"
