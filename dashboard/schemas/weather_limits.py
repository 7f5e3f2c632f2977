"""Previews of weather limits on the wire: whom they would hold back, before anybody sets them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import VehicleNo
from core.kinds import ServiceKind
from dashboard.schemas.weather import BrokenView, LimitsValues, broken_views, limits_values
from fleet.weather.conditions import WeatherLimits
from services.weather_recall.preview_limits import HeldBack

MOST_VEHICLES = 50
"""So many are named of a company in a 旗区; the number is of all."""


class HeldSpanView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When limits are broken, and by what. ``isNew``: the limits of now are not."""

    begins_at: datetime
    ends_at: datetime
    is_new: bool
    broken: tuple[BrokenView, ...]


class HeldVehicleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle that would be held back; ``taskKind`` is what it is on now, null for nothing."""

    vehicle_no: VehicleNo
    code: str | None
    task_id: str | None
    task_kind: str | None


class HeldWorkView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Scheduled work that comes due while limits are broken."""

    schedule_id: str
    name: str
    kind: str
    due_at: datetime


class HeldBackView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would be held back of a company in a 旗区. ``vehicleCount`` is of all, at most 50 are named."""

    district: str
    operator: str
    spans: tuple[HeldSpanView, ...]
    vehicle_count: int
    under_way_count: int
    vehicles: tuple[HeldVehicleView, ...]
    planned: tuple[HeldWorkView, ...]


class LimitsPreviewView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom limits would hold back from ``at`` until ``until``; nobody where ``heldBack`` is empty.

    ``bears``: what counts then. ``knownUntil``: what is said of the weather reaches so far, null for nothing.
    """

    service: ServiceKind
    operator: str | None
    at: datetime
    until: datetime
    known_until: datetime | None
    bears: LimitsValues
    held_back: tuple[HeldBackView, ...]


def limits_preview(
    service: ServiceKind,
    operator: str | None,
    bears: WeatherLimits,
    held: Sequence[HeldBack],
    codes: Mapping[VehicleNo, str | None],
    *,
    at: datetime,
    until: datetime,
    known_until: datetime | None,
) -> LimitsPreviewView:
    """Return a preview as screens show it."""
    return LimitsPreviewView(
        service=service,
        operator=operator,
        at=at,
        until=until,
        known_until=known_until,
        bears=limits_values(bears),
        held_back=tuple(_held_back(each, codes) for each in held),
    )


def _held_back(held: HeldBack, codes: Mapping[VehicleNo, str | None]) -> HeldBackView:
    return HeldBackView(
        district=held.district,
        operator=held.operator,
        spans=tuple(
            HeldSpanView(
                begins_at=span.begins_at,
                ends_at=span.ends_at,
                is_new=span.is_new,
                broken=broken_views(span.broken),
            )
            for span in held.spans
        ),
        vehicle_count=len(held.vehicles),
        under_way_count=sum(each.task is not None for each in held.vehicles),
        vehicles=tuple(
            HeldVehicleView(
                vehicle_no=each.vehicle.vehicle_no,
                code=codes.get(each.vehicle.vehicle_no),
                task_id=None if each.task is None else each.task.task_id,
                task_kind=None if each.task is None else each.task.kind.value,
            )
            for each in held.vehicles[:MOST_VEHICLES]
        ),
        planned=tuple(
            HeldWorkView(
                schedule_id=entry.schedule.schedule_id,
                name=entry.schedule.name,
                kind=entry.schedule.kind.value,
                due_at=entry.slot.due_at,
            )
            for entry in held.planned
        ),
    )
