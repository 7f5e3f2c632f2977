"""Remote operators on duty."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import VehicleNo
from fleet.people.duty import LOST_AFTER
from fleet.people.serve_duty import DutyView


class WatchedVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle that the operator watches."""

    vehicle_no: int
    code: str | None


class ShiftView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One operator's shift; a heartbeat is due before `heartbeat_s` wall seconds have passed."""

    staff_id: str
    name: str
    state: str
    capacity: int
    signed_in_at: datetime
    heard_at: datetime
    vehicles: tuple[WatchedVehicle, ...]
    heartbeat_s: int = int(LOST_AFTER.total_seconds()) // 3
    lost_after_s: int = int(LOST_AFTER.total_seconds())


class ShiftPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every running shift."""

    items: tuple[ShiftView, ...]


def shift_view(duty: DutyView, codes: Mapping[VehicleNo, str | None]) -> ShiftView:
    """Return a shift with the vehicles it watches."""
    shift = duty.shift
    return ShiftView(
        staff_id=shift.staff_id,
        name=shift.name,
        state=shift.state.value,
        capacity=shift.capacity,
        signed_in_at=shift.signed_in_at,
        heard_at=shift.heard_at,
        vehicles=tuple(WatchedVehicle(vehicle_no=number, code=codes.get(number)) for number in duty.vehicles),
    )


def shift_page(duties: Sequence[DutyView], codes: Mapping[VehicleNo, str | None]) -> ShiftPage:
    """Return every running shift."""
    return ShiftPage(items=tuple(shift_view(duty, codes) for duty in duties))
