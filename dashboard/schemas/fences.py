"""Fences as people draw, look for and publish them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.ids import DistrictCode, FenceId, OperatorId
from core.kinds import ServiceKind
from dashboard.cursors import write_cursor
from geofences import shapes
from geofences.fences import (
    FENCE_STATE_NAMES,
    KIND_NAMES,
    Dwell,
    FenceDraft,
    FenceHours,
    FenceKind,
    FenceRules,
    FenceState,
    FenceTiming,
    GroupName,
    HourSpan,
    MinuteOfDay,
    OtherDay,
    SpeedMps,
    Wait,
)
from geofences.preview import FencePreview
from geofences.store import FenceRecord
from geofences.versions import changed_fields

Name = Annotated[str, Meta(min_length=1, max_length=120)]
FenceIdText = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Geometry = Annotated[Mapping[str, Any], Meta(description="GeoJSON Polygon or MultiPolygon, WGS-84")]

type IsoDay = Literal[1, 2, 3, 4, 5, 6, 7]
EVERY_DAY: frozenset[IsoDay] = frozenset({1, 2, 3, 4, 5, 6, 7})


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape of what people send."""


class RulesBody(_Body, frozen=True):
    """What holds inside."""

    speed_limit_mps: SpeedMps | None = None
    no_entry: bool = False
    no_stopping: bool = False
    allowed_services: Annotated[frozenset[ServiceKind], Meta(max_length=10)] | None = None
    capacity: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class SpanBody(_Body, frozen=True):
    """Minutes of a day in the fence's time zone; an end at or before the start lies on the next day."""

    start_minute: MinuteOfDay
    end_minute: MinuteOfDay
    weekdays: Annotated[frozenset[IsoDay], Meta(min_length=1, max_length=7)] = EVERY_DAY


class OtherDayBody(_Body, frozen=True):
    """A day that is not like its weekday."""

    day: date
    spans: Annotated[tuple[SpanBody, ...], Meta(max_length=24)] = ()


class HoursBody(_Body, frozen=True):
    """When the rules hold."""

    spans: Annotated[tuple[SpanBody, ...], Meta(min_length=1, max_length=100)] = (
        SpanBody(start_minute=0, end_minute=1440),
    )
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] = "Asia/Shanghai"
    valid_from: date | UnsetType = UNSET
    valid_until: date | UnsetType = UNSET
    other_days: Annotated[tuple[OtherDayBody, ...], Meta(max_length=400)] = ()


class TimingBody(_Body, frozen=True):
    """When crossings are said; null is as for the kind."""

    min_inside_s: Wait | None = None
    min_outside_s: Wait | None = None
    dwell_s: Dwell | None = None
    says_outside: bool | None = None
    near_m: Annotated[float, Meta(gt=0, le=5_000)] | None = None


class NewFence(_Body, frozen=True, kw_only=True):
    """A fence, or its next version, as a draft."""

    fence_id: FenceIdText
    kind: FenceKind
    name_zh: Name
    name_en: Name
    geometry: Geometry
    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] | None = None
    operator: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    services: Annotated[frozenset[ServiceKind], Meta(max_length=10)] = frozenset()
    rules: RulesBody = RulesBody()
    hours: HoursBody | None = None
    group: GroupName | None = None
    timing: TimingBody = TimingBody()
    source: Name
    accuracy_m: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    after_version: Annotated[int, Meta(ge=0, le=2_147_483_647)] | None = None
    """The version that it was drawn from, 0 for a fence that there is not yet: refused when another is the
    newest. Null follows whichever is."""


class FenceImport(_Body, frozen=True):
    """A GeoJSON FeatureCollection: the properties of each feature are a fence's fields but its geometry."""

    type: Annotated[str, Meta(pattern="^FeatureCollection$")]
    features: Annotated[tuple[Mapping[str, Any], ...], Meta(min_length=1, max_length=1000)]


class PublishFence(_Body, frozen=True):
    """From when a previewed version is in force; left out it is now."""

    effective_at: datetime | UnsetType = UNSET


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class SpanView(_View, frozen=True):
    """Minutes of a day."""

    start_minute: int
    end_minute: int
    weekdays: tuple[int, ...]


