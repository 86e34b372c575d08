"""Formats and tiles against Python's own fractions and plain loops."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ttlearn.sim.formats import (
    BF16_BITS,
    POISON,
    TF32_BITS,
    Format,
    bf16_bits,
    bf16_values,
    bfloat16,
    float32,
    pack,
    round_dst16,
    to_bf16_rne,
    to_bf16_trunc,
    truncate,
    unpack,
)
from ttlearn.sim.tile import from_rows, index, tilize, to_rows, untilize

SMALLEST_NORMAL = 2.0**-126
patterns = st.integers(0, 0xFFFF)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
normals = floats.filter(lambda v: SMALLEST_NORMAL <= abs(v) < 3.3e38)


def packed(value: float) -> int:
    return int(pack(np.full((1, 1024), value, np.float32), bfloat16).view(np.uint16)[0])


def value_of(pattern: int) -> float:
    return float(struct.unpack(">f", struct.pack(">HH", pattern, 0))[0])


def tile_of(pattern: int) -> NDArray[np.uint8]:
    return np.full(1024, pattern, np.uint16).view(np.uint8)


def neighbours(value: float) -> tuple[int, int]:
    """The bf16 patterns on either side of a value, the smaller magnitude first."""
    below = int.from_bytes(struct.pack(">f", value)[:2], "big")
    return below, below + 1


def test_a_format_knows_its_sizes() -> None:
    assert [(f.name, f.itemsize, f.tile_bytes) for f in Format] == [
        ("BFLOAT16", 2, 2048),
        ("FLOAT32", 4, 4096),
        ("BFLOAT8_B", 1, 1088),
    ]


@given(normals)
def test_packing_rounds_to_the_nearest_and_ties_go_away_from_zero(value: float) -> None:
    inner, outer = neighbours(value)
    middle = (Fraction(value_of(inner)) + Fraction(value_of(outer))) / 2
    expected = inner if abs(Fraction(value)) < abs(middle) else outer
    assert packed(value) == expected
    assert bf16_bits(round_dst16(np.full(1, value, np.float32)))[0] == expected


@given(patterns)
def test_a_normal_bf16_survives_unpack_and_pack(pattern: int) -> None:
    exponent = pattern >> 7 & 0xFF
    out = pack(unpack(tile_of(pattern), bfloat16, False), bfloat16).view(np.uint16)
    kept = 0 < exponent < 255 or pattern & 0x7FFF == 0x7F80  # normal or inf
    nan_or_zero = (pattern & 0x8000 | 0x7F80) if exponent == 255 else 0
    assert (out == (pattern if kept else nan_or_zero)).all()


def test_a_bf16_denormal_unpacks_as_zero() -> None:
    assert (unpack(tile_of(0x007F), bfloat16, True) == 0).all()
    assert (unpack(tile_of(0x8001), bfloat16, True) == 0).all()


def test_fp32_loses_its_low_bits_by_truncation_on_the_way_in() -> None:
    raw = np.full(1024, -np.pi, np.float32).view(np.uint8)
    for fp32_dest, mantissa in ((True, 10), (False, 7)):
        step = Fraction(2, 2**mantissa)  # pi lies in [2, 4)
        expected = -float(Fraction(float(np.float32(np.pi))) // step * step)
        assert (unpack(raw, float32, fp32_dest) == np.float32(expected)).all()


@pytest.mark.parametrize("pattern", [0x7FC00000, 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00000])
def test_nan_packs_as_inf_of_its_sign(pattern: int) -> None:
    nan = np.full((1, 1024), pattern, np.uint32).view(np.float32)
    assert (pack(nan, bfloat16).view(np.uint16) == (0xFF80 if pattern >> 31 else 0x7F80)).all()


def test_overflow_packs_as_inf() -> None:
    assert packed(3.4e38) == 0x7F80


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-39, -1e-39, -1e-45])
def test_zeros_and_denormals_pack_as_plus_zero(value: float) -> None:
    assert packed(value) == 0


def test_fp32_packs_as_it_is() -> None:
    x = np.linspace(-3, 3, 2048, dtype=np.float32).reshape(2, 1024)
    assert (pack(x, float32).view(np.float32) == x.reshape(-1)).all()


def test_packing_leaves_its_argument_alone() -> None:
    x = np.full((1, 1024), 1.00390625, np.float32)
    before = x.copy()
    pack(x, bfloat16)
    round_dst16(x)
    assert (x == before).all()


@given(normals, st.sampled_from([BF16_BITS, TF32_BITS, 13]))
def test_truncation_never_grows_and_is_nearer_than_one_unit(value: float, bits: int) -> None:
    kept = float(truncate(np.full(1, value, np.float32), bits)[0])
    assert 0 <= abs(value) - abs(kept) < abs(kept) * 2.0 ** (9 - bits)


@given(normals)
def test_scalers_are_cut_and_host_values_go_to_even(value: float) -> None:
    inner, outer = neighbours(value)
    middle = (Fraction(value_of(inner)) + Fraction(value_of(outer))) / 2
    even = inner if inner % 2 == 0 else outer
    nearest = inner if abs(Fraction(value)) < abs(middle) else outer
    assert to_bf16_trunc(value) == inner
    assert to_bf16_rne([value])[0] == (even if Fraction(value) == middle else nearest)


@given(patterns.filter(lambda p: p & 0x7FFF <= 0x7F80))
def test_bits_and_values_are_inverse(pattern: int) -> None:
    values = bf16_values(np.array([pattern], np.uint16))
    assert values[0] == value_of(pattern)
    assert bf16_bits(values)[0] == pattern


def test_poison_is_nan_in_both_formats() -> None:
    poison = np.full(2048, POISON, np.uint16)
    assert np.isnan(unpack(poison.view(np.uint8), bfloat16, False)).all()
    assert np.isnan(unpack(poison.view(np.uint8), float32, False)).all()
    assert np.isnan(poison.view(np.float32)).all()


def test_index_counts_the_faces_row_by_row() -> None:
    rows = [(r, c) for fr in (0, 16) for fc in (0, 16) for r in range(fr, fr + 16) for c in range(fc, fc + 16)]
    assert [index(r, c) for r, c in rows] == list(range(1024))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.int64])
def test_tilize_puts_each_element_where_index_says(dtype: type[np.generic]) -> None:
    sticks = (np.arange(32 * 96) % 251).astype(dtype).reshape(32, 96)
    tiles = tilize(sticks)
    assert tiles.shape == (3, 1024) and tiles.dtype == dtype
    assert all(tiles[c // 32, index(r, c % 32)] == sticks[r, c] for r in range(32) for c in range(96))


@given(st.integers(1, 9), st.sampled_from([np.uint16, np.float32]), st.booleans())
def test_untilize_undoes_tilize(width: int, dtype: type[np.generic], strided: bool) -> None:
    sticks = np.arange(32 * width * 32).astype(dtype).reshape(32, -1)
    source = np.repeat(sticks, 2, axis=1)[:, ::2] if strided else sticks
    assert (untilize(tilize(source)) == sticks).all()


def test_to_rows_and_from_rows_are_the_same_order_tile_by_tile() -> None:
    tiles = np.arange(5 * 1024, dtype=np.float32).reshape(5, 1024)
    rows = to_rows(tiles)
    assert rows.shape == (5, 32, 32)
    assert all((untilize(tiles[i : i + 1]) == rows[i]).all() for i in range(5))
    assert (from_rows(rows) == tiles).all()
