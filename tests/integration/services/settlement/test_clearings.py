"""Money between companies on real stores: cleared whole and once, paid and confirmed by people, checked."""

import asyncio
from typing import Any

import pytest

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.errors import Forbidden, IllegalTransition, Invalid, NotFound, VersionMismatch
from core.ids import OperatorId, VehicleNo
from core.queue import JobQueue, WorkerContext
from core.settings import load
from services.delivery.store import CompartmentStore
from services.orders.cancel_order import cancel_order
from services.orders.order import Order
from services.settlement.accounts import AccountKind
from services.settlement.clearing.clearing import (
    Clearing,
    ClearingState,
    state_of,
)
from services.settlement.clearing.close_clearings import HOLDS, ClearingKeeper, close_clearings
from services.settlement.clearing.settle_clearing import Said, confirm_clearing, deny_clearing, pay_clearing
from services.settlement.clearing.store import ClearingStore
from services.settlement.jobs import clear_companies_due
from services.settlement.store import Journal, of_order
from services.settlement.terms import PaidBy
from services.settlement.wake import CLEARINGS, QUEUE, DayWaker
from services.tasks.states import StopKind
from tests.integration.fleet.builders import a_principal, a_working_vehicle
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import LAYOUT, RESIDENT, Town, later
from tests.integration.services.settlement.cleared import (
    DAY_S,
    PRICE_FEN,
    a_closed_clearing,
    keeper,
    known,
    next_day_is_cleared,
    noted,
    rules,
    steps_of,
)
from tests.integration.services.settlement.money import (
    OPERATOR,
    agree,
    arrived_and_paid,
    holds,
    paid_beforehand,
    pays_in,
)

A = AccountKind
OWN, OTHER = OperatorId("op-a"), OperatorId("op-b")
LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
PAYER = a_principal(Role.SHIFT_LEAD, operator=str(OPERATOR), id="staff-2")
STRANGER = a_principal(Role.SHIFT_LEAD, operator="op-c", id="staff-3")


async def pays(town: Town, one: Clearing, version: int, who: Any = PAYER, reference: str = "T-7") -> Said:
    async with town.database.write() as tx:
        return await pay_clearing(tx, who, one.clearing_id, reference=reference, version=version, at=town.now)


async def confirms(town: Town, one: Clearing, version: int, who: Any = LEAD) -> Said:
    async with town.database.write() as tx:
        return await confirm_clearing(tx, who, one.clearing_id, version=version, at=town.now)


async def test_money_paid_in_at_one_company_and_spent_at_another_is_owed_once(any_town: Town) -> None:
    town = any_town
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    assert await keeper(town).look_once() == 0, "the day before had nothing"
    later(town, DAY_S)
    await keeper(town).look_once()
    assert await keeper(town).look_once() == 0, "an entry below the mark may still be on its way"
    assert await known(town) == []
    later(town, HOLDS.total_seconds())
    ran = await asyncio.gather(*(keeper(town).look_once() for _ in range(3)))
    assert sum(ran) == 1, "three workers close one clearing"
    [one] = await known(town)
    assert (one.payer, one.payee, one.amount_fen, one.number) == (OPERATOR, OWN, PRICE_FEN, 1)
    async with town.database.read() as tx:
        [row] = await ClearingStore(tx).rows(one.clearing_id)
    assert (row.kind.value, row.debtor, row.order_id) == ("balance", OPERATOR, order.order_id)
    assert await holds(town, A.CLEARING, str(OPERATOR)) == PRICE_FEN
    assert await holds(town, A.CLEARING, "op-a") == -PRICE_FEN
    assert state_of(await steps_of(town, one)) is ClearingState.DUE
    assert await rules(town) == []
    assert await next_day_is_cleared(town) == 0, "nothing new was owed"


async def test_what_was_cancelled_the_same_day_is_even_and_later_it_is_owed_back(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7)
    await pays_in(town, RESIDENT, 8000)

    async def cancels(order: Order) -> None:
        async with town.database.write() as tx:
            await cancel_order(
                tx,
                order.order_id,
                EVERYTHING,
                by="customer",
                reason="changed_mind",
                actor="resident:r-1",
                at=town.now,
                rate=1.0,
            )

    await cancels(await paid_beforehand(town))
    kept = await paid_beforehand(town)
    assert await next_day_is_cleared(town) == 1
    await cancels(kept)
    later(town, 60)
    assert await next_day_is_cleared(town) == 1
    second, first = await known(town)
    assert (first.rows, first.payer, first.amount_fen) == (3, OPERATOR, PRICE_FEN)
    assert (second.number, second.payer, second.amount_fen) == (2, OWN, PRICE_FEN)
    assert await holds(town, A.CLEARING, "op-a") == 0
    again = await paid_beforehand(town)
    await cancels(again)
    assert await next_day_is_cleared(town) == 1
    even = (await known(town))[0]
    assert (even.amount_fen, state_of(await steps_of(town, even))) == (0, ClearingState.EVEN)
    assert await rules(town) == []


