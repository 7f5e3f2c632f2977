"""Rounds take turns: every service gets its share of the remote operators, every vehicle its turn."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.ids import VehicleNo
from core.kinds import ServiceKind
from services.dispatch.turns import Waiting, whose_turn

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
V, S, P = ServiceKind.VENDING, ServiceKind.SWEEPING, ServiceKind.PATROL


def standing(service: ServiceKind, first: int, count: int, minutes_ago: int | None = None) -> list[Waiting]:
    last_at = None if minutes_ago is None else NOON - timedelta(minutes=minutes_ago)
    return [
        Waiting(vehicle_no=VehicleNo(number), service=service, last_at=last_at)
        for number in range(first, first + count)
    ]


KANGBASHI = [*standing(V, 1, 40), *standing(S, 61, 12), *standing(P, 201, 4)]
SERVICE = {each.vehicle_no: each.service for each in KANGBASHI}


def test_patrol_and_sweeping_do_not_wait_until_all_vending_vehicles_had_their_turn() -> None:
    chosen = whose_turn(KANGBASHI, {}, 22)
    assert Counter(SERVICE[number] for number in chosen) == {V: 15, S: 5, P: 2}


def test_a_freed_place_goes_to_the_service_that_is_furthest_behind() -> None:
    waiting = [*standing(V, 1, 20), *standing(P, 201, 4, minutes_ago=1)]
    assert whose_turn(waiting, {V: 20}, 2) == [VehicleNo(201), VehicleNo(202)]
    assert whose_turn(waiting, {V: 2, P: 3}, 1) == [VehicleNo(1)]


def test_what_a_schedule_owes_goes_before_everything_else() -> None:
    chosen = whose_turn(KANGBASHI, {P: 2}, 6, {P: 2, S: 3})
    assert Counter(SERVICE[number] for number in chosen) == {S: 3, P: 2, V: 1}
    assert {SERVICE[number] for number in chosen[:5]} == {S, P}


def test_a_service_that_is_owed_more_than_it_has_vehicles_holds_no_place() -> None:
    assert len(whose_turn(KANGBASHI, {}, 30, {P: 9})) == 30


def test_within_a_service_the_longest_without_work_goes_first_and_one_that_never_had_any_before_it() -> None:
    waiting = [*standing(V, 1, 1, 5), *standing(V, 2, 1, 50), *standing(V, 3, 1)]
    assert whose_turn(waiting, {}, 3) == [VehicleNo(3), VehicleNo(2), VehicleNo(1)]


def test_without_room_or_without_vehicles_nobody_begins() -> None:
    assert whose_turn(KANGBASHI, {}, 0) == whose_turn(KANGBASHI, {}, -3) == whose_turn([], {V: 3}, 5) == []


def test_everybody_has_had_a_turn_after_as_many_rounds_as_it_takes() -> None:
    last: dict[VehicleNo, datetime] = {}
    at = NOON
    for _ in range(4):
        waiting = [
            Waiting(vehicle_no=each.vehicle_no, service=each.service, last_at=last.get(each.vehicle_no))
            for each in KANGBASHI
        ]
        at += timedelta(minutes=40)
        last |= dict.fromkeys(whose_turn(waiting, {}, 22), at)
    assert last.keys() == SERVICE.keys()


@given(
    counts=st.tuples(*[st.integers(0, 15)] * 3),
    busy=st.tuples(*[st.integers(0, 15)] * 3),
    room=st.integers(0, 50),
)
def test_every_place_is_used_once_and_never_more_than_there_are(
    counts: tuple[int, int, int], busy: tuple[int, int, int], room: int
) -> None:
    services = (V, S, P)
    waiting = [
        each
        for number, (service, count) in enumerate(zip(services, counts, strict=True))
        for each in standing(service, 100 * number + 1, count)
    ]
    chosen = whose_turn(waiting, dict(zip(services, busy, strict=True)), room)
    assert len(chosen) == len(set(chosen)) == min(room, len(waiting))
