"""The golden single ops (tests/data/tensix_ops) through reader, compute and writer kernels on the device.

The tolerances are those of test_fpu, which calls the same arithmetic directly and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from test_fpu import ARRAYS, CASES, ELTWISE, FORMATS, HIFI4, Golden, assert_near, cases, dot_tolerance, golden

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.fpu import broadcast, matmul_accumulate, reduce_accumulate
from ttlearn.sim.tile import from_rows

Kernel = Callable[[], Any]

CORES = tt.core_set((0, 0))
BINARY = {
    "add": (add_init, add_tiles),
    "addsc": (add_bcast_scalar_init, add_tiles_bcast_scalar),
    "subcol": (sub_bcast_cols_init, sub_tiles_bcast_cols),
    "mul": (mul_init, mul_tiles),
    "mulrow": (mul_bcast_rows_init, mul_tiles_bcast_rows),
}


async def reader() -> None:
    """All tiles of a to c_0, then all of b to c_1."""
    for cb in (0, 1):
        tensor = TensorAccessor(TensorAccessorArgs(2 * cb), get_arg_val(2 * cb))
        for i in range(get_arg_val(2 * cb + 1)):
            await cb_reserve_back(cb, 1)
            noc_async_read_page(i, tensor, get_write_ptr(cb))
            await noc_async_read_barrier()
            cb_push_back(cb, 1)


async def writer() -> None:
    await cb_wait_front(16, 1)
    noc_async_write_page(0, TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)), get_read_ptr(16))
    await noc_async_write_barrier()
    cb_pop_front(16, 1)


def compute(start: Callable[[], None], op: Callable[[int], None]) -> Kernel:
    """`op(i)` with tile i of a and of b into DST[0], then one tile packed."""

    async def compute() -> None:
        a_tiles, b_tiles = get_arg_val(0), get_arg_val(1)
        start()
        await cb_wait_front(0, a_tiles)
        await cb_wait_front(1, b_tiles)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        for i in range(a_tiles):
            op(i)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        cb_pop_front(0, a_tiles)
        cb_pop_front(1, b_tiles)

    return compute


def eltwise_kernel(g: Golden, op: str) -> Kernel:
    init, tiles = BINARY[op]

    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        init(0, 1)

    return compute(start, lambda i: tiles(0, 1, i, i, 0))


def copy_kernel(g: Golden, op: str) -> Kernel:
    def start() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)

    return compute(start, lambda i: copy_tile(0, i, 0))


def matmul_kernel(g: Golden, op: str) -> Kernel:
    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
        matmul_init(0, 1)

    return compute(start, lambda i: matmul_tiles(0, 1, i, i, 0))


def reduce_kernel(g: Golden, op: str) -> Kernel:
    def start() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        reduce_init(0, 1, 16, reduce_type=g.pool, reduce_dim=g.dim)

    return compute(start, lambda i: reduce_tile(0, 1, i, 0, 0, reduce_type=g.pool, reduce_dim=g.dim))


KERNELS = {
    "copy": copy_kernel,
    "matmul": matmul_kernel,
    "reduce": reduce_kernel,
    **dict.fromkeys(BINARY, eltwise_kernel),
}


def cb(index: int, pages: int, dtype: Any) -> tt.CBDescriptor:
    size = dtype.tile_bytes
    return tt.CBDescriptor(size * pages, CORES, [tt.CBFormatDescriptor(index, dtype, size)])


def words(*tensors: tt.Tensor) -> list[int]:
    return [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]


def kernel(source: Kernel, config: Any, tensors: list[tt.Tensor], args: list[int]) -> tt.KernelDescriptor:
    return tt.KernelDescriptor(source, CORES, config, words(*tensors), [((0, 0), args)])


def on_device(case: dict[str, Any], g: Golden, numerics: str = "float") -> Any:
    """The packed tile's bit patterns in face order, (1, 1024)."""
    in_a, in_b, packed = (FORMATS[case[key]] for key in ("dta", "dtb", "dto"))
    a = tt.from_numpy(ARRAYS[f"{case['name']}/a"], in_a, tt.TILE_LAYOUT)
    b = tt.from_numpy(ARRAYS[f"{case['name']}/b"], in_b, tt.TILE_LAYOUT)
    out = tt.allocate_tensor_on_device((1, 32, 32), packed, tt.TILE_LAYOUT)
    na, nb = a.buffer_num_pages(), b.buffer_num_pages()
    config = tt.ComputeConfigDescriptor(g.fidelity, fp32_dest_acc_en=g.fp32_dest)
    sources = [a.buffer_address(), na, b.buffer_address(), nb]
    program = tt.ProgramDescriptor(
        [
            kernel(reader, tt.ReaderConfigDescriptor(), [a, b], sources),
            kernel(writer, tt.WriterConfigDescriptor(), [out], [out.buffer_address()]),
            kernel(KERNELS[case["op"]](g, case["op"]), config, [], [na, nb]),
        ],
        [cb(0, na, in_a), cb(1, nb, in_b), cb(16, 1, packed)],
        numerics=numerics,
    )
    tt.generic_op([a, b, out], program)
    return from_rows(tt.to_bits(out))


