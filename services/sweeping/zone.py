"""What is swept: a zone as somebody drew it, and the plan that a worker makes of each version."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, SweepingZoneId
from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from services.sweeping.equipment import Equipment
from services.sweeping.plan import Plan
from services.sweeping.street import Street

MOST_M2: Final = 50_000.0
"""A plan takes about a second a hectare, and a sweeper an hour."""
MOST_STREETS: Final = 400
LONGEST_STREETS_M: Final = 20_000.0
LONGEST_NAME: Final = 80


class ZoneKind(StrEnum):
    """How a zone is drawn."""

    GROUND = "ground"
    """Polygons that are covered all over."""
    STREETS = "streets"
    """Streets whose kerbs are swept."""


ZONE_KIND_NAMES: dict[ZoneKind, tuple[str, str]] = {
    ZoneKind.GROUND: ("场地", "ground"),
    ZoneKind.STREETS: ("街道", "streets"),
}


class PlanState(StrEnum):
    """How far the plan of a version or of a repair is."""

    WANTED = "wanted"
    READY = "ready"
    FAILED = "failed"


PLAN_STATE_NAMES: dict[PlanState, tuple[str, str]] = {
    PlanState.WANTED: ("规划中", "being planned"),
    PlanState.READY: ("已规划", "planned"),
    PlanState.FAILED: ("无法规划", "cannot be planned"),
}


class Drawing(Struct, frozen=True, kw_only=True):
    """What one version of a zone says. ``area`` is empty for streets, ``streets`` for ground.

    ``repairs_itself``: what a run missed becomes a repair run without anybody asking.
    """

    kind: ZoneKind
    area: Area = ()
    streets: tuple[Street, ...] = ()
    equipment: Equipment = Equipment()
    uses_water: bool = True
    may_sweep_dry: bool = True
    repairs_itself: bool = True


class SweepingZone(Struct, frozen=True, kw_only=True):
    """A zone with the drawing of its present version."""

    zone_id: SweepingZoneId
    version: int = 1
    district: DistrictCode
    operator: OperatorId
    name_zh: str
    name_en: str
    drawing: Drawing
    is_synthetic: bool = False
    is_retired: bool = False
    changed_at: datetime
    changed_by_name: str = ""


class StoredPlan(Struct, frozen=True, kw_only=True):
    """The plan of one version of a zone, or of a repair run; ``ground`` is what the ledger measures on."""

    plan_id: str
    zone_id: SweepingZoneId
    zone_version: int
    state: PlanState
    problem: str = ""
    """Code of the problem for which it cannot be planned."""
    plan: Plan | None = None
    ground: Area = ()
    tries: int = 0


def plan_id_of(zone_id: SweepingZoneId, version: int) -> str:
    """Return the id of the plan of a zone's version."""
    return f"{zone_id}:{version}"


def check_zone(zone: SweepingZone) -> None:
    """Raise Invalid naming field and limit for the first thing that is wrong."""
    for field, name in (("nameZh", zone.name_zh), ("nameEn", zone.name_en)):
        if not name.strip() or len(name) > LONGEST_NAME:
            raise Invalid("invalid-input", "a zone has a name", field=field, limit=f"1 to {LONGEST_NAME}")
    check_drawing(zone.drawing)


def check_drawing(drawing: Drawing) -> None:
    """Raise Invalid naming field and limit for the first thing for which nothing can be planned."""
    if bool(drawing.area) == bool(drawing.streets):
        raise Invalid(
            "invalid-input", "a zone is ground or streets", field="geometry, streets", limit="one of them"
        )
    if drawing.kind is ZoneKind.GROUND:
        _check_ground(drawing.area)
    else:
        _check_streets(drawing.streets)


def _check_ground(area: Area) -> None:
    shape = shapes.to_geos(shapes.check_area(area, field="geometry"))
    size_m2 = float(LocalPlane.around(shape).project(shape).area)
    if size_m2 > MOST_M2:
        raise Invalid(
            "invalid-input",
            "a zone of that size is several zones",
            field="geometry",
            limit=f"{MOST_M2:.0f} m2",
            size_m2=round(size_m2),
        )


def _check_streets(streets: tuple[Street, ...]) -> None:
    if len(streets) > MOST_STREETS or sum(street.length_m for street in streets) > LONGEST_STREETS_M:
        raise Invalid(
            "invalid-input",
            "a set of that length is several sets",
            field="streets",
            limit=f"{MOST_STREETS} streets, {LONGEST_STREETS_M:.0f} m",
        )
    if not any(street.is_swept for street in streets):
        raise Invalid("invalid-input", "no street is swept", field="streets", limit="at least one isSwept")
    ids = [street.street_id for street in streets]
    if len(ids) != len(set(ids)):
        raise Invalid("invalid-input", "two streets have one id", field="streets.streetId", limit="each once")
