"""Where an idle vehicle goes: chargers by bay and distance, rounds by lot."""

from core.ids import DistrictCode, VehicleNo
from services.places.place import Place, PlaceKind
from services.rounds.round import VISITS, choose_visits


def a_place(name: str, lat: float, capacity: int = 1, kind: PlaceKind = PlaceKind.CHARGER) -> Place:
    return Place(
        place_id=name,
        kind=kind,
        district=DistrictCode("KB"),
        name_zh=name,
        name_en=name,
        lat=lat,
        lng=109.78,
        capacity=capacity,
    )


def test_a_round_visits_each_place_once_is_the_same_again_and_differs_between_turns_and_vehicles() -> None:
    places = [a_place(f"v-{n:02}", 39.6 + n / 1000, kind=PlaceKind.VISIT) for n in range(20)]

    def visits(vehicle: int, turn: int) -> tuple[str, ...]:
        chosen = choose_visits(places, VehicleNo(vehicle), turn, 39.6, 109.78)
        return tuple(place.place_id for place in chosen)

    assert len(set(visits(1, 1))) == VISITS
    assert visits(1, 1) == visits(1, 1)
    assert len({visits(vehicle, turn) for vehicle in range(5) for turn in range(5)}) > 20
    assert list(visits(1, 1)) == sorted(visits(1, 1))


def test_a_town_with_few_places_is_visited_whole_and_one_without_gives_no_round() -> None:
    two = [a_place("a", 39.6), a_place("b", 39.61)]
    assert {place.place_id for place in choose_visits(two, VehicleNo(1), 1, 39.6, 109.78)} == {"a", "b"}
    assert choose_visits([], VehicleNo(1), 1, 39.6, 109.78) == ()
