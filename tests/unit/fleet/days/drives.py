"""Drives of vehicles as frames, and the facts beside them, with only what matters named."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.clock import ms_of_moment
from core.ids import DistrictCode, FenceId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.days.circumstances import Spell, VehicleFacts
from fleet.days.compute import Rules
from fleet.days.regions import HOME
from fleet.days.vehicle_day import span_of
from fleet.telemetry.records import STREAM_POSITION, Records
from fleet.vehicles.kinds import Duty
from fleet.vehicles.papers import Permit, PermitStage

CITY = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 7, 1)
SPAN = span_of(DAY, CITY)
MIDNIGHT = SPAN.from_ms
NOON = MIDNIGHT + 12 * 3_600_000
LAT_E7, LNG_E7 = 396_000_000, 1_097_800_000
METRE_E7 = 1 / 0.011119508023353291
"""Degrees ×1e7 of one metre to the north."""


def at(hour: int, minute: int = 0, second: float = 0) -> int:
    """City milliseconds of a time of the day."""
    return MIDNIGHT + round(((hour * 60 + minute) * 60 + second) * 1000)


def frames(
    times_ms: Any, *, number: int = 7, north_m: Any = 0.0, speed_mps: Any = 0.0, **fields: Any
) -> Records:
    """STREAM_POSITION[n] of a vehicle that goes north; what is not named is the same for all."""
    ms: NDArray[np.int64] = np.asarray(times_ms, np.int64)
    records = np.zeros(len(ms), STREAM_POSITION)
    records["vehicle_no"] = number
    records["seq"] = np.arange(1, len(ms) + 1)
    records["measured_ms"] = ms
    records["lat_e7"] = LAT_E7 + np.round(np.asarray(north_m) * METRE_E7)
    records["lng_e7"] = LNG_E7
    records["speed_cm_s"] = np.round(np.asarray(speed_mps) * 100)
    records["battery_200"], records["accuracy_dm"] = 160, 20
    for name, value in fields.items():
        records[name] = value
    return records


def drive(begins_ms: int, seconds: int, *, mps: float = 4.0, start_m: float = 0.0, **fields: Any) -> Records:
    """A straight drive with a position each second, both ends included."""
    steps = np.arange(seconds + 1)
    return frames(begins_ms + steps * 1000, north_m=start_m + steps * mps, speed_mps=mps, **fields)


def joined(*parts: Records) -> Records:
    return np.concatenate(parts)


def spell(from_ms: int = 0, **changes: Any) -> Spell:
    values: dict[str, Any] = {
        "from_ms": from_ms,
        "duty": Duty.TO_STOP,
        "service": ServiceKind.DELIVERY,
        "district": DistrictCode("KB"),
        "operator": OperatorId("op-a"),
    }
    return Spell(**{**values, **changes})


def permit(stage: PermitStage, from_ms: int, to_ms: int, *services: ServiceKind) -> Permit:
    return Permit(
        permit_no=f"P-{stage}-{from_ms}",
        vehicle_no=VehicleNo(7),
        stage=stage,
        services=frozenset(services or (ServiceKind.DELIVERY,)),
        areas=frozenset({FenceId("area-1")}),
        speed_limit_mps=4.2,
        valid_from=_moment(from_ms),
        valid_to=_moment(to_ms),
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


ALL_WEEK = permit(PermitStage.DEMONSTRATION, MIDNIGHT - 3 * 86_400_000, MIDNIGHT + 4 * 86_400_000)


def facts(*spells: Spell, number: int = 7, **changes: Any) -> VehicleFacts:
    values: dict[str, Any] = {
        "vehicle_no": VehicleNo(number),
        "registered_ms": ms_of_moment(datetime(2026, 1, 1, tzinfo=UTC)),
        "spells": spells or (spell(),),
        "permits": (ALL_WEEK,),
    }
    return VehicleFacts(**{**values, **changes})


def rules(**changes: Any) -> Rules:
    return Rules(**{"span": SPAN, "silence_ms": 60_000, **changes})


class Halves:
    """South of a line is one 旗区, north of it another; without a line home counts everywhere."""

    codes = (DistrictCode("KB"), DistrictCode("DS"))

    def __init__(self, border_m: float | None = None) -> None:
        self._border = None if border_m is None else LAT_E7 + border_m * METRE_E7

    def of(self, lat_e7: NDArray[Any], lng_e7: NDArray[Any]) -> NDArray[np.int16]:
        if self._border is None:
            return np.full(len(lng_e7), HOME, np.int16)
        return (lat_e7 >= self._border).astype(np.int16)
