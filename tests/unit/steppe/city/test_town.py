"""Generated towns look like towns, hang together, and lie inside their district."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from geofences import shapes
from geofences.fences import FenceKind
from geofences.geo import covers, distance_m
from steppe.city.build import build_city
from steppe.city.pack import CityPack
from steppe.city.places import TownBuild
from steppe.city.reading import read_pack
from steppe.city.town import build_town

pytestmark = pytest.mark.xdist_group("towns")  # they are built once

GRID_ENTROPY = 1.39
"""ln 4: every street north-south or east-west."""


@pytest.fixture(scope="module")
def pack() -> CityPack:
    return read_pack("ordos")


@pytest.fixture(scope="module")
def towns(ordos_data_dir: Path, pack: CityPack) -> dict[str, TownBuild]:
    built = build_city(pack, ordos_data_dir)
    return {town.code: built.town(town.code) for town in pack.towns}


TOWNS = pytest.mark.parametrize("code", ["KB", "DS", "ZG", "DL", "HJ"])


@TOWNS
def test_a_town_has_at_least_120_km_of_roads_in_every_class(towns: dict[str, TownBuild], code: str) -> None:
    network = towns[code].network
    assert network.length_m() > 120_000
    limits = {way.highway: way.limit_kmh for way in network.ways}
    assert limits == {"primary": 60, "secondary": 50, "tertiary": 40, "residential": 30, "service": 15}


@TOWNS
def test_a_town_is_not_a_grid(towns: dict[str, TownBuild], code: str) -> None:
    assert towns[code].network.bearing_entropy() > 2 * GRID_ENTROPY


@TOWNS
def test_a_town_hangs_together(towns: dict[str, TownBuild], code: str) -> None:
    assert towns[code].network.strong_share() >= 0.98


@TOWNS
def test_a_town_has_a_roundabout_one_way_streets_and_dead_ends(
    towns: dict[str, TownBuild], code: str
) -> None:
    ways = towns[code].network.ways
    ring = [way for way in ways if way.is_roundabout]
    assert len(ring) == 4
    assert all(way.one_way for way in ring)
    assert sum(way.one_way and not way.is_roundabout for way in ways) >= 2
    uses = np.bincount([node for way in ways for node in way.nodes])
    assert sum(uses[end] == 1 for way in ways for end in (way.nodes[0], way.nodes[-1])) >= 5


@TOWNS
def test_everything_lies_inside_the_district(pack: CityPack, towns: dict[str, TownBuild], code: str) -> None:
    town = towns[code]
    district = shape(pack.district(town.district).geometry)
    assert covers(district, town.network.lat, town.network.lng).all()
    assert covers(district, [p.lat for p in town.places], [p.lng for p in town.places]).all()
    assert all(district.covers(shapes.to_geos(zone.area)) for zone in town.zones)


@TOWNS
def test_a_town_has_what_the_pack_asks_for(pack: CityPack, towns: dict[str, TownBuild], code: str) -> None:
    town, numbers = towns[code], pack.places
    compounds = [ground for ground in town.grounds if ground.kind == "compound"]
    assert len(compounds) == numbers.compounds >= 20
    assert all(ground.gates for ground in compounds)
    assert {place.site for place in town.of_kind("pickup_point") if place.sort == "doorstep"} == {
        ground.ground_id for ground in compounds
    }
    assert len(town.of_kind("merchant")) == sum(kind.per_town for kind in numbers.merchant)
    assert len(town.of_kind("charger")) == numbers.chargers
    assert len(town.of_kind("depot")) == numbers.depots
    assert len(town.spots) >= sum(line.planned for line in pack.roster if line.district == code)
    kinds = [zone.kind for zone in town.zones]
    assert kinds.count(FenceKind.OPERATING_AREA) == 1
    assert kinds.count(FenceKind.NO_GO) == numbers.no_go
    assert kinds.count(FenceKind.SLOW_ZONE) == numbers.slow_zones
    assert kinds.count(FenceKind.KEEP_CLEAR) >= 30


@TOWNS
def test_no_street_enters_a_no_go_zone_and_no_stop_lies_in_keep_clear(
    towns: dict[str, TownBuild], code: str
) -> None:
    town = towns[code]
    no_go = [shapes.to_geos(zone.area) for zone in town.zones if zone.kind is FenceKind.NO_GO]
    lat, lng = np.array(town.network.lat), np.array(town.network.lng)
    roads = shapely.multilinestrings(
        [shapely.linestrings(lng[list(way.nodes)], lat[list(way.nodes)]) for way in town.network.ways]
    )
    assert not any(zone.intersects(roads) for zone in no_go)
    for zone in town.zones:
        if zone.no_stopping:
            area = shapes.to_geos(zone.area)
            assert not covers(area, [p.lat for p in town.places], [p.lng for p in town.places]).any()


@TOWNS
def test_names_say_that_they_are_made_up_and_are_not_given_twice(
    towns: dict[str, TownBuild], code: str
) -> None:
    town = towns[code]
    assert all(way.name_zh.startswith("示例") for way in town.network.ways)
    names = [place.name_zh for place in town.places]
    assert all(name.startswith("示例") for name in names)
    assert len(set(names)) == len(names)
    ids = [place.place_id for place in town.places] + [
        ground.ground_id for ground in town.grounds if ground.kind != "depot"
    ]
    assert len(set(ids)) == len(ids)
    assert len({zone.zone_id for zone in town.zones}) == len(town.zones)


def test_the_five_parks_are_there(towns: dict[str, TownBuild]) -> None:
    parks = [ground for town in towns.values() for ground in town.grounds if ground.kind == "park"]
    assert len(parks) == 5
    assert all(len(park.gates) >= 1 and park.operator for park in parks)


def test_the_same_seed_gives_the_same_town_byte_for_byte(pack: CityPack, towns: dict[str, TownBuild]) -> None:
    again = build_town(pack, pack.towns[4])
    assert msgspec.json.encode(again) == msgspec.json.encode(towns["HJ"])


def test_parking_spots_keep_a_vehicle_length_apart(towns: dict[str, TownBuild]) -> None:
    spots = towns["KB"].spots
    gaps = [
        distance_m(a.lat, a.lng, b.lat, b.lng) for index, a in enumerate(spots) for b in spots[index + 1 :]
    ]
    assert min(gaps) > 2.5


@pytest.mark.thorough
def test_a_pack_that_asks_for_too_much_says_which_number(pack: CityPack) -> None:
    greedy = msgspec.structs.replace(pack, places=msgspec.structs.replace(pack.places, compounds=5000))
    with pytest.raises(Exception, match=r"places\.toml: compounds: HJ is too small") as raised:
        build_town(greedy, pack.towns[4])
    assert raised.value.code == "city-pack-invalid"  # type: ignore[attr-defined]
