"""Patrol on the wire: beats as people write and see them, runs with their checkpoints and evidence, looks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.ids import DistrictCode, VehicleNo, new_id
from dashboard.cursors import write_cursor
from geofences.geo import distance_m
from services.patrol.beat import (
    DAY_MIN,
    DWELL_S,
    LONGEST_NAME,
    MOST_CHECKPOINTS,
    USUAL_WITHIN_M,
    WITHIN_M,
    Beat,
    Checkpoint,
)
from services.patrol.edit_beat import Draft
from services.patrol.kinds import (
    FindingKind,
    MissedReason,
    PointState,
    RunKind,
    RunState,
    TrackCheck,
    Verdict,
)
from services.patrol.look_now import LONGEST_REASON
from services.patrol.run import Evidence, MediaReference, Run, RunId, RunPoint
from services.routing.route import GeoPoint

Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Lng = Annotated[float, Meta(ge=-180, le=180)]
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Minute = Annotated[int, Meta(ge=0, le=DAY_MIN - 1, description="Minute of the local day")]


class CheckpointBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One place of a beat; a new one has no id yet. Both ends of the window or neither."""

    checkpoint_id: Word | None = None
    name_zh: Name
    name_en: Name
    lat: Lat
    lng: Lng
    dwell_s: Annotated[int, Meta(ge=DWELL_S[0], le=DWELL_S[1])] = 60
    within_m: Annotated[int, Meta(ge=WITHIN_M[0], le=WITHIN_M[1])] = USUAL_WITHIN_M
    opens_min: Minute | None = None
    closes_min: Minute | None = None


class BeatBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a person says about a beat; ``operator`` only of a person who belongs to none."""

    name_zh: Name
    name_en: Name
    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    is_shuffled: bool = False
    checkpoints: Annotated[tuple[CheckpointBody, ...], Meta(min_length=1, max_length=MOST_CHECKPOINTS)]
    operator: Word | None = None


class ChangedBeat(BeatBody, frozen=True, kw_only=True):
    """The whole beat in place of ``version``; it stays its operator's."""

    version: Version


class OfVersion(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The version that was read."""

    version: Version


class LookBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A place to look at now, and why; without ``vehicleNo`` the nearest vehicle goes."""

    lat: Lat
    lng: Lng
    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]
    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)] | None = None


class AcceptBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A doubtful checkpoint that counts after all, and why."""

    checkpoint_id: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One place of a beat."""

    checkpoint_id: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    dwell_s: int
    within_m: int
    opens_min: int | None
    closes_min: int | None


class BeatView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One version of a beat."""

    beat_id: str
    version: int
    operator: str
    district: str
    time_zone: str
    name_zh: str
    name_en: str
    is_shuffled: bool
    checkpoints: tuple[CheckpointView, ...]
    is_retired: bool
    is_synthetic: bool
    changed_at: datetime
    changed_by_name: str


class BeatList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Beats by name."""

    items: tuple[BeatView, ...]


class BeatHistory(BeatView, frozen=True, kw_only=True):
    """A beat with every version of it, the newest first."""

    versions: tuple[BeatView, ...]


class RunPointView(CheckpointView, frozen=True, kw_only=True):
    """A checkpoint as a run knows it."""

    state: PointState
    reason: MissedReason | None
    evidence_id: str | None
    inspected_at: datetime | None
    accepted_at: datetime | None
    """When a person accepted its doubtful evidence, and why."""
    accepted_by_name: str
    accepted_reason: str


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a vehicle saw; ``media`` stay where they are. ``track`` is what its own telemetry says of the
    place, ``trackOffM`` how far from there it was."""

    evidence_id: str
    checkpoint_id: str
    vehicle_no: int
    taken_at: datetime
    lat: float
    lng: float
    accuracy_m: float | None
    off_m: float
    verdict: Verdict
    media: tuple[MediaReference, ...]
    finding: FindingKind | None
    detail: str
    alarm_id: str | None
    track: TrackCheck
    track_off_m: float | None
    is_synthetic: bool


class RoadPoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The nearest point on a road, and how far from the place that was asked for it is."""

    lat: float
    lng: float
    moved_m: float


def road_point(stand: GeoPoint, lat: float, lng: float) -> RoadPoint:
    """Return a point on a road with its distance from a place, both (lat, lng)."""
    moved_m = round(distance_m(lat, lng, stand.lat, stand.lng), 1)
    return RoadPoint(lat=round(stand.lat, 6), lng=round(stand.lng, 6), moved_m=moved_m)


