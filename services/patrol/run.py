"""One run: a beat gone round once, or one look at a place; its checkpoints, its evidence. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, NewType
from zoneinfo import ZoneInfo

import msgspec

from core.ids import (
    AlarmId,
    DistrictCode,
    OccurrenceId,
    OperatorId,
    StaffId,
    StopId,
    TaskId,
    VehicleNo,
)
from core.transitions import advance as next_state
from geofences.geo import distance_m
from services.patrol.beat import Beat, BeatId, Checkpoint, is_open, window_after
from services.patrol.kinds import (
    POINT_TRANSITIONS,
    RUN_OVER,
    RUN_TRANSITIONS,
    FindingKind,
    MissedReason,
    PointEvent,
    PointState,
    RunEvent,
    RunKind,
    RunState,
    TrackCheck,
    Verdict,
)

RunId = NewType("RunId", str)
EvidenceId = NewType("EvidenceId", str)
MOST_ATTEMPTS: Final = 3
"""Vehicles that may try the rest of a run before it is reported as incomplete."""
AGAIN_WITHIN: Final = timedelta(minutes=30)
"""So long the rest of a run waits for a vehicle."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``wanted_vehicle`` is the only one that may do it, None for any of its operator and 旗区."""

    run_id: RunId
    version: int = 1
    kind: RunKind
    beat_id: BeatId | None = None
    beat_version: int | None = None
    name_zh: str
    name_en: str
    is_shuffled: bool = False
    operator: OperatorId
    district: DistrictCode
    time_zone: str
    occurrence_id: OccurrenceId | None = None
    state: RunState = RunState.WAITING
    attempt: int = 1
    wanted_vehicle: VehicleNo | None = None
    vehicle_no: VehicleNo | None = None
    task_id: TaskId | None = None
    begin_by: datetime
    """A run that no vehicle has begun by then is given up."""
    reason: str = ""
    """Why it is incomplete or cancelled, a stable word; of a look what its person wrote."""
    by: StaffId | None = None
    by_name: str = ""
    is_synthetic: bool = False
    created_at: datetime
    started_at: datetime | None = None
    suspended_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone whose day its windows are in."""
        return ZoneInfo(self.time_zone)

    @property
    def occasion(self) -> str:
        """Return what its order is drawn for: the occurrence, else the run itself."""
        return self.occurrence_id or self.run_id


class RunPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint as one run knows it, frozen when the run began to wait."""

    run_id: RunId
    seq: int
    point: Checkpoint
    state: PointState = PointState.DUE
    reason: MissedReason | None = None
    evidence_id: EvidenceId | None = None
    """What it was inspected by, also while that is doubtful."""
    inspected_at: datetime | None = None
    accepted_at: datetime | None = None
    """When a person accepted doubtful evidence of it, and why."""
    accepted_by_name: str = ""
    accepted_reason: str = ""


