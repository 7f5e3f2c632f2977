"""What a path costs, and where a vehicle leaves it because a tank, the hopper or the battery runs out."""

import pytest

from geofences import geo, shapes
from services.dispatch.energy import RESERVE_RATIO
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment
from services.sweeping.estimate import Part, Supply, estimate, supply_stops
from services.sweeping.plan import plan_zone, point_at

SWEEPER = Equipment(
    width_m=2.0, sweep_mps=1.0, transit_mps=2.0, water_m2=1000.0, hopper_m2=1500.0, battery_km=10.0
)
SWEEP, MOVE = PieceKind.SWEEP, PieceKind.MOVE


def test_time_water_and_battery_follow_from_the_lengths() -> None:
    parts = [Part(SWEEP, False, 400.0), Part(MOVE, True, 100.0), Part(SWEEP, False, 100.0)]
    found = estimate(parts, SWEEPER, temperature_c=20.0, is_wet=True)
    assert (found.swept_m, found.moved_m) == (500.0, 100.0)
    assert found.duration_s == pytest.approx(500 / 1.0 + 100 / 2.0 + 2 * 1.5)
    assert found.water_tanks == pytest.approx(1.0)
    assert found.hoppers == pytest.approx(1000 / 1500)
    assert found.battery_ratio == pytest.approx((500 + 70) / 10_000)


def test_cold_costs_battery_and_dry_sweeping_costs_no_water() -> None:
    parts = [Part(SWEEP, False, 500.0)]
    warm = estimate(parts, SWEEPER, temperature_c=20.0, is_wet=True)
    cold = estimate(parts, SWEEPER, temperature_c=-15.0, is_wet=False)
    assert cold.battery_ratio == pytest.approx(1.55 * warm.battery_ratio)
    assert cold.water_tanks == 0.0


def test_the_vehicle_stops_for_water_where_its_tank_is_empty_and_for_the_hopper_where_that_is_full() -> None:
    stops = supply_stops([Part(SWEEP, False, 1200.0)], SWEEPER, temperature_c=20.0, is_wet=True)
    assert [(stop.piece, round(stop.along_m), stop.supplies) for stop in stops] == [
        (0, 500, (Supply.WATER,)),
        (0, 750, (Supply.DUMP,)),
        (0, 1000, (Supply.WATER,)),
    ]


def test_the_battery_is_charged_before_it_falls_to_the_reserve() -> None:
    dry = Equipment(width_m=2.0, water_m2=0.0, hopper_m2=1e6, battery_km=10.0)
    parts = [Part(SWEEP, False, 6000.0), Part(MOVE, False, 1000.0), Part(SWEEP, False, 6000.0)]
    stops = supply_stops(parts, dry, temperature_c=20.0, is_wet=True)
    assert [stop.supplies for stop in stops] == [(Supply.CHARGE,)]
    assert stops[0].battery_ratio == pytest.approx(RESERVE_RATIO)
    assert (stops[0].piece, round(stops[0].along_m)) == (2, 8800 - 6000 - 700)


def test_a_path_within_every_tank_has_no_stop() -> None:
    assert supply_stops([Part(SWEEP, False, 400.0)], SWEEPER, temperature_c=20.0, is_wet=True) == ()


def test_a_zone_on_the_earth_is_planned_where_it_lies() -> None:
    area = shapes.rectangle(39.6, 109.78, 60.0, 40.0, 30.0)
    plan = plan_zone(area, SWEEPER, temperature_c=-15.0)
    assert plan.zone_m2 == pytest.approx(2400, rel=0.01)
    assert plan.covered_m2 / plan.reachable_m2 > 0.99
    shape = shapes.to_geos(area)
    assert all(shape.covers(geo.point(lat, lng)) for p in plan.pieces for lat, lng in p.points)
    assert plan.estimate.swept_m == pytest.approx(sum(p.length_m for p in plan.pieces if p.kind is SWEEP))
    assert any(Supply.WATER in stop.supplies for stop in plan.stops)
    lat, lng = point_at(plan.pieces[plan.stops[0].piece], plan.stops[0].along_m)
    assert shape.covers(geo.point(lat, lng))
