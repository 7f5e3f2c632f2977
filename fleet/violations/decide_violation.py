"""A person confirms, dismisses, appeals, decides an appeal or closes: by role, with a reason, on record."""

from datetime import datetime, timedelta
from typing import Final

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.database import Database
from core.errors import Forbidden, Invalid, VersionMismatch
from core.ids import StaffId, ViolationId
from fleet.violations.kinds import ViolationEvent
from fleet.violations.store import ViolationStore
from fleet.violations.violation import Decision, Violation, advance, check_parties

LONGEST_REASON: Final = 1_000
NEEDED: Final = {
    ViolationEvent.CONFIRMED: Scope.VIOLATIONS_JUDGE,
    ViolationEvent.DISMISSED: Scope.VIOLATIONS_JUDGE,
    ViolationEvent.APPEALED: Scope.VIOLATIONS_APPEAL,
    ViolationEvent.UPHELD: Scope.VIOLATIONS_DECIDE,
    ViolationEvent.OVERTURNED: Scope.VIOLATIONS_DECIDE,
    ViolationEvent.CLOSED: Scope.VIOLATIONS_JUDGE,
}
"""What a role must hold for each step."""


async def decide_violation(
    database: Database,
    principal: Principal,
    violation_id: ViolationId,
    event: ViolationEvent,
    *,
    reason: str,
    version: int | None,
    appeal: timedelta,
    at: datetime,
) -> Violation:
    """Return the violation after the step and its commit.

    Raises Invalid without a reason, Forbidden for a role or a party that may not, NotFound outside the reach,
    VersionMismatch when `version` is not the present one (None does not ask), IllegalTransition and Conflict
    as ``advance`` does.
    """
    _check_may(principal, event)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    decision = Decision(
        event=event,
        by=StaffId(principal.id),
        by_name=principal.name,
        role=principal.role.value,
        at=at,
        reason=reason.strip(),
    )
    async with database.write() as tx:
        store = ViolationStore(tx)
        violation = await store.get(violation_id, reach_of(principal))
        check_parties(
            violation, violation.decisions, by=principal.id, operator=principal.operator, event=event
        )
        if version is not None and version != violation.version:
            raise VersionMismatch("version-mismatch", violation_id=violation_id, version=violation.version)
        done = await store.save(violation, advance(violation, decision, appeal=appeal), at=at)
        await audit.record(
            tx,
            principal,
            "violation.moved",
            f"violation:{violation_id}",
            {"vehicle_no": violation.vehicle_no, "from": violation.state.value, "to": done.state.value},
            decision.reason,
            at=at,
        )
    return done


def _check_may(principal: Principal, event: ViolationEvent) -> None:
    needed = NEEDED[event]
    if not principal.may(needed):
        raise Forbidden(
            "forbidden",
            f"The role {principal.role.value} does not include {needed.value}.",
            scope=needed.value,
            role=principal.role.value,
        )
