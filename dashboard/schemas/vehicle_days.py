"""Vehicle-days and KPIs as people read them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from dashboard.cursors import write_cursor
from dashboard.running_day import FORMULA, TodaySheet
from fleet.days.kpis import CATALOGUE
from fleet.days.store import StoredDay
from fleet.days.sums import DaySums
from fleet.days.vehicle_day import Part
from fleet.vehicles.kinds import ControlMode


class PartView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The share of a day in one control mode, permit stage, 旗区 and service."""

    mode: str
    stage: str | None
    """Null: no permit covered the vehicle's service then."""
    district: str
    service: str
    metres: float
    seconds: float
    takeovers: int
    stops: int
    harsh_brakes: int


class VehicleDayView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one vehicle did on one local day; null is what nobody measured."""

    day: date
    vehicle_no: int
    revision: int
    reason: str | None
    """Why this revision corrects the one before; null for the first."""
    formula: int
    input_hash: str
    computed_at: datetime
    district: str
    operator: str
    service: str
    frames: int
    metres: float
    autonomous_m: float
    autonomous_s: float
    known_s: float
    unknown_s: float
    permitted_s: float
    available_s: float
    takeovers: int
    stops: int
    stops_on_the_way: int
    harsh_brakes: int
    teleports: int
    battery_used_ratio: float | None
    minutes_by_duty: Mapping[str, float]
    alarms: Mapping[str, int]
    orders: int | None
    m2: float | None
    kwh: float | None
    parts: tuple[PartView, ...]


class VehicleDayPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of vehicle-days, the newest day first; `next_cursor` is null on the last one."""

    items: tuple[VehicleDayView, ...]
    next_cursor: str | None = None


class VehicleDayRevisions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every revision of one vehicle's day, the first one first; the last one counts."""

    items: tuple[VehicleDayView, ...]


class KpiView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One KPI; `value` is null where the vehicle-days do not tell it."""

    kpi_id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    value: float | None


class KpiRows(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The rows of vehicle-days that the numbers were computed from, and their sums."""

    vehicle_days: int
    vehicles: int
    days: int
    corrected: int
    """Rows among them that correct an earlier one."""
    frames: int
    metres: float
    known_s: float
    permitted_s: float
    available_s: float
    autonomous_m: float
    autonomous_s: float
    takeovers: int
    stops: int
    stops_on_the_way: int
    harsh_brakes: int
    alarms: int
    orders: int | None
    m2: float | None
    kwh: float | None


class Kpis(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The catalogue over a span of local days, both ends included."""

    first_day: date
    last_day: date
    last_closed_day: date | None
    """Days after it are not in the numbers."""
    rows: KpiRows
    items: tuple[KpiView, ...]


class DrivenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one vehicle has driven today, up to its newest odometer reading."""

    vehicle_no: int
    code: str | None
    metres: int
    told_at_ms: int


class TodayView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The local day that is running, within reach; the vehicle-days of it are computed after its end.

    `km` and `since_ms`, from when it is known, are null while no odometer was told twice; `m2`, verified
    of the sweeping runs that ended today, is null while none of them is measured.
    """

    day: date
    formula: str
    counted_at_ms: int | None
    vehicles: int
    """Vehicles that have told their odometer today."""
    km: float | None
    since_ms: int | None
    m2: float | None
    items: tuple[DrivenView, ...]
    """Those that drove most, the first 100."""


def today_view(sheet: TodaySheet) -> TodayView:
    """Return today so far in the api's words."""
    return TodayView(
        day=sheet.day,
        formula=FORMULA,
        counted_at_ms=sheet.counted_ms,
        vehicles=sheet.vehicles,
        km=None if sheet.driven is None else sheet.driven.metres / 1000,
        since_ms=None if sheet.driven is None else sheet.driven.since_ms,
        m2=sheet.m2,
        items=tuple(
            DrivenView(vehicle_no=row.vehicle_no, code=row.code, metres=row.metres, told_at_ms=row.told_ms)
            for row in sheet.rows
        ),
    )


def day_page(found: Sequence[StoredDay], limit: int) -> VehicleDayPage:
    """Return the page of what was read with one row more than shown."""
    shown = found[:limit]
    cursor = write_cursor((shown[-1].body.day, shown[-1].body.vehicle_no)) if len(found) > limit else None
    return VehicleDayPage(items=tuple(day_view(one) for one in shown), next_cursor=cursor)


def day_view(stored: StoredDay) -> VehicleDayView:
    """Return a stored day in the api's words."""
    one = stored.body
    autonomous_m, autonomous_s = one.in_mode(ControlMode.AUTONOMOUS)
    return VehicleDayView(
        revision=stored.revision,
        reason=stored.reason,
        input_hash=stored.input_hash,
        computed_at=stored.computed_at,
        autonomous_m=autonomous_m,
        autonomous_s=autonomous_s,
        minutes_by_duty={duty.value: minutes for duty, minutes in one.minutes_by_duty.items()},
        alarms=dict(one.alarms),
        parts=tuple(_part(part) for part in one.parts),
        **{name: getattr(one, name) for name in _SAME},
    )


def _part(part: Part) -> PartView:
    return PartView(**msgspec.structs.asdict(part))


def kpis_view(first: date, last: date, last_closed: date | None, sums: DaySums) -> Kpis:
    """Return every KPI of the catalogue with the rows it was computed from."""
    return Kpis(
        first_day=first,
        last_day=last,
        last_closed_day=last_closed,
        rows=KpiRows(**msgspec.structs.asdict(sums)),
        items=tuple(
            KpiView(
                kpi_id=kpi.kpi_id,
                name_zh=kpi.name_zh,
                name_en=kpi.name_en,
                unit=kpi.unit,
                formula=kpi.formula,
                value=kpi.of(sums),
            )
            for kpi in CATALOGUE
        ),
    )


_SAME = (
    *("day", "vehicle_no", "formula", "district", "operator", "service", "frames", "metres"),
    *("known_s", "unknown_s", "permitted_s", "available_s", "takeovers", "stops", "stops_on_the_way"),
    *("harsh_brakes", "teleports", "battery_used_ratio", "orders", "m2", "kwh"),
)
