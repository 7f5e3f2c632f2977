"""Staff look into what was said on the street, and answer it."""

from datetime import datetime
from typing import Final, Literal

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import FeedbackId, StaffId
from fleet.alarms.alarm import AlarmCleared, acknowledge, dedup_key
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import WAITING
from fleet.alarms.store import AlarmStore
from fleet.feedback.feedback import Feedback, advance
from fleet.feedback.kinds import ALARM_OF, FeedbackEvent, FeedbackState
from fleet.feedback.store import FeedbackStore

LONGEST_ANSWER: Final = 500
type Outcome = Literal["resolved", "rejected"]
_ENDS: Final[dict[Outcome, FeedbackEvent]] = {
    "resolved": FeedbackEvent.RESOLVED,
    "rejected": FeedbackEvent.REJECTED,
}


async def look_into(
    tx: Transaction, principal: Principal, feedback_id: FeedbackId, *, at: datetime
) -> Feedback:
    """Return what somebody looks into from now on, its alarm acknowledged by her; again it stays as it is.

    Raises NotFound, and IllegalTransition for what is answered.
    """
    said = await FeedbackStore(tx).get(feedback_id, reach_of(principal))
    if said.state is FeedbackState.LOOKING:
        return said
    looking = await _looked_into(tx, principal, said, at)
    await _acknowledge(tx, principal, looking, at)
    return looking


async def answer_feedback(
    tx: Transaction,
    principal: Principal,
    feedback_id: FeedbackId,
    outcome: Outcome,
    words: str,
    *,
    with_others: bool,
    at: datetime,
) -> list[Feedback]:
    """Return what was answered; with the others: everything of that kind that waits about the vehicle.

    The alarm of the kind is over once nothing of it waits. Raises NotFound, Invalid without words,
    IllegalTransition for what is answered.
    """
    if not words.strip() or len(words) > LONGEST_ANSWER:
        raise Invalid("invalid-input", "say what came of it", field="words", limit=LONGEST_ANSWER)
    store = FeedbackStore(tx)
    asked = await store.get(feedback_id, reach_of(principal))
    waiting = await store.unanswered(asked.vehicle_no, asked.kind)
    others = [each for each in waiting if each.feedback_id != asked.feedback_id] if with_others else []
    answered = [await _answered(tx, principal, each, outcome, words, at) for each in (asked, *others)]
    kind = ALARM_OF.get(asked.kind)
    if kind is not None and len(answered) >= len(waiting):
        await apply_signals(tx, [AlarmCleared(vehicle_no=asked.vehicle_no, kind=kind, at=at)])
    return answered


async def _answered(
    tx: Transaction, principal: Principal, said: Feedback, outcome: Outcome, words: str, at: datetime
) -> Feedback:
    if said.state is FeedbackState.RECEIVED:
        said = await _looked_into(tx, principal, said, at)
    ended = advance(said, _ENDS[outcome], at=at)
    answered = advance(
        ended,
        FeedbackEvent.ANSWERED,
        at=at,
        answer=words.strip(),
        answered_by=StaffId(principal.id),
        answered_by_name=principal.name,
    )
    await FeedbackStore(tx).save(said, answered, at=at)
    about = f"feedback:{said.feedback_id}"
    shown = {"vehicle_no": said.vehicle_no, "kind": said.kind.value, "outcome": outcome}
    await audit.record(tx, principal, "feedback.answered", about, shown, words.strip(), at=at)
    return answered


async def _looked_into(tx: Transaction, principal: Principal, said: Feedback, at: datetime) -> Feedback:
    looking = advance(
        said,
        FeedbackEvent.LOOKED_INTO,
        at=at,
        looked_into_by=StaffId(principal.id),
        looked_into_by_name=principal.name,
    )
    await FeedbackStore(tx).save(said, looking, at=at)
    about = f"feedback:{said.feedback_id}"
    shown = {"vehicle_no": said.vehicle_no, "kind": said.kind.value}
    await audit.record(tx, principal, "feedback.looked_into", about, shown, at=at)
    return looking


async def _acknowledge(tx: Transaction, principal: Principal, said: Feedback, at: datetime) -> None:
    """Whoever looks into it has taken notice of its alarm."""
    kind = ALARM_OF.get(said.kind)
    if kind is None:
        return
    key = dedup_key(AlarmCleared(vehicle_no=said.vehicle_no, kind=kind, at=at))
    alarm = (await AlarmStore(tx).standing([key])).get(key)
    if alarm is not None and alarm.state in WAITING:
        seen = acknowledge(alarm, by=StaffId(principal.id), by_name=principal.name, comment="", at=at)
        await AlarmStore(tx).save(alarm, seen)
