"""Sweeping on the wire: zones as they are drawn, with their plans."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, SweepingZoneId
from geofences import geo, shapes
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment, Metres, Speed
from services.sweeping.estimate import SUPPLY_NAMES
from services.sweeping.plan import Plan, point_at
from services.sweeping.street import StreetLine, joined
from services.sweeping.zone import (
    MOST_STREETS,
    PLAN_STATE_NAMES,
    ZONE_KIND_NAMES,
    Drawing,
    PlanState,
    StoredPlan,
    SweepingZone,
    ZoneKind,
)

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Geometry = Annotated[Mapping[str, Any], Meta(description="GeoJSON Polygon or MultiPolygon, WGS-84")]
Position = Annotated[
    tuple[Annotated[float, Meta(ge=-180, le=180)], Annotated[float, Meta(ge=-85, le=85)]],
    Meta(description="(lng, lat) in degrees, WGS-84"),
]


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape of what people send."""


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of what they are answered."""


class EquipmentBody(Body, frozen=True):
    """The sweeper that the plan is for; what is left out is a common one."""

    width_m: Metres = 2.0
    body_m: Metres = 2.0
    turning_radius_m: Metres = 1.5
    sweep_mps: Speed = 1.2
    transit_mps: Speed = 2.0
    water_m2: Annotated[float, Meta(ge=0, le=1e6)] = 12_000.0
    hopper_m2: Annotated[float, Meta(gt=0, le=1e6)] = 20_000.0
    battery_km: Annotated[float, Meta(gt=0, le=500)] = 40.0


class StreetBody(Body, frozen=True):
    """A street from junction to junction; streets whose ends are the same place meet there."""

    street_id: Annotated[str, Meta(min_length=1, max_length=64)]
    points: Annotated[tuple[Position, ...], Meta(min_length=2, max_length=500)]
    is_one_way: bool = False
    is_swept: bool = True
    width_m: Metres = 8.0


class DrawnBody(Body, frozen=True):
    """What is to be swept and with what: ``geometry`` for ground, or ``streets``."""

    geometry: Geometry | None = None
    streets: Annotated[tuple[StreetBody, ...], Meta(max_length=MOST_STREETS)] = ()
    equipment: EquipmentBody = EquipmentBody()
    uses_water: bool = True


class SweepingZoneBody(DrawnBody, frozen=True, kw_only=True):
    """A zone: ``geometry`` for ground, or ``streets``. ``version``: the one that this replaces, 0 for a new
    zone. ``repairsItself``: what a run missed is swept again without anybody asking."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    operator: Annotated[str, Meta(min_length=1, max_length=64)]
    name_zh: Name
    name_en: Name
    may_sweep_dry: bool = True
    repairs_itself: bool = True


class SupplyView(View, frozen=True):
    """Where a vehicle that begins full leaves the path for supplies."""

    lat: float
    lng: float
    names_zh: tuple[str, ...]
    names_en: tuple[str, ...]


class SweepingPlanView(View, frozen=True):
    """What sweeping a zone takes; numbers are 0 and lines absent until it is worked out."""

    state: str
    state_zh: str
    state_en: str
    problem: str
    zone_m2: float = 0.0
    reachable_m2: float = 0.0
    covered_m2: float = 0.0
    unreachable_m2: float = 0.0
    skipped_m: float = 0.0
    sweep_m: float = 0.0
    move_m: float = 0.0
    duration_s: float = 0.0
    water_tanks: float = 0.0
    hoppers: float = 0.0
    battery_ratio: float = 0.0
    stops: tuple[SupplyView, ...] = ()


class SweepingZoneView(View, frozen=True):
    """A zone with its plan."""

    zone_id: str
    version: int
    district: str
    operator: str
    name_zh: str
    name_en: str
    kind: str
    kind_zh: str
    kind_en: str
    uses_water: bool
    may_sweep_dry: bool
    repairs_itself: bool
    is_synthetic: bool
    is_retired: bool
    changed_at: datetime
    changed_by_name: str
    plan: SweepingPlanView
    geometry: Mapping[str, Any]
    """GeoJSON: the ground as drawn, or the middles of the streets."""


class SweepingZoneSheet(View, frozen=True):
    """A zone as it can be drawn anew, with the passes of its plan as GeoJSON: features with ``kind`` sweep
    or move."""

    zone: SweepingZoneView
    drawn: DrawnBody
    passes: Mapping[str, Any]


def drawing_of(body: DrawnBody) -> Drawing:
    """Return what is to be swept; raise Invalid for a geometry that is none, naming the place."""
    area = () if body.geometry is None else shapes.area_from_geojson(body.geometry)
    if area and body.streets:
        raise Invalid(
            "invalid-input", "a zone is ground or streets", field="geometry, streets", limit="one of them"
        )
    lines = [
        StreetLine(
            street_id=street.street_id,
            points=tuple(geo.from_position(position) for position in street.points),
            is_one_way=street.is_one_way,
            is_swept=street.is_swept,
            width_m=street.width_m,
        )
        for street in body.streets
    ]
    return Drawing(
        kind=ZoneKind.STREETS if lines else ZoneKind.GROUND,
        area=area,
        streets=joined(lines),
        equipment=Equipment(**msgspec.structs.asdict(body.equipment)),
        uses_water=body.uses_water,
    )


