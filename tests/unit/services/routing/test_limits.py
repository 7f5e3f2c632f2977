"""Speed limits along a route."""

import pytest

from geofences import shapes
from services.routing.limits import SlowZone, SlowZones, drive_s, spans_of
from services.routing.route import SpeedSpan

NORTH = [(39.600, 109.78), (39.609, 109.78)]
"""One kilometre due north."""


def test_neighbouring_stretches_of_one_speed_are_one_span() -> None:
    assert spans_of([0, 10, 20, 20, 50], [5.0, 5.0, 3.0, 4.0]) == (
        SpeedSpan(0, 20, 5.0),
        SpeedSpan(20, 50, 4.0),
    )


def test_a_route_of_no_length_has_no_limits() -> None:
    assert spans_of([0.0, 0.0], [5.0]) == ()
    assert spans_of([], []) == ()


def test_a_slow_zone_cuts_the_span_it_lies_in() -> None:
    zone = SlowZone(area=shapes.rectangle(39.6045, 109.78, 200.0, 100.0), speed_mps=3.0)
    spans = SlowZones([zone]).applied_to(NORTH, (SpeedSpan(0.0, 1000.75, 5.5),))
    assert [span.speed_mps for span in spans] == [5.5, 3.0, 5.5]
    assert spans[1].from_m == pytest.approx(400, abs=2)
    assert spans[1].to_m == pytest.approx(600, abs=2)
    assert (spans[0].from_m, spans[-1].to_m) == (0.0, 1000.75)


def test_the_tighter_limit_wins_where_zones_overlap() -> None:
    wide = SlowZone(area=shapes.rectangle(39.6045, 109.78, 400.0, 100.0), speed_mps=4.0)
    tight = SlowZone(area=shapes.rectangle(39.6045, 109.78, 100.0, 100.0), speed_mps=2.0)
    spans = SlowZones([tight, wide]).applied_to(NORTH, (SpeedSpan(0.0, 1000.75, 5.5),))
    assert [span.speed_mps for span in spans] == [5.5, 4.0, 2.0, 4.0, 5.5]


def test_a_zone_beside_the_route_changes_nothing() -> None:
    zone = SlowZone(area=shapes.rectangle(39.6045, 109.80, 200.0, 100.0), speed_mps=3.0)
    spans = (SpeedSpan(0.0, 1000.75, 5.5),)
    assert SlowZones([zone]).applied_to(NORTH, spans) == spans


def test_the_time_to_drive_is_length_over_speed() -> None:
    assert drive_s([SpeedSpan(0, 100, 5.0), SpeedSpan(100, 130, 3.0)]) == pytest.approx(30.0)
