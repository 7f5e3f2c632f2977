"""What staff of an operating company reads of clearings with other companies, and says of their payment."""

from collections.abc import Awaitable, Callable

from core.auth.principal import Principal
from core.database import Transaction
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.clearings import (
    ClearingConfirmedBody,
    ClearingDeniedBody,
    ClearingPaidBody,
    ClearingSheet,
    ClearingView,
    clearing_sheet,
    clearing_view,
)
from services.settlement.clearing.clearing import ClearingId, sheet
from services.settlement.clearing.settle_clearing import Said, confirm_clearing, deny_clearing, pay_clearing
from services.settlement.clearing.store import ClearingStore
from services.settlement.take_money import own_operator

MOST_LISTED = 400
CREATED = 201


async def clearings_listed(parts: DashboardParts, principal: Principal) -> list[ClearingView]:
    """Return the newest clearings of one's own company with any other, the newest day first."""
    async with parts.database.read() as tx:
        store = ClearingStore(tx)
        found = await store.listed(own_operator(principal), limit=MOST_LISTED)
        steps = await store.steps_of([one.clearing_id for one in found])
    return [clearing_view(one, steps[one.clearing_id]) for one in found]


async def clearing_read(parts: DashboardParts, principal: Principal, clearing_id: str) -> ClearingSheet:
    """Return a clearing of one's own company with its rows; raise NotFound."""
    async with parts.database.read() as tx:
        store = ClearingStore(tx)
        one = await store.one(ClearingId(clearing_id), own_operator(principal))
        steps = (await store.steps_of([one.clearing_id]))[one.clearing_id]
        return clearing_sheet(one, steps, await store.rows(one.clearing_id))


async def clearing_csv(parts: DashboardParts, principal: Principal, clearing_id: str) -> str:
    """Return every row of a clearing as CSV; raise NotFound."""
    async with parts.database.read() as tx:
        store = ClearingStore(tx)
        one = await store.one(ClearingId(clearing_id), own_operator(principal))
        return sheet(await store.rows(one.clearing_id))


async def say_paid(
    parts: DashboardParts, principal: Principal, clearing_id: str, body: ClearingPaidBody, repeated: Repeated
) -> ClearingView:
    """Note that one's own company has paid."""
    at = parts.clock.now()
    return await _once(
        parts,
        repeated,
        lambda tx: pay_clearing(
            tx, principal, ClearingId(clearing_id), reference=body.reference, version=body.version, at=at
        ),
    )


async def say_confirmed(
    parts: DashboardParts,
    principal: Principal,
    clearing_id: str,
    body: ClearingConfirmedBody,
    repeated: Repeated,
) -> ClearingView:
    """Note that one's own company has the money."""
    at = parts.clock.now()
    return await _once(
        parts,
        repeated,
        lambda tx: confirm_clearing(tx, principal, ClearingId(clearing_id), version=body.version, at=at),
    )


async def say_denied(
    parts: DashboardParts,
    principal: Principal,
    clearing_id: str,
    body: ClearingDeniedBody,
    repeated: Repeated,
) -> ClearingView:
    """Note that one's own company has not got what the other says."""
    at = parts.clock.now()
    return await _once(
        parts,
        repeated,
        lambda tx: deny_clearing(
            tx, principal, ClearingId(clearing_id), reason=body.reason, version=body.version, at=at
        ),
    )


async def _once(
    parts: DashboardParts, repeated: Repeated, deed: Callable[[Transaction], Awaitable[Said]]
) -> ClearingView:
    async def write(tx: Transaction) -> ClearingView:
        return clearing_view(*await deed(tx))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, ClearingView, write, status=CREATED, wall=wall)
