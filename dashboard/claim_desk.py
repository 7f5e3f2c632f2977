"""What staff of an operating company does about subsidy claims, each a use case with its own answer."""

from core.auth.principal import Principal
from core.database import Transaction
from core.ids import OrderId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.claims import (
    ClaimBody,
    ClaimSheet,
    ClaimView,
    RevisionBody,
    claim_sheet_view,
    claim_view,
)
from services.settlement.claim import ClaimId, claim_sheet
from services.settlement.claim_store import ClaimStore
from services.settlement.claim_subsidy import claim_subsidy, revise_claim
from services.settlement.take_money import own_operator

MOST_LISTED = 200
CREATED = 201


async def claims_listed(parts: DashboardParts, principal: Principal) -> list[ClaimView]:
    """Return every version of one's own company's claims, the newest first."""
    async with parts.database.read() as tx:
        found = await ClaimStore(tx).listed(own_operator(principal), limit=MOST_LISTED)
    return [claim_view(one) for one in found]


async def make_claim(
    parts: DashboardParts, principal: Principal, body: ClaimBody, repeated: Repeated
) -> ClaimView:
    """Claim what no claim has of these days."""

    async def write(tx: Transaction) -> ClaimView:
        at, zone = parts.clock.now(), parts.city.zone
        return claim_view(await claim_subsidy(tx, principal, body.first_day, body.last_day, zone, at=at))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, ClaimView, write, status=CREATED, wall=wall)


async def revise(
    parts: DashboardParts, principal: Principal, claim_id: str, body: RevisionBody, repeated: Repeated
) -> ClaimView:
    """Make the next version of a claim without some of its orders."""

    async def write(tx: Transaction) -> ClaimView:
        revised = await revise_claim(
            tx,
            principal,
            ClaimId(claim_id),
            [OrderId(one) for one in body.leave_out],
            body.reason,
            version=body.version,
            at=parts.clock.now(),
        )
        return claim_view(revised)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, ClaimView, write, status=CREATED, wall=wall)


async def claim_read(
    parts: DashboardParts, principal: Principal, claim_id: str, version: int | None
) -> ClaimSheet:
    """Return a version of a claim, the newest without one; raise NotFound."""
    async with parts.database.read() as tx:
        store = ClaimStore(tx)
        claim = await store.one(ClaimId(claim_id), own_operator(principal), version=version)
        return claim_sheet_view(claim, await store.rows(claim))


async def claim_csv(parts: DashboardParts, principal: Principal, claim_id: str, version: int | None) -> str:
    """Return a version as CSV; raise NotFound."""
    async with parts.database.read() as tx:
        store = ClaimStore(tx)
        claim = await store.one(ClaimId(claim_id), own_operator(principal), version=version)
        return claim_sheet(await store.rows(claim))
