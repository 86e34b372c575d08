"""Runs to draw: random protocols and pipelines, a hang, a short one and a long one; and the boxes of an SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from typing import Any

import pytest
import test_diagnosis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from programs import CORE, cb, empty, launch, rows, tensor
from programs import writer as take

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.silicon import programs

SVG = "{http://www.w3.org/2000/svg}"


def finished_or_hung(kernels: Any, sizes: list[int]) -> tt.Run:
    """A random protocol of `test_diagnosis`, run to its end or to its hang."""
    used = [kind for kind in KINDS if len(kernels) == 3 or kind[0] != "compute"]
    made = [
        tt.KernelDescriptor(test_diagnosis.kernel(name, body, api), CORE, config)
        for (name, api, config), body in zip(used, kernels, strict=True)
    ]
    program = tt.ProgramDescriptor(made, [cb(index, pages) for index, pages in enumerate(sizes)])
    try:
        return tt.generic_op([rows(1), empty(1)], program, strict=False)
    except tt.DeviceHang as hang:
        run: tt.Run = hang.run
        return run


KINDS = [
    ("reader", tt.dataflow, tt.ReaderConfigDescriptor()),
    ("compute", tt.compute, tt.ComputeConfigDescriptor()),
    ("writer", tt.dataflow, tt.WriterConfigDescriptor()),
]
pipelines = st.builds(
    lambda program, tiles, block, depth: program(tiles, block, depth),
    st.sampled_from([programs.relu, programs.copy]),
    st.sampled_from([8, 16]),
    st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 3),
)


protocols = st.builds(lambda protocol: finished_or_hung(*protocol), test_diagnosis.protocols())
patient: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # programs take their time
few, many = settings(max_examples=20, **patient), settings(max_examples=60, **patient)


async def brings_three() -> None:
    for i in range(3):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def hang_run() -> tt.Run:
    with pytest.raises(tt.DeviceHang) as hang:
        launch(brings_three, take, cbs=[cb(0, 2)])
    run: tt.Run = hang.value.run
    return run


@cache
def small() -> tt.Run:
    return programs.relu(8, 2, 2)


@cache
def long() -> tt.Run:
    """About 190,000 cycles, thousands of spans."""
    return programs.relu(512, 4, 1)


def boxes(picture: str, group: str) -> dict[str, list[ET.Element]]:
    found = (g for g in ET.fromstring(picture).iter(f"{SVG}g") if g.get(group))
    return {str(g.get(group)): list(g.iter(f"{SVG}rect")) for g in found}
