"""Roads as OpenStreetMap PBF: what is written is read, what is military is not, imports become towns."""

from pathlib import Path

import msgspec
import pytest

from core.errors import Invalid, NotFound
from services.routing.engine import Router
from services.routing.route import GeoPoint
from services.routing.tiles import current_tiles
from steppe.city.build import REACHED, build_city, check_stops
from steppe.city.files import CityFiles
from steppe.city.reading import read_pack
from steppe.city.roads.pbf import read_pbf, write_pbf
from steppe.city.town import build_town
from tests.integration.steppe.city.extracts import Extract, square

TINY = "tests/fixtures/cities/tiny"


@pytest.fixture
def extract(tmp_path: Path) -> Extract:
    return Extract(tmp_path / "extract.osm.pbf")


def names(path: Path) -> list[str]:
    return [way.name_zh for way in read_pbf(path).ways]


def test_generated_roads_come_back_as_they_were_written(tmp_path: Path) -> None:
    pack = read_pack(TINY)
    network = build_town(pack, pack.towns[0]).network
    write_pbf([network], tmp_path / "roads.osm.pbf")
    again = read_pbf(tmp_path / "roads.osm.pbf")
    assert len(again.ways) == len(network.ways)
    for written, read in zip(network.ways, again.ways, strict=True):
        assert (read.highway, read.name_zh, read.name_en) == (
            written.highway,
            written.name_zh,
            written.name_en,
        )
        assert (read.limit_kmh, read.one_way) == (written.limit_kmh, written.one_way)
        assert [again.lat[node] for node in read.nodes] == [network.lat[node] for node in written.nodes]
    assert again.length_m() == pytest.approx(network.length_m(), abs=0.01)


def test_the_same_roads_are_the_same_bytes(tmp_path: Path) -> None:
    pack = read_pack(TINY)
    network = build_town(pack, pack.towns[0]).network
    for name in ("a.osm.pbf", "b.osm.pbf"):
        write_pbf([network], tmp_path / name)
    assert (tmp_path / "a.osm.pbf").read_bytes() == (tmp_path / "b.osm.pbf").read_bytes()


@pytest.mark.parametrize(
    "tags",
    [
        {"military": "barracks"},
        {"military": "danger_area"},
        {"access": "military"},
        {"landuse": "military"},
    ],
)
def test_a_road_that_is_itself_military_is_dropped(extract: Extract, tags: dict[str, str]) -> None:
    extract.way([(0, 0), (0, 1)], highway="residential", name="open")
    extract.way([(0, 1), (0, 2)], highway="service", name="shut", **tags)
    assert names(extract.write()) == ["open"]


@pytest.mark.parametrize("tags", [{"landuse": "military"}, {"military": "airfield"}])
def test_roads_into_a_military_area_are_dropped(extract: Extract, tags: dict[str, str]) -> None:
    extract.way(square(1, 1), **tags)
    extract.way([(0, 0), (0, 3)], highway="residential", name="past")
    extract.way([(0, 1.5), (1.5, 1.5)], highway="service", name="into")
    extract.way([(1.2, 1.2), (1.8, 1.8)], highway="service", name="inside")
    assert names(extract.write()) == ["past"]


def test_roads_into_a_military_area_of_a_relation_are_dropped(extract: Extract) -> None:
    outer = extract.way(square(1, 1))
    extract.relation(outer, landuse="military")
    extract.way([(0, 0), (0, 3)], highway="residential", name="past")
    extract.way([(1.2, 1.2), (1.8, 1.8)], highway="service", name="inside")
    assert names(extract.write()) == ["past"]


def test_only_roads_that_a_vehicle_may_drive_are_read(extract: Extract) -> None:
    extract.way([(0, 0), (0, 1)], highway="primary_link", name="link", maxspeed="60 km/h", name__en="Link")
    extract.way([(0, 1), (0, 2)], highway="residential", name="back", oneway="-1", maxspeed="walk")
    extract.way([(0, 2), (0, 3)], highway="footway", name="path")
    extract.way([(0, 3), (0, 4)], highway="construction", name="later")
    extract.way([(0, 4), (0, 5)], highway="service", name="closed", motor_vehicle="no")
    extract.way([(1, 1), (2, 2)], waterway="river", name="river")
    network = read_pbf(extract.write())
    link, back = network.ways
    assert (link.highway, link.limit_kmh, link.name_en) == ("primary", 60, "Link")
    assert (back.one_way, back.limit_kmh, back.nodes) == (True, None, (2, 1))