def zone_of(zone_id: str, body: SweepingZoneBody, at: datetime) -> SweepingZone:
    """Return the domain's zone; raise Invalid for a geometry that is none, naming the place."""
    return SweepingZone(
        zone_id=SweepingZoneId(zone_id),
        district=DistrictCode(body.district),
        operator=OperatorId(body.operator),
        name_zh=body.name_zh,
        name_en=body.name_en,
        drawing=msgspec.structs.replace(
            drawing_of(body), may_sweep_dry=body.may_sweep_dry, repairs_itself=body.repairs_itself
        ),
        changed_at=at,
    )


def zone_view(zone: SweepingZone, plan: StoredPlan) -> SweepingZoneView:
    """Return a zone with the numbers of its plan."""
    drawing = zone.drawing
    kind_zh, kind_en = ZONE_KIND_NAMES[drawing.kind]
    return SweepingZoneView(
        zone_id=zone.zone_id,
        version=zone.version,
        district=zone.district,
        operator=zone.operator,
        name_zh=zone.name_zh,
        name_en=zone.name_en,
        kind=drawing.kind.value,
        kind_zh=kind_zh,
        kind_en=kind_en,
        uses_water=drawing.uses_water,
        may_sweep_dry=drawing.may_sweep_dry,
        repairs_itself=drawing.repairs_itself,
        is_synthetic=zone.is_synthetic,
        is_retired=zone.is_retired,
        changed_at=zone.changed_at,
        changed_by_name=zone.changed_by_name,
        plan=plan_view(plan.state, plan.problem, plan.plan),
        geometry=_geometry(drawing),
    )


def zone_sheet(zone: SweepingZone, plan: StoredPlan) -> SweepingZoneSheet:
    """Return a zone with the passes of its plan."""
    return SweepingZoneSheet(
        zone=zone_view(zone, plan), drawn=_drawn(zone.drawing), passes=passes_of(plan.plan)
    )


def plan_view(state: PlanState, problem: str, plan: Plan | None) -> SweepingPlanView:
    """Return the numbers of a plan."""
    zh, en = PLAN_STATE_NAMES[state]
    if plan is None:
        return SweepingPlanView(state=state.value, state_zh=zh, state_en=en, problem=problem)
    return SweepingPlanView(
        state=state.value,
        state_zh=zh,
        state_en=en,
        problem=problem,
        zone_m2=round(plan.zone_m2, 1),
        reachable_m2=round(plan.reachable_m2, 1),
        covered_m2=round(plan.covered_m2, 1),
        unreachable_m2=round(max(0.0, plan.zone_m2 - plan.reachable_m2), 1),
        skipped_m=round(plan.skipped_m, 1),
        sweep_m=round(plan.estimate.swept_m, 1),
        move_m=round(plan.estimate.moved_m, 1),
        duration_s=round(plan.estimate.duration_s),
        water_tanks=round(plan.estimate.water_tanks, 3),
        hoppers=round(plan.estimate.hoppers, 3),
        battery_ratio=round(plan.estimate.battery_ratio, 4),
        stops=_supplies(plan),
    )


def _geometry(drawing: Drawing) -> Mapping[str, Any]:
    if drawing.kind is ZoneKind.GROUND:
        return shapes.to_geojson(drawing.area)
    lines = [[geo.to_position(*point) for point in street.points] for street in drawing.streets]
    return {"type": "MultiLineString", "coordinates": lines}


def _drawn(drawing: Drawing) -> DrawnBody:
    return DrawnBody(
        geometry=shapes.to_geojson(drawing.area) if drawing.area else None,
        streets=tuple(
            StreetBody(
                street_id=street.street_id,
                points=tuple(geo.to_position(*point) for point in street.points),
                is_one_way=street.is_one_way,
                is_swept=street.is_swept,
                width_m=street.width_m,
            )
            for street in drawing.streets
        ),
        equipment=EquipmentBody(**msgspec.structs.asdict(drawing.equipment)),
        uses_water=drawing.uses_water,
    )


def passes_of(plan: Plan | None) -> Mapping[str, Any]:
    """Return a path as GeoJSON: a feature of all lines that are swept, one of all ways between."""
    features = []
    for kind in () if plan is None else PieceKind:
        lines = [
            [geo.to_position(*point) for point in piece.points]
            for piece in (plan.pieces if plan is not None else ())
            if piece.kind is kind
        ]
        geometry = {"type": "MultiLineString", "coordinates": lines}
        features.append({"type": "Feature", "geometry": geometry, "properties": {"kind": kind.value}})
    return {"type": "FeatureCollection", "features": features}


def _supplies(plan: Plan) -> tuple[SupplyView, ...]:
    found = []
    for stop in plan.stops:
        lat, lng = point_at(plan.pieces[stop.piece], stop.along_m)
        names = [SUPPLY_NAMES[supply] for supply in stop.supplies]
        found.append(
            SupplyView(
                lat=lat,
                lng=lng,
                names_zh=tuple(zh for zh, _ in names),
                names_en=tuple(en for _, en in names),
            )
        )
    return tuple(found)