class OtherDayView(_View, frozen=True):
    """A day that is not like its weekday."""

    day: date
    spans: tuple[SpanView, ...]


class HoursView(_View, frozen=True):
    """When the rules hold."""

    spans: tuple[SpanView, ...]
    time_zone: str
    valid_from: date | None
    valid_until: date | None
    other_days: tuple[OtherDayView, ...]


class RulesView(_View, frozen=True):
    """What holds inside."""

    speed_limit_mps: float | None
    no_entry: bool
    no_stopping: bool
    allowed_services: tuple[ServiceKind, ...] | None
    capacity: int | None


class TimingView(_View, frozen=True):
    """When crossings are said; null is as for the kind."""

    min_inside_s: float | None
    min_outside_s: float | None
    dwell_s: float | None
    says_outside: bool | None
    near_m: float | None


class PastView(_View, frozen=True):
    """What a version would have said over what is stored of the last week."""

    events: Mapping[str, int]
    vehicles: int
    positions: int
    from_at: datetime
    to_at: datetime
    is_whole: bool


class RestView(_View, frozen=True):
    """How far a job is that goes through the whole week; its counts take the place of `past` at the end."""

    from_at: datetime
    to_at: datetime
    reached_at: datetime


class TouchedOrderView(_View, frozen=True):
    """An open order with an end inside."""

    order_id: str
    end: str


class PreviewView(_View, frozen=True):
    """What a preview showed."""

    vehicles_inside: int
    inside: tuple[int, ...]
    past: PastView
    rest: RestView | None
    """Null when nothing is to come: the whole week was looked at, or the version was published or dropped."""
    orders_touched: int
    orders: tuple[TouchedOrderView, ...]


class FenceView(_View, frozen=True):
    """One version of a fence."""

    fence_id: str
    version: int
    state: str
    state_zh: str
    state_en: str
    kind: FenceKind
    kind_zh: str
    kind_en: str
    name_zh: str
    name_en: str
    geometry: Mapping[str, Any]
    district: str | None
    operator: str | None
    services: tuple[ServiceKind, ...]
    rules: RulesView
    hours: HoursView | None
    group: str | None
    timing: TimingView
    source: str
    accuracy_m: float
    drawn_at: datetime
    drawn_by: str
    previewed_at: datetime | None
    previewed_by: str | None
    preview: PreviewView | None
    effective_at: datetime | None
    published_at: datetime | None
    published_by: str | None
    retired_at: datetime | None
    retired_by: str | None
    changed: tuple[str, ...]
    """Fields in which it differs from the version before; of a first version those that say something. Empty
    in lists, where the version before is not looked at."""


class FencePage(_View, frozen=True):
    """A page of fences by id; `next_cursor` is null on the last one."""

    items: tuple[FenceView, ...]
    next_cursor: str | None = None


class FenceHistory(_View, frozen=True):
    """Every version of a fence, newest first, each with what differs from the one before."""

    items: tuple[FenceView, ...]


def draft_of_body(body: NewFence) -> FenceDraft:
    """Return the draft that somebody sent. Raises Invalid("shape-invalid") with field, limit and place."""
    return FenceDraft(
        fence_id=FenceId(body.fence_id),
        kind=body.kind,
        name_zh=body.name_zh,
        name_en=body.name_en,
        area=shapes.area_from_geojson(body.geometry),
        district=None if body.district is None else DistrictCode(body.district),
        operator=None if body.operator is None else OperatorId(body.operator),
        services=body.services,
        rules=FenceRules(**msgspec.structs.asdict(body.rules)),
        hours=None if body.hours is None else _hours_of(body.hours),
        group=body.group,
        timing=FenceTiming(**msgspec.structs.asdict(body.timing)),
        source=body.source,
        accuracy_m=body.accuracy_m,
    )


def _hours_of(body: HoursBody) -> FenceHours:
    return FenceHours(
        spans=_spans_of(body.spans),
        time_zone=body.time_zone,
        valid_from=body.valid_from or None,
        valid_until=body.valid_until or None,
        other_days=tuple(OtherDay(day=other.day, spans=_spans_of(other.spans)) for other in body.other_days),
    )


