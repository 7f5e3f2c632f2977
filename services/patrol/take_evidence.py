"""The vehicle's report of what it saw: judged, kept, and what it found raised as an alarm."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, cast

import msgspec

from core.database import Transaction
from core.ids import StopId, new_id
from core.inbox import InboxItem
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, dedup_key
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.alarms.store import AlarmStore
from fleet.links.wire.reports import EvidenceCaptured, read_report_body
from services.patrol.kinds import TO_SEE, FindingKind, PointEvent, Verdict, finding_of
from services.patrol.run import (
    Evidence,
    EvidenceId,
    MediaReference,
    Run,
    RunPoint,
    advance_point,
    judge,
)
from services.patrol.run_store import RunStore
from services.tasks.guard import moment_of
from services.tasks.reports import TaskReports
from services.tasks.task import Stop

SEVERITY: Final[Mapping[FindingKind, Severity]] = MappingProxyType(
    {
        FindingKind.SMOKE_OR_FIRE: Severity.CRITICAL,
        FindingKind.PERSON_NEEDS_HELP: Severity.CRITICAL,
        FindingKind.FIRE_LANE_BLOCKED: Severity.MAJOR,
        FindingKind.ROAD_OBSTRUCTED: Severity.MAJOR,
        FindingKind.FACILITY_DAMAGED: Severity.WARNING,
        FindingKind.DOOR_OPEN: Severity.WARNING,
        FindingKind.CROWD: Severity.WARNING,
        FindingKind.WASTE: Severity.WARNING,
        FindingKind.OTHER: Severity.WARNING,
    }
)
"""How soon somebody must act; ours."""


class PatrolReports:
    """Handler of evidence_captured; returns its outcome in a word."""

    def __init__(self, tasks: TaskReports) -> None:
        """Take who opens tasks for reports."""
        self._tasks = tasks

    async def evidence_captured(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Keep the evidence; accepted evidence makes its checkpoint inspected, a finding raises an alarm.

        It is taken also while the run is suspended: the vehicle had not heard of that yet. Outcome: the
        verdict, or ``no-run`` and ``unknown-stop`` beside those of the guard.
        """
        body = cast(EvidenceCaptured, read_report_body(item.kind, item.body))
        task = await self._tasks.open_task(tx, item, at=at)
        if isinstance(task, str):
            return task
        stop = task.stop(body.stop_id)
        if stop is None:
            return "unknown-stop"
        runs = RunStore(tx)
        run = await runs.of_task(task.task_id)
        if run is None:
            return "no-run"
        point = next(
            (each for each in await runs.points(run.run_id) if each.point.checkpoint_id == stop.place_id),
            None,
        )
        if point is None:
            return "unknown-stop"
        evidence = _judged(run, point, stop, item, body, at=moment_of(item, task, at))
        if not await runs.keep(evidence):
            return "already"
        if evidence.verdict is Verdict.ACCEPTED and point.state in TO_SEE:
            await runs.put_point(advance_point(point, PointEvent.EVIDENCE_TAKEN, evidence=evidence))
        await _raise_finding(tx, run, point, evidence)
        return evidence.verdict.value


def _judged(
    run: Run, point: RunPoint, stop: Stop, item: InboxItem, body: EvidenceCaptured, *, at: datetime
) -> Evidence:
    verdict, off_m = judge(point.point, lat=body.lat, lng=body.lng, at=at, zone=run.zone)
    return Evidence(
        evidence_id=EvidenceId(new_id()),
        run_id=run.run_id,
        checkpoint_id=point.point.checkpoint_id,
        beat_id=run.beat_id,
        vehicle_no=item.vehicle_no,
        report_seq=item.report_seq,
        stop_id=StopId(stop.stop_id),
        taken_at=at,
        lat=body.lat,
        lng=body.lng,
        accuracy_m=body.accuracy_m,
        off_m=round(off_m, 1),
        verdict=verdict,
        media=tuple(
            MediaReference(kind=each.kind, reference=each.reference, sha256=each.sha256)
            for each in body.media
        ),
        finding=finding_of(body.finding) if body.finding else None,
        detail=body.detail,
        is_synthetic=run.is_synthetic,
    )


async def _raise_finding(tx: Transaction, run: Run, point: RunPoint, evidence: Evidence) -> None:
    """Raise what was found, and clear what was found there before and is gone.

    The same thing at the same checkpoint is one alarm whoever finds it again: it keeps the name of the
    vehicle that found it first.
    """
    before = await RunStore(tx).found_before(point.point.checkpoint_id)
    if evidence.verdict is Verdict.ACCEPTED:
        gone = [
            AlarmCleared(
                vehicle_no=vehicle_no,
                kind=AlarmKind.PATROL_FINDING,
                cause=_cause(point, finding),
                at=evidence.taken_at,
            )
            for vehicle_no, finding in before
            if finding is not evidence.finding
        ]
        await apply_signals(tx, gone)
    if evidence.finding is None:
        return
    signals = [
        _raised(run, point, msgspec.structs.replace(evidence, vehicle_no=vehicle_no))
        for vehicle_no, finding in before
        if finding is evidence.finding
    ]
    own = _raised(run, point, evidence)
    standing = await AlarmStore(tx).standing([dedup_key(signal) for signal in signals])
    known = next((signal for signal in signals if dedup_key(signal) in standing), own)
    await apply_signals(tx, [known])
    alarm = (await AlarmStore(tx).standing([dedup_key(known)])).get(dedup_key(known))
    if alarm is not None:
        await RunStore(tx).note_alarm(msgspec.structs.replace(evidence, alarm_id=alarm.alarm_id))


def _raised(run: Run, point: RunPoint, evidence: Evidence) -> AlarmRaised:
    assert evidence.finding is not None
    return AlarmRaised(
        vehicle_no=evidence.vehicle_no,
        kind=AlarmKind.PATROL_FINDING,
        cause=_cause(point, evidence.finding),
        at=evidence.taken_at,
        severity=SEVERITY[evidence.finding],
        lat=point.point.lat,
        lng=point.point.lng,
        details={
            "finding": evidence.finding.value,
            "detail": evidence.detail,
            "checkpoint_zh": point.point.name_zh,
            "checkpoint_en": point.point.name_en,
            "run_id": run.run_id,
            "evidence_id": evidence.evidence_id,
            "media": evidence.media[0].reference if evidence.media else "",
            "verdict": evidence.verdict.value,
            "is_synthetic": evidence.is_synthetic,
        },
    )


def _cause(point: RunPoint, finding: FindingKind) -> str:
    return f"{point.point.checkpoint_id}:{finding.value}"
