"""docs/numbers.md holds the table that `python -m ttlearn.numbers` prints."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ttlearn import numbers

TEXT = (Path(__file__).parent.parent / "docs" / "numbers.md").read_text()
FIGURE = re.compile(r"\d+\.?\d*(?:e-\d+)?")


def table_of_the_page() -> list[str]:
    return TEXT.split("```")[1].strip().splitlines()


def test_the_page_says_what_the_command_computes() -> None:
    shown, made = table_of_the_page(), numbers.table().splitlines()
    assert [line[:46] for line in shown] == [line[:46] for line in made]
    for old, new in zip(shown[3:], made[3:], strict=True):
        figures = [np.array(FIGURE.findall(line[47:]), float).reshape(2, 3) for line in (old, new)]
        # the float model multiplies matrices by the machine's library: one result in 4096 may round otherwise
        assert np.abs(figures[0] - figures[1])[:, 0].max() <= 0.2, new
        assert np.allclose(figures[0][:, 2], figures[1][:, 2], rtol=0.1), new


def test_the_page_is_the_text_around_the_table() -> None:
    shown = "\n".join(table_of_the_page())
    assert numbers.TEXT.format(table=shown) == TEXT


def test_the_table_fits_a_hundred_columns() -> None:
    assert max(len(line) for line in numbers.table().splitlines()) <= 100


def test_products_through_an_fp32_dst_are_the_same_in_both() -> None:
    # 21 bits of mantissa: nothing is rounded (see also test_fpu, against the golden runs)
    for row in numbers.rows():
        if row.op == "mul_tiles":
            assert row.widths[1] == numbers.Distance(1.0, 0, 0.0)
