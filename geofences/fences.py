"""What a geofence is: kind, area, rules, hours and the version that every event carries."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from core.ids import DistrictCode, FenceId, FenceVersion, OperatorId
from core.kinds import ServiceKind

type Position = tuple[float, float]
"""(lng, lat) in degrees, WGS-84, GeoJSON order (RFC 7946); only ``geofences.geo`` swaps the two."""
type Ring = tuple[Position, ...]
"""Closed: the last position equals the first; outer rings run anticlockwise, holes clockwise."""
type Area = tuple[tuple[Ring, ...], ...]
"""Coordinates of a GeoJSON MultiPolygon: polygons, each an outer ring and then its holes."""


class FenceKind(StrEnum):
    """Kinds of domain.md; the order here is from the widest to the most specific."""

    DISTRICT = "district"
    OPERATING_AREA = "operating_area"
    PARK = "park"
    COMMUNITY = "community"
    SWEEPING_ZONE = "sweeping_zone"
    PATROL_BEAT = "patrol_beat"
    SLOW_ZONE = "slow_zone"
    NO_GO = "no_go"
    DEPOT = "depot"
    CHARGER = "charger"
    VENDING_SPOT = "vending_spot"
    PICKUP_POINT = "pickup_point"
    KEEP_CLEAR = "keep_clear"


KIND_NAMES: dict[FenceKind, tuple[str, str]] = {
    FenceKind.DISTRICT: ("旗区", "District or banner"),
    FenceKind.OPERATING_AREA: ("运营区域", "Operating area"),
    FenceKind.PARK: ("园区", "Park"),
    FenceKind.COMMUNITY: ("社区", "Residential community"),
    FenceKind.SWEEPING_ZONE: ("清扫区", "Sweeping zone"),
    FenceKind.PATROL_BEAT: ("巡逻区", "Patrol beat"),
    FenceKind.SLOW_ZONE: ("限速区", "Slow zone"),
    FenceKind.NO_GO: ("禁行区", "No-go zone"),
    FenceKind.DEPOT: ("场站", "Depot"),
    FenceKind.CHARGER: ("充电点", "Charger"),
    FenceKind.VENDING_SPOT: ("售卖点", "Vending spot"),
    FenceKind.PICKUP_POINT: ("取货点", "Pickup point"),
    FenceKind.KEEP_CLEAR: ("禁停区", "Keep clear"),
}
"""Kind → (zh, en)."""


class FenceState(StrEnum):
    """State of one version; a published version never changes but by being retired."""

    DRAFT = "draft"
    PREVIEWED = "previewed"
    PUBLISHED = "published"
    RETIRED = "retired"


FENCE_STATE_NAMES: dict[FenceState, tuple[str, str]] = {
    FenceState.DRAFT: ("草稿", "Draft"),
    FenceState.PREVIEWED: ("已预览", "Previewed"),
    FenceState.PUBLISHED: ("已发布", "Published"),
    FenceState.RETIRED: ("已停用", "Retired"),
}
"""State → (zh, en)."""

SpeedMps = Annotated[float, msgspec.Meta(gt=0, le=60, description="metres a second")]
MinuteOfDay = Annotated[int, msgspec.Meta(ge=0, le=1440, description="minutes after local midnight")]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="ISO weekday, Monday 1 to Sunday 7")]


class FenceRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds inside; a field left at its default says nothing."""

    speed_limit_mps: SpeedMps | None = None
    no_entry: bool = False
    no_stopping: bool = False
    allowed_services: frozenset[ServiceKind] | None = None
    """Services that may work inside; None allows every one, an empty set none."""
    capacity: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Vehicles that may be inside at once."""


class HourSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A daily span ``[start, end)`` in local minutes; ``end <= start`` runs past midnight."""

    start_minute: MinuteOfDay
    end_minute: MinuteOfDay
    weekdays: frozenset[Weekday] = frozenset({1, 2, 3, 4, 5, 6, 7})
    """Days on which the span *starts*."""


class OtherDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is not like its weekday: a holiday, a market, a school that is closed."""

    day: date
    spans: Annotated[tuple[HourSpan, ...], msgspec.Meta(max_length=24)] = ()
    """What holds instead, by the day on which it starts; empty: nothing. Weekdays say nothing here."""


class FenceHours(msgspec.Struct, frozen=True, kw_only=True):
    """When the rules hold, in the fence's own time zone (IANA name)."""

    spans: Annotated[tuple[HourSpan, ...], msgspec.Meta(max_length=100)] = (
        HourSpan(start_minute=0, end_minute=1440),
    )
    time_zone: str = "Asia/Shanghai"
    valid_from: date | None = None
    """First day on which a span may start; None: always was."""
    valid_until: date | None = None
    """Last day on which a span may start; None: for good."""
    other_days: Annotated[tuple[OtherDay, ...], msgspec.Meta(max_length=400)] = ()


Wait = Annotated[float, msgspec.Meta(ge=0, le=86_400, description="seconds of city time")]
Dwell = Annotated[float, msgspec.Meta(gt=0, le=86_400, description="seconds of city time")]


class FenceTiming(msgspec.Struct, frozen=True, kw_only=True):
    """When crossings of a fence are said; a field left at None is as for its kind."""

    min_inside_s: Wait | None = None
    """How long a vehicle has been inside before ``enter`` is said."""
    min_outside_s: Wait | None = None
    """How long it has surely been outside before ``exit`` is said."""
    dwell_s: Dwell | None = None
    """How long it has been inside before ``dwell`` is said, once a stay."""
    says_outside: bool | None = None
    """Whether ``outside`` is said of a vehicle that it concerns and that is first heard outside it."""
    near_m: Annotated[float, msgspec.Meta(gt=0, le=5_000)] | None = None
    """Metres around its middle within which a vehicle is ``near``; None: nobody looks."""


GroupName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class FenceDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a fence is, before it has a version. ``area`` has passed ``geofences.shapes``."""

    fence_id: FenceId
    kind: FenceKind
    name_zh: str
    name_en: str
    area: Area
    district: DistrictCode | None = None
    operator: OperatorId | None = None
    """The operator whose vehicles it concerns; None concerns everybody's."""
    services: frozenset[ServiceKind] = frozenset()
    """Services it concerns; empty means all of them."""
    rules: FenceRules = FenceRules()
    hours: FenceHours | None = None
    """None: always."""
    group: GroupName | None = None
    """Fences that people look at and change together, such as ``school gates``."""
    timing: FenceTiming = FenceTiming()
    source: str
    """Where the polygon comes from, such as ``survey 2026-03`` or ``synthetic``."""
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0
    """How far the drawn border may be from the real one; districts of Tianditu ~190 m."""


class Fence(FenceDraft, frozen=True, kw_only=True):
    """One version of a fence, as the index holds it."""

    version: FenceVersion
    effective_at: datetime
    """Aware UTC; before it the version decides nothing."""


class FenceRef(msgspec.Struct, frozen=True, kw_only=True):
    """Names one version of a fence in an answer or an event."""

    fence_id: FenceId
    version: FenceVersion
    kind: FenceKind
    name_zh: str
    name_en: str


def ref(fence: Fence) -> FenceRef:
    """Return the short name of a fence's version."""
    return FenceRef(
        fence_id=fence.fence_id,
        version=fence.version,
        kind=fence.kind,
        name_zh=fence.name_zh,
        name_en=fence.name_en,
    )


def versioned(draft: FenceDraft, version: FenceVersion, effective_at: datetime) -> Fence:
    """Return the version of a fence that holds what the draft says."""
    body = {field: getattr(draft, field) for field in FenceDraft.__struct_fields__}
    return Fence(**body, version=version, effective_at=effective_at)


def draft_of(fence: Fence) -> FenceDraft:
    """Return what a version says, without its version and time."""
    return FenceDraft(**{field: getattr(fence, field) for field in FenceDraft.__struct_fields__})
