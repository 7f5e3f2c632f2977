"""What becomes of a checkpoint whose evidence the track contradicts, and of the run that counted it."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound
from services.patrol.kinds import PointState, RunEvent, RunKind, RunState, Verdict
from services.patrol.missed_alarm import accepted_after_all, tell_missed
from services.patrol.run import Evidence, Run, RunId, RunPoint, accepted, advance, contradicted
from services.patrol.run_store import RunStore
from services.patrol.settle_run import EVIDENCE_DOUBTFUL, close_when_seen
from services.schedules.settle_occurrence import occurrence_accepted, occurrence_doubted

LONGEST_REASON = 500


async def doubt_checkpoint(tx: Transaction, evidence: Evidence) -> bool:
    """Make the checkpoint doubtful that counts as inspected by this evidence; False when none does.

    While the run is not over a vehicle is sent there again, as to what was missed.
    """
    runs = RunStore(tx)
    for point in await runs.points(evidence.run_id):
        if point.state is PointState.INSPECTED and point.evidence_id == evidence.evidence_id:
            return await runs.move_point(point, contradicted(point))
    return False


async def doubt_run(tx: Transaction, run: Run, *, at: datetime) -> Run:
    """Return a run in doubt that counted as done: its occurrence is not met, its beat is an alarm.

    Raises IllegalTransition for a run that is not done, Conflict when somebody moved it meanwhile.
    """
    runs = RunStore(tx)
    reason = EVIDENCE_DOUBTFUL if run.kind is RunKind.BEAT else None
    doubtful = await runs.move(run, advance(run, RunEvent.CONTRADICTED, at=at, reason=reason))
    if run.kind is RunKind.BEAT:
        await tell_missed(tx, doubtful, await runs.points(run.run_id), at=at)
    if run.occurrence_id is not None:
        await occurrence_doubted(tx, run.occurrence_id, EVIDENCE_DOUBTFUL, at=at)
    return doubtful


async def accept_doubtful(
    tx: Transaction,
    /,
    principal: Principal,
    run_id: RunId,
    checkpoint_id: str,
    reason: str,
    *,
    at: datetime,
) -> Run:
    """Return the run after a person accepted the doubtful evidence of a checkpoint, with a reason.

    A run of which nothing else is doubtful or missed is done, its occurrence met. Raises Invalid without a
    reason, NotFound out of reach, IllegalTransition for a checkpoint that is not doubtful, Conflict when it
    moved meanwhile.
    """
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    runs = RunStore(tx)
    run = await runs.get(run_id, reach_of(principal))
    point = _point(await runs.points(run_id), checkpoint_id)
    evidence = _evidence(await runs.evidence(run_id), point)
    after = accepted(point, evidence, by_name=principal.name, reason=said, at=at)
    if not await runs.move_point(point, after):
        raise Conflict("conflict", "the checkpoint was moved in between", checkpoint_id=checkpoint_id)
    fields = {"checkpoint": checkpoint_id, "evidence": evidence.evidence_id, "off_m": evidence.track_off_m}
    await audit.record(tx, principal, "patrol.accepted", f"patrol_run:{run_id}", fields, said, at=at)
    if run.state is RunState.DOUBTFUL:
        return await _settle_doubt(tx, run, at=at)
    return await close_when_seen(tx, run, at=at)


async def _settle_doubt(tx: Transaction, run: Run, *, at: datetime) -> Run:
    points = await RunStore(tx).points(run.run_id)
    if any(point.state is PointState.DOUBTFUL for point in points):
        return run
    done = await RunStore(tx).move(run, advance(run, RunEvent.ACCEPTED, at=at, reason=_said_of(run)))
    if run.kind is RunKind.BEAT:
        await accepted_after_all(tx, run, at=at)
    if run.occurrence_id is not None:
        await occurrence_accepted(tx, run.occurrence_id, at=at)
    return done


def _said_of(run: Run) -> str:
    return run.reason if run.kind is RunKind.LOOK else ""


def _point(points: list[RunPoint], checkpoint_id: str) -> RunPoint:
    for point in points:
        if point.point.checkpoint_id == checkpoint_id:
            return point
    raise NotFound("not-found", "the run has no such checkpoint", checkpoint_id=checkpoint_id)


def _evidence(evidence: list[Evidence], point: RunPoint) -> Evidence:
    for each in evidence:
        if each.evidence_id == point.evidence_id and each.verdict is Verdict.ACCEPTED:
            return each
    raise NotFound("not-found", "the checkpoint has no evidence", checkpoint_id=point.point.checkpoint_id)
