"""What a vehicle last said of itself, as telemetry keeps it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from core.ids import VehicleNo
from fleet.vehicles.kinds import Condition, Connection, ControlMode, SilenceReason


class LastHeard(msgspec.Struct, frozen=True, kw_only=True):
    """The last state of one vehicle; None where it does not know or never said."""

    vehicle_no: VehicleNo
    lat: float
    lng: float
    measured_at: datetime
    """City time."""
    speed_mps: float
    heading_deg: float
    battery_ratio: float | None
    control_mode: ControlMode
    connection: Connection
    condition: Condition
    accuracy_m: float | None = None
    fence_set_version: int | None = None
    software_version: str | None = None
    stop_epoch: int = 0
    battery_c: float | None = None
    outside_c: float | None = None
    range_m: float | None = None
    silence: SilenceReason = SilenceReason.NONE
    """Why nothing is heard of it by now."""
    is_charging: bool = False
    is_held_by_stop: bool = False


class LastHeardReader(Protocol):
    """Telemetry's state, read by vehicle."""

    async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
        """Return the last state of vehicles; one that was never heard is absent.

        Raises Unavailable when the state cannot be read.
        """
        ...


class NothingHeard:
    """A reader for a city in which nobody ever spoke."""

    async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:  # noqa: ARG002
        """Return nothing."""
        return {}