class RunView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run with how many of its checkpoints stand where."""

    run_id: str
    version: int
    kind: RunKind
    beat_id: str | None
    beat_version: int | None
    name_zh: str
    name_en: str
    operator: str
    district: str
    occurrence_id: str | None
    state: RunState
    attempt: int
    vehicle_no: int | None
    code: str | None
    begin_by: datetime
    reason: str
    by_name: str
    is_synthetic: bool
    created_at: datetime
    started_at: datetime | None
    suspended_at: datetime | None
    closed_at: datetime | None
    inspected: int
    doubtful: int
    """Of evidence that the vehicle's own track contradicts: not inspected until somebody accepts it."""
    missed: int
    due: int


class RunPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Runs, the newest first."""

    items: tuple[RunView, ...]
    next_cursor: str | None


class RunSheet(RunView, frozen=True, kw_only=True):
    """A run with its checkpoints and all of its evidence."""

    points: tuple[RunPointView, ...]
    evidence: tuple[EvidenceView, ...]


def draft_of(body: BeatBody) -> Draft:
    """Return what a person wrote; checkpoints without an id get one."""
    return Draft(
        name_zh=body.name_zh,
        name_en=body.name_en,
        district=DistrictCode(body.district),
        is_shuffled=body.is_shuffled,
        checkpoints=tuple(
            Checkpoint(**{**msgspec.structs.asdict(each), "checkpoint_id": each.checkpoint_id or new_id()})
            for each in body.checkpoints
        ),
    )


def beat_view(beat: Beat) -> BeatView:
    """Return a beat as people see it; its seed is no part of it."""
    points = tuple(CheckpointView(**msgspec.structs.asdict(each)) for each in beat.checkpoints)
    return BeatView(**{**_of(beat, BeatView), "checkpoints": points})


def beat_history(beat: Beat, versions: Sequence[Beat]) -> BeatHistory:
    """Return a beat with its versions."""
    own = msgspec.structs.asdict(beat_view(beat))
    return BeatHistory(**own, versions=tuple(beat_view(each) for each in versions))


def run_view(run: Run, points: Sequence[RunPoint], codes: Mapping[VehicleNo, str | None]) -> RunView:
    """Return a run with its counts."""
    return RunView(**_run_fields(run, points, codes))


def run_page(
    runs: Sequence[Run],
    points: Mapping[RunId, Sequence[RunPoint]],
    codes: Mapping[VehicleNo, str | None],
    limit: int,
) -> RunPage:
    """Return a page of at most ``limit`` runs; one more than that says that there are more."""
    shown = runs[:limit]
    more = len(runs) > limit
    return RunPage(
        items=tuple(run_view(run, points.get(run.run_id, ()), codes) for run in shown),
        next_cursor=write_cursor((shown[-1].created_at, shown[-1].run_id)) if more else None,
    )


def run_sheet(
    run: Run,
    points: Sequence[RunPoint],
    evidence: Sequence[Evidence],
    codes: Mapping[VehicleNo, str | None],
) -> RunSheet:
    """Return a run with everything that it brought."""
    return RunSheet(
        **_run_fields(run, points, codes),
        points=tuple(
            RunPointView(
                **msgspec.structs.asdict(each.point),
                state=each.state,
                reason=each.reason,
                evidence_id=each.evidence_id,
                inspected_at=each.inspected_at,
                accepted_at=each.accepted_at,
                accepted_by_name=each.accepted_by_name,
                accepted_reason=each.accepted_reason,
            )
            for each in points
        ),
        evidence=tuple(EvidenceView(**_of(each, EvidenceView)) for each in evidence),
    )


def _run_fields(
    run: Run, points: Sequence[RunPoint], codes: Mapping[VehicleNo, str | None]
) -> dict[str, Any]:
    states = [point.state for point in points]
    return {
        **{name: getattr(run, name) for name in RunView.__struct_fields__ if hasattr(run, name)},
        "code": None if run.vehicle_no is None else codes.get(run.vehicle_no),
        "inspected": states.count(PointState.INSPECTED),
        "doubtful": states.count(PointState.DOUBTFUL),
        "missed": states.count(PointState.MISSED),
        "due": states.count(PointState.DUE),
    }


def _of(thing: object, view: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in view.__struct_fields__}
