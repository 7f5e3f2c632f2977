"""What anybody on the street may do with a vehicle's code: say something of it, and read what came of it."""

from core.auth.tokens import derived_token, token_hash
from core.errors import NotFound, Unavailable
from core.privacy.cipher import SecretKeys
from dashboard.parts import DashboardParts
from dashboard.schemas.feedback import FeedbackStatus, SayFeedback, feedback_status
from fleet.feedback.store import FeedbackStore
from fleet.feedback.take_feedback import Said, take_feedback
from fleet.vehicles.scan_code import find_vehicle


async def say(parts: DashboardParts, keys: SecretKeys, data: SayFeedback, *, address: str) -> FeedbackStatus:
    """Return the report with the token that opens it; raise what ``find_vehicle`` and ``take_feedback``
    raise."""
    token = derived_token("fb", keys.digest("feedback-token", data.request_id))
    said = Said(kind=data.kind, words=data.words)
    async with parts.database.read() as tx:
        record, vehicle = await find_vehicle(tx, parts.city.code_layout, data.code)
    try:
        heard = (await parts.last_heard.last_heard([vehicle.vehicle_no])).get(vehicle.vehicle_no)
    except Unavailable:
        heard = None  # what somebody says is kept all the same
    async with parts.database.write() as tx:
        kept = await take_feedback(
            tx,
            said,
            record.code,
            vehicle,
            heard,
            token=token,
            address_key=keys.digest("throttle:feedback-address", address),
            at=parts.clock.now(),
            wall=parts.clock.wall(),
        )
    return feedback_status(kept, token.token)


async def read_said(parts: DashboardParts, token: str) -> FeedbackStatus:
    """Return what came of a report; raise NotFound for an unknown token."""
    async with parts.database.read() as tx:
        said = await FeedbackStore(tx).of_token(token_hash(token))
    if said is None:
        raise NotFound("not-found", "nobody said such a thing")
    return feedback_status(said, token)
