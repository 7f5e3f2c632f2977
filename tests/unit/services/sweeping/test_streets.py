"""The postman sweeps every kerb once in its driving direction and drives as little as can be between."""

from collections import Counter
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from services.sweeping.street import Street
from services.sweeping.streets import Drive, kerbs, postman


def a_street(start: int, end: int, length_m: float = 100.0, **fields: bool) -> Street:
    points = ((39.6, 109.7 + start / 1000), (39.6, 109.7 + end / 1000))
    name = f"{start}-{end}-{length_m:g}"
    return Street(street_id=name, start=start, end=end, length_m=length_m, points=points, **fields)


def length(tour: list[Drive], *, swept: bool) -> float:
    return sum(drive.street.length_m for drive in tour if drive.is_swept is swept)


def assert_is_a_tour(tour: list[Drive], streets: list[Street]) -> None:
    assert all(one.head == other.tail for one, other in pairwise([*tour, tour[0]]))
    assert Counter(d for d in tour if d.is_swept) == Counter(kerbs(streets))
    assert not any(drive.is_reversed and drive.street.is_one_way for drive in tour)


def test_two_way_streets_need_no_way_without_sweeping() -> None:
    streets = [a_street(1, 2), a_street(2, 3), a_street(3, 1), a_street(3, 4)]
    tour = postman(streets, start=3)
    assert_is_a_tour(tour, streets)
    assert tour[0].tail == 3
    assert length(tour, swept=False) == 0
    assert length(tour, swept=True) == 800


def test_both_kerbs_of_a_one_way_street_are_swept_in_its_direction_with_the_shortest_way_back() -> None:
    streets = [
        a_street(1, 2, 300, is_one_way=True),
        a_street(2, 1, 400, is_one_way=True, is_swept=False),
        a_street(2, 1, 900, is_swept=False),
    ]
    tour = postman(streets)
    assert_is_a_tour(tour, streets)
    assert Counter(drive.is_left_kerb for drive in tour if drive.is_swept) == {False: 1, True: 1}
    assert length(tour, swept=False) == 2 * 400


def test_streets_that_do_not_touch_are_joined_through_the_others() -> None:
    streets = [a_street(1, 2), a_street(2, 3, 50, is_swept=False), a_street(3, 4)]
    tour = postman(streets)
    assert_is_a_tour(tour, streets)
    assert length(tour, swept=False) == 100


def test_a_street_without_a_way_back_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        postman([a_street(1, 2, is_one_way=True)])
    assert refused.value.code == "sweeping-streets-apart"
    assert refused.value.fields["street_id"] == "1-2-100"


def test_nothing_to_sweep_is_an_empty_tour() -> None:
    assert postman([a_street(1, 2, is_swept=False)]) == []


@settings(max_examples=25, deadline=None)
@given(
    ring=st.integers(3, 7),
    more=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(20, 400), st.booleans()), max_size=8
    ),
)
def test_the_tour_is_closed_sweeps_each_kerb_once_and_is_the_shortest(
    ring: int, more: list[tuple[int, int, int, bool]]
) -> None:
    """A one-way ring makes every junction reachable; the oracle tries every pairing of junctions."""
    streets = [a_street(n, (n + 1) % ring, 100.0 + n, is_one_way=True) for n in range(ring)]
    for number, (start, end, metres, is_one_way) in enumerate(more):
        if start % ring != end % ring:
            streets.append(a_street(start % ring, end % ring, metres + number / 100, is_one_way=is_one_way))
    tour = postman(streets)
    assert_is_a_tour(tour, streets)
    expected = _cheapest_pairing(streets)
    assert expected is None or length(tour, swept=False) == pytest.approx(expected)


def _cheapest_pairing(streets: list[Street]) -> float | None:
    """Return the length of the cheapest pairing by trial, None where there are too many to try."""
    nodes = sorted({node for street in streets for node in (street.start, street.end)})
    far = {(a, b): (0.0 if a == b else float("inf")) for a in nodes for b in nodes}
    for street in streets:
        for a, b in ((street.start, street.end), (street.end, street.start))[: 1 if street.is_one_way else 2]:
            far[a, b] = min(far[a, b], street.length_m)
    for k in nodes:
        for a in nodes:
            for b in nodes:
                far[a, b] = min(far[a, b], far[a, k] + far[k, b])
    balance: Counter[int] = Counter()
    for kerb in kerbs(streets):
        balance[kerb.head] += 1
        balance[kerb.tail] -= 1
    ends = [node for node in nodes for _ in range(balance[node])]
    begins = [node for node in nodes for _ in range(-balance[node])]
    if len(ends) > 6:
        return None
    return min(
        sum(far[end, begin] for end, begin in zip(ends, order, strict=True)) for order in permutations(begins)
    )
