"""Who has the alarms of what was said on the street: they change hands, what was said does not."""

from collections.abc import Mapping, Sequence

from core.database import Transaction
from core.ids import FeedbackId
from fleet.alarms.store import AlarmStore
from fleet.feedback.feedback import Feedback
from fleet.feedback.kinds import KIND_OF


async def owners_of(tx: Transaction, said: Sequence[Feedback]) -> Mapping[FeedbackId, str | None]:
    """Return the name of whoever has the standing alarm of each; None while nobody has it.

    What has no standing alarm, or is answered, is absent.
    """
    waiting = [one for one in said if not one.is_over]
    alarms = await AlarmStore(tx).standing_of({one.vehicle_no for one in waiting})
    names = {(alarm.vehicle_no, KIND_OF.get(alarm.kind)): alarm.assignee_name for alarm in alarms}
    return {
        one.feedback_id: names[one.vehicle_no, one.kind]
        for one in waiting
        if (one.vehicle_no, one.kind) in names
    }