def _spans_of(spans: Sequence[SpanBody]) -> tuple[HourSpan, ...]:
    return tuple(HourSpan(**msgspec.structs.asdict(span)) for span in spans)


def fence_view(record: FenceRecord, before: FenceRecord | None = None, *, compare: bool = False) -> FenceView:
    """Return a version in the api's words; with ``compare`` also what differs from the one ``before``."""
    draft = record.draft
    return FenceView(
        fence_id=draft.fence_id,
        version=record.version,
        state=record.state.value,
        state_zh=FENCE_STATE_NAMES[record.state][0],
        state_en=FENCE_STATE_NAMES[record.state][1],
        kind=draft.kind,
        kind_zh=KIND_NAMES[draft.kind][0],
        kind_en=KIND_NAMES[draft.kind][1],
        name_zh=draft.name_zh,
        name_en=draft.name_en,
        geometry=shapes.to_geojson(draft.area),
        district=draft.district,
        operator=draft.operator,
        services=tuple(sorted(draft.services)),
        rules=_rules_view(draft.rules),
        hours=None if draft.hours is None else _hours_view(draft.hours),
        group=draft.group,
        timing=TimingView(**msgspec.structs.asdict(draft.timing)),
        source=draft.source,
        accuracy_m=draft.accuracy_m,
        drawn_at=record.drawn_at,
        drawn_by=record.drawn_by,
        previewed_at=record.previewed_at,
        previewed_by=record.previewed_by,
        preview=None if record.preview is None else _preview_view(record.preview, record.state),
        effective_at=record.effective_at,
        published_at=record.published_at,
        published_by=record.published_by,
        retired_at=record.retired_at,
        retired_by=record.retired_by,
        changed=changed_fields(None if before is None else before.draft, draft) if compare else (),
    )


def fence_page(records: Sequence[FenceRecord], limit: int) -> FencePage:
    """Return a page of at most `limit` of the fences, which are one more when there is a next page."""
    shown = records[:limit]
    cursor = write_cursor((shown[-1].draft.fence_id,)) if len(records) > limit else None
    return FencePage(items=tuple(fence_view(record) for record in shown), next_cursor=cursor)


def fence_history(records: Sequence[FenceRecord]) -> FenceHistory:
    """Return the versions, given oldest first."""
    pairs = zip(records, [None, *records], strict=False)
    views = [fence_view(record, before, compare=True) for record, before in pairs]
    return FenceHistory(items=tuple(reversed(views)))


def _rules_view(rules: FenceRules) -> RulesView:
    allowed = rules.allowed_services
    values = msgspec.structs.asdict(rules) | {
        "allowed_services": None if allowed is None else tuple(sorted(allowed))
    }
    return RulesView(**values)


def _hours_view(hours: FenceHours) -> HoursView:
    return HoursView(
        spans=_spans_view(hours.spans),
        time_zone=hours.time_zone,
        valid_from=hours.valid_from,
        valid_until=hours.valid_until,
        other_days=tuple(OtherDayView(day=o.day, spans=_spans_view(o.spans)) for o in hours.other_days),
    )


def _spans_view(spans: Sequence[HourSpan]) -> tuple[SpanView, ...]:
    return tuple(
        SpanView(
            start_minute=span.start_minute, end_minute=span.end_minute, weekdays=tuple(sorted(span.weekdays))
        )
        for span in spans
    )


def _preview_view(preview: FencePreview, state: FenceState) -> PreviewView:
    rest = preview.rest if state is FenceState.PREVIEWED else None
    return PreviewView(
        vehicles_inside=preview.vehicles_inside,
        inside=preview.inside,
        past=PastView(**msgspec.structs.asdict(preview.past)),
        rest=None if rest is None else RestView(**msgspec.structs.asdict(rest)),
        orders_touched=preview.orders_touched,
        orders=tuple(TouchedOrderView(order_id=o.order_id, end=o.end) for o in preview.orders),
    )
