"""Claiming the city's subsidy for delivered orders, and revising a claim; an order is claimed once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from core import audit
from core.auth.principal import EVERYTHING, Principal
from core.database import Transaction
from core.errors import Conflict, Invalid, VersionMismatch
from core.ids import OrderId
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.claim import Claim, ClaimId, claim_of, must_be_a_span, row_of
from services.settlement.claim_store import ClaimStore
from services.settlement.statement import end_of, last_ended_day
from services.settlement.store import Journal
from services.settlement.take_money import own_operator
from services.tasks.store import TaskStore

ORDERS_AT_ONCE = 500


async def claim_subsidy(
    tx: Transaction, principal: Principal, first: date, last: date, zone: tzinfo, *, at: datetime
) -> Claim:
    """Claim every subsidy of one's own company posted on these local days that no claim has yet.

    The company's subsidy account is taken first, so that of two claims the second finds nothing. Raises
    Invalid for a span that is none, Conflict ``nothing-due`` when nothing is left to claim.
    """
    operator = own_operator(principal)
    must_be_a_span(first, last, last_ended_day(at, zone))
    await Journal(tx).take_turn(account(AccountKind.SUBSIDY, operator), at)
    store = ClaimStore(tx)
    began, ended = end_of(first - timedelta(days=1), zone), end_of(last, zone)
    found = await store.unclaimed(operator, began, ended)
    if not found:
        raise Conflict("nothing-due", "every delivered order of these days is claimed", first_day=str(first))
    rows = []
    for start in range(0, len(found), ORDERS_AT_ONCE):
        some = found[start : start + ORDERS_AT_ONCE]
        orders = await OrderStore(tx).of_ids([order_id for order_id, _, _ in some], EVERYTHING)
        wanted = [order.task_id for order in orders.values() if order.task_id is not None]
        tasks = await TaskStore(tx).of_ids(wanted, EVERYTHING)
        for order_id, entry_no, amount_fen in some:
            order = orders[order_id]
            task = None if order.task_id is None else tasks.get(order.task_id)
            rows.append(row_of(order, task, entry_no, amount_fen, zone))
    claim_id = ClaimId(f"{operator}.{await store.next_number(operator)}")
    by = f"staff:{principal.id}"
    claim = claim_of(claim_id, operator, first, last, rows, version=1, reason="", at=at, by=by)
    await store.add(claim)
    await store.add_rows(claim_id, rows)
    fields = {"rows": claim.rows, "total_fen": claim.total_fen, "sha256": claim.sha256}
    await audit.record(tx, principal, "subsidy.claimed", f"claim:{claim_id}", fields, at=at)
    return claim


async def revise_claim(
    tx: Transaction,
    principal: Principal,
    claim_id: ClaimId,
    leave_out: Sequence[OrderId],
    reason: str,
    *,
    version: int,
    at: datetime,
) -> Claim:
    """Make the next version of a claim without these orders, which stay claimed for good.

    Raises NotFound, VersionMismatch when ``version`` is not the newest, Invalid for an order not in it.
    """
    operator = own_operator(principal)
    await Journal(tx).take_turn(account(AccountKind.SUBSIDY, operator), at)
    store = ClaimStore(tx)
    before = await store.one(claim_id, operator)
    if before.version != version:
        raise VersionMismatch("version-mismatch", claim_id=claim_id, version=before.version)
    rows = {row.order_id: row for row in await store.rows(before)}
    unknown = sorted(set(leave_out) - rows.keys())
    if unknown or not leave_out:
        raise Invalid(
            "invalid-input", "orders of the claim", field="leaveOut", limit=unknown[0] if unknown else "1"
        )
    left = [row for order_id, row in rows.items() if order_id not in set(leave_out)]
    claim = claim_of(
        claim_id,
        operator,
        before.first_day,
        before.last_day,
        left,
        version=version + 1,
        reason=reason,
        at=at,
        by=f"staff:{principal.id}",
    )
    await store.add(claim)
    await store.leave_out(claim, sorted(set(leave_out)))
    fields = {"rows": claim.rows, "total_fen": claim.total_fen, "sha256": claim.sha256}
    await audit.record(tx, principal, "subsidy.revised", f"claim:{claim_id}", fields, reason, at=at)
    return claim