def test_a_file_that_is_no_map_is_told_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"this is not a map")
    with pytest.raises(Invalid, match=r"broken\.osm\.pbf: cannot be read as OpenStreetMap PBF"):
        read_pbf(broken)
    with pytest.raises(Invalid, match="there is no such file"):
        read_pbf(tmp_path / "missing.osm.pbf")
    # nor are the generated roads of an earlier build taken in its place
    build_city(read_pack(TINY), tmp_path / "data")
    with pytest.raises(Invalid, match=r"missing\.osm\.pbf: there is no such file"):
        build_city(read_pack(TINY), tmp_path / "data", roads=tmp_path / "missing.osm.pbf")


def test_a_stop_that_the_others_cannot_reach_is_told_by_name(tmp_path: Path) -> None:
    city = build_city(read_pack(TINY), tmp_path)
    (town,) = city.towns
    check_stops([town], city.tiles)
    lost = msgspec.structs.replace(town.places[4], lat=town.places[4].lat + 0.5)
    broken = msgspec.structs.replace(town, places=(*town.places[:4], lost, *town.places[5:]))
    with pytest.raises(Invalid, match=f"no way between {lost.place_id} and the other stops of AA"):
        check_stops([broken], city.tiles)


def test_the_roads_of_the_last_load_are_the_ones_that_are_driven(tmp_path: Path) -> None:
    pack = read_pack(TINY)
    generated = build_city(pack, tmp_path).tiles
    write_pbf([build_town(pack, pack.towns[0]).network], tmp_path / "real.osm.pbf")
    imported = build_city(pack, tmp_path, roads=tmp_path / "real.osm.pbf").tiles
    assert current_tiles(tmp_path) == imported != generated
    build_city(pack, tmp_path)
    assert current_tiles(tmp_path) == generated


def test_places_are_laid_out_on_imported_roads_and_reach_each_other(tmp_path: Path) -> None:
    pack = read_pack(TINY)
    write_pbf([build_town(pack, pack.towns[0]).network], tmp_path / "real.osm.pbf")
    city = build_city(pack, tmp_path, roads=tmp_path / "real.osm.pbf")
    (town,) = city.towns
    assert len([ground for ground in town.grounds if ground.kind == "compound"]) == 3
    stops = [GeoPoint(place.lat, place.lng) for place in town.places]
    matrix = Router(city.tiles).matrix(stops, stops)
    assert all(seconds is not None for row in matrix.duration_s for seconds in row)
    assert (city.folder / REACHED).is_file(), "the load itself has asked the router"


def test_imported_roads_that_miss_the_town_are_refused(extract: Extract, tmp_path: Path) -> None:
    extract.way([(50, 50), (50, 51)], highway="residential", name="elsewhere")
    with pytest.raises(Invalid, match="the imported roads do not reach AA"):
        build_city(read_pack(TINY), tmp_path / "data", roads=extract.write())


def test_a_city_is_built_once_until_its_input_changes(tmp_path: Path) -> None:
    pack, said = read_pack(TINY), []
    first = build_city(pack, tmp_path, progress=lambda what, done, of: said.append((what, done, of)))
    again = build_city(pack, tmp_path)
    assert (first.is_fresh, again.is_fresh) == (True, False)
    assert first.towns == again.towns
    assert said == [("甲镇 Alphaville", 0, 3), ("OpenStreetMap PBF", 1, 3), ("Valhalla", 2, 3), ("", 3, 3)]


def test_the_web_gets_borders_roads_and_configuration(tmp_path: Path) -> None:
    files = CityFiles.open(TINY, tmp_path)
    assert CityFiles.open(TINY, tmp_path).roads("AA") == files.roads("AA")
    assert b'"LineString"' in files.roads("AA")
    assert b'"kind":"compound"' in files.grounds("AA")
    assert b'"code":"AA"' in files.districts()
    assert files.config()["towns"][0]["nameEn"] == "Alphaville"
    assert files.config()["approvalNumber"] == ""
    with pytest.raises(NotFound):
        files.roads("ZZ")


@pytest.mark.thorough
def test_every_stop_of_ordos_reaches_every_other_in_its_town(tmp_path: Path) -> None:
    city = build_city(read_pack("ordos"), tmp_path)
    router = Router(city.tiles)
    for town in city.towns:
        stops = [GeoPoint(place.lat, place.lng) for place in town.places]
        assert len(stops) >= 100
        matrix = router.matrix(stops, stops)
        assert all(seconds is not None for row in matrix.duration_s for seconds in row)
