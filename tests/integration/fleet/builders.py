"""Vehicles, principals and papers for tests that need them in a real database."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.database import Database, Transaction
from core.ids import DeviceId, DistrictCode, FenceId, MakerId, OperatorId, StaffId, VehicleNo
from core.inbox import InboxItem
from core.kinds import ServiceKind
from fleet.vehicles.codes import CodeLayout
from fleet.vehicles.issue_code import issue_code
from fleet.vehicles.kinds import Condition, Connection, ControlMode
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.papers import Insurance, Permit, PermitStage, TimeWindow
from fleet.vehicles.register_vehicle import (
    NewVehicle,
    grant_permit,
    insure_vehicle,
    put_in_service,
    register_vehicle,
)
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
CITY = ZoneInfo("Asia/Shanghai")
LAYOUT = CodeLayout(
    city="EDS",
    districts=frozenset({"KB", "DS", "DL", "ZG", "EQ", "ET", "HJ", "WS", "YJ"}),
    service_letters={"vending": "V", "delivery": "D", "sweeping": "S", "patrol": "P"},
)


def a_principal(role: Role = Role.DISPATCHER, **changes: Any) -> Principal:
    values: dict[str, Any] = {
        "kind": "staff",
        "id": StaffId("staff-1"),
        "name": "调度员一",
        "role": role,
        "expires_at": AT + timedelta(days=1),
    }
    return Principal(**{**values, **changes})


async def a_vehicle(
    tx: Transaction,
    number: int,
    *,
    district: str = "KB",
    operator: str = "op-a",
    maker: str = "maker-a",
    service: ServiceKind = ServiceKind.DELIVERY,
    link_loss_held: int = 1,
) -> Vehicle:
    """A registered vehicle that has said which link-loss policy it holds."""
    new = NewVehicle(
        vehicle_no=VehicleNo(number),
        service=service,
        district=DistrictCode(district),
        operator=OperatorId(operator),
        maker=MakerId(maker),
        device_id=DeviceId(f"device-{number}"),
        maker_serial=f"serial-{number}",
        hardware_model="LD-2",
        software_version="1.4",
    )
    vehicle = await register_vehicle(tx, None, new, partitions=32, at=AT)
    held = msgspec.structs.replace(vehicle, link_loss_held=link_loss_held, version=vehicle.version + 1)
    return await VehicleStore(tx).save(vehicle, held)


async def a_working_vehicle(tx: Transaction, number: int, **changes: Any) -> Vehicle:
    """A vehicle with permit, insurance and code, in service."""
    vehicle = await a_vehicle(tx, number, **changes)
    permit = Permit(
        permit_no=f"P-{number}",
        vehicle_no=vehicle.vehicle_no,
        stage=PermitStage.DEMONSTRATION,
        services=frozenset({vehicle.service}),
        areas=frozenset({FenceId("area-1")}),
        windows=(TimeWindow(starts=time(6), ends=time(22)),),
        speed_limit_mps=15 / 3.6,
        valid_from=AT - timedelta(days=30),
        valid_to=AT + timedelta(days=300),
    )
    policy = Insurance(
        policy_no=f"I-{number}",
        vehicle_no=vehicle.vehicle_no,
        insurer="示例财险",
        liability_amount_fen=500_000_000,
        valid_from=AT - timedelta(days=30),
        valid_to=AT + timedelta(days=300),
    )
    await grant_permit(tx, None, permit, EVERYTHING, at=AT)
    await insure_vehicle(tx, None, policy, EVERYTHING, at=AT)
    await issue_code(tx, None, LAYOUT, vehicle.vehicle_no, EVERYTHING, at=AT)
    return await put_in_service(tx, None, vehicle.vehicle_no, EVERYTHING, at=AT)


async def working_vehicles(database: Database, *numbers: int, **changes: Any) -> list[Vehicle]:
    async with database.write() as tx:
        return [await a_working_vehicle(tx, number, **changes) for number in numbers]


def heard(number: int, **changes: Any) -> LastHeard:
    values: dict[str, Any] = {
        "vehicle_no": VehicleNo(number),
        "lat": 39.6,
        "lng": 109.78,
        "measured_at": AT,
        "speed_mps": 0.0,
        "heading_deg": 90.0,
        "battery_ratio": 0.8,
        "control_mode": ControlMode.AUTONOMOUS,
        "connection": Connection.ONLINE,
        "condition": Condition.IDLE,
        "fence_set_version": 1,
    }
    return LastHeard(**{**values, **changes})


def a_report(number: int, kind: str, body: dict[str, Any], *, seq: int = 1, at: datetime = AT) -> InboxItem:
    return InboxItem(
        vehicle_no=VehicleNo(number),
        report_seq=seq,
        kind=kind,
        task_id=None,
        epoch=None,
        body=msgspec.json.encode(body),
        measured_at=at,
        received_at=at,
    )
