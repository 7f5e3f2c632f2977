"""Skipping calm vehicles changes nothing: events, rules and alarms are those of looking up every point."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.clock import ms_of_moment
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from fleet.telemetry.roster import Roster, RosterRow
from fleet.telemetry.steps.fences import FenceStep
from fleet.telemetry.tick import Tick
from geofences.fences import FenceHours, FenceKind, FenceRules, HourSpan
from geofences.index import FenceIndex
from tests.fences import KANGBASHI, a_fence, a_square

BEGIN = datetime(2026, 6, 1, 3, 58, tzinfo=UTC)
NOON = FenceHours(spans=(HourSpan(start_minute=720, end_minute=780),))
VEHICLES = 60
SECONDS = 240


class Restless(FenceStep):
    """Looks up every point, as if nobody were ever calm."""

    def _is_still_there(
        self, tick: Tick, slots: Any, lat: Any, lng: Any, measured_ms: Any
    ) -> NDArray[np.bool_]:
        return np.zeros(len(slots), np.bool_)


def _roster() -> Roster:
    roster = Roster()
    roster.put([_row(number) for number in range(1, VEHICLES + 1)])
    return roster


def _row(number: int, service: ServiceKind = ServiceKind.DELIVERY) -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number),
        maker=MakerId("m"),
        operator=OperatorId("o"),
        district=DistrictCode("KB"),
        service=service,
    )


def _fences() -> list[Any]:
    random = np.random.default_rng(5)
    found = [a_fence("area", a_square(420.0), kind=FenceKind.OPERATING_AREA)]
    for number in range(24):
        half, east, north = random.uniform(4, 60), *random.uniform(-420, 420, 2)
        kind = (FenceKind.NO_GO, FenceKind.SLOW_ZONE, FenceKind.KEEP_CLEAR)[number % 3]
        rules = FenceRules(speed_limit_mps=2.0) if kind is FenceKind.SLOW_ZONE else FenceRules()
        found.append(
            a_fence(
                f"f{number}",
                a_square(half, east, north),
                kind=kind,
                rules=rules,
                hours=NOON if number % 4 == 0 else None,
            )
        )
    return found


class Walk:
    """Vehicles that wander; some frames come twice, in pairs, or not at all."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(11)
        self.east, self.north = self.random.uniform(-450, 450, (2, VEHICLES))
        self.heading = self.random.uniform(0, 2 * np.pi, VEHICLES)
        self.pending: list[NDArray[Any]] = []

    def second(self, at: datetime, second: int) -> list[Entry]:
        self.heading += self.random.normal(size=VEHICLES) * 0.3
        speed = np.where(np.arange(VEHICLES) % 7 == 0, 0.0, 3.0)
        self.east += np.sin(self.heading) * speed
        self.north += np.cos(self.heading) * speed
        places = np.array([KANGBASHI.lat_lng(e, n) for e, n in zip(self.east, self.north, strict=True)])
        records = np.zeros(VEHICLES, STREAM_POSITION)
        records["vehicle_no"] = np.arange(1, VEHICLES + 1)
        records["seq"] = second + 1
        records["lat_e7"], records["lng_e7"] = np.rint(places.T * 1e7)
        records["measured_ms"] = ms_of_moment(at) - 100
        records["speed_cm_s"] = speed * 100
        records["battery_200"], records["accuracy_dm"] = 150, 8
        held = self.random.random(VEHICLES) < 0.1
        self.pending.append(records[~held])
        late, self.pending = self.pending, [records[held]]
        status = np.zeros(0, STREAM_STATUS)
        return [Entry(ms_of_moment(at), part, status) for part in late if len(part)]


def _said(pipeline: Pipeline, *, change: bool) -> list[Any]:
    pipeline.swap(FenceIndex.build(_fences(), set_version=1))
    walk, said = Walk(), []
    for second in range(SECONDS):
        at = BEGIN + timedelta(seconds=second)
        if change and second == 80:
            pipeline.roster.put([_row(number, ServiceKind.SWEEPING) for number in range(1, 20)])
        if change and second == 160:
            more = [*_fences()[3:], a_fence("late", a_square(200.0), kind=FenceKind.NO_GO)]
            pipeline.swap(FenceIndex.build(more, set_version=2, known=pipeline.index))
        tick = pipeline.process(walk.second(at, second), at=at, is_silence_due=True)
        said += [msgspec.to_builtins(event) for event in tick.events.each()]
        said += [msgspec.to_builtins(signal) for signal in tick.signals]
        assert tick.rules is not None
        said.append([column.tolist() for column in tick.rules])
        said.append(tick.live.state[tick.heard].tolist())
    return said


@pytest.mark.parametrize("change", [False, True], ids=["nothing changes", "roster and fences change"])
def test_calm_vehicles_are_judged_as_if_every_point_were_looked_up(*, change: bool) -> None:
    calm, restless = Pipeline(_roster()), Pipeline(_roster())
    step = Restless(restless.index, restless.roster.size)
    restless.steps = (step, *restless.steps[1:])
    restless.fences = step
    assert _said(calm, change=change) == _said(restless, change=change)


def test_most_points_of_slow_vehicles_are_not_looked_up() -> None:
    pipeline = Pipeline(_roster())
    pipeline.swap(FenceIndex.build(_fences(), set_version=1))
    walk, looked_up, heard = Walk(), 0, 0
    for second in range(60):
        at = BEGIN + timedelta(seconds=second)
        tick = pipeline.process(walk.second(at, second), at=at)
        looked_up += len(tick.looked_up)
        heard += len(tick.positions)
    assert looked_up < heard * 0.3