async def test_who_brings_an_order_of_another_company_is_owed_fee_and_subsidy(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500, subsidy_fen=150)
    async with town.database.write() as tx:
        for number, operator in ((8, OWN), (9, OWN), (7, OTHER)):
            await a_working_vehicle(tx, number, operator=operator)
        await CompartmentStore(tx).put_layout(VehicleNo(7), LAYOUT)
    town.listener.says(7, measured_at=town.now)
    order = await town.order()
    assert order.operator == OWN, "it runs most vehicles of the zone"
    await town.round()
    vehicle = town.script(7)
    await brought(town, vehicle, order)
    async with town.database.read() as tx:
        [booked] = await Journal(tx).entries_of(of_order(order.order_id))
    assert booked.entry.carrier == OTHER
    assert await next_day_is_cleared(town) == 1
    [one] = await known(town)
    assert (one.payer, one.payee, one.amount_fen, one.rows) == (OWN, OTHER, 300 + 150, 2)
    assert await holds(town, A.PLATFORM_FEES, "op-a") == 128, "the platform fee stays"
    assert await rules(town) == []


async def test_an_order_of_one_company_alone_crosses_nothing(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500, subsidy_fen=150)
    await pays_in(town, RESIDENT, 5000, operator=OWN)
    await town.add_vehicle(7)
    order = await paid_beforehand(town)
    await town.round()
    await brought(town, town.script(7), order)
    async with town.database.read() as tx:
        assert await ClearingStore(tx).crossings() == []
    assert await next_day_is_cleared(town) == 0


async def brought(town: Town, vehicle: ScriptedVehicle, order: Order) -> None:
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    later(town, 300)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)


async def test_the_payer_says_by_which_reference_and_the_payee_that_it_has_arrived(any_town: Town) -> None:
    town = any_town
    one = await a_closed_clearing(town)
    with pytest.raises(Forbidden):
        await pays(town, one, 0, who=LEAD)
    with pytest.raises(NotFound):
        await pays(town, one, 0, who=STRANGER)
    with pytest.raises(Invalid) as mute:
        await pays(town, one, 0, reference="  ")
    assert mute.value.fields["field"] == "reference"
    with pytest.raises(IllegalTransition):
        await confirms(town, one, 0)
    asked = await asyncio.gather(*(pays(town, one, 0) for _ in range(3)), return_exceptions=True)
    lost = [answer for answer in asked if isinstance(answer, VersionMismatch)]
    assert (len(lost), len(asked)) == (2, 3), "of three who say it at once one is heard"
    with pytest.raises(Forbidden):
        await confirms(town, one, 1, who=PAYER)
    async with town.database.write() as tx:
        await deny_clearing(tx, LEAD, one.clearing_id, reason="not at our bank", version=1, at=town.now)
    await pays(town, one, 2, reference="T-8")
    with pytest.raises(VersionMismatch):
        await confirms(town, one, 2)
    before = await holds(town, A.TILL, "op-a")
    await confirms(town, one, 3)
    assert [step.event.value for step in await steps_of(town, one)] == [
        *("clearing_paid", "clearing_denied", "clearing_paid", "clearing_confirmed")
    ]
    assert await holds(town, A.CLEARING, "op-a") == await holds(town, A.CLEARING, str(OPERATOR)) == 0
    assert await holds(town, A.TILL, "op-a") == before - PRICE_FEN
    assert await holds(town, A.TILL, str(OPERATOR)) == -5000 + PRICE_FEN
    with pytest.raises(IllegalTransition):
        await pays(town, one, 4)
    async with town.database.read() as tx:
        said = (await tx.execute(audit_entries.select().order_by("at"))).mappings().all()
    about = f"clearing:{one.clearing_id}"
    assert [row["action"] for row in said if row["object"] == about] == [
        *("clearing.paid", "clearing.denied", "clearing.paid", "clearing.confirmed")
    ]
    assert await rules(town) == []


async def test_a_closing_that_dies_half_way_closes_nothing_and_the_next_closes_once(any_town: Town) -> None:
    town = any_town
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    mark = await noted(town)

    async def closes(*, dies: bool) -> None:
        async with town.database.write() as tx:
            assert len(await close_clearings(tx, mark, at=town.now)) == 1
            if dies:
                raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        await closes(dies=True)
    assert await known(town) == []
    await closes(dies=False)
    assert await keeper(town).look_once() == 0
    assert len(await known(town)) == 1
    assert await rules(town) == []


async def test_the_scheduler_wakes_a_job_that_clears_in_two_looks(town: Town, valkey_url: str) -> None:
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    queue = JobQueue(valkey_url)
    try:
        waker = DayWaker(keeper(town), queue, town.clock, job=CLEARINGS)
        assert await waker.reconcile_once()
        assert await queue.waiting(QUEUE) == 1
        settings = load({"STEPPE_ENVIRONMENT": "test"})
        parts: dict[type, object] = {ClearingKeeper: keeper(town)}
        context = WorkerContext(
            settings=settings, database=town.database, clock=town.clock, queue=queue, parts=parts
        )
        assert await clear_companies_due(context) == {"closed": 0}
        later(town, HOLDS.total_seconds())
        assert await clear_companies_due(context) == {"closed": 1}
        assert await clear_companies_due(context) == {"closed": 0}, "a job may run twice"
        assert not await waker.reconcile_once(), "nothing is due any more"
    finally:
        queue.close()
