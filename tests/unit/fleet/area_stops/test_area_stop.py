"""Which vehicles a drawn area holds, and every step of an area stop."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.transitions import advance
from fleet.area_stops.area_stop import MARGIN_M, MOVES_ON_S, held_by_area
from fleet.area_stops.states import TERMINAL, TRANSITIONS, AreaStopEvent, AreaStopState
from fleet.telemetry.records import LIVE, Records
from geofences import geo, shapes

LAT, LNG, HALF_M = 39.6, 109.8, 200.0
SQUARE = shapes.to_geos(shapes.rectangle(LAT, LNG, 2 * HALF_M, 2 * HALF_M))
PLANE = geo.LocalPlane(LAT, LNG)


def at(east_m: float, north_m: float, speed_mps: float = 0.0) -> Records:
    record = np.zeros(1, LIVE)
    lat, lng = PLANE.lat_lng(east_m, north_m)
    record["vehicle_no"], record["speed_5"] = 7, round(speed_mps * 5)
    record["lat_e7"], record["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
    return record


@settings(max_examples=150, deadline=None)
@given(st.floats(-400, 400), st.floats(-400, 400), st.floats(0, 10))
def test_who_is_inside_or_could_be_when_the_stop_comes_is_held(
    east_m: float, north_m: float, speed_mps: float
) -> None:
    away_m = np.hypot(max(0.0, abs(east_m) - HALF_M), max(0.0, abs(north_m) - HALF_M))
    reach_m = MARGIN_M + round(speed_mps * 5) / 5 * MOVES_ON_S
    if abs(away_m - reach_m) < 1.0:
        return
    assert len(held_by_area(at(east_m, north_m, speed_mps), SQUARE)) == (away_m < reach_m)


def test_nobody_is_held_by_an_area_of_an_empty_city() -> None:
    assert len(held_by_area(np.zeros(0, LIVE), SQUARE)) == 0


@pytest.mark.parametrize(("state", "event"), list(itertools.product(AreaStopState, AreaStopEvent)))
def test_every_pair_leads_where_the_table_says_or_nowhere(state: AreaStopState, event: AreaStopEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert state not in TERMINAL
        assert advance(TRANSITIONS, state, event) in AreaStopState
    else:
        with pytest.raises(IllegalTransition):
            advance(TRANSITIONS, state, event)
