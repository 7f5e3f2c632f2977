"""Dispatchable, or every reason why not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.ids import DeviceId, DistrictCode, FenceId, MakerId, OperatorId, VehicleCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.codes import CodeRecord, CodeStatus
from fleet.vehicles.dispatchable import DispatchContext, Reason, ReasonCode, dispatchable
from fleet.vehicles.inspections import InspectionDue, InspectionRule, inspection_due
from fleet.vehicles.kinds import Connection, ControlMode, Duty, Lifecycle
from fleet.vehicles.papers import Insurance, Permit, PermitStage
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.conditions import Broken, Quantity, RoadCondition, Weather, WeatherLimits
from fleet.weather.recall import Recall

AT = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
YEAR = timedelta(days=365)

VEHICLE = Vehicle(
    vehicle_no=VehicleNo(7),
    code=VehicleCode("EDS-KB-D-0007-X"),
    service=ServiceKind.DELIVERY,
    district=DistrictCode("KB"),
    operator=OperatorId("chewang"),
    maker=MakerId("maker-a"),
    device_id=DeviceId("device-7"),
    maker_serial="A-7",
    hardware_model="LD-2",
    software_version="1.4",
    partition=7,
    lifecycle=Lifecycle.IN_SERVICE,
    link_loss_wanted=1,
    link_loss_held=1,
    registered_at=AT - YEAR,
    changed_at=AT - YEAR,
)
CODE = CodeRecord(
    code=VehicleCode("EDS-KB-D-0007-X"),
    vehicle_no=VehicleNo(7),
    district=DistrictCode("KB"),
    service="delivery",
    serial=7,
    status=CodeStatus.ISSUED,
    changed_at=AT - YEAR,
)
PERMIT = Permit(
    permit_no="P-7",
    vehicle_no=VehicleNo(7),
    stage=PermitStage.DEMONSTRATION,
    services=frozenset({ServiceKind.DELIVERY}),
    areas=frozenset({FenceId("area-kb")}),
    weather=WeatherLimits(lowest_air_c=-25),
    speed_limit_mps=15 / 3.6,
    hardware_model="LD-2",
    software_version="1.4",
    valid_from=AT - YEAR,
    valid_to=AT + YEAR,
)
INSURANCE = Insurance(
    policy_no="I-7",
    vehicle_no=VehicleNo(7),
    insurer="PICC",
    liability_amount_fen=500_000_000,
    valid_from=AT - YEAR,
    valid_to=AT + YEAR,
)
CONTEXT = DispatchContext(
    code=CODE,
    permits=(PERMIT,),
    insurances=(INSURANCE,),
    connection=Connection.ONLINE,
    control_mode=ControlMode.AUTONOMOUS,
    battery_ratio=0.8,
    battery_needed_ratio=0.3,
    fence_set_held=4,
    fence_set_current=4,
    areas=frozenset({FenceId("area-kb")}),
    zone=ZoneInfo("Asia/Shanghai"),
    operators_with_room=1,
)


RECALL = Recall(
    recall_id="r-1",
    district=DistrictCode("KB"),
    service=ServiceKind.DELIVERY,
    causes=(Broken(quantity=Quantity.WIND, value="17", limit="≤ 12"),),
    started_at=AT,
)


def reasons(
    vehicle: dict[str, object] | None = None, context: dict[str, object] | None = None
) -> tuple[Reason, ...]:
    return dispatchable(
        msgspec.structs.replace(VEHICLE, **(vehicle or {})),
        msgspec.structs.replace(CONTEXT, **(context or {})),
        AT,
    )


def test_a_vehicle_with_its_papers_its_link_and_its_people_may_work() -> None:
    assert reasons() == ()


OLD_PERMIT = msgspec.structs.replace(PERMIT, valid_to=AT)
OLD_INSURANCE = msgspec.structs.replace(INSURANCE, valid_to=AT)
LOW_INSURANCE = msgspec.structs.replace(INSURANCE, liability_amount_fen=499_999_999)


@pytest.mark.parametrize(
    ("vehicle", "context", "expected"),
    [
        ({"lifecycle": Lifecycle.SUSPENDED}, {}, ReasonCode.NOT_IN_SERVICE),
        ({"duty": Duty.FAULT}, {}, ReasonCode.FAULT),
        ({"is_held_by_stop": True}, {}, ReasonCode.HELD_BY_STOP),
        ({"is_scene_held": True}, {}, ReasonCode.SCENE_HOLD),
        ({"open_safety_work_orders": 1}, {}, ReasonCode.SAFETY_WORK_ORDER),
        ({"software_version": "1.5"}, {}, ReasonCode.MODEL_NOT_PERMITTED),
        ({"hardware_model": "LD-3"}, {}, ReasonCode.MODEL_NOT_PERMITTED),
        ({"link_loss_held": 0}, {}, ReasonCode.LINK_LOSS_POLICY),
        ({"link_loss_wanted": 2}, {}, ReasonCode.LINK_LOSS_POLICY),
        ({}, {"code": None}, ReasonCode.NO_VALID_CODE),
        (
            {},
            {"code": msgspec.structs.replace(CODE, status=CodeStatus.SUSPENDED)},
            ReasonCode.NO_VALID_CODE,
        ),
        ({}, {"permits": ()}, ReasonCode.NO_PERMIT),
        ({}, {"permits": (OLD_PERMIT,)}, ReasonCode.PERMIT_EXPIRED),
        ({}, {"service": ServiceKind.VENDING}, ReasonCode.PERMIT_SERVICE),
        ({}, {"areas": frozenset({FenceId("area-ds")})}, ReasonCode.PERMIT_AREA),
        ({}, {"weather": Weather(air_c=-30)}, ReasonCode.PERMIT_WEATHER),
        (
            {},
            {
                "weather": Weather(wind_mps=12.5),
                "weather_limits": WeatherLimits(highest_wind_mps=12),
            },
            ReasonCode.WEATHER_LIMIT,
        ),
        (
            {},
            {
                "weather": Weather(road=RoadCondition.ICE),
                "weather_limits": WeatherLimits(refused_roads=frozenset({RoadCondition.ICE})),
            },
            ReasonCode.WEATHER_LIMIT,
        ),
        ({}, {"recall": RECALL}, ReasonCode.WEATHER_RECALL),
        ({}, {"insurances": ()}, ReasonCode.NO_INSURANCE),
        ({}, {"insurances": (OLD_INSURANCE,)}, ReasonCode.INSURANCE_EXPIRED),
        ({}, {"insurances": (LOW_INSURANCE,)}, ReasonCode.INSURANCE_TOO_LOW),
        ({}, {"connection": Connection.STALE}, ReasonCode.NOT_ONLINE),
        ({}, {"control_mode": ControlMode.REMOTE_ASSIST}, ReasonCode.NOT_AUTONOMOUS),
        ({}, {"battery_ratio": 0.29}, ReasonCode.BATTERY_TOO_LOW),
        ({}, {"battery_ratio": None}, ReasonCode.BATTERY_TOO_LOW),
        ({}, {"fence_set_held": 3}, ReasonCode.FENCES_OUT_OF_DATE),
        ({}, {"fence_set_held": None}, ReasonCode.FENCES_OUT_OF_DATE),
        ({}, {"inspection": InspectionDue(due_at=AT)}, ReasonCode.INSPECTION_OVERDUE),
        ({}, {"operators_with_room": 0}, ReasonCode.NO_OPERATOR_FREE),
    ],
)
def test_each_thing_that_is_missing_is_one_reason(
    vehicle: dict[str, object], context: dict[str, object], expected: ReasonCode
) -> None:
    assert [reason.code for reason in reasons(vehicle, context)] == [expected]


def test_all_reasons_are_told_at_once() -> None:
    found = reasons(
        {"lifecycle": Lifecycle.REGISTERED, "link_loss_held": 0},
        {
            "code": None,
            "permits": (),
            "insurances": (),
            "connection": Connection.OFFLINE,
            "control_mode": None,
            "battery_ratio": None,
            "fence_set_held": None,
            "operators_with_room": 0,
        },
    )
    assert len(found) == len({reason.code for reason in found}) == 10


def test_the_permit_that_breaks_least_decides_when_there_are_several() -> None:
    narrow = msgspec.structs.replace(PERMIT, permit_no="P-8", areas=frozenset({FenceId("area-ds")}))
    assert reasons(context={"permits": (narrow, OLD_PERMIT, PERMIT)}) == ()


def test_a_vehicle_that_an_operator_already_watches_needs_no_other_operator() -> None:
    assert reasons(context={"operators_with_room": 0, "is_bound": True}) == ()


def test_the_battery_reason_says_what_there_is_and_what_is_needed() -> None:
    assert reasons(context={"battery_ratio": 0.1}) == (
        Reason(code=ReasonCode.BATTERY_TOO_LOW, value="0.10", needed="0.30"),
    )


def test_a_software_change_may_be_allowed_by_policy() -> None:
    assert reasons({"software_version": "1.5"}, {"refuses_unpermitted_version": False}) == ()


def test_the_inspection_rule_that_names_most_of_a_vehicle_decides_when_it_is_due() -> None:
    rules = [
        InspectionRule(every_days=90),
        InspectionRule(operator=VEHICLE.operator, every_days=60),
        InspectionRule(hardware_model=VEHICLE.hardware_model, every_days=30),
        InspectionRule(operator="another", hardware_model=VEHICLE.hardware_model, every_days=1),
    ]
    due = [inspection_due(VEHICLE, AT, rules[:count]).due_at for count in range(5)]
    days = [None if moment is None else (moment - AT).days for moment in due]
    assert days == [None, 90, 60, 30, 30]
    assert inspection_due(VEHICLE, None, rules).due_at == VEHICLE.registered_at + timedelta(days=30)
