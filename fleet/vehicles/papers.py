"""Permit and insurance: the papers without which a vehicle may not work."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

import msgspec

from core.ids import FenceId, VehicleNo
from core.kinds import ServiceKind
from fleet.weather.conditions import Weather, WeatherLimits, broken_limits


class PermitStage(StrEnum):
    """The three stages of permission of the plan."""

    ROAD_TEST = "road_test"
    DEMONSTRATION = "demonstration"
    COMMERCIAL_PILOT = "commercial_pilot"


class RoadClass(StrEnum):
    """Where a permit lets a vehicle drive (standards.md 4.7)."""

    MOTOR = "motor"
    NON_MOTOR = "non_motor"
    PARK = "park"


class TimeWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the week in the city's own time; a window that ends before it starts passes midnight."""

    weekdays: frozenset[int] = frozenset(range(7))
    """0 is Monday. A window past midnight belongs to the day it starts on."""
    starts: time
    ends: time
    """Not included; equal to ``starts`` means the whole day."""

    def left(self, local: datetime) -> timedelta | None:
        """Return how long the window goes on from a local time inside it, None for one that never ends."""
        if self.starts == self.ends:
            if len(self.weekdays) == len(range(7)):
                return None
            return timedelta(days=1) - (local - local.replace(hour=0, minute=0, second=0, microsecond=0))
        end = local.replace(
            hour=self.ends.hour, minute=self.ends.minute, second=self.ends.second, microsecond=0
        )
        return (end if end > local else end + timedelta(days=1)) - local

    def holds(self, local: datetime) -> bool:
        """Return whether the local time lies inside the window."""
        day, moment = local.weekday(), local.time().replace(tzinfo=None)
        if self.starts == self.ends:
            return day in self.weekdays
        if self.starts < self.ends:
            return day in self.weekdays and self.starts <= moment < self.ends
        return (day in self.weekdays and moment >= self.starts) or (
            (day - 1) % 7 in self.weekdays and moment < self.ends
        )


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of permission (通知书) for one vehicle."""

    permit_no: str
    vehicle_no: VehicleNo
    stage: PermitStage
    services: frozenset[ServiceKind]
    areas: frozenset[FenceId]
    """Surveyed operating areas; never district polygons. Empty permits nowhere."""
    windows: tuple[TimeWindow, ...] = ()
    """Empty permits at any hour."""
    weather: WeatherLimits = WeatherLimits()
    speed_limit_mps: float
    road_classes: frozenset[RoadClass] = frozenset({RoadClass.NON_MOTOR, RoadClass.PARK})
    hardware_model: str | None = None
    software_version: str | None = None
    """None: the permit names no version, so any is accepted."""
    valid_from: datetime
    valid_to: datetime
    version: int = 1


class Insurance(msgspec.Struct, frozen=True, kw_only=True):
    """One liability policy of one vehicle."""

    policy_no: str
    vehicle_no: VehicleNo
    insurer: str
    liability_amount_fen: int
    """At least 5,000,000 CNY (工信部联通装〔2021〕97号, standards.md 4.1); the floor is policy data."""
    valid_from: datetime
    valid_to: datetime
    version: int = 1


LEAST_LIABILITY_FEN = 500_000_000
"""5,000,000 CNY, the default floor (standards.md 4.7)."""


def permitted_speed_mps(permits: Iterable[Permit], at: datetime) -> float | None:
    """Return the lowest speed that the permits valid at a time allow, None without any."""
    return min((permit.speed_limit_mps for permit in permits if is_current(permit, at)), default=None)


def permitted_areas(permits: Iterable[Permit], at: datetime) -> frozenset[FenceId]:
    """Return the operating areas that the permits valid at a time name together."""
    return frozenset(area for permit in permits if is_current(permit, at) for area in permit.areas)


def hours_left_s(permits: Iterable[Permit], at: datetime, zone: tzinfo) -> float | None:
    """Return for how many seconds the permits valid at a time let a vehicle drive on; None without an end.

    The permit that lets it drive longest decides; outside of all hours it is 0.
    """
    local = at.astimezone(zone)
    longest = 0.0
    for permit in permits:
        if not is_current(permit, at):
            continue
        open_now = [window.left(local) for window in permit.windows if window.holds(local)]
        if not permit.windows or None in open_now:
            return None
        longest = max([longest, *(left.total_seconds() for left in open_now if left is not None)])
    return longest


def is_current(paper: Permit | Insurance, at: datetime) -> bool:
    """Return whether the paper is valid at a time; its last moment is not included."""
    return paper.valid_from <= at < paper.valid_to


def permit_limits_broken(
    permit: Permit,
    *,
    service: ServiceKind,
    areas: Iterable[FenceId] | None,
    weather: Weather,
    at: datetime,
    zone: tzinfo,
) -> tuple[str, ...]:
    """Return which limits a job at this time would break: ``service``, ``area``, ``time``, ``weather``.

    areas: every operating area the job needs; None when the job is not known yet, which breaks nothing. A job
    outside every operating area gives an empty collection, which breaks ``area``.
    """
    broken = []
    if service not in permit.services:
        broken.append("service")
    needed = None if areas is None else frozenset(areas)
    if not permit.areas or (needed is not None and (not needed or not needed <= permit.areas)):
        broken.append("area")
    local = at.astimezone(zone)
    if permit.windows and not any(window.holds(local) for window in permit.windows):
        broken.append("time")
    if broken_limits(permit.weather, weather):
        broken.append("weather")
    return tuple(broken)
