"""Terms on real stores: agreed for what comes, never changed, and each order keeps those of its moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from core.audit.tables import audit_entries
from core.auth.principal import Principal
from core.auth.roles import Role
from core.errors import Conflict, Invalid, NotFound
from core.ids import DistrictCode, MerchantId, OperatorId
from fleet.vehicles.paper_store import Company, CompanyStore
from services.orders.order import Order
from services.settlement.agree_terms import agree_terms
from services.settlement.store import TermsStore
from services.settlement.tables import agreed_terms
from services.settlement.terms import EVERY_MERCHANT, OrderTerms, Standing, Terms, with_standing
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import NOODLES, SHOP, Town, later
from tests.integration.services.settlement.money import check

OWN = OperatorId("op-a")
LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
DAY_S = 86_400.0


@pytest.fixture
async def served(any_town: Town) -> Town:
    """The town with the company on record and a vehicle of it."""
    company = Company(operator_id=OWN, name_zh="示例", name_en="Sample", telephone="1")
    async with any_town.database.write() as tx:
        await CompanyStore(tx).put_company(company)
    await any_town.add_vehicle(7)
    return any_town


async def agrees(
    town: Town,
    fee_bp: int,
    *,
    from_at: datetime | None = None,
    merchant: str = EVERY_MERCHANT,
    who: Principal | None = LEAD,
    reason: str = "contract 7",
    **changes: Any,
) -> Terms | None:
    terms = Terms(
        operator=OWN,
        merchant_id=MerchantId(merchant),
        from_at=from_at or town.now + timedelta(days=1),
        platform_fee_bp=fee_bp,
        **changes,
    )
    async with town.database.write() as tx:
        return await agree_terms(tx, who, terms, reason=reason, at=town.now)


async def kept_with(town: Town, order: Order) -> OrderTerms:
    async with town.database.read() as tx:
        return (await TermsStore(tx).of_orders([order.order_id]))[order.order_id]


async def test_an_order_keeps_the_terms_of_its_moment_and_later_ones_change_nothing(served: Town) -> None:
    town = served
    await agrees(town, 500, from_at=town.now)
    first = await town.order()
    next_day = town.now + timedelta(days=1)
    await agrees(town, 9, from_at=next_day)
    later(town, 60)
    await agrees(town, 800, from_at=next_day)  # the slip of before never begins
    await agrees(town, 300, merchant=SHOP, from_at=next_day + timedelta(days=1))
    later(town, DAY_S)
    second = await town.order()
    later(town, DAY_S * 2)
    third = await town.order()
    fees = [(await kept_with(town, one)).platform_fee_bp for one in (first, second, third)]
    assert fees == [500, 800, 300]
    async with town.database.read() as tx:
        told = with_standing(await TermsStore(tx).listed(frozenset({OWN}), merchant_id=SHOP), town.now)
        others = await TermsStore(tx).in_force(OWN, NOODLES, town.now)
        said = (await tx.execute(select(audit_entries).order_by("at"))).mappings().all()
    assert [(one.platform_fee_bp, standing) for one, standing in told] == [
        (300, Standing.IN_FORCE),
        (800, Standing.PAST),
        (9, Standing.REPLACED),
        (500, Standing.PAST),
    ]
    assert others.platform_fee_bp == 800, "another merchant has the common ones"
    reasons = [(row["object"], row["reason"]) for row in said if row["action"] == "terms.agreed"]
    assert reasons == [("operator:op-a", "contract 7")] * 4
    assert (await check(town)).is_balanced


async def test_terms_say_who_agreed_them_when_and_why(served: Town) -> None:
    town = served
    by_lead = await agrees(town, 500, merchant=SHOP, reason="  a longer contract ")
    by_hand = await agrees(town, 600, who=None)
    assert by_lead is not None
    assert by_hand is not None
    assert (by_lead.agreed_at, by_lead.agreed_by, by_lead.reason) == (
        town.now,
        "staff:staff-1",
        "a longer contract",
    )
    assert by_hand.agreed_by == "command line"
    assert await agrees(town, 700, merchant=SHOP) is None, "the same moment has agreed them"


async def test_what_is_past_foreign_or_without_a_reason_is_refused(served: Town) -> None:
    town = served
    with pytest.raises(Invalid) as late:
        await agrees(town, 500, from_at=town.now - timedelta(seconds=1))
    assert late.value.fields["field"] == "fromAt"
    for reason in ("", "   ", "x" * 201):
        with pytest.raises(Invalid) as mute:
            await agrees(town, 500, reason=reason)
        assert (mute.value.fields["field"], mute.value.fields["limit"]) == ("reason", "1 to 200")
    elsewhere = a_principal(Role.SHIFT_LEAD, operator="op-a", districts=frozenset({DistrictCode("ZG")}))
    for merchant, who in (("m-none", LEAD), ("m-none", None), (SHOP, elsewhere)):
        with pytest.raises(NotFound):
            await agrees(town, 500, merchant=merchant, who=who)
    async with town.database.read() as tx:
        assert await TermsStore(tx).listed(None) == []


async def test_the_database_itself_refuses_to_change_what_was_agreed(served: Town) -> None:
    town = served
    await agrees(town, 500)
    for statement in (update(agreed_terms).values(platform_fee_bp=1), delete(agreed_terms)):
        with pytest.raises((Conflict, DBAPIError)):
            async with town.database.write() as tx:
                await tx.execute(statement)
