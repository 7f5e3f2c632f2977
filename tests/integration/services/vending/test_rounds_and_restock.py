"""Roaming rounds on schedules, and goods before a vehicle is sold out, over real stores."""

from datetime import timedelta

import msgspec
from sqlalchemy import select

from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.auth.staff import StaffAccount, ensure_staff
from core.ids import OperatorId, VehicleNo
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.move_work_order import Proof, arrive, finish, set_out, take_job
from fleet.work_orders.store import WorkOrderStore
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import OccurrenceState
from services.schedules.kinds import WorkKind as ScheduledKind
from services.schedules.tables import occurrences
from services.tasks.lose_task import lose_task
from services.tasks.states import TaskKind
from services.vending.keep_stock import load_slot, spoil_stock
from services.vending.ledger import LotId
from services.vending.restock.scheduled import ScheduledRestocks
from services.vending.restock.watch_restock import RestockWatch
from services.vending.rounds.scheduled import ScheduledRounds
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import KB, Town, later
from tests.integration.services.vending.shelf import SELLER, a_batch, a_deed
from tests.integration.services.vending.stand import a_stocked_seller, call

PLUGGED = {ScheduledKind.VENDING_ROUND: ScheduledRounds()}


async def stand_of_occurrence(town: Town) -> str:
    async with town.database.read() as tx:
        states = (await tx.execute(select(occurrences.c.state).order_by(occurrences.c.due_at))).scalars()
        return str(states.first())


def soon(town: Town) -> str:
    """Every day at the time that it will be in twenty minutes."""
    return (town.now + timedelta(minutes=20)).strftime("%M %H * * *")


async def fill(town: Town, number: int = SELLER) -> None:
    """As full as a vehicle that roams is."""
    async with town.database.write() as tx:
        await load_slot(tx, a_deed(f"w-{number}", 1, number, at=town.now), a_batch("W"), 8)


