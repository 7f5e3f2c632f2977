"""An operator's flow: who sets it, which orders take it, and what shows that a step was done."""

import asyncio

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.errors import Conflict, Forbidden, Invalid, SteppeError, VersionMismatch
from core.ids import OperatorId, OrderId
from core.kinds import ServiceKind
from services.delivery.code_store import PickupCodeStore
from services.flows.do_step import must_be_loadable, prove_load, steps_of
from services.flows.flow import FlowVersion, ProofKind, Step
from services.flows.set_flow import set_flow
from services.flows.store import FlowStore
from services.orders.collect_order import open_for_recipient
from services.orders.order import Order
from services.tasks.states import StopKind
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import Town

OPERATOR = OperatorId("op-a")
LEAD = a_principal(Role.SHIFT_LEAD, operator=OPERATOR)


async def ask_for(town: Town, *steps: Step, version: int = 0, reason: str = "试行") -> FlowVersion:
    async with town.database.write() as tx:
        return await set_flow(tx, LEAD, OPERATOR, steps, version=version, reason=reason, at=town.now)


async def prove(town: Town, order_id: OrderId, kind: ProofKind, said: str) -> Order:
    async with town.database.write() as tx:
        return await prove_load(tx, a_principal(), order_id, kind, said, at=town.now)


async def actions(town: Town, action: str) -> list[object]:
    async with town.database.read() as tx:
        query = select(audit_entries.c.fields).where(audit_entries.c.action == action)
        return list((await tx.execute(query)).scalars())


async def test_a_company_sets_its_own_flow_and_says_why(town: Town) -> None:
    foreign = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    with pytest.raises(Forbidden):
        async with town.database.write() as tx:
            await set_flow(tx, foreign, OPERATOR, tuple(Step), version=0, reason="x", at=town.now)
    for reason in ("  ", "x" * 501):
        with pytest.raises(Invalid) as refused:
            await ask_for(town, Step.CODE_AT_DOOR, reason=reason)
        assert refused.value.code == "reason-missing"
    made = await ask_for(town, Step.PHOTO_AT_LOADING, Step.TWO_STEP_LOAD, Step.TWO_STEP_LOAD)
    assert (made.version, made.steps) == (1, (Step.TWO_STEP_LOAD, Step.PHOTO_AT_LOADING))
    [noted] = await actions(town, "flow.set")
    assert noted == {"version": 1, "before": [], "after": ["two_step_load", "photo_at_loading"]}


async def test_of_two_who_change_a_flow_at_once_one_is_told_the_version_that_holds(any_town: Town) -> None:
    tries = (ask_for(any_town, step) for step in (Step.CODE_AT_DOOR, Step.TWO_STEP_LOAD))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    [late] = [each for each in answers if isinstance(each, SteppeError)]
    assert isinstance(late, VersionMismatch)
    with pytest.raises(VersionMismatch):
        await ask_for(any_town, version=7)
    async with any_town.database.read() as tx:
        history = await FlowStore(tx).history(OPERATOR, ServiceKind.DELIVERY)
    assert [one.version for one in history] == [1]


async def test_an_order_keeps_the_flow_that_it_was_placed_under(town: Town) -> None:
    await town.add_vehicle(7)
    before = await town.order()
    await ask_for(town, Step.TWO_STEP_LOAD)
    under = await town.order()
    await ask_for(town, version=1)
    after = await town.order()
    async with town.database.read() as tx:
        found = [await steps_of(tx, order) for order in (before, under, after)]
        await must_be_loadable(tx, before)
        await must_be_loadable(tx, after)
        with pytest.raises(Conflict):
            await must_be_loadable(tx, under)
    assert found == [(), (Step.TWO_STEP_LOAD,), ()]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (ProofKind.CONFIRMED, "   "),
        (ProofKind.CONFIRMED, "x" * 41),
        (ProofKind.PHOTO_AT_LOADING, ""),
        (ProofKind.PHOTO_AT_LOADING, "x" * 201),
    ],
)
async def test_a_proof_says_who_or_which_photo(town: Town, kind: ProofKind, said: str) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    with pytest.raises(Invalid) as refused:
        await prove(town, order.order_id, kind, said)
    assert refused.value.fields["field"] == "said"


async def test_the_same_said_again_is_no_second_proof(town: Town) -> None:
    await town.add_vehicle(7)
    await ask_for(town, Step.TWO_STEP_LOAD)
    order = await town.order()
    for said in ("老王", " 老王 "):
        await prove(town, order.order_id, ProofKind.CONFIRMED, said)
    async with town.database.read() as tx:
        proofs = (await FlowStore(tx).proofs_of([order.order_id]))[order.order_id]
    assert [one.said for one in proofs] == ["老王"]
    assert await actions(town, "order.confirmed") == [{"said": "老王"}]


async def test_goods_on_board_are_proved_no_more_and_a_photo_at_the_door_is_kept(town: Town) -> None:
    await ask_for(town, Step.PHOTO_AT_COLLECTION)
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    with pytest.raises(Conflict):
        await prove(town, order.order_id, ProofKind.PHOTO_AT_LOADING, "IMG-1")
    await vehicle.reach(StopKind.HANDOVER)
    async with town.database.write() as tx:
        code = (await PickupCodeStore(tx).get(order.order_id)).code()
        await open_for_recipient(
            tx, order.order_id, EVERYTHING, typed=code, photo="p-1", actor="r", at=town.now, rate=1.0
        )
    await vehicle.hand_over(order)
    [collected] = await actions(town, "order.collected")
    assert isinstance(collected, dict)
    assert collected["photo"] is True


async def test_a_keypad_takes_no_photo_and_the_record_says_so(town: Town) -> None:
    await ask_for(town, Step.PHOTO_AT_COLLECTION)
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)
    [collected] = await actions(town, "order.collected")
    assert isinstance(collected, dict)
    assert collected["photo"] is False
