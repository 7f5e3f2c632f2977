"""What a remote operator does with the queue: claim, begin, hand over, resolve."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.clock import Clock
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid
from core.ids import StaffId, TakeoverId, new_id
from fleet.alarms.alarm import acknowledge
from fleet.alarms.kinds import WAITING as UNACKNOWLEDGED
from fleet.alarms.store import AlarmStore
from fleet.people.duty import is_present
from fleet.people.store import ShiftStore
from fleet.takeovers.kinds import TakeoverEvent, TakeoverMode, TakeoverState
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover, advance, has_lapsed, may_claim

LONGEST_OUTCOME: Final = 1_000


async def claim(tx: Transaction, principal: Principal, takeover_id: TakeoverId, clock: Clock) -> Takeover:
    """Return the session that the operator takes; its alarms are acknowledged. Again: the same session.

    Raises NotFound, Conflict("not-signed-in-for-duty") without a shift, Conflict when it is offered to or
    held by somebody else, VersionMismatch when two claim at once.
    """
    at, wall, me = clock.now(), clock.wall(), StaffId(principal.id)
    takeover = await TakeoverStore(tx).get(takeover_id, reach_of(principal))
    shift = await ShiftStore(tx).of_person(me)
    if shift is None or not is_present(shift, wall):
        raise Conflict("not-signed-in-for-duty")
    if takeover.claimed_by == me and not takeover.is_over and not has_lapsed(takeover, wall):
        return takeover
    if not may_claim(takeover, me, wall):
        raise Conflict("conflict", "somebody else has this session", state=takeover.state.value)
    free = takeover
    if takeover.state is TakeoverState.CLAIMED:
        free = advance(takeover, TakeoverEvent.CLAIM_LAPSED, at=at)
    claimed = advance(
        free,
        TakeoverEvent.CLAIMED,
        at=at,
        claimed_by=me,
        claimed_by_name=principal.name,
        claimed_wall=wall,
    )
    saved = await _saved(tx, principal, takeover, claimed, "takeover.claimed", at)
    await _acknowledge(tx, principal, saved, at)
    return saved


async def begin(
    tx: Transaction, principal: Principal, takeover_id: TakeoverId, mode: TakeoverMode, *, at: datetime
) -> Takeover:
    """Return the session in which the operator helps from now on; begun again it stays as it is."""
    takeover = await _own(tx, principal, takeover_id)
    if takeover.state is TakeoverState.ACTIVE and takeover.mode is mode:
        return takeover
    begun = advance(takeover, TakeoverEvent.BEGUN, at=at, mode=mode)
    return await _saved(tx, principal, takeover, begun, "takeover.begun", at)


async def resolve(
    tx: Transaction, principal: Principal, takeover_id: TakeoverId, outcome: str, *, at: datetime
) -> Takeover:
    """Return the session that is over, and what the operator did. Raises Invalid without words."""
    _check(outcome)
    takeover = await _own(tx, principal, takeover_id)
    done = advance(takeover, TakeoverEvent.RESOLVED, at=at, outcome=outcome.strip())
    return await _saved(tx, principal, takeover, done, "takeover.resolved", at)


async def hand_over(
    tx: Transaction, principal: Principal, takeover_id: TakeoverId, reason: str, clock: Clock
) -> Takeover:
    """Return the session that follows: open to everybody, in the turn of the first. Raises Invalid."""
    _check(reason)
    takeover = await _own(tx, principal, takeover_id)
    return await pass_on(tx, principal, takeover, reason.strip(), clock)


async def pass_on(
    tx: Transaction, principal: Principal | None, takeover: Takeover, reason: str, clock: Clock
) -> Takeover:
    """End a session for its operator and ask for another; the vehicle keeps its place in the queue."""
    at = clock.now()
    over = advance(takeover, TakeoverEvent.HANDED_OVER, at=at, outcome=reason)
    await _saved(tx, principal, takeover, over, "takeover.handed_over", at)
    following = msgspec.structs.replace(
        takeover,
        takeover_id=TakeoverId(new_id()),
        state=TakeoverState.REQUESTED,
        reason=reason,
        requested_wall=clock.wall(),
        offered_to=None,
        claimed_by=None,
        claimed_by_name=None,
        claimed_at=None,
        claimed_wall=None,
        begun_at=None,
        mode=None,
        outcome="",
        follows=takeover.takeover_id,
        version=1,
    )
    await TakeoverStore(tx).add(following, at=at)
    await TakeoverStore(tx).pass_causes(takeover.takeover_id, following.takeover_id)
    return following


async def lapse(tx: Transaction, takeover: Takeover, *, at: datetime) -> Takeover:
    """Return a claimed session that everybody may take again."""
    return await _saved(
        tx, None, takeover, advance(takeover, TakeoverEvent.CLAIM_LAPSED, at=at), "takeover.lapsed", at
    )


async def _own(tx: Transaction, principal: Principal, takeover_id: TakeoverId) -> Takeover:
    takeover = await TakeoverStore(tx).get(takeover_id, reach_of(principal))
    if takeover.claimed_by != principal.id:
        raise Forbidden("forbidden", "this session is not yours; claim it first", takeover_id=takeover_id)
    return takeover


async def _saved(
    tx: Transaction,
    principal: Principal | None,
    before: Takeover,
    after: Takeover,
    action: str,
    at: datetime,
) -> Takeover:
    saved = await TakeoverStore(tx).save(before, after, at=at)
    shown = {
        "vehicle_no": before.vehicle_no,
        "from": before.state.value,
        "to": after.state.value,
        "mode": None if after.mode is None else after.mode.value,
    }
    about = f"takeover:{before.takeover_id}"
    await audit.record(tx, principal, action, about, shown, after.outcome or None, at=at)
    return saved


async def _acknowledge(tx: Transaction, principal: Principal, takeover: Takeover, at: datetime) -> None:
    """Whoever claims has taken notice of the alarms: nobody else is called because of them."""
    store = AlarmStore(tx)
    for alarm in await store.of_ids(await TakeoverStore(tx).causes_of(takeover.takeover_id), EVERYTHING):
        if alarm.state in UNACKNOWLEDGED:
            seen = acknowledge(alarm, by=StaffId(principal.id), by_name=principal.name, comment="", at=at)
            await store.save(alarm, seen)


def _check(words: str) -> None:
    if not words.strip() or len(words) > LONGEST_OUTCOME:
        raise Invalid("reason-missing", "say what was done or why", field="words", limit=LONGEST_OUTCOME)