def magnitude_of_sum(g: Golden, case: dict[str, Any]) -> Any:
    """The sum of |a||b| that the dot products' tolerance is a share of."""
    if case["op"] == "matmul":
        return matmul_accumulate(np.zeros(1024, np.float32), np.abs(g.a), np.abs(g.b), True, HIFI4)
    return reduce_accumulate(g.pool, g.dim, None, np.abs(g.a), g.b[0], True, HIFI4)


def test_every_golden_op_has_a_kernel() -> None:
    assert {c["op"] for c in CASES} == set(KERNELS)


@cases("copy")
def test_copy_is_exact(case: dict[str, Any]) -> None:
    g = golden(case)
    assert (on_device(case, g) == g.y).all()


@cases("add", "addsc", "subcol")
def test_sums_are_the_chips_within_its_adders_precision(case: dict[str, Any]) -> None:
    g = golden(case)
    larger = np.maximum(np.abs(g.a), np.abs(broadcast(g.b, ELTWISE[case["op"]][1]))).astype(np.float64)
    assert_near(on_device(case, g), g.y, larger * 2.0**-11)


@cases("mul", "mulrow")
def test_products_are_the_chips_within_one_unit(case: dict[str, Any]) -> None:
    g = golden(case)
    with np.errstate(over="ignore"):
        exact = g.a.astype(np.float64) * broadcast(g.b, ELTWISE[case["op"]][1])
    compared = ~(np.isfinite(exact) & (np.abs(exact) > 2.0**200))
    assert_near(on_device(case, g)[compared], g.y[compared], np.zeros(compared.sum()))


@cases("mul", "mulrow")
def test_with_an_fp32_dst_products_are_exactly_the_chips(case: dict[str, Any]) -> None:
    g = golden(case)
    if g.fp32_dest:
        assert (on_device(case, g) != g.y).sum() <= 1  # 3e38 * 3e38, as in test_fpu


@cases("matmul")
def test_matmul_is_the_chips_within_its_rounding(case: dict[str, Any]) -> None:
    g = golden(case)
    assert_near(on_device(case, g), g.y, dot_tolerance(g, magnitude_of_sum(g, case)))


@cases("reduce", pool="SUM")
def test_reduce_sum_is_the_chips_within_its_rounding(case: dict[str, Any]) -> None:
    g = golden(case)
    assert_near(on_device(case, g), g.y, dot_tolerance(g, magnitude_of_sum(g, case)))


@cases("reduce", pool="MAX")
def test_reduce_max_is_exact(case: dict[str, Any]) -> None:
    g = golden(case)
    assert (on_device(case, g) == g.y).all()
