"""numerics="exact" in programs: what reaches the FPU in which order, for calls that no golden run makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fpu_reference as reference
import numpy as np
import pytest
from exact_numbers import Floats, cut, numbers
from test_exact import dot, each, patterns, plus_zero
from test_tensix_ops import cb, compute, kernel, reader, writer

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.layernorm.op import layernorm_fused_rm
from ttlearn.sim.tile import to_rows

WIDTHS = pytest.mark.parametrize("fp32_dest", [True, False], ids=["fp32", "16 bit"])
TILES = 3


def program(
    start: Callable[[], None], op: Callable[[int], None], a: Floats, b: Floats, fp32_dest: bool
) -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
    """`op(i)` on tile i of a and of b (n, 1024), all into DST[0]; fp32 CBs with an fp32 DST, else bf16."""
    dtype = tt.float32 if fp32_dest else tt.bfloat16
    x, y = (tt.from_numpy(to_rows(t), dtype, tt.TILE_LAYOUT) for t in (a, b))
    out = tt.allocate_tensor_on_device((1, 32, 32), dtype, tt.TILE_LAYOUT)
    config = tt.ComputeConfigDescriptor(tt.MathFidelity.HiFi4, fp32_dest_acc_en=fp32_dest)
    n = len(a)
    kernels = [
        kernel(reader, tt.ReaderConfigDescriptor(), [x, y], [x.buffer_address(), n, y.buffer_address(), n]),
        kernel(writer, tt.WriterConfigDescriptor(), [out], [out.buffer_address()]),
        kernel(compute(start, op), config, [], [n, n]),
    ]
    cbs = [cb(0, n, dtype), cb(1, n, dtype), cb(16, 1, dtype)]
    return [x, y, out], tt.ProgramDescriptor(kernels, cbs, numerics="exact")


def result(start: Callable[[], None], op: Callable[[int], None], a: Floats, b: Floats, fp32_dest: bool) -> Any:
    """The packed tile as float32 patterns (32, 32)."""
    tensors, made = program(start, op, a, b, fp32_dest)
    tt.generic_op(tensors, made)
    bits = tt.to_bits(tensors[-1]).reshape(32, 32)
    return bits.view(np.uint32) if fp32_dest else bits.astype(np.uint32) << 16


def operands(fp32_dest: bool, seed: int = 1) -> tuple[Floats, Floats]:
    """Numbers of which some are special, but for NaN, which tensors may not hold."""
    kept = 32 if fp32_dest else 16
    a, b = (numbers(np.random.default_rng(seed + k), TILES * 1024, kept) for k in (0, 1))
    return tuple(np.where(np.isnan(x), np.float32(1), x).reshape(TILES, 1024) for x in (a, b))  # type: ignore[return-value]


def rows_of(patterns: Any) -> Any:
    return to_rows(np.asarray(patterns, np.uint32).reshape(1, 1024))[0]


def start_with(init: Callable[[], None]) -> Callable[[], None]:
    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        init()

    return start


@WIDTHS
def test_products_of_several_calls_add_up_phase_by_phase(fp32_dest: bool) -> None:
    a, b = operands(fp32_dest)
    got = result(start_with(lambda: mul_init(0, 1)), lambda i: mul_tiles(0, 1, i, i, 0), a, b, fp32_dest)
    dst = np.zeros(1024, np.uint32)
    for x, y in zip(a, b, strict=True):
        dst = each(lambda d, p, q: reference.multiplied(d, p, q, "HiFi4", fp32_dest), dst.view(np.float32), x, y)
        dst = dst.astype(np.uint32)
    assert (plus_zero(got.view(np.float32)) == rows_of(dst)).all()


@WIDTHS
def test_sums_of_several_calls_add_up_with_acc_to_dest(fp32_dest: bool) -> None:
    a, b = operands(fp32_dest)
    start = start_with(lambda: sub_init(0, 1, acc_to_dest=True))
    got = result(start, lambda i: sub_tiles(0, 1, i, i, 0), a, b, fp32_dest)
    dst = np.zeros(1024, np.uint32)
    for x, y in zip(a, b, strict=True):
        dst = each(lambda d, p, q: reference.added(d, p, q, True, fp32_dest), dst.view(np.float32), x, y)
        dst = dst.astype(np.uint32)
    assert (plus_zero(got.view(np.float32)) == rows_of(dst)).all()


@WIDTHS
def test_dst_as_an_operand_is_multiplied_as_a_source_register_holds_it(fp32_dest: bool) -> None:
    a, b = operands(fp32_dest)
    how = EltwiseBinaryReuseDestType.DEST_TO_SRCA

    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16)

    def op(i: int) -> None:
        copy_init(0)
        copy_tile(0, i, 0)
        mul_reuse_dest_init(1, reuse_dest=how)
        mul_reuse_dest_tiles(1, i, 0, reuse_dest=how)

    got = result(start, op, a[:1], b[:1], fp32_dest)
    expected = each(lambda x, y: reference.multiplied(0, x, y, "HiFi4", fp32_dest), a[0], b[0])
    assert (got == rows_of(expected)).all()


@WIDTHS
def test_a_transposed_matmul_multiplies_by_in1_transposed(fp32_dest: bool) -> None:
    rng = np.random.default_rng(3)
    kept = 19 if fp32_dest else 16
    a, b = (cut(rng.standard_normal((TILES, 1024)).astype(np.float32).view(np.uint32), kept) for _ in range(2))

    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
        matmul_init(0, 1, transpose=1)

    got = result(start, lambda i: matmul_tiles(0, 1, i, i, 0), a, b, fp32_dest)
    for r, c in rng.integers(0, 32, (20, 2)):
        expected = 0
        for in0, in1 in zip(to_rows(a), to_rows(b), strict=True):
            expected = dot(expected, patterns(in1[c]), patterns(in0[r]), tt.MathFidelity.HiFi4, fp32_dest)
        assert got[r, c] == expected


def test_an_fp32_denormal_is_copied_as_zero() -> None:
    a = np.full((1, 1024), 2.0**-130, np.float32)
    a[0, :512] = -0.0
    got = result(start_with(lambda: copy_init(0)), lambda i: copy_tile(0, i, 0), a, a, True)
    assert (got == 0).all()


def test_changed_copies_of_a_program_keep_its_numerics() -> None:
    a, b = operands(True)
    _, made = program(start_with(lambda: add_init(0, 1)), lambda i: add_tiles(0, 1, i, i, 0), a, b, True)
    assert replace(made, cbs=[]).numerics == "exact"
    assert tt.ProgramDescriptor().numerics == "float"


def test_other_numerics_are_refused_with_those_there_are() -> None:
    a, b = operands(True)
    tensors, made = program(start_with(lambda: add_init(0, 1)), lambda i: add_tiles(0, 1, i, i, 0), a, b, True)
    with pytest.raises(tt.HostError) as told:
        tt.generic_op(tensors, replace(made, numerics="precise"))
    assert str(told.value) == (
        'ProgramDescriptor(numerics=\'precise\'): no such arithmetic; write numerics="float" or numerics="exact"'
    )


def test_layernorm_takes_numerics() -> None:
    x = np.random.default_rng(0).standard_normal((32, 96)).astype(np.float32)
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    exact, rounded = (layernorm_fused_rm(x, fp32_dest_acc_en=False, numerics=n).output for n in ("exact", "float"))
    assert (exact != rounded).any()
    for out in (exact, rounded):
        assert np.abs(out - (x - mean) / np.sqrt(variance + 1e-5)).max() < 0.1
