"""Marks of L1: runs of numbers that behave like an array with one number for each 16 bytes."""

from hypothesis import given
from hypothesis import strategies as st

from ttlearn.debug.strict.marks import Marks

SIZE = 64 * 16
STRETCH = st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(lambda s: (s[0], min(SIZE, s[0] + s[1])))


def whole(low: int, high: int) -> slice:
    """The 16-byte words that the bytes lie in."""
    return slice(low // 16, -(-high // 16))


@given(st.lists(st.tuples(STRETCH, st.integers(0, 4))), STRETCH)
def test_a_stretch_shows_what_was_last_written_to_each_of_its_words(
    writes: list[tuple[tuple[int, int], int]], look: tuple[int, int]
) -> None:
    marks, words = Marks(), [0] * 64
    for (low, high), number in writes:
        marks.mark(low, high, number)
        part = whole(low, high)
        words[part] = [number] * len(words[part])
    assert marks.seen(*look) == sorted(set(words[whole(*look)]))


def test_pages_written_in_a_ring_again_and_again_stay_as_many_runs_as_pages() -> None:
    marks = Marks()
    for number in range(1, 100):
        page = number % 4
        marks.mark(page * 2048, page * 2048 + 2048, number)
    assert len(marks.starts) == 5


def test_neighbours_of_one_number_are_one_run() -> None:
    marks = Marks()
    for page in range(8):
        marks.mark(page * 2048, page * 2048 + 2048, 7)
    assert (marks.starts, marks.numbers) == ([0, 1024], [7, 0])


def test_no_bytes_mark_nothing() -> None:
    marks = Marks()
    marks.mark(64, 64, 5)
    assert marks.seen(0, SIZE) == [0]


@given(st.lists(st.tuples(STRETCH, st.integers(0, 4))), STRETCH)
def test_the_first_bytes_of_each_number_in_a_stretch_are_found(
    writes: list[tuple[tuple[int, int], int]], look: tuple[int, int]
) -> None:
    marks, words = Marks(), [0] * 64
    for (low, high), number in writes:
        marks.mark(low, high, number)
        part = whole(low, high)
        words[part] = [number] * len(words[part])
    for number in set(words[whole(*look)]):
        assert marks.first(*look, number) == max(look[0], 16 * words.index(number, look[0] // 16))
