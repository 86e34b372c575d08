"""One row split over cores: the same result as on one core, sooner, in every order of events, and back from C++."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from test_cpp_round_trip import both

import ttlearn as tt
from ttlearn.layernorm.golden import compare, layernorm
from ttlearn.layernorm.split import SplitJob, build_split, layernorm_split, make_split_job
from ttlearn.layernorm.split_places import parts, rectangles, shares
from ttlearn.sim.arch import ARCHS, WORMHOLE_B0

SEED = 7


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


def within_one_ulp(y: np.ndarray, reference: np.ndarray) -> bool:
    """1 bf16 unit where |y| >= 0.1, 2^-9 below: both arrays hold bf16 values."""
    unit = 2.0 ** (np.floor(np.log2(np.maximum(np.abs(reference), 1e-30))) - 7)
    return bool((np.abs(y - reference) <= np.where(np.abs(reference) >= 0.1, unit, 2.0**-9)).all())


SHAPES = {  # rows, columns, cores of a row, groups: even and uneven columns, tile rows and groups
    "2 cores": (32, 64, 2, 1),
    "4 cores": (32, 512, 4, 1),
    "4 cores, 10 tiles": (64, 320, 4, 1),
    "3 cores, 8 tiles": (32, 256, 3, 1),
    "8 cores, 3 tile rows in 2 groups": (96, 512, 8, 2),
    "8 cores, 39 tiles": (32, 1248, 8, 1),
    "16 cores": (32, 1024, 16, 1),
    "16 cores, 35 tiles, 2 groups": (96, 1120, 16, 2),
}


@pytest.mark.parametrize("affine", [False, True], ids=["plain", "gamma and beta"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_result_is_that_of_one_core(shape: tuple[int, int, int, int], affine: bool) -> None:
    height, width, cores, groups = shape
    x, gamma, beta = numbers(height, width), *(numbers(2, width) if affine else (None, None))
    run = layernorm_split(x, gamma, beta, cores=cores, groups=groups)
    assert run.violations == []
    assert within_one_ulp(run.output, tt.layernorm_fused_rm(x, gamma, beta).output)


@pytest.fixture(scope="module")
def one_large_core() -> tt.Run:
    """A row of 8192 with the same sums on one core, whose L1 is made large enough for it."""
    ARCHS["large"] = dataclasses.replace(WORMHOLE_B0, name="large", l1_bytes=8 << 20)
    try:
        return tt.layernorm_fused_rm(numbers(32, 8192), arch="large", design="resident")
    finally:
        del ARCHS["large"]


@pytest.mark.parametrize("cores", [4, 8, 16])
def test_a_row_of_8192_is_that_of_one_core_and_near_float64(cores: int, one_large_core: tt.Run) -> None:
    run = layernorm_split(numbers(32, 8192), cores=cores, cb_depth=1)
    assert compare(run.output, layernorm(run.details["x"])).within
    assert within_one_ulp(run.output, one_large_core.output)


def test_eight_cores_are_five_times_as_fast_as_one_on_a_row_of_8192(one_large_core: tt.Run) -> None:
    x = numbers(32, 8192)
    eight = layernorm_split(x, cores=8).cycles
    assert one_large_core.cycles / eight >= 5 and tt.layernorm_fused_rm(x).cycles / eight >= 5


def test_more_cores_are_sooner_done_with_a_row_of_8192() -> None:
    x = numbers(32, 8192)
    cycles = [layernorm_split(x, cores=cores, cb_depth=1).cycles for cores in (2, 8, 32, 64)]
    assert cycles == sorted(cycles, reverse=True)


def test_a_row_of_65536_fits_into_64_cores() -> None:
    run = layernorm_split(numbers(32, 65536), cores=64, cb_depth=1)
    assert run.violations == [] and compare(run.output, layernorm(run.details["x"])).within


def test_rows_may_have_leading_dimensions_and_be_fp32() -> None:
    x = numbers(2, 32, 128)
    run = layernorm_split(x, dtype=tt.float32, cores=2, groups=2)
    assert run.output.shape == (2, 32, 128)
    assert (run.output == tt.layernorm_fused_rm(x, dtype=tt.float32).output).all()


def test_a_16_bit_dst_gives_a_result_within_the_vendors_bounds() -> None:
    x = numbers(32, 512)
    run = layernorm_split(x, cores=4, fp32_dest_acc_en=False)
    assert compare(run.output, layernorm(run.details["x"])).within


def job(arch: str = "wormhole_b0", cores: int = 4) -> SplitJob:
    """Two groups of four cores in a row, or of ten in two rows."""
    x = numbers(96, 320)
    return make_split_job(x, x[0], x[1], cores=cores, groups=2, arch=arch)


@pytest.mark.parametrize("cores", [4, 10])
@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_the_check_before_a_run_has_nothing_to_say(arch: str, cores: int) -> None:
    made = job(arch, cores)
    findings = build_split(made).check(made.tensors, arch=arch)
    assert list(findings) == [] and findings.undecided == ()


def test_both_chips_give_the_same_numbers() -> None:
    outputs = [
        tt.generic_op(m.tensors, build_split(m), arch=m.arch).output for m in (job(cores=10), job("blackhole", 10))
    ]
    assert (outputs[0] == outputs[1]).all()


def outcome(seeds: range, *shape: int) -> str:
    def make() -> tuple[list[tt.Tensor], tt.ProgramDescriptor]:
        height, width, cores, groups = shape
        made = make_split_job(numbers(height, width), cores=cores, groups=groups)
        return made.tensors, build_split(made)

    return repr(tt.explore(make, seeds=seeds))


def test_every_order_of_events_gives_the_same_output() -> None:
    assert "it finishes each time, with the same output" in outcome(range(8), 64, 160, 3, 1)


@pytest.mark.soak
def test_many_orders_of_events_give_the_same_output() -> None:
    assert "it finishes each time, with the same output" in outcome(range(200), 96, 320, 4, 2)


@pytest.mark.parametrize("cores", [4, 10])
def test_the_kernels_do_the_same_by_way_of_cpp(cores: int) -> None:
    made = job(cores=cores)
    both(made.tensors, build_split(made), made.tensors)


def test_partial_sums_reach_dst_whole() -> None:
    """Without UnpackToDest each would be cut to TF32 on its way to DST, and the variance with it."""
    x = numbers(32, 1024)
    made = make_split_job(x, cores=8)
    program = build_split(made)
    by_way_of_src = [
        dataclasses.replace(k, config=dataclasses.replace(k.config, unpack_to_dest_mode=()))
        if isinstance(k.config, tt.ComputeConfigDescriptor)
        else k
        for k in program.kernels
    ]
    whole = tt.generic_op(made.tensors, program).output
    cut = tt.generic_op(made.tensors, dataclasses.replace(program, kernels=by_way_of_src)).output
    one = tt.layernorm_fused_rm(x).output
    assert (whole == one).mean() > (cut == one).mean()


# ---- places -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cores", "size"), [(2, (2, 1)), (8, (8, 1)), (10, (5, 2)), (12, (6, 2)), (64, (8, 8))])
def test_a_group_is_the_widest_rectangle_of_its_cores(cores: int, size: tuple[int, int]) -> None:
    first = rectangles(cores, (8, 8))[0]
    assert first[0] == (0, 0) and first[-1] == (size[0] - 1, size[1] - 1)
    assert len(set(first)) == len(first) == cores


@pytest.mark.parametrize("cores", range(2, 65))
def test_groups_do_not_overlap(cores: int) -> None:
    found = [core for group in rectangles(cores, (8, 8)) for core in group]
    assert len(found) == len(set(found)) and all(x < 8 and y < 8 for x, y in found)


@pytest.mark.parametrize(("count", "parties"), [(10, 4), (8, 8), (39, 8), (3, 2)])
def test_shares_are_without_a_gap_and_differ_by_one_at_most(count: int, parties: int) -> None:
    found = shares(count, parties)
    assert [k for first, size in found for k in range(first, first + size)] == list(range(count))
    assert max(size for _, size in found) - min(size for _, size in found) <= 1


def test_every_tile_has_one_core() -> None:
    found = parts(rectangles(4, (8, 8))[:3], 10, 7)
    tiles = [
        (row, tile)
        for p in found
        for row in range(p.first_row, p.first_row + p.tile_rows)
        for tile in range(p.first_tile, p.first_tile + p.tiles)
    ]
    assert sorted(tiles) == [(row, tile) for row in range(7) for tile in range(10)]


@pytest.mark.parametrize("cores", [2, 8, 10, 16, 64])
def test_every_sum_has_a_slot_of_its_own_on_its_way_to_the_first_core(cores: int) -> None:
    found = {part.core: part for part in parts(rectangles(cores, (8, 8))[:1], cores, 1)}
    slots = [(part.collector, part.slot, part.adds > 0) for part in found.values() if not part.collects]
    assert len(set(slots)) == len(slots) == cores - 1 and min(slot for _, slot, _ in slots) == 0
    for part in found.values():
        row = [other for other in found.values() if other.collector == part.core and not other.adds]
        assert part.adds == len(row) and all(found[other.collector].adds for other in row)
    assert found[0, 0].collects and sum(part.collects for part in found.values()) == 1


# ---- what is refused ----------------------------------------------------------------------------------------

REFUSED = {
    "one core": (
        {"cores": 1},
        "cores is 1, and a row is split over 2 or more; on one core use tt.layernorm_fused_rm",
    ),
    "more cores than tiles": (
        {"cores": 16},
        "cores is 16, but a row of 320 has only 10 tiles to split; use at most 10 cores",
    ),
    "too many groups": (
        {"cores": 8, "groups": 9},
        "groups is 9; wormhole_b0 has room for 1 to 8 groups of 8 cores",
    ),
    "no such chip": ({"arch": "grayskull"}, "arch is 'grayskull'; choose one of 'wormhole_b0', 'blackhole'"),
    "gamma of another width": (
        {"gamma": np.ones(32)},
        "gamma has shape [32]; it needs one value a column, (320,) for this x",
    ),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(tt.HostError) as caught:
        make_split_job(numbers(32, 320), **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == text


def test_cores_that_make_no_rectangle_are_refused_with_the_nearest_number_that_does() -> None:
    with pytest.raises(tt.HostError) as caught:
        make_split_job(numbers(32, 1024), cores=11)
    assert str(caught.value) == (
        "cores is 11; a result is multicast to a rectangle of cores, and 11 cores make none on the 8x8 grid of "
        "wormhole_b0: use 10"
    )


def test_a_part_larger_than_l1_is_refused_with_its_table() -> None:
    with pytest.raises(tt.HostError) as caught:
        make_split_job(numbers(32, 16384), cores=2)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("the circular buffers of one of 2 cores need ")
    assert lines[1].startswith("c_9       1 x   4096 B =     4,096 B  float32   this core's sum in column 0")
    assert lines[-1] == "Split over more cores, or shrink c_0 and c_16 with cb_depth=1"
