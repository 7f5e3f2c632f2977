"""Which alarms open which work, in which order a crew takes it, and what it spent. Pure."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.ids import AlarmId, DistrictCode, OperatorId, VehicleNo, WorkOrderId
from fleet.alarms.alarm import Alarm, AlarmRaised, clear, raise_alarm
from fleet.alarms.kinds import FOLLOWED, AlarmKind, Severity
from fleet.work_orders.crew_minutes import CrewTime, crew_minutes
from fleet.work_orders.kinds import OF_ALARM, WorkEvent, WorkKind, WorkState
from fleet.work_orders.work_order import WorkOrder, WorkStep, advance, is_open_about, opening_of, rank_jobs
from tests.integration.fleet.builders import AT


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def a_work_order(name: str = "w", **changes: Any) -> WorkOrder:
    values: dict[str, Any] = {
        "work_order_id": WorkOrderId(name),
        "vehicle_no": VehicleNo(1),
        "kind": WorkKind.RESCUE,
        "severity": Severity.MAJOR,
        "is_safety": True,
        "district": DistrictCode("KB"),
        "operator": OperatorId("op-a"),
        "cause": "tipped_over",
        "opened_at": AT,
        "changed_at": AT,
    }
    return WorkOrder(**{**values, **changes})


def an_alarm(kind: AlarmKind, **details: Any) -> Alarm:
    signal = AlarmRaised(vehicle_no=VehicleNo(1), kind=kind, at=AT, details=details)
    return raise_alarm(
        signal, alarm_id=AlarmId("a"), district=DistrictCode("KB"), operator=OperatorId("op-a")
    )


def step(event: WorkEvent, at: datetime) -> WorkStep:
    return WorkStep(event=event.value, by="s", by_name="s", role="crew", at=at)


def walked(order: WorkOrder, *steps: tuple[WorkEvent, float]) -> WorkOrder:
    for event, at in steps:
        order = advance(order, event, step(event, minute(at)))
    return order


@pytest.mark.parametrize(
    ("kind", "details", "wanted"),
    [
        (AlarmKind.VEHICLE_FAULT, {"fault_code": 3, "fatal": False}, None),
        (AlarmKind.VEHICLE_FAULT, {"fault_code": 3, "fatal": True}, WorkKind.REPAIR),
        (AlarmKind.VEHICLE_FAULT, {"fault_code": 101, "fatal": True}, WorkKind.RESCUE),
        (AlarmKind.SENSOR_BLOCKED, {}, WorkKind.CLEAN),
        (AlarmKind.NEEDS_PERSON, {}, WorkKind.RESCUE),
        (AlarmKind.OVERSPEED, {}, None),
    ],
)
def test_an_alarm_opens_the_work_that_it_asks_for(
    kind: AlarmKind, details: dict[str, Any], wanted: WorkKind | None
) -> None:
    opening = opening_of(an_alarm(kind, **details))
    assert (None if opening is None else opening.kind) is wanted


def test_every_alarm_that_opens_work_is_followed_up() -> None:
    assert OF_ALARM.keys() <= FOLLOWED


def test_what_a_person_must_look_at_stays_open_when_its_cause_goes_away() -> None:
    gone = {kind: clear(an_alarm(kind), at=minute(1)) for kind in OF_ALARM if kind != "vehicle_fault"}
    looked_at = {kind for kind, alarm in gone.items() if is_open_about(alarm)}
    assert looked_at == {
        AlarmKind.TIPPED_OVER,
        AlarmKind.COLLISION,
        AlarmKind.BATTERY_THERMAL,
        AlarmKind.DOOR_FORCED,
    }


def test_moments_belong_to_the_way_that_was_last_gone() -> None:
    back = walked(a_work_order(), (WorkEvent.ASSIGNED, 1), (WorkEvent.STARTED, 2), (WorkEvent.HANDED_BACK, 3))
    assert back.state is WorkState.OPEN
    assert (back.assignee, back.assigned_at, back.started_at) == (None, None, None)
    done = walked(
        back, (WorkEvent.ASSIGNED, 4), (WorkEvent.STARTED, 5), (WorkEvent.ARRIVED, 9), (WorkEvent.DONE, 20)
    )
    assert (done.started_at, done.arrived_at, done.ended_at) == (minute(5), minute(9), minute(20))
    assert (done.holds_vehicle, back.holds_vehicle, done.version) == (False, True, 8)


def test_jobs_are_ranked_by_what_is_under_way_then_severity_then_distance_then_age() -> None:
    here = (39.60, 109.80)
    orders = [
        a_work_order("far", severity=Severity.MAJOR, lat=39.70, lng=109.80),
        a_work_order("unknown", severity=Severity.MAJOR, opened_at=minute(-60)),
        a_work_order("near", severity=Severity.MAJOR, vehicle_no=VehicleNo(2), lat=39.70, lng=109.80),
        a_work_order("grave", severity=Severity.CRITICAL, lat=40.0, lng=109.80),
        a_work_order("mine", severity=Severity.INFO, state=WorkState.EN_ROUTE),
    ]
    ranked = rank_jobs(orders, {VehicleNo(2): (39.601, 109.80)}, here)
    assert [job.order.work_order_id for job in ranked] == ["mine", "grave", "near", "far", "unknown"]
    assert ranked[2].distance_m == pytest.approx(111.2, abs=0.1), "where it is now, not where it was"
    without_place = rank_jobs(orders, {}, None)
    assert [job.order.work_order_id for job in without_place] == ["mine", "grave", "unknown", "far", "near"]


def test_crew_minutes_are_split_at_the_bounds_and_neighbouring_spans_add_up() -> None:
    done = walked(
        a_work_order(),
        (WorkEvent.ASSIGNED, 0), (WorkEvent.STARTED, 10), (WorkEvent.ARRIVED, 30), (WorkEvent.DONE, 50),
    )  # fmt: skip
    running = walked(a_work_order("r", kind=WorkKind.CLEAN), (WorkEvent.ASSIGNED, 0), (WorkEvent.STARTED, 40))
    elsewhere = msgspec.structs.replace(done, vehicle_no=VehicleNo(2))
    never = walked(a_work_order("n"), (WorkEvent.CALLED_OFF, 5))
    orders = [done, running, elsewhere, never]
    whole = crew_minutes(orders, minute(0), minute(100), now=minute(60))
    assert whole[VehicleNo(1)] == CrewTime(
        travel_min=40, on_site_min=20, jobs=2, by_kind={WorkKind.RESCUE: 40, WorkKind.CLEAN: 20}
    )
    assert whole[VehicleNo(2)].total_min == 40
    parts = [crew_minutes(orders, minute(a), minute(b), now=minute(60)) for a, b in ((0, 25), (25, 100))]
    assert sum(part[VehicleNo(1)].total_min for part in parts) == whole[VehicleNo(1)].total_min
    assert crew_minutes(orders, minute(60), minute(90), now=minute(60)) == {}
