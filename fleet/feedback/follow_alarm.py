"""Whoever acknowledges the alarm of what was said on the street looks into it."""

from datetime import datetime

from core.database import Transaction
from fleet.alarms.alarm import Alarm
from fleet.feedback.feedback import advance
from fleet.feedback.kinds import KIND_OF, FeedbackEvent, FeedbackState
from fleet.feedback.store import FeedbackStore


async def follow_alarm(tx: Transaction, alarm: Alarm, *, at: datetime) -> None:
    """Say so to everybody who waits for it; safe to repeat, silent for other kinds of alarm."""
    kind = KIND_OF.get(alarm.kind)
    if kind is None or alarm.acknowledged_at is None:
        return
    store = FeedbackStore(tx)
    for said in await store.unanswered(alarm.vehicle_no, kind):
        if said.state is not FeedbackState.RECEIVED:
            continue
        looking = advance(
            said,
            FeedbackEvent.LOOKED_INTO,
            at=at,
            looked_into_by=alarm.acknowledged_by,
            looked_into_by_name=alarm.acknowledged_by_name,
        )
        await store.save(said, looking, at=at)
