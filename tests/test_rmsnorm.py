"""RMSNorm, made of layernorm's kernels without the mean: against float64, in every design."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from test_wide_rows import bf16, draw, parameters, units

import ttlearn as tt
from ttlearn.layernorm.cbs import MEAN
from ttlearn.layernorm.golden import compare, layernorm, rmsnorm
from ttlearn.layernorm.op import build, make_job, rmsnorm_fused_rm

PAGES, DTYPES = ("sticks", "tiles"), (tt.bfloat16, tt.float32)
WAYS: list[dict[str, Any]] = [{}, {"style": "raw"}, {"design": "streaming", "block": 2}]


@pytest.mark.parametrize("way", WAYS, ids=["helpers", "raw", "streaming"])
@pytest.mark.parametrize(("pages", "dtype"), list(product(PAGES, DTYPES)))
@pytest.mark.parametrize(("given", "added"), list(product((False, True), (False, True))))
def test_every_design_is_within_the_bounds(
    given: bool, added: bool, pages: str, dtype: Any, way: dict[str, Any]
) -> None:
    x, gamma = draw("shifted", 96, 192), parameters(192)[0] if given else None
    residual = draw("uniform", 96, 192) if added else None
    run = rmsnorm_fused_rm(x, gamma, residual=residual, pages=pages, dtype=dtype, cores=2, **way)
    error = compare(run.output, rmsnorm(x, gamma, residual=residual))
    assert error.within, str(error)


@pytest.mark.parametrize("kind", ["normal", "uniform", "shifted"])
@pytest.mark.parametrize("width", [32, 256, 1024, 4096, 16384])
def test_every_width_is_within_32_units(width: int, kind: str) -> None:
    x = draw(kind, 32, width)
    expected = rmsnorm(x)
    run = rmsnorm_fused_rm(x)
    assert compare(run.output, expected).within
    assert units(run.output, expected, 0.002) <= 32


@pytest.mark.parametrize("added", [False, True])
def test_raw_kernels_give_the_bits_and_cycles_of_the_helpers(added: bool) -> None:
    x, gamma = draw("normal", 64, 96), parameters(96)[0]
    residual = x if added else None
    helpers, raw = (rmsnorm_fused_rm(x, gamma, residual=residual, style=style) for style in ("helpers", "raw"))
    assert (helpers.output == raw.output).all()
    assert helpers.cycles == raw.cycles


def test_constant_rows_become_ones() -> None:
    x = np.repeat([[1.0], [100.0], [-7.5], [0.25]], 8, axis=0) * np.ones((32, 256))
    assert np.abs(rmsnorm_fused_rm(x).output - np.sign(x)).max() <= 2.0**-6


def test_rows_without_a_mean_come_out_as_layernorm_gives_them() -> None:
    x = bf16(draw("normal", 32, 512))
    x[:, 256:] = -x[:, :256]
    assert compare(rmsnorm_fused_rm(x).output, layernorm(x)).within


def test_a_larger_epsilon_shrinks_small_rows() -> None:
    x = bf16(draw("normal", 32, 64) * 0.1)
    assert compare(rmsnorm_fused_rm(x, epsilon=0.25).output, rmsnorm(x, epsilon=0.25)).within


def test_it_has_no_mean() -> None:
    for design in ("resident", "streaming"):
        assert MEAN not in [cb.index for cb in make_job(draw("normal", 32, 64), rms=True, design=design).cbs]


def test_it_takes_fewer_cycles_than_layernorm() -> None:
    x = draw("normal", 64, 256)
    assert rmsnorm_fused_rm(x).cycles < tt.layernorm_fused_rm(x).cycles


@pytest.mark.parametrize("width", [64, 8192])
def test_its_program_has_no_findings(width: int) -> None:
    job = make_job(draw("normal", 64, width), parameters(width)[0], rms=True, cores=2)
    assert build(job).check(job.tensors) == build(job).check() == []


def test_the_run_says_which_design_it_was() -> None:
    assert [rmsnorm_fused_rm(draw("normal", 32, width)).details["design"] for width in (64, 8192)] == [
        "resident",
        "streaming",
    ]


def test_no_seed_changes_the_output() -> None:
    x, gamma = draw("normal", 64, 128), parameters(128)[0]
    outputs = [rmsnorm_fused_rm(x, gamma, seed=seed).output for seed in (None, *range(8))]
    assert all((output == outputs[0]).all() for output in outputs)


def test_it_refuses_what_layernorm_refuses() -> None:
    with pytest.raises(tt.HostError) as error:
        rmsnorm_fused_rm(np.ones((32, 33)))
    assert str(error.value) == "x is 33 wide; W must be a multiple of 32, the width of a tile: pad it to 64"
