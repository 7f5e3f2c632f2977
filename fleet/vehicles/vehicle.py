"""The vehicle as a fact: what people and papers say of it. Where it is belongs to telemetry."""

from datetime import datetime

import msgspec

from core.ids import DeviceId, DistrictCode, MakerId, OperatorId, VehicleCode, VehicleNo
from core.kinds import ServiceKind
from core.transitions import advance as next_state
from fleet.vehicles.duty import DUTY_TRANSITIONS, DutyEvent
from fleet.vehicles.kinds import Duty, Lifecycle
from fleet.vehicles.lifecycle import LIFECYCLE_TRANSITIONS, LifecycleEvent


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """One physical vehicle. ``vehicle_no`` survives every new code."""

    vehicle_no: VehicleNo
    code: VehicleCode | None = None
    """The code it carries now; None before the first one is drafted."""
    service: ServiceKind
    district: DistrictCode
    operator: OperatorId
    maker: MakerId
    device_id: DeviceId
    maker_serial: str
    hardware_model: str
    software_version: str | None = None
    """What the vehicle last reported; None before its first status."""
    link_profile: str = "native-1hz"
    partition: int
    """Telemetry partition, fixed at registration (``vehicle_no`` modulo the city's partitions)."""
    is_demo: bool = False
    lifecycle: Lifecycle = Lifecycle.REGISTERED
    duty: Duty = Duty.IDLE
    stop_epoch: int = 0
    is_held_by_stop: bool = False
    """An emergency or safe stop holds it until a release with a higher ``stop_epoch``."""
    is_scene_held: bool = False
    """An agency holds it at the scene of an incident."""
    link_loss_wanted: int = 0
    """Version of the link-loss policy it must hold; 0 means none was sent yet."""
    link_loss_held: int = 0
    """Version of the policy it acknowledged."""
    open_safety_work_orders: int = 0
    registered_at: datetime
    changed_at: datetime
    version: int = 1


def advance_lifecycle(vehicle: Vehicle, event: LifecycleEvent, *, at: datetime) -> Vehicle:
    """Return the vehicle after a step of its lifecycle; raises IllegalTransition."""
    lifecycle = next_state(LIFECYCLE_TRANSITIONS, vehicle.lifecycle, event)
    return msgspec.structs.replace(vehicle, lifecycle=lifecycle, changed_at=at, version=vehicle.version + 1)


def advance_duty(vehicle: Vehicle, event: DutyEvent, *, at: datetime) -> Vehicle:
    """Return the vehicle after a step of its duty; raises IllegalTransition."""
    duty = next_state(DUTY_TRANSITIONS, vehicle.duty, event)
    return msgspec.structs.replace(vehicle, duty=duty, changed_at=at, version=vehicle.version + 1)
