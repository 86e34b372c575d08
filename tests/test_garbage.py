"""Python's search for garbage: rarer inside, as it was outside, and off if it was off."""

import gc
from collections.abc import Iterator

import pytest

from ttlearn.sim.garbage import SELDOM, seldom


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_search_is_rarer_only_while_a_program_runs() -> None:
    gc.set_threshold(700, 10, 10)
    with seldom():
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == (700, 10, 10)


def test_an_error_sets_it_back_too() -> None:
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ValueError, match="stop"), seldom():
        raise ValueError("stop")
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [(0, 10, 10), (50_000, 10, 10)])
def test_what_somebody_chose_stays(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with seldom():
        assert gc.get_threshold() == own
