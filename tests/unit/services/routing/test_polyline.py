"""Polylines of six decimals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.polyline import decode, encode, metres_along

points = st.lists(
    st.tuples(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)), max_size=30
)


@given(points)
def test_what_is_encoded_is_decoded(micro: list[tuple[int, int]]) -> None:
    line = [(lat / 1e6, lng / 1e6) for lat, lng in micro]
    assert decode(encode(line)) == line


def test_it_is_the_algorithm_google_published() -> None:
    # the published example, (38.5, -120.2) (40.7, -120.95) (43.252, -126.453), at six decimals
    assert encode([(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]) == "_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI"


def test_metres_run_along_the_line() -> None:
    assert metres_along([(39.6, 109.78), (39.601, 109.78), (39.601, 109.78)]).tolist() == pytest.approx(
        [0.0, 111.195, 111.195], abs=0.01
    )
    assert metres_along([]).tolist() == []
