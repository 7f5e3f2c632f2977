"""Somebody on the street says something of a vehicle: kept once, and an alarm where it cannot wait."""

from datetime import datetime
from typing import Final

import msgspec

from core.auth.throttle import Limit, Subject, count_try
from core.auth.tokens import NewToken
from core.database import Transaction
from core.errors import Conflict
from core.ids import FeedbackId, VehicleCode, new_id
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import apply_signals
from fleet.feedback.feedback import Feedback
from fleet.feedback.kinds import ALARM_OF, FeedbackKind
from fleet.feedback.store import FeedbackStore
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.vehicle import Vehicle

LONGEST_WORDS: Final = 300
MOST_UNANSWERED: Final = 20
"""Of one vehicle: more of them tell nobody anything new."""
PER_ADDRESS: Final = Limit(tries=20, window_s=3600, first_lock_s=600, longest_lock_s=3600)
"""From one network: a bus stop full of people may speak, a script may not. Our own figure."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a bystander said: what is the matter, words of her own or none."""

    kind: FeedbackKind
    words: str = ""


async def take_feedback(
    tx: Transaction,
    said: Said,
    code: VehicleCode,
    vehicle: Vehicle,
    heard: LastHeard | None,
    *,
    token: NewToken,
    address_key: str,
    at: datetime,
    wall: datetime,
) -> Feedback:
    """Return what was said as it is kept; the same token again gives what it was first.

    ``address_key`` is a digest of the network it came from. Raises TooMany for a network that says too much
    and Conflict ``feedback-full`` for a vehicle of which too much is unanswered.
    """
    store = FeedbackStore(tx)
    before = await store.of_token(token.token_hash)
    if before is not None:
        return before
    await count_try(tx, [Subject(key=address_key, limit=PER_ADDRESS)], at=wall)
    if await store.count_unanswered(vehicle.vehicle_no) >= MOST_UNANSWERED:
        raise Conflict("feedback-full", limit=MOST_UNANSWERED)
    kept = Feedback(
        feedback_id=FeedbackId(new_id()),
        token_hash=token.token_hash,
        vehicle_no=vehicle.vehicle_no,
        code=code,
        district=vehicle.district,
        operator=vehicle.operator,
        kind=said.kind,
        words=said.words.strip(),
        lat=None if heard is None else heard.lat,
        lng=None if heard is None else heard.lng,
        received_at=at,
    )
    if not await store.add(kept):
        return await store.of_token(token.token_hash) or kept
    alarm = ALARM_OF.get(said.kind)
    if alarm is not None:
        raised = AlarmRaised(
            vehicle_no=vehicle.vehicle_no,
            kind=alarm,
            at=at,
            lat=kept.lat,
            lng=kept.lng,
            details={"feedback_id": kept.feedback_id},
        )
        await apply_signals(tx, [raised])
    return kept
