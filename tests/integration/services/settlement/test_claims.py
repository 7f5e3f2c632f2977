"""Subsidy claims on real stores: an order is claimed once, versions never change, sheets prove themselves."""

import asyncio
import hashlib
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from core.auth.roles import Role
from core.errors import Conflict, Invalid, NotFound, VersionMismatch
from core.ids import OperatorId
from services.settlement.claim import Claim, ClaimRow, claim_sheet, hash_of
from services.settlement.claim_store import ClaimStore
from services.settlement.claim_subsidy import claim_subsidy, revise_claim
from services.settlement.tables import subsidy_claim_rows, subsidy_claims
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import CITY, Town, later
from tests.integration.services.settlement.money import agree

LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
OWN = OperatorId("op-a")


async def claims(town: Town, first: date, last: date | None = None) -> Claim:
    async with town.database.write() as tx:
        return await claim_subsidy(tx, LEAD, first, last or first, CITY, at=town.now)


async def rows_of(town: Town, claim: Claim) -> list[ClaimRow]:
    async with town.database.read() as tx:
        return await ClaimStore(tx).rows(claim)


async def test_an_order_is_claimed_once_with_its_evidence_whoever_asks_at_the_same_moment(
    any_town: Town,
) -> None:
    town = any_town
    await agree(town, "op-a", subsidy_fen=150)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    day = town.now.astimezone(CITY).date()
    with pytest.raises(Invalid) as early:
        await claims(town, day)
    assert early.value.fields["field"] == "lastDay", "the day is not over"
    later(town, 86_400)
    asked = await asyncio.gather(*(claims(town, day) for _ in range(4)), return_exceptions=True)
    made = [one for one in asked if isinstance(one, Claim)]
    refused = [one for one in asked if isinstance(one, Conflict)]
    assert (len(made), [one.code for one in refused]) == (1, ["nothing-due"] * 3)
    (claim,) = made
    assert (claim.claim_id, claim.version, claim.rows, claim.total_fen) == ("op-a.1", 1, 1, 150)
    (row,) = await rows_of(town, claim)
    assert (row.order_id, row.vehicle_no, row.day) == (order.order_id, 7, day)
    assert row.route_m is not None
    assert row.route_m > 0
    assert row.placed_at < row.delivered_at
    assert row.sha256 == hash_of(row)
    assert hash_of(msgspec.structs.replace(row, amount_fen=151)) != row.sha256, "one fen more is seen"
    assert claim.sha256 == hashlib.sha256(claim_sheet([row]).encode()).hexdigest()
    with pytest.raises(Conflict):
        await claims(town, day - timedelta(days=5), day)
    for change in (update(subsidy_claims).values(total_fen=0), delete(subsidy_claim_rows)):
        with pytest.raises((Conflict, DBAPIError)):
            async with town.database.write() as tx:
                await tx.execute(change)


async def test_a_version_leaves_refused_orders_out_for_good_and_the_earlier_one_stays(
    any_town: Town,
) -> None:
    town = any_town
    await agree(town, "op-a", subsidy_fen=150)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    day = town.now.astimezone(CITY).date()
    later(town, 86_400)
    first = await claims(town, day)

    async def revises(principal: object, version: int, *orders: str) -> Claim:
        async with town.database.write() as tx:
            return await revise_claim(
                tx,
                principal,  # type: ignore[arg-type]
                first.claim_id,
                orders,  # type: ignore[arg-type]
                "no proof of the handover",
                version=version,
                at=town.now,
            )

    with pytest.raises(NotFound):
        await revises(a_principal(Role.SHIFT_LEAD, operator="op-b"), 1, order.order_id)
    with pytest.raises(Invalid):
        await revises(LEAD, 1, "an order of no claim")
    second = await revises(LEAD, 1, order.order_id)
    assert (second.version, second.rows, second.total_fen) == (2, 0, 0)
    with pytest.raises(VersionMismatch):
        await revises(LEAD, 1, order.order_id)
    assert [row.order_id for row in await rows_of(town, first)] == [order.order_id], "as it was sent"
    assert await rows_of(town, second) == []
    with pytest.raises(Conflict):
        await claims(town, day)
    async with town.database.read() as tx:
        assert [one.version for one in await ClaimStore(tx).listed(OWN, limit=10)] == [2, 1]