class MediaReference(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or recording that stays where it is; ``sha256`` tells later whether it is the same."""

    kind: str
    reference: str
    sha256: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle saw at a checkpoint; kept whatever it is worth."""

    evidence_id: EvidenceId
    run_id: RunId
    checkpoint_id: str
    beat_id: BeatId | None
    vehicle_no: VehicleNo
    report_seq: int
    stop_id: StopId
    taken_at: datetime
    lat: float
    lng: float
    accuracy_m: float | None = None
    off_m: float
    """How far from the checkpoint it was taken."""
    verdict: Verdict
    media: tuple[MediaReference, ...] = ()
    finding: FindingKind | None = None
    detail: str = ""
    alarm_id: AlarmId | None = None
    track: TrackCheck = TrackCheck.WAITING
    """What the vehicle's own telemetry says of the place."""
    track_off_m: float | None = None
    """How far from its track the evidence says it was taken."""
    is_synthetic: bool = False


def advance(run: Run, event: RunEvent, *, at: datetime, reason: str | None = None) -> Run:
    """Return the run after ``event``; version + 1. Raises IllegalTransition outside the table."""
    target = next_state(RUN_TRANSITIONS, run.state, event)
    is_waiting = target is RunState.WAITING
    return msgspec.structs.replace(
        run,
        state=target,
        version=run.version + 1,
        attempt=run.attempt + 1 if event is RunEvent.PUT_BACK else run.attempt,
        begin_by=at + AGAIN_WITHIN if is_waiting else run.begin_by,
        vehicle_no=None if is_waiting else run.vehicle_no,
        task_id=None if is_waiting else run.task_id,
        started_at=at if event is RunEvent.GIVEN and run.started_at is None else run.started_at,
        suspended_at=at if target is RunState.SUSPENDED else None,
        closed_at=(run.closed_at or at) if target in RUN_OVER else None,
        reason=run.reason if reason is None else reason,
    )


def waits_because(run: Run, reason: str) -> Run:
    """Return a run that waits, with a stable word for why; version + 1."""
    return msgspec.structs.replace(run, reason=reason, version=run.version + 1)


def advance_point(
    point: RunPoint,
    event: PointEvent,
    *,
    reason: MissedReason | None = None,
    evidence: Evidence | None = None,
) -> RunPoint:
    """Return the checkpoint inspected by evidence or given up for a reason; raise IllegalTransition.

    What a person said of earlier evidence is forgotten with it.
    """
    return msgspec.structs.replace(
        point,
        state=next_state(POINT_TRANSITIONS, point.state, event),
        reason=reason,
        evidence_id=None if evidence is None else evidence.evidence_id,
        inspected_at=None if evidence is None else evidence.taken_at,
        accepted_at=None,
        accepted_by_name="",
        accepted_reason="",
    )


def contradicted(point: RunPoint) -> RunPoint:
    """Return an inspected checkpoint doubtful, with the evidence that the track contradicts."""
    state = next_state(POINT_TRANSITIONS, point.state, PointEvent.CONTRADICTED)
    return msgspec.structs.replace(point, state=state, inspected_at=None)


def accepted(point: RunPoint, evidence: Evidence, *, by_name: str, reason: str, at: datetime) -> RunPoint:
    """Return a doubtful checkpoint inspected, because a person says so; raise IllegalTransition."""
    return msgspec.structs.replace(
        point,
        state=next_state(POINT_TRANSITIONS, point.state, PointEvent.ACCEPTED),
        inspected_at=evidence.taken_at,
        accepted_at=at,
        accepted_by_name=by_name,
        accepted_reason=reason,
    )


def points_of(run: Run, checkpoints: Sequence[Checkpoint]) -> tuple[RunPoint, ...]:
    """Return the checkpoints as the run will go round them."""
    return tuple(
        RunPoint(run_id=run.run_id, seq=seq, point=point) for seq, point in enumerate(checkpoints, 1)
    )


def run_of(beat: Beat, run_id: RunId, *, begin_by: datetime, at: datetime) -> Run:
    """Return a run of the beat as it is now, waiting for a vehicle."""
    return Run(
        run_id=run_id,
        kind=RunKind.BEAT,
        beat_id=beat.beat_id,
        beat_version=beat.version,
        name_zh=beat.name_zh,
        name_en=beat.name_en,
        is_shuffled=beat.is_shuffled,
        operator=beat.operator,
        district=beat.district,
        time_zone=beat.time_zone,
        begin_by=begin_by,
        is_synthetic=beat.is_synthetic,
        created_at=at,
    )


def judge(point: Checkpoint, *, lat: float, lng: float, at: datetime, zone: tzinfo) -> tuple[Verdict, float]:
    """Return what evidence taken there and then is worth, and how many metres from the checkpoint it was."""
    off_m = distance_m(lat, lng, point.lat, point.lng)
    if off_m > point.within_m:
        return Verdict.TOO_FAR, off_m
    return (Verdict.ACCEPTED if is_open(point, at, zone) else Verdict.OUT_OF_WINDOW), off_m


def can_wait(point: Checkpoint, *, at: datetime, zone: tzinfo) -> bool:
    """Return whether the checkpoint can still be inspected by a vehicle that comes within the next wait.

    A window that opened earlier and is over does not come again for this run.
    """
    window = window_after(point, at, zone)
    return window is None or window.begin <= at + AGAIN_WITHIN
