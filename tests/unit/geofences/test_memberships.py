"""Keys of memberships: equal exactly when the fences are, and settled vehicles are judged like all others."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.memberships import keys_of, no_keys, rows_of, same

memberships = st.lists(st.sets(st.integers(0, 70_000), max_size=10).map(sorted), max_size=20)


def as_csr(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return offsets, np.array([number for row in rows for number in row], np.int32)


def has_key(row: list[int]) -> bool:
    return len(row) <= 8 and all(number < 65_534 for number in row)


@settings(deadline=None)
@given(memberships, memberships)
def test_two_keys_are_the_same_exactly_when_the_fences_are(
    left: list[list[int]], right: list[list[int]]
) -> None:
    left, right = left + right, right + left
    found = same(keys_of(*as_csr(left)), keys_of(*as_csr(right)))
    assert found.tolist() == [a == b and has_key(a) for a, b in zip(left, right, strict=True)]


def test_what_is_not_known_is_the_same_as_nothing() -> None:
    keys = keys_of(*as_csr([[], [3]]))
    assert same(keys, no_keys(2)).tolist() == [False, False]
    assert same(no_keys(2), no_keys(2)).tolist() == [False, False]


@settings(deadline=None)
@given(memberships, st.data())
def test_rows_are_picked_in_the_order_asked_for(rows: list[list[int]], data: st.DataObject) -> None:
    picked = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10)) if rows else []
    offsets, numbers = rows_of(*as_csr(rows), np.array(picked, np.intp))
    found = [numbers[start:end].tolist() for start, end in pairwise(offsets.tolist())]
    assert found == [rows[row] for row in picked]
