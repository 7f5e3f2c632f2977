"""Permits and insurance as the gate to work."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.ids import FenceId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.papers import (
    Permit,
    PermitStage,
    TimeWindow,
    hours_left_s,
    is_current,
    permit_limits_broken,
)
from fleet.weather.conditions import Weather, WeatherLimits

CITY = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
"""Wednesday 12:00 in the city."""


def a_permit(**changes: object) -> Permit:
    values: dict[str, object] = {
        "permit_no": "EDS-2026-1",
        "vehicle_no": VehicleNo(1),
        "stage": PermitStage.DEMONSTRATION,
        "services": frozenset({ServiceKind.DELIVERY}),
        "areas": frozenset({FenceId("area-1")}),
        "speed_limit_mps": 15 / 3.6,
        "valid_from": NOON - timedelta(days=1),
        "valid_to": NOON + timedelta(days=1),
    }
    return Permit(**{**values, **changes})  # type: ignore[arg-type]


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, day, hour, minute, tzinfo=CITY)


def broken(permit: Permit, **changes: object) -> tuple[str, ...]:
    values: dict[str, object] = {
        "service": ServiceKind.DELIVERY,
        "areas": {FenceId("area-1")},
        "weather": Weather(),
        "at": NOON,
        "zone": CITY,
    }
    return permit_limits_broken(permit, **{**values, **changes})  # type: ignore[arg-type]


def test_a_job_inside_every_limit_breaks_none() -> None:
    assert broken(a_permit()) == ()


def test_the_last_moment_of_a_paper_is_not_included() -> None:
    permit = a_permit()
    assert is_current(permit, permit.valid_from)
    assert not is_current(permit, permit.valid_to)


def test_a_job_outside_is_told_by_every_limit_it_breaks() -> None:
    permit = a_permit(
        windows=(TimeWindow(starts=time(6), ends=time(8)),), weather=WeatherLimits(lowest_air_c=-20)
    )
    assert broken(
        permit, service=ServiceKind.PATROL, areas={FenceId("area-2")}, weather=Weather(air_c=-25)
    ) == ("service", "area", "time", "weather")


def test_a_job_that_is_not_known_yet_breaks_no_area_but_a_job_outside_all_areas_does() -> None:
    assert broken(a_permit(), areas=None) == ()
    assert broken(a_permit(), areas=()) == ("area",)
    assert broken(a_permit(areas=frozenset()), areas=None) == ("area",)


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        (TimeWindow(starts=time(6), ends=time(22)), local(1, 6), True),
        (TimeWindow(starts=time(6), ends=time(22)), local(1, 22), False),
        (TimeWindow(starts=time(22), ends=time(5)), local(1, 23), True),
        (TimeWindow(starts=time(22), ends=time(5)), local(2, 4, 59), True),
        (TimeWindow(starts=time(22), ends=time(5)), local(2, 5), False),
        (
            TimeWindow(starts=time(22), ends=time(5), weekdays=frozenset({2})),
            local(2, 1),
            True,
        ),
        (
            TimeWindow(starts=time(22), ends=time(5), weekdays=frozenset({3})),
            local(2, 1),
            False,
        ),
        (TimeWindow(starts=time(0), ends=time(0)), local(1, 13), True),
        (
            TimeWindow(starts=time(0), ends=time(0), weekdays=frozenset({6})),
            local(1, 13),
            False,
        ),
    ],
)
def test_a_window_of_hours_passes_midnight_on_the_day_it_starts(
    window: TimeWindow, moment: datetime, expected: bool
) -> None:
    assert window.holds(moment) is expected


def test_hours_are_the_citys_own() -> None:
    permit = a_permit(windows=(TimeWindow(starts=time(11), ends=time(13)),))
    assert broken(permit) == ()
    assert broken(permit, zone=UTC) == ("time",)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ((), None),
        ((TimeWindow(starts=time(0), ends=time(0)),), None),
        ((TimeWindow(starts=time(6), ends=time(13, 30)),), 5_400.0),
        ((TimeWindow(starts=time(6), ends=time(13)), TimeWindow(starts=time(8), ends=time(14))), 7_200.0),
        ((TimeWindow(starts=time(10), ends=time(2)),), 14 * 3_600.0),
        ((TimeWindow(starts=time(0), ends=time(0), weekdays=frozenset({2})),), 12 * 3_600.0),
        ((TimeWindow(starts=time(14), ends=time(15)),), 0.0),
    ],
)
def test_how_long_a_vehicle_may_still_drive_today(
    windows: tuple[TimeWindow, ...], expected: float | None
) -> None:
    assert hours_left_s([a_permit(windows=windows)], NOON, CITY) == expected
    expired = a_permit(windows=windows, valid_to=NOON)
    assert hours_left_s([expired], NOON, CITY) == 0.0
