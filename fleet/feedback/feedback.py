"""What somebody on the street said, as a fact. Pure."""

from datetime import datetime

import msgspec

from core.ids import DistrictCode, FeedbackId, OperatorId, StaffId, VehicleCode, VehicleNo
from core.transitions import advance as next_state
from fleet.feedback.kinds import (
    FEEDBACK_TERMINAL,
    FEEDBACK_TRANSITIONS,
    FeedbackEvent,
    FeedbackKind,
    FeedbackState,
)


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one person said of one vehicle. Who it was is not known, and not asked for."""

    feedback_id: FeedbackId
    token_hash: str
    """Of the token by which whoever said it reads what came of it."""
    vehicle_no: VehicleNo
    code: VehicleCode
    district: DistrictCode
    operator: OperatorId
    kind: FeedbackKind
    words: str = ""
    lat: float | None = None
    lng: float | None = None
    """Where the vehicle was last heard; None when it never was."""
    state: FeedbackState = FeedbackState.RECEIVED
    outcome: FeedbackState | None = None
    """Resolved or rejected, once it is."""
    received_at: datetime
    looked_into_at: datetime | None = None
    looked_into_by: StaffId | None = None
    looked_into_by_name: str | None = None
    closed_at: datetime | None = None
    answer: str = ""
    answered_by: StaffId | None = None
    answered_by_name: str | None = None
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether nothing moves it any more."""
        return self.state in FEEDBACK_TERMINAL


def advance(feedback: Feedback, event: FeedbackEvent, *, at: datetime, **changes: object) -> Feedback:
    """Return it after a step; raises IllegalTransition for one the table has not."""
    state = next_state(FEEDBACK_TRANSITIONS, feedback.state, event)
    moments: dict[str, object] = {}
    if state is FeedbackState.LOOKING:
        moments = {"looked_into_at": at}
    elif state in (FeedbackState.RESOLVED, FeedbackState.REJECTED):
        moments = {"closed_at": at, "outcome": state}
    return msgspec.structs.replace(
        feedback, version=feedback.version + 1, **{**moments, **changes, "state": state}
    )
