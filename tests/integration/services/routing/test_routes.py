"""Routes over real tiles of a small town."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import Conflict, Unavailable
from geofences import shapes
from geofences.geo import covers, distance_m
from services.routing.engine import RouteEngine, Router
from services.routing.limits import SlowZone, SlowZones, drive_s
from services.routing.polyline import decode, metres_along
from services.routing.route import GeoPoint, Route, Vehicle, vehicle_of
from services.routing.tiles import cached_tiles, current_tiles
from steppe.city.build import CityBuild

ROOT = Path(__file__).parents[4]

NOWHERE = GeoPoint(40.03, 110.045)
"""In the district, two kilometres from the nearest street."""


def far_apart(stops: Sequence[GeoPoint]) -> tuple[GeoPoint, GeoPoint]:
    return max(
        ((a, b) for a in stops for b in stops),
        key=lambda pair: distance_m(pair[0].lat, pair[0].lng, pair[1].lat, pair[1].lng),
    )


def assert_whole(route: Route) -> None:
    points = decode(route.polyline6)
    assert route.length_m == pytest.approx(metres_along(points)[-1], abs=0.01)
    assert route.limits[0].from_m == 0
    assert route.limits[-1].to_m == pytest.approx(route.length_m)
    for before, after in zip(route.limits, route.limits[1:], strict=False):
        assert before.to_m == after.from_m
        assert before.speed_mps != after.speed_mps


def test_every_stop_routes_to_every_other(router: Router, stops: list[GeoPoint]) -> None:
    matrix = router.matrix(stops, stops)
    assert all(seconds is not None for row in matrix.duration_s for seconds in row)
    assert all(metres is not None for row in matrix.length_m for metres in row)


def test_legs_lead_through_the_stops_in_order(router: Router, stops: list[GeoPoint]) -> None:
    there, back = router.legs([stops[0], stops[7], stops[0]])
    for leg, start, end in ((there, stops[0], stops[7]), (back, stops[7], stops[0])):
        assert_whole(leg)
        points = decode(leg.polyline6)
        assert distance_m(*points[0], start.lat, start.lng) < 10
        assert distance_m(*points[-1], end.lat, end.lng) < 10


def test_no_stretch_is_faster_than_the_road_or_the_vehicle(router: Router, stops: list[GeoPoint]) -> None:
    (route,) = router.legs(far_apart(stops), vehicle=Vehicle(top_speed_kmh=20))
    speeds = {round(span.speed_mps * 3.6) for span in route.limits}
    assert speeds <= {15, 20}
    assert route.duration_s >= drive_s(route.limits) * 0.98


def test_speeds_are_asked_for_in_whole_km_h_that_a_vehicle_keeps_and_valhalla_takes() -> None:
    asked = [vehicle_of(kmh / 3.6).top_speed_kmh for kmh in (15, 20, 25, 22.9, 3, 120)]
    assert asked == [15, 20, 25, 22, 10, 60]
    assert vehicle_of(None) == Vehicle()


def test_a_faster_vehicle_arrives_sooner(router: Router, stops: list[GeoPoint]) -> None:
    ends = far_apart(stops)
    slow, fast = (router.legs(ends, vehicle=Vehicle(top_speed_kmh=kmh))[0].duration_s for kmh in (15, 40))
    assert fast < slow * 0.75


def test_a_slow_zone_on_the_way_is_in_the_limits_and_in_the_time(
    tiny_city: CityBuild, router: Router, stops: list[GeoPoint]
) -> None:
    ends = far_apart(stops)
    (plain,) = router.legs(ends)
    middle = decode(plain.polyline6)[len(decode(plain.polyline6)) // 2]
    zone = SlowZone(area=shapes.circle(*middle, 60.0), speed_mps=2.0)
    (slowed,) = Router(tiny_city.tiles, [zone]).legs(ends)
    assert_whole(slowed)
    assert min(span.speed_mps for span in slowed.limits) == 2.0
    assert slowed.duration_s > plain.duration_s + 10


def test_a_closed_area_is_driven_around(router: Router, stops: list[GeoPoint]) -> None:
    ends = far_apart(stops)
    (plain,) = router.legs(ends)
    points = decode(plain.polyline6)
    closed = shapes.circle(*points[len(points) // 2], 40.0)
    (around,) = router.legs(ends, closed=[closed])
    lat, lng = zip(*decode(around.polyline6), strict=True)
    assert not covers(shapes.to_geos(closed), lat, lng).any()
    assert around.polyline6 != plain.polyline6


def test_a_leg_is_remembered_until_another_area_is_closed_or_slow(
    tiny_city: CityBuild, stops: list[GeoPoint]
) -> None:
    router, ends = Router(tiny_city.tiles), far_apart(stops)
    (first,) = router.legs(ends)
    assert router.legs(ends)[0] is first
    assert router.legs(ends, vehicle=Vehicle(top_speed_kmh=15))[0].duration_s > first.duration_s
    points = decode(first.polyline6)
    middle = points[len(points) // 2]
    closed = [shapes.circle(*middle, 40.0)]
    (around,) = router.legs(ends, closed=closed)
    assert around.polyline6 != first.polyline6
    assert router.legs(ends, closed=list(closed))[0] is around
    router.use_slow_zones(SlowZones([SlowZone(area=shapes.circle(*middle, 60.0), speed_mps=2.0)]))
    assert min(span.speed_mps for span in router.legs(ends)[0].limits) == 2.0


def test_a_place_far_from_any_road_is_named(router: Router, stops: list[GeoPoint]) -> None:
    with pytest.raises(Conflict, match="no road is near") as raised:
        router.legs([stops[0], NOWHERE])
    assert raised.value.code == "route-not-found"
    assert raised.value.fields == {
        "reason": "no road is near",
        "lat": NOWHERE.lat,
        "lng": NOWHERE.lng,
        "place": 1,
    }


def test_a_place_that_no_road_leads_to_is_named(router: Router, stops: list[GeoPoint]) -> None:
    start, end = far_apart(stops)
    with pytest.raises(Conflict, match="no road leads there") as raised:
        router.legs([start, end], closed=[shapes.circle(end.lat, end.lng, 80.0)])
    assert raised.value.fields["to_place"] == 1


def test_from_a_place_to_itself_is_a_route_of_no_length(router: Router, stops: list[GeoPoint]) -> None:
    (route,) = router.legs([stops[0], stops[0]])
    assert (route.length_m, route.limits) == (0.0, ())


def test_nothing_asked_is_nothing_answered(router: Router, stops: list[GeoPoint]) -> None:
    assert router.legs(stops[:1]) == ()
    assert router.matrix([], stops).duration_s == ()


def test_a_place_snaps_to_the_nearest_road(router: Router, stops: list[GeoPoint]) -> None:
    snapped = router.snap(stops[0])
    assert snapped.distance_m < 10
    assert snapped.road.startswith("示例")
    with pytest.raises(Conflict, match="no road is near"):
        router.snap(NOWHERE)


def test_a_folder_without_tiles_says_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="steppe city load"):
        current_tiles(tmp_path)


def test_tiles_are_built_once_per_roads(tiny_city: CityBuild, data_dir: Path) -> None:
    said: list[str] = []
    again = cached_tiles(tiny_city.folder / "roads.osm.pbf", data_dir, said.append)
    assert (again, said) == (tiny_city.tiles, [])
    assert current_tiles(data_dir) == tiny_city.tiles


def test_a_router_leaves_no_file_behind(tiny_city: CityBuild, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from services.routing.engine import Router"
    words = [sys.executable, "-c", f"{program}; Router(Path(sys.argv[1]))", str(tiny_city.tiles)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run(words, env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_roads_that_cannot_be_read_give_the_builders_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"this is not a map")
    with pytest.raises(Unavailable, match=r"could not be built from broken\.osm\.pbf") as raised:
        cached_tiles(broken, tmp_path)
    assert raised.value.code == "routing-unavailable"
    assert not list((tmp_path / "routing").glob("tiles-*/done"))


async def test_the_engine_answers_off_the_loop(engine: RouteEngine, stops: list[GeoPoint]) -> None:
    (route,) = await engine.legs(far_apart(stops))
    assert_whole(route)
    assert (await engine.snap(stops[0])).distance_m < 10
    engine.use_slow_zones([SlowZone(area=shapes.circle(40.0, 110.0, 3000.0), speed_mps=1.5)])
    (slowed,) = await engine.legs(far_apart(stops))
    assert [span.speed_mps for span in slowed.limits] == [1.5]


def test_a_city_may_have_many_closed_areas(router: Router, stops: list[GeoPoint]) -> None:
    ends = far_apart(stops)
    many = [shapes.circle(40.1 + step / 100, 110.0, 400.0) for step in range(60)]
    assert router.legs(ends, closed=many) == router.legs(ends)
