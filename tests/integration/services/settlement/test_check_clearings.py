"""The check of the books between companies: what is not cleared, not as it was paid, or crosses otherwise."""

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from core.errors import Conflict
from core.ids import AccountId, OperatorId
from services.settlement.accounts import AccountKind, account
from services.settlement.clearing.clearing import Clearing, ClearingEvent, ClearingId, Step, settling_entry
from services.settlement.clearing.store import ClearingStore
from services.settlement.entry import Entry, EntrySource, Posting, PostingKind
from services.settlement.store import Journal
from services.settlement.tables import clearing_rows, clearing_steps, clearings
from services.settlement.terms import PaidBy
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import RESIDENT, Town, later
from tests.integration.services.settlement.cleared import (
    DAY_S,
    a_closed_clearing,
    next_day_is_cleared,
    noted,
    rules,
)
from tests.integration.services.settlement.money import OPERATOR, arrived_and_paid, check, pays_in

A = AccountKind


async def test_the_check_finds_a_day_that_was_closed_without_its_rows(any_town: Town) -> None:
    town = any_town
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    assert await rules(town) == [], "a day may wait for its clearing"
    mark = await noted(town)
    async with town.database.write() as tx:
        await ClearingStore(tx).close(mark.day, at=town.now)
    assert await rules(town) == ["clearing-missing"]


async def test_the_check_finds_what_nobody_cleared_for_two_days(any_town: Town) -> None:
    town = any_town
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    later(town, 3 * DAY_S)
    assert await rules(town) == [], "the ledger stood still"
    await pays_in(town, "r-2", 100, "top-up:2")
    assert await rules(town) == ["clearing-missing"]
    assert await next_day_is_cleared(town) == 1
    assert await rules(town) == []


async def test_the_check_finds_a_payment_in_the_ledger_that_nobody_confirmed(any_town: Town) -> None:
    town = any_town
    one = await a_closed_clearing(town)
    async with town.database.write() as tx:
        await Journal(tx).post(settling_entry(one, reference="T-9", actor="staff:x", at=town.now))
    assert await rules(town) == ["clearing-balance", "clearing-entry"]


async def test_the_check_finds_a_clearing_that_is_not_in_the_ledger(any_town: Town) -> None:
    town = any_town
    one = await a_closed_clearing(town)
    lost = Clearing(
        clearing_id=ClearingId("c-lost"),
        first=OperatorId("op-x"),
        second=OperatorId("op-y"),
        number=1,
        day=one.day,
        net_fen=12,
        rows=1,
        sha256="0" * 64,
        closed_at=town.now,
    )
    async with town.database.write() as tx:
        await ClearingStore(tx).add(lost, [])
    assert await rules(town) == ["clearing-entry", "clearing-sheet"]


async def test_the_database_itself_refuses_to_change_a_clearing(any_town: Town) -> None:
    town = any_town
    one = await a_closed_clearing(town)
    step = Step(
        clearing_id=one.clearing_id,
        seq=1,
        event=ClearingEvent.PAID,
        at=town.now,
        operator=OPERATOR,
        actor="staff:s",
    )
    async with town.database.write() as tx:
        await ClearingStore(tx).add_step(step)
    for table in (clearings, clearing_rows, clearing_steps):
        for statement in (update(table).values(clearing_id="x"), delete(table)):
            with pytest.raises((Conflict, DBAPIError)):
                async with town.database.write() as tx:
                    await tx.execute(statement)


@pytest.mark.parametrize(
    ("giver", "taker", "about"),
    [
        (account(A.TILL, "op-b"), account(A.RESIDENT_BALANCE, RESIDENT), "top-up:9"),
        (account(A.TILL, "op-c"), account(A.RESIDENT_DUE, RESIDENT), "operator:op-c"),
    ],
    ids=["into another's till", "for another's order"],
)
async def test_the_check_finds_money_that_crosses_in_any_other_way(
    any_town: Town, giver: AccountId, taker: AccountId, about: str
) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    assert await rules(town) == []
    posting = Posting(from_account=giver, to_account=taker, kind=PostingKind.RECEIPT, amount_fen=100)
    entry = Entry(
        cause="top-up:9",
        source=EntrySource.RECEIPT,
        at=town.now,
        operator=OperatorId("op-c"),
        district=order.district,
        actor="staff:s",
        postings=(posting,),
    )
    async with town.database.write() as tx:
        await Journal(tx).post(entry)
    found = (await check(town)).findings
    assert [(one.rule, one.about) for one in found] == [("other-company", about)]