async def test_a_scheduled_round_is_driven_given_back_when_lost_and_met_once(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    await fill(town)
    draft = Draft(
        name="上午巡游",
        kind=ScheduledKind.VENDING_ROUND,
        subject_id="KB:op-a",
        calendar=Calendar(timing=Cron(expression=soon(town)), zone="UTC"),
    )
    async with town.database.write() as tx:
        await make_schedule(tx, a_principal(Role.SHIFT_LEAD), PLUGGED, draft, at=town.now)
    keeper = ScheduleKeeper(town.database, town.clock, PLUGGED)
    await keeper.keep_once()
    later(town, 20 * 60 + 1)
    await keeper.keep_once()
    await town.operators_stay()
    assert await stand_of_occurrence(town) == OccurrenceState.DUE
    town.listener.says(SELLER, measured_at=town.now, lat=39.6, lng=109.785)
    assert await town.idle.settle(KB) == {"round": 1}
    assert await stand_of_occurrence(town) == OccurrenceState.STARTED
    task = await town.task_of(SELLER)
    assert task is not None
    assert task.kind is TaskKind.VENDING_ROUND
    async with town.database.write() as tx:
        await lose_task(tx, task, "vehicle_fault", town.reports.effects(task), at=town.now)
    assert await stand_of_occurrence(town) == OccurrenceState.DUE
    assert await town.idle.settle(KB) == {"round": 1}
    vehicle = town.script(SELLER)
    await vehicle.take_plan()
    assert await vehicle.done() == "applied"
    assert await stand_of_occurrence(town) == OccurrenceState.MET


async def test_a_vehicle_that_runs_out_goes_to_the_depot_and_the_crew_is_asked_once(town: Town) -> None:
    await a_stocked_seller(town, pieces=3)
    await call(town)
    assert await town.idle.settle(KB) == {"round": 1}
    plan = await town.script(SELLER).take_plan()
    assert (plan.kind, plan.stops[0].lat) == ("relocation", 39.59), "the depot comes before a call"
    vehicle = town.script(SELLER)
    await vehicle.read_plan()
    await vehicle.done()
    town.listener.says(SELLER, measured_at=town.now, lat=39.59, lng=109.78)
    watch = RestockWatch(town.database, town.listener, town.clock)
    assert (await watch.watch_once(), await watch.watch_once()) == (1, 0)
    async with town.database.read() as tx:
        [order] = await WorkOrderStore(tx).page(EVERYTHING)
    assert (order.kind, order.vehicle_no, order.is_safety) == (WorkKind.RESTOCK, SELLER, False)
    assert "×17" in order.cause
    later(town, 61)
    await town.operators_stay()
    town.listener.says(SELLER, measured_at=town.now, lat=39.59, lng=109.78)
    assert await town.idle.settle(KB) == {}, "it waits for its goods"
    await fill(town)
    later(town, 61)
    await town.operators_stay()
    town.listener.says(SELLER, measured_at=town.now, lat=39.59, lng=109.78)
    assert await town.idle.settle(KB) == {"round": 1}
    task = await town.task_of(VehicleNo(SELLER))
    assert task is not None
    assert task.kind in (TaskKind.VENDING_CALL, TaskKind.VENDING_ROUND)


async def test_a_vehicle_that_charges_takes_goods_along(town: Town) -> None:
    await a_stocked_seller(town)
    await fill(town)
    async with town.database.write() as tx:
        await spoil_stock(tx, a_deed("s", at=town.now), LotId("op-a:W"), 8, "thawed")
    watch = RestockWatch(town.database, town.listener, town.clock)
    town.listener.says(SELLER, measured_at=town.now)
    assert await watch.watch_once() == 0
    town.listener.says(SELLER, measured_at=town.now, is_charging=True)
    assert await watch.watch_once() == 1


async def test_a_scheduled_restock_brings_a_nearly_full_vehicle_in_and_is_met_when_its_crew_is_done(
    any_town: Town,
) -> None:
    town = any_town
    await a_stocked_seller(town)
    await fill(town)
    plugged = {ScheduledKind.RESTOCK: ScheduledRestocks()}
    draft = Draft(
        name="早班补货",
        kind=ScheduledKind.RESTOCK,
        subject_id="KB:op-a",
        calendar=Calendar(timing=Cron(expression=soon(town)), zone="UTC"),
    )
    async with town.database.write() as tx:
        await make_schedule(tx, a_principal(Role.SHIFT_LEAD), plugged, draft, at=town.now)
    keeper = ScheduleKeeper(town.database, town.clock, plugged)
    await keeper.keep_once()
    later(town, 20 * 60 + 1)
    await keeper.keep_once()
    await town.operators_stay()
    town.listener.says(SELLER, measured_at=town.now, lat=39.6, lng=109.785)
    assert await town.idle.settle(KB) == {"round": 1}
    vehicle = town.script(SELLER)
    assert (await vehicle.take_plan()).kind == "relocation", "two pieces are missing, and it is time"
    await vehicle.done()
    town.listener.says(SELLER, measured_at=town.now, lat=39.59, lng=109.78)
    watch = RestockWatch(town.database, town.listener, town.clock)
    assert await watch.watch_once() == 1
    assert await stand_of_occurrence(town) == OccurrenceState.STARTED
    assert await watch.watch_once() == 0, "asked once"
    crew = a_principal(Role.CREW, operator=OperatorId("op-a"), districts=frozenset({KB}))
    account = StaffAccount(
        username="crew-1",
        name="补货员",
        role=Role.CREW,
        operator=crew.operator,
        districts=crew.districts,
        password="a password of a test",
    )
    async with town.database.write() as tx:
        crew = msgspec.structs.replace(
            crew, id=await ensure_staff(tx, account, Passwords.quick(), at=town.now)
        )
        [order] = await WorkOrderStore(tx).page(EVERYTHING)
        await take_job(tx, crew, order.work_order_id, at=town.now, wall=town.now)
        await set_out(tx, crew, order.work_order_id, at=town.now)
        await arrive(tx, crew, order.work_order_id, at=town.now)
        await finish(tx, crew, order.work_order_id, Proof(note="补满"), at=town.now)
    assert await watch.watch_once() == 1
    assert await stand_of_occurrence(town) == OccurrenceState.MET
