"""Page cursors: opaque, and checked when they come back."""

from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.errors import Invalid
from dashboard.cursors import read_cursor, write_cursor

AT = datetime(2026, 7, 1, 8, 0, 1, 234567, tzinfo=UTC)


@given(number=st.integers(0, 2**32), text=st.text(max_size=40))
def test_a_cursor_reads_back_as_the_place_it_was_written_for(number: int, text: str) -> None:
    assert read_cursor(write_cursor((number,)), tuple[int]) == (number,)
    assert read_cursor(write_cursor((AT, text)), tuple[datetime, str]) == (AT, text)


@given(text=st.text(max_size=60))
def test_what_was_not_written_here_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Invalid, match="cursor-invalid"):
        read_cursor(text, tuple[datetime, str])


@pytest.mark.parametrize("cursor", ["", "!", "WyJhIl0", "e30", "W10", "W251bGxd"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(cursor, tuple[int])


@pytest.mark.parametrize(
    "place", [("2026-07-01T00:00:00", 1), (AT, 2**63), (AT, -(2**64))], ids=["no zone", "65 bits", "minus"]
)
def test_a_place_that_no_store_can_look_for_is_refused(place: tuple[object, ...]) -> None:
    with pytest.raises(Invalid, match="cursor-invalid"):
        read_cursor(write_cursor(place), tuple[datetime, int])


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, tuple[int]) is None
