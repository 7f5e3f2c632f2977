"""Staff set which steps the orders of their operator take: a further version, with who and why."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Forbidden, Invalid, VersionMismatch
from core.ids import OperatorId, StaffId
from services.flows.flow import FlowVersion, Step
from services.flows.store import FlowStore

LONGEST_REASON = 500


async def set_flow(
    tx: Transaction,
    principal: Principal,
    operator: OperatorId,
    steps: tuple[Step, ...],
    *,
    version: int,
    reason: str,
    at: datetime,
) -> FlowVersion:
    """Return the version that was added: orders placed from now on keep it to their end.

    Raises Forbidden for another company's flow, Invalid without a reason, VersionMismatch when ``version`` is
    not the one that holds.
    """
    if principal.operator != operator:
        raise Forbidden("forbidden", "only the company itself says how its orders go", operator=operator)
    said = reason.strip()
    if not 1 <= len(said) <= LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    store = FlowStore(tx)
    held = await store.newest(operator)
    made = FlowVersion(
        operator=operator,
        version=held.version + 1,
        steps=tuple(step for step in Step if step in steps),
        at=at,
        staff_id=StaffId(principal.id),
        by_name=principal.name,
        reason=said,
    )
    if held.version != version or not await store.add(made):
        raise VersionMismatch(operator=operator, version=held.version)
    fields = {"version": made.version, "before": list(held.steps), "after": list(made.steps)}
    await audit.record(tx, principal, "flow.set", f"operator:{operator}", fields, said, at=at)
    return made
